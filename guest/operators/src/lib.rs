//! ONNX operators that tract lacks, or has only in part, registered with it.
//!
//! An operator is a file: what it reads from its node, the facts about its
//! outputs, its evaluation. [`register`] holds the table. They follow the
//! operators' specifications (onnx.ai/onnx/operators) and, where these are
//! silent, what ONNX Runtime does.

mod ml;
mod operator;

pub use operator::{Builder, Built, Custom, Input, Operator, Output, built};

use tract_onnx::Onnx;

/// Every operator here by its name in ONNX.
const OPERATORS: &[(&str, Builder)] = &[("Scaler", ml::scaler::scaler)];

/// Teaches tract the operators; they go before its own of the same name.
pub fn register(onnx: &mut Onnx) {
    for &(name, builder) in OPERATORS {
        onnx.op_register.insert(name, builder);
    }
}
