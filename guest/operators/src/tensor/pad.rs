//! Pad with every option, for what tract's cannot do: axes and paddings that
//! the model computes, negative paddings, wrapping around.

use crate::operator::{Built, Input, Operator, Output, built};
use crate::slots::Slots;
use crate::values::{axis, list, room, unforeseeable};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

/// More than any tensor could hold.
const MOST: u64 = 1 << 32;

#[derive(Debug)]
struct Pad {
    slots: Slots,
    mode: Mode,
    /// Paddings as an attribute, and what they are filled with.
    pads: Option<Vec<i64>>,
    value: f32,
}

#[derive(Debug, PartialEq)]
enum Mode {
    Constant,
    Edge,
    Reflect,
    Wrap,
}

pub fn pad(_: &ParsingContext, node: &NodeProto) -> Built {
    let mode = match node.get_attr_opt("mode")?.unwrap_or("constant") {
        "constant" => Mode::Constant,
        "edge" => Mode::Edge,
        "reflect" => Mode::Reflect,
        "wrap" => Mode::Wrap,
        other => bail!("there is no mode `{other}`"),
    };
    built(Pad {
        slots: Slots::of(node),
        mode,
        pads: node.get_attr_opt_vec("pads")?,
        value: node.get_attr_opt("value")?.unwrap_or(0.0),
    })
}

impl Pad {
    /// Paddings before and after each axis that has any.
    fn sides(
        &self,
        rank: usize,
        pads: Option<Vec<i64>>,
        axes: Option<Vec<i64>>,
    ) -> TractResult<Vec<(usize, i64, i64)>> {
        let pads = pads.or_else(|| self.pads.clone()).context("it has no paddings")?;
        let axes: Vec<usize> = match axes {
            Some(axes) => axes.iter().map(|&at| axis(at, rank)).collect::<TractResult<_>>()?,
            None => (0..rank).collect(),
        };
        ensure!(pads.len() == 2 * axes.len(), "{} paddings for {} axes", pads.len(), axes.len());
        let (before, after) = pads.split_at(axes.len());
        Ok(axes
            .into_iter()
            .zip(before.iter().zip(after))
            .map(|(at, (a, b))| (at, *a, *b))
            .collect())
    }

    /// The element of an axis that comes to a place, which may be before or after it.
    fn source(&self, place: i64, extent: i64) -> Option<usize> {
        let at = match self.mode {
            _ if extent == 0 => return None,
            Mode::Constant => place,
            Mode::Edge => place.clamp(0, extent - 1),
            Mode::Wrap => place.rem_euclid(extent),
            Mode::Reflect => {
                let period = (2 * (extent - 1)).max(1);
                let at = place.rem_euclid(period);
                if at < extent { at } else { period - at }
            }
        };
        usize::try_from(at).ok().filter(|_| at < extent)
    }
}

impl Operator for Pad {
    fn name(&self) -> &'static str {
        "Pad"
    }

    fn facts(&self, _: &[Input]) -> TractResult<TVec<Output>> {
        unforeseeable()
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let input = self.slots.need(inputs, 0)?;
        let datum_type = input.datum_type();
        let given = |position| {
            self.slots.find(inputs, position).map(|value| list::<i64>(value)).transpose()
        };
        let filling = match self.slots.find(inputs, 2).filter(|value| value.len() == 1) {
            Some(value) => value.nth(0)?.cast_to_dt(datum_type)?.into_owned(),
            None if datum_type.is_number() => {
                tensor0(self.value).cast_to_dt(datum_type)?.into_owned()
            }
            None => Tensor::zero_scalar_dt(datum_type)?,
        };
        let mut current = (**input).clone();
        for (axis, before, after) in self.sides(input.rank(), given(1)?, given(3)?)? {
            if (before, after) == (0, 0) {
                continue;
            }
            let mut shape = current.shape().to_vec();
            let Some(extent) = shape.get_mut(axis) else { continue };
            let from = *extent as i64;
            ensure!(
                before.unsigned_abs() < MOST && after.unsigned_abs() < MOST,
                "paddings of {before} and {after} are too large"
            );
            *extent = usize::try_from(from + before + after)
                .context("paddings cut more than there is")?;
            room(&shape)?;
            let mut padded = filling.broadcast_scalar_to_shape(&shape)?;
            if self.mode == Mode::Constant {
                // All at once, as it is the usual case.
                let (skipped, at) = ((-before).max(0), before.max(0));
                let kept = (from + before.min(0) + after.min(0)).max(0) as usize;
                let (skipped, at) = (skipped as usize, at as usize);
                padded.assign_slice(at..at + kept, &current, skipped..skipped + kept, axis)?;
            } else {
                for to in 0..from + before + after {
                    let Some(source) = self.source(to - before, from) else { continue };
                    let to = to as usize;
                    padded.assign_slice(to..to + 1, &current, source..source + 1, axis)?;
                }
            }
            current = padded;
        }
        Ok(tvec!(current.into_tvalue()))
    }
}
