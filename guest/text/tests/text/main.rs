//! The tests of the tokenizers: what Python's `tokenizers` gives (see make.py), what
//! options do, what is refused, and that nothing panics.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod options;
mod random;
mod reference;
mod refused;

use outpost_text::Tokenizer;
use serde_json::Value;

const NAMES: [&str; 12] = [
    "bert",
    "bert_cased",
    "gpt2",
    "roberta",
    "llama",
    "llama_first",
    "llama3",
    "t5",
    "xlmr",
    "word_level",
    "clip",
    "minilm",
];

fn file(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
    std::fs::read(format!("{folder}/{name}")).unwrap()
}

fn json(name: &str) -> Value {
    serde_json::from_slice(&file(name)).unwrap()
}

fn tokenizer(name: &str) -> Tokenizer {
    let tokenizer = Tokenizer::from_json(&file(&format!("tokenizers/{name}.json")));
    tokenizer.unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn numbers(value: &Value) -> Vec<i64> {
    value.as_array().unwrap().iter().map(|number| number.as_i64().unwrap()).collect()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}
