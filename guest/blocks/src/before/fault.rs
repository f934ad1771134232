//! What is wrong with a request, as blocks report it.

use outpost_guest::{Error, Violation, ViolationCode};

/// About a whole input.
pub(crate) fn violation(field: &str, code: ViolationCode, message: String) -> Violation {
    Violation { field: field.into(), row: None, code, message }
}

/// The error for an input that is not there.
pub(crate) fn missing(field: &str) -> Error {
    let message = "the input is missing".into();
    Error::Invalid(vec![violation(field, ViolationCode::Missing, message)])
}

/// The error for BYTES that are not whole elements.
pub(crate) fn unreadable(field: &str) -> Error {
    let message = "the bytes do not make up the elements of the shape".into();
    Error::Invalid(vec![violation(field, ViolationCode::WrongSize, message)])
}
