//! The way of a request: the contract, the blocks before the model, the model, the
//! blocks after it.

use crate::Around;
use crate::manifest::Manifest;
use outpost_blocks::{Batch, Blocks, abstain, after, before, contract};
use outpost_guest::{Datatype, Error, Prediction, Tensor, TensorSpec, element_size};
use outpost_onnx::Onnx;

/// Everything around the model.
pub struct Pipeline {
    /// If there is a contract, the block that stands for all of them.
    before: Blocks,
    after: Blocks,
    /// The model's inputs that a block after it asks for.
    wanted: Vec<String>,
    /// What the module takes.
    pub inputs: Vec<TensorSpec>,
    /// What it gives.
    pub outputs: Vec<TensorSpec>,
    /// The inputs that a request may leave out.
    optional: Vec<TensorSpec>,
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
        let columns: Vec<(String, Vec<String>)> = (manifest.inputs.iter())
            .filter(|input| !input.columns.is_empty())
            .map(|input| (input.spec.name.clone(), input.columns.clone()))
            .collect();
        let before = match manifest.contract.clone() {
            Some(stated) => vec![contract(stated, &columns, &inputs, before)?],
            None => before,
        };
        let wanted = after.iter().flat_map(|block| block.wants()).collect();
        let optional = optional(manifest, &inputs)?;
        Ok(Pipeline { before, after, wanted, inputs, outputs, optional })
    }

    /// Whether nothing stands around the model.
    pub fn is_empty(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }

    /// Rows of a request: the first extent of the first input in which it varies.
    fn rows(&self, inputs: &[Tensor]) -> Option<u64> {
        let varies = |input: &&Tensor| {
            let spec = self.inputs.iter().find(|spec| spec.name == input.name);
            spec.is_some_and(|spec| spec.shape.first() == Some(&-1))
        };
        inputs.iter().find(varies)?.shape.first().copied()
    }
}

impl Around for Pipeline {
    fn infer(&self, inputs: Vec<Tensor>, onnx: &mut Onnx) -> Result<Prediction, Error> {
        let rows = self.rows(&inputs).unwrap_or(1);
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
        let mut outputs = take(&mut batch, &self.outputs)?;
        abstain(&mut outputs, rows, &batch.abstained);
        Ok(Prediction { outputs, flags: batch.flags })
    }

    /// What is left out is missing in every row.
    fn complete(&self, inputs: &mut Vec<Tensor>) {
        if self.optional.is_empty() {
            return;
        }
        let Some(rows) = self.rows(inputs) else { return };
        // So many rows as memory could hold at most are left for the checks to refuse.
        let Some(count) = usize::try_from(rows).ok().filter(|count| *count <= MOST_ROWS) else {
            return;
        };
        for spec in &self.optional {
            if inputs.iter().all(|input| input.name != spec.name) {
                let missing: &[u8] = match spec.datatype {
                    Datatype::Fp16 => &[0, 0x7e],
                    Datatype::Fp32 => &[0, 0, 0xc0, 0x7f],
                    Datatype::Fp64 => &[0, 0, 0, 0, 0, 0, 0xf8, 0x7f],
                    _ => &[0; 4],
                };
                let shape: Vec<u64> = (spec.shape.iter())
                    .map(|&extent| u64::try_from(extent).unwrap_or(rows))
                    .collect();
                inputs.push(Tensor {
                    name: spec.name.clone(),
                    datatype: spec.datatype,
                    shape,
                    data: missing.repeat(count),
                });
            }
        }
    }
}

/// Beyond this an input that is left out is not made up.
const MOST_ROWS: usize = 1 << 24;

/// The inputs that the contract does not require. There must be a way to say that
/// they are missing.
fn optional(manifest: &Manifest, inputs: &[TensorSpec]) -> Result<Vec<TensorSpec>, String> {
    let names = manifest.optional();
    let optional: Vec<TensorSpec> =
        inputs.iter().filter(|input| names.contains(&input.name)).cloned().collect();
    for spec in &optional {
        let float = matches!(spec.datatype, Datatype::Fp16 | Datatype::Fp32 | Datatype::Fp64);
        if !float && element_size(spec.datatype).is_some() {
            return Err(format!(
                "[contract]: input `{}` cannot be left out, as integers have no value for what is missing",
                spec.name
            ));
        }
        if !matches!(spec.shape.as_slice(), [-1] | [-1, 1]) {
            return Err(format!(
                "[contract]: input `{}` cannot be left out, as it has more than a value a row",
                spec.name
            ));
        }
    }
    Ok(optional)
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
