//! Each operator against ONNX Runtime: small models of a node, which `make.py`
//! wrote into `cases.json` with the results. A model must agree where tract can
//! plan it as a whole, and where the operator is evaluated directly.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use prost::Message;
use serde_json::Value;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::ModelProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::bail;

fn tensor(of: &Value) -> Tensor {
    let shape: Vec<usize> = serde_json::from_value(of["shape"].clone()).unwrap();
    let data = of["data"].as_array().unwrap();
    if of["type"] == "str" {
        let texts = data.iter().map(|text| text.as_str().unwrap().to_owned()).collect();
        return tract_ndarray::ArrayD::<String>::from_shape_vec(shape, texts).unwrap().into();
    }
    let number = |x: &Value| match x {
        Value::Bool(x) => f64::from(u8::from(*x)),
        // What is not finite, which JSON has no numbers for.
        Value::String(x) => x.parse().unwrap(),
        x => x.as_f64().unwrap(),
    };
    let numbers: Vec<f64> = data.iter().map(number).collect();
    let datum_type = match of["type"].as_str().unwrap() {
        "bool" => DatumType::Bool,
        "uint8" => DatumType::U8,
        "int8" => DatumType::I8,
        "uint16" => DatumType::U16,
        "int16" => DatumType::I16,
        "int32" => DatumType::I32,
        "int64" => DatumType::I64,
        "float32" => DatumType::F32,
        other => panic!("{other}"),
    };
    let tensor = Tensor::from(tract_ndarray::ArrayD::from_shape_vec(shape, numbers).unwrap());
    tensor.cast_to_dt(datum_type).unwrap().into_owned()
}

fn compare(got: &Tensor, expected: &Tensor, tolerance: f64) -> TractResult<()> {
    if got.shape() != expected.shape() {
        bail!("shape {:?} instead of {:?}", got.shape(), expected.shape());
    }
    let datum_type = got.datum_type().unquantized();
    if datum_type != expected.datum_type() && datum_type != DatumType::TDim {
        bail!("{datum_type:?} instead of {:?}", expected.datum_type());
    }
    if datum_type == DatumType::String {
        let (got, expected) = (got.dump(true)?, expected.dump(true)?);
        return if got == expected { Ok(()) } else { bail!("{got} instead of {expected}") };
    }
    let (got, expected) = (got.cast_to::<f64>()?, expected.cast_to::<f64>()?);
    let pairs = got.try_as_plain_ram()?.as_slice::<f64>()?.to_vec();
    for (a, b) in pairs.iter().zip(expected.try_as_plain_ram()?.as_slice::<f64>()?) {
        // Of integers that are quantised, the tolerance is a number of them.
        let scale = if tolerance < 1.0 { b.abs().max(1.0) } else { 1.0 };
        let near = (a - b).abs() <= tolerance * scale;
        if !(near || a == b || (a.is_nan() && b.is_nan())) {
            bail!("{a} instead of {b}");
        }
    }
    Ok(())
}

struct Case {
    name: String,
    proto: ModelProto,
    inputs: Vec<Tensor>,
    outputs: Vec<Tensor>,
    tolerance: f64,
}

fn cases() -> Vec<Case> {
    let cases: Vec<Value> = serde_json::from_str(include_str!("cases.json")).unwrap();
    let tensors = |of: &Value| of.as_array().unwrap().iter().map(tensor).collect();
    let read = |case: &Value| {
        let hex = case["model"].as_str().unwrap().as_bytes();
        let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
        let bytes: Vec<u8> = hex.chunks(2).map(byte).collect();
        Case {
            name: case["name"].as_str().unwrap().to_owned(),
            proto: ModelProto::decode(&*bytes).unwrap(),
            inputs: tensors(&case["inputs"]),
            outputs: tensors(&case["outputs"]),
            tolerance: case["tolerance"].as_f64().unwrap(),
        }
    };
    cases.iter().map(read).collect()
}

fn framework() -> tract_onnx::Onnx {
    let mut framework = onnx();
    outpost_operators::register(&mut framework);
    framework
}

/// By a plan for the whole model; `None` where its shapes cannot be foreseen.
fn planned(case: &Case) -> Option<TractResult<TVec<TValue>>> {
    let mut model = framework().model_for_proto_model(&case.proto).ok()?;
    for (index, input) in case.inputs.iter().enumerate() {
        let fact = InferenceFact::dt_shape(input.datum_type(), input.shape());
        model.set_input_fact(index, fact).unwrap();
    }
    let plan = model.into_optimized().and_then(|model| model.into_runnable()).ok()?;
    Some(plan.run(case.inputs.iter().map(|input| input.clone().into_tvalue()).collect()))
}

/// By the operator alone; `None` where it is tract's.
fn evaluated(case: &Case) -> Option<TractResult<TVec<TValue>>> {
    let framework = framework();
    let graph = case.proto.graph.as_ref().unwrap();
    let context = ParsingContext {
        onnx_operator_set_version: case.proto.opset_import[0].version,
        framework: &framework,
        model: &case.proto,
        parent_graphs: vec![graph],
        model_dir: None,
        template: InferenceModel::default(),
    };
    let node = &graph.node[0];
    let builders = [
        outpost_operators::direct(&node.op_type),
        outpost_operators::fallback(&node.op_type),
        framework.op_register.0.get(&node.op_type).copied(),
    ];
    let mut operators =
        builders.into_iter().flatten().filter_map(|builder| builder(&context, node).ok());
    let ours = operators.find_map(|(operator, _)| outpost_operators::ours(&*operator).cloned())?;
    let mut given = case.inputs.iter();
    let weights = |name: &str| graph.initializer.iter().find(|tensor| tensor.name == name);
    let names = node.input.iter().filter(|name| !name.is_empty());
    let inputs: Vec<TValue> = names
        .map(|name| match weights(name) {
            Some(weight) => context.load_tensor(weight).unwrap().into_tvalue(),
            None => given.next().unwrap().clone().into_tvalue(),
        })
        .collect();
    Some(ours.0.eval(&inputs))
}

#[test]
fn operators_agree_with_onnx_runtime() {
    let mut wrong = vec![];
    for case in cases() {
        let ways = [("planned", planned(&case)), ("evaluated", evaluated(&case))];
        if ways.iter().all(|(_, result)| result.is_none()) {
            wrong.push(format!("{}: nothing runs it", case.name));
        }
        for (way, result) in ways.into_iter().filter_map(|(way, result)| Some((way, result?))) {
            let agrees = result.and_then(|outputs| {
                if outputs.len() != case.outputs.len() {
                    bail!("{} outputs", outputs.len());
                }
                outputs
                    .iter()
                    .zip(&case.outputs)
                    .try_for_each(|(got, expected)| compare(got, expected, case.tolerance))
            });
            if let Err(error) = agrees {
                wrong.push(format!("{} {way}: {error:#}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
