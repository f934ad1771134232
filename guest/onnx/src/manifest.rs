//! The part of the resolved manifest that the runtime guest acts on. The host
//! has checked it; what is unknown here belongs to somebody else.

use serde::Deserialize;

#[derive(Deserialize)]
pub struct Manifest {
    pub name: String,
    pub version: String,
    #[serde(default)]
    pub inputs: Vec<Spec>,
    #[serde(default)]
    pub outputs: Vec<Spec>,
}

/// An input or output that the manifest pins down.
#[derive(Deserialize)]
pub struct Spec {
    pub name: String,
    #[serde(default)]
    pub datatype: Option<String>,
    /// -1 where an extent varies.
    #[serde(default)]
    pub shape: Option<Vec<i64>>,
}

impl Manifest {
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        serde_json::from_slice(json).map_err(|error| format!("the manifest is not usable: {error}"))
    }
}
