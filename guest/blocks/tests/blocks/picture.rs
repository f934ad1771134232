//! Pictures that are none, damaged, too large or of another size: a violation with
//! its row for each, all at once.

use crate::cases::{before_of, codes, element, elements, file, numbers, refused, run, spec};
use outpost_blocks::Block;
use outpost_guest::ViolationCode::{Malformed, Missing, TooLarge, WrongShape, WrongSize};
use outpost_guest::{Datatype, Tensor};
use serde_json::json;

fn block(shape: &[i64], steps: serde_json::Value) -> Box<dyn Block> {
    let inputs = [spec("pixels", "FP32", shape)];
    before_of(json!({"block": "picture", "steps": steps}), &inputs).unwrap().0
}

fn fixed() -> Box<dyn Block> {
    block(&[-1, 3, 4, 6], json!([{"resize": {"width": 6, "height": 4}}, {"tensor": {}}]))
}

/// A PNG that says it has this size, with these data.
fn png(width: u32, height: u32, data: &[u8]) -> Vec<u8> {
    let crc = |bytes: &[u8]| {
        let step = |crc: u32, _| if crc & 1 == 0 { crc >> 1 } else { crc >> 1 ^ 0xEDB8_8320 };
        !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
    };
    let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
    header.extend([8, 2, 0, 0, 0]);
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, data) in [(b"IHDR", &header[..]), (b"IDAT", data), (b"IEND", b"")] {
        file.extend((data.len() as u32).to_be_bytes());
        file.extend(name);
        file.extend(data);
        file.extend(crc(&[name, data].concat()).to_be_bytes());
    }
    file
}

#[test]
fn all_that_is_wrong_with_a_batch() {
    let good = file("97x61-420.jpg").unwrap();
    let mut corrupt = good.clone();
    let scan = corrupt.windows(2).position(|marker| marker == [0xFF, 0xDA]).unwrap();
    corrupt.truncate(scan + 40);
    let huge = png(30_000, 30_000, b"");
    let bomb = png(5000, 5000, &[0x78, 0x9C, 0x03, 0, 0, 0, 0, 1]);
    let secret = b"SECRET that is no picture";
    let all = [&good[..], &corrupt, &huge, &good, &bomb, b"", secret, b"GIF89a"];
    let violations = refused(&*fixed(), vec![elements("image", &all)]);
    assert_eq!(
        codes(&violations),
        [
            (Some(1), Malformed),
            (Some(2), TooLarge),
            (Some(4), Malformed),
            (Some(5), Malformed),
            (Some(6), Malformed),
            (Some(7), Malformed),
        ]
    );
    for violation in &violations {
        assert_eq!(violation.field, "image");
        assert!(!violation.message.contains("SECRET"), "{}", violation.message);
    }
    assert!(violations[1].message.contains("30000 × 30000 pixels"), "{}", violations[1].message);
    assert_eq!(
        run(&*fixed(), vec![elements("image", &[&good, &good])]).unwrap().tensors[0].shape,
        [2, 3, 4, 6]
    );
}

#[test]
fn pictures_of_different_sizes() {
    let open = block(&[-1, 3, -1, -1], json!([{"tensor": {}}]));
    let (large, small) = (file("97x61-420.jpg").unwrap(), file("17x31-420.jpg").unwrap());
    let violations =
        refused(&*open, vec![elements("image", &[&small, &large, &small, b"", &large])]);
    assert_eq!(
        codes(&violations),
        [(Some(1), WrongShape), (Some(3), Malformed), (Some(4), WrongShape)]
    );
    assert!(violations[0].message.contains("[3, 61, 97], but the first one [3, 31, 17]"));
    let one = run(&*open, vec![elements("image", &[&large])]).unwrap();
    assert_eq!(one.tensors[0].shape, [1, 3, 61, 97]);
}

#[test]
fn an_empty_batch_is_empty() {
    let empty = run(&*fixed(), vec![elements("image", &[])]).unwrap();
    assert_eq!(
        (empty.tensors[0].shape.as_slice(), empty.tensors[0].data.len()),
        (&[0, 3, 4, 6][..], 0)
    );
    let open = block(&[-1, 3, -1, -1], json!([{"tensor": {}}]));
    let empty = run(&*open, vec![elements("image", &[])]).unwrap();
    assert_eq!(empty.tensors[0].shape, [0, 3, 0, 0]);
}

#[test]
fn a_batch_that_would_fill_the_memory() {
    let large = block(
        &[-1, 3, 1024, 1024],
        json!([{"resize": {"width": 1024, "height": 1024, "filter": "nearest"}}, {"tensor": {}}]),
    );
    let dot = file("1x1.png").unwrap();
    let violations = refused(&*large, vec![elements("image", &vec![&dot[..]; 22])]);
    assert_eq!(codes(&violations), [(None, TooLarge)]);
    assert_eq!(violations[0].message, "22 pictures are more than the 21 that fit into a batch");
    let open = block(&[-1, 3, -1, -1], json!([{"resize": {"shorter": 2000}}, {"tensor": {}}]));
    let violations = refused(&*open, vec![elements("image", &[&dot[..]; 6])]);
    assert_eq!(codes(&violations), [(None, TooLarge)]);
}

#[test]
fn inputs_that_are_not_as_described() {
    assert_eq!(codes(&refused(&*fixed(), vec![])), [(None, Missing)]);
    let mut torn = elements("image", &[b"abc"]);
    torn.data.pop();
    assert_eq!(codes(&refused(&*fixed(), vec![torn])), [(None, WrongSize)]);
}

#[test]
fn what_stands_beside_is_left_alone() {
    let beside = Tensor {
        name: "beside".into(),
        datatype: Datatype::Bytes,
        shape: vec![1],
        data: element(b"x"),
    };
    let dot = file("1x1.png").unwrap();
    let mut batch = run(&*fixed(), vec![beside, elements("image", &[&dot])]).unwrap();
    assert_eq!(batch.take("beside").unwrap().data, element(b"x"));
    assert_eq!(numbers(&batch.take("pixels").unwrap()).len(), 72);
    assert!(batch.tensors.is_empty());
}
