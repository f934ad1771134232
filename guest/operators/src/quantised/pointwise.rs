//! Operators of ONNX Runtime's quantiser that compute on numbers: each input is
//! turned to numbers, the result to integers.

use super::scheme::{pair, quantised, triple};
use crate::operator::{Built, Input, Operator, Output, built};
use crate::slots::Slots;
use crate::tensor::softmax;
use crate::values::{axis, common, joined, numbers, sigmoid, stretch};
use crate::windows::{Windows, global};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::tract_ndarray::{ArrayD, Axis, Zip};
use tract_onnx::tract_hir::internal::*;
use tract_onnx::tract_hir::tract_core::broadcast::multi_broadcast;

#[derive(Debug)]
struct Pointwise {
    slots: Slots,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Add,
    Mul,
    Sigmoid,
    LeakyRelu(f32),
    Softmax { axis: i64, rest: bool },
    GlobalAverage { channels_last: bool },
    Average { windows: Windows, padded: bool, channels_last: bool },
    Concat(i64),
    Where,
}

fn pointwise(node: &NodeProto, kind: Kind) -> Built {
    built(Pointwise { slots: Slots::of(node), kind })
}

pub fn add(_: &ParsingContext, node: &NodeProto) -> Built {
    pointwise(node, Kind::Add)
}

pub fn mul(_: &ParsingContext, node: &NodeProto) -> Built {
    pointwise(node, Kind::Mul)
}

pub fn sigmoid_of(_: &ParsingContext, node: &NodeProto) -> Built {
    pointwise(node, Kind::Sigmoid)
}

pub fn leaky_relu(_: &ParsingContext, node: &NodeProto) -> Built {
    pointwise(node, Kind::LeakyRelu(node.get_attr_opt("alpha")?.unwrap_or(0.01)))
}

pub fn softmax_of(_: &ParsingContext, node: &NodeProto) -> Built {
    // Before opset 13 all axes from this one on are as one.
    let opset: i64 = node.get_attr_opt("opset")?.unwrap_or(13);
    let axis = node.get_attr_opt("axis")?.unwrap_or(if opset < 13 { 1 } else { -1 });
    pointwise(node, Kind::Softmax { axis, rest: opset < 13 })
}

fn channels_last(node: &NodeProto) -> TractResult<bool> {
    Ok(node.get_attr_opt::<i64>("channels_last")? == Some(1))
}

pub fn global_average_pool(_: &ParsingContext, node: &NodeProto) -> Built {
    pointwise(node, Kind::GlobalAverage { channels_last: channels_last(node)? })
}

pub fn average_pool(_: &ParsingContext, node: &NodeProto) -> Built {
    let padded = node.get_attr_opt::<i64>("count_include_pad")? == Some(1);
    let windows = Windows::of(node)?;
    pointwise(node, Kind::Average { windows, padded, channels_last: channels_last(node)? })
}

pub fn concat(_: &ParsingContext, node: &NodeProto) -> Built {
    pointwise(node, Kind::Concat(node.get_attr("axis")?))
}

pub fn select(_: &ParsingContext, node: &NodeProto) -> Built {
    pointwise(node, Kind::Where)
}

impl Pointwise {
    /// Where the scale of the output is; its zero point comes after it.
    fn output(&self) -> usize {
        match self.kind {
            Kind::Add | Kind::Mul => 6,
            Kind::Concat(_) => 0,
            Kind::Where => 7,
            _ => 3,
        }
    }

    /// The first quantised input.
    fn first(&self) -> usize {
        match self.kind {
            Kind::Concat(_) => 2,
            Kind::Where => 1,
            _ => 0,
        }
    }

    /// The quantised inputs of a concatenation.
    fn parts<'a, T>(&self, inputs: &'a [T]) -> Vec<&'a T> {
        inputs.iter().skip(2).step_by(3).collect()
    }
}

/// Both arrays in the shape that they stretch to, put together.
fn both(a: &ArrayD<f32>, b: &ArrayD<f32>, f: fn(f32, f32) -> f32) -> TractResult<ArrayD<f32>> {
    let shape = common(&[a.shape(), b.shape()])?;
    let (a, b) = (stretch(a, &shape, "an input")?, stretch(b, &shape, "an input")?);
    Ok(Zip::from(a).and(b).map_collect(|a, b| f(*a, *b)))
}

/// Channels last to second, or back.
fn moved(array: ArrayD<f32>, back: bool) -> ArrayD<f32> {
    let rank = array.ndim();
    let mut axes: Vec<usize> = (0..rank).collect();
    if rank > 2 {
        let tail = axes.split_off(1);
        let shift = if back { 1 } else { tail.len() - 1 };
        axes.extend(tail.iter().cycle().skip(shift).take(tail.len()));
    }
    array.permuted_axes(axes).as_standard_layout().into_owned()
}

/// An operation on arrays whose channels come second, on one where they may be last.
fn by_channel(
    array: ArrayD<f32>,
    last: bool,
    f: impl FnOnce(&ArrayD<f32>) -> TractResult<ArrayD<f32>>,
) -> TractResult<ArrayD<f32>> {
    if last { Ok(moved(f(&moved(array, false))?, true)) } else { f(&array) }
}

fn average(elements: &mut dyn Iterator<Item = f32>, count: usize) -> f32 {
    elements.sum::<f32>() / count.max(1) as f32
}

impl Operator for Pointwise {
    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Add => "QLinearAdd",
            Kind::Mul => "QLinearMul",
            Kind::Sigmoid => "QLinearSigmoid",
            Kind::LeakyRelu(_) => "QLinearLeakyRelu",
            Kind::Softmax { .. } => "QLinearSoftmax",
            Kind::GlobalAverage { .. } => "QLinearGlobalAveragePool",
            Kind::Average { .. } => "QLinearAveragePool",
            Kind::Concat(_) => "QLinearConcat",
            Kind::Where => "QLinearWhere",
        }
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let need = |position| self.slots.need(inputs, position);
        let first = need(self.first())?;
        let shape = match &self.kind {
            Kind::Add | Kind::Mul => multi_broadcast(&[&*first.shape, &*need(3)?.shape])?,
            Kind::Where => multi_broadcast(&[&*need(0)?.shape, &*first.shape, &*need(4)?.shape])?,
            Kind::Sigmoid | Kind::LeakyRelu(_) | Kind::Softmax { .. } => first.shape.clone(),
            Kind::GlobalAverage { channels_last } => {
                let rank = first.shape.len();
                let channels = if *channels_last { rank.saturating_sub(1) } else { 1 };
                let kept = |axis: usize| axis == 0 || axis == channels;
                let dims = first.shape.iter().enumerate();
                dims.map(|(axis, dim)| if kept(axis) { dim.clone() } else { 1.to_dim() }).collect()
            }
            Kind::Average { windows, channels_last, .. } => {
                let mut input = first.clone();
                let rank = input.shape.len();
                if *channels_last && rank > 2 {
                    let channels = input.shape.remove(rank - 1);
                    input.shape.insert(1, channels);
                }
                let (_, mut shape) = windows.fact(&input)?;
                if *channels_last && rank > 2 {
                    let channels = shape.remove(1);
                    shape.push(channels);
                }
                shape
            }
            Kind::Concat(along) => {
                let mut shape = first.shape.clone();
                let along = axis(*along, shape.len())?;
                let extents =
                    self.parts(inputs).into_iter().filter_map(|part| part.shape.get(along));
                let sum = extents.fold(0.to_dim(), |sum, extent| sum + extent);
                if let Some(dim) = shape.get_mut(along) {
                    *dim = sum;
                }
                shape
            }
        };
        Ok(tvec!((first.datum_type, shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let number = |position| triple(&self.slots, inputs, position);
        let first = self.first();
        let datum_type = self.slots.need(inputs, first)?.datum_type();
        let output = match &self.kind {
            Kind::Add => both(&number(0)?, &number(3)?, |a, b| a + b)?,
            Kind::Mul => both(&number(0)?, &number(3)?, |a, b| a * b)?,
            Kind::Sigmoid => number(0)?.mapv_into(sigmoid),
            Kind::LeakyRelu(alpha) => number(0)?.mapv_into(|x| if x < 0.0 { alpha * x } else { x }),
            Kind::Softmax { axis: along, rest } => {
                let mut array = number(0)?;
                let along = axis(*along, array.ndim())?;
                if *rest {
                    let row: usize = array.shape().iter().skip(along).product();
                    let elements = array.as_slice_mut().context("an input is not contiguous")?;
                    elements.chunks_mut(row.max(1)).for_each(|row| softmax(row, |x| x));
                } else {
                    for mut lane in array.lanes_mut(Axis(along)) {
                        let mut row = lane.to_vec();
                        softmax(&mut row, |x| x);
                        lane.iter_mut().zip(row).for_each(|(to, x)| *to = x);
                    }
                }
                array
            }
            Kind::GlobalAverage { channels_last } => {
                by_channel(number(0)?, *channels_last, |array| global(array, average))?
            }
            Kind::Average { windows, padded, channels_last } => {
                by_channel(number(0)?, *channels_last, |array| {
                    windows.pool(array, |elements, places| {
                        let elements: Vec<f32> = elements.collect();
                        let count = if *padded { places } else { elements.len() };
                        average(&mut elements.into_iter(), count)
                    })
                })?
            }
            Kind::Concat(along) => {
                let parts = (0..self.parts(inputs).len()).map(|part| number(2 + 3 * part));
                let parts = parts.collect::<TractResult<Vec<_>>>()?;
                let along = axis(*along, parts.first().map_or(0, ArrayD::ndim))?;
                joined(along, &parts.iter().map(|part| part.view()).collect::<Vec<_>>())?
            }
            Kind::Where => {
                let condition = numbers::<f32>(self.slots.need(inputs, 0)?)?;
                let (a, b) = (number(1)?, number(4)?);
                let shape = common(&[condition.shape(), a.shape(), b.shape()])?;
                Zip::from(stretch(&condition, &shape, "the condition")?)
                    .and(stretch(&a, &shape, "an input")?)
                    .and(stretch(&b, &shape, "an input")?)
                    .map_collect(|condition, a, b| if *condition == 0.0 { *b } else { *a })
            }
        };
        let (scale, zero) = pair(&self.slots, inputs, self.output())?;
        Ok(tvec!(quantised(output, &scale, &zero, datum_type)?))
    }
}
