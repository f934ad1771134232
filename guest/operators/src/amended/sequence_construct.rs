//! SequenceConstruct at the end of a model: neither requests nor answers carry
//! sequences, so that its tensors become one, along a new first axis.

use crate::operator::{Built, Input, Operator, Output, built};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

#[derive(Debug)]
struct SequenceConstruct;

pub fn sequence_construct(context: &ParsingContext, node: &NodeProto) -> Built {
    let output = node.output.first().context("it has no output")?;
    let mut nodes = context.parent_graphs.iter().flat_map(|graph| &graph.node);
    if let Some(reader) = nodes.find(|other| other.input.contains(output)) {
        bail!("{} reads a sequence, but only the end of a model can be one", reader.op_type);
    }
    built(SequenceConstruct)
}

impl Operator for SequenceConstruct {
    fn name(&self) -> &'static str {
        "SequenceConstruct"
    }

    fn facts(&self, inputs: &[Input]) -> TractResult<TVec<Output>> {
        let first = inputs.first().context("it has no inputs")?;
        for other in inputs {
            ensure!(
                (other.datum_type, &other.shape) == (first.datum_type, &first.shape),
                "its tensors differ in type or shape, so that they cannot become one"
            );
        }
        let mut shape = first.shape.clone();
        shape.insert(0, inputs.len().to_dim());
        Ok(tvec!((first.datum_type, shape)))
    }

    fn eval(&self, inputs: &[TValue]) -> TractResult<TVec<TValue>> {
        let mut tensors: Vec<Tensor> = inputs.iter().map(|x| x.clone().into_tensor()).collect();
        tensors.iter_mut().try_for_each(|tensor| tensor.insert_axis(0))?;
        Ok(tvec!(Tensor::stack_tensors(0, &tensors)?.into_tvalue()))
    }
}
