//! The way of a request: the contract, the blocks before the model, the model, the
//! blocks after it.

use crate::Around;
use crate::manifest::Manifest;
use outpost_blocks::{Batch, Blocks, after, before};
use outpost_guest::{Error, Prediction, Tensor, TensorSpec};
use outpost_onnx::Onnx;

/// Everything around the model.
pub struct Pipeline {
    before: Blocks,
    after: Blocks,
    /// The model's inputs that a block after it asks for.
    wanted: Vec<String>,
    /// What the module takes.
    pub inputs: Vec<TensorSpec>,
    /// What it gives.
    pub outputs: Vec<TensorSpec>,
}

impl Pipeline {
    /// Builds the blocks that a manifest names, from the model outwards.
    ///
    /// # Errors
    /// What is wrong with a block, for the person who wrote the manifest.
    pub fn build(
        manifest: &Manifest,
        onnx: &Onnx,
        file: &dyn Fn(&str) -> Option<Vec<u8>>,
    ) -> Result<Self, String> {
        let (before, inputs) = before(manifest.before.clone(), onnx.inputs.clone(), file)?;
        let (after, outputs) =
            after(manifest.after.clone(), &onnx.inputs, onnx.outputs.clone(), file)?;
        let wanted = after.iter().flat_map(|block| block.wants()).collect();
        Ok(Pipeline { before, after, wanted, inputs, outputs })
    }

    /// Whether nothing stands around the model.
    pub fn is_empty(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }
}

impl Around for Pipeline {
    fn infer(&self, inputs: Vec<Tensor>, onnx: &mut Onnx) -> Result<Prediction, Error> {
        let mut batch = Batch { tensors: inputs, ..Batch::default() };
        for block in &self.before {
            block.run(&mut batch)?;
        }
        let inputs = take(&mut batch, &onnx.inputs)?;
        batch.inputs =
            inputs.iter().filter(|input| self.wanted.contains(&input.name)).cloned().collect();
        batch.tensors = onnx.infer(inputs)?;
        for block in &self.after {
            block.run(&mut batch)?;
        }
        let outputs = take(&mut batch, &self.outputs)?;
        Ok(Prediction { outputs, flags: batch.flags })
    }
}

/// These tensors, in this order.
fn take(batch: &mut Batch, specs: &[TensorSpec]) -> Result<Vec<Tensor>, Error> {
    specs
        .iter()
        .map(|spec| {
            batch
                .take(&spec.name)
                .ok_or_else(|| Error::Failed(format!("no block gave `{}`", spec.name)))
        })
        .collect()
}
