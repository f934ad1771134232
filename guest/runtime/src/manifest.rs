//! The part of the resolved manifest that this guest acts on. The host has
//! checked it; what is unknown here belongs to somebody else.

use outpost_onnx::Spec;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
pub struct Manifest {
    pub name: String,
    pub version: String,
    #[serde(default)]
    pub inputs: Vec<Spec>,
    #[serde(default)]
    pub outputs: Vec<Spec>,
    /// Blocks before the model, in the order in which they run.
    #[serde(default)]
    pub before: Vec<Value>,
    /// Blocks after the model.
    #[serde(default)]
    pub after: Vec<Value>,
}

impl Manifest {
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(json).map_err(|error| format!("the manifest is not usable: {error}"))
    }
}
