//! Records: columns, JSON objects and lines of CSV to a model's tensors.

mod contract;
mod hostile;
mod manifests;
mod requests;
mod together;

use crate::cases::{before_of, elements, spec};
use outpost_blocks::Block;
use outpost_guest::{Datatype, Tensor, TensorSpec, Violation, ViolationCode};
use serde_json::{Value, json};

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
