//! Regular expressions as ONNX Runtime's tokenizer uses them: the leftmost match,
//! and of those the longest.
//!
//! What is understood is RE2's syntax without Unicode classes (`\p{…}`), octal
//! escapes and `\C`; as there, `\w`, `\d`, `\s` and `\b` know ASCII only. A text is
//! read once for each match, whatever the expression: its states go on side by
//! side, so that no text takes long.

mod parse;
mod program;

pub use program::{Pattern, Scratch};
