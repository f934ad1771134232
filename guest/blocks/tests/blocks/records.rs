//! Records that are wrong, each fault with its row and column, all at once; and what a
//! manifest says of columns that cannot be.

use crate::cases::{before_of, element, elements, floats, numbers, refused, run, spec};
use crate::random::Random;
use outpost_blocks::Block;
use outpost_guest::ViolationCode::{
    Duplicate, InvalidText, Malformed, Missing, Null, OutOfRange, TooLarge, Unknown,
    UnknownCategory, WrongDatatype, WrongShape, WrongSize,
};
use outpost_guest::{Datatype, Error, Tensor, TensorSpec, Violation, ViolationCode};
use serde_json::{Value, json};
use std::time::Instant;

fn columns() -> Value {
    json!([
        {"name": "age", "type": "number", "clip": [-1e300, 1e300]},
        {"name": "visits", "type": "integer"},
        {"name": "smoker", "type": "boolean"},
        {"name": "sex", "type": "category", "categories": ["female", "male"], "one_hot": true},
        {"name": "joined", "type": "date", "part": "year"},
        {"name": "score", "type": "number", "default": 1.0},
    ])
}

fn of(format: &str, columns: Value, output: TensorSpec) -> Box<dyn Block> {
    let stated = json!({"block": "records", "format": format, "columns": columns});
    before_of(stated, &[output]).unwrap().0
}

fn block(format: &str) -> Box<dyn Block> {
    of(format, columns(), spec("X", "FP32", &[-1, 7]))
}

fn records(lines: &[&str]) -> Vec<Tensor> {
    let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
    vec![elements("records", &lines)]
}

/// Row, field and code of each.
fn places(violations: &[Violation]) -> Vec<(Option<u64>, &str, ViolationCode)> {
    violations.iter().map(|one| (one.row, one.field.as_str(), one.code)).collect()
}

fn wide(name: &str, datatype: Datatype, numbers: &[[u8; 8]]) -> Tensor {
    let shape = vec![numbers.len() as u64];
    Tensor { name: name.into(), datatype, shape, data: numbers.concat() }
}

fn doubles(name: &str, numbers: &[f64]) -> Tensor {
    let bytes: Vec<[u8; 8]> = numbers.iter().map(|number| number.to_le_bytes()).collect();
    wide(name, Datatype::Fp64, &bytes)
}

fn integers(name: &str, numbers: &[i64]) -> Tensor {
    let bytes: Vec<[u8; 8]> = numbers.iter().map(|number| number.to_le_bytes()).collect();
    wide(name, Datatype::Int64, &bytes)
}

fn booleans(name: &str, bytes: &[u8]) -> Tensor {
    let shape = vec![bytes.len() as u64];
    Tensor { name: name.into(), datatype: Datatype::Bool, shape, data: bytes.into() }
}

fn good() -> Vec<Tensor> {
    vec![
        doubles("age", &[30.0, 31.0]),
        integers("visits", &[1, -2]),
        booleans("smoker", &[0, 1]),
        elements("sex", &[b"male", b"female"]),
        elements("joined", &[b"2024-02-29", b"2020-01-01T00:00:00+01:00"]),
        doubles("score", &[f64::NAN, 5.0]),
    ]
}

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
            "joined": "2024-1-1", "colour": 1, "Ä": 2}"#,
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
            (Some(3), "colour", Unknown),
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
    for violation in violations {
        assert!(!violation.message.contains("SECRET"), "{}", violation.message);
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
    assert_eq!(violations.len(), 1_000);
    assert!(violations[998].message.ends_with("does not have it"));
    assert!(violations[999].message.ends_with("; 4000 more violations are not listed"));
    let violations = refused(&*block("json"), records(&lines[..200]));
    assert_eq!(violations.len(), 1_000);
    assert!(violations.iter().all(|one| !one.message.contains("more violations")));
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

#[test]
fn the_outer_tensors() {
    let inputs = [
        spec("first", "FP32", &[1]),
        spec("X", "FP32", &[8, 1]),
        spec("between", "INT64", &[2]),
        spec("Y", "INT64", &[-1]),
    ];
    let columns = json!([
        {"name": "X", "type": "number"},
        {"name": "b", "type": "boolean", "output": "Y"},
    ]);
    let stated = |format: &str| json!({"block": "records", "format": format, "output": "X", "columns": columns});
    let outer = |format: &str| -> Vec<(String, Datatype, Vec<i64>)> {
        let (_, specs) = before_of(stated(format), &inputs).unwrap();
        specs.into_iter().map(|spec| (spec.name, spec.datatype, spec.shape)).collect()
    };
    assert_eq!(
        outer("columns"),
        [
            ("first".into(), Datatype::Fp32, vec![1]),
            ("X".into(), Datatype::Fp64, vec![8]),
            ("b".into(), Datatype::Bool, vec![8]),
            ("between".into(), Datatype::Int64, vec![2]),
        ]
    );
    assert_eq!(outer("csv")[1], ("records".into(), Datatype::Bytes, vec![8]));
    assert_eq!(outer("csv").len(), 3);
    // Several blocks.
    let blocks = vec![
        json!({"block": "records", "output": "X", "columns": [{"name": "a", "type": "number"}]}),
        json!({"block": "records", "output": "Y", "columns": [{"name": "b", "type": "integer"}]}),
    ];
    let (blocks, specs) = outpost_blocks::before(blocks, inputs.into(), &|_| None).unwrap();
    let names: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
    assert_eq!(names, ["first", "a", "between", "b"]);
    let mut batch = outpost_blocks::Batch::default();
    batch.tensors.extend([integers("b", &[4]), doubles("a", &[3.0]), integers("between", &[1, 2])]);
    blocks.iter().for_each(|block| block.run(&mut batch).unwrap());
    assert_eq!(numbers(&batch.take("X").unwrap()), [3.0]);
    assert_eq!(numbers(&batch.take("Y").unwrap()), [4.0]);
    assert_eq!(numbers(&batch.take("between").unwrap()), [1.0, 2.0]);
}

/// Each part must be in the error for these columns.
#[track_caller]
fn stated(block: Value, output: TensorSpec, parts: &[&str]) {
    let mut stated = json!({"block": "records"});
    stated.as_object_mut().unwrap().extend(block.as_object().unwrap().clone());
    let error = before_of(stated, &[output]).err().unwrap();
    for part in parts {
        assert!(error.contains(part), "`{part}` is not in: {error}");
    }
    assert_eq!(error.matches("; ").count() + 1, parts.len(), "{error}");
}

fn wide_spec() -> TensorSpec {
    spec("X", "FP32", &[-1, 4])
}

#[test]
fn widths_that_do_not_match() {
    let columns = json!([
        {"name": "a", "type": "number"},
        {"name": "b", "type": "category", "categories": ["x", "y"], "one_hot": true},
    ]);
    let message = "`X` (FP32 [-1, 4]) takes 4 for each row, but the columns make 3 (`a` 1, `b` 2)";
    stated(json!({"columns": columns}), wide_spec(), &[message]);
    let message = "takes 1 for each row, but the columns make 3";
    stated(json!({"columns": columns}), spec("X", "FP32", &[4]), &[message]);
    for shape in [&[][..], &[-1, 3, 1]] {
        let message = "takes no records: they are [N, width] or [N]";
        stated(json!({"columns": columns}), spec("X", "FP32", shape), &[message]);
    }
    let any = json!({"block": "records", "columns": columns});
    assert!(before_of(any, &[spec("X", "FP32", &[-1, -1])]).is_ok());
}

#[test]
fn all_that_is_wrong_with_a_manifest() {
    stated(
        json!({"format": "xml", "input": "x", "colums": 1}),
        wide_spec(),
        &[
            "`format` is columns, json or csv",
            "`input` is for the formats json and csv",
            "with columns, each is an input",
            "has no columns",
            "say [[before.columns]]",
            "there is no key `colums`",
            "there are format, input, output, columns",
        ],
    );
    let columns = json!([
        {"type": "number"},
        {"name": "a", "type": "number", "clip": [1, 0], "std": 0, "categories": []},
        {"name": "a", "type": "text"},
        {"name": "c", "type": "category", "one_hot": true},
        {"name": "d", "type": "category", "categories": ["x", "x", ""], "unknown": "zeros"},
        {"name": "e", "type": "category", "categories": ["x"], "one_hot": true, "unknown": -1},
        {"name": "f", "type": "category", "categories": ["x"], "default": "y"},
        {"name": "g", "type": "date"},
        {"name": "h", "type": "date", "since": "2020"},
        {"name": "i", "type": "date", "since": "2020-01-01"},
        {"name": "j", "type": "date", "part": "second"},
        {"name": "k", "type": "integer", "default": 1.5},
        {"name": "l", "type": "boolean", "default": 1, "mean": 2},
        {"name": "m", "type": "number", "default": 1e39},
        {"name": "n", "type": "number", "default": 1, "nullable": true},
        {"name": "o", "type": "number", "unitt": "m", "unit": 1},
        {"name": "p", "type": "number", "output": "Y"},
        7,
    ]);
    stated(
        json!({"columns": columns}),
        wide_spec(),
        &[
            "column number 1: has no `name`",
            "column `a`: `clip` is the least and the largest",
            "column `a`: `std` is not above 0",
            "column `a`: `categories` is not for the type number",
            "column number 3: there is a column `a` before it",
            "column number 3: `type` is number, integer, boolean, category or date",
            "column `c`: has no `categories`",
            "list all, in the order of the model",
            "column `d`: `categories` has `x` more than once",
            "column `d`: a category is empty",
            "that is for `default`",
            "column `d`: `unknown` is a number, or left out",
            "column `e`: `unknown` is \"zeros\" with `one_hot`",
            "column `f`: `default` is not a value of this type",
            "column `g`: takes `since` and `per` (seconds",
            "column `h`: `since` is a date like",
            "column `i`: takes `since` and `per`",
            "column `j`: `part`: unknown variant `second`",
            "column `j`: takes `since` and `per`",
            "column `k`: `default` is not a value of this type",
            "column `l`: `mean` is not for the type boolean",
            "column `l`: `default` is not a value of this type",
            "column `m`: `default`: the value is too large for FP32",
            "column `n`: has a `default` and is `nullable`",
            "say one",
            "column `o`: `unit`: invalid type",
            "column `o`: there is no key `unitt`",
            "there are categories, clip",
            "column `p`: there is no input `Y` to fill",
            "there are `X` (FP32 [-1, 4])",
            "column number 18: is no table",
        ],
    );
}

#[test]
fn datatypes_that_do_not_go_together() {
    let column = |more: Value| {
        let mut column = json!({"name": "a"});
        column.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"columns": [column]})
    };
    let many: Vec<String> = (0..257).map(|place| place.to_string()).collect();
    for (datatype, more, part) in [
        ("INT64", json!({"type": "number", "std": 2}), "`mean` and `std` make fractions"),
        ("INT64", json!({"type": "number", "clip": [0, 0.5]}), "`clip` has a fraction"),
        ("INT64", json!({"type": "number", "default": 0.5}), "`default`: the value is not one"),
        ("UINT8", json!({"type": "category", "categories": many}), "not as many numbers"),
        (
            "UINT8",
            json!({"type": "category", "categories": ["a"], "unknown": -1}),
            "`unknown` is not in UINT8",
        ),
        ("BYTES", json!({"type": "number"}), "BYTES, which only a category can become"),
        (
            "BYTES",
            json!({"type": "category", "categories": ["a"], "unknown": 1}),
            "`unknown` is a text",
        ),
        (
            "BYTES",
            json!({"type": "category", "categories": ["a"], "one_hot": true}),
            "`one_hot` makes numbers",
        ),
        ("BYTES", json!({"type": "category", "unknown": "a"}), "`unknown` goes with `categories`"),
    ] {
        stated(column(more), spec("X", datatype, &[-1, 1]), &[part]);
    }
    stated(
        column(json!({"type": "number", "nullable": true})),
        spec("X", "INT64", &[-1, 1]),
        &["is `nullable`, but INT64 has no NaN", "give a `default`"],
    );
}

#[test]
fn names_that_clash_and_outputs_that_are_not_clear() {
    let inputs = [spec("X", "FP32", &[-1, 1]), spec("k", "INT64", &[1])];
    let error = |more: Value| {
        let mut stated = json!({"block": "records"});
        stated.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        before_of(stated, &inputs).err().unwrap()
    };
    let columns = json!([{"name": "k", "type": "number"}]);
    let clash = error(json!({"output": "X", "columns": columns}));
    assert!(clash.contains("there would be two tensors `k`"), "{clash}");
    let two = json!([{"name": "a", "type": "number"}, {"name": "b", "type": "number"}]);
    let unclear = error(json!({"columns": two}));
    assert_eq!(unclear.matches("which input is its `output`").count(), 1, "{unclear}");
    let fixed = json!([{"name": "a", "type": "number", "output": "X"},
        {"name": "b", "type": "integer", "output": "k"}]);
    let inputs = [spec("X", "FP32", &[2, 1]), spec("k", "INT64", &[1])];
    let stated = json!({"block": "records", "columns": fixed});
    let rows = before_of(stated, &inputs).err().unwrap();
    assert!(rows.contains("`k` takes 1 rows, and another input 2"), "{rows}");
}

const LINES: [&str; 5] = [
    r#"{"age": 30, "visits": 1, "smoker": true, "sex": "male", "joined": "2024-02-29"}"#,
    r#"{"age": -1e5, "visits": 1, "smoker": false, "sex": "female", "joined": "2024-02-29"}"#,
    "30,1,true,male,2024-02-29T12:00:00.5+01:00,1",
    "\"30\",1,false,\"female\",2024-02-29,\r\n",
    "2024-02-29T12:00:00.5+01:00",
];

#[test]
fn any_bytes() {
    let mut random = Random(5);
    let (mut answered, mut refused) = (0, 0);
    let pieces: &[&[u8]] =
        &[b"\"", b",", b"{", b"}", b"\\", b"\xFF", b"\n", b"null", b"9", b"\0", b"-", b"\xED\xA0"];
    for format in ["json", "csv", "columns"] {
        let block = block(format);
        for _ in 0..20_000 {
            let mut line = LINES[random.next(LINES.len())].as_bytes().to_vec();
            for _ in 0..random.next(3) {
                let at = random.next(line.len() + 1);
                match random.next(4) {
                    0 => line.truncate(at),
                    1 if at < line.len() => line[at] = random.next(256) as u8,
                    2 if at < line.len() => {
                        line.remove(at);
                    }
                    _ => {
                        let piece = pieces[random.next(pieces.len())];
                        line.splice(at..at, piece.iter().copied());
                    }
                }
            }
            let tensors = if format == "columns" {
                let mut tensors = good();
                let which = random.next(tensors.len());
                let data = &mut tensors[which].data;
                match random.next(3) {
                    0 => *data = line,
                    1 => data.truncate(random.next(data.len() + 1)),
                    _ => {
                        let at = random.next(data.len());
                        data[at] = random.next(256) as u8;
                    }
                }
                tensors
            } else {
                vec![elements("records", &[&line])]
            };
            match run(&*block, tensors) {
                Ok(batch) => {
                    let [tensor] = &batch.tensors[..] else { panic!("{batch:?}") };
                    assert_eq!(tensor.data.len() as u64, tensor.shape[0] * 7 * 4);
                    answered += 1;
                }
                Err(Error::Invalid(violations)) => {
                    assert!(!violations.is_empty() && violations.len() <= 1_000);
                    refused += 1;
                }
                Err(error) => panic!("{error:?}"),
            }
        }
    }
    assert!(answered > 5_000 && refused > 5_000, "{answered} were answered, {refused} refused");
}

#[test]
fn deep_json_takes_no_stack() {
    let deep = format!("{{\"age\": {}", "[".repeat(1 << 20));
    assert_eq!(
        places(&refused(&*block("json"), records(&[&deep]))),
        [(Some(0), "records", Malformed)]
    );
}
