//! The generic guest: an ONNX model with what the manifest puts around it.

use outpost_guest::{Description, Error, Model, Prediction, Source, Tensor};
use outpost_onnx::Onnx;

struct Runtime {
    onnx: Onnx,
}

impl Model for Runtime {
    fn freeze(source: &Source) -> Result<Self, String> {
        let onnx = Onnx::read(&source.manifest(), source.model())?;
        Ok(Runtime { onnx })
    }

    fn description(&self) -> &Description {
        self.onnx.description()
    }

    fn infer(&mut self, inputs: Vec<Tensor>) -> Result<Prediction, Error> {
        self.onnx.infer(inputs)
    }
}

outpost_guest::export!(Runtime);

/// Room that the build fills: see `guest/passes/src/dispatch.rs`.
#[cfg(target_family = "wasm")]
#[unsafe(no_mangle)]
pub static OUTPOST_DISPATCH: [u16; 16 * 1024] = [0; 16 * 1024];
