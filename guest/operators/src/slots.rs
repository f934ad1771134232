//! Which of its inputs and outputs a node names: an operator asks for them by
//! their positions in ONNX, while tract leaves out those that are absent.

use tract_onnx::model::{optional_inputs, optional_outputs};
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_hir::internal::*;

/// Positions in ONNX to those of tract.
#[derive(Clone, Debug)]
pub struct Slots {
    inputs: Vec<Option<usize>>,
    outputs: Vec<bool>,
}

impl Slots {
    pub fn of(node: &NodeProto) -> Self {
        let outputs = optional_outputs(node).take(node.output.len());
        Slots {
            inputs: optional_inputs(node).take(node.input.len()).collect(),
            outputs: outputs.map(|slot| slot.is_some()).collect(),
        }
    }

    /// How many outputs the node asks for.
    pub fn arity(&self) -> usize {
        self.outputs.iter().filter(|wanted| **wanted).count()
    }

    /// Where tract has the input at a position.
    pub fn index(&self, position: usize) -> Option<usize> {
        self.inputs.get(position).copied().flatten()
    }

    /// Where tract has the inputs at these positions, without the absent.
    pub fn indices(&self, positions: &[usize]) -> Vec<usize> {
        positions.iter().filter_map(|&position| self.index(position)).collect()
    }

    /// The input at a position, where there is one.
    pub fn find<'a, T>(&self, inputs: &'a [T], position: usize) -> Option<&'a T> {
        inputs.get(self.index(position)?)
    }

    /// # Errors
    /// If the node leaves it out.
    pub fn need<'a, T>(&self, inputs: &'a [T], position: usize) -> TractResult<&'a T> {
        self.find(inputs, position).with_context(|| format!("input {position} is missing"))
    }

    /// Whether the node asks for an output.
    pub fn wants(&self, output: usize) -> bool {
        self.outputs.get(output).copied().unwrap_or(false)
    }

    /// Of all that the operator can give, what the node asks for.
    pub fn pick<T>(&self, all: impl IntoIterator<Item = T>) -> TVec<T> {
        (all.into_iter().zip(&self.outputs))
            .filter(|(_, wanted)| **wanted)
            .map(|(x, _)| x)
            .collect()
    }
}
