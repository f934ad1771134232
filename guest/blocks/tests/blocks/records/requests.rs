//! Records that are right, and those that are wrong, each fault with its row and column,
//! all at once.

use super::{block, booleans, doubles, good, integers, of, places, records};
use crate::cases::{element, elements, floats, numbers, refused, run, spec};
use outpost_guest::ViolationCode::{
    Duplicate, InvalidText, Malformed, Missing, Null, OutOfRange, TooLarge, Unknown,
    UnknownCategory, WrongDatatype, WrongShape, WrongSize,
};
use outpost_guest::{Error, ViolationCode};
use serde_json::{Value, json};
use std::time::Instant;

#[test]
fn right_records() {
    let rows = [30.0, 1.0, 0.0, 0.0, 1.0, 2024.0, 1.0, 31.0, -2.0, 1.0, 1.0, 0.0, 2019.0, 5.0];
    let json = [
        r#"{"age": 30, "visits": 1.0, "smoker": false, "sex": "m\u0061le", "joined": "2024-02-29"}"#,
        r#" {"score": 5e0, "joined": "2020-01-01T00:00:00+01:00", "sex": "female", "smoker": true,
            "visits": -20E-1, "age": 3.1e1} "#,
    ];
    let csv =
        ["30,1,false,male,2024-02-29,", "\"+31\",-2,1,\"female\",2020-01-01 00:00:00+01:00,5.\r\n"];
    for (format, tensors) in [("columns", good()), ("json", records(&json)), ("csv", records(&csv))]
    {
        let batch = run(&*block(format), tensors).unwrap();
        assert_eq!(batch.tensors.len(), 1);
        assert_eq!(batch.tensors[0].shape, [2, 7], "{format}");
        assert_eq!(numbers(&batch.tensors[0]), rows, "{format}");
    }
    for format in ["json", "csv"] {
        let batch = run(&*block(format), records(&[])).unwrap();
        assert_eq!((&batch.tensors[0].shape[..], batch.tensors[0].data.len()), (&[0, 7][..], 0));
    }
    let empty = vec![
        doubles("age", &[]),
        integers("visits", &[]),
        booleans("smoker", &[]),
        elements("sex", &[]),
        elements("joined", &[]),
        doubles("score", &[]),
    ];
    assert_eq!(run(&*block("columns"), empty).unwrap().tensors[0].shape, [0, 7]);
}

#[test]
fn all_that_is_wrong_with_columns() {
    let tensors = vec![
        doubles("age", &[1e39, f64::NAN, f64::INFINITY]),
        integers("visits", &[1, i64::MAX, i64::MIN]),
        booleans("smoker", &[0, 2, 1]),
        elements("sex", &[b"SECRET", b"", b"\xFFSECRET"]),
        elements("joined", &[b"2023-02-29", b"", b"SECRET\xC3"]),
        doubles("score", &[f64::NAN, -f64::INFINITY, 3.5e38]),
    ];
    let violations = refused(&*block("columns"), tensors);
    assert_eq!(
        places(&violations),
        [
            (Some(0), "age", OutOfRange),
            (Some(0), "sex", UnknownCategory),
            (Some(0), "joined", Malformed),
            (Some(1), "age", Null),
            (Some(1), "smoker", OutOfRange),
            (Some(1), "sex", Null),
            (Some(1), "joined", Null),
            (Some(1), "score", OutOfRange),
            (Some(2), "age", OutOfRange),
            (Some(2), "sex", InvalidText),
            (Some(2), "joined", InvalidText),
            (Some(2), "score", OutOfRange),
        ]
    );
    for violation in violations {
        assert!(!violation.message.contains("SECRET"), "{}", violation.message);
        assert!(!violation.message.contains("e39"), "{}", violation.message);
    }
}

#[test]
fn columns_that_are_not_as_described() {
    let block = block("columns");
    assert_eq!(refused(&*block, vec![]).len(), 6);
    let mut tensors = good();
    tensors[1] = integers("visits", &[1]);
    tensors[4] = elements("joined", &[b"2024-01-01", b"", b""]);
    assert_eq!(
        places(&refused(&*block, tensors)),
        [(None, "visits", WrongShape), (None, "joined", WrongShape)]
    );
    let mut tensors = good();
    tensors[0].data.pop();
    tensors[3].data.pop();
    assert_eq!(
        places(&refused(&*block, tensors)),
        [(None, "age", WrongSize), (None, "sex", WrongSize)]
    );
    let mut tensors = good();
    tensors[0] = floats("age", &[2], &[1.0, 2.0]);
    tensors.remove(2);
    assert_eq!(
        places(&refused(&*block, tensors)),
        [(None, "age", WrongDatatype), (None, "smoker", Missing)]
    );
}

#[test]
fn all_that_is_wrong_with_json() {
    let lines = [
        r#"{"age": "SECRET", "visits": true, "smoker": 1, "sex": 7, "joined": {}, "score": []}"#,
        r#"{"age": null, "visits": null, "smoker": null, "sex": "", "joined": null, "score": null}"#,
        r#"{}"#,
        r#"{"age": 1, "age": 2, "visits": 0.5, "smoker": false, "sex": "SECRET",
            "joined": "2024-1-1", "colour": 1, "SECRET": 2}"#,
        r#"{"age": 1e999, "visits": 9223372036854775808, "smoker": true, "sex": "\ud800",
            "joined": "2024-02-30", "score": -1e39}"#,
        r#"[1, 2]"#,
        r#"{"age": 1"#,
        "",
        r#"{"age": 1} {}"#,
        r#"{"age": 01}"#,
        "null",
    ];
    let mut tensors = records(&lines);
    tensors[0].data.extend(element(b"{\"age\": \"\xFF\"}"));
    tensors[0].shape[0] += 1;
    let violations = refused(&*block("json"), tensors);
    assert_eq!(
        places(&violations),
        [
            (Some(0), "age", WrongDatatype),
            (Some(0), "visits", WrongDatatype),
            (Some(0), "smoker", WrongDatatype),
            (Some(0), "sex", WrongDatatype),
            (Some(0), "joined", WrongDatatype),
            (Some(0), "score", WrongDatatype),
            (Some(1), "age", Null),
            (Some(1), "visits", Null),
            (Some(1), "smoker", Null),
            (Some(1), "sex", Null),
            (Some(1), "joined", Null),
            (Some(2), "age", Missing),
            (Some(2), "visits", Missing),
            (Some(2), "smoker", Missing),
            (Some(2), "sex", Missing),
            (Some(2), "joined", Missing),
            (Some(3), "age", Duplicate),
            (Some(3), "records", Unknown),
            (Some(3), "visits", WrongDatatype),
            (Some(3), "sex", UnknownCategory),
            (Some(3), "joined", Malformed),
            (Some(4), "age", OutOfRange),
            (Some(4), "visits", OutOfRange),
            (Some(4), "sex", Malformed),
            (Some(4), "joined", Malformed),
            (Some(4), "score", OutOfRange),
            (Some(5), "records", Malformed),
            (Some(6), "records", Malformed),
            (Some(7), "records", Malformed),
            (Some(8), "records", Malformed),
            (Some(9), "records", Malformed),
            (Some(10), "records", Malformed),
            (Some(11), "records", InvalidText),
        ]
    );
    let keys = violations.iter().find(|violation| violation.code == Unknown).unwrap();
    assert_eq!(
        keys.message,
        "2 keys of the record are no columns; there are `age`, `visits`, `smoker`, `sex`, \
         `joined`, `score`"
    );
    for violation in violations {
        let told = format!("{} {}", violation.field, violation.message);
        assert!(!told.contains("SECRET") && !told.contains("colour"), "{told}");
    }
}

#[test]
fn all_that_is_wrong_with_csv() {
    let lines = [
        "SECRET,1.0,yes,SECRET,SECRET,nan",
        ",,,,,",
        "1,2,true,male,2024-02-29",
        "1,2,true,male,2024-02-29,1,1",
        "",
        "\"1,2,true,male,2024-02-29,1",
        "1,2,true,\"male\"x,2024-02-29,1",
        "1,2,true,ma\"le,2024-02-29,1",
        "1,2,true,male,2024-02-29,1\n1,2,true,male,2024-02-29,1",
        "1,2,true,male,2024-02-29,1\r\r\n",
        "inf,99999999999999999999,TRUE,\"\",2024-02-29,1e39",
        "1, 2,true,\"ma\"\"le\",\"2024\n\",0x1",
    ];
    let violations = refused(&*block("csv"), records(&lines));
    assert_eq!(
        places(&violations),
        [
            (Some(0), "age", Malformed),
            (Some(0), "visits", Malformed),
            (Some(0), "smoker", Malformed),
            (Some(0), "sex", UnknownCategory),
            (Some(0), "joined", Malformed),
            (Some(0), "score", Malformed),
            (Some(1), "age", Null),
            (Some(1), "visits", Null),
            (Some(1), "smoker", Null),
            (Some(1), "sex", Null),
            (Some(1), "joined", Null),
            (Some(2), "records", Malformed),
            (Some(3), "records", Malformed),
            (Some(4), "records", Malformed),
            (Some(5), "records", Malformed),
            (Some(6), "records", Malformed),
            (Some(7), "records", Malformed),
            (Some(8), "records", Malformed),
            (Some(9), "records", Malformed),
            (Some(10), "age", Malformed),
            (Some(10), "visits", OutOfRange),
            (Some(10), "sex", Null),
            (Some(10), "score", OutOfRange),
            (Some(11), "visits", Malformed),
            (Some(11), "sex", UnknownCategory),
            (Some(11), "joined", Malformed),
            (Some(11), "score", Malformed),
        ]
    );
    assert_eq!(violations[11].message, "the line has 5 fields, but there are 6 columns");
    for violation in violations {
        assert!(!violation.message.contains("SECRET"), "{}", violation.message);
    }
    // A single column, of which the line can be empty.
    let words = json!([{"name": "word", "type": "category", "default": "none"}]);
    let words = of("csv", words, spec("X", "BYTES", &[-1]));
    let lines = ["", "\n", "\"\"", "a", "\"a,\r\n\"\"b\"", "\u{feff}c", "ab\r\n"];
    let batch = run(&*words, records(&lines)).unwrap();
    let expected: Vec<&[u8]> = vec![b"none", b"none", b"none", b"a", b"a,\r\n\"b", b"c", b"ab"];
    assert_eq!(batch.tensors[0].data, elements("X", &expected).data);
}

#[test]
fn a_thousand_violations_are_told() {
    let lines = vec!["{}"; 1_000];
    let start = Instant::now();
    let violations = refused(&*block("json"), records(&lines));
    assert!(start.elapsed().as_secs() < 5);
    assert_eq!(violations.len(), 1_001);
    assert!(violations[999].message.ends_with("does not have it"));
    assert_eq!(violations[1_000].message, "4000 more violations are left out");
    assert_eq!(violations[1_000].row, None);
    // Each column has its first ones.
    for column in ["age", "visits", "smoker", "sex", "joined"] {
        let rows = violations[..1_000].iter().filter(|one| one.field == column);
        assert!(rows.map(|one| one.row).eq((0..200).map(Some)), "{column}");
    }
    let violations = refused(&*block("json"), records(&lines[..200]));
    assert_eq!(violations.len(), 1_000);
    assert!(violations.iter().all(|one| !one.message.contains("left out")));
}

#[test]
fn of_many_columns_the_first_are_listed() {
    let columns: Vec<Value> =
        (0..23).map(|place| json!({"name": format!("c{place}"), "type": "number"})).collect();
    let block = of("json", json!(columns), spec("X", "FP32", &[-1, 23]));
    let violations = refused(&*block, records(&[r#"{"SECRET": 1}"#]));
    let message = violations.iter().find(|one| one.code == Unknown).unwrap().message.clone();
    assert!(message.starts_with("a key of the record is no column; there are `c0`, "), "{message}");
    assert!(message.ends_with(", `c19` and 3 more"), "{message}");
}

#[test]
fn a_batch_that_is_too_large() {
    let categories: Vec<String> = (0..2_000).map(|place| format!("c{place}")).collect();
    let columns =
        json!([{"name": "c", "type": "category", "categories": categories, "one_hot": true}]);
    let wide = of("columns", columns, spec("X", "FP64", &[-1, 2_000]));
    let many = vec![&b"c7"[..]; 20_000];
    let violations = refused(&*wide, vec![elements("c", &many)]);
    assert_eq!(places(&violations), [(None, "X", TooLarge)]);
    let default = "x".repeat(1 << 20);
    let columns = json!([{"name": "c", "type": "category", "default": default}]);
    let long = of("columns", columns, spec("X", "BYTES", &[-1]));
    let violations = refused(&*long, vec![elements("c", &[&b""[..]; 300])]);
    assert_eq!(places(&violations), [(None, "X", TooLarge)]);
}

/// The data of the output, of one column in JSON, or the code of the violation.
fn one(column: Value, datatype: &str, value: &str) -> Result<Vec<u8>, ViolationCode> {
    let mut column = column;
    column["name"] = json!("x");
    let block = of("json", json!([column]), spec("X", datatype, &[-1]));
    match run(&*block, records(&[&format!("{{\"x\": {value}}}")])) {
        Ok(mut batch) => Ok(batch.take("X").unwrap().data),
        Err(Error::Invalid(violations)) => Err(violations[0].code),
        Err(error) => panic!("{error:?}"),
    }
}

#[test]
fn what_a_datatype_has() {
    let number = || json!({"type": "number"});
    let integer = || json!({"type": "integer"});
    for (datatype, value) in [
        ("INT64", "0.5"),
        ("INT64", "1e19"),
        ("INT32", "2147483648"),
        ("UINT8", "-1"),
        ("UINT8", "256"),
        ("BOOL", "2"),
        ("BOOL", "-1"),
        ("FP16", "65520"),
        ("FP32", "3.5e38"),
        ("FP64", "1e309"),
    ] {
        assert_eq!(one(number(), datatype, value), Err(OutOfRange), "{value} in {datatype}");
    }
    assert_eq!(one(number(), "INT64", "-3.0"), Ok((-3_i64).to_le_bytes().into()));
    assert_eq!(one(number(), "UINT8", "255"), Ok(vec![255]));
    assert_eq!(one(number(), "BOOL", "1"), Ok(vec![1]));
    assert_eq!(one(number(), "FP16", "65504"), Ok(vec![0xFF, 0x7B]));
    assert_eq!(one(number(), "FP64", "-0.0"), Ok((-0.0_f64).to_le_bytes().into()));
    // Not by way of double precision.
    let exact = 9_007_199_254_740_993_i64;
    assert_eq!(one(integer(), "INT64", "9007199254740993"), Ok(exact.to_le_bytes().into()));
    assert_eq!(
        one(json!({"type": "integer", "clip": [0, 1e18]}), "INT64", "9007199254740993"),
        Ok(exact.to_le_bytes().into())
    );
    assert_eq!(one(integer(), "INT64", "9223372036854775808"), Err(OutOfRange));
    assert_eq!(
        one(json!({"type": "number", "clip": [0, 120]}), "UINT8", "1e39"),
        Ok(vec![120]),
        "clipped first"
    );
    for (value, clipped) in [("120.5", 120.0), ("119.5", 119.5), ("-0.5", 0.0)] {
        let data = one(json!({"type": "number", "clip": [0, 120]}), "FP64", value);
        assert_eq!(data, Ok(f64::to_le_bytes(clipped).into()));
    }
    assert_eq!(one(json!({"type": "number", "std": 1e-300}), "FP64", "1e300"), Err(OutOfRange));
    // A category that is missing, of several numbers.
    let nullable =
        json!({"type": "category", "categories": ["a"], "one_hot": true, "nullable": true});
    let data = one(nullable, "FP32", "null").unwrap();
    assert!(f32::from_le_bytes(data.try_into().unwrap()).is_nan());
}

#[test]
fn dates_of_a_manifest_without_quotes() {
    let unquoted = |date: &str| json!({"$__toml_private_datetime": date});
    let column = json!({"type": "date", "since": unquoted("2020-01-01"), "per": "hours",
        "default": unquoted("2020-01-02T01:00:00+01:00")});
    assert_eq!(one(column.clone(), "INT64", "null"), Ok(24_i64.to_le_bytes().into()));
    // Rounded down, also before that.
    assert_eq!(one(column, "INT64", "\"2019-12-31T23:30:00Z\""), Ok((-1_i64).to_le_bytes().into()));
}
