//! `outpost inspect`: what it shows of a module, and what it says of files that
//! are none.

use crate::support::component::{self, REALLOC, core};
use crate::support::{modules, outpost, scratch, write};
use std::fs;

#[track_caller]
fn check(bytes: &[u8], words: &[&str]) {
    let directory = scratch();
    let path = write(&directory, "file.wasm", bytes);
    let outcome = outpost(["inspect", path.to_str().unwrap()]).run();
    let message = outcome.failure(1, words);
    assert!(message.contains("file.wasm"), "{message}");
}

#[test]
fn files_that_are_no_modules() {
    let text = |text: &str| wat::parse_str(text).unwrap();
    check(b"", &["not a WebAssembly file"]);
    check(b"#!/bin/sh\n", &["not a WebAssembly file"]);
    check(&[0x5a; 4096], &["not a WebAssembly file"]);
    check(b"\0asm", &["truncated"]);
    check(b"\0asm\x0d\0\x01\0\xff\xff\xff\xff\xff", &["truncated or damaged"]);
    check(&text("(module)"), &["core WebAssembly module"]);
    check(&text("(component)"), &["does not export", "outpost:model/inference@0.1.0"]);
    let other =
        "(component (instance $i) (export \"outpost:model/inference@0.2.0\" (instance $i)))";
    check(&text(other), &["outpost:model/inference@0.2.0", "build it again"]);
    let unsealed = component::componentize(&core("(memory 1)", REALLOC, "nop"));
    check(&unsealed, &["no manifest"]);
    let sealed = component::sealed(&unsealed);
    check(&[sealed.clone(), sealed[sealed.len() - 40..].to_vec()].concat(), &[]);
}

#[test]
fn truncated_modules() {
    let whole = fs::read(modules::sample("wine")).unwrap();
    // The references, the manifest, the code: whatever is missing is missed.
    for length in [whole.len() - 1, whole.len() - 1000, whole.len() / 2, 100, 8] {
        check(&whole[..length], &[]);
    }
}

#[test]
fn a_missing_file() {
    outpost(["inspect", "nowhere.wasm"]).run().failure(1, &["nowhere.wasm", "No such file"]);
}

#[test]
fn the_text_shows_what_matters() {
    let module = modules::sample("wine");
    let text = outpost(["inspect", module.to_str().unwrap()]).run().success();
    assert!(text.starts_with("wine 1.0.0\nTells three Italian cultivars apart"), "{text}");
    for word in [
        "sha256:",
        "MiB",
        "CC-BY-4.0",
        "none: it can reach nothing",
        "64 MiB of memory",
        "features",
        "FP32",
        "[-1, 13]",
        "probability",
        "label",
        "INT64",
        "class_0, class_1, class_2",
    ] {
        assert!(text.contains(word), "`{word}` is missing:\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "no colours where there is no terminal");
}
