//! The tests of the contract: what it finds, what is wrong with it, what is guessed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod check;
mod faults;
mod hostile;
mod infer;
mod records;
