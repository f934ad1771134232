//! What was found: violations, and what becomes of them.

use crate::contract::Policy;
use crate::fair::{Fair, left_out};
use std::collections::BTreeSet;
use std::fmt;

/// A value that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Name of the field, or of the input.
    pub field: String,
    /// Counted from 0; none if it is about all of them.
    pub row: Option<u64>,
    /// For programs.
    pub code: Code,
    /// For a person: the rule, and never the value.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.row {
            Some(row) => write!(to, "{}, row {row}: {}", self.field, self.message),
            None => write!(to, "{}: {}", self.field, self.message),
        }
    }
}

/// The kinds of violations, those of `wit/` that a contract can find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Code {
    Missing,
    WrongDatatype,
    WrongShape,
    WrongSize,
    OutOfRange,
    InvalidText,
    Null,
    NullRate,
    UnknownCategory,
    WrongLength,
    Stale,
    Malformed,
    TooLarge,
}

/// On a request that was not refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remarks {
    /// What is wrong with it.
    pub flags: Vec<Violation>,
    /// Rows, counted from 0, for which the answer does not count.
    pub abstained: BTreeSet<u64>,
}

/// All that was found of a request.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// For which it is refused.
    pub refused: Fair<Violation>,
    /// For which alone it is not.
    pub remarked: Fair<Violation>,
    /// Whether there was an input whose values could not be looked at. Then those of
    /// no other were.
    pub blind: bool,
    /// Rows, counted from 0, for which the answer does not count.
    pub abstained: BTreeSet<u64>,
}

impl Report {
    pub(crate) fn add(
        &mut self,
        policy: Policy,
        field: &str,
        violation: impl FnOnce() -> Violation,
    ) {
        match policy {
            Policy::Reject => self.refused.add(field, violation),
            _ => self.remarked.add(field, violation),
        }
    }

    /// # Errors
    /// Those that the request is refused for, and then what else is wrong with it:
    /// a client that mends it wants to know all.
    pub fn finish(self) -> Result<Remarks, Vec<Violation>> {
        let Report { mut refused, remarked, abstained, .. } = self;
        if refused.is_empty() {
            return Ok(Remarks { flags: remarked.told(more), abstained });
        }
        refused.append(remarked);
        Err(refused.told(more))
    }
}

fn more(like: &Violation, count: usize) -> Violation {
    Violation { row: None, message: left_out(count), ..like.clone() }
}
