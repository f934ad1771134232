//! What options do beyond what `tokenizers` has, and what they cannot do.

use crate::tokenizer;
use outpost_text::{Error, Integers, Options, Outputs};

fn options(json: &str) -> Options {
    serde_json::from_str(json).unwrap()
}

#[test]
fn options_are_read_from_json() {
    let read =
        options(r#"{"max_length": 8, "integers": "INT32", "outputs": {"token_type_ids": false}}"#);
    assert_eq!(read.integers, Integers::Int32);
    assert_eq!(read.outputs, Outputs { attention_mask: true, token_type_ids: false });
    assert!(read.add_special_tokens);
    let unknown = serde_json::from_str::<Options>(r#"{"max_lenght": 8}"#);
    assert!(unknown.unwrap_err().to_string().contains("max_lenght"));
}

#[test]
fn outputs_that_are_not_asked_for_are_empty() {
    let options = options(r#"{"outputs": {"attention_mask": false, "token_type_ids": false}}"#);
    let tokenizer = tokenizer("bert").with_options(&options).unwrap();
    let encoded = tokenizer.encode_batch::<i32>(&["hello", "hello world"]).unwrap();
    assert_eq!(encoded.ids.len(), encoded.shape[0] * encoded.shape[1]);
    assert!(encoded.mask.is_empty() && encoded.types.is_empty());
}

#[test]
fn an_empty_batch_is_empty() {
    let encoded = tokenizer("minilm").encode_batch::<i64>(&[]).unwrap();
    assert_eq!(encoded.shape, [0, 0]);
}

#[test]
fn options_win_over_the_file() {
    let tokenizer = tokenizer("minilm");
    assert_eq!(tokenizer.encode_batch::<i64>(&["hello"]).unwrap().shape, [1, 128]);
    let tokenizer = tokenizer.with_options(&options(r#"{"padding": "longest"}"#)).unwrap();
    assert_eq!(tokenizer.encode_batch::<i64>(&["hello"]).unwrap().shape, [1, 3]);
    let long = "hello ".repeat(300);
    assert_eq!(tokenizer.encode_batch::<i64>(&[&long]).unwrap().shape, [1, 128]);
    let none = options(r#"{"padding": "longest", "truncation": "none"}"#);
    let tokenizer = tokenizer.with_options(&none).unwrap();
    assert_eq!(tokenizer.encode_batch::<i64>(&[&long]).unwrap().shape, [1, 302]);
    let both = options(r#"{"padding": "max_length", "max_length": 256}"#);
    let tokenizer = tokenizer.with_options(&both).unwrap();
    assert_eq!(tokenizer.encode_batch::<i64>(&["hello"]).unwrap().shape, [1, 256]);
}

#[test]
fn a_text_that_is_too_long_is_refused_before_any_work() {
    let tokenizer = tokenizer("gpt2");
    let long = "x".repeat(10 << 20);
    let error = tokenizer.encode_batch::<i64>(&["short", &long]).unwrap_err();
    assert_eq!(error, Error::TooLong { text: 1, bytes: 10 << 20, limit: 1 << 20 });
    assert!(error.to_string().contains("max_bytes"));
    let tokenizer = tokenizer.with_options(&options(r#"{"max_bytes": 3}"#)).unwrap();
    assert!(tokenizer.encode_batch::<i64>(&["abc"]).is_ok());
    assert!(tokenizer.encode_batch::<i64>(&["abcd"]).is_err());
}

#[test]
fn options_that_cannot_be_met_are_refused() {
    let refused = |name: &str, json: &str| {
        tokenizer(name).with_options(&options(json)).unwrap_err().to_string()
    };
    assert!(refused("bert", r#"{"max_length": 1}"#).contains("less than the 2 tokens"));
    assert!(refused("bert", r#"{"max_length": 2, "pair": true}"#).contains("the 3 tokens"));
    assert!(refused("bert", r#"{"padding": "max_length"}"#).contains("needs one"));
    assert!(refused("bert", r#"{"truncation": "only_first"}"#).contains("needs a max_length"));
    assert!(refused("bert", r#"{"pad_token": "[NONE]"}"#).contains("vocabulary"));
}

#[test]
fn padding_needs_a_token() {
    let tokenizer = tokenizer("gpt2");
    assert!(tokenizer.encode_batch::<i64>(&["same", "same"]).is_ok());
    let error = tokenizer.encode_batch::<i64>(&["one", "one two"]).unwrap_err();
    assert_eq!(error, Error::NoPadToken);
}

#[test]
fn pairs_and_single_texts_are_told_apart() {
    let single = tokenizer("bert");
    let error = single.encode_pairs::<i64>(&[("a", "b")]).unwrap_err();
    assert_eq!(error, Error::Pairs { expected: false });
    let pairs = single.with_options(&options(r#"{"pair": true}"#)).unwrap();
    let error = pairs.encode_batch::<i64>(&["a"]).unwrap_err();
    assert_eq!(error, Error::Pairs { expected: true });
    assert_eq!(error.code(), "text_pairs");
}
