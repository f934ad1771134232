//! The crate as a guest uses it, against what make.py recorded of Pillow.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod files;
mod hostile;
mod options;
mod reference;
mod refused;
