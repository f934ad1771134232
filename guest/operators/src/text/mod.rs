//! Operators on text: what converters make of scikit-learn's vectorisers.

mod murmur_hash;
pub mod pattern;
mod string_normalizer;
mod tf_idf_vectorizer;
mod tokenizer;

/// Its operators.
pub const OPERATORS: crate::Table = &[
    ("MurmurHash3", murmur_hash::murmur_hash),
    ("StringNormalizer", string_normalizer::string_normalizer),
    ("TfIdfVectorizer", tf_idf_vectorizer::tf_idf_vectorizer),
    ("Tokenizer", tokenizer::tokenizer),
];

use tract_onnx::tract_hir::internal::*;

/// A tensor of text.
///
/// # Errors
/// If the elements do not fill the shape.
fn filled(shape: &[usize], elements: Vec<String>) -> TractResult<TValue> {
    Ok(tract_ndarray::ArrayD::from_shape_vec(shape, elements)?.into_tvalue())
}
