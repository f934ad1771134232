//! The REST half of the Open Inference Protocol (V2).

mod decode;
mod elements;
mod encode;
mod error;
mod router;

pub use decode::{decode_request, decode_tensors};
pub use elements::decode_elements;
pub use encode::{element_texts, encode_response, nested_elements};
pub use error::{ErrorBody, status};
pub use router::router;
