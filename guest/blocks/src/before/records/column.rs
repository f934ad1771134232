//! Columns: from a value to the numbers that a model takes of it.

use super::date::{self, Measure};
use super::target::{Number, write};
use crate::contract;
use outpost_contract::Code;
use outpost_guest::{Datatype, ViolationCode};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What is wrong with a value. The message does not repeat it.
pub(super) type Fault = (ViolationCode, String);

pub(super) struct Column {
    pub name: String,
    pub kind: Kind,
    pub missing: Missing,
}

pub(super) enum Kind {
    Number(Scale),
    Integer(Scale),
    Boolean,
    Category(Categories),
    /// Passed on as it is.
    Text,
    Date(Measure, Scale),
}

/// What a value that is missing becomes.
#[derive(Clone, Debug)]
pub(super) enum Missing {
    Violation,
    Nan,
    Default(Cell<'static>),
}

/// One value of a row.
#[derive(Clone, Debug)]
pub(super) enum Cell<'a> {
    /// Missing.
    Null,
    /// Missing, and not even named.
    Absent,
    Number(f64),
    Integer(i64),
    Boolean(bool),
    /// Of a category or a date.
    Text(Cow<'a, str>),
    /// Not a value of its column.
    Wrong(Code, &'static str),
}

/// Applied in this order.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scale {
    pub clip: Option<[f64; 2]>,
    /// What is taken away, and what it is then divided by.
    pub standard: Option<[f64; 2]>,
}

pub(super) struct Categories {
    pub places: BTreeMap<String, i64>,
    pub one_hot: bool,
    pub unknown: Unknown,
}

/// What a text that is no category becomes.
pub(super) enum Unknown {
    Violation,
    Number(f64),
    Zeros,
    Text(String),
}

impl Scale {
    fn of(&self, number: Number<'static>) -> Number<'static> {
        let real = match number {
            Number::Whole(whole) => whole as f64,
            Number::Real(real) => real,
            Number::Text(_) => return number,
        };
        let clipped = match self.clip {
            Some([low, _]) if real < low => Number::Real(low),
            Some([_, high]) if real > high => Number::Real(high),
            _ => number,
        };
        let Some([mean, std]) = self.standard else { return clipped };
        let real = match clipped {
            Number::Real(real) => real,
            _ => real,
        };
        Number::Real((real - mean) / std)
    }
}

impl Column {
    /// How many numbers or texts a value becomes.
    pub fn width(&self) -> usize {
        match &self.kind {
            Kind::Category(categories) if categories.one_hot => categories.places.len(),
            _ => 1,
        }
    }

    /// The datatype of the module's input for it.
    pub fn datatype(&self) -> Datatype {
        match self.kind {
            Kind::Number(_) => Datatype::Fp64,
            Kind::Integer(_) => Datatype::Int64,
            Kind::Boolean => Datatype::Bool,
            Kind::Category(_) | Kind::Text | Kind::Date(..) => Datatype::Bytes,
        }
    }

    /// What a manifest calls its type.
    pub fn type_name(&self) -> &'static str {
        match self.kind {
            Kind::Number(_) => "number",
            Kind::Integer(_) => "integer",
            Kind::Boolean => "boolean",
            Kind::Category(_) | Kind::Text => "category",
            Kind::Date(..) => "date",
        }
    }

    /// Adds what stands for a value that does not count: 0 or an empty text. Not NaN:
    /// what comes after the model would remark on it.
    pub fn fill(&self, datatype: Datatype, data: &mut Vec<u8>) {
        let nothing = match datatype {
            Datatype::Bytes => Number::Text(""),
            _ => Number::Whole(0),
        };
        for _ in 0..self.width() {
            // Every datatype has its own of these.
            let _ = write(nothing, datatype, data);
        }
    }

    /// Adds what a value becomes, in the model's datatype.
    ///
    /// # Errors
    /// What is wrong with the value. Then something or nothing was added.
    pub fn encode(
        &self,
        cell: &Cell<'_>,
        datatype: Datatype,
        data: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        match (cell, &self.missing) {
            (Cell::Null | Cell::Absent, Missing::Nan) => {
                (0..self.width()).try_for_each(|_| write(Number::Real(f64::NAN), datatype, data))
            }
            (Cell::Null | Cell::Absent, Missing::Default(default)) => {
                self.encode_value(default, datatype, data)
            }
            (Cell::Null, Missing::Violation) => {
                Err((ViolationCode::Null, "the value is missing".into()))
            }
            (Cell::Absent, Missing::Violation) => {
                Err((ViolationCode::Missing, "the record does not have it".into()))
            }
            (Cell::Wrong(code, message), _) => Err((contract::code(*code), (*message).into())),
            _ => self.encode_value(cell, datatype, data),
        }
    }

    fn encode_value(
        &self,
        cell: &Cell<'_>,
        datatype: Datatype,
        data: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        match (&self.kind, cell) {
            (Kind::Number(_), Cell::Number(number)) if !number.is_finite() => {
                Err((ViolationCode::OutOfRange, "the value is infinite".into()))
            }
            (Kind::Number(scale), Cell::Number(number)) => {
                write(scale.of(Number::Real(*number)), datatype, data)
            }
            (Kind::Integer(scale), Cell::Integer(integer)) => {
                write(scale.of(Number::Whole(*integer)), datatype, data)
            }
            (Kind::Boolean, Cell::Boolean(boolean)) => {
                write(Number::Whole((*boolean).into()), datatype, data)
            }
            (Kind::Category(categories), Cell::Text(text)) => {
                categories.encode(text, datatype, data)
            }
            (Kind::Text, Cell::Text(text)) => write(Number::Text(text), datatype, data),
            (Kind::Date(measure, scale), Cell::Text(text)) => {
                let date = date::parse(text).ok_or_else(|| {
                    let message = "the value is no date like 2024-02-29 or 2024-02-29T12:00:00Z";
                    (ViolationCode::Malformed, message.to_owned())
                })?;
                let whole = !matches!(datatype, Datatype::Fp16 | Datatype::Fp32 | Datatype::Fp64);
                write(scale.of(measure.of(date, whole)), datatype, data)
            }
            // Readers make cells by the kind.
            _ => Err((ViolationCode::WrongDatatype, "the value is of another type".into())),
        }
    }
}

impl Categories {
    fn encode(&self, text: &str, datatype: Datatype, data: &mut Vec<u8>) -> Result<(), Fault> {
        let place = self.places.get(text).copied();
        let number = match (place, &self.unknown) {
            (None, Unknown::Violation) => {
                let message = format!("the value is none of the {} known", self.places.len());
                return Err((ViolationCode::UnknownCategory, message));
            }
            (Some(_), _) if datatype == Datatype::Bytes => Number::Text(text),
            (Some(_), _) | (None, Unknown::Zeros) if self.one_hot => {
                let places = 0..self.places.len() as i64;
                let mut numbers = places.map(|at| Number::Whole((place == Some(at)).into()));
                return numbers.try_for_each(|number| write(number, datatype, data));
            }
            (Some(place), _) => Number::Whole(place),
            (None, Unknown::Number(number)) => Number::Real(*number),
            (None, Unknown::Text(text)) => Number::Text(text),
            (None, Unknown::Zeros) => Number::Whole(0),
        };
        write(number, datatype, data)
    }
}
