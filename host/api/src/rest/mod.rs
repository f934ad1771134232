//! The REST half of the Open Inference Protocol (V2), and what remains of V1.

mod body;
mod decode;
mod encode;
mod error;
mod infer;
mod metadata;
mod repository;
mod router;
mod v1;

pub use crate::elements::decode_elements;
pub use decode::{decode_request, decode_tensors};
pub use encode::{element_texts, encode_response, nested_elements};
pub use error::{ErrorBody, status};
pub use router::{admin_router, router};
