//! For guests that stand around a model: the model inside.
//!
//! A guest that calls [`infer`] is a wrapper; `outpost build` joins it with the
//! model that its manifest names. The model cannot be asked while the wrapper is
//! being frozen; what it takes and gives is in the manifest then, under `inner`.

use crate::bindings::outpost::model::inference as inside;
use crate::{Datatype, Error, Prediction, Tensor, Violation, ViolationCode};

/// Asks the model inside.
///
/// # Errors
/// What it answers; [`Error::Invalid`] names its inputs, not the wrapper's.
pub fn infer(inputs: Vec<Tensor>) -> Result<Prediction, Error> {
    let inputs: Vec<_> = inputs.into_iter().map(inward).collect();
    match inside::infer(&inputs) {
        Ok(prediction) => Ok(Prediction {
            outputs: prediction.outputs.into_iter().map(outward).collect(),
            flags: prediction.flags.into_iter().map(violation).collect(),
        }),
        Err(inside::Error::Invalid(violations)) => {
            Err(Error::Invalid(violations.into_iter().map(violation).collect()))
        }
        Err(inside::Error::Failed(message)) => Err(Error::Failed(message)),
    }
}

fn inward(tensor: Tensor) -> inside::Tensor {
    let Tensor { name, datatype, shape, data } = tensor;
    inside::Tensor { name, datatype: each::inward(datatype), shape, data }
}

fn outward(tensor: inside::Tensor) -> Tensor {
    let inside::Tensor { name, datatype, shape, data } = tensor;
    Tensor { name, datatype: each::outward(datatype), shape, data }
}

fn violation(violation: inside::Violation) -> Violation {
    let inside::Violation { field, row, code, message } = violation;
    Violation { field, row, code: each::code(code), message }
}

/// The contract is imported and exported, so each of its enumerations is there
/// twice, case by case the same.
mod each {
    use super::{Datatype, ViolationCode, inside};

    macro_rules! same {
        ($name:ident, $from:ty, $to:ty, $($case:ident)*) => {
            pub fn $name(value: $from) -> $to {
                match value { $(<$from>::$case => <$to>::$case,)* }
            }
        };
    }

    same!(inward, Datatype, inside::Datatype, Bool Uint8 Uint16 Uint32 Uint64 Int8 Int16 Int32 Int64 Fp16 Fp32 Fp64 Bytes);
    same!(outward, inside::Datatype, Datatype, Bool Uint8 Uint16 Uint32 Uint64 Int8 Int16 Int32 Int64 Fp16 Fp32 Fp64 Bytes);
    same!(code, inside::ViolationCode, ViolationCode, Missing Unknown Duplicate WrongDatatype WrongShape WrongSize OutOfRange InvalidText Null NullRate UnknownCategory WrongLength Stale Malformed TooLarge);
}
