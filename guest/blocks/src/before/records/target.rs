//! The tensors that become full: numbers and texts in the model's datatype.

use super::column::{Cell, Column, Fault};
use super::violation;
use crate::faults::Faults;
use half::f16;
use outpost_guest::{
    Datatype, Error, Tensor, TensorSpec, ViolationCode, datatype_name, element_size,
};

/// The most bytes that a tensor may have.
pub(super) const MOST_BYTES: usize = 256 << 20;

/// An input of the model, and what fills it.
pub(super) struct Target {
    pub spec: TensorSpec,
    /// Places of columns, in the order in which they stand in a row.
    pub columns: Vec<usize>,
    /// Numbers or texts in a row.
    pub width: usize,
}

/// What a cell becomes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Number<'a> {
    Whole(i64),
    /// Not finite where a value may be missing: then NaN.
    Real(f64),
    Text(&'a str),
}

/// A tensor on its way.
pub(super) struct Filling<'a> {
    target: &'a Target,
    data: Vec<u8>,
}

impl<'a> Filling<'a> {
    /// # Errors
    /// If that many rows are too many.
    pub fn new(target: &'a Target, rows: usize) -> Result<Self, Error> {
        // A text has at least its length.
        let size = element_size(target.spec.datatype).unwrap_or(4).saturating_mul(target.width);
        match rows.checked_mul(size) {
            Some(bytes) if bytes <= MOST_BYTES => {
                Ok(Filling { target, data: Vec::with_capacity(bytes) })
            }
            _ => Err(too_large(target)),
        }
    }

    /// A row, of the cells of all columns.
    ///
    /// # Errors
    /// If the tensor becomes too large. What is wrong with a cell is added to the
    /// faults, and then there is no tensor; but not if that column is settled, by its
    /// place.
    pub fn add(
        &mut self,
        row: usize,
        columns: &[Column],
        cells: &[Cell<'_>],
        settled: impl Fn(usize) -> bool,
        faults: &mut Faults,
    ) -> Result<(), Error> {
        for &place in &self.target.columns {
            let (Some(column), Some(cell)) = (columns.get(place), cells.get(place)) else {
                continue;
            };
            let datatype = self.target.spec.datatype;
            let before = self.data.len();
            if let Err((code, message)) = column.encode(cell, datatype, &mut self.data) {
                match settled(place) {
                    true => {
                        self.data.truncate(before);
                        column.fill(datatype, &mut self.data);
                    }
                    false => faults.add(&column.name, Some(row), code, message),
                }
            }
        }
        if !faults.are_none() {
            self.data.clear();
        }
        if self.data.len() > MOST_BYTES { Err(too_large(self.target)) } else { Ok(()) }
    }

    pub fn tensor(self, rows: usize) -> Tensor {
        let TensorSpec { name, datatype, shape } = &self.target.spec;
        let mut extents = vec![rows as u64];
        if shape.len() > 1 {
            extents.push(self.target.width as u64);
        }
        Tensor { name: name.clone(), datatype: *datatype, shape: extents, data: self.data }
    }
}

fn too_large(target: &Target) -> Error {
    let message = format!("the rows make more than {} MiB for the model", MOST_BYTES >> 20);
    Error::Invalid(vec![violation(&target.spec.name, ViolationCode::TooLarge, message)])
}

/// Adds a number or text, in this datatype.
///
/// # Errors
/// If the datatype does not have it.
pub(super) fn write(
    number: Number<'_>,
    datatype: Datatype,
    data: &mut Vec<u8>,
) -> Result<(), Fault> {
    let real = match number {
        Number::Whole(whole) => whole as f64,
        Number::Real(real) => real,
        Number::Text(_) => f64::INFINITY,
    };
    // Those of a larger magnitude are in no datatype of integers.
    let whole = match number {
        Number::Whole(whole) => Some(i128::from(whole)),
        Number::Real(real) if real.trunc() == real && real.abs() < 1e30 => Some(real as i128),
        _ => None,
    };
    let finite = |rounded: f64| rounded.is_finite() || real.is_nan();
    let written = match datatype {
        Datatype::Bool => put(data, whole.filter(|&it| it == 0 || it == 1).map(|it| [it as u8])),
        Datatype::Uint8 => put(data, integer(whole).map(u8::to_le_bytes)),
        Datatype::Uint16 => put(data, integer(whole).map(u16::to_le_bytes)),
        Datatype::Uint32 => put(data, integer(whole).map(u32::to_le_bytes)),
        Datatype::Uint64 => put(data, integer(whole).map(u64::to_le_bytes)),
        Datatype::Int8 => put(data, integer(whole).map(i8::to_le_bytes)),
        Datatype::Int16 => put(data, integer(whole).map(i16::to_le_bytes)),
        Datatype::Int32 => put(data, integer(whole).map(i32::to_le_bytes)),
        Datatype::Int64 => put(data, integer(whole).map(i64::to_le_bytes)),
        Datatype::Fp16 => {
            let half = f16::from_f64(real);
            put(data, finite(half.to_f64()).then(|| half.to_le_bytes()))
        }
        Datatype::Fp32 => {
            let single = real as f32;
            put(data, finite(single.into()).then(|| single.to_le_bytes()))
        }
        Datatype::Fp64 => put(data, finite(real).then(|| real.to_le_bytes())),
        Datatype::Bytes => match number {
            Number::Text(text) => {
                // Texts of a request are shorter than that.
                data.extend(u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
                data.extend(text.as_bytes());
                true
            }
            _ => false,
        },
    };
    if written {
        return Ok(());
    }
    let name = datatype_name(datatype);
    let message = match datatype {
        Datatype::Fp16 | Datatype::Fp32 | Datatype::Fp64 => {
            format!("the value is too large for {name}, in which the model takes it")
        }
        _ => format!("the value is not one that {name} has, in which the model takes it"),
    };
    Err((ViolationCode::OutOfRange, message))
}

fn integer<T: TryFrom<i128>>(whole: Option<i128>) -> Option<T> {
    T::try_from(whole?).ok()
}

fn put<const SIZE: usize>(data: &mut Vec<u8>, bytes: Option<[u8; SIZE]>) -> bool {
    data.extend(bytes.iter().flatten());
    bytes.is_some()
}
