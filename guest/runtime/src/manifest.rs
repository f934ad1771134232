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
    pub inputs: Vec<Input>,
    /// The data contract.
    #[serde(default)]
    pub contract: Option<Value>,
    #[serde(default)]
    pub outputs: Vec<Spec>,
    /// Blocks before the model, in the order in which they run.
    #[serde(default)]
    pub before: Vec<Value>,
    /// Blocks after the model.
    #[serde(default)]
    pub after: Vec<Value>,
}

/// An input that the manifest speaks of.
#[derive(Deserialize)]
pub struct Input {
    #[serde(flatten)]
    pub spec: Spec,
    /// Names along its last dimension; empty if there are none.
    #[serde(default)]
    pub columns: Vec<String>,
}

impl Manifest {
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(json).map_err(|error| format!("the manifest is not usable: {error}"))
    }

    /// Names of the fields that a request may leave out.
    pub fn optional(&self) -> Vec<String> {
        let fields = self.contract.as_ref().and_then(|contract| contract.get("fields"));
        (fields.and_then(Value::as_array).into_iter().flatten())
            .filter(|field| field.get("required") == Some(&Value::Bool(false)))
            .filter_map(|field| field.get("name")?.as_str().map(str::to_string))
            .collect()
    }
}
