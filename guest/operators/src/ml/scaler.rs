//! Scaler: (x - offset) · scale, for each column.

use super::rows::extents;
use crate::operator::{Built, Input, Operator, Output, built};
use std::ops::{Mul, Sub};
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
        if let Ok(columns) = extents(&input.shape)?.1.to_usize() {
            spread(&self.offset, columns)?;
            spread(&self.scale, columns)?;
        }
        Ok(tvec!((f32::datum_type(), input.shape.clone())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [input] = inputs else { bail!("it takes one input") };
        let columns = extents(input.shape())?.1;
        let (offset, scale) = (spread(&self.offset, columns)?, spread(&self.scale, columns)?);
        let columns: Vec<(f32, f32)> = offset.into_iter().zip(scale).collect();
        // A difference of large numbers is taken before they are rounded.
        let output = if input.datum_type() == DatumType::F64 {
            let mut output = input.clone().into_tensor();
            scale_rows::<f64>(&mut output, &columns)?;
            output.cast_to::<f32>()?.into_owned()
        } else {
            let mut output = input.cast_to::<f32>()?.into_owned();
            scale_rows::<f32>(&mut output, &columns)?;
            output
        };
        Ok(tvec!(output.into_tvalue()))
    }
}

fn scale_rows<T: Datum + Copy + From<f32> + Sub<Output = T> + Mul<Output = T>>(
    table: &mut Tensor,
    columns: &[(f32, f32)],
) -> TractResult<()> {
    let mut plain = table.try_as_plain_ram_mut()?;
    for row in plain.as_slice_mut::<T>()?.chunks_exact_mut(columns.len().max(1)) {
        for (x, &(offset, scale)) in row.iter_mut().zip(columns) {
            *x = (*x - offset.into()) * scale.into();
        }
    }
    Ok(())
}

/// A value for each column.
fn spread(values: &[f32], columns: usize) -> TractResult<Vec<f32>> {
    match values {
        [one] => Ok(vec![*one; columns]),
        each if each.len() == columns => Ok(each.to_vec()),
        each => bail!("it has values for {} columns, its input has {columns}", each.len()),
    }
}
