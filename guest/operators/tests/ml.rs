//! The operators of `ai.onnx.ml` and of text against ONNX Runtime: models of one
//! node, see `ml/make.py`.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use serde_json::Value;
use std::collections::HashMap;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::{AttributeProto, GraphProto, ModelProto, NodeProto};
use tract_onnx::prelude::tract_ndarray::ArrayD;
use tract_onnx::prelude::*;

/// A tensor as the file writes it.
fn tensor(value: &Value) -> Tensor {
    let list = |key: &str| value[key].as_array().expect("a list").iter();
    let shape: Vec<usize> =
        list("shape").map(|x| x.as_u64().expect("an extent") as usize).collect();
    let kind = match value["datatype"].as_str().expect("a datatype") {
        "BYTES" => {
            let texts = list("data").map(|x| x.as_str().expect("text").to_string()).collect();
            return ArrayD::<String>::from_shape_vec(shape, texts).expect("a shape").into();
        }
        "FP32" => DatumType::F32,
        "FP64" => DatumType::F64,
        "INT32" => DatumType::I32,
        "UINT32" => DatumType::U32,
        "INT64" => DatumType::I64,
        other => panic!("there is no datatype {other}"),
    };
    let numbers = list("data").map(|x| match x {
        Value::String(text) => text.parse().expect("a number"),
        number => number.as_f64().expect("a number"),
    });
    let numbers = ArrayD::<f64>::from_shape_vec(shape, numbers.collect()).expect("a shape");
    Tensor::from(numbers).cast_to_dt(kind).expect("a number").into_owned()
}

/// What a model gives; with its first axis left open, or closed.
fn run(model: &ModelProto, inputs: &[Tensor], open: bool) -> TractResult<TVec<TValue>> {
    let mut framework = onnx();
    outpost_operators::register(&mut framework);
    let mut model = framework.model_for_proto_model(model)?;
    // Axes of the same extent are taken for the same.
    let mut extents: HashMap<usize, TDim> = HashMap::new();
    for (index, input) in inputs.iter().enumerate() {
        let mut shape: TVec<TDim> = input.shape().iter().map(|extent| extent.to_dim()).collect();
        if let (true, Some(batch)) = (open && input.rank() == 2, shape.first_mut()) {
            let symbol = || model.symbols.new_with_prefix("batch").to_dim();
            *batch = extents.entry(input.shape()[0]).or_insert_with(symbol).clone();
        }
        model.set_input_fact(index, InferenceFact::dt_shape(input.datum_type(), shape))?;
    }
    let inputs = inputs.iter().map(|input| input.clone().into_tvalue()).collect();
    model.into_optimized()?.into_runnable()?.run(inputs)
}

/// What is wrong with a result, if it is not the expected one.
fn difference(result: &Tensor, expected: &Tensor) -> Option<String> {
    if (result.datum_type(), result.shape()) != (expected.datum_type(), expected.shape()) {
        return Some(format!("{result:?} instead of {expected:?}"));
    }
    if result.datum_type() == DatumType::String {
        return (result != expected).then(|| format!("{result:?} instead of {expected:?}"));
    }
    let numbers = |tensor: &Tensor| -> Vec<f64> {
        let numbers = tensor.cast_to::<f64>().expect("numbers");
        numbers.to_plain_array_view::<f64>().expect("numbers").iter().copied().collect()
    };
    let close = |(x, y): &(f64, f64)| {
        x == y || (x.is_nan() && y.is_nan()) || (x - y).abs() <= 1e-6 + 1e-5 * y.abs()
    };
    let wrong = numbers(result).into_iter().zip(numbers(expected)).find(|pair| !close(pair));
    wrong.map(|(x, y)| format!("{x} instead of {y}"))
}

#[test]
fn operators_give_what_onnx_runtime_gives() {
    let cases = std::fs::read_to_string("tests/ml/cases.jsonl").expect("the cases");
    let mut failures = vec![];
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).expect("a case");
        let list = |key: &str| -> Vec<Tensor> {
            case[key].as_array().expect("a list").iter().map(tensor).collect()
        };
        let (inputs, expected) = (list("inputs"), list("outputs"));
        let model = decode(case["model"].as_str().expect("a model"));
        for open in [true, false] {
            let wrong = match run(&model, &inputs, open) {
                Err(error) => Some(format!("{error:#}")),
                Ok(results) => results.iter().zip(&expected).find_map(|(x, y)| difference(x, y)),
            };
            failures.extend(wrong.map(|wrong| format!("{} (open: {open}): {wrong}", case["name"])));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Why a model of one node cannot be read.
fn refusal(operator: &str, attributes: Vec<AttributeProto>) -> String {
    let (input, output) = (vec!["x".to_string()], vec!["y".to_string()]);
    let op_type = operator.to_string();
    let node = NodeProto { op_type, input, output, attribute: attributes, ..Default::default() };
    let graph = GraphProto { node: vec![node], ..Default::default() };
    let model = ModelProto { graph: Some(graph), ..Default::default() };
    let mut framework = onnx();
    outpost_operators::register(&mut framework);
    let read = framework.model_for_proto_model(&model);
    format!("{:#}", read.expect_err("an error"))
}

fn attribute(name: &str, kind: AttributeType) -> AttributeProto {
    AttributeProto { name: name.into(), r#type: kind as i32, ..Default::default() }
}

fn text(name: &str, value: &str) -> AttributeProto {
    AttributeProto { s: value.into(), ..attribute(name, AttributeType::String) }
}

fn number(name: &str, value: i64) -> AttributeProto {
    AttributeProto { i: value, ..attribute(name, AttributeType::Int) }
}

#[test]
fn maps_are_refused() {
    let why = refusal("DictVectorizer", vec![]);
    assert!(why.contains("reads a map, which no request can carry"), "{why}");
}

#[test]
fn expressions_that_are_not_understood_are_refused() {
    let refused = [
        (r"\p{L}+", "Unicode classes"),
        ("(a", "a bracket is not closed"),
        ("a)", "closed too often"),
        ("[a-", "not closed"),
        ("[b-a]", "a range goes from"),
        ("*a", "nothing for `*` to repeat"),
        ("(?=a)", "not understood"),
        ("a{2000}", "repeats a part"),
        ("((a{999}){999}){999}", "too large"),
        ("((){999}){999}", "too large"),
        ("\\", "ends in a backslash"),
    ];
    let nested = "(".repeat(1000);
    for (expression, why) in refused.into_iter().chain([(nested.as_str(), "too deep")]) {
        let attributes = vec![
            text("tokenexp", expression),
            text("pad_value", ""),
            number("mincharnum", 1),
            number("mark", 0),
        ];
        let found = refusal("Tokenizer", attributes);
        assert!(found.contains(why), "{expression}: {found}");
    }
}

/// Base 64 to a model.
fn decode(text: &str) -> ModelProto {
    use prost::Message;
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.bytes().map(|c| alphabet.iter().position(|a| *a == c));
    let digits: Vec<usize> = digits.take_while(Option::is_some).flatten().collect();
    let mut bytes = vec![];
    for four in digits.chunks(4) {
        let bits = (0..4).fold(0, |bits, i| bits << 6 | four.get(i).copied().unwrap_or(0) as u32);
        bytes.extend(bits.to_be_bytes()[1..].iter().take(four.len() * 6 / 8));
    }
    ModelProto::decode(&*bytes).expect("a model")
}
