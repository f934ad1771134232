//! The nouns that every other crate of the host speaks of: tensors, requests,
//! errors, names. Nothing here does I/O, is async, or knows a wire format, a
//! file format or Wasmtime.

mod error;
mod infer;
mod name;
mod tensor;

pub use error::{Error, ErrorKind, Violation, ViolationCode};
pub use infer::{InferRequest, InferResponse, Prediction, Signature};
pub use name::{InvalidName, ModelName};
pub use tensor::{Datatype, ShapeError, Tensor, TensorSpec, byte_strings, element_count};
