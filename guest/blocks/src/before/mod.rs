//! Blocks before the model: from what a client has to the model's tensors.

use crate::build::Builder;

/// By the name in the manifest.
pub const BEFORE: &[(&str, Builder)] = &[];
