//! Blocks after the model: from its tensors to what a client wants.

mod argmax;
mod boxes;
mod doubt;
mod l2_normalise;
mod mean_pooling;
mod port;
mod scale;
mod sigmoid;
mod softmax;
mod threshold;
mod top_k;

use crate::build::Builder;

/// By the name in the manifest.
pub const AFTER: &[(&str, Builder)] = &[
    ("argmax", argmax::build),
    ("boxes", boxes::build),
    ("l2-normalise", l2_normalise::build),
    ("mean-pooling", mean_pooling::build),
    ("scale", scale::build),
    ("sigmoid", sigmoid::build),
    ("softmax", softmax::build),
    ("threshold", threshold::build),
    ("top-k", top_k::build),
];
