//! Resize with every option, for what tract's cannot do, and Upsample, its
//! ancestor. Axes are independent: each output element along an axis is a sum
//! of a few input elements.

use crate::operator::{Built, Input, Operator, Output, built};
use crate::slots::Slots;
use crate::theirs;
use crate::values::{axis, decided, extents, give, list, numbers, room};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::tract_ndarray::{Array3, ArrayD};
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct Resize {
    slots: Slots,
    filter: Filter,
    places: Places,
    axes: Option<Vec<i64>>,
    antialias: bool,
    exclude_outside: bool,
    policy: Policy,
    /// What is outside of a region.
    outside: f32,
    /// Positions of inputs: the region, the factors, the sizes.
    positions: [usize; 3],
    decisive: Vec<usize>,
    /// Factors as an attribute.
    scales: Option<Vec<f32>>,
}

#[derive(Debug)]
enum Filter {
    Nearest(Nearest),
    Linear,
    Cubic(f32),
}

#[derive(Debug)]
enum Nearest {
    PreferFloor,
    PreferCeil,
    Floor,
    Ceil,
}

/// How places in the output are places in the input.
#[derive(Debug, PartialEq)]
enum Places {
    HalfPixel,
    HalfPixelSymmetric,
    PytorchHalfPixel,
    HalfPixelForNearest,
    AlignCorners,
    Asymmetric,
    Region,
}

#[derive(Debug)]
enum Policy {
    Stretch,
    NotLarger,
    NotSmaller,
}

/// An axis that changes.
struct Change {
    axis: usize,
    from: usize,
    to: usize,
    scale: f32,
    region: (f32, f32),
}

/// Input elements that make an output element, with their weights; none where
/// it is outside.
type Taps = Vec<(usize, f32)>;

fn read(node: &NodeProto, positions: [usize; 3]) -> TractResult<Resize> {
    let slots = Slots::of(node);
    let text = |name: &str| node.get_attr_opt::<&str>(name);
    let nearest = match text("nearest_mode")?.unwrap_or("round_prefer_floor") {
        "round_prefer_floor" => Nearest::PreferFloor,
        "round_prefer_ceil" => Nearest::PreferCeil,
        "floor" => Nearest::Floor,
        "ceil" => Nearest::Ceil,
        other => bail!("there is no nearest_mode `{other}`"),
    };
    let filter = match text("mode")?.unwrap_or("nearest") {
        "nearest" => Filter::Nearest(nearest),
        "linear" | "bilinear" | "trilinear" => Filter::Linear,
        "cubic" => Filter::Cubic(node.get_attr_opt("cubic_coeff_a")?.unwrap_or(-0.75)),
        other => bail!("there is no mode `{other}`"),
    };
    let places = match text("coordinate_transformation_mode")?.unwrap_or("half_pixel") {
        "half_pixel" => Places::HalfPixel,
        "half_pixel_symmetric" => Places::HalfPixelSymmetric,
        "pytorch_half_pixel" => Places::PytorchHalfPixel,
        "tf_half_pixel_for_nn" => Places::HalfPixelForNearest,
        "align_corners" => Places::AlignCorners,
        "asymmetric" => Places::Asymmetric,
        "tf_crop_and_resize" => Places::Region,
        other => bail!("there is no coordinate_transformation_mode `{other}`"),
    };
    let policy = match text("keep_aspect_ratio_policy")?.unwrap_or("stretch") {
        "stretch" => Policy::Stretch,
        "not_larger" => Policy::NotLarger,
        "not_smaller" => Policy::NotSmaller,
        other => bail!("there is no keep_aspect_ratio_policy `{other}`"),
    };
    let flag = |name: &str| Ok::<_, TractError>(node.get_attr_opt::<i64>(name)? == Some(1));
    Ok(Resize {
        decisive: slots.indices(&positions),
        slots,
        filter,
        places,
        axes: node.get_attr_opt_vec("axes")?,
        antialias: flag("antialias")?,
        exclude_outside: flag("exclude_outside")?,
        policy,
        outside: node.get_attr_opt("extrapolation_value")?.unwrap_or(0.0),
        positions,
        scales: node.get_attr_opt_vec("scales")?,
    })
}

/// Ours for all inputs.
pub fn any(_: &ParsingContext, node: &NodeProto) -> Built {
    // Before opset 11 factors come second, as there are no regions.
    built(read(node, if node.input.len() == 2 { [9, 1, 9] } else { [1, 2, 3] })?)
}

/// tract's, except where it panics.
pub fn resize(context: &ParsingContext, node: &NodeProto) -> Built {
    match node.get_attr_opt::<i64>("antialias")? {
        Some(1) => any(context, node),
        _ => theirs(context, node),
    }
}

pub fn upsample(_: &ParsingContext, node: &NodeProto) -> Built {
    let mut upsample = read(node, [9, 1, 9])?;
    upsample.places = Places::Asymmetric;
    if let Filter::Nearest(_) = upsample.filter {
        upsample.filter = Filter::Nearest(Nearest::Floor);
    }
    built(upsample)
}

impl Nearest {
    fn of(&self, place: f32) -> f32 {
        match self {
            Nearest::PreferFloor => (place - 0.5).ceil(),
            Nearest::PreferCeil => (place + 0.5).floor(),
            Nearest::Floor => place.floor(),
            Nearest::Ceil => place.ceil(),
        }
    }
}

impl Filter {
    /// What an element counts for at a distance.
    fn weight(&self, distance: f32) -> f32 {
        let x = distance.abs();
        match self {
            Filter::Cubic(a) if x <= 1.0 => ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0,
            Filter::Cubic(a) if x < 2.0 => ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a,
            Filter::Cubic(_) => 0.0,
            Filter::Linear | Filter::Nearest(_) => (1.0 - x).max(0.0),
        }
    }
}

impl Resize {
    /// Axes that change, of an input of these extents, where they are known.
    fn changes(
        &self,
        known: &[Option<usize>],
        region: Option<Vec<f32>>,
        scales: Option<Vec<f32>>,
        sizes: Option<Vec<i64>>,
    ) -> TractResult<Vec<Change>> {
        let rank = known.len();
        let axes: Vec<usize> = match &self.axes {
            Some(axes) => axes.iter().map(|&at| axis(at, rank)).collect::<TractResult<_>>()?,
            None => (0..rank).collect(),
        };
        let scales = scales.or_else(|| self.scales.clone()).filter(|scales| !scales.is_empty());
        let sizes =
            sizes.filter(|sizes| !sizes.is_empty()).map(|sizes| extents(&sizes)).transpose()?;
        let given = scales.as_ref().map(Vec::len).or(sizes.as_ref().map(Vec::len));
        ensure!(
            given == Some(axes.len()),
            "it has {given:?} factors or sizes for {} axes",
            axes.len()
        );
        let from = |axis: usize| {
            known.get(axis).copied().flatten().context("an axis that is resized varies")
        };
        let ratio = |(&axis, &size): (&usize, &usize)| Ok(size as f32 / from(axis)? as f32);
        let ratios = sizes.iter().flat_map(|sizes| axes.iter().zip(sizes).map(ratio));
        let common = match self.policy {
            Policy::Stretch => None,
            Policy::NotLarger => Some(
                ratios.collect::<TractResult<Vec<f32>>>()?.into_iter().fold(f32::MAX, f32::min),
            ),
            Policy::NotSmaller => {
                Some(ratios.collect::<TractResult<Vec<f32>>>()?.into_iter().fold(0.0, f32::max))
            }
        };
        let mut changes = vec![];
        for (index, &axis) in axes.iter().enumerate() {
            let region =
                |end: usize| region.as_ref().and_then(|region| region.get(end + index)).copied();
            let region = (region(0).unwrap_or(0.0), region(axes.len()).unwrap_or(1.0));
            let scale = scales.as_ref().and_then(|scales| scales.get(index)).copied();
            if scale == Some(1.0) && self.places != Places::Region {
                continue;
            }
            let size = sizes.as_ref().and_then(|sizes| sizes.get(index)).copied();
            let from = from(axis)?;
            let (to, scale) = match (scale, size, common) {
                (Some(scale), ..) => ((from as f32 * scale).floor() as usize, scale),
                (None, _, Some(common)) => ((from as f32 * common + 0.5).floor() as usize, common),
                (None, Some(size), None) => (size, size as f32 / from as f32),
                (None, None, None) => bail!("it has neither factors nor sizes"),
            };
            if to != from || self.places == Places::Region {
                changes.push(Change { axis, from, to, scale, region });
            }
        }
        Ok(changes)
    }

    /// Where in the input an element of the output is.
    fn place(&self, change: &Change, index: usize) -> f32 {
        let (i, scale) = (index as f32, change.scale);
        let (from, to) = (change.from as f32, change.to as f32);
        match self.places {
            Places::HalfPixel => (i + 0.5) / scale - 0.5,
            Places::PytorchHalfPixel if change.to == 1 => 0.0,
            Places::PytorchHalfPixel => (i + 0.5) / scale - 0.5,
            Places::HalfPixelSymmetric => {
                let offset = from / 2.0 * (1.0 - to / (scale * from));
                offset + (i + 0.5) / scale - 0.5
            }
            Places::HalfPixelForNearest => (i + 0.5) / scale,
            // The extent is not rounded, as the specification has it.
            Places::AlignCorners if scale * from <= 1.0 => 0.0,
            Places::AlignCorners => i * (from - 1.0) / (scale * from - 1.0),
            Places::Asymmetric => i / scale,
            Places::Region => {
                let (start, end) = change.region;
                match change.to {
                    1 => 0.5 * (start + end) * (from - 1.0),
                    _ => start * (from - 1.0) + i * (end - start) * (from - 1.0) / (to - 1.0),
                }
            }
        }
    }

    fn taps(&self, change: &Change, index: usize) -> Taps {
        let place = self.place(change, index);
        let last = change.from.saturating_sub(1);
        if self.places == Places::Region && (place < 0.0 || place > last as f32) {
            return vec![];
        }
        let within = |at: f32| (at.max(0.0) as usize).min(last);
        let reach = match &self.filter {
            Filter::Nearest(nearest) => return vec![(within(nearest.of(place)), 1.0)],
            Filter::Linear => 1.0,
            Filter::Cubic(_) => 2.0,
        };
        // A filter that must not miss elements is as much wider as the output is smaller.
        let narrow = if self.antialias { change.scale.min(1.0) } else { 1.0 };
        let (base, reach) = (place.floor(), (reach / narrow).ceil());
        let mut taps: Taps = vec![];
        let mut at = base - reach + 1.0;
        while at <= base + reach {
            let inside = at >= 0.0 && at <= last as f32;
            if inside || !self.exclude_outside {
                taps.push((within(at), self.filter.weight((at - place) * narrow)));
            }
            at += 1.0;
        }
        if self.antialias || self.exclude_outside {
            let sum: f32 = taps.iter().map(|(_, weight)| weight).sum();
            taps.iter_mut().for_each(|(_, weight)| *weight /= sum);
        }
        taps
    }

    fn along(&self, array: ArrayD<f32>, change: &Change) -> TractResult<ArrayD<f32>> {
        let mut shape = array.shape().to_vec();
        let outer: usize = shape.iter().take(change.axis).product();
        let inner: usize = shape.iter().skip(change.axis + 1).product();
        let array = array.into_shape_with_order((outer, change.from, inner))?;
        room(&[outer, change.to, inner])?;
        let mut output = Array3::<f32>::zeros((outer, change.to, inner));
        for (index, mut to) in output.axis_iter_mut(tract_ndarray::Axis(1)).enumerate() {
            let taps = self.taps(change, index);
            if taps.is_empty() {
                to.fill(self.outside);
            }
            for (from, weight) in taps {
                to.scaled_add(weight, &array.index_axis(tract_ndarray::Axis(1), from));
            }
        }
        if let Some(extent) = shape.get_mut(change.axis) {
            *extent = change.to;
        }
        Ok(output.into_shape_with_order(shape)?)
    }
}

impl Operator for Resize {
    fn name(&self) -> &'static str {
        "Resize"
    }

    fn decisive(&self) -> &[usize] {
        &self.decisive
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let input = self.slots.need(inputs, 0)?;
        let [_, scales, sizes] = self.positions.map(|position| self.slots.find(inputs, position));
        let scales = scales.map(|scales| list::<f32>(scales.value()?)).transpose()?;
        let sizes = sizes.map(decided).transpose()?;
        let known: Vec<Option<usize>> = input.shape.iter().map(|dim| dim.to_usize().ok()).collect();
        let mut shape = input.shape.clone();
        for change in self.changes(&known, None, scales, sizes)? {
            if let Some(dim) = shape.get_mut(change.axis) {
                *dim = change.to.to_dim();
            }
        }
        Ok(tvec!((input.datum_type, shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let input = self.slots.need(inputs, 0)?;
        let [region, scales, sizes] =
            self.positions.map(|position| self.slots.find(inputs, position));
        let region = region.map(|region| list::<f32>(region)).transpose()?;
        let scales = scales.map(|scales| list::<f32>(scales)).transpose()?;
        let sizes = sizes.map(|sizes| list::<i64>(sizes)).transpose()?;
        let known: Vec<Option<usize>> = input.shape().iter().copied().map(Some).collect();
        ensure!(!input.shape().contains(&0), "the input is empty");
        let mut array = numbers::<f32>(input)?;
        for change in self.changes(&known, region, scales, sizes)? {
            array = self.along(array, &change)?;
        }
        if input.datum_type().is_integer() {
            array.mapv_inplace(f32::round_ties_even);
        }
        Ok(tvec!(give(array, input.datum_type())?))
    }
}
