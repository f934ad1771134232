//! Files that are refused, and how that is said.

use outpost_text::{Error, Tokenizer};
use serde_json::{Value, json};

fn base() -> Value {
    json!({"model": {"type": "WordLevel", "unk_token": "[UNK]", "vocab": {"[UNK]": 0, "a": 1}}})
}

/// The error for a file with a part in place of what it has.
fn with(key: &str, part: Value) -> Error {
    let mut file = base();
    file[key] = part;
    Tokenizer::from_json(file.to_string().as_bytes()).unwrap_err()
}

#[test]
fn what_is_unsupported_is_named_with_its_place() {
    let cases = [
        ("pre_tokenizer", json!({"type": "UnicodeScripts"}), "UnicodeScripts"),
        (
            "normalizer",
            json!({"type": "Sequence", "normalizers": [{"type": "New"}]}),
            "normalizers[0]",
        ),
        ("post_processor", json!({"type": "New"}), "\"New\""),
        ("model", json!({"type": "New", "vocab": {}}), "\"New\""),
        ("model", json!({"type": "BPE", "dropout": 0.1, "vocab": {}, "merges": []}), "dropout"),
        (
            "pre_tokenizer",
            json!({"type": "Split", "pattern": {"Regex": "(a"}, "behavior": "Isolated"}),
            "pre_tokenizer.pattern",
        ),
        (
            "pre_tokenizer",
            json!({"type": "Split", "pattern": {"String": "a"}, "behavior": "Other"}),
            "\"Other\"",
        ),
    ];
    for (key, part, named) in cases {
        let error = with(key, part);
        assert_eq!(error.code(), "tokenizer_unsupported", "{error}");
        assert!(error.to_string().contains(named), "{error}");
    }
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let cases = [
        ("normalizer", json!({"type": "Replace", "content": "x"}), "pattern is not there"),
        ("normalizer", json!({}), "type is not there"),
        ("normalizer", json!({"type": "Precompiled", "precompiled_charsmap": "AAAA"}), "charsmap"),
        ("pre_tokenizer", json!({"type": "Metaspace", "replacement": "ab"}), "one character"),
        (
            "post_processor",
            json!({"type": "BertProcessing", "sep": ["[SEP]"], "cls": ["[CLS]", 1]}),
            "sep",
        ),
        ("model", json!({"type": "Unigram", "vocab": [["a", 0.0]], "unk_id": 3}), "unk_id"),
        ("model", json!({"type": "BPE", "vocab": {"a": 0}, "merges": [["a", "b"]]}), "merge 0"),
        ("model", json!({"type": "WordPiece"}), "vocab"),
        ("added_tokens", json!([{"id": 3}]), "added_tokens[0]"),
    ];
    for (key, part, named) in cases {
        let error = with(key, part);
        assert_eq!(error.code(), "tokenizer_invalid", "{error}");
        assert!(error.to_string().contains(named), "{error}");
    }
    for json in ["", "{", "[]", "{}", "\u{0}"] {
        let error = Tokenizer::from_json(json.as_bytes()).unwrap_err();
        assert_eq!(error.code(), "tokenizer_json");
    }
}

#[test]
fn a_symbol_without_a_token_is_an_error_that_does_not_repeat_it() {
    let file = json!({
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "model": {"type": "WordLevel", "unk_token": "[UNK]", "vocab": {"a": 1}},
    });
    let tokenizer = Tokenizer::from_json(file.to_string().as_bytes()).unwrap();
    let error = tokenizer.encode_batch::<i64>(&["a secret"]).unwrap_err();
    assert_eq!(error, Error::Unknown);
    assert!(!error.to_string().contains("secret"));
}

#[test]
fn every_cut_of_a_file_is_refused() {
    let whole = crate::file("tokenizers/t5.json");
    for end in (0..whole.len() - 1).step_by(97) {
        assert!(Tokenizer::from_json(&whole[..end]).is_err());
    }
}
