//! ArrayFeatureExtractor: columns by their positions, which are an input.

use super::labels::gather;
use crate::operator::{Built, Input, Operator, Output, built};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct ArrayFeatureExtractor;

pub fn array_feature_extractor(_: &ParsingContext, _: &NodeProto) -> Built {
    built(ArrayFeatureExtractor)
}

/// The last extent replaced; a list becomes a row.
fn output<D: DimLike>(data: &[D], positions: D) -> TractResult<TVec<D>> {
    let Some((_, rest)) = data.split_last() else { bail!("its input has no columns") };
    let mut shape: TVec<D> = if rest.is_empty() { tvec!(D::one()) } else { rest.into() };
    shape.push(positions);
    Ok(shape)
}

impl Operator for ArrayFeatureExtractor {
    fn name(&self) -> &'static str {
        "ArrayFeatureExtractor"
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let [data, positions] = inputs else { bail!("it takes two inputs") };
        let shape = output(&data.shape, positions.shape.iter().cloned().product())?;
        Ok(tvec!((data.datum_type, shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [data, positions] = inputs else { bail!("it takes two inputs") };
        let count = positions.len();
        let shape = output(data.shape(), count)?;
        let positions = positions.cast_to::<i64>()?.into_owned().into_shape(&[count])?;
        let columns = data.shape().last().copied().unwrap_or_default();
        let columns = 0..i64::try_from(columns)?;
        let listed = positions.try_as_plain_ram()?.as_slice::<i64>()?;
        if let Some(wrong) = listed.iter().find(|at| !columns.contains(at)) {
            bail!("there is no column {wrong}, its input has {}", columns.end);
        }
        let gathered = gather(data.rank() - 1, data.clone(), positions.into_tvalue())?;
        Ok(tvec!(gathered.into_tensor().into_shape(&shape)?.into_tvalue()))
    }
}
