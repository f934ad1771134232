//! ReduceMax and ReduceMin: tract's know no bools, and take infinities for the
//! largest numbers that are finite.

use crate::operator::{Built, Input, Operator, Output, built};
use crate::slots::Slots;
use crate::values::{axis, decided, give, list, numbers};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::tract_ndarray::{ArrayD, Axis};
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct Reduce {
    slots: Slots,
    max: bool,
    axes: Option<Vec<i64>>,
    keep: bool,
    /// Whether no axes are none, instead of all.
    none: bool,
    decisive: Vec<usize>,
}

fn reduce(node: &NodeProto, max: bool) -> Built {
    let slots = Slots::of(node);
    built(Reduce {
        decisive: slots.indices(&[1]),
        slots,
        max,
        axes: node.get_attr_opt_vec("axes")?,
        keep: node.get_attr_opt::<i64>("keepdims")? != Some(0),
        none: node.get_attr_opt::<i64>("noop_with_empty_axes")? == Some(1),
    })
}

pub fn max(_: &ParsingContext, node: &NodeProto) -> Built {
    reduce(node, true)
}

pub fn min(_: &ParsingContext, node: &NodeProto) -> Built {
    reduce(node, false)
}

impl Reduce {
    /// For each dimension, whether it is reduced.
    fn reduced(&self, rank: usize, axes: Option<Vec<i64>>) -> TractResult<Vec<bool>> {
        let axes = axes.or_else(|| self.axes.clone()).unwrap_or_default();
        let mut reduced = vec![axes.is_empty() && !self.none; rank];
        for at in axes {
            if let Some(reduced) = reduced.get_mut(axis(at, rank)?) {
                *reduced = true;
            }
        }
        Ok(reduced)
    }

    fn fold<T: Copy>(
        &self,
        mut array: ArrayD<T>,
        reduced: &[bool],
        first: T,
        better: fn(T, T) -> T,
    ) -> ArrayD<T> {
        for (at, _) in reduced.iter().enumerate().rev().filter(|(_, reduced)| **reduced) {
            array = array.fold_axis(Axis(at), first, |a, b| better(*a, *b));
            if self.keep {
                array.insert_axis_inplace(Axis(at));
            }
        }
        array
    }
}

impl Operator for Reduce {
    fn name(&self) -> &'static str {
        if self.max { "ReduceMax" } else { "ReduceMin" }
    }

    fn decisive(&self) -> &[usize] {
        &self.decisive
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let input = self.slots.need(inputs, 0)?;
        let axes = self.slots.find(inputs, 1).map(decided).transpose()?;
        let reduced = self.reduced(input.shape.len(), axes)?;
        let dims = input.shape.iter().zip(reduced).filter(|(_, reduced)| self.keep || !reduced);
        let dims = dims.map(|(dim, reduced)| if reduced { 1.to_dim() } else { dim.clone() });
        Ok(tvec!((input.datum_type, dims.collect())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let input = self.slots.need(inputs, 0)?;
        let axes = self.slots.find(inputs, 1).map(|axes| list::<i64>(axes)).transpose()?;
        let reduced = self.reduced(input.rank(), axes)?;
        let datum_type = input.datum_type();
        // Not a number spreads, as in NumPy.
        let float = |max: bool| -> fn(f32, f32) -> f32 {
            if max {
                |a, b| if a.is_nan() || a > b { a } else { b }
            } else {
                |a, b| if a.is_nan() || a < b { a } else { b }
            }
        };
        let output = match datum_type {
            DatumType::F64 => {
                let better: fn(f64, f64) -> f64 = if self.max { f64::max } else { f64::min };
                let first = if self.max { f64::NEG_INFINITY } else { f64::INFINITY };
                give(self.fold(numbers(input)?, &reduced, first, better), datum_type)?
            }
            DatumType::F32 | DatumType::F16 => {
                let first = if self.max { f32::NEG_INFINITY } else { f32::INFINITY };
                give(self.fold(numbers(input)?, &reduced, first, float(self.max)), datum_type)?
            }
            _ => {
                let better: fn(i64, i64) -> i64 = if self.max { i64::max } else { i64::min };
                let first = match (self.max, datum_type) {
                    // What a reduction of nothing gives.
                    (true, DatumType::Bool) => 0,
                    (false, DatumType::Bool) => 1,
                    (max, of) => {
                        let bits = 8 * of.size_of() as u32;
                        let low = if of.is_unsigned() { 0 } else { -1 << (bits - 1) };
                        let high = if of.is_unsigned() { low - 1 } else { !low };
                        let high =
                            if of.is_unsigned() && bits < 64 { (1 << bits) - 1 } else { high };
                        if max { low } else { high }
                    }
                };
                give(self.fold(numbers(input)?, &reduced, first, better), datum_type)?
            }
        };
        Ok(tvec!(output))
    }
}
