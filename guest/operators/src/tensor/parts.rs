//! Slice and Split at places that the model computes, of any datatype.

use crate::operator::{Built, Input, Operator, Output, built};
use crate::slots::Slots;
use crate::values::{axis, extents, list, unforeseeable};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct Slice {
    slots: Slots,
    /// Starts, ends and axes as attributes.
    attributes: [Option<Vec<i64>>; 3],
}

pub fn slice(_: &ParsingContext, node: &NodeProto) -> Built {
    let attribute = |name: &str| node.get_attr_opt_vec(name);
    built(Slice {
        slots: Slots::of(node),
        attributes: [attribute("starts")?, attribute("ends")?, attribute("axes")?],
    })
}

/// A part of an axis: the first element, how many there are, how far apart.
struct Part {
    axis: usize,
    start: usize,
    count: usize,
    step: i64,
}

impl Part {
    fn of(&self, tensor: &Tensor) -> TractResult<Tensor> {
        let &Part { axis, start, count, step } = self;
        if step == 1 && count > 0 {
            return tensor.slice(axis, start, start + count);
        }
        let mut shape = tensor.shape().to_vec();
        if let Some(extent) = shape.get_mut(axis) {
            *extent = count;
        }
        let mut output = Tensor::zero_dt(tensor.datum_type(), &shape)?;
        for to in 0..count {
            let from = (start as i64 + to as i64 * step) as usize;
            output.assign_slice(to..to + 1, tensor, from..from + 1, axis)?;
        }
        Ok(output)
    }
}

impl Slice {
    /// The parts that are cut out, from the inputs after the first, as integers.
    fn parts(&self, shape: &[usize], given: [Option<Vec<i64>>; 4]) -> TractResult<Vec<Part>> {
        let [starts, ends, axes, steps] = given;
        let [of_starts, of_ends, of_axes] = self.attributes.clone();
        let starts = starts.or(of_starts).context("it has no starts")?;
        let ends = ends.or(of_ends).context("it has no ends")?;
        let axes = axes.or(of_axes).unwrap_or_else(|| (0..starts.len() as i64).collect());
        let steps = steps.unwrap_or_else(|| vec![1; starts.len()]);
        let count = starts.len();
        ensure!(
            [&ends, &axes, &steps].iter().all(|values| values.len() == count),
            "it has {count} starts, but {} ends, {} axes and {} steps",
            ends.len(),
            axes.len(),
            steps.len()
        );
        let bounds = starts.into_iter().zip(ends).zip(axes).zip(steps);
        bounds
            .map(|(((start, end), at), step)| {
                let axis = axis(at, shape.len())?;
                let extent = shape.get(axis).copied().unwrap_or(0) as i64;
                ensure!(step != 0, "a step is zero");
                // Where a walk may begin and end, which is before the first element backwards.
                let (low, high) = if step > 0 { (0, extent) } else { (-1, extent - 1) };
                let from_end = |at: i64| if at < 0 { at.saturating_add(extent) } else { at };
                let start = from_end(start).clamp(low, high);
                let end = from_end(end).clamp(low, high);
                let span = if step > 0 { end - start } else { start - end };
                let count = if span > 0 { (span as u64).div_ceil(step.unsigned_abs()) } else { 0 };
                Ok(Part { axis, start: start.max(0) as usize, count: count as usize, step })
            })
            .collect()
    }
}

impl Operator for Slice {
    fn name(&self) -> &'static str {
        "Slice"
    }

    fn facts(&self, _: &[Input]) -> TractResult<TVec<Output>> {
        unforeseeable()
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let input = self.slots.need(inputs, 0)?;
        let given = |position| {
            self.slots.find(inputs, position).map(|value| list::<i64>(value)).transpose()
        };
        let parts = self.parts(input.shape(), [given(1)?, given(2)?, given(3)?, given(4)?])?;
        let mut current = (**input).clone();
        for part in parts {
            current = part.of(&current)?;
        }
        Ok(tvec!(current.into_tvalue()))
    }
}

#[derive(Debug)]
struct Split {
    slots: Slots,
    axis: i64,
    /// Extents of the parts as an attribute.
    split: Option<Vec<i64>>,
}

pub fn split(_: &ParsingContext, node: &NodeProto) -> Built {
    built(Split {
        slots: Slots::of(node),
        axis: node.get_attr_opt("axis")?.unwrap_or(0),
        split: node.get_attr_opt_vec("split")?,
    })
}

impl Split {
    /// The extents of the parts: as given, or alike, the last one smaller.
    fn parts(&self, extent: usize, given: Option<Vec<i64>>) -> TractResult<Vec<usize>> {
        let count = self.slots.arity();
        let parts = match given.or_else(|| self.split.clone()) {
            Some(given) => extents(&given)?,
            None => {
                let each = extent.div_ceil(count.max(1));
                (0..count).map(|part| extent.saturating_sub(part * each).min(each)).collect()
            }
        };
        ensure!(
            parts.len() == count && parts.iter().sum::<usize>() == extent,
            "an axis of {extent} cannot be split into {count} parts of {parts:?}"
        );
        Ok(parts)
    }
}

impl Operator for Split {
    fn name(&self) -> &'static str {
        "Split"
    }

    fn arity(&self) -> usize {
        self.slots.arity()
    }

    fn facts(&self, _: &[Input]) -> TractResult<TVec<Output>> {
        unforeseeable()
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let input = self.slots.need(inputs, 0)?;
        let axis = axis(self.axis, input.rank())?;
        let given = self.slots.find(inputs, 1).map(|given| list::<i64>(given)).transpose()?;
        let mut start = 0;
        (self.parts(input.shape().get(axis).copied().unwrap_or(0), given)?.into_iter())
            .map(|count| {
                let part = Part { axis, start, count, step: 1 };
                start += count;
                Ok(part.of(input)?.into_tvalue())
            })
            .collect()
    }
}
