//! Normalizer: each row divided by its greatest element, by the sum of its
//! absolute values or by its Euclidean length.

use super::rows::extents;
use crate::operator::{Built, Input, Operator, Output, built};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct Normalizer {
    norm: fn(&[f32]) -> f32,
}

pub fn normalizer(_: &ParsingContext, node: &NodeProto) -> Built {
    let norm: fn(&[f32]) -> f32 = match node.get_attr_opt::<&str>("norm")?.unwrap_or("MAX") {
        // Of the elements, not of their absolute values.
        "MAX" => |row| row.iter().copied().fold(f32::MIN, f32::max),
        "L1" => |row| row.iter().map(|x| x.abs()).sum(),
        "L2" => |row| row.iter().map(|x| x * x).sum::<f32>().sqrt(),
        other => bail!("there is no norm {other}"),
    };
    built(Normalizer { norm })
}

impl Operator for Normalizer {
    fn name(&self) -> &'static str {
        "Normalizer"
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let [input] = inputs else { bail!("it takes one input") };
        extents(&input.shape)?;
        Ok(tvec!((f32::datum_type(), input.shape.clone())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [input] = inputs else { bail!("it takes one input") };
        let (_, columns) = extents(input.shape())?;
        let mut output = input.cast_to::<f32>()?.into_owned();
        let mut plain = output.try_as_plain_ram_mut()?;
        for row in plain.as_slice_mut::<f32>()?.chunks_exact_mut(columns.max(1)) {
            let norm = (self.norm)(row);
            // A row of zeros stays one.
            if norm != 0.0 {
                row.iter_mut().for_each(|x| *x /= norm);
            }
        }
        Ok(tvec!(output.into_tvalue()))
    }
}
