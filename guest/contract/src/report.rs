//! What was found: violations, and what becomes of them.

use crate::contract::Policy;
use std::collections::BTreeSet;
use std::fmt;

/// So many violations are told; one more says how many are left out.
pub const MOST_VIOLATIONS: usize = 1_000;

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

/// Collects violations.
#[derive(Default)]
pub(crate) struct Report {
    refused: Capped,
    remarked: Capped,
    abstained: BTreeSet<u64>,
}

#[derive(Default)]
struct Capped {
    kept: Vec<Violation>,
    left_out: usize,
}

impl Capped {
    fn add(&mut self, violation: impl FnOnce() -> Violation) {
        match self.kept.len() < MOST_VIOLATIONS {
            true => self.kept.push(violation()),
            false => self.left_out = self.left_out.saturating_add(1),
        }
    }

    fn all(mut self) -> Vec<Violation> {
        if self.left_out > 0
            && let Some(last) = self.kept.last()
        {
            let message = match self.left_out {
                1 => "one more violation is left out".into(),
                more => format!("{more} more violations are left out"),
            };
            self.kept.push(Violation { row: None, message, ..last.clone() });
        }
        self.kept
    }
}

impl Report {
    pub fn add(&mut self, policy: Policy, violation: impl FnOnce() -> Violation) {
        match policy {
            Policy::Reject => self.refused.add(violation),
            _ => self.remarked.add(violation),
        }
    }

    pub fn abstain(&mut self, row: u64) {
        self.abstained.insert(row);
    }

    /// Those that the request is refused for, and then what else is wrong with it:
    /// a client that mends it wants to know all.
    pub fn finish(self) -> Result<Remarks, Vec<Violation>> {
        let Report { mut refused, remarked, abstained } = self;
        if refused.kept.is_empty() {
            return Ok(Remarks { flags: remarked.all(), abstained });
        }
        refused.left_out = refused.left_out.saturating_add(remarked.left_out);
        remarked.kept.into_iter().for_each(|violation| refused.add(|| violation));
        Err(refused.all())
    }
}
