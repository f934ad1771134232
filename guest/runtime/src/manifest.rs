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
    /// Names of the columns of inputs.
    #[serde(default, skip)]
    pub columns: Vec<(String, Vec<String>)>,
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

impl Manifest {
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        let unusable = |error| format!("the manifest is not usable: {error}");
        let mut manifest: Manifest = serde_json::from_slice(json).map_err(unusable)?;
        let columns: Columns = serde_json::from_slice(json).map_err(unusable)?;
        manifest.columns = (columns.inputs.into_iter())
            .filter(|input| !input.columns.is_empty())
            .map(|input| (input.name, input.columns))
            .collect();
        Ok(manifest)
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

/// What only the contract asks for.
#[derive(Deserialize)]
struct Columns {
    #[serde(default)]
    inputs: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    #[serde(default)]
    columns: Vec<String>,
}
