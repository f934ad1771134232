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
use outpost_guest::{Description, Error, Model, Prediction, Source, Tensor};
use tract_onnx::prelude::TVec;

/// An ONNX model, ready to run.
pub struct Onnx {
    plan: Plan,
    extents: Extents,
    description: Description,
}

impl Onnx {
    /// Reads a model by what its manifest, JSON, says of it.
    ///
    /// # Errors
    /// A message for the person who builds the module.
    pub fn read(manifest: &[u8], onnx: Vec<u8>) -> Result<Self, String> {
        #[cfg(target_arch = "wasm32")]
        outpost_kernels::register();
        let manifest = manifest::Manifest::parse(manifest)?;
        let Loaded { plan, extents, inputs, outputs } = load::load(onnx, &manifest)?;
        let description =
            Description { name: manifest.name, version: manifest.version, inputs, outputs };
        Ok(Onnx { plan, extents, description })
    }
}

impl Model for Onnx {
    fn freeze(source: &Source) -> Result<Self, String> {
        Onnx::read(&source.manifest(), source.model())
    }

    fn description(&self) -> &Description {
        &self.description
    }

    fn infer(&mut self, inputs: Vec<Tensor>) -> Result<Prediction, Error> {
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
        (results.iter().zip(&self.description.outputs))
            .map(|(value, spec)| tensors::from_tract(value, &spec.name))
            .collect::<Result<Vec<_>, String>>()
            .map(Prediction::from)
            .map_err(Error::Failed)
    }
}
