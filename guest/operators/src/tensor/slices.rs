//! Operators that move slices of any datatype: CenterCropPad, TensorScatter and
//! ReverseSequence.

use crate::operator::{Built, Input, Operator, Output, built};
use crate::slots::Slots;
use crate::values::{axis, decided, extents, list, room};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct CenterCropPad {
    axes: Option<Vec<i64>>,
}

pub fn center_crop_pad(_: &ParsingContext, node: &NodeProto) -> Built {
    built(CenterCropPad { axes: node.get_attr_opt_vec("axes")? })
}

impl CenterCropPad {
    /// Axes that change, and their new extents.
    fn changes(&self, rank: usize, wanted: &[i64]) -> TractResult<Vec<(usize, usize)>> {
        let axes: Vec<usize> = match &self.axes {
            Some(axes) => axes.iter().map(|&at| axis(at, rank)).collect::<TractResult<_>>()?,
            None => (0..rank).collect(),
        };
        ensure!(axes.len() == wanted.len(), "{} extents for {} axes", wanted.len(), axes.len());
        Ok(axes.into_iter().zip(extents(wanted)?).collect())
    }
}

impl Operator for CenterCropPad {
    fn name(&self) -> &'static str {
        "CenterCropPad"
    }

    fn decisive(&self) -> &[usize] {
        &[1]
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let [input, wanted] = inputs else { bail!("it takes two inputs") };
        let mut shape = input.shape.clone();
        for (axis, extent) in self.changes(shape.len(), &decided(wanted)?)? {
            if let Some(dim) = shape.get_mut(axis) {
                *dim = extent.to_dim();
            }
        }
        Ok(tvec!((input.datum_type, shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [input, wanted] = inputs else { bail!("it takes two inputs") };
        let mut current = (**input).clone();
        for (axis, to) in self.changes(input.rank(), &list::<i64>(wanted)?)? {
            let mut shape = current.shape().to_vec();
            let Some(extent) = shape.get_mut(axis) else { continue };
            let from = std::mem::replace(extent, to);
            let kept = from.min(to);
            let (at, begin) = ((to - kept) / 2, (from - kept) / 2);
            room(&shape)?;
            let mut changed = Tensor::zero_dt(input.datum_type(), &shape)?;
            changed.assign_slice(at..at + kept, &current, begin..begin + kept, axis)?;
            current = changed;
        }
        Ok(tvec!(current.into_tvalue()))
    }
}

#[derive(Debug)]
struct TensorScatter {
    slots: Slots,
    axis: i64,
    circular: bool,
}

pub fn tensor_scatter(_: &ParsingContext, node: &NodeProto) -> Built {
    let circular = match node.get_attr_opt("mode")?.unwrap_or("linear") {
        "linear" => false,
        "circular" => true,
        other => bail!("there is no mode `{other}`"),
    };
    let axis = node.get_attr_opt("axis")?.unwrap_or(-2);
    built(TensorScatter { slots: Slots::of(node), axis, circular })
}

/// A sample of a batch, without the dimension of the batch.
fn sample(batch: &Tensor, index: usize) -> TractResult<Tensor> {
    let mut sample = batch.slice(0, index, index + 1)?;
    sample.remove_axis(0)?;
    Ok(sample)
}

impl Operator for TensorScatter {
    fn name(&self) -> &'static str {
        "TensorScatter"
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let cache = self.slots.need(inputs, 0)?;
        Ok(tvec!((cache.datum_type, cache.shape.clone())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let (cache, update) = (self.slots.need(inputs, 0)?, self.slots.need(inputs, 1)?);
        let axis = axis(self.axis, cache.rank())?.checked_sub(1).context("the batch is no axis")?;
        let begins = self.slots.find(inputs, 2).map(|begins| list::<i64>(begins)).transpose()?;
        let batch = cache.shape().first().copied().unwrap_or(0);
        ensure!(update.shape().first() == Some(&batch), "the update is not of the cache's batch");
        let mut samples = Vec::with_capacity(batch);
        for index in 0..batch {
            let (mut kept, update) = (sample(cache, index)?, sample(update, index)?);
            let begin = begins.as_ref().and_then(|begins| begins.get(index)).copied().unwrap_or(0);
            let begin = usize::try_from(begin).context("a position is negative")?;
            let room = kept.shape().get(axis).copied().unwrap_or(0);
            for step in 0..update.shape().get(axis).copied().unwrap_or(0) {
                let to = match begin + step {
                    to if self.circular => to.checked_rem(room).unwrap_or(to),
                    to => to,
                };
                kept.assign_slice(to..to + 1, &update, step..step + 1, axis)?;
            }
            kept.insert_axis(0)?;
            samples.push(kept);
        }
        if samples.is_empty() {
            return Ok(tvec!(cache.clone()));
        }
        Ok(tvec!(Tensor::stack_tensors(0, &samples)?.into_tvalue()))
    }
}

#[derive(Debug)]
struct ReverseSequence {
    batch_axis: usize,
    time_axis: usize,
}

pub fn reverse_sequence(_: &ParsingContext, node: &NodeProto) -> Built {
    let batch_axis = node.get_attr_opt("batch_axis")?.unwrap_or(1);
    let time_axis = node.get_attr_opt("time_axis")?.unwrap_or(0);
    ensure!(batch_axis + time_axis == 1, "the batch and the time are its first two axes");
    built(ReverseSequence { batch_axis, time_axis })
}

impl Operator for ReverseSequence {
    fn name(&self) -> &'static str {
        "ReverseSequence"
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let [input, _] = inputs else { bail!("it takes two inputs") };
        Ok(tvec!((input.datum_type, input.shape.clone())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [input, lengths] = inputs else { bail!("it takes two inputs") };
        let lengths = extents(&list::<i64>(lengths)?)?;
        let batch = input.shape().get(self.batch_axis).copied().unwrap_or(0);
        ensure!(lengths.len() == batch, "{} lengths for a batch of {batch}", lengths.len());
        let mut output = (**input).clone();
        for (index, length) in lengths.into_iter().enumerate() {
            let sequence = input.slice(self.batch_axis, index, index + 1)?;
            let mut reversed = sequence.clone();
            for step in 0..length {
                let from = length - 1 - step;
                reversed.assign_slice(step..step + 1, &sequence, from..from + 1, self.time_axis)?;
            }
            output.assign_slice(index..index + 1, &reversed, 0..1, self.batch_axis)?;
        }
        Ok(tvec!(output.into_tvalue()))
    }
}
