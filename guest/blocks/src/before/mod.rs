//! Blocks before the model: from what a client has to the model's tensors.

mod fault;
mod picture;
mod records;
mod sound;
mod text;

use crate::build::Builder;
pub(crate) use fault::{missing, unreadable, violation};

/// By the name in the manifest.
pub const BEFORE: &[(&str, Builder)] = &[
    ("picture", picture::build),
    ("records", records::build),
    ("sound", sound::build),
    ("text", text::build),
];
