//! FeatureVectorizer: columns of several inputs side by side, each cut or filled
//! with zeros to a width of its own.

use super::rows::filled;
use crate::operator::{Built, Input, Operator, Output, built};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct FeatureVectorizer {
    widths: Vec<usize>,
}

pub fn feature_vectorizer(_: &ParsingContext, node: &NodeProto) -> Built {
    built(FeatureVectorizer { widths: node.get_attr_vec("inputdimensions")? })
}

/// How many rows a shape stands for, and how many elements there are in each.
fn table<D: DimLike>(shape: &[D]) -> (D, D) {
    match shape {
        [rows, rest @ ..] if !rest.is_empty() => (rows.clone(), rest.iter().cloned().product()),
        all => (D::one(), all.iter().cloned().product()),
    }
}

impl Operator for FeatureVectorizer {
    fn name(&self) -> &'static str {
        "FeatureVectorizer"
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let expected = self.widths.len();
        ensure!(
            inputs.len() == expected,
            "it has {} inputs, but widths of {expected}",
            inputs.len()
        );
        let first = inputs.first().context("it has no inputs")?;
        let width: usize = self.widths.iter().sum();
        Ok(tvec!((f32::datum_type(), tvec!(table(&first.shape).0, width.to_dim()))))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let rows = inputs.first().map_or(0, |input| table(input.shape()).0);
        let width: usize = self.widths.iter().sum();
        let mut output = vec![0.0f32; rows * width];
        let mut start = 0;
        for (input, &own) in inputs.iter().zip(&self.widths) {
            let (given, columns) = table(input.shape());
            ensure!(given == rows, "its inputs have {rows} and {given} rows");
            let input = input.cast_to::<f32>()?;
            let input = input.try_as_plain_ram()?.as_slice::<f32>()?.chunks_exact(columns.max(1));
            for (to, from) in output.chunks_exact_mut(width.max(1)).zip(input) {
                let to = to.iter_mut().skip(start).take(own);
                to.zip(from).for_each(|(to, from)| *to = *from);
            }
            start += own;
        }
        Ok(tvec!(filled(&[rows, width], output)?))
    }
}
