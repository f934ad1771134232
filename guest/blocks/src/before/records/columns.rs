//! `format = "columns"`: an input for each column.

use super::column::{Cell, Column, Kind};
use crate::faults::Faults;
use outpost_contract::Code;
use outpost_guest::{Tensor, ViolationCode, byte_strings};
use std::borrow::Cow;

/// The values of a column.
pub(super) enum Values<'a> {
    Numbers(&'a [[u8; 8]]),
    Integers(&'a [[u8; 8]]),
    Booleans(&'a [u8]),
    Texts(Vec<&'a [u8]>),
}

/// How many rows there are, and the values of each column. There are as many of each,
/// unless the faults say where not.
pub(super) fn open<'a>(
    tensors: &'a [Tensor],
    columns: &[Column],
    faults: &mut Faults,
) -> (usize, Vec<Values<'a>>) {
    let mut all = Vec::with_capacity(columns.len());
    let mut first: Option<(&str, usize)> = None;
    for (column, tensor) in columns.iter().zip(tensors) {
        let Some(values) = values(&tensor.data, column) else {
            let message = "the bytes do not make up the elements of the shape";
            faults.add(&column.name, None, ViolationCode::WrongSize, message);
            continue;
        };
        let rows = values.len();
        let (name, expected) = *first.get_or_insert((&column.name, rows));
        if rows != expected {
            let message = format!("has {rows} values, but `{name}` has {expected}; send one a row");
            faults.add(&column.name, None, ViolationCode::WrongShape, message);
        }
        all.push(values);
    }
    (first.map_or(0, |(_, rows)| rows), all)
}

/// The values of a column, if the data are whole ones.
pub(super) fn values<'a>(data: &'a [u8], column: &Column) -> Option<Values<'a>> {
    let eights = || {
        let (chunks, rest) = data.as_chunks::<8>();
        rest.is_empty().then_some(chunks)
    };
    Some(match column.kind {
        Kind::Number(_) => Values::Numbers(eights()?),
        Kind::Integer(_) => Values::Integers(eights()?),
        Kind::Boolean => Values::Booleans(data),
        Kind::Category(_) | Kind::Text | Kind::Date(..) => Values::Texts(byte_strings(data)?),
    })
}

impl<'a> Values<'a> {
    fn len(&self) -> usize {
        match self {
            Values::Numbers(all) | Values::Integers(all) => all.len(),
            Values::Booleans(all) => all.len(),
            Values::Texts(all) => all.len(),
        }
    }

    /// The value of a row.
    pub fn cell(&self, row: usize) -> Cell<'a> {
        let cell = match self {
            Values::Numbers(all) => {
                all.get(row).map(|bytes| f64::from_le_bytes(*bytes)).map(number)
            }
            Values::Integers(all) => {
                all.get(row).map(|bytes| Cell::Integer(i64::from_le_bytes(*bytes)))
            }
            Values::Booleans(all) => all.get(row).map(|byte| match byte {
                0 | 1 => Cell::Boolean(*byte == 1),
                _ => Cell::Wrong(Code::OutOfRange, "the byte is neither 0 nor 1"),
            }),
            Values::Texts(all) => all.get(row).copied().map(text),
        };
        cell.unwrap_or(Cell::Null)
    }
}

fn number<'a>(number: f64) -> Cell<'a> {
    if number.is_nan() { Cell::Null } else { Cell::Number(number) }
}

fn text(bytes: &[u8]) -> Cell<'_> {
    match std::str::from_utf8(bytes) {
        Ok("") => Cell::Null,
        Ok(text) => Cell::Text(Cow::Borrowed(text)),
        Err(_) => Cell::Wrong(Code::InvalidText, "the value is not UTF-8"),
    }
}
