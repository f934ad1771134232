//! From the body of an `infer` call to a request, every fault found before one
//! is answered.

use crate::elements::{check_bytes, decode_elements};
use outpost_core::{Datatype, Error, ErrorKind, InferRequest, Tensor, Violation, ViolationCode};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::time::Duration;

/// The JSON of an `infer` call. Parameters that mean nothing here are let pass.
#[derive(Deserialize)]
struct RequestBody<'a> {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    parameters: Option<RequestParameters>,
    #[serde(borrow)]
    inputs: Option<Vec<TensorBody<'a>>>,
    #[serde(default)]
    outputs: Option<Vec<OutputBody>>,
}

#[derive(Default, Deserialize)]
struct RequestParameters {
    #[serde(default)]
    binary_data_output: bool,
    /// Microseconds.
    timeout: Option<u64>,
    priority: Option<u64>,
}

#[derive(Deserialize)]
struct TensorBody<'a> {
    name: Option<String>,
    datatype: Option<String>,
    #[serde(borrow)]
    shape: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(default)]
    parameters: Option<TensorParameters>,
}

#[derive(Deserialize)]
struct TensorParameters {
    binary_data_size: Option<usize>,
}

#[derive(Deserialize)]
struct OutputBody {
    name: String,
    #[serde(default)]
    parameters: Option<OutputParameters>,
}

#[derive(Deserialize)]
struct OutputParameters {
    binary_data: Option<bool>,
}

/// A request, and what it says of how it wants to be served.
#[derive(Debug)]
pub struct Decoded {
    /// What the model is asked.
    pub request: InferRequest,
    /// How long the client waits.
    pub timeout: Option<Duration>,
    /// Higher ones come first.
    pub priority: u8,
    /// Which outputs are wanted as bytes.
    pub binary: BinaryOutputs,
}

/// Which outputs are wanted as bytes after the JSON, and not as numbers in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BinaryOutputs {
    all: bool,
    /// Those for which something else is said.
    others: Vec<(String, bool)>,
}

impl BinaryOutputs {
    /// Whether this one is.
    pub fn wants(&self, output: &str) -> bool {
        let stated = self.others.iter().find(|(name, _)| name == output);
        stated.map_or(self.all, |(_, binary)| *binary)
    }
}

/// Reads the body of an `infer` call that is all JSON.
///
/// # Errors
/// [`ErrorKind::InvalidRequest`] with everything that is wrong with it.
pub fn decode_request(body: &[u8]) -> Result<InferRequest, Error> {
    decode_call(body, None).map(|decoded| decoded.request)
}

/// Reads the body of an `infer` call: JSON, of which `json_length` says where it
/// ends if bytes of tensors follow it, in the order of those that have the
/// parameter `binary_data_size`.
///
/// # Errors
/// [`ErrorKind::InvalidRequest`] with everything that is wrong with it.
pub fn decode_call(body: &[u8], json_length: Option<usize>) -> Result<Decoded, Error> {
    let length = json_length.unwrap_or(body.len());
    let Some((json, bytes)) = body.split_at_checked(length) else {
        let message = format!(
            "the header says that {length} bytes of JSON come first, but the body has {}",
            body.len()
        );
        return Err(Error::new(ErrorKind::InvalidRequest, message));
    };
    let body: RequestBody<'_> = serde_json::from_slice(json).map_err(|error| malformed(&error))?;
    let mut violations = Vec::new();
    let mut bytes = Bytes { rest: bytes, follow: json_length.is_some() };
    let inputs = match body.inputs {
        Some(inputs) => read_tensors(inputs, "inputs", &mut bytes, &mut violations),
        None => {
            violations.push(missing("inputs", "the request has no `inputs`"));
            Vec::new()
        }
    };
    if violations.is_empty() && !bytes.rest.is_empty() {
        let message = format!("{} bytes after the last tensor", bytes.rest.len());
        violations.push(violation("inputs", ViolationCode::WrongSize, message));
    }
    if !violations.is_empty() {
        return Err(Error::invalid(violations));
    }
    let parameters = body.parameters.unwrap_or_default();
    let mut binary = BinaryOutputs { all: parameters.binary_data_output, others: Vec::new() };
    let mut outputs = Vec::new();
    for output in body.outputs.unwrap_or_default() {
        if let Some(wanted) = output.parameters.and_then(|parameters| parameters.binary_data) {
            binary.others.push((output.name.clone(), wanted));
        }
        outputs.push(output.name);
    }
    Ok(Decoded {
        request: InferRequest { id: body.id, inputs, outputs },
        // Triton's clients say 0 where they want none.
        timeout: parameters.timeout.filter(|time| *time > 0).map(Duration::from_micros),
        priority: priority(parameters.priority.unwrap_or(0)),
        binary,
    })
}

/// In the protocol 0 means whatever is usual, and then 1 is the highest.
pub fn priority(stated: u64) -> u8 {
    match u8::try_from(stated) {
        Ok(0) => 127,
        Ok(stated) => 255 - stated,
        Err(_) => 0,
    }
}

/// Bytes of tensors, from which each takes its own.
struct Bytes<'a> {
    rest: &'a [u8],
    /// Whether there may be any.
    follow: bool,
}

impl<'a> Bytes<'a> {
    fn take(&mut self, size: usize) -> Result<&'a [u8], (ViolationCode, String)> {
        if !self.follow {
            let message = "has `binary_data_size`, but the request has no header \
                           `Inference-Header-Content-Length`";
            return Err((ViolationCode::Malformed, message.into()));
        }
        let (taken, rest) = self.rest.split_at_checked(size).ok_or_else(|| {
            let message = format!("needs {size} bytes, but only {} are left", self.rest.len());
            (ViolationCode::WrongSize, message)
        })?;
        self.rest = rest;
        Ok(taken)
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
    let mut none = Bytes { rest: &[], follow: false };
    let tensors = read_tensors(tensors, "tensors", &mut none, &mut violations);
    if violations.is_empty() { Ok(tensors) } else { Err(Error::invalid(violations)) }
}

fn malformed(error: &serde_json::Error) -> Error {
    let what = if error.is_data() { "not an inference request" } else { "not well-formed JSON" };
    Error::new(ErrorKind::InvalidRequest, format!("the body is {what}: {error}"))
}

fn read_tensors(
    bodies: Vec<TensorBody<'_>>,
    list: &str,
    bytes: &mut Bytes<'_>,
    violations: &mut Vec<Violation>,
) -> Vec<Tensor> {
    let mut tensors = Vec::with_capacity(bodies.len());
    for (index, body) in bodies.into_iter().enumerate() {
        let field = body.name.clone().unwrap_or_else(|| format!("{list}[{index}]"));
        let known = violations.len();
        let tensor = read_tensor(body, &field, bytes, violations);
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
    bytes: &mut Bytes<'_>,
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
    // Taken even if something else is wrong, so that the next tensor gets its own.
    let size = body.parameters.and_then(|parameters| parameters.binary_data_size);
    let data = match (size.map(|size| bytes.take(size)), body.data) {
        (Some(Ok(_)), Some(_)) => {
            let message = "has both `data` and `binary_data_size`".to_owned();
            Err((ViolationCode::Duplicate, message))
        }
        (Some(Ok(bytes)), None) => Ok(Data::Bytes(bytes)),
        (Some(Err(fault)), _) => Err(fault),
        (None, Some(json)) => Ok(Data::Json(json.get())),
        (None, None) => Err((ViolationCode::Missing, "the tensor has no `data`".into())),
    };
    let (datatype, shape) = match (datatype, shape, &data) {
        (Some(datatype), Some(shape), _) => (datatype, shape),
        (_, _, Ok(_)) => return None,
        (_, _, Err((code, message))) => {
            violations.push(violation(field, *code, message.clone()));
            return None;
        }
    };
    let data = data.and_then(|data| match data {
        Data::Json(json) => decode_elements(json, datatype, &shape),
        Data::Bytes(bytes) => {
            check_bytes(bytes, datatype, &shape)?;
            Ok(bytes.to_vec())
        }
    });
    match data {
        Ok(data) => Some(Tensor { name: body.name?, datatype, shape, data }),
        Err((code, message)) => {
            violations.push(violation(field, code, message));
            None
        }
    }
}

/// Where the elements of a tensor are.
enum Data<'a> {
    Json(&'a str),
    Bytes(&'a [u8]),
}

fn missing(field: &str, message: &str) -> Violation {
    violation(field, ViolationCode::Missing, message.into())
}

fn violation(field: &str, code: ViolationCode, message: String) -> Violation {
    Violation { field: field.into(), row: None, code, message }
}
