//! Scaler: (x - offset) · scale, for each column.

use crate::operator::{Built, Input, Operator, Output, built};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct Scaler {
    /// One for all columns, or one for each.
    offset: Vec<f32>,
    scale: Vec<f32>,
}

pub fn scaler(_: &ParsingContext, node: &NodeProto) -> Built {
    let offset: Vec<f32> = node.get_attr_opt_vec("offset")?.unwrap_or_else(|| vec![0.0]);
    let scale: Vec<f32> = node.get_attr_opt_vec("scale")?.unwrap_or_else(|| vec![1.0]);
    built(Scaler { offset, scale })
}

impl Operator for Scaler {
    fn name(&self) -> &'static str {
        "Scaler"
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let [input] = inputs else { bail!("it takes one input") };
        let columns = input.shape.last().and_then(|dim| dim.to_usize().ok());
        for (what, values) in [("offset", &self.offset), ("scale", &self.scale)] {
            let given = values.len();
            ensure!(
                given == 1 || columns.is_none_or(|columns| columns == given),
                "it has {given} values of `{what}` for {} columns",
                columns.unwrap_or_default()
            );
        }
        Ok(tvec!((f32::datum_type(), input.shape.clone())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [input] = inputs else { bail!("it takes one input") };
        let mut output = input.cast_to::<f32>()?.into_owned();
        let columns = output.shape().last().copied().unwrap_or(1).max(1);
        let spread = |values: &[f32]| -> TractResult<Vec<f32>> {
            match values {
                [one] => Ok(vec![*one; columns]),
                each if each.len() == columns => Ok(each.to_vec()),
                each => bail!("it has values for {} columns, the input has {columns}", each.len()),
            }
        };
        let (offset, scale) = (spread(&self.offset)?, spread(&self.scale)?);
        for row in output.try_as_plain_ram_mut()?.as_slice_mut::<f32>()?.chunks_exact_mut(columns) {
            for ((x, offset), scale) in row.iter_mut().zip(&offset).zip(&scale) {
                *x = (*x - offset) * scale;
            }
        }
        Ok(tvec!(output.into_tvalue()))
    }
}
