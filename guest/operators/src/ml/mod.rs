//! The domain `ai.onnx.ml`: what converters make of scikit-learn pipelines and
//! of boosted trees.

pub mod scaler;
