//! Between core's tensors and the bindings'. Going in, names and data are
//! borrowed: the only copy is the one into the sandbox.

use crate::bindings::exports::outpost::model::inference as wit;
use outpost_core::{
    Datatype, Error, ErrorKind, Prediction, Signature, Tensor, TensorSpec, Violation, ViolationCode,
};

pub fn to_wit(tensor: &Tensor) -> wit::TensorParam<'_> {
    wit::TensorParam {
        name: &tensor.name,
        datatype: datatype_to_wit(tensor.datatype),
        shape: &tensor.shape,
        data: &tensor.data,
    }
}

fn from_wit(tensor: wit::TensorResult) -> Tensor {
    Tensor {
        name: tensor.name,
        datatype: datatype_from_wit(tensor.datatype),
        shape: tensor.shape,
        data: tensor.data,
    }
}

pub fn signature(description: wit::Description) -> (String, String, Signature) {
    let specs = |specs: Vec<wit::TensorSpec>| {
        specs
            .into_iter()
            .map(|spec| TensorSpec {
                name: spec.name,
                datatype: datatype_from_wit(spec.datatype),
                shape: spec.shape,
            })
            .collect()
    };
    let signature =
        Signature { inputs: specs(description.inputs), outputs: specs(description.outputs) };
    (description.name, description.version, signature)
}

/// An error that the module gave as an answer, not by trapping.
pub fn error(error: wit::Error) -> Error {
    match error {
        wit::Error::Invalid(found) => Error::invalid(violations(found)),
        wit::Error::Failed(message) => {
            Error::new(ErrorKind::ModuleFailed, "the model could not compute an answer")
                .with_detail(message)
        }
    }
}

pub fn prediction(prediction: wit::Prediction) -> Prediction {
    Prediction {
        outputs: prediction.outputs.into_iter().map(from_wit).collect(),
        flags: violations(prediction.flags),
    }
}

fn violations(violations: Vec<wit::Violation>) -> Vec<Violation> {
    violations
        .into_iter()
        .map(|violation| Violation {
            field: violation.field,
            row: violation.row,
            code: code(violation.code),
            message: violation.message,
        })
        .collect()
}

fn code(code: wit::ViolationCode) -> ViolationCode {
    match code {
        wit::ViolationCode::Missing => ViolationCode::Missing,
        wit::ViolationCode::Unknown => ViolationCode::Unknown,
        wit::ViolationCode::Duplicate => ViolationCode::Duplicate,
        wit::ViolationCode::WrongDatatype => ViolationCode::WrongDatatype,
        wit::ViolationCode::WrongShape => ViolationCode::WrongShape,
        wit::ViolationCode::WrongSize => ViolationCode::WrongSize,
        wit::ViolationCode::OutOfRange => ViolationCode::OutOfRange,
        wit::ViolationCode::InvalidText => ViolationCode::InvalidText,
        wit::ViolationCode::Null => ViolationCode::Null,
        wit::ViolationCode::NullRate => ViolationCode::NullRate,
        wit::ViolationCode::UnknownCategory => ViolationCode::UnknownCategory,
        wit::ViolationCode::WrongLength => ViolationCode::WrongLength,
        wit::ViolationCode::Stale => ViolationCode::Stale,
        wit::ViolationCode::Malformed => ViolationCode::Malformed,
        wit::ViolationCode::TooLarge => ViolationCode::TooLarge,
    }
}

fn datatype_to_wit(datatype: Datatype) -> wit::Datatype {
    match datatype {
        Datatype::Bool => wit::Datatype::Bool,
        Datatype::Uint8 => wit::Datatype::Uint8,
        Datatype::Uint16 => wit::Datatype::Uint16,
        Datatype::Uint32 => wit::Datatype::Uint32,
        Datatype::Uint64 => wit::Datatype::Uint64,
        Datatype::Int8 => wit::Datatype::Int8,
        Datatype::Int16 => wit::Datatype::Int16,
        Datatype::Int32 => wit::Datatype::Int32,
        Datatype::Int64 => wit::Datatype::Int64,
        Datatype::Fp16 => wit::Datatype::Fp16,
        Datatype::Fp32 => wit::Datatype::Fp32,
        Datatype::Fp64 => wit::Datatype::Fp64,
        Datatype::Bytes => wit::Datatype::Bytes,
    }
}

fn datatype_from_wit(datatype: wit::Datatype) -> Datatype {
    match datatype {
        wit::Datatype::Bool => Datatype::Bool,
        wit::Datatype::Uint8 => Datatype::Uint8,
        wit::Datatype::Uint16 => Datatype::Uint16,
        wit::Datatype::Uint32 => Datatype::Uint32,
        wit::Datatype::Uint64 => Datatype::Uint64,
        wit::Datatype::Int8 => Datatype::Int8,
        wit::Datatype::Int16 => Datatype::Int16,
        wit::Datatype::Int32 => Datatype::Int32,
        wit::Datatype::Int64 => Datatype::Int64,
        wit::Datatype::Fp16 => Datatype::Fp16,
        wit::Datatype::Fp32 => Datatype::Fp32,
        wit::Datatype::Fp64 => Datatype::Fp64,
        wit::Datatype::Bytes => Datatype::Bytes,
    }
}
