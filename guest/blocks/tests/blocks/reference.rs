//! The cases of make.py and make_records.py: the same tensors, of the shapes that were foretold.

use crate::cases::{self, numbers};
use outpost_blocks::Batch;
use outpost_guest::{Datatype, Tensor, TensorSpec};
use serde_json::Value;
use std::collections::BTreeSet;

fn check(case: &Value) {
    let name = case["name"].as_str().unwrap();
    let (mut given, outer) = cases::tensors(&case["tensors"]);
    let (inputs, input_specs) = cases::tensors(&case["inputs"]);
    let (expected, inner) = cases::tensors(&case["expected"]);
    let stated = case["block"].clone();
    let made = if case["side"] == "before" {
        cases::before_of(stated, &inner)
    } else {
        cases::after_of(stated, &input_specs, &outer)
    };
    let (block, specs) = made.unwrap_or_else(|error| panic!("{name}: {error}"));
    let foretold = if case["side"] == "before" { &outer } else { &inner };
    assert_specs(name, &specs, foretold);
    let wanted: Vec<String> = input_specs.iter().map(|spec| spec.name.clone()).collect();
    assert_eq!(block.wants(), wanted, "{name}");

    // Blocks may not rely on an order.
    given.reverse();
    let mut batch = Batch { tensors: given, inputs, ..Batch::default() };
    block.run(&mut batch).unwrap_or_else(|error| panic!("{name}: {error:?}"));
    assert_eq!(batch.tensors.len(), expected.len(), "{name}");
    for expected in &expected {
        let got = batch.take(&expected.name).unwrap_or_else(|| panic!("{name}: {}", expected.name));
        assert_same(&format!("{name}: {}", expected.name), &got, expected);
    }
    let doubtful: BTreeSet<u64> =
        case["doubtful"].as_array().unwrap().iter().map(|row| row.as_u64().unwrap()).collect();
    assert_eq!(batch.abstained, doubtful, "{name}");
    let flagged: BTreeSet<u64> = batch.flags.iter().map(|flag| flag.row.unwrap()).collect();
    assert_eq!(flagged, doubtful, "{name}");
}

fn assert_specs(name: &str, got: &[TensorSpec], expected: &[TensorSpec]) {
    let part = |spec: &TensorSpec| (spec.name.clone(), spec.datatype, spec.shape.clone());
    let (mut got, mut expected): (Vec<_>, Vec<_>) =
        (got.iter().map(part).collect(), expected.iter().map(part).collect());
    for all in [&mut got, &mut expected] {
        all.sort_by(|one, other| one.0.cmp(&other.0));
    }
    assert_eq!(got.len(), expected.len(), "{name}: {got:?}");
    for (got, expected) in got.iter().zip(&expected) {
        assert_eq!((&got.0, got.1), (&expected.0, expected.1), "{name}");
        assert_eq!(got.2.len(), expected.2.len(), "{name}: {}", got.0);
        // make.py foretells -1 for batches only; a model may have said it of more.
        assert_eq!(got.2, expected.2, "{name}: {}", got.0);
    }
}

fn assert_same(name: &str, got: &Tensor, expected: &Tensor) {
    assert_eq!((got.datatype, &got.shape), (expected.datatype, &expected.shape), "{name}");
    // In units of the last place: rounding may fall to the other side once.
    let tolerance = match got.datatype {
        Datatype::Fp16 => 1e-3,
        Datatype::Fp32 => 2e-7,
        Datatype::Fp64 => 1e-13,
        _ => return assert_eq!(got.data, expected.data, "{name}"),
    };
    let (got, expected) = (numbers(got), numbers(expected));
    assert_eq!(got.len(), expected.len(), "{name}");
    for (place, (got, expected)) in got.iter().zip(&expected).enumerate() {
        let same = got == expected
            || (got.is_nan() && expected.is_nan())
            || (got - expected).abs() <= tolerance * expected.abs().max(1e-4);
        assert!(same, "{name}[{place}] is {got}, not {expected}");
    }
}

fn check_all(begin: &str, at_least: usize) {
    check_file("cases.json", begin, at_least);
}

fn check_file(file: &str, begin: &str, at_least: usize) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests");
    let cases = std::fs::read(format!("{folder}/{file}")).unwrap();
    let cases: Vec<Value> = serde_json::from_slice(&cases).unwrap();
    let of_block = |case: &&Value| case["name"].as_str().unwrap().starts_with(begin);
    let cases: Vec<&Value> = cases.iter().filter(of_block).collect();
    assert!(cases.len() >= at_least, "{} cases of {begin}", cases.len());
    cases.into_iter().for_each(check);
}

#[test]
fn softmax_is_scipys() {
    check_all("softmax", 15);
}

#[test]
fn sigmoid_is_scipys() {
    check_all("sigmoid", 6);
}

#[test]
fn argmax_is_numpys() {
    check_all("argmax", 12);
}

#[test]
fn top_k_is_numpys() {
    check_all("top-k", 14);
}

#[test]
fn threshold_is_numpys() {
    check_all("threshold", 16);
}

#[test]
fn scale_is_numpys() {
    check_all("scale", 24);
}

#[test]
fn mean_pooling_is_that_of_sentence_transformers() {
    check_all("mean-pooling", 19);
}

#[test]
fn l2_normalise_is_torchs() {
    check_all("l2-normalise", 15);
}

#[test]
fn boxes_are_onnx_runtimes() {
    check_all("boxes", 21);
}

#[test]
fn pictures_are_pillows() {
    check_all("picture", 6);
}

#[test]
fn texts_are_tokenizers() {
    check_all("text", 9);
}

#[test]
fn sounds_are_librosas() {
    check_all("sound", 19);
}

#[test]
fn records_are_scikit_learns_and_pandas() {
    check_file("records.json", "people", 15);
    check_file("records.json", "dates", 12);
    check_file("records.json", "texts", 3);
}
