//! Operators on quantised integers, of ONNX and of ONNX Runtime's quantiser.

/// Its operators.
pub const OPERATORS: crate::Table = &[];
