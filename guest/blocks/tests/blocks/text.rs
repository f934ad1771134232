//! Texts that are none, or too long: a violation with its row for each, all at once.

use crate::cases::{before_of, codes, elements, numbers, refused, run, spec};
use outpost_blocks::Block;
use outpost_guest::ViolationCode::{
    InvalidText, Missing, OutOfRange, TooLarge, WrongLength, WrongShape, WrongSize,
};
use serde_json::{Value, json};
use std::time::Instant;

fn block(length: i64, more: Value) -> Box<dyn Block> {
    let mut stated = json!({"block": "text", "file": "bert.json"});
    stated.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let inputs =
        [spec("input_ids", "INT64", &[-1, length]), spec("attention_mask", "INT64", &[-1, length])];
    before_of(stated, &inputs).unwrap().0
}

#[test]
fn all_that_is_wrong_with_a_batch() {
    let long = "SECRET ".repeat((10 << 20) / 7);
    let texts =
        [&b"light"[..], b"\xFFSECRET", long.as_bytes(), b"", b"caf\xC3", &[0xED, 0xA0, 0x80]];
    let usual = block(-1, json!({"max_length": 16}));
    let tensor = elements("text", &texts);
    let start = Instant::now();
    let violations = refused(&*usual, vec![tensor]);
    assert!(start.elapsed().as_millis() < 500, "a long text is refused before any work");
    assert_eq!(
        codes(&violations),
        [
            (Some(1), InvalidText),
            (Some(2), WrongLength),
            (Some(4), InvalidText),
            (Some(5), InvalidText),
        ]
    );
    for violation in &violations {
        assert_eq!(violation.field, "text");
        assert!(!violation.message.contains("SECRET"), "{}", violation.message);
    }
    assert!(violations[1].message.contains("at most 1048576 are taken"));
    let short = block(-1, json!({"max_length": 16, "max_bytes": 5}));
    assert_eq!(
        codes(&refused(&*short, vec![elements("text", &[b"12345", b"123456"])])),
        [(Some(1), WrongLength)]
    );
}

#[test]
fn rows_that_cannot_be_encoded() {
    let none = block(8, json!({"truncation": "none"}));
    let long = "light ".repeat(20);
    let texts = [&b"light"[..], long.as_bytes(), b"", long.as_bytes()];
    let violations = refused(&*none, vec![elements("text", &texts)]);
    assert_eq!(codes(&violations), [(Some(1), WrongLength), (Some(3), WrongLength)]);
    // Without a token for what is unknown.
    let bare = block(-1, json!({"file": "bare.json", "max_length": 8}));
    let texts = [&b"hello"[..], b"SECRET", b"hello hello", b"hello secret"];
    let violations = refused(&*bare, vec![elements("text", &texts)]);
    assert_eq!(codes(&violations), [(Some(1), OutOfRange), (Some(3), OutOfRange)]);
    assert!(!violations[0].message.contains("SECRET"));
    assert!(run(&*bare, vec![elements("text", &texts[..1])]).is_ok());
}

#[test]
fn pairs() {
    let pairs = block(-1, json!({"max_length": 16, "pair": "other"}));
    let (first, second) = ([&b"light"[..], b"house"], [&b"a"[..], b"b", b"c"]);
    let violations = refused(&*pairs, vec![elements("text", &first), elements("other", &second)]);
    assert_eq!(codes(&violations), [(None, WrongShape)]);
    assert_eq!(violations[0].field, "other");
    let violations = refused(
        &*pairs,
        vec![elements("text", &[b"\xFF", b"a"]), elements("other", &[b"b", b"\xFE"])],
    );
    assert_eq!(codes(&violations), [(Some(0), InvalidText), (Some(1), InvalidText)]);
    assert_eq!((violations[0].field.as_str(), violations[1].field.as_str()), ("text", "other"));
    assert_eq!(codes(&refused(&*pairs, vec![elements("text", &[b"a"])])), [(None, Missing)]);
}

#[test]
fn an_empty_batch_is_empty() {
    let empty = |block: &dyn Block| {
        let mut batch = run(block, vec![elements("text", &[])]).unwrap();
        batch.take("input_ids").unwrap().shape
    };
    assert_eq!(empty(&*block(-1, json!({"max_length": 16}))), [0, 0]);
    assert_eq!(empty(&*block(32, json!({}))), [0, 32]);
}

#[test]
fn a_batch_that_would_fill_the_memory() {
    let many = vec![&b""[..]; 300_000];
    let violations = refused(&*block(32, json!({})), vec![elements("text", &many)]);
    assert_eq!(codes(&violations), [(None, TooLarge)]);
    // The file pads to 16, whatever rows are cut to.
    let padded = block(-1, json!({"file": "bert_cased.json", "max_length": 8}));
    assert_eq!(codes(&refused(&*padded, vec![elements("text", &many)])), [(None, TooLarge)]);
    // One long text makes all rows long.
    let long = "light ".repeat(1000);
    let mut texts = vec![&b""[..]; 1000];
    texts.push(long.as_bytes());
    let open = block(-1, json!({"truncation": "none"}));
    assert_eq!(codes(&refused(&*open, vec![elements("text", &texts)])), [(None, TooLarge)]);
    let cut = block(-1, json!({"max_length": 16}));
    let mut batch = run(&*cut, vec![elements("text", &texts)]).unwrap();
    assert_eq!(batch.take("input_ids").unwrap().shape, [1001, 16]);
}

#[test]
fn inputs_that_are_not_as_described() {
    let usual = block(16, json!({}));
    assert_eq!(codes(&refused(&*usual, vec![])), [(None, Missing)]);
    let mut torn = elements("text", &[b"abc"]);
    torn.data.pop();
    assert_eq!(codes(&refused(&*usual, vec![torn])), [(None, WrongSize)]);
}

#[test]
fn tokens_have_other_names() {
    let inputs = [
        spec("tokens", "INT32", &[-1, 8]),
        spec("weights", "INT64", &[-1, 8]),
        spec("k", "FP32", &[1]),
    ];
    let outputs = json!({"ids": "tokens", "mask": "weights"});
    let stated =
        json!({"block": "text", "input": "query", "file": "bert.json", "outputs": outputs});
    let (block, specs) = before_of(stated, &inputs).unwrap();
    let names: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
    assert_eq!(names, ["query", "k"]);
    let mut batch = run(&*block, vec![elements("query", &[b"light"])]).unwrap();
    assert_eq!(numbers(&batch.take("weights").unwrap())[..3], [1.0; 3]);
    assert_eq!(batch.take("tokens").unwrap().data.len(), 32);
    assert!(batch.tensors.is_empty());
}
