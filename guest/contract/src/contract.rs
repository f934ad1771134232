//! What a manifest says under `[contract]`. Only serde is needed to read it.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Not;

/// What the fields of a request must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contract {
    /// For fields that do not state their own.
    #[serde(default)]
    pub policy: Policy,
    /// Fields that it does not list may hold anything.
    #[serde(default)]
    pub fields: Vec<Field>,
}

/// What is done about a value that breaks a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// The request is refused.
    #[default]
    Reject,
    /// The value is left as it is, and the answer says so.
    Flag,
    /// The default is put in its place, and the answer says so.
    Impute,
    /// The answer says that it does not count for this row, and why.
    Abstain,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A finite number.
    Number,
    /// A whole number, of whichever datatype.
    Integer,
    /// BOOL, or a number that is 0 or 1.
    Boolean,
    /// UTF-8.
    Text,
    /// One of a list of texts or of whole numbers.
    Category,
    /// A text: `YYYY-MM-DD`, which is midnight in UTC, or date and time of RFC 3339.
    Date,
    /// A PNG or JPEG. Only its header is read.
    Picture,
}

impl fmt::Display for Kind {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Kind::Number => "number",
            Kind::Integer => "integer",
            Kind::Boolean => "boolean",
            Kind::Text => "text",
            Kind::Category => "category",
            Kind::Date => "date",
            Kind::Picture => "picture",
        })
    }
}

/// A single value in a manifest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// `true` or `false`.
    Boolean(bool),
    /// Written without a point.
    Integer(i64),
    /// Written with one.
    Number(f64),
    /// In quotes.
    Text(String),
}

/// The rules for one field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// An input, or a column of one: what `columns` of `[[inputs]]` calls a place
    /// along the last dimension, or a block `records` a key of its JSON objects or a
    /// field of its lines of CSV.
    pub name: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// For a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// For a person: what a number counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Whether values may be missing: NaN in a float, nothing in BYTES. Whole
    /// numbers and BOOL cannot be, except inside of records: there a null of JSON and
    /// an empty field of CSV are missing, whatever the type.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub nullable: bool,
    /// Whether a request must have the input. If it need not and does not, all of its
    /// values are missing. Of a key of JSON: whether each record must have it; what is
    /// done about those that do not is as `null_policy` says.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub required: bool,
    /// What share of a request's values may be missing, more than 0 and less than 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_null_rate: Option<f64>,
    /// From how many rows on a share is one: see [`Field::min_rows`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_rows: Option<u64>,
    /// Of a number or integer: the least that it may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// Of a number or integer: the most that it may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Of a category: all that there are, texts or whole numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub categories: Option<Vec<Value>>,
    /// Of a text, in characters (Unicode scalar values).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u64>,
    /// Of a text, in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u64>,
    /// Of a picture, in pixels, before its orientation is heeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_width: Option<u64>,
    /// Of a picture, in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_height: Option<u64>,
    /// Of a picture: width times height.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_pixels: Option<u64>,
    /// Of a date: how long it may lie before the date in `relative_to`. A whole
    /// number and its unit: `s`, `m`, `h`, `d` or `w`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<String>,
    /// The field that says what time it is for the client: a module has no clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relative_to: Option<String>,
    /// What is done about a value that breaks a rule; the contract's if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// The same for missing values, alone and too many; `policy` if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub null_policy: Option<Policy>,
    /// What [`Policy::Impute`] puts in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
}

impl Field {
    /// Below this many rows, a single missing value would shift the share by more
    /// than a twentieth.
    pub const FEWEST_ROWS: u64 = 20;

    /// A field of which nothing but the type is asked.
    pub fn new(name: impl Into<String>, kind: Kind) -> Self {
        Field {
            name: name.into(),
            kind,
            description: None,
            unit: None,
            nullable: false,
            required: true,
            max_null_rate: None,
            min_rows: None,
            min: None,
            max: None,
            categories: None,
            min_length: None,
            max_length: None,
            max_width: None,
            max_height: None,
            max_pixels: None,
            max_age: None,
            relative_to: None,
            policy: None,
            null_policy: None,
            default: None,
        }
    }

    /// From how many rows on `max_null_rate` applies. If that is not stated: from as
    /// many as allow for one missing value, and at least [`Field::FEWEST_ROWS`], so
    /// that a small request is not refused for a single one.
    pub fn min_rows(&self) -> u64 {
        let one = self.max_null_rate.map_or(0.0, |rate| (1.0 / rate).ceil());
        self.min_rows.unwrap_or((one as u64).max(Self::FEWEST_ROWS))
    }

    /// What is done about a value that breaks a rule.
    pub fn policy(&self, contract: &Contract) -> Policy {
        self.policy.unwrap_or(contract.policy)
    }

    /// What is done about missing values.
    pub fn null_policy(&self, contract: &Contract) -> Policy {
        self.null_policy.unwrap_or(self.policy(contract))
    }
}

fn yes() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref)] // as serde calls it
fn is_true(value: &bool) -> bool {
    *value
}
