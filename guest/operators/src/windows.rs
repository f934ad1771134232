//! Windows that slide over the spatial dimensions of an input, any number of
//! them: their attributes and places, shared by pooling operators.

use crate::operator::{Input, Output};
use crate::values::fixed;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::tract_ndarray::{ArrayD, Axis, Dimension, IxDyn, indices};
use tract_onnx::tract_hir::internal::*;

#[derive(Clone, Debug)]
pub struct Windows {
    pub kernel: Vec<usize>,
    pub strides: Vec<usize>,
    dilations: Vec<usize>,
    /// Before all axes, then after them.
    pub pads: Vec<usize>,
    automatic: Automatic,
    ceil: bool,
}

/// What decides on paddings in place of the node.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Automatic {
    Off,
    SameUpper,
    SameLower,
    Valid,
}

/// Windows over an input of a certain size.
pub struct Placed<'a> {
    windows: &'a Windows,
    /// How many there are along each axis.
    pub counts: Vec<usize>,
    begins: Vec<usize>,
    ends: Vec<usize>,
}

impl Windows {
    pub fn of(node: &NodeProto) -> TractResult<Self> {
        let kernel: Vec<usize> = node.get_attr_vec("kernel_shape")?;
        let rank = kernel.len();
        let each = |name: &str, count: usize, default: usize| -> TractResult<Vec<usize>> {
            let values: Vec<usize> =
                node.get_attr_opt_vec(name)?.unwrap_or_else(|| vec![default; count]);
            ensure!(values.len() == count, "it has {} {name} for {rank} axes", values.len());
            Ok(values)
        };
        let automatic = match node.get_attr_opt("auto_pad")?.unwrap_or("NOTSET") {
            "SAME_UPPER" => Automatic::SameUpper,
            "SAME_LOWER" => Automatic::SameLower,
            "VALID" => Automatic::Valid,
            _ => Automatic::Off,
        };
        let windows = Windows {
            strides: each("strides", rank, 1)?,
            dilations: each("dilations", rank, 1)?,
            pads: each("pads", 2 * rank, 0)?,
            automatic,
            ceil: node.get_attr_opt::<i64>("ceil_mode")? == Some(1),
            kernel,
        };
        ensure!(
            windows.strides.iter().chain(&windows.kernel).all(|x| *x > 0),
            "it has a stride or a kernel of zero"
        );
        Ok(windows)
    }

    pub fn place(&self, spatial: &[usize]) -> TractResult<Placed<'_>> {
        let rank = self.kernel.len();
        ensure!(spatial.len() == rank, "windows of {rank} axes do not fit {} axes", spatial.len());
        let (mut counts, mut begins, mut ends) = (vec![], vec![], vec![]);
        let (before, after) = self.pads.split_at(rank);
        let axes = self.kernel.iter().zip(&self.strides).zip(&self.dilations);
        let axes = axes.zip(spatial).zip(before.iter().zip(after));
        for ((((kernel, stride), dilation), &size), (&before, &after)) in axes {
            let reach = (kernel - 1) * dilation + 1;
            let (before, after) = match self.automatic {
                Automatic::Off => (before, after),
                Automatic::Valid => (0, 0),
                same => {
                    let count = size.div_ceil(*stride);
                    let missing = (count.saturating_sub(1) * stride + reach).saturating_sub(size);
                    let half = missing / 2;
                    match same {
                        Automatic::SameUpper => (half, missing - half),
                        _ => (missing - half, half),
                    }
                }
            };
            let room = (size + before + after).checked_sub(reach);
            let room =
                room.with_context(|| format!("a window of {reach} is larger than {size}"))?;
            let mut count = room / stride + 1;
            if self.ceil && room % stride > 0 && count * stride < size + before {
                // One more, unless it began in the padding at the end.
                count += 1;
            }
            counts.push(count);
            begins.push(before);
            ends.push(size + before + after);
        }
        Ok(Placed { windows: self, counts, begins, ends })
    }

    /// Batch and channels as they are, as many of the rest as there are windows.
    pub fn fact(&self, input: &Input) -> TractResult<Output> {
        let spatial =
            Input { shape: input.shape.iter().skip(2).cloned().collect(), ..input.clone() };
        let counts = self.place(&fixed(&spatial)?)?.counts;
        let shape = input.shape.iter().take(2).cloned();
        Ok((input.datum_type, shape.chain(counts.iter().map(|count| count.to_dim())).collect()))
    }

    /// Gives a number for the elements in each window: `fold` makes it of them
    /// and of how many places are in the input and its padding.
    pub fn pool<T: Copy>(
        &self,
        input: &ArrayD<T>,
        fold: impl Fn(&mut dyn Iterator<Item = T>, usize) -> T,
    ) -> TractResult<ArrayD<T>> {
        let shape = input.shape();
        ensure!(shape.len() >= 2, "it needs a batch and channels");
        let (outer, spatial) = shape.split_at(2);
        let placed = self.place(spatial)?;
        // The same for all planes, so found once.
        let windows: Vec<(Vec<usize>, usize)> = indices(IxDyn(&placed.counts))
            .into_iter()
            .map(|window| placed.places(window.slice(), spatial))
            .collect();
        let size: usize = spatial.iter().product();
        let elements = input.as_slice().context("the input is not contiguous")?;
        let mut output = Vec::with_capacity(elements.len());
        for plane in elements.chunks(size.max(1)) {
            output.extend(windows.iter().map(|(places, padded)| {
                fold(&mut places.iter().filter_map(|place| plane.get(*place).copied()), *padded)
            }));
        }
        Ok(ArrayD::from_shape_vec([outer, &placed.counts].concat(), output)?)
    }
}

impl Placed<'_> {
    /// Where the elements of a window are that are in a plane, and how many
    /// there are in the padding as well.
    fn places(&self, window: &[usize], plane: &[usize]) -> (Vec<usize>, usize) {
        let mut padded = 0;
        let mut places = vec![];
        for inside in indices(IxDyn(&self.windows.kernel)) {
            let corner = window.iter().zip(&self.windows.strides).map(|(at, stride)| at * stride);
            let steps =
                inside.slice().iter().zip(&self.windows.dilations).map(|(at, step)| at * step);
            let place: Vec<usize> = corner.zip(steps).map(|(corner, step)| corner + step).collect();
            if place.iter().zip(&self.ends).all(|(at, end)| at < end) {
                padded += 1;
            }
            let mut place = place.iter().zip(&self.begins).zip(plane);
            let inside = place.try_fold(0, |offset, ((at, begin), extent)| {
                let at = at.checked_sub(*begin).filter(|at| at < extent)?;
                Some(offset * extent + at)
            });
            places.extend(inside);
        }
        (places, padded)
    }
}

/// All spatial dimensions in one window.
pub fn global<T: Copy>(
    input: &ArrayD<T>,
    fold: impl Fn(&mut dyn Iterator<Item = T>, usize) -> T,
) -> TractResult<ArrayD<T>> {
    ensure!(input.ndim() >= 2, "it needs a batch and channels");
    let mut shape = input.shape().to_vec();
    let count: usize = shape.iter().skip(2).product();
    shape.iter_mut().skip(2).for_each(|extent| *extent = 1);
    let folded = (input.outer_iter())
        .flat_map(|channels| {
            let each = channels.axis_iter(Axis(0)).map(|c| fold(&mut c.iter().copied(), count));
            each.collect::<Vec<T>>()
        })
        .collect();
    Ok(ArrayD::from_shape_vec(shape, folded)?)
}
