//! Blocks by their manifest, and tensors by their JSON.

use half::f16;
use outpost_blocks::{Batch, Block, after, before, contract};
use outpost_guest::{Datatype, Error, Tensor, TensorSpec, Violation, ViolationCode};
use serde_json::Value;
use std::fs;

/// A tokenizer that knows two words and has no token for others.
const BARE: &str = r#"{
    "pre_tokenizer": {"type": "Whitespace"},
    "model": {"type": "WordLevel", "unk_token": "[UNK]", "vocab": {"[PAD]": 0, "hello": 1}}
}"#;

/// A file of the tests of other crates: of pictures, and tokenizers;
/// or a sound.
pub fn file(name: &str) -> Option<Vec<u8>> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let folder = match name.rsplit_once('.')?.1 {
        _ if name == "bare.json" => return Some(BARE.into()),
        "json" => format!("{folder}/text/tests/tokenizers"),
        "wav" => format!("{folder}/blocks/tests/sounds"),
        "txt" => return Some("cat\ndog\r\nbird\n".into()),
        _ => format!("{folder}/picture/tests/pictures"),
    };
    fs::read(format!("{folder}/{name}")).ok()
}

pub fn datatype(name: &str) -> Datatype {
    outpost_guest::datatype_of(name).unwrap_or_else(|| panic!("{name}"))
}

pub fn spec(name: &str, datatype_name: &str, shape: &[i64]) -> TensorSpec {
    TensorSpec { name: name.into(), datatype: datatype(datatype_name), shape: shape.into() }
}

fn integers<T: TryFrom<i64>>(value: &Value) -> Vec<T> {
    let number = |value: &Value| T::try_from(value.as_i64().unwrap()).ok().unwrap();
    value.as_array().unwrap().iter().map(number).collect()
}

fn bytes(value: &Value, datatype: Datatype) -> Vec<u8> {
    let whole = || value.as_i64().unwrap_or_else(|| i64::from(value.as_bool().unwrap()));
    let float = || match value.as_str() {
        Some(text) => text.parse().unwrap(),
        None => value.as_f64().unwrap(),
    };
    match datatype {
        Datatype::Bool | Datatype::Uint8 => vec![whole() as u8],
        Datatype::Int32 => (whole() as i32).to_le_bytes().into(),
        Datatype::Int64 => whole().to_le_bytes().into(),
        Datatype::Fp16 => f16::from_f64(float()).to_le_bytes().into(),
        Datatype::Fp32 => (float() as f32).to_le_bytes().into(),
        Datatype::Fp64 => float().to_le_bytes().into(),
        _ => element(value.as_str().unwrap().as_bytes()),
    }
}

/// An element of BYTES.
pub fn element(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_le_bytes()[..], bytes].concat()
}

/// A tensor of BYTES in a row.
pub fn elements(name: &str, all: &[&[u8]]) -> Tensor {
    Tensor {
        name: name.into(),
        datatype: Datatype::Bytes,
        shape: vec![all.len() as u64],
        data: all.iter().flat_map(|bytes| element(bytes)).collect(),
    }
}

/// A tensor of FP32.
pub fn floats(name: &str, shape: &[u64], numbers: &[f32]) -> Tensor {
    Tensor {
        name: name.into(),
        datatype: Datatype::Fp32,
        shape: shape.into(),
        data: numbers.iter().flat_map(|number| number.to_le_bytes()).collect(),
    }
}

/// A tensor of make.py and its description.
pub fn tensor(value: &Value) -> (Tensor, TensorSpec) {
    let name = value["name"].as_str().unwrap();
    if let Some(files) = value["files"].as_array() {
        let files: Vec<Vec<u8>> =
            files.iter().map(|name| file(name.as_str().unwrap()).unwrap()).collect();
        let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
        return (elements(name, &files), spec(name, "BYTES", &integers::<i64>(&value["spec"])));
    }
    let spec = spec(name, value["datatype"].as_str().unwrap(), &integers::<i64>(&value["spec"]));
    let data = value["data"].as_array().unwrap();
    let tensor = Tensor {
        name: name.into(),
        datatype: spec.datatype,
        shape: integers(&value["shape"]),
        data: data.iter().flat_map(|value| bytes(value, spec.datatype)).collect(),
    };
    (tensor, spec)
}

pub fn tensors(values: &Value) -> (Vec<Tensor>, Vec<TensorSpec>) {
    values.as_array().unwrap().iter().map(tensor).unzip()
}

/// The numbers of a tensor.
pub fn numbers(tensor: &Tensor) -> Vec<f64> {
    let of = |size: usize, number: fn(&[u8]) -> f64| -> Vec<f64> {
        tensor.data.chunks(size).map(number).collect()
    };
    match tensor.datatype {
        Datatype::Bool | Datatype::Uint8 => of(1, |bytes| bytes[0].into()),
        Datatype::Int32 => of(4, |bytes| i32::from_le_bytes(bytes.try_into().unwrap()).into()),
        Datatype::Int64 => of(8, |bytes| i64::from_le_bytes(bytes.try_into().unwrap()) as f64),
        Datatype::Fp16 => of(2, |bytes| f16::from_le_bytes(bytes.try_into().unwrap()).into()),
        Datatype::Fp32 => of(4, |bytes| f32::from_le_bytes(bytes.try_into().unwrap()).into()),
        Datatype::Fp64 => of(8, |bytes| f64::from_le_bytes(bytes.try_into().unwrap())),
        other => panic!("{other:?}"),
    }
}

/// What a manifest makes of these descriptions, or its error.
pub type Made = Result<(Box<dyn Block>, Vec<TensorSpec>), String>;

/// The block, after a model.
pub fn after_of(stated: Value, inputs: &[TensorSpec], outputs: &[TensorSpec]) -> Made {
    let (mut blocks, specs) = after(vec![stated], inputs, outputs.into(), &file)?;
    Ok((blocks.pop().unwrap(), specs))
}

/// The block, before a model.
pub fn before_of(stated: Value, inputs: &[TensorSpec]) -> Made {
    let (mut blocks, specs) = before(vec![stated], inputs.into(), &file)?;
    Ok((blocks.pop().unwrap(), specs))
}

/// A contract and the blocks before a model that it stands in front of, or its error.
pub fn contract_of(
    stated: Value,
    blocks: Vec<Value>,
    inputs: &[TensorSpec],
) -> Result<Box<dyn Block>, String> {
    let (blocks, specs) = before(blocks, inputs.into(), &file)?;
    contract(stated, &[], &specs, blocks)
}

/// What the block makes of tensors.
pub fn run(block: &dyn Block, tensors: Vec<Tensor>) -> Result<Batch, Error> {
    let mut batch = Batch { tensors, ..Batch::default() };
    block.run(&mut batch)?;
    Ok(batch)
}

/// The violations with which the block refuses tensors.
pub fn refused(block: &dyn Block, tensors: Vec<Tensor>) -> Vec<Violation> {
    match run(block, tensors) {
        Err(Error::Invalid(violations)) => violations,
        other => panic!("{other:?}"),
    }
}

/// Row and code of each.
pub fn codes(violations: &[Violation]) -> Vec<(Option<u64>, ViolationCode)> {
    violations.iter().map(|violation| (violation.row, violation.code)).collect()
}
