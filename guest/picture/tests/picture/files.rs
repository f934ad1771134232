//! The files and cases that make.py made.

use serde_json::Value;
use std::fs;
use std::path::PathBuf;

fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/pictures", name].iter().collect()
}

/// The bytes of a file.
pub fn read(name: &str) -> Vec<u8> {
    fs::read(path(name)).unwrap()
}

/// The names of all files of these endings.
pub fn names(endings: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| endings.iter().any(|ending| name.ends_with(ending)))
        .collect();
    names.sort();
    names
}

/// The cases of this kind.
pub fn cases(kind: &str) -> Vec<Value> {
    let mut all: Value = serde_json::from_slice(&read("cases.json")).unwrap();
    match all[kind].take() {
        Value::Array(cases) => cases,
        other => unreachable!("{other}"),
    }
}
