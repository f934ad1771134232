//! Conversion between the contract's tensors and tract's.

use outpost_guest::{Datatype, Tensor, Violation, ViolationCode, split_byte_string};
use tract_onnx::prelude::{DatumType, Tensor as TractTensor};
use tract_onnx::tract_hir::internal::tract_itertools::Itertools;

const DATATYPES: [(Datatype, DatumType); 13] = [
    (Datatype::Bool, DatumType::Bool),
    (Datatype::Uint8, DatumType::U8),
    (Datatype::Uint16, DatumType::U16),
    (Datatype::Uint32, DatumType::U32),
    (Datatype::Uint64, DatumType::U64),
    (Datatype::Int8, DatumType::I8),
    (Datatype::Int16, DatumType::I16),
    (Datatype::Int32, DatumType::I32),
    (Datatype::Int64, DatumType::I64),
    (Datatype::Fp16, DatumType::F16),
    (Datatype::Fp32, DatumType::F32),
    (Datatype::Fp64, DatumType::F64),
    (Datatype::Bytes, DatumType::String),
];

/// The contract's name for a tract type; `None` where it has none. Quantised
/// integers travel as the integers that hold them, symbolic dimensions as INT64.
pub fn datatype(datum: DatumType) -> Option<Datatype> {
    let datum = if datum == DatumType::TDim { DatumType::I64 } else { datum.unquantized() };
    DATATYPES.iter().find(|entry| entry.1 == datum).map(|entry| entry.0)
}

pub fn datum_type(datatype: Datatype) -> Option<DatumType> {
    DATATYPES.iter().find(|entry| entry.0 == datatype).map(|entry| entry.1)
}

/// `tensor` as tract's. Its size was checked against its shape before.
pub fn to_tract(tensor: &Tensor) -> Result<TractTensor, Violation> {
    let fault =
        |code, message: String| Violation { field: tensor.name.clone(), row: None, code, message };
    let shape = (tensor.shape.iter())
        .map(|&extent| usize::try_from(extent))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| fault(ViolationCode::WrongShape, "the shape is too large".into()))?;
    match tensor.datatype {
        Datatype::Bytes => {
            let strings = strings(&tensor.data).map_err(|index| {
                let message = format!("element {index} is not valid UTF-8");
                fault(ViolationCode::InvalidText, message)
            })?;
            tract_onnx::prelude::tract_ndarray::ArrayD::from_shape_vec(shape, strings)
                .map(TractTensor::from)
                .map_err(|error| fault(ViolationCode::WrongSize, error.to_string()))
        }
        Datatype::Bool if tensor.data.iter().any(|&byte| byte > 1) => {
            Err(fault(ViolationCode::OutOfRange, "a BOOL is a byte of 0 or 1".into()))
        }
        datatype => {
            let datum = datum_type(datatype).ok_or_else(|| {
                fault(ViolationCode::WrongDatatype, "the datatype is not supported".into())
            })?;
            // SAFETY: any bit pattern is a valid number, and BOOLs were checked.
            unsafe { TractTensor::from_raw_dt(datum, &shape, &tensor.data) }
                .map_err(|error| fault(ViolationCode::WrongSize, error.to_string()))
        }
    }
}

/// Splits length-prefixed strings; the error is the index of a bad one.
fn strings(data: &[u8]) -> Result<Vec<String>, usize> {
    let mut strings = Vec::new();
    let mut rest = data;
    while !rest.is_empty() {
        let index = strings.len();
        let (bytes, tail) = split_byte_string(rest).ok_or(index)?;
        strings.push(String::from_utf8(bytes.to_vec()).map_err(|_| index)?);
        rest = tail;
    }
    Ok(strings)
}

/// A result of tract's under the name of its output.
pub fn from_tract(value: &TractTensor, name: &str) -> Result<Tensor, String> {
    let unsupported = || {
        format!("output `{name}` has a type that no datatype can carry: {:?}", value.datum_type())
    };
    let datatype = datatype(value.datum_type()).ok_or_else(unsupported)?;
    let shape = value.shape().iter().map(|&extent| extent as u64).collect();
    let data = match value.datum_type() {
        DatumType::String => {
            let strings =
                value.to_plain_array_view::<String>().map_err(|error| error.to_string())?;
            let mut data = Vec::with_capacity(strings.iter().map(|s| s.len() + 4).sum());
            for string in &strings {
                let length = u32::try_from(string.len())
                    .map_err(|_| format!("a string of output `{name}` is too long"))?;
                data.extend_from_slice(&length.to_le_bytes());
                data.extend_from_slice(string.as_bytes());
            }
            data
        }
        DatumType::TDim => {
            let numbers = value.cast_to::<i64>().map_err(|error| error.to_string())?;
            numbers.as_bytes().to_vec()
        }
        _ => value.as_bytes().to_vec(),
    };
    Ok(Tensor { name: name.into(), datatype, shape, data })
}

/// `[-1, 3]`, for messages.
pub fn show_shape(shape: &[i64]) -> String {
    format!("[{}]", shape.iter().join(", "))
}
