//! Blocks after the model: from its tensors to what a client wants.

use crate::build::Builder;

/// By the name in the manifest.
pub const AFTER: &[(&str, Builder)] = &[];
