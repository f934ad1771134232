//! ONNX models as guests run them. While a module is being built the ONNX file is
//! read, optimised with tract and run once; frozen, it answers requests with no
//! start-up work at all.

mod control;
mod extents;
mod functions;
mod interpret;
mod load;
mod manifest;
mod operators;
mod tensors;

use extents::Extents;
use load::{Loaded, Plan};
pub use manifest::Spec;
use outpost_guest::{Error, Tensor, TensorSpec};
use tract_onnx::prelude::TVec;

/// An ONNX model, ready to run.
pub struct Onnx {
    plan: Plan,
    extents: Extents,
    /// What it takes, in the order of the graph.
    pub inputs: Vec<TensorSpec>,
    /// What it gives, in the order of the graph.
    pub outputs: Vec<TensorSpec>,
}

impl Onnx {
    /// Reads a model. What the manifest says of its inputs settles what the model
    /// leaves open; what it says of its outputs must hold. Names that the model
    /// does not have are somebody else's.
    ///
    /// # Errors
    /// A message for the person who builds the module.
    pub fn read(onnx: Vec<u8>, inputs: &[Spec], outputs: &[Spec]) -> Result<Self, String> {
        #[cfg(target_arch = "wasm32")]
        outpost_kernels::register();
        let Loaded { plan, extents, inputs, outputs } = load::load(onnx, inputs, outputs)?;
        Ok(Onnx { plan, extents, inputs, outputs })
    }

    /// Runs the model on inputs that match [`Onnx::inputs`], in that order; its
    /// outputs are in the order of [`Onnx::outputs`].
    ///
    /// # Errors
    /// [`Error::Invalid`] for text that is none and extents that do not agree;
    /// [`Error::Failed`] with what the operator that failed says.
    pub fn infer(&mut self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>, Error> {
        let mut values = TVec::with_capacity(inputs.len());
        let mut violations = self.extents.check(&inputs);
        for tensor in inputs {
            match tensors::to_tract(&tensor) {
                Ok(value) => values.push(value.into()),
                Err(violation) => violations.push(violation),
            }
        }
        if !violations.is_empty() {
            return Err(Error::Invalid(violations));
        }
        let results = self.plan.run(values).map_err(|error| Error::Failed(format!("{error:#}")))?;
        (results.iter().zip(&self.outputs))
            .map(|(value, spec)| tensors::from_tract(value, &spec.name))
            .collect::<Result<Vec<_>, String>>()
            .map_err(Error::Failed)
    }
}
