//! Pooling that tract lacks: LpPool, a norm of each window, and MaxUnpool, which
//! puts maxima back to where a pooling found them.

use crate::operator::{Built, Input, Operator, Output, built};
use crate::slots::Slots;
use crate::values::{decided, dims, extents, fixed, give, list, numbers, room};
use crate::windows::Windows;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::tract_ndarray::{ArrayD, Slice};
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct LpPool {
    windows: Windows,
    power: f64,
}

pub fn lp_pool(_: &ParsingContext, node: &NodeProto) -> Built {
    let power = node.get_attr_opt::<i64>("p")?.unwrap_or(2) as f64;
    built(LpPool { windows: Windows::of(node)?, power })
}

impl Operator for LpPool {
    fn name(&self) -> &'static str {
        "LpPool"
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let [input] = inputs else { bail!("it takes one input") };
        Ok(tvec!(self.windows.fact(input)?))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [input] = inputs else { bail!("it takes one input") };
        let output = self.windows.pool(&numbers::<f64>(input)?, |elements, _| {
            elements.map(|x| x.abs().powf(self.power)).sum::<f64>().powf(1.0 / self.power)
        })?;
        Ok(tvec!(give(output, input.datum_type())?))
    }
}

#[derive(Debug)]
struct MaxUnpool {
    slots: Slots,
    windows: Windows,
    /// The input that gives the shape, where there is one.
    decisive: Vec<usize>,
}

pub fn max_unpool(_: &ParsingContext, node: &NodeProto) -> Built {
    let slots = Slots::of(node);
    let decisive = slots.indices(&[2]);
    built(MaxUnpool { slots, windows: Windows::of(node)?, decisive })
}

impl MaxUnpool {
    /// The shape that was pooled, which places count in.
    fn pooled(&self, shape: &[usize]) -> TractResult<Vec<usize>> {
        let windows = &self.windows;
        let (before, after) = windows.pads.split_at(windows.kernel.len());
        ensure!(shape.len() == windows.kernel.len() + 2, "the kernel does not fit the input");
        let axes = shape.iter().skip(2).zip(&windows.kernel).zip(&windows.strides);
        let spatial = axes.zip(before.iter().zip(after)).map(|(((size, kernel), stride), pads)| {
            (size.saturating_sub(1) * stride + kernel).saturating_sub(pads.0 + pads.1)
        });
        Ok(shape.iter().take(2).copied().chain(spatial).collect())
    }
}

impl Operator for MaxUnpool {
    fn name(&self) -> &'static str {
        "MaxUnpool"
    }

    fn decisive(&self) -> &[usize] {
        &self.decisive
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let input = self.slots.need(inputs, 0)?;
        let shape = match self.slots.find(inputs, 2) {
            Some(shape) => extents(&decided(shape)?)?,
            None => self.pooled(&fixed(input)?)?,
        };
        Ok(tvec!((input.datum_type, dims(&shape))))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let (input, places) = (self.slots.need(inputs, 0)?, self.slots.need(inputs, 1)?);
        let pooled = self.pooled(input.shape())?;
        let shape = match self.slots.find(inputs, 2) {
            Some(shape) => extents(&list::<i64>(shape)?)?,
            None => pooled.clone(),
        };
        let mut unpooled = vec![0f64; room(&pooled)?];
        for (&x, &place) in numbers::<f64>(input)?.iter().zip(&list::<i64>(places)?) {
            let to = usize::try_from(place).ok().and_then(|place| unpooled.get_mut(place));
            *to.with_context(|| format!("there is no place {place} in a shape {pooled:?}"))? = x;
        }
        let unpooled = ArrayD::from_shape_vec(&*pooled, unpooled)?;
        ensure!(
            shape.len() == pooled.len() && shape.iter().zip(&pooled).all(|(a, b)| a >= b),
            "a shape {pooled:?} does not fit the output's, {shape:?}"
        );
        room(&shape)?;
        let mut output = ArrayD::<f64>::zeros(shape);
        let part = |axis: tract_ndarray::AxisDescription| {
            Slice::from(..pooled.get(axis.axis.index()).copied().unwrap_or(0) as isize)
        };
        output.slice_each_axis_mut(part).assign(&unpooled);
        Ok(tvec!(give(output, input.datum_type())?))
    }
}
