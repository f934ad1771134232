//! Guesses a contract from data: what a table's columns held becomes what they must
//! hold, to be read and mended by a person. Memory is bounded, however many rows
//! there are: of numbers a sample is kept, of distinct values the first thousand.

mod column;
mod guess;
mod sample;

use crate::contract::{Contract, Policy};
use column::Column;
use std::collections::BTreeSet;

/// Cells that are taken for missing values, once blanks around them are gone.
/// Upper and lower case are told apart: `none` can be a category.
pub const NULLS: &[&str] =
    &["", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-nan", "NULL", "null", "None", "?"];

/// What was seen of a table, row after row.
///
/// ```
/// use outpost_contract::Profile;
///
/// let mut profile = Profile::new(["age", "island"]);
/// for age in 18..78 {
///     profile.push([age.to_string().as_str(), ["Dream", "Biscoe"][age % 2]].into_iter());
/// }
/// let toml = profile.to_toml();
/// assert!(toml.contains("categories = [\"Biscoe\", \"Dream\"]"), "{toml}");
/// assert_eq!(profile.contract().fields[0].max, Some(83.0));
/// ```
#[derive(Clone, Debug)]
pub struct Profile {
    columns: Vec<Column>,
    rows: u64,
    uneven: u64,
}

impl Profile {
    /// Nothing seen yet. A name that is empty becomes `column_3`, by its place from 1,
    /// and one that was there before `name_2`, so that each column has its own.
    pub fn new<T: Into<String>>(header: impl IntoIterator<Item = T>) -> Self {
        let mut taken = BTreeSet::new();
        let mut columns = Vec::new();
        for (place, name) in (1..).zip(header) {
            let name: String = name.into();
            let stem = if name.is_empty() { format!("column_{place}") } else { name };
            let mut name = stem.clone();
            for copy in 2_u64.. {
                if taken.insert(name.clone()) {
                    break;
                }
                name = format!("{stem}_{copy}");
            }
            columns.push(Column::new(name, place));
        }
        Profile { columns, rows: 0, uneven: 0 }
    }

    /// Sees a row. Cells that it has not are missing, and those beyond the header are
    /// not looked at.
    pub fn push<'a>(&mut self, mut row: impl Iterator<Item = &'a str>) {
        self.rows += 1;
        let mut uneven = false;
        for column in &mut self.columns {
            let cell = row.next();
            uneven |= cell.is_none();
            column.see(cell.unwrap_or_default());
        }
        uneven |= row.next().is_some();
        self.uneven += u64::from(uneven);
    }

    /// How many rows were seen.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// How many of them had not as many cells as the header.
    pub fn uneven(&self) -> u64 {
        self.uneven
    }

    /// The guess. Its policy is to flag: what was not seen need not be wrong. But
    /// where no value was missing, one that is gets the request refused.
    pub fn contract(&self) -> Contract {
        Contract { policy: Policy::Flag, fields: self.columns.iter().map(guess::field).collect() }
    }

    /// The same as a part of a manifest, with a comment on each field that says what
    /// it was guessed from.
    pub fn to_toml(&self) -> String {
        let mut text = format!("# Guessed from {} rows", self.rows);
        if self.uneven > 0 {
            text += &format!(", of which {} do not fit the header", self.uneven);
        }
        text += ". Read it before relying on it.\n";
        text += "# Taken for missing:";
        for null in NULLS {
            text += &format!(" \"{null}\"");
        }
        text += "\n[contract]\npolicy = \"flag\"\n";
        for column in &self.columns {
            text += &format!("\n# {}\n[[contract.fields]]\n", guess::remark(column));
            // A field has nothing that TOML has not.
            text += &toml::to_string(&guess::field(column)).unwrap_or_default();
        }
        text
    }
}
