//! Unique: the different elements of a tensor, or its different slices along an
//! axis, with where they are and how many.

use crate::operator::{Built, Input, Operator, Output, built};
use crate::slots::Slots;
use crate::values::{axis, numbers, unforeseeable};
use std::cmp::Ordering;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::tract_ndarray::{ArrayD, Axis};
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct Unique {
    slots: Slots,
    axis: Option<i64>,
    sorted: bool,
}

pub fn unique(_: &ParsingContext, node: &NodeProto) -> Built {
    let sorted = node.get_attr_opt::<i64>("sorted")? != Some(0);
    built(Unique { slots: Slots::of(node), axis: node.get_attr_opt("axis")?, sorted })
}

/// Slices that are the same, by their positions; groups in order.
fn groups<T: Clone>(
    array: &ArrayD<T>,
    axis: usize,
    order: fn(&T, &T) -> Ordering,
) -> Vec<Vec<usize>> {
    let keys: Vec<Vec<T>> =
        array.axis_iter(Axis(axis)).map(|slice| slice.iter().cloned().collect()).collect();
    let mut sorted: Vec<(usize, &Vec<T>)> = keys.iter().enumerate().collect();
    let compare = |a: &[T], b: &[T]| {
        let different = a.iter().zip(b).map(|(a, b)| order(a, b)).find(|order| order.is_ne());
        different.unwrap_or(Ordering::Equal)
    };
    sorted.sort_by(|a, b| compare(a.1, b.1));
    sorted
        .chunk_by(|a, b| compare(a.1, b.1).is_eq())
        .map(|group| group.iter().map(|(index, _)| *index).collect())
        .collect()
}

impl Operator for Unique {
    fn name(&self) -> &'static str {
        "Unique"
    }

    fn arity(&self) -> usize {
        self.slots.arity()
    }

    fn facts(&self, _: &[Input]) -> TractResult<TVec<Output>> {
        unforeseeable()
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let input = self.slots.need(inputs, 0)?;
        let (input, along) = match self.axis {
            Some(along) => ((**input).clone(), axis(along, input.rank())?),
            None => ((**input).clone().into_shape(&[input.len()])?, 0),
        };
        let mut groups = match input.datum_type() {
            DatumType::String => {
                groups(&input.to_plain_array_view::<String>()?.to_owned(), along, String::cmp)
            }
            float if float.is_float() => groups(&numbers::<f64>(&input)?, along, f64::total_cmp),
            _ => groups(&numbers::<i64>(&input)?, along, i64::cmp),
        };
        if !self.sorted {
            groups.sort_by_key(|group| group.first().copied());
        }
        let count = input.shape().get(along).copied().unwrap_or(0);
        let mut inverse = vec![0i64; count];
        let mut kept: Vec<usize> = Vec::with_capacity(groups.len());
        for (index, group) in groups.iter().enumerate() {
            kept.extend(group.first());
            for &member in group {
                if let Some(inverse) = inverse.get_mut(member) {
                    *inverse = index as i64;
                }
            }
        }
        let mut shape = input.shape().to_vec();
        if let Some(extent) = shape.get_mut(along) {
            *extent = kept.len();
        }
        let mut output = Tensor::zero_dt(input.datum_type(), &shape)?;
        for (to, &from) in kept.iter().enumerate() {
            output.assign_slice(to..to + 1, &input, from..from + 1, along)?;
        }
        let indices: Vec<i64> = kept.iter().map(|index| *index as i64).collect();
        let counts: Vec<i64> = groups.iter().map(|group| group.len() as i64).collect();
        Ok(self.slots.pick([
            output.into_tvalue(),
            tensor1(&indices).into_tvalue(),
            tensor1(&inverse).into_tvalue(),
            tensor1(&counts).into_tvalue(),
        ]))
    }
}
