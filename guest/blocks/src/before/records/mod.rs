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
//! that is wrong is told at once, up to 1,000 violations, which the columns share, each
//! with its row and the column, or the input where it is about a whole record. A batch
//! of more than 256 MiB is `too_large`.
//!
//! A `[[contract.fields]]` can name a column, in whichever format. In JSON and CSV it
//! is looked at as it was sent, and only then at what is said here: at 130 before
//! `clip`, at a null before `default`, at a text before `unknown`. What the contract
//! imputes is read on like a value that was sent. With `policy` impute or abstain it
//! also says what becomes of a value that is not of its column's type; what is to be
//! rejected or flagged is refused then, as there is nothing to go on with. A row from
//! which it abstains is not refused for what it spoke of there.

mod column;
mod columns;
mod csv;
mod date;
mod json;
mod opened;
mod stated;
mod target;

use super::{missing, unreadable, violation};
use crate::Block;
use crate::batch::Batch;
use crate::build::{Built, Site};
use crate::faults::Faults;
use crate::reads::Reads;
use column::{Cell, Column};
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
            Format::Columns => self.of_columns(&tensors, &mut faults),
            Format::Json | Format::Csv => self.of_elements(&tensors, &mut faults),
        }?;
        faults.none()?;
        batch.tensors.extend(filled);
        Ok(())
    }

    fn reads(&self) -> Option<&dyn Reads> {
        (self.format != Format::Columns).then_some(self)
    }

    fn fills(&self, name: &str) -> bool {
        self.targets.iter().any(|target| target.spec.name == name)
    }
}

/// What is wrong with a row, but for the columns whose cells say it: about which
/// column or key, which is none if it is about the row as a whole.
type Wrong = Vec<(Option<String>, ViolationCode, String)>;

impl Records {
    fn of_columns(&self, tensors: &[Tensor], faults: &mut Faults) -> Result<Vec<Tensor>, Error> {
        let (rows, values) = columns::open(tensors, &self.columns, faults);
        faults.none()?;
        let settled = |_: usize, _: usize| false;
        self.fill(rows, faults, settled, |row, cells, _| {
            cells.extend(values.iter().map(|values| values.cell(row)));
        })
    }

    fn of_elements(&self, tensors: &[Tensor], faults: &mut Faults) -> Result<Vec<Tensor>, Error> {
        let data = tensors.first().map(|tensor| tensor.data.as_slice()).unwrap_or_default();
        let elements = byte_strings(data).ok_or_else(|| unreadable(self.input()))?;
        let settled = |_: usize, _: usize| false;
        self.fill(elements.len(), faults, settled, |row, cells, faults| {
            self.read_row(row, elements.get(row).copied().unwrap_or_default(), cells, faults);
        })
    }

    /// The name of the input, where there is one for all columns.
    fn input(&self) -> &str {
        self.inputs.first().map(|spec| spec.name.as_str()).unwrap_or_default()
    }

    /// Adds a cell for each column, or none if the record cannot be read.
    fn read_row(
        &self,
        row: usize,
        element: &[u8],
        cells: &mut Vec<Cell<'static>>,
        faults: &mut Faults,
    ) {
        let Ok(text) = std::str::from_utf8(element) else {
            let message = "the record is not UTF-8";
            return faults.add(self.input(), Some(row), ViolationCode::InvalidText, message);
        };
        let wrong = match self.format {
            Format::Csv => csv::read(text, self, cells),
            _ => json::read(text, self, cells),
        };
        for (field, code, message) in wrong {
            faults.add(field.as_deref().unwrap_or(self.input()), Some(row), code, message);
        }
    }

    /// Writes the cells that `read` adds for a row. If it adds none, the row is one
    /// that it has told the faults of. `settled` are those, by column and row, of which
    /// nothing more is to be told.
    fn fill<'a>(
        &self,
        rows: usize,
        faults: &mut Faults,
        settled: impl Fn(usize, usize) -> bool,
        mut read: impl FnMut(usize, &mut Vec<Cell<'a>>, &mut Faults),
    ) -> Result<Vec<Tensor>, Error> {
        let mut filled = Vec::with_capacity(self.targets.len());
        for target in &self.targets {
            filled.push(Filling::new(target, rows)?);
        }
        let mut cells = Vec::with_capacity(self.columns.len());
        for row in 0..rows {
            cells.clear();
            read(row, &mut cells, faults);
            if cells.is_empty() {
                continue;
            }
            for filling in &mut filled {
                let settled = |column| settled(column, row);
                filling.add(row, &self.columns, &cells, settled, faults)?;
            }
        }
        Ok(filled.into_iter().map(|filling| filling.tensor(rows)).collect())
    }
}
