//! OneHot: tract's panics at indices that are out of range.

use crate::operator::{Built, Input, Operator, Output, built};
use crate::values::{axis, decided, list, room};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct OneHot {
    axis: i64,
}

pub fn one_hot(_: &ParsingContext, node: &NodeProto) -> Built {
    built(OneHot { axis: node.get_attr_opt("axis")?.unwrap_or(-1) })
}

impl Operator for OneHot {
    fn name(&self) -> &'static str {
        "OneHot"
    }

    fn decisive(&self) -> &[usize] {
        &[1]
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let [indices, depth, values] = inputs else { bail!("it takes three inputs") };
        let mut shape = indices.shape.clone();
        let depth = decided(depth)?.first().copied().context("the depth is empty")?;
        shape.insert(axis(self.axis, shape.len() + 1)?, depth.to_dim());
        Ok(tvec!((values.datum_type, shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [indices, depth, values] = inputs else { bail!("it takes three inputs") };
        let depth = list::<i64>(depth)?.first().copied().context("the depth is empty")?;
        let count = usize::try_from(depth).context("the depth is negative")?;
        let axis = axis(self.axis, indices.rank() + 1)?;
        let indices = indices.cast_to::<i64>()?;
        let (outer, inner) = indices.shape().split_at(axis);
        let inner: usize = inner.iter().product();
        let element = values.datum_type().size_of();
        ensure!(values.datum_type().is_copy() && values.len() == 2, "it needs two values");
        let (off, on) = values.as_bytes().split_at(element);
        let shape: Vec<usize> = outer
            .iter()
            .copied()
            .chain([count])
            .chain(indices.shape().iter().skip(axis).copied())
            .collect();
        let mut bytes = Vec::with_capacity(room(&shape)? * element);
        for row in indices.try_as_plain_ram()?.as_slice::<i64>()?.chunks(inner.max(1)) {
            for class in 0..depth {
                for &index in row {
                    let index = if index < 0 { index + depth } else { index };
                    bytes.extend_from_slice(if index == class { on } else { off });
                }
            }
        }
        // SAFETY: the bytes are those of elements of this datatype.
        let output = unsafe { Tensor::from_raw_dt(values.datum_type(), &shape, &bytes)? };
        Ok(tvec!(output.into_tvalue()))
    }
}
