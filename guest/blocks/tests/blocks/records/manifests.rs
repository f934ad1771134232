//! What a manifest says of records: the tensors on the outer side, and what cannot be.

use super::{doubles, integers};
use crate::cases::{before_of, numbers, spec};
use outpost_guest::{Datatype, TensorSpec};
use serde_json::{Value, json};

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
