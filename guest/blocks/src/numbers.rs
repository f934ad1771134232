//! The numbers of tensors, of whichever precision: read as FP64, which holds each
//! of the three exactly, and rounded when they are written.

use half::f16;
use outpost_guest::{Datatype, Tensor};

/// A precision that models compute in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Float {
    Half,
    Single,
    Double,
}

/// Elements of a tensor, at the same distance from each other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lane {
    pub start: usize,
    pub step: usize,
    pub count: usize,
}

impl Float {
    pub fn of(datatype: Datatype) -> Option<Self> {
        match datatype {
            Datatype::Fp16 => Some(Float::Half),
            Datatype::Fp32 => Some(Float::Single),
            Datatype::Fp64 => Some(Float::Double),
            _ => None,
        }
    }

    pub fn datatype(self) -> Datatype {
        match self {
            Float::Half => Datatype::Fp16,
            Float::Single => Datatype::Fp32,
            Float::Double => Datatype::Fp64,
        }
    }

    /// Bytes of a number.
    pub fn size(self) -> usize {
        match self {
            Float::Half => 2,
            Float::Single => 4,
            Float::Double => 8,
        }
    }

    /// The nearest number that this precision has.
    pub fn rounded(self, number: f64) -> f64 {
        match self {
            Float::Half => f16::from_f64(number).to_f64(),
            Float::Single => f64::from(number as f32),
            Float::Double => number,
        }
    }

    /// Puts the numbers of a lane in place of what `into` holds.
    pub fn read(self, data: &[u8], lane: Lane, into: &mut Vec<f64>) {
        into.clear();
        match self {
            Float::Half => read(data, lane, into, |bytes| f16::from_le_bytes(bytes).to_f64()),
            Float::Single => read(data, lane, into, |bytes| f32::from_le_bytes(bytes).into()),
            Float::Double => read(data, lane, into, f64::from_le_bytes),
        }
    }

    /// Puts numbers into a lane.
    pub fn write(self, data: &mut [u8], lane: Lane, numbers: &[f64]) {
        match self {
            Float::Half => {
                write(data, lane, numbers, |number| f16::from_f64(number).to_le_bytes());
            }
            Float::Single => write(data, lane, numbers, |number| (number as f32).to_le_bytes()),
            Float::Double => write(data, lane, numbers, f64::to_le_bytes),
        }
    }

    /// Changes all numbers, each given with its place.
    pub fn each(self, data: &mut [u8], change: impl Fn(usize, f64) -> f64) {
        match self {
            Float::Half => each(data, |place, bytes| {
                f16::from_f64(change(place, f16::from_le_bytes(bytes).to_f64())).to_le_bytes()
            }),
            Float::Single => each(data, |place, bytes| {
                (change(place, f32::from_le_bytes(bytes).into()) as f32).to_le_bytes()
            }),
            Float::Double => {
                each(data, |place, bytes| change(place, f64::from_le_bytes(bytes)).to_le_bytes());
            }
        }
    }

    /// Adds numbers at the end.
    pub fn append(self, data: &mut Vec<u8>, numbers: &[f64]) {
        match self {
            Float::Half => {
                data.extend(numbers.iter().flat_map(|&number| f16::from_f64(number).to_le_bytes()));
            }
            Float::Single => {
                data.extend(numbers.iter().flat_map(|&number| (number as f32).to_le_bytes()));
            }
            Float::Double => data.extend(numbers.iter().flat_map(|number| number.to_le_bytes())),
        }
    }
}

fn read<const SIZE: usize>(
    data: &[u8],
    lane: Lane,
    into: &mut Vec<f64>,
    number: impl Fn([u8; SIZE]) -> f64,
) {
    let (all, _) = data.as_chunks::<SIZE>();
    let rest = all.get(lane.start..).unwrap_or_default().iter();
    into.extend(rest.step_by(lane.step.max(1)).take(lane.count).map(|&bytes| number(bytes)));
}

fn write<const SIZE: usize>(
    data: &mut [u8],
    lane: Lane,
    numbers: &[f64],
    bytes: impl Fn(f64) -> [u8; SIZE],
) {
    let (all, _) = data.as_chunks_mut::<SIZE>();
    let rest = all.get_mut(lane.start..).unwrap_or_default().iter_mut();
    let slots = rest.step_by(lane.step.max(1)).take(lane.count);
    slots.zip(numbers).for_each(|(slot, &number)| *slot = bytes(number));
}

fn each<const SIZE: usize>(data: &mut [u8], change: impl Fn(usize, [u8; SIZE]) -> [u8; SIZE]) {
    let (all, _) = data.as_chunks_mut::<SIZE>();
    all.iter_mut().enumerate().for_each(|(place, number)| *number = change(place, *number));
}

/// All numbers of a tensor of any datatype but BYTES.
pub(crate) fn all(tensor: &Tensor) -> Option<Vec<f64>> {
    fn of<const SIZE: usize>(data: &[u8], number: impl Fn([u8; SIZE]) -> f64) -> Option<Vec<f64>> {
        Some(data.as_chunks::<SIZE>().0.iter().map(|&bytes| number(bytes)).collect())
    }
    let data = &tensor.data;
    match tensor.datatype {
        Datatype::Bool | Datatype::Uint8 => of(data, |[byte]: [u8; 1]| byte.into()),
        Datatype::Int8 => of(data, |bytes| i8::from_le_bytes(bytes).into()),
        Datatype::Uint16 => of(data, |bytes| u16::from_le_bytes(bytes).into()),
        Datatype::Int16 => of(data, |bytes| i16::from_le_bytes(bytes).into()),
        Datatype::Uint32 => of(data, |bytes| u32::from_le_bytes(bytes).into()),
        Datatype::Int32 => of(data, |bytes| i32::from_le_bytes(bytes).into()),
        Datatype::Uint64 => of(data, |bytes| u64::from_le_bytes(bytes) as f64),
        Datatype::Int64 => of(data, |bytes| i64::from_le_bytes(bytes) as f64),
        Datatype::Fp16 => of(data, |bytes| f16::from_le_bytes(bytes).to_f64()),
        Datatype::Fp32 => of(data, |bytes| f32::from_le_bytes(bytes).into()),
        Datatype::Fp64 => of(data, f64::from_le_bytes),
        Datatype::Bytes => None,
    }
}

/// How many elements a shape has, unless that is more than there can be.
pub(crate) fn elements(shape: &[u64]) -> Option<usize> {
    let product = shape.iter().try_fold(1_u64, |product, &extent| product.checked_mul(extent));
    usize::try_from(product?).ok()
}

#[cfg(test)]
mod tests {
    use super::{Float, Lane};

    const NUMBERS: [f64; 6] = [0.0, -1.5, 65_504.0, f64::INFINITY, 0.000_061_035_156_25, 3.0];

    #[test]
    fn every_precision_comes_back() {
        for float in [Float::Half, Float::Single, Float::Double] {
            let mut data = Vec::new();
            float.append(&mut data, &NUMBERS);
            let mut back = Vec::new();
            float.read(&data, Lane { start: 0, step: 1, count: 6 }, &mut back);
            assert_eq!(back, NUMBERS);
            float.read(&data, Lane { start: 1, step: 2, count: 9 }, &mut back);
            assert_eq!(back, [-1.5, f64::INFINITY, 3.0]);
            float.write(&mut data, Lane { start: 0, step: 5, count: 2 }, &[7.0, 8.0, 9.0]);
            float.read(&data, Lane { start: 0, step: 1, count: 6 }, &mut back);
            assert_eq!(back, [7.0, -1.5, 65_504.0, f64::INFINITY, 0.000_061_035_156_25, 8.0]);
        }
    }

    #[test]
    fn lanes_outside_of_the_data_are_empty() {
        let mut back = vec![1.0];
        Float::Single.read(&[0; 8], Lane { start: 3, step: 0, count: 9 }, &mut back);
        assert!(back.is_empty());
        Float::Single.write(&mut [0; 8], Lane { start: usize::MAX, step: 1, count: 1 }, &[1.0]);
    }

    #[test]
    fn numbers_are_rounded() {
        assert_eq!(Float::Single.rounded(0.7), f64::from(0.7_f32));
        assert_eq!(Float::Half.rounded(0.1), 0.099_975_585_937_5);
        assert_eq!(Float::Double.rounded(0.1), 0.1);
    }
}
