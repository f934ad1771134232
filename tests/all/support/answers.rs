//! Comparing answers with reference cases, on the JSON itself and apart from
//! the code under test.

use serde_json::Value;
use std::path::Path;

/// How far a number may be off.
#[derive(Clone, Copy)]
pub struct Tolerance {
    pub absolute: f64,
    pub relative: f64,
}

/// Half a unit in the last place of FP16.
const HALF: f64 = 1.0 / 2048.0;

/// The cases of a file.
pub fn cases(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    let file: Value = serde_json::from_str(&text).unwrap();
    file["cases"].as_array().unwrap().clone()
}

/// That an answer gives what a case expects: the same outputs, names, datatypes
/// and shapes, integers and text exactly, other numbers within `tolerance`.
#[track_caller]
pub fn assert_matches(case: &Value, answer: &Value, tolerance: Tolerance) {
    let name = &case["name"];
    let expected = case["response"]["outputs"].as_array().unwrap();
    let actual = answer["outputs"].as_array().unwrap_or_else(|| panic!("{name}: {answer}"));
    assert_eq!(expected.len(), actual.len(), "{name}: {answer}");
    for (expected, actual) in expected.iter().zip(actual) {
        for part in ["name", "datatype", "shape"] {
            assert_eq!(expected[part], actual[part], "{name}: {part}");
        }
        let (mut wanted, mut given) = (Vec::new(), Vec::new());
        flatten(&expected["data"], &mut wanted);
        flatten(&actual["data"], &mut given);
        assert_eq!(wanted.len(), given.len(), "{name}: {}", expected["name"]);
        // References have no more digits than a half can hold.
        let tolerance = match expected["datatype"].as_str() {
            Some("FP16") => Tolerance { relative: tolerance.relative.max(HALF), ..tolerance },
            _ => tolerance,
        };
        for (index, (want, give)) in wanted.iter().zip(&given).enumerate() {
            assert!(
                is_close(want, give, tolerance),
                "{name}: element {index} of {} is {give}, expected {want}",
                expected["name"]
            );
        }
    }
}

fn flatten<'a>(value: &'a Value, into: &mut Vec<&'a Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| flatten(item, into)),
        value => into.push(value),
    }
}

fn is_close(want: &Value, give: &Value, Tolerance { absolute, relative }: Tolerance) -> bool {
    if want == give {
        return true;
    }
    // No conversion to f64 where both are whole: it would forgive the last
    // digits of 64-bit integers. A tolerance of 1 and more is meant for them.
    if let (Some(want), Some(give)) = (whole(want), whole(give)) {
        return absolute >= 1.0 && want.abs_diff(give) as f64 <= absolute;
    }
    let (Some(want), Some(give)) = (want.as_f64(), give.as_f64()) else { return false };
    (want - give).abs() <= absolute + relative * want.abs()
}

fn whole(value: &Value) -> Option<i128> {
    value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from))
}
