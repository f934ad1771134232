//! Files that were changed at random, and bytes that never were a file: whatever
//! comes of them, it is no panic, and no picture that contradicts itself.

use crate::files;
use outpost_picture::{Limits, Pipeline, Tensor, decode, orient};

/// xorshift64*, so that a failure comes again.
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % below
    }

    fn byte(&mut self) -> u8 {
        self.next(256) as u8
    }
}

const LIMITS: Limits = Limits { max_width: 2000, max_height: 2000, max_pixels: 200_000 };

fn check(bytes: &[u8]) -> bool {
    let Ok(picture) = decode(bytes, &LIMITS) else { return false };
    let length = picture.width() * picture.height() * picture.channels().count();
    assert!(length > 0 && length == picture.pixels().len());
    LIMITS.check(picture.width(), picture.height()).unwrap();
    let turned = orient(picture.clone());
    assert_eq!(turned.pixels().len(), length);
    true
}

#[test]
fn changed_files() {
    let mut random = Random(1);
    let (mut read, mut refused) = (0, 0);
    for name in files::names(&[".jpg", ".png"]) {
        let file = files::read(&name);
        for round in 0..60 {
            let mut changed = file.clone();
            for _ in 0..1 + random.next(4) {
                // Mostly where the headers are.
                let range = if round % 3 == 0 { changed.len() } else { changed.len().min(700) };
                let at = random.next(range.max(1));
                match random.next(6) {
                    0 => changed.truncate(at + 1),
                    1 => changed.insert(at, random.byte()),
                    2 => drop(changed.remove(at.min(changed.len() - 1))),
                    3 => changed[at] = [0, 0xFF, 0x7F, 0x80][random.next(4)],
                    4 => changed[at] ^= 1 << random.next(8),
                    _ => changed[at] = random.byte(),
                }
            }
            // A PNG's checksums would hide nearly all that is done to it.
            if name.ends_with(".png") && round % 2 == 0 {
                mend(&mut changed);
            }
            *if check(&changed) { &mut read } else { &mut refused } += 1;
        }
    }
    assert!(read > 500 && refused > 500, "{read} were read, {refused} refused");
}

/// Sets the checksums of a PNG's chunks right.
fn mend(file: &mut [u8]) {
    let mut at = 8;
    while let Some(length) = file.get(at..).and_then(|rest| rest.first_chunk::<4>()) {
        let end = at + 8 + u32::from_be_bytes(*length) as usize;
        let Some(data) = file.get(at + 4..end) else { return };
        let step = |crc: u32, _| if crc & 1 == 0 { crc >> 1 } else { crc >> 1 ^ 0xEDB8_8320 };
        let crc = !data.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step));
        let Some(slot) = file.get_mut(end..end + 4) else { return };
        slot.copy_from_slice(&crc.to_be_bytes());
        at = end + 4;
    }
}

#[test]
fn bytes_at_random() {
    let mut random = Random(2);
    let jpeg = files::read("97x61-420.jpg");
    let scan = jpeg.windows(2).position(|marker| marker == [0xFF, 0xDA]).unwrap() + 14;
    let progressive = files::read("progressive-420.jpg");
    let first = progressive.windows(2).position(|marker| marker == [0xFF, 0xDA]).unwrap() + 14;
    for _ in 0..2000 {
        let noise: Vec<u8> = (0..random.next(3000)).map(|_| random.byte()).collect();
        for start in [
            &b""[..],
            b"\xFF\xD8\xFF",
            b"\x89PNG\r\n\x1a\n",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
            &jpeg[..scan],
            &progressive[..first],
        ] {
            check(&[start, &noise].concat());
        }
    }
}

#[test]
fn steps_in_any_order_and_size() {
    let mut random = Random(3);
    let names = files::names(&["x1-420.jpg", "photo.png", "line.png", "speck.png", "exif-5.jpg"]);
    for _ in 0..1500 {
        let mut steps = Vec::new();
        let side = |random: &mut Random| {
            let most = [3, 40, 300][random.next(3)];
            1 + random.next(most)
        };
        for _ in 0..random.next(4) {
            let (width, height) = (side(&mut random), side(&mut random));
            let filter = ["nearest", "box", "bilinear", "bicubic", "lanczos"][random.next(5)];
            steps.push(match random.next(7) {
                0 => r#"{"orient": {}}"#.to_owned(),
                1 => r#"{"convert": {"mode": "L"}}"#.to_owned(),
                2 => r#"{"convert": {"mode": "RGB"}}"#.to_owned(),
                3 => format!(
                    r#"{{"resize": {{"width": {width}, "height": {height}, "filter": "{filter}"}}}}"#
                ),
                4 => format!(r#"{{"resize": {{"shorter": {width}, "filter": "{filter}"}}}}"#),
                5 => format!(
                    r#"{{"letterbox": {{"width": {width}, "height": {height}, "filter": "{filter}"}}}}"#
                ),
                _ => format!(r#"{{"centre-crop": {{"width": {width}, "height": {height}}}}}"#),
            });
        }
        let text = format!("[{}]", steps.join(","));
        // Some are refused for the sizes that come of them.
        let steps = serde_json::from_str(&text).unwrap();
        let Ok(pipeline) = Pipeline::new(steps) else { continue };
        let file = files::read(&names[random.next(names.len())]);
        if let Ok(Tensor { shape, .. }) = pipeline.run(&file) {
            assert!(pipeline.output_shape().is_none_or(|foretold| foretold == shape), "{text}");
        }
    }
}
