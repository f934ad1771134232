//! What can be wrong with a value, and how that is said: the rule, and never the value.

use crate::compile::{Compiled, Rule};
use crate::report::{Code, Violation};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Fault {
    Null,
    /// A record does not even name it.
    Absent,
    Infinite,
    /// What the field itself asks of it.
    Broken,
    Fraction,
    NoText,
    NoDate,
    NoAge,
    NoPicture,
    TooWide,
    TooHigh,
    TooLarge,
    /// Of all values together.
    NullRate,
}

const ALL: [Fault; 13] = [
    Fault::Null,
    Fault::Absent,
    Fault::Infinite,
    Fault::Broken,
    Fault::Fraction,
    Fault::NoText,
    Fault::NoDate,
    Fault::NoAge,
    Fault::NoPicture,
    Fault::TooWide,
    Fault::TooHigh,
    Fault::TooLarge,
    Fault::NullRate,
];

/// All that is wrong with one value: mostly nothing, so it is as small as one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Faults(u16);

impl Faults {
    pub const NONE: Faults = Faults(0);

    /// One more, if so.
    pub fn and(self, fault: Fault, so: bool) -> Self {
        Faults(self.0 | (u16::from(so) << fault as u8))
    }

    pub fn are_none(self) -> bool {
        self.0 == 0
    }

    pub fn has(self, fault: Fault) -> bool {
        self.0 & (1 << fault as u8) != 0
    }

    pub fn iter(self) -> impl Iterator<Item = Fault> {
        ALL.into_iter().filter(move |&fault| self.has(fault))
    }
}

impl From<Fault> for Faults {
    fn from(fault: Fault) -> Self {
        Faults::NONE.and(fault, true)
    }
}

impl From<Option<Fault>> for Faults {
    fn from(fault: Option<Fault>) -> Self {
        fault.map_or(Faults::NONE, Faults::from)
    }
}

/// A fault, as it is told.
pub(crate) fn violation(field: &Compiled, row: Option<u64>, fault: Fault) -> Violation {
    let (code, message) = match fault {
        Fault::Null => (Code::Null, "must have a value"),
        Fault::Absent => (Code::Missing, "must be there"),
        Fault::Infinite => (Code::OutOfRange, "must be finite"),
        Fault::Fraction => (Code::OutOfRange, "must be a whole number"),
        Fault::NoText => (Code::InvalidText, "must be UTF-8"),
        Fault::NoDate => (Code::Malformed, "must be YYYY-MM-DD, or date and time of RFC 3339"),
        Fault::NoAge => {
            (Code::Stale, "its age cannot be told: the field that it is relative to has no date")
        }
        Fault::NoPicture => (Code::Malformed, "must be a PNG or JPEG whose header can be read"),
        Fault::Broken => {
            let code = match field.rule {
                Rule::Float { .. } | Rule::Whole { .. } => Code::OutOfRange,
                Rule::Numbers(_) | Rule::Texts(_) => Code::UnknownCategory,
                Rule::Text { .. } => Code::WrongLength,
                Rule::Date(_) => Code::Stale,
                Rule::Picture { .. } => Code::TooLarge,
            };
            (code, field.said.as_str())
        }
        Fault::TooWide | Fault::TooHigh | Fault::TooLarge => {
            return Violation {
                field: field.name.clone(),
                row,
                code: Code::TooLarge,
                message: too_large(&field.rule, fault),
            };
        }
        Fault::NullRate => {
            let most = field.null_rate.map_or(0.0, |rate| rate.most);
            let message = format!("more than a share of {most} of the values is missing");
            return Violation { field: field.name.clone(), row, code: Code::NullRate, message };
        }
    };
    Violation { field: field.name.clone(), row, code, message: message.into() }
}

fn too_large(rule: &Rule, fault: Fault) -> String {
    let (width, height, pixels) = match rule {
        &Rule::Picture { width, height, pixels } => (width, height, pixels),
        _ => (0, 0, 0),
    };
    match fault {
        Fault::TooWide => format!("more than {width} pixels of width"),
        Fault::TooHigh => format!("more than {height} pixels of height"),
        _ => format!("more than {pixels} pixels in all"),
    }
}

#[cfg(test)]
mod tests {
    use super::{ALL, Fault, Faults};

    #[test]
    fn each_has_its_bit() {
        for (place, fault) in ALL.into_iter().enumerate() {
            assert_eq!(fault as usize, place);
        }
        let two = Faults::from(Fault::NullRate).and(Fault::Null, true).and(Fault::Broken, false);
        assert!(two.iter().eq([Fault::Null, Fault::NullRate]));
        assert!(Faults::NONE.are_none() && !two.are_none());
    }
}
