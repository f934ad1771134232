//! From the body of an `infer` call to a request, every fault found before one
//! is answered.

use super::elements::decode_elements;
use outpost_core::{Datatype, Error, ErrorKind, InferRequest, Tensor, Violation, ViolationCode};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The body of an `infer` call. Parameters are accepted and, for now, ignored.
#[derive(Deserialize)]
struct RequestBody<'a> {
    #[serde(default)]
    id: Option<String>,
    #[serde(borrow)]
    inputs: Option<Vec<TensorBody<'a>>>,
    #[serde(default)]
    outputs: Option<Vec<OutputBody>>,
}

#[derive(Deserialize)]
struct TensorBody<'a> {
    name: Option<String>,
    datatype: Option<String>,
    #[serde(borrow)]
    shape: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct OutputBody {
    name: String,
}

/// Reads the body of an `infer` call.
///
/// # Errors
/// [`ErrorKind::InvalidRequest`] with everything that is wrong with it.
pub fn decode_request(body: &[u8]) -> Result<InferRequest, Error> {
    let body: RequestBody<'_> = serde_json::from_slice(body).map_err(|error| malformed(&error))?;
    let mut violations = Vec::new();
    let inputs = match body.inputs {
        Some(inputs) => read_tensors(inputs, "inputs", &mut violations),
        None => {
            violations.push(missing("inputs", "the request has no `inputs`"));
            Vec::new()
        }
    };
    if violations.is_empty() {
        let outputs = body.outputs.unwrap_or_default();
        let outputs = outputs.into_iter().map(|output| output.name).collect();
        Ok(InferRequest { id: body.id, inputs, outputs })
    } else {
        Err(Error::invalid(violations))
    }
}

/// Reads an array of tensors, such as the `outputs` of an answer.
///
/// # Errors
/// [`ErrorKind::InvalidRequest`] with everything that is wrong with it.
pub fn decode_tensors(json: &str) -> Result<Vec<Tensor>, Error> {
    let tensors: Vec<TensorBody<'_>> =
        serde_json::from_str(json).map_err(|error| malformed(&error))?;
    let mut violations = Vec::new();
    let tensors = read_tensors(tensors, "tensors", &mut violations);
    if violations.is_empty() { Ok(tensors) } else { Err(Error::invalid(violations)) }
}

fn malformed(error: &serde_json::Error) -> Error {
    let what = if error.is_data() { "not an inference request" } else { "not well-formed JSON" };
    Error::new(ErrorKind::InvalidRequest, format!("the body is {what}: {error}"))
}

fn read_tensors(
    bodies: Vec<TensorBody<'_>>,
    list: &str,
    violations: &mut Vec<Violation>,
) -> Vec<Tensor> {
    let mut tensors = Vec::with_capacity(bodies.len());
    for (index, body) in bodies.into_iter().enumerate() {
        let field = body.name.clone().unwrap_or_else(|| format!("{list}[{index}]"));
        let known = violations.len();
        let tensor = read_tensor(body, &field, violations);
        if violations.len() == known {
            tensors.extend(tensor);
        }
    }
    tensors
}

/// `None` only where a violation says why.
fn read_tensor(
    body: TensorBody<'_>,
    field: &str,
    violations: &mut Vec<Violation>,
) -> Option<Tensor> {
    if body.name.is_none() {
        violations.push(missing(field, "the tensor has no `name`"));
    }
    let datatype = match body.datatype.as_deref().map(str::parse::<Datatype>) {
        Some(Ok(datatype)) => Some(datatype),
        Some(Err(message)) => {
            violations.push(violation(field, ViolationCode::WrongDatatype, message));
            None
        }
        None => {
            violations.push(missing(field, "the tensor has no `datatype`"));
            None
        }
    };
    let shape = match body.shape.map(|shape| serde_json::from_str::<Vec<u64>>(shape.get())) {
        Some(Ok(shape)) => Some(shape),
        Some(Err(_)) => {
            let message = "`shape` must be an array of whole numbers that are not negative";
            violations.push(violation(field, ViolationCode::WrongShape, message.into()));
            None
        }
        None => {
            violations.push(missing(field, "the tensor has no `shape`"));
            None
        }
    };
    let Some(data) = body.data else {
        violations.push(missing(field, "the tensor has no `data`"));
        return None;
    };
    let (datatype, shape) = (datatype?, shape?);
    match decode_elements(data.get(), datatype, &shape) {
        Ok(data) => Some(Tensor { name: body.name?, datatype, shape, data }),
        Err((code, message)) => {
            violations.push(violation(field, code, message));
            None
        }
    }
}

fn missing(field: &str, message: &str) -> Violation {
    violation(field, ViolationCode::Missing, message.into())
}

fn violation(field: &str, code: ViolationCode, message: String) -> Violation {
    Violation { field: field.into(), row: None, code, message }
}
