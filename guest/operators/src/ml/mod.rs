//! The domain `ai.onnx.ml`: what converters make of scikit-learn pipelines and
//! of boosted trees.

mod scaler;

/// Its operators.
pub const OPERATORS: crate::Table = &[("Scaler", scaler::scaler)];
