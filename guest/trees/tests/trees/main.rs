//! The tests of the trees: what ONNX Runtime recorded, what is refused, and what
//! only large ensembles have.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_possible_truncation)]

mod json;
mod large;
mod reference;
mod refused;
