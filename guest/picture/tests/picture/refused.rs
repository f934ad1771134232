//! What is no picture, damaged, too large or too odd: each answered by an error of
//! its code, and before anything large is allocated.

use crate::files;
use outpost_picture::{Error, Limits, Pipeline, decode};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's, remembering the largest allocation of a thread.
struct Watched;

thread_local! {
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: everything is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Watched {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.set(LARGEST.get().max(layout.size()));
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        LARGEST.set(LARGEST.get().max(layout.size()));
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Watched = Watched;

fn refusal(bytes: &[u8]) -> Error {
    decode(bytes, &Limits::default()).expect_err("it should be refused")
}

/// Refused with this code, and without an allocation above 100 kB.
fn check(name: &str, bytes: &[u8], code: &str) {
    LARGEST.set(0);
    let error = refusal(bytes);
    assert_eq!(error.code(), code, "{name}: {error}");
    assert!(LARGEST.get() < 100_000, "{name}: {} bytes at once", LARGEST.get());
}

#[test]
fn other_files() {
    for bytes in [
        &b""[..],
        b"\xFF\xD8",
        b"GIF89a\x01\0\x01\0",
        b"BM\0\0\0\0",
        b"RIFF\0\0\0\0WEBP",
        b"{\"not\": \"a picture\"}",
        b"\x89PNG\r\n\x1a",
    ] {
        check("other", bytes, "not-a-picture");
    }
    let error = refusal(b"GIF89a");
    assert_eq!(error.to_string(), "this is neither a JPEG nor a PNG; send one of them");
}

fn png(width: u32, height: u32, depth: u8, colour: u8, data: &[u8]) -> Vec<u8> {
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([depth, colour, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, data) in [(b"IHDR", &header[..]), (b"IDAT", data), (b"IEND", b"")] {
        file.extend((data.len() as u32).to_be_bytes());
        file.extend(name);
        file.extend(data);
        file.extend(crc(&[name, data].concat()).to_be_bytes());
    }
    file
}

fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 0 { crc >> 1 } else { crc >> 1 ^ 0xEDB8_8320 };
    !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}

fn jpeg(width: u16, height: u16, marker: u8) -> Vec<u8> {
    let mut file = b"\xFF\xD8\xFF".to_vec();
    file.extend([marker, 0, 17, 8]);
    file.extend(height.to_be_bytes());
    file.extend(width.to_be_bytes());
    file.extend([3, 1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0]);
    file
}

#[test]
fn bombs() {
    check("PNG", &png(30_000, 30_000, 8, 2, b""), "too-large");
    check("PNG", &png(u32::MAX >> 1, u32::MAX >> 1, 16, 6, b""), "too-large");
    check("PNG", &png(100_000, 1, 1, 0, b""), "too-large");
    // Within the limits, but more than so few bytes can inflate to.
    check("PNG", &png(8000, 4000, 16, 6, &[0; 100]), "corrupt");
    for marker in [0xC0, 0xC1, 0xC2] {
        check("JPEG", &jpeg(65_535, 65_535, marker), "too-large");
        check("JPEG", &jpeg(16_384, 2049, marker), "too-large");
        check("JPEG", &jpeg(8000, 4000, marker), "corrupt");
    }
    let error = refusal(&png(30_000, 30_000, 8, 2, b""));
    assert_eq!(
        error.to_string(),
        "30000 × 30000 pixels are more than the 16384 allowed in a row; send a smaller picture"
    );
}

#[test]
fn limits_of_ones_own() {
    let bytes = files::read("97x61-420.jpg");
    for (max_width, max_height, max_pixels, fits) in [
        (97, 61, 97 * 61, true),
        (96, 61, 97 * 61, false),
        (97, 60, 97 * 61, false),
        (97, 61, 97 * 61 - 1, false),
    ] {
        let result = decode(&bytes, &Limits { max_width, max_height, max_pixels });
        assert_eq!(result.is_ok(), fits);
        assert!(result.is_ok() || result.unwrap_err().code() == "too-large");
    }
}

#[test]
fn formats_that_are_not_read() {
    for (name, marker) in [("lossless", 0xC3), ("arithmetic", 0xC9), ("both", 0xCB)] {
        check(name, &jpeg(8, 8, marker), "unsupported");
    }
    let mut deep = jpeg(8, 8, 0xC1);
    deep[6] = 12;
    check("12 bits", &deep, "unsupported");
    let two = b"\xFF\xD8\xFF\xC0\0\x0E\x08\0\x08\0\x08\x02\x01\x11\0\x02\x11\0";
    check("two components", two, "unsupported");
    let mut uneven = jpeg(8, 8, 0xC0);
    uneven.extend([0; 100]);
    uneven[13] = 0x31;
    uneven[16] = 0x21;
    check("sampling by 3 to 2", &uneven, "unsupported");
}

#[test]
fn scans_without_end() {
    let file = files::read("gray-progressive.jpg");
    let scan = file.windows(2).position(|marker| marker == [0xFF, 0xDA]).unwrap();
    let end =
        scan + 2 + file[scan + 2..].windows(2).position(|at| at[0] == 0xFF && at[1] > 0).unwrap();
    let mut many = file[..end].to_vec();
    for _ in 0..200 {
        many.extend(&file[scan..end]);
    }
    check("200 scans", &many, "unsupported");
}

#[test]
fn damaged_jpegs() {
    let file = files::read("restart-blocks.jpg");
    let find = |marker: u8| file.windows(2).position(|at| at == [0xFF, marker]).unwrap();
    let without = |marker: u8| {
        let at = find(marker);
        let length = usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
        [&file[..at], &file[at + 2 + length..]].concat()
    };
    let changed = |at: usize, byte: u8| {
        let mut file = file.clone();
        file[at] = byte;
        file
    };
    let (frame, scan) = (find(0xC0), find(0xDA));
    for (name, bytes) in [
        ("no frame", without(0xC0)),
        ("no Huffman tables", without(0xC4)),
        ("no quantisation", without(0xDB)),
        ("no restart interval", without(0xDD)),
        ("no scan", without(0xDA)),
        ("restarts out of order", changed(find(0xD1) + 1, 0xD5)),
        ("two frames", [&file[..scan], &file[frame..]].concat()),
        ("no rows", [&file[..frame + 5], &[0, 0], &file[frame + 7..]].concat()),
        ("sampling by 0", changed(frame + 11, 0)),
        ("sampling by 5", changed(frame + 11, 0x51)),
        ("another component", changed(scan + 5, 9)),
        ("a component twice", changed(scan + 7, 1)),
        ("no such table", changed(scan + 6, 0x33)),
        ("too many codes", changed(find(0xC4) + 5, 7)),
        ("a segment of no length", changed(frame + 3, 1)),
        ("nothing but a begin", b"\xFF\xD8\xFF\xD9".to_vec()),
    ] {
        check(name, &bytes, "corrupt");
    }
}

#[test]
fn damaged_pngs() {
    let file = files::read("filtered.png");
    for at in [20, 24, 25, 26, 27, 28, 29, 50, 200, file.len() / 2] {
        let mut changed = file.clone();
        changed[at] ^= 0x40;
        let code = decode(&changed, &Limits::default()).map_err(|error| error.code());
        assert!(code.is_err(), "byte {at}");
    }
    check("no palette", &png(4, 4, 8, 3, b""), "corrupt");
    check("colour of no kind", &png(4, 4, 8, 5, b""), "corrupt");
    check("depth of no kind", &png(4, 4, 3, 0, b""), "corrupt");
    check("no width", &png(0, 4, 8, 0, b""), "corrupt");
}

#[test]
fn files_that_end_too_soon() {
    for name in files::names(&[".jpg", ".png"]) {
        let file = files::read(&name);
        // What may be missing as far as Pillow is concerned: what follows a picture,
        // and of a PNG its last checksums.
        let spare = match name.as_str() {
            "trailing.jpg" => 27,
            "animated.png" | "exif-late.png" => continue,
            "no-end.png" => 12,
            _ if name.ends_with(".jpg") => 0,
            _ => 24,
        };
        let end = file.len() - spare;
        for length in (0..end).step_by(1 + end / 40).chain(end.saturating_sub(10)..end) {
            let result = decode(&file[..length], &Limits::default());
            assert!(result.is_err(), "{name} cut to {length} of {}", file.len());
            let error = result.unwrap_err();
            assert!(
                matches!(error.code(), "corrupt" | "not-a-picture"),
                "{name} cut to {length} of {}: {error}",
                file.len()
            );
        }
    }
}

#[test]
fn pictures_that_steps_leave_nothing_of() {
    let file = files::read("line.png");
    for (steps, code) in [
        (r#"[{"resize": {"longer": 16}}]"#, "unsupported"),
        (r#"[{"letterbox": {"width": 16, "height": 16}}]"#, "unsupported"),
        (r#"[{"resize": {"shorter": 1000}}]"#, "too-large"),
        (r#"[{"decode": {"max-pixels": 119}}]"#, "too-large"),
        (r#"[{"decode": {"max-pixels": 120}}, {"resize": {"shorter": 2}}]"#, "too-large"),
    ] {
        let pipeline = Pipeline::new(serde_json::from_str(steps).unwrap()).unwrap();
        LARGEST.set(0);
        assert_eq!(pipeline.run(&file).unwrap_err().code(), code, "{steps}");
        assert!(LARGEST.get() < 100_000, "{steps}: {} bytes at once", LARGEST.get());
    }
}
