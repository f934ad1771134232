//! All that is wrong with a request, up to a limit.

use super::violation;
use outpost_guest::{Error, Violation, ViolationCode};

/// The most violations that are told.
const MOST: usize = 1_000;

#[derive(Default)]
pub(super) struct Faults {
    list: Vec<Violation>,
    /// Those that are not in the list.
    more: usize,
}

impl Faults {
    /// About a row, counted from 0, or about a whole input.
    pub fn add(
        &mut self,
        field: &str,
        row: Option<usize>,
        code: ViolationCode,
        message: impl Into<String>,
    ) {
        if self.list.len() == MOST {
            self.more += 1;
            return;
        }
        let row = row.map(|row| row as u64);
        self.list.push(Violation { row, ..violation(field, code, message.into()) });
    }

    pub fn are_none(&self) -> bool {
        self.list.is_empty()
    }

    /// # Errors
    /// Those that were added.
    pub fn none(&mut self) -> Result<(), Error> {
        if self.are_none() {
            return Ok(());
        }
        let mut list = std::mem::take(&mut self.list);
        if let Some(last) = list.last_mut()
            && self.more > 0
        {
            let more = format!("; {} more violations are not listed", self.more);
            last.message.push_str(&more);
        }
        Err(Error::Invalid(list))
    }
}
