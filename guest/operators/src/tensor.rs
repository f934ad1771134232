//! Operators of ONNX's own domain on numbers and text.

/// Its operators.
pub const OPERATORS: crate::Table = &[];
