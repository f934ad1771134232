//! Names of models, checked once and safe from then on: they appear in URLs,
//! file names, logs and metrics.

use std::fmt;
use std::str::FromStr;

/// A model's name: 1 to 100 of `a-z A-Z 0-9 . _ -`, starting with a letter or digit.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelName(String);

/// Why a text is not a model's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a model's name has 1 to 100 of the characters a-z A-Z 0-9 . _ - and starts with a letter or digit"
)]
pub struct InvalidName;

impl ModelName {
    /// Characters that a name may have.
    pub const MAX_LENGTH: usize = 100;

    /// The name of a model that has none: `model`.
    pub fn fallback() -> Self {
        ModelName("model".into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ModelName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let starts_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        if text.len() <= Self::MAX_LENGTH && starts_well && text.chars().all(allowed) {
            Ok(ModelName(text.into()))
        } else {
            Err(InvalidName)
        }
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
