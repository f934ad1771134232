//! Blames the caller, for two things at once.

use outpost_test_guests::{Error, Tensor, Violation, ViolationCode, guest};

guest! {
    infer: |_: &[_]| -> Result<Vec<Tensor>, Error> {
        let violation = |field: &str, code, message: &str| Violation {
            field: field.into(),
            row: None,
            code,
            message: message.into(),
        };
        Err(Error::Invalid(vec![
            violation("x", ViolationCode::OutOfRange, "must not be negative"),
            violation("x[1]", ViolationCode::InvalidText, "\u{0}\"<quoted>\" \u{1f6f0}"),
        ]))
    },
}
