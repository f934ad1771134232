//! The tiny ONNX files of `tests/fixtures/`: each must build, which compares it
//! with ONNX Runtime closely, and give the same answers once more to a test
//! that compares by itself, 64-bit integers to their last digit.

use crate::support::answers::{assert_matches, cases};
use crate::support::{files, modules, outpost, repository};
use serde_json::Value;

macro_rules! fixtures {
    ($($name:ident)*) => {
        const TESTED: &[&str] = &[$(stringify!($name)),*];
        $(#[test] fn $name() { check(stringify!($name)) })*
    };
}

fixtures! {
    attention batchnorm_conv dft embedding gelu gru initializer_as_input lstm lstm_batch no_batch quantised
    quantised_dynamic resize_pad scalar_input scalar_output shape_ops three_dims
    two_inputs_two_outputs two_lengths type_bool type_bytes type_fp16 type_fp32 type_fp64
    type_int16 type_int32 type_int64 type_int8 type_uint16 type_uint32 type_uint64 type_uint8
    typed_data unnamed_dims unusual_names
}

/// Runs every case as a line of its own.
#[track_caller]
fn check(name: &str) {
    let cases = cases(&repository(&format!("tests/fixtures/{name}.cases.json")));
    let module = modules::fixture(name);
    let lines: String = cases.iter().map(|case| format!("{}\n", case["request"])).collect();
    let answers = outpost(["run", module.to_str().unwrap(), "--format", "jsonl"])
        .stdin(lines)
        .run()
        .success();
    let answers: Vec<Value> =
        answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), cases.len());
    for (case, answer) in cases.iter().zip(&answers) {
        assert_matches(case, answer, modules::closely(name));
    }
}

#[test]
fn every_file_is_tested() {
    let found: Vec<String> = files(&repository("tests/fixtures"))
        .iter()
        .filter_map(|file| file.strip_suffix(".cases.json"))
        .map(str::to_string)
        .collect();
    assert_eq!(found, TESTED);
}
