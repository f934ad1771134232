//! ONNX operators that tract lacks, or has only in part, registered with it.
//!
//! An operator is a file and a line in the table of its family: what it reads
//! from its node, the facts about its outputs, its evaluation. They follow the
//! operators' specifications (onnx.ai/onnx/operators) and, where these are
//! silent, what ONNX Runtime does.

mod amended;
mod keys;
mod ml;
mod operator;
mod quantised;
mod tensor;
mod text;

pub use operator::{Builder, Built, Custom, Input, Operator, Output, Unforeseen, built};

use tract_onnx::Onnx;

/// Operators by their names in ONNX.
type Table = &'static [(&'static str, Builder)];

/// Teaches tract the operators; they go before its own of the same name.
pub fn register(onnx: &mut Onnx) {
    let tables = [
        ml::OPERATORS,
        text::OPERATORS,
        amended::OPERATORS,
        tensor::OPERATORS,
        quantised::OPERATORS,
    ];
    for table in tables {
        for &(name, builder) in table {
            onnx.op_register.insert(name, builder);
        }
    }
}
