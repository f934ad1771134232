//! The generic guest. While a module is being built it reads the ONNX file and
//! the manifest, optimises the model with tract and runs it once; frozen, it
//! answers requests with no start-up work at all.

mod extents;
mod load;
mod manifest;
mod operators;
mod tensors;

use extents::Extents;
use load::Loaded;
use outpost_guest::{Description, Error, Model, Source, Tensor, TensorSpec};
use tract_onnx::prelude::{TVec, TypedSimpleState};

/// An optimised ONNX model, ready to run.
pub struct Onnx {
    state: TypedSimpleState,
    extents: Extents,
    description: Description,
}

impl Model for Onnx {
    fn freeze(source: &Source) -> Result<Self, String> {
        #[cfg(target_arch = "wasm32")]
        outpost_kernels::register();
        let manifest = manifest::Manifest::parse(&source.manifest())?;
        let Loaded { mut state, extents, inputs, outputs } = load::load(source.model(), &manifest)?;
        load::warm_up(&mut state, &inputs);
        forget(&mut state)?;
        let description =
            Description { name: manifest.name, version: manifest.version, inputs, outputs };
        Ok(Onnx { state, extents, description })
    }

    fn description(&self) -> &Description {
        &self.description
    }

    fn infer(&mut self, inputs: Vec<Tensor>) -> Result<Vec<Tensor>, Error> {
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
        // An instance may be used again, and must not carry anything over.
        forget(&mut self.state).map_err(Error::Failed)?;
        let results =
            self.state.run(values).map_err(|error| Error::Failed(format!("{error:#}")))?;
        let named = |(value, spec): (&_, &TensorSpec)| tensors::from_tract(value, &spec.name);
        results
            .iter()
            .zip(&self.description.outputs)
            .map(|(value, spec)| named((value, spec)))
            .collect::<Result<_, String>>()
            .map_err(Error::Failed)
    }
}

/// Drops what operators keep from run to run, such as the hidden state of a
/// recurrent layer, where there is any.
fn forget(state: &mut TypedSimpleState) -> Result<(), String> {
    if state.op_states.iter().any(Option::is_some) {
        *state = state.plan().spawn().map_err(|error| format!("{error:#}"))?;
    }
    Ok(())
}

outpost_guest::export!(Onnx);
