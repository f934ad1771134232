//! `records`: named columns with types to a model's tensors.
//!
//! ```toml
//! [[before]]
//! block = "records"
//! output = "X"              # the model's input, which it fills: [N, width] or [N]; the only one if
//!                           # left out
//! format = "columns"        # columns: the module has an input for each column, [N]: FP64 for
//!                           # numbers, INT64 for integers, BOOL, BYTES for categories and dates;
//!                           # json: it has one, BYTES [N], each element a JSON object;
//!                           # csv: the same, each a line of CSV with its fields in this order
//! input = "records"         # the name of that one, for json and csv
//!
//! [[before.columns]]
//! name = "age"
//! type = "number"           # number, integer, boolean, category or date
//! unit = "years"            # for people
//! default = 38.0            # for a value that is missing
//! nullable = true           # instead: it becomes NaN, which FP16, FP32 and FP64 have
//! clip = [0, 120]           # of numbers, integers and dates, in this order:
//! mean = 40.0               # (value - mean) / std
//! std = 12.0
//! output = "X"              # for this column, where the block fills several inputs of the model
//!
//! [[before.columns]]
//! name = "sex"
//! type = "category"
//! categories = ["female", "male"]   # the value is the place in it, from 0; a model's input of BYTES
//!                           # gets the text, and then they can be left out: any text will do
//! one_hot = true            # instead, as many numbers: a 1 at that place
//! unknown = -1              # for a text that is none of them; "zeros" with one_hot, a text for BYTES
//!
//! [[before.columns]]
//! name = "joined"
//! type = "date"             # RFC 3339, or YYYY-MM-DD for its midnight in UTC
//! since = "2020-01-01"      # the value is what has passed since then,
//! per = "days"              # in seconds, minutes, hours or days; an integer is rounded down
//! part = "weekday"          # instead: year, month, day, weekday (Monday 0), hour or minute, in UTC
//! ```
//!
//! Missing are a NaN, an empty text or field, a JSON null. Without `default` and
//! `nullable` that is `null`, and a key that is not there `missing`. A text that is
//! no category is `unknown_category`; a date, a JSON object or a line of CSV that
//! cannot be read is `malformed`, and so is a field that is not of its column's type;
//! a JSON value of another type is `wrong_datatype`; a key that is no column is
//! `unknown`, one that is there twice `duplicate`. An infinity is `out_of_range`, and
//! so is a number that the model's datatype does not have. Text that is not UTF-8 is
//! `invalid_text`, a column longer or shorter than the first one `wrong_shape`. All
//! that is wrong is told at once, up to 1,000 violations, each with its row and the
//! column, or the input where it is about a whole record. A batch of more than
//! 256 MiB is `too_large`.

mod column;
mod columns;
mod csv;
mod date;
mod faults;
mod json;
mod stated;
mod target;

use super::{unreadable, violation};
use crate::Block;
use crate::batch::Batch;
use crate::build::{Built, Site};
use column::{Cell, Column};
use faults::Faults;
use outpost_guest::{Error, Tensor, TensorSpec, ViolationCode, byte_strings};
use serde_json::Value;
use std::collections::BTreeMap;
use target::{Filling, Target};

/// How the rows come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Columns,
    Json,
    Csv,
}

struct Records {
    format: Format,
    /// The module's: one for each column, or one for all.
    inputs: Vec<TensorSpec>,
    columns: Vec<Column>,
    /// Where in the columns each is, by its name.
    places: BTreeMap<String, usize>,
    targets: Vec<Target>,
}

pub(crate) fn build(stated: Value, site: &Site<'_>) -> Result<Built, String> {
    let (records, specs) = stated::records(stated, site)?;
    Ok(Built { block: Box::new(records), specs })
}

impl Block for Records {
    fn run(&self, batch: &mut Batch) -> Result<(), Error> {
        let mut faults = Faults::default();
        let mut tensors = Vec::new();
        for spec in &self.inputs {
            match batch.take(&spec.name) {
                Some(tensor) if tensor.datatype == spec.datatype => tensors.push(tensor),
                Some(_) => {
                    let message = "the input has another datatype than is described";
                    faults.add(&spec.name, None, ViolationCode::WrongDatatype, message);
                }
                None => {
                    faults.add(&spec.name, None, ViolationCode::Missing, "the input is missing");
                }
            }
        }
        faults.none()?;
        let filled = match self.format {
            Format::Columns => self.of_columns(&tensors, faults),
            Format::Json => {
                self.of_elements(&tensors, faults, |line, cells| json::read(line, self, cells))
            }
            Format::Csv => {
                self.of_elements(&tensors, faults, |line, cells| csv::read(line, self, cells))
            }
        };
        batch.tensors.extend(filled?);
        Ok(())
    }
}

/// What is wrong with a row, but for the columns whose cells say it: about which
/// column or key, which is none if it is about the row as a whole.
type Wrong = Vec<(Option<String>, ViolationCode, String)>;

impl Records {
    fn of_columns(&self, tensors: &[Tensor], mut faults: Faults) -> Result<Vec<Tensor>, Error> {
        let (rows, values) = columns::open(tensors, &self.columns, &mut faults);
        faults.none()?;
        self.fill(rows, faults, |row, cells, _| {
            cells.extend(values.iter().map(|values| values.cell(row)));
        })
    }

    /// Rows from elements: `read` adds a cell for each column, and is not called with
    /// what is not UTF-8.
    fn of_elements(
        &self,
        tensors: &[Tensor],
        faults: Faults,
        read: impl Fn(&str, &mut Vec<Cell<'static>>) -> Wrong,
    ) -> Result<Vec<Tensor>, Error> {
        let name = self.inputs.first().map(|spec| spec.name.as_str()).unwrap_or_default();
        let data = tensors.first().map(|tensor| tensor.data.as_slice()).unwrap_or_default();
        let elements = byte_strings(data).ok_or_else(|| unreadable(name))?;
        self.fill(elements.len(), faults, |row, cells, faults| {
            let element = elements.get(row).copied().unwrap_or_default();
            let Ok(text) = std::str::from_utf8(element) else {
                let message = "the record is not UTF-8";
                return faults.add(name, Some(row), ViolationCode::InvalidText, message);
            };
            for (field, code, message) in read(text, cells) {
                faults.add(field.as_deref().unwrap_or(name), Some(row), code, message);
            }
        })
    }

    /// Writes the cells that `read` adds for a row. If it adds none, the row is one
    /// that it has told the faults of.
    fn fill<'a>(
        &self,
        rows: usize,
        mut faults: Faults,
        mut read: impl FnMut(usize, &mut Vec<Cell<'a>>, &mut Faults),
    ) -> Result<Vec<Tensor>, Error> {
        let mut filled = Vec::with_capacity(self.targets.len());
        for target in &self.targets {
            filled.push(Filling::new(target, rows)?);
        }
        let mut cells = Vec::with_capacity(self.columns.len());
        for row in 0..rows {
            cells.clear();
            read(row, &mut cells, &mut faults);
            if cells.is_empty() {
                continue;
            }
            for filling in &mut filled {
                filling.add(row, &self.columns, &cells, &mut faults)?;
            }
        }
        faults.none()?;
        Ok(filled.into_iter().map(|filling| filling.tensor(rows)).collect())
    }
}
