//! Answers that mean nothing, because what they were made of is not a number.

use crate::batch::Batch;
use outpost_guest::{Violation, ViolationCode};
use std::collections::BTreeSet;

/// Marks rows in which the model's `field` has a NaN: they are flagged, and do not
/// count as answered.
pub(crate) fn doubt(batch: &mut Batch, field: &str, rows: BTreeSet<u64>) {
    batch.flags.extend(rows.iter().map(|&row| Violation {
        field: field.into(),
        row: Some(row),
        code: ViolationCode::OutOfRange,
        message: "the model's answer to this row has a NaN, so that it means nothing".into(),
    }));
    batch.abstained.extend(rows);
}
