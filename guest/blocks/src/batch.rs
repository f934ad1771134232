//! What flows through the blocks.

use outpost_guest::{Tensor, Violation};
use std::collections::BTreeSet;

/// The tensors of one request, and what was remarked on the way.
#[derive(Debug, Default)]
pub struct Batch {
    /// In no order that blocks may rely on.
    pub tensors: Vec<Tensor>,
    /// Those of the model's inputs that a block after it [wants](crate::Block::wants),
    /// as the model got them. They are not given out.
    pub inputs: Vec<Tensor>,
    /// What is wrong with the data, but not so wrong that there is no answer.
    pub flags: Vec<Violation>,
    /// Rows, counted from 0, for which the model's answer does not count.
    pub abstained: BTreeSet<u64>,
}

impl Batch {
    /// Takes the tensor of this name out.
    pub fn take(&mut self, name: &str) -> Option<Tensor> {
        let at = self.tensors.iter().position(|tensor| tensor.name == name)?;
        Some(self.tensors.remove(at))
    }
}
