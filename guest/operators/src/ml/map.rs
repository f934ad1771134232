//! Operators on maps, which no request and no answer can carry.
//!
//! ZipMap is at the end of most classifiers: its answer is a map for each row, of
//! a label to a score. Here it leaves the scores as they are, a column for each
//! label in the order of its labels. The others read maps.

use super::labels::Labels;
use super::rows::{check_columns, extents};
use crate::operator::{Built, Input, Operator, Output, built};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct ZipMap {
    labels: usize,
}

pub fn zip_map(_: &ParsingContext, node: &NodeProto) -> Built {
    let labels = Labels::of(node, "classlabels_int64s", "classlabels_strings")?.len();
    built(ZipMap { labels })
}

impl Operator for ZipMap {
    fn name(&self) -> &'static str {
        "ZipMap"
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let [input] = inputs else { bail!("it takes one input") };
        check_columns(&extents(&input.shape)?.1, self.labels)?;
        Ok(tvec!((input.datum_type, input.shape.clone())))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        Ok(inputs.into())
    }
}

pub fn refused(_: &ParsingContext, node: &NodeProto) -> Built {
    bail!(
        "{} reads a map, which no request can carry: export the model without it, so that it \
         takes the vector that this would give",
        node.op_type
    )
}
