//! Records read before they are written, for a data contract to look at their columns
//! in between: at what was sent, before any default, clipping or other habit of a column.

use super::column::{Cell, Column};
use super::columns::{self, Values};
use super::target::MOST_BYTES;
use super::{Format, Records, missing, unreadable, violation};
use crate::batch::Batch;
use crate::contract;
use crate::faults::Faults;
use crate::reads::{Opened, Reads};
use outpost_contract::{self as contracts, Cells, Mark};
use outpost_guest::{Datatype, Error, ViolationCode, byte_strings, element_size};

impl Reads for Records {
    fn columns(&self) -> Vec<contracts::Column<'_>> {
        let columns = self.columns.iter().enumerate();
        columns
            .map(|(place, column)| contracts::Column {
                name: &column.name,
                kind: column.type_name(),
                datatype: contract::element(column.datatype()),
                input: self.input(),
                keyed: self.format == Format::Json,
                takes: Box::new(move |value| self.takes(place, value)),
            })
            .collect()
    }

    fn read(&self, batch: &Batch) -> Result<Opened, Error> {
        let name = self.input();
        let tensor = (batch.tensors.iter())
            .find(|tensor| tensor.name == name && tensor.datatype == Datatype::Bytes)
            .ok_or_else(|| missing(name))?;
        let elements = byte_strings(&tensor.data).ok_or_else(|| unreadable(name))?;
        let size = |column: &Column| 1 + element_size(column.datatype()).unwrap_or(4);
        let width: usize = self.columns.iter().map(size).sum();
        if elements.len().checked_mul(width).is_none_or(|bytes| bytes > MOST_BYTES) {
            let message = format!("the records make more than {} MiB", MOST_BYTES >> 20);
            return Err(Error::Invalid(vec![violation(name, ViolationCode::TooLarge, message)]));
        }
        let mut opened =
            Opened { columns: Vec::with_capacity(self.columns.len()), faults: Faults::default() };
        for column in &self.columns {
            opened.columns.push(Cells {
                data: Vec::with_capacity(elements.len() * (size(column) - 1)),
                marks: Vec::with_capacity(elements.len()),
                ..Cells::default()
            });
        }
        let mut cells = Vec::with_capacity(self.columns.len());
        for (row, element) in elements.into_iter().enumerate() {
            cells.clear();
            self.read_row(row, element, &mut cells, &mut opened.faults);
            for (place, (column, to)) in self.columns.iter().zip(&mut opened.columns).enumerate() {
                put(cells.get(place), column.datatype(), row, to);
            }
        }
        Ok(opened)
    }

    fn write(&self, opened: Opened, batch: &mut Batch) -> Result<Faults, Error> {
        let Opened { columns, mut faults } = opened;
        let rows = columns.first().map_or(0, |cells| cells.marks.len());
        let values: Vec<Option<Values<'_>>> = (self.columns.iter().zip(&columns))
            .map(|(column, cells)| columns::values(&cells.data, column))
            .collect();
        let settled = |column: usize, row: usize| {
            columns.get(column).is_some_and(|cells| cells.settled.contains(&row))
        };
        let tensors = self.fill(rows, &mut faults, settled, |row, into, _| {
            into.extend(
                columns
                    .iter()
                    .zip(&values)
                    .map_while(|(cells, values)| cell(row, cells, values.as_ref())),
            );
        })?;
        if faults.are_none() {
            batch.take(self.input());
            batch.tensors.extend(tensors);
        }
        Ok(faults)
    }
}

impl Records {
    /// Whether the value of a column can go on to the model.
    fn takes(&self, place: usize, value: &[u8]) -> Result<(), String> {
        let target = self.targets.iter().find(|target| target.columns.contains(&place));
        let (Some(column), Some(target)) = (self.columns.get(place), target) else {
            return Ok(());
        };
        let cell = match columns::values(value, column).map(|values| values.cell(0)) {
            // One that is missing is for the column, which may have a default of its own.
            None | Some(Cell::Null) => Cell::Null,
            Some(cell) => cell,
        };
        let encoded = column.encode(&cell, target.spec.datatype, &mut Vec::new());
        encoded.map_err(|(_, message)| message)
    }
}

/// Adds a cell to those of its column; without one, the row could not be read.
fn put(cell: Option<&Cell<'_>>, datatype: Datatype, row: usize, to: &mut Cells) {
    let mark = match cell {
        None => Mark::Unread,
        Some(Cell::Null) => Mark::Null,
        Some(Cell::Absent) => Mark::Absent,
        Some(&Cell::Wrong(code, message)) => {
            to.wrong.insert(row, (code, message));
            Mark::Wrong
        }
        Some(_) => Mark::Value,
    };
    to.marks.push(mark);
    match cell {
        Some(Cell::Number(number)) => to.data.extend(number.to_le_bytes()),
        Some(Cell::Integer(integer)) => to.data.extend(integer.to_le_bytes()),
        Some(Cell::Boolean(boolean)) => to.data.push((*boolean).into()),
        Some(Cell::Text(text)) => {
            // Texts of a request are shorter than that.
            to.data.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
            to.data.extend(text.as_bytes());
        }
        // What stands for nothing is as long as a value; of BYTES, as its length.
        None | Some(Cell::Null | Cell::Absent | Cell::Wrong(..)) => {
            let length = to.data.len() + element_size(datatype).unwrap_or(4);
            to.data.resize(length, 0);
        }
    }
}

/// The cell of a row, as the contract left it; none if the row could not be read.
fn cell<'a>(row: usize, cells: &Cells, values: Option<&Values<'a>>) -> Option<Cell<'a>> {
    match cells.marks.get(row)? {
        Mark::Value => Some(values?.cell(row)),
        Mark::Null => Some(Cell::Null),
        Mark::Absent => Some(Cell::Absent),
        Mark::Wrong => cells.wrong.get(&row).map(|&(code, message)| Cell::Wrong(code, message)),
        Mark::Unread => None,
    }
}
