//! The generic guest: an ONNX model with what the manifest puts around it.

mod manifest;
mod pipeline;

use manifest::Manifest;
use outpost_guest::{Description, Error, Model, Prediction, Source, Tensor, TensorSpec};
use outpost_onnx::{Onnx, Spec};
use pipeline::Pipeline;

struct Runtime {
    onnx: Onnx,
    description: Description,
    /// Behind a trait, so that a model with nothing around it carries none of this.
    around: Option<Box<dyn Around>>,
}

/// What stands around a model.
trait Around {
    /// The whole way of a request, through `onnx`.
    fn infer(&self, inputs: Vec<Tensor>, onnx: &mut Onnx) -> Result<Prediction, Error>;

    /// See [`Model::complete`].
    fn complete(&self, inputs: &mut Vec<Tensor>);
}

impl Model for Runtime {
    fn freeze(source: &Source) -> Result<Self, String> {
        let manifest = Manifest::parse(&source.manifest())?;
        let inputs: Vec<Spec> = manifest.inputs.iter().map(|input| input.spec.clone()).collect();
        let onnx = Onnx::read(source.model(), &inputs, &manifest.outputs)?;
        let pipeline = Pipeline::build(&manifest, &onnx, &|name| source.file(name))?;
        let description = Description {
            name: manifest.name,
            version: manifest.version,
            inputs: pipeline.inputs.clone(),
            outputs: pipeline.outputs.clone(),
        };
        check(&inputs, &onnx.inputs, &description.inputs, "input")?;
        check(&manifest.outputs, &onnx.outputs, &description.outputs, "output")?;
        let around = (!pipeline.is_empty()).then(|| Box::new(pipeline) as Box<dyn Around>);
        Ok(Runtime { onnx, description, around })
    }

    fn description(&self) -> &Description {
        &self.description
    }

    fn complete(&self, inputs: &mut Vec<Tensor>) {
        if let Some(around) = &self.around {
            around.complete(inputs);
        }
    }

    fn infer(&mut self, inputs: Vec<Tensor>) -> Result<Prediction, Error> {
        match &self.around {
            Some(around) => around.infer(inputs, &mut self.onnx),
            None => self.onnx.infer(inputs).map(Prediction::from),
        }
    }
}

/// The manifest may speak of the model's tensors and of the module's.
fn check(
    stated: &[Spec],
    model: &[TensorSpec],
    module: &[TensorSpec],
    what: &str,
) -> Result<(), String> {
    let known = |spec: &&Spec| model.iter().chain(module).any(|known| known.name == spec.name);
    let Some(unknown) = stated.iter().find(|spec| !known(spec)) else { return Ok(()) };
    let list = |specs: &[TensorSpec]| {
        specs.iter().map(|spec| format!("`{}`", spec.name)).collect::<Vec<_>>().join(", ")
    };
    let mut message = format!(
        "the manifest describes {what} `{}`, but the model has {}",
        unknown.name,
        list(model)
    );
    if list(model) != list(module) {
        message += &format!(", and the module {}", list(module));
    }
    Err(message)
}

outpost_guest::export!(Runtime);

/// Room that the build fills: see `guest/passes/src/dispatch.rs`.
#[cfg(target_family = "wasm")]
#[unsafe(no_mangle)]
pub static OUTPOST_DISPATCH: [u16; 16 * 1024] = [0; 16 * 1024];
