//! Random numbers: Bernoulli, RandomUniformLike, RandomNormalLike, and Dropout
//! where a model trains. A sandbox has no source of chance, so that a model
//! without a seed starts from one of its own, and goes on from run to run.

use crate::operator::{Built, Input, Operator, Output, built};
use crate::slots::Slots;
use crate::theirs;
use crate::values::{give, numbers};
use std::sync::atomic::{AtomicU64, Ordering};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::tract_ndarray::ArrayD;
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct Random {
    slots: Slots,
    kind: Kind,
    datum_type: Option<DatumType>,
    state: AtomicU64,
}

#[derive(Debug)]
enum Kind {
    Bernoulli,
    Uniform { low: f64, high: f64 },
    Normal { mean: f64, deviation: f64 },
    Dropout,
}

fn random(node: &NodeProto, kind: Kind) -> Built {
    let seed = node.get_attr_opt::<f32>("seed").ok().flatten();
    // Dropout has its seed as an integer.
    let seed = seed.map_or(node.get_attr_opt::<i64>("seed").ok().flatten(), |seed| {
        Some(f32::to_bits(seed).into())
    });
    built(Random {
        slots: Slots::of(node),
        kind,
        datum_type: node.get_attr_opt("dtype")?,
        state: AtomicU64::new(seed.unwrap_or(0) as u64),
    })
}

pub fn bernoulli(_: &ParsingContext, node: &NodeProto) -> Built {
    random(node, Kind::Bernoulli)
}

fn parameter(node: &NodeProto, name: &str, default: f32) -> TractResult<f64> {
    Ok(node.get_attr_opt::<f32>(name)?.unwrap_or(default).into())
}

pub fn uniform_like(_: &ParsingContext, node: &NodeProto) -> Built {
    let (low, high) = (parameter(node, "low", 0.0)?, parameter(node, "high", 1.0)?);
    random(node, Kind::Uniform { low, high })
}

pub fn normal_like(_: &ParsingContext, node: &NodeProto) -> Built {
    let (mean, deviation) = (parameter(node, "mean", 0.0)?, parameter(node, "scale", 1.0)?);
    random(node, Kind::Normal { mean, deviation })
}

/// tract's, unless the model may train.
pub fn dropout(context: &ParsingContext, node: &NodeProto) -> Built {
    match Slots::of(node).index(2) {
        Some(_) => random(node, Kind::Dropout),
        None => theirs(context, node),
    }
}

impl Random {
    /// A number from 0 to 1, exclusive: the generator SplitMix64.
    fn next(&self) -> f64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Elements that stay, larger for those that do not, and which these are.
    fn drop_out(&self, inputs: &[TValue]) -> TractResult<(ArrayD<f64>, ArrayD<bool>)> {
        let mut output = numbers::<f64>(self.slots.need(inputs, 0)?)?;
        let given = |position: usize, default: f64| match self.slots.find(inputs, position) {
            Some(value) => value.cast_to_scalar::<f64>(),
            None => Ok(default),
        };
        let ratio = if given(2, 0.0)? == 0.0 { 0.0 } else { given(1, 0.5)? };
        let kept = output.mapv(|_| ratio <= 0.0 || self.next() >= ratio);
        output.zip_mut_with(&kept, |x, kept| *x = if *kept { *x / (1.0 - ratio) } else { 0.0 });
        Ok((output, kept))
    }
}

impl Operator for Random {
    fn name(&self) -> &'static str {
        match self.kind {
            Kind::Bernoulli => "Bernoulli",
            Kind::Uniform { .. } => "RandomUniformLike",
            Kind::Normal { .. } => "RandomNormalLike",
            Kind::Dropout => "Dropout",
        }
    }

    fn arity(&self) -> usize {
        self.slots.arity()
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let input = self.slots.need(inputs, 0)?;
        let first = (self.datum_type.unwrap_or(input.datum_type), input.shape.clone());
        Ok(self.slots.pick([first, (bool::datum_type(), input.shape.clone())]))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let input = self.slots.need(inputs, 0)?;
        let datum_type = self.datum_type.unwrap_or(input.datum_type());
        let array = match self.kind {
            Kind::Dropout => {
                let (output, kept) = self.drop_out(inputs)?;
                let kept = Tensor::from(kept).into_tvalue();
                return Ok(self.slots.pick([give(output, datum_type)?, kept]));
            }
            Kind::Bernoulli => {
                numbers::<f64>(input)?.mapv_into(|chance| f64::from(u8::from(self.next() < chance)))
            }
            Kind::Uniform { low, high } => {
                ArrayD::from_shape_simple_fn(input.shape(), || low + (high - low) * self.next())
            }
            // The method of Box and Muller; one minus the number, as it may be zero.
            Kind::Normal { mean, deviation } => ArrayD::from_shape_simple_fn(input.shape(), || {
                let distance = (-2.0 * (1.0 - self.next()).ln()).sqrt();
                mean + deviation * distance * (std::f64::consts::TAU * self.next()).cos()
            }),
        };
        Ok(tvec!(give(array, datum_type)?))
    }
}
