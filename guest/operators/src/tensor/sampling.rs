//! Operators that sample images between their pixels: AffineGrid, which says
//! where, DeformConv and RoiAlign.

use crate::operator::{Built, Input, Operator, Output, built};
use crate::slots::Slots;
use crate::values::{decided, extent, extents, give, list, numbers, room, view};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::tract_ndarray::{
    Array4, ArrayD, ArrayView2, Dimension, Ix1, Ix2, Ix3, Ix4, IxDyn, indices,
};
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct AffineGrid {
    align: bool,
}

pub fn affine_grid(_: &ParsingContext, node: &NodeProto) -> Built {
    built(AffineGrid { align: node.get_attr_opt::<i64>("align_corners")? == Some(1) })
}

impl Operator for AffineGrid {
    fn name(&self) -> &'static str {
        "AffineGrid"
    }

    fn decisive(&self) -> &[usize] {
        &[1]
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let [theta, size] = inputs else { bail!("it takes two inputs") };
        let size = decided(size)?;
        let spatial = size.iter().skip(2).map(|extent| extent.to_dim());
        let axes = size.len().saturating_sub(2).to_dim();
        let shape = [extent(theta, 0)?.clone()].into_iter().chain(spatial).chain([axes]).collect();
        Ok(tvec!((theta.datum_type, shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [given, size] = inputs else { bail!("it takes two inputs") };
        let theta = numbers::<f64>(given)?;
        let theta = view::<f64, Ix3>(&theta, "theta")?;
        let size = extents(&list::<i64>(size)?)?;
        let spatial: Vec<usize> = size.iter().skip(2).copied().collect();
        let axes = spatial.len();
        let batch = theta.dim().0;
        ensure!(
            (theta.dim().1, theta.dim().2) == (axes, axes + 1),
            "theta of shape {:?} does not fit a size {size:?}",
            theta.dim()
        );
        let shape = [&[batch], &*spatial, &[axes]].concat();
        let mut output = Vec::with_capacity(room(&shape)?);
        for theta in theta.outer_iter() {
            for at in indices(IxDyn(&spatial)) {
                // From -1 to 1, of corners or of pixels; the last axis is x, the first.
                let point: Vec<f64> = (at.slice().iter().zip(&spatial).rev())
                    .map(|(&at, &size)| match self.align {
                        true => -1.0 + 2.0 * at as f64 / size.saturating_sub(1).max(1) as f64,
                        false => (2.0 * at as f64 + 1.0) / size as f64 - 1.0,
                    })
                    .chain([1.0])
                    .collect();
                output.extend(
                    theta
                        .outer_iter()
                        .map(|row| row.iter().zip(&point).map(|(a, b)| a * b).sum::<f64>()),
                );
            }
        }
        let output = ArrayD::from_shape_vec(shape, output)?;
        Ok(tvec!(give(output, given.datum_type())?))
    }
}

/// An image between its pixels, zero outside.
fn bilinear(image: ArrayView2<'_, f64>, y: f64, x: f64) -> f64 {
    let (top, left) = (y.floor(), x.floor());
    let (down, right) = (y - top, x - left);
    let pixel = |y: f64, x: f64| {
        if y < 0.0 || x < 0.0 {
            0.0
        } else {
            image.get((y as usize, x as usize)).copied().unwrap_or(0.0)
        }
    };
    (1.0 - down) * ((1.0 - right) * pixel(top, left) + right * pixel(top, left + 1.0))
        + down * ((1.0 - right) * pixel(top + 1.0, left) + right * pixel(top + 1.0, left + 1.0))
}

#[derive(Debug)]
struct DeformConv {
    slots: Slots,
    groups: usize,
    offset_groups: usize,
    dilations: Vec<usize>,
    strides: Vec<usize>,
    pads: Vec<usize>,
}

pub fn deform_conv(_: &ParsingContext, node: &NodeProto) -> Built {
    let pair = |name: &str| -> TractResult<Vec<usize>> {
        let values: Vec<usize> = node.get_attr_opt_vec(name)?.unwrap_or_else(|| vec![1, 1]);
        ensure!(values.len() == 2, "it has {} {name} for an image", values.len());
        Ok(values)
    };
    built(DeformConv {
        slots: Slots::of(node),
        groups: node.get_attr_opt("group")?.unwrap_or(1).max(1),
        offset_groups: node.get_attr_opt("offset_group")?.unwrap_or(1).max(1),
        dilations: pair("dilations")?,
        strides: pair("strides")?,
        pads: node.get_attr_opt_vec("pads")?.unwrap_or_else(|| vec![0; 4]),
    })
}

impl Operator for DeformConv {
    fn name(&self) -> &'static str {
        "DeformConv"
    }

    /// Offsets have the spatial shape of the output.
    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let [input, weights, offsets] = [0, 1, 2].map(|input| self.slots.need(inputs, input));
        let (input, weights, offsets) = (input?, weights?, offsets?);
        let outer = tvec!(extent(input, 0)?.clone(), extent(weights, 0)?.clone());
        let spatial = [extent(offsets, 2)?.clone(), extent(offsets, 3)?.clone()];
        Ok(tvec!((input.datum_type, outer.into_iter().chain(spatial).collect())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let four = |position: usize| -> TractResult<Array4<f64>> {
            let array = numbers::<f64>(self.slots.need(inputs, position)?)?;
            Ok(array.into_dimensionality::<Ix4>()?)
        };
        let (input, weights, offsets) = (four(0)?, four(1)?, four(2)?);
        let mask = self.slots.find(inputs, 4).map(|_| four(4)).transpose()?;
        let (batch, channels, _, _) = input.dim();
        let (kernels, per_group, height, width) = weights.dim();
        let (_, offset_rows, rows, columns) = offsets.dim();
        let taps = height * width;
        ensure!(
            channels == per_group * self.groups
                && kernels % self.groups == 0
                && channels % self.offset_groups == 0,
            "kernels of shape {:?} do not fit {channels} channels in {} groups",
            weights.dim(),
            self.groups
        );
        ensure!(
            offsets.dim().0 == batch
                && offset_rows == 2 * taps * self.offset_groups
                && mask.as_ref().is_none_or(|mask| {
                    mask.dim() == (batch, taps * self.offset_groups, rows, columns)
                }),
            "offsets or the mask do not fit the kernels"
        );
        let bias = match self.slots.find(inputs, 3) {
            Some(bias) => list::<f64>(bias)?,
            None => vec![0.0; kernels],
        };
        let (&[top, left, ..], &[dilate_y, dilate_x], &[stride_y, stride_x]) =
            (&*self.pads, &*self.dilations, &*self.strides)
        else {
            bail!("it needs two strides and dilations, and four pads")
        };
        let at = |array: &Array4<f64>, place: [usize; 4]| array.get(place).copied().unwrap_or(0.0);
        let mut output = Array4::<f64>::zeros((batch, kernels, rows, columns));
        for ((b, kernel, row, column), to) in output.indexed_iter_mut() {
            let mut sum = bias.get(kernel).copied().unwrap_or(0.0);
            for inside in 0..per_group {
                let channel = kernel / (kernels / self.groups) * per_group + inside;
                let image = input.slice(tract_ndarray::s![b, channel, .., ..]);
                let group = channel / (channels / self.offset_groups);
                for tap in 0..taps {
                    let (i, j) = (tap / width, tap % width);
                    let place = group * taps + tap;
                    let moved = |axis: usize| at(&offsets, [b, 2 * place + axis, row, column]);
                    let y = (row * stride_y + i * dilate_y) as f64 - top as f64 + moved(0);
                    let x = (column * stride_x + j * dilate_x) as f64 - left as f64 + moved(1);
                    let mask = mask.as_ref().map_or(1.0, |mask| at(mask, [b, place, row, column]));
                    sum += at(&weights, [kernel, inside, i, j]) * mask * bilinear(image, y, x);
                }
            }
            *to = sum;
        }
        Ok(tvec!(give(output.into_dyn(), self.slots.need(inputs, 0)?.datum_type())?))
    }
}

/// Samples of a bin in a direction; a region so large is a mistake.
const MOST_SAMPLES: usize = 1 << 12;

#[derive(Debug)]
struct RoiAlign {
    half_pixel: bool,
    max: bool,
    height: usize,
    width: usize,
    /// Samples in each bin and direction; zero for as many as it has pixels.
    samples: usize,
    scale: f64,
}

pub fn roi_align(context: &ParsingContext, node: &NodeProto) -> Built {
    // What older versions of the operator did without an attribute.
    let default =
        if context.onnx_operator_set_version < 16 { "output_half_pixel" } else { "half_pixel" };
    let max = match node.get_attr_opt("mode")?.unwrap_or("avg") {
        "avg" => false,
        "max" => true,
        other => bail!("there is no mode `{other}`"),
    };
    built(RoiAlign {
        half_pixel: node.get_attr_opt("coordinate_transformation_mode")?.unwrap_or(default)
            == "half_pixel",
        max,
        height: node.get_attr_opt("output_height")?.unwrap_or(1),
        width: node.get_attr_opt("output_width")?.unwrap_or(1),
        samples: node.get_attr_opt("sampling_ratio")?.unwrap_or(0),
        scale: node.get_attr_opt::<f32>("spatial_scale")?.unwrap_or(1.0).into(),
    })
}

impl RoiAlign {
    /// Pixels around a place in an image of this size, with their weights.
    fn corners(y: f64, x: f64, height: usize, width: usize) -> [((usize, usize), f64); 4] {
        let outside = y < -1.0 || x < -1.0 || y > height as f64 || x > width as f64;
        if outside {
            return [((0, 0), 0.0); 4];
        }
        let between = |at: f64, size: usize| {
            let at = at.max(0.0);
            let low = at as usize;
            if low + 1 >= size {
                let last = size.saturating_sub(1);
                (last, last, 0.0)
            } else {
                (low, low + 1, at - low as f64)
            }
        };
        let ((top, bottom, down), (left, right, aside)) = (between(y, height), between(x, width));
        [
            ((top, left), (1.0 - down) * (1.0 - aside)),
            ((top, right), (1.0 - down) * aside),
            ((bottom, left), down * (1.0 - aside)),
            ((bottom, right), down * aside),
        ]
    }
}

impl Operator for RoiAlign {
    fn name(&self) -> &'static str {
        "RoiAlign"
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let [input, regions, _] = inputs else { bail!("it takes three inputs") };
        let outer = tvec!(extent(regions, 0)?.clone(), extent(input, 1)?.clone());
        let bins = [self.height.to_dim(), self.width.to_dim()];
        Ok(tvec!((input.datum_type, outer.into_iter().chain(bins).collect())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [given, regions, images] = inputs else { bail!("it takes three inputs") };
        let input = numbers::<f64>(given)?.into_dimensionality::<Ix4>()?;
        let regions = numbers::<f64>(regions)?.into_dimensionality::<Ix2>()?;
        let images = numbers::<i64>(images)?.into_dimensionality::<Ix1>()?;
        let (batch, channels, rows, columns) = input.dim();
        ensure!(
            regions.dim() == (images.len(), 4),
            "regions of shape {:?} do not fit {} images",
            regions.dim(),
            images.len()
        );
        let shift = if self.half_pixel { 0.5 } else { 0.0 };
        let mut output = Array4::<f64>::zeros((images.len(), channels, self.height, self.width));
        for ((region, &image), mut output) in
            regions.outer_iter().zip(&images).zip(output.outer_iter_mut())
        {
            let image = usize::try_from(image).ok().filter(|image| *image < batch);
            let image = image.context("a region is of an image that is not in the batch")?;
            let edges: Vec<f64> = region.iter().map(|edge| edge * self.scale - shift).collect();
            let &[left, top, right, bottom] = &*edges else { continue };
            let (mut across, mut down) = (right - left, bottom - top);
            if !self.half_pixel {
                (across, down) = (across.max(1.0), down.max(1.0));
            }
            let (bin_y, bin_x) = (down / self.height as f64, across / self.width as f64);
            let count =
                |bin: f64| if self.samples > 0 { self.samples } else { bin.ceil() as usize };
            let (samples_y, samples_x) = (count(bin_y), count(bin_x));
            ensure!(
                samples_y.max(samples_x) <= MOST_SAMPLES,
                "a region is much larger than an image could be"
            );
            for ((channel, i, j), to) in output.indexed_iter_mut() {
                let pixels = input.slice(tract_ndarray::s![image, channel, .., ..]);
                let mut sum = 0.0;
                let mut highest: Option<f64> = None;
                for sample in 0..samples_y * samples_x {
                    let (a, b) = (sample / samples_x, sample % samples_x);
                    let y = top + bin_y * (i as f64 + (a as f64 + 0.5) / samples_y as f64);
                    let x = left + bin_x * (j as f64 + (b as f64 + 0.5) / samples_x as f64);
                    for (place, weight) in Self::corners(y, x, rows, columns) {
                        let x = weight * pixels.get(place).copied().unwrap_or(0.0);
                        sum += x;
                        highest = Some(highest.map_or(x, |highest| highest.max(x)));
                    }
                }
                *to = if self.max {
                    highest.unwrap_or(0.0)
                } else {
                    sum / (samples_y * samples_x).max(1) as f64
                };
            }
        }
        Ok(tvec!(give(output.into_dyn(), given.datum_type())?))
    }
}
