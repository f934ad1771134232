//! All that is wrong with a request, up to a limit that its fields share.

use crate::before::violation;
use outpost_contract::{Fair, left_out};
use outpost_guest::{Error, Violation, ViolationCode};

/// What a request is refused for.
#[derive(Debug, Default)]
pub struct Faults(Fair<Violation>);

impl Faults {
    /// Of what was found elsewhere.
    pub(crate) fn of(found: Fair<Violation>) -> Self {
        Faults(found)
    }

    /// About a row, counted from 0, or about a whole input.
    pub(crate) fn add(
        &mut self,
        field: &str,
        row: Option<usize>,
        code: ViolationCode,
        message: impl Into<String>,
    ) {
        let row = row.map(|row| row as u64);
        self.0.add(field, || Violation { row, ..violation(field, code, message.into()) });
    }

    /// Those that a block refuses a request with.
    pub(crate) fn extend(&mut self, refused: Vec<Violation>) {
        for violation in refused {
            self.0.add(&violation.field.clone(), || violation);
        }
    }

    /// After these, those that the request is not refused for, but what was told.
    pub(crate) fn append_remarks(&mut self, mut remarks: Fair<Violation>) {
        let told = |remark: &Violation| {
            let same = |one: &Violation| one.row == remark.row && one.code == remark.code;
            self.0.has(&remark.field, same)
        };
        remarks.retain(|remark| !told(remark));
        self.0.append(remarks);
    }

    pub(crate) fn append(&mut self, others: Faults) {
        self.0.append(others.0);
    }

    /// What is found in one step may be of earlier rows than what was found before it.
    pub(crate) fn sort_by_field(&mut self) {
        self.0.sort_by_field(|violation| violation.row);
    }

    pub(crate) fn are_none(&self) -> bool {
        self.0.is_empty()
    }

    /// # Errors
    /// Those that were added.
    pub(crate) fn none(&mut self) -> Result<(), Error> {
        if self.are_none() {
            return Ok(());
        }
        Err(Error::Invalid(told(std::mem::take(&mut self.0))))
    }
}

/// As a list, of which the last says how many are left out.
pub(crate) fn told(found: Fair<Violation>) -> Vec<Violation> {
    found.told(|like, count| Violation { row: None, message: left_out(count), ..like.clone() })
}
