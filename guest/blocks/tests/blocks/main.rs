//! Blocks as a guest uses them, against what make.py recorded of SciPy, NumPy, ONNX
//! Runtime, Pillow and tokenizers and make_records.py of scikit-learn and pandas, and with what should not come into them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod boxes;
mod cases;
mod picture;
mod random;
mod records;
mod reference;
mod sound;
mod stated;
mod text;
mod values;
