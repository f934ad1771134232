//! The V1 protocol of TensorFlow Serving and KServe, for those who still speak it:
//! rows instead of tensors.

use super::body::{self, Content};
use super::encode::nested_elements;
use super::error::Refusal;
use super::router::{Shared, Target, TargetPath, json, named, resolve};
use crate::call::{Counted, Read};
use crate::elements::decode_elements;
use crate::gateway::Gateway;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use outpost_core::{
    Error, ErrorKind, InferRequest, InferResponse, Signature, Tensor, TensorSpec, Violation,
    ViolationCode,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Models {
    models: Vec<String>,
}

pub async fn models(State(state): Shared) -> Response {
    let routing = state.server.routing();
    json(&Models { models: routing.models().map(|(name, _)| name.to_owned()).collect() })
}

#[derive(Deserialize)]
struct PredictBody<'a> {
    #[serde(borrow)]
    instances: Vec<&'a RawValue>,
}

#[derive(Serialize)]
struct Predictions {
    predictions: Vec<Box<RawValue>>,
}

pub async fn predict(
    State(state): Shared,
    call: TargetPath,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let call = named(call)?.model;
    let Some(model) = call.strip_suffix(":predict") else {
        let message = "this path takes POST only with `:predict` after the model's name";
        return Err(Refusal::http(StatusCode::METHOD_NOT_ALLOWED, message));
    };
    let target = Target { model: model.to_owned(), version: None };
    let counted = Counted::start(&resolve(&state.server, &target)?);
    let outcome = answer(&state, &counted, &headers, body).await;
    counted.finish(outcome.as_ref().map(|_| ()).map_err(Refusal::error));
    outcome
}

async fn answer(
    state: &Gateway,
    counted: &Counted,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    body::check(headers, Content::Json)?;
    let timeout = super::infer::timeout(headers)?;
    let module = counted.deployed().module();
    let body = body::read(body, module.limits().body_mib).await?;
    let read = || {
        let (request, rows) = decode(&body, module.signature())?;
        Ok(Read { request, timeout, priority: super::decode::priority(0), kept: rows })
    };
    let predictions = counted.infer(&state.server, read, encode).await?;
    Ok(json(&Predictions { predictions }))
}

/// The request, and how many rows it has.
fn decode(body: &[u8], signature: &Signature) -> Result<(InferRequest, usize), Error> {
    let invalid = |message: String| Error::new(ErrorKind::InvalidRequest, message);
    let PredictBody { instances } = serde_json::from_slice(body)
        .map_err(|error| invalid(format!("the body is not a V1 request: {error}")))?;
    let mut violations = Vec::new();
    let mut columns: BTreeMap<&str, Vec<&RawValue>> = BTreeMap::new();
    match signature.inputs.as_slice() {
        // Rows of the only input, unless they name it.
        [input] if !instances.iter().all(|row| row.get().starts_with('{') && names(row, input)) => {
            columns.insert(&input.name, instances.clone());
        }
        inputs => {
            for (row, instance) in (0..).zip(&instances) {
                match serde_json::from_str::<BTreeMap<&str, &RawValue>>(instance.get()) {
                    Ok(mut fields) => {
                        for input in inputs {
                            if let Some(value) = fields.remove(input.name.as_str()) {
                                columns.entry(&input.name).or_default().push(value);
                            } else {
                                let message = "the row does not have it".into();
                                violations.push(violation(
                                    &input.name,
                                    Some(row),
                                    ViolationCode::Missing,
                                    message,
                                ));
                            }
                        }
                        if !fields.is_empty() {
                            let known: Vec<_> =
                                inputs.iter().map(|input| input.name.as_str()).collect();
                            let message = format!(
                                "the row has {} fields that are no inputs; these are {}",
                                fields.len(),
                                known.join(", ")
                            );
                            let code = ViolationCode::Unknown;
                            violations.push(violation("instances", Some(row), code, message));
                        }
                    }
                    Err(_) => {
                        let message = "must be an object of the model's inputs".into();
                        let code = ViolationCode::Malformed;
                        violations.push(violation("instances", Some(row), code, message));
                    }
                }
            }
        }
    }
    let mut inputs = Vec::new();
    if violations.is_empty() {
        for spec in &signature.inputs {
            let rows = columns.remove(spec.name.as_str()).unwrap_or_default();
            match tensor(spec, &rows) {
                Ok(tensor) => inputs.push(tensor),
                Err((code, message)) => violations.push(violation(&spec.name, None, code, message)),
            }
        }
    }
    if violations.is_empty() {
        Ok((InferRequest { id: None, inputs, outputs: Vec::new() }, instances.len()))
    } else {
        Err(Error::invalid(violations))
    }
}

/// Whether a row is an object with the input's name for its key, and not an element
/// like `{"b64": …}`.
fn names(row: &RawValue, input: &TensorSpec) -> bool {
    serde_json::from_str::<BTreeMap<&str, &RawValue>>(row.get())
        .is_ok_and(|fields| fields.contains_key(input.name.as_str()))
}

/// Rows one after the other. What the model leaves open is as in the first row.
fn tensor(spec: &TensorSpec, rows: &[&RawValue]) -> Result<Tensor, (ViolationCode, String)> {
    let mut shape = vec![rows.len() as u64];
    let mut first = rows.first().map(|row| row.get().to_owned());
    for &extent in spec.shape.iter().skip(1) {
        let elements =
            (first.as_deref()).and_then(|text| serde_json::from_str::<Vec<&RawValue>>(text).ok());
        let found = elements.as_ref().map(|elements| elements.len() as u64);
        shape.push(u64::try_from(extent).unwrap_or_else(|_| found.unwrap_or(1)));
        first = elements.and_then(|elements| elements.first().map(|one| one.get().to_owned()));
    }
    let mut json = String::from("[");
    for (place, row) in rows.iter().enumerate() {
        if place > 0 {
            json.push(',');
        }
        json.push_str(row.get());
    }
    json.push(']');
    let data = decode_elements(&json, spec.datatype, &shape)?;
    Ok(Tensor { name: spec.name.clone(), datatype: spec.datatype, shape, data })
}

/// For each row the output, or all outputs by name.
fn encode(response: &InferResponse, rows: usize) -> Result<Vec<Box<RawValue>>, Error> {
    let failed = |what: String| Error::new(ErrorKind::ModuleFailed, what);
    let mut columns = Vec::new();
    for output in &response.outputs {
        let nested = nested_elements(output)?;
        let values: Vec<Box<RawValue>> = serde_json::from_str(nested.get())
            .map_err(|_| failed(format!("output `{}` has no rows", output.name)))?;
        if values.len() != rows {
            return Err(failed(format!(
                "output `{}` has {} rows for {rows} instances; ask with the V2 protocol",
                output.name,
                values.len()
            )));
        }
        columns.push((output.name.as_str(), values));
    }
    if let [(_, values)] = columns.as_mut_slice() {
        return Ok(std::mem::take(values));
    }
    (0..rows)
        .map(|row| {
            let fields: BTreeMap<&str, &RawValue> = (columns.iter())
                .filter_map(|(name, values)| Some((*name, values.get(row)?.as_ref())))
                .collect();
            serde_json::value::to_raw_value(&fields)
                .map_err(|error| failed(format!("the answer cannot be written: {error}")))
        })
        .collect()
}

fn violation(field: &str, row: Option<u64>, code: ViolationCode, message: String) -> Violation {
    Violation { field: field.into(), row, code, message }
}
