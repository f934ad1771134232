//! A data contract on columns inside of records, with all that is around it: faults of
//! the records themselves, other inputs, other blocks, and manifests that cannot be.

use super::contract::{block, flags, held};
use super::{columns, elements, places, records};
use crate::cases::{contract_of, floats, numbers, refused, run, spec};
use outpost_guest::ViolationCode::{
    Duplicate, Malformed, Missing, Null, OutOfRange, TooLarge, Unknown, UnknownCategory,
    WrongDatatype, WrongLength,
};
use serde_json::{Value, json};

/// Faults of records, of columns and of the contract, whichever it refuses for.
#[test]
fn all_that_is_wrong_at_once() {
    let fields = json!([
        {"name": "visits", "type": "integer", "min": 0, "max": 99, "policy": "reject"},
        {"name": "age", "type": "number", "max": 120, "policy": "impute", "default": 38},
        {"name": "score", "type": "number", "nullable": true, "required": false, "max": 5,
         "policy": "flag"},
    ]);
    let block = held("json", 7, columns(), fields);
    let good = r#""smoker": true, "sex": "male", "joined": "2024-02-29""#;
    let lines = [
        "SECRET".to_owned(),
        // One that would be imputed is not refused for what the column makes of it.
        format!("{{\"age\": null, \"visits\": 100, {good}}}"),
        "{\"age\": 200, \"visits\": \"SECRET\", \"smoker\": 1, \"SECRET\": 1, \
           \"sex\": \"SECRET\", \"joined\": \"SECRET\", \"score\": 7}"
            .to_owned(),
        format!("{{\"age\": 1, \"age\": 2, \"visits\": -1, {good}}}"),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let mut violations = refused(&*block, records(&lines));
    for violation in &violations {
        let told = format!("{} {}", violation.field, violation.message);
        assert!(!told.contains("SECRET") && !told.contains("100"), "{told}");
    }
    // What it is refused for comes first, column by column and by row.
    let remarks = violations.split_off(violations.len() - 3);
    assert_eq!(
        places(&violations),
        [
            (Some(1), "visits", OutOfRange),
            (Some(2), "visits", WrongDatatype),
            (Some(3), "visits", OutOfRange),
            (Some(0), "records", Malformed),
            (Some(2), "records", Unknown),
            (Some(3), "age", Duplicate),
            (Some(2), "smoker", WrongDatatype),
            (Some(2), "sex", UnknownCategory),
            (Some(2), "joined", Malformed),
        ]
    );
    assert_eq!(
        places(&remarks),
        [(Some(1), "age", Null), (Some(2), "age", OutOfRange), (Some(2), "score", OutOfRange)]
    );
    // Without what the contract refuses, the rest is told the same.
    let first = refused(&*block, records(&lines[..1]));
    assert_eq!(places(&first), [(Some(0), "records", Malformed)]);
}

/// What a value breaks of the contract and, beyond that, of the model.
#[test]
fn rules_of_both() {
    let columns = json!([{"name": "n", "type": "number"}]);
    let fields = json!([{"name": "n", "type": "integer", "max": 5}]);
    let block = contract_of(
        json!({"fields": fields}),
        vec![block("csv", columns)],
        &[spec("X", "INT64", &[-1])],
    );
    let violations = refused(&*block.unwrap(), records(&["7.5", "6", "1", "0.5"]));
    let told: Vec<_> = violations.iter().map(|one| (one.row, one.message.as_str())).collect();
    assert_eq!(
        told,
        [
            (Some(0), "more than 5"),
            (Some(0), "must be a whole number"),
            (Some(1), "more than 5"),
            (Some(3), "must be a whole number"),
        ]
    );
}

#[test]
fn columns_share_what_is_told() {
    let columns = json!([{"name": "a", "type": "number"}, {"name": "b", "type": "number"}]);
    let fields = json!([{"name": "a", "type": "number", "max": 0}]);
    let block = held("csv", 2, columns, fields);
    let mut lines = vec!["1,1"; 3_000];
    lines.extend(["x", "0,x", "0,"]);
    let violations = refused(&*block, records(&lines));
    let count = |field: &str| violations.iter().filter(|one| one.field == field).count();
    assert_eq!((violations.len(), count("records"), count("b")), (1_001, 1, 2));
    assert_eq!(violations[1_000].message, "2003 more violations are left out");
}

/// Records in two inputs, and an input that is none, of which all is told.
#[test]
fn records_beside_other_inputs() {
    let inputs =
        [spec("X", "FP32", &[-1, 1]), spec("free", "FP32", &[-1]), spec("Y", "FP32", &[-1, 1])];
    let of = |format: &str, input: &str, output: &str, column: &str| {
        json!({"block": "records", "format": format, "input": input, "output": output,
            "columns": [{"name": column, "type": "number"}]})
    };
    let blocks = || vec![of("json", "people", "X", "age"), of("csv", "places", "Y", "height")];
    let fields = json!([
        {"name": "height", "type": "number", "max": 9000},
        {"name": "free", "type": "number", "min": 0, "policy": "impute", "default": 5},
        {"name": "age", "type": "number", "max": 120},
        {"name": "people", "type": "text", "max_length": 20},
    ]);
    let block = contract_of(json!({"fields": fields}), blocks(), &inputs).unwrap();
    let tensors = |people: &[&[u8]], places: &[&[u8]], free: f32| {
        let free = floats("free", &[1], &[free]);
        vec![elements("people", people), free, elements("places", places)]
    };
    let violations = refused(
        &*block,
        tensors(&[br#"{"age": 121}"#, b"{\"age\": 1           }"], &[b"9001"], -1.0),
    );
    assert_eq!(
        places(&violations),
        [
            (Some(0), "height", OutOfRange),
            (Some(0), "age", OutOfRange),
            (Some(1), "people", WrongLength),
            (Some(0), "free", OutOfRange),
        ]
    );
    let batch = run(&*block, tensors(&[br#"{"age": 12}"#], &[b"9"], -1.0)).unwrap();
    let of = |name: &str| numbers(batch.tensors.iter().find(|tensor| tensor.name == name).unwrap());
    assert_eq!((of("X"), of("Y"), of("free")), (vec![12.0], vec![9.0], vec![5.0]));
    assert_eq!((flags(&batch), batch.tensors.len()), (vec![(Some(0), "free", OutOfRange)], 3));
    // The input itself can be missing, or no elements.
    let violations = refused(&*block, vec![elements("people", &[])]);
    assert_eq!(places(&violations), [(None, "places", Missing)]);
    let mut broken = tensors(&[b"{}"], &[b"9"], 1.0);
    broken[0].data.pop();
    assert_eq!(places(&refused(&*block, broken)).len(), 1);
}

/// What a block before them makes is not what a client sent.
#[test]
fn records_out_of_records_are_not_seen() {
    let columns = |name: &str| json!([{"name": name, "type": "category"}]);
    let inner = json!({"block": "records", "format": "csv", "input": "line",
        "columns": [{"name": "age", "type": "number"}]});
    let outer = json!({"block": "records", "format": "json", "input": "line", "output": "line",
        "columns": columns("text")});
    let inputs = [spec("X", "FP32", &[-1])];
    let with = |field: Value| {
        contract_of(json!({"fields": [field]}), vec![outer.clone(), inner.clone()], &inputs)
    };
    let fault = with(json!({"name": "age", "type": "number"})).err().unwrap();
    assert!(fault.contains("field `age`: there is no input or column"), "{fault}");
    let block = with(json!({"name": "text", "type": "text", "max_length": 2})).unwrap();
    let batch = run(&*block, vec![elements("line", &[br#"{"text": "17"}"#])]).unwrap();
    assert_eq!(numbers(&batch.tensors[0]), [17.0]);
    let violations = refused(&*block, vec![elements("line", &[br#"{"text": "170"}"#])]);
    assert_eq!(places(&violations), [(Some(0), "text", WrongLength)]);
}

#[test]
fn too_many_records() {
    let columns: Vec<Value> =
        (0..3_000).map(|place| json!({"name": format!("c{place}"), "type": "number"})).collect();
    let fields = json!([{"name": "c7", "type": "number"}]);
    let block = held("json", 3_000, json!(columns), fields);
    let violations = refused(&*block, records(&["{}"; 10_000]));
    assert_eq!(places(&violations), [(None, "records", TooLarge)]);
}

#[test]
fn faults_of_the_manifest_are_told_at_once() {
    let json = |input: &str, output: &str, more: Value| {
        let mut columns = json!([{"name": "age", "type": "number"}]);
        columns.as_array_mut().unwrap().extend(more.as_array().unwrap().clone());
        json!({"block": "records", "format": "json", "input": input, "output": output,
            "columns": columns})
    };
    let csv = json!({"block": "records", "format": "csv", "input": "lines", "output": "Z",
        "columns": [{"name": "height", "type": "integer"}]});
    let sex = json!([
        {"name": "sex", "type": "category", "categories": ["female", "male"]},
        {"name": "smoker", "type": "boolean"},
        {"name": "joined", "type": "date", "part": "year"},
        {"name": "left", "type": "number"},
    ]);
    let inputs = [
        spec("X", "FP32", &[-1, 5]),
        spec("Y", "FP32", &[-1, 1]),
        spec("Z", "FP32", &[-1, 1]),
        spec("left", "FP32", &[-1]),
    ];
    let blocks = vec![json("one", "X", sex), json("two", "Y", json!([])), csv];
    let fields = json!([
        {"name": "age", "type": "number"},
        {"name": "size", "type": "number"},
        {"name": "smoker", "type": "number"},
        {"name": "joined", "type": "picture"},
        {"name": "sex", "type": "category", "categories": ["male", "x"], "policy": "impute",
         "default": "x"},
        {"name": "height", "type": "integer", "required": false, "nullable": true},
        {"name": "one", "type": "text", "policy": "impute", "default": "{}"},
        {"name": "left", "type": "number"},
        {"name": "two", "type": "date", "max_age": "1d", "relative_to": "age"},
    ]);
    let fault = contract_of(json!({"fields": fields}), blocks, &inputs).err().unwrap();
    for part in [
        "field `age`: is in more than one input (`one`, `two`); give columns names of their own",
        "field `size`: there is no input or column of this name; there are `one`, `two`, `lines`, \
         `left`, `age`, `sex`,",
        "Columns are named by `columns` of an input, or by a block `records`",
        "field `smoker`: a column of type boolean in `one` cannot be a number",
        "field `joined`: a column of type date in `one` cannot be a picture",
        "field `sex`: its `default` is none for the column of records: the value is none of the 2 \
         known",
        "field `height`: `required` is false, but it has a field in every line of `lines`",
        "field `one`: records cannot be imputed as a whole; name their columns",
        "field `left`: is in more than one input (`left`, `one`)",
        "field `two`: `relative_to`: is in more than one input (`one`, `two`)",
    ] {
        assert!(fault.contains(part), "`{part}` is not in: {fault}");
    }
}
