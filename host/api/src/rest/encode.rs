//! From an answer to its body. Numbers are written with as many digits as it
//! takes to read the same number back; NaN and infinities, which JSON does not
//! have, as `null`.

use super::decode::BinaryOutputs;
use outpost_core::{Datatype, Error, ErrorKind, InferResponse, Tensor, Violation};
use serde::ser::{Error as _, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

#[derive(Serialize)]
struct ResponseBody<'a> {
    model_name: &'a str,
    model_version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    outputs: Vec<TensorJson<'a>>,
    #[serde(skip_serializing_if = "Parameters::are_none")]
    parameters: Parameters,
}

/// What an answer says beside its outputs. The protocol has strings, numbers
/// and booleans here, so flags are a string: `age[3]:out_of_range,…`, a field,
/// its row where it is about one, and a code.
#[derive(Serialize)]
struct Parameters {
    flags: String,
}

impl Parameters {
    fn of(response: &InferResponse) -> Self {
        let flag = |flag: &Violation| match flag.row {
            Some(row) => format!("{}[{row}]:{}", flag.field, flag.code.name()),
            None => format!("{}:{}", flag.field, flag.code.name()),
        };
        let mut flags: Vec<String> = response.flags.iter().map(flag).collect();
        // A value can break several rules of a kind.
        flags.dedup();
        Parameters { flags: flags.join(",") }
    }

    fn are_none(&self) -> bool {
        self.flags.is_empty()
    }
}

/// A tensor as the protocol writes it, its data flat or after the JSON.
#[derive(Serialize)]
struct TensorJson<'a> {
    name: &'a str,
    datatype: &'static str,
    shape: &'a [u64],
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<TensorParameters>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Elements<'a>>,
}

#[derive(Serialize)]
struct TensorParameters {
    binary_data_size: usize,
}

impl<'a> TensorJson<'a> {
    fn of(tensor: &'a Tensor, binary: bool) -> Self {
        TensorJson {
            name: &tensor.name,
            datatype: tensor.datatype.name(),
            shape: &tensor.shape,
            parameters: binary.then_some(TensorParameters { binary_data_size: tensor.data.len() }),
            data: (!binary).then_some(Elements(tensor)),
        }
    }
}

/// The body of an answer.
pub struct Encoded {
    /// All of it.
    pub body: Vec<u8>,
    /// How long the JSON is, if bytes of tensors follow it.
    pub json_length: Option<usize>,
}

/// An answer that is all JSON.
///
/// # Errors
/// [`ErrorKind::ModuleFailed`] if an output holds byte strings that are not
/// text: JSON cannot carry those.
pub fn encode_response(
    model_name: &str,
    model_version: &str,
    response: &InferResponse,
) -> Result<Vec<u8>, Error> {
    encode_call(model_name, model_version, response, &BinaryOutputs::default())
        .map(|encoded| encoded.body)
}

/// An answer, in which some outputs may come as bytes after the JSON.
///
/// # Errors
/// As [`encode_response`].
pub fn encode_call(
    model_name: &str,
    model_version: &str,
    response: &InferResponse,
    binary: &BinaryOutputs,
) -> Result<Encoded, Error> {
    let wanted = |tensor: &&Tensor| binary.wants(&tensor.name);
    let body = ResponseBody {
        model_name,
        model_version,
        id: response.id.as_deref(),
        outputs: response
            .outputs
            .iter()
            .map(|tensor| TensorJson::of(tensor, wanted(&tensor)))
            .collect(),
        parameters: Parameters::of(response),
    };
    let mut body = serde_json::to_vec(&body).map_err(|error| unwritable(&error))?;
    let tail = response.outputs.iter().filter(wanted);
    let length: usize = tail.clone().map(|tensor| tensor.data.len()).sum();
    let json_length = tail.clone().next().map(|_| body.len());
    body.reserve_exact(length);
    for tensor in tail {
        body.extend_from_slice(&tensor.data);
    }
    Ok(Encoded { body, json_length })
}

/// Each element as JSON writes it.
///
/// # Errors
/// As [`encode_response`].
fn element_values(tensor: &Tensor) -> Result<Vec<Box<RawValue>>, Error> {
    serde_json::to_string(&Elements(tensor))
        .and_then(|json| serde_json::from_str(&json))
        .map_err(|error| unwritable(&error))
}

/// The data as JSON, nested as its shape; a bare element for a scalar.
///
/// # Errors
/// As [`encode_response`].
pub fn nested_elements(tensor: &Tensor) -> Result<Box<RawValue>, Error> {
    let mut level = element_values(tensor)?;
    for &extent in tensor.shape.iter().rev() {
        let Ok(extent) = usize::try_from(extent) else { break };
        level = (level.chunks(extent.max(1)))
            .map(serde_json::value::to_raw_value)
            .collect::<Result<_, _>>()
            .map_err(|error| unwritable(&error))?;
    }
    match level.into_iter().next() {
        Some(value) => Ok(value),
        None => RawValue::from_string("[]".into()).map_err(|error| unwritable(&error)),
    }
}

/// Each element as bare text.
///
/// # Errors
/// As [`encode_response`].
pub fn element_texts(tensor: &Tensor) -> Result<Vec<String>, Error> {
    let text = |value: Box<RawValue>| match tensor.datatype {
        Datatype::Bytes => serde_json::from_str(value.get()).map_err(|error| unwritable(&error)),
        _ => Ok(value.get().to_string()),
    };
    element_values(tensor)?.into_iter().map(text).collect()
}

fn unwritable(error: &serde_json::Error) -> Error {
    Error::new(ErrorKind::ModuleFailed, format!("the answer cannot be written as JSON: {error}"))
}

struct Elements<'a>(&'a Tensor);

impl Serialize for Elements<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        fn each<S: Serializer, const N: usize, T: Serialize>(
            serializer: S,
            data: &[u8],
            read: impl Fn([u8; N]) -> T,
        ) -> Result<S::Ok, S::Error> {
            serializer.collect_seq(data.as_chunks::<N>().0.iter().map(|&bytes| read(bytes)))
        }
        let Elements(tensor) = self;
        let data = tensor.data.as_slice();
        match tensor.datatype {
            Datatype::Bool => each(serializer, data, |[byte]| byte != 0),
            Datatype::Uint8 => each(serializer, data, u8::from_le_bytes),
            Datatype::Uint16 => each(serializer, data, u16::from_le_bytes),
            Datatype::Uint32 => each(serializer, data, u32::from_le_bytes),
            Datatype::Uint64 => each(serializer, data, u64::from_le_bytes),
            Datatype::Int8 => each(serializer, data, i8::from_le_bytes),
            Datatype::Int16 => each(serializer, data, i16::from_le_bytes),
            Datatype::Int32 => each(serializer, data, i32::from_le_bytes),
            Datatype::Int64 => each(serializer, data, i64::from_le_bytes),
            Datatype::Fp16 => each(serializer, data, |b| half::f16::from_le_bytes(b).to_f32()),
            Datatype::Fp32 => each(serializer, data, f32::from_le_bytes),
            Datatype::Fp64 => each(serializer, data, f64::from_le_bytes),
            Datatype::Bytes => {
                let mut list = serializer.serialize_seq(None)?;
                for string in tensor.byte_strings() {
                    let text = std::str::from_utf8(string).map_err(|_| {
                        S::Error::custom(format!(
                            "output `{}` holds bytes that are not valid UTF-8",
                            tensor.name
                        ))
                    })?;
                    list.serialize_element(text)?;
                }
                list.end()
            }
        }
    }
}
