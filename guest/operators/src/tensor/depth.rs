//! SpaceToDepth with the columns of a block after its channels (mode CRD).

use crate::operator::{Built, Input, Operator, Output, built};
use crate::theirs;
use crate::values::extent;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct SpaceToDepth {
    block: usize,
}

/// tract's, which knows the other mode only.
pub fn space_to_depth(context: &ParsingContext, node: &NodeProto) -> Built {
    if node.get_attr_opt("mode")?.unwrap_or("DCR") != "CRD" {
        return theirs(context, node);
    }
    let block = node.get_attr("blocksize")?;
    ensure!(block > 0, "its blocks are empty");
    built(SpaceToDepth { block })
}

impl Operator for SpaceToDepth {
    fn name(&self) -> &'static str {
        "SpaceToDepth"
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let [input] = inputs else { bail!("it takes one input") };
        let at = |axis| extent(input, axis).cloned();
        let (channels, height, width) = (at(1)? * (self.block * self.block), at(2)?, at(3)?);
        Ok(tvec!((
            input.datum_type,
            tvec!(at(0)?, channels, height / self.block, width / self.block)
        )))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let [input] = inputs else { bail!("it takes one input") };
        let &[batch, channels, height, width] = input.shape() else { bail!("it needs images") };
        let block = self.block;
        let (rows, columns) = (height / block, width / block);
        ensure!(
            (rows * block, columns * block) == (height, width),
            "an image of {height} rows and {width} columns is not of blocks of {block}"
        );
        let blocks =
            (**input).clone().into_shape(&[batch, channels, rows, block, columns, block])?;
        let deep = blocks.permute_axes(&[0, 1, 3, 5, 2, 4])?;
        let output = deep.into_shape(&[batch, channels * block * block, rows, columns])?;
        Ok(tvec!(output.into_tvalue()))
    }
}
