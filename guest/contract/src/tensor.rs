//! Tensors as this crate sees them: what it must know of them and nothing more, so
//! that it depends on neither side's types.

use crate::report::Code;
use half::f16;
use std::collections::{BTreeMap, BTreeSet};

/// Element types, those of the Open Inference Protocol (V2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Datatype {
    Bool,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Int8,
    Int16,
    Int32,
    Int64,
    Fp16,
    Fp32,
    Fp64,
    Bytes,
}

/// An input of a module, as its description has it.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// In requests.
    pub name: &'a str,
    /// Of its elements.
    pub datatype: Datatype,
    /// -1 where an extent varies.
    pub shape: &'a [i64],
    /// What the places along the last dimension are called; empty if they have no
    /// names.
    pub columns: &'a [String],
}

/// An input of a request.
#[derive(Debug)]
pub struct Values<'a> {
    /// Of its elements.
    pub datatype: Datatype,
    /// All extents.
    pub shape: &'a [u64],
    /// As they go over the wire: little-endian; BYTES with their lengths before them.
    pub data: &'a mut Vec<u8>,
}

/// A column inside of records, which a module reads out of one of its inputs.
pub struct Column<'a> {
    /// As records have it.
    pub name: &'a str,
    /// What a manifest calls its type.
    pub kind: &'a str,
    /// Of what is read.
    pub datatype: Datatype,
    /// The input that the records are in.
    pub input: &'a str,
    /// Whether a record can leave it out, as it can a key of JSON but no field of CSV.
    pub keyed: bool,
    /// Whether a value can go on to the model.
    pub takes: Takes<'a>,
}

/// Of a value, as an element of its column's datatype: if not, why.
pub type Takes<'a> = Box<dyn Fn(&[u8]) -> Result<(), String> + 'a>;

/// The values of a [`Column`], as they were read: one for each record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cells {
    /// As in [`Values`]. Where there is no value, anything: of BYTES, an empty one.
    pub data: Vec<u8>,
    /// For each record.
    pub marks: Vec<Mark>,
    /// Of those marked so: what is wrong, without the value.
    pub wrong: BTreeMap<usize, (Code, &'static str)>,
    /// Records in which nothing more is to be said of this column, since the contract
    /// did: the request is refused, or the answer does not count for this record.
    pub settled: BTreeSet<usize>,
}

/// What there is of a column in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A value.
    Value,
    /// It says that there is none.
    Null,
    /// It does not name the column.
    Absent,
    /// Something that the column's datatype cannot hold.
    Wrong,
    /// Nothing is known: it could not be read at all.
    Unread,
}

/// Places in a tensor at the same distance from each other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lane {
    pub start: usize,
    pub step: usize,
}

impl Lane {
    pub fn of<'a, T>(self, all: &'a [T]) -> impl Iterator<Item = &'a T> + use<'a, T> {
        all.get(self.start..).unwrap_or_default().iter().step_by(self.step.max(1))
    }

    /// Where in the tensor the element is that is at this place in the lane.
    pub fn place(self, at: usize) -> usize {
        at.saturating_mul(self.step).saturating_add(self.start)
    }
}

impl Datatype {
    /// By the protocol's spelling.
    pub fn name(self) -> &'static str {
        match self {
            Datatype::Bool => "BOOL",
            Datatype::Uint8 => "UINT8",
            Datatype::Uint16 => "UINT16",
            Datatype::Uint32 => "UINT32",
            Datatype::Uint64 => "UINT64",
            Datatype::Int8 => "INT8",
            Datatype::Int16 => "INT16",
            Datatype::Int32 => "INT32",
            Datatype::Int64 => "INT64",
            Datatype::Fp16 => "FP16",
            Datatype::Fp32 => "FP32",
            Datatype::Fp64 => "FP64",
            Datatype::Bytes => "BYTES",
        }
    }

    /// Bytes of an element; none for BYTES.
    pub(crate) fn size(self) -> Option<usize> {
        match self {
            Datatype::Bool | Datatype::Uint8 | Datatype::Int8 => Some(1),
            Datatype::Uint16 | Datatype::Int16 | Datatype::Fp16 => Some(2),
            Datatype::Uint32 | Datatype::Int32 | Datatype::Fp32 => Some(4),
            Datatype::Uint64 | Datatype::Int64 | Datatype::Fp64 => Some(8),
            Datatype::Bytes => None,
        }
    }

    pub(crate) fn is_float(self) -> bool {
        matches!(self, Datatype::Fp16 | Datatype::Fp32 | Datatype::Fp64)
    }

    /// The nearest number that a float type has: what a client's number became.
    pub(crate) fn rounded(self, number: f64) -> f64 {
        match self {
            Datatype::Fp16 => f16::from_f64(number).to_f64(),
            Datatype::Fp32 => f64::from(number as f32),
            _ => number,
        }
    }

    /// The bytes of a number of a float type.
    pub(crate) fn float(self, number: f64) -> Option<Vec<u8>> {
        match self {
            _ if !self.rounded(number).is_finite() => None,
            Datatype::Fp16 => Some(f16::from_f64(number).to_le_bytes().into()),
            Datatype::Fp32 => Some((number as f32).to_le_bytes().into()),
            Datatype::Fp64 => Some(number.to_le_bytes().into()),
            _ => None,
        }
    }

    /// The bytes of a number of a whole type.
    pub(crate) fn whole(self, number: i128) -> Option<Vec<u8>> {
        Some(match self {
            Datatype::Bool => vec![u8::try_from(number).ok().filter(|&bit| bit <= 1)?],
            Datatype::Uint8 => u8::try_from(number).ok()?.to_le_bytes().into(),
            Datatype::Uint16 => u16::try_from(number).ok()?.to_le_bytes().into(),
            Datatype::Uint32 => u32::try_from(number).ok()?.to_le_bytes().into(),
            Datatype::Uint64 => u64::try_from(number).ok()?.to_le_bytes().into(),
            Datatype::Int8 => i8::try_from(number).ok()?.to_le_bytes().into(),
            Datatype::Int16 => i16::try_from(number).ok()?.to_le_bytes().into(),
            Datatype::Int32 => i32::try_from(number).ok()?.to_le_bytes().into(),
            Datatype::Int64 => i64::try_from(number).ok()?.to_le_bytes().into(),
            _ => return None,
        })
    }

    /// Goes over the numbers of a lane, if this is a float type.
    pub(crate) fn floats(self, data: &[u8], lane: Lane, see: impl FnMut(f64)) {
        match self {
            Datatype::Fp16 => over(data, lane, |bytes| f16::from_le_bytes(bytes).to_f64(), see),
            Datatype::Fp32 => over(data, lane, |bytes| f32::from_le_bytes(bytes).into(), see),
            Datatype::Fp64 => over(data, lane, f64::from_le_bytes, see),
            _ => {}
        }
    }

    /// Goes over the numbers of a lane, if this is a whole type.
    pub(crate) fn wholes(self, data: &[u8], lane: Lane, see: impl FnMut(i128)) {
        match self {
            Datatype::Bool | Datatype::Uint8 => {
                over(data, lane, |bytes| u8::from_le_bytes(bytes).into(), see);
            }
            Datatype::Uint16 => over(data, lane, |bytes| u16::from_le_bytes(bytes).into(), see),
            Datatype::Uint32 => over(data, lane, |bytes| u32::from_le_bytes(bytes).into(), see),
            Datatype::Uint64 => over(data, lane, |bytes| u64::from_le_bytes(bytes).into(), see),
            Datatype::Int8 => over(data, lane, |bytes| i8::from_le_bytes(bytes).into(), see),
            Datatype::Int16 => over(data, lane, |bytes| i16::from_le_bytes(bytes).into(), see),
            Datatype::Int32 => over(data, lane, |bytes| i32::from_le_bytes(bytes).into(), see),
            Datatype::Int64 => over(data, lane, |bytes| i64::from_le_bytes(bytes).into(), see),
            _ => {}
        }
    }
}

fn over<const SIZE: usize, T>(
    data: &[u8],
    lane: Lane,
    read: impl Fn([u8; SIZE]) -> T,
    see: impl FnMut(T),
) {
    lane.of(data.as_chunks::<SIZE>().0).map(|&bytes| read(bytes)).for_each(see);
}

/// The elements of BYTES, if the data are whole ones.
pub(crate) fn elements(data: &[u8]) -> Option<Vec<&[u8]>> {
    let mut rest = data;
    let mut all = Vec::new();
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        let (element, tail) = tail.split_at_checked(length)?;
        all.push(element);
        rest = tail;
    }
    rest.is_empty().then_some(all)
}

/// The bytes of one element of BYTES.
pub(crate) fn element(bytes: &[u8], to: &mut Vec<u8>) {
    let bytes = bytes.get(..u32::MAX as usize).unwrap_or(bytes);
    to.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
    to.extend(bytes);
}
