//! What a manifest may pin down of a model. The host has checked it.

use serde::Deserialize;

/// An input or output that the manifest speaks of.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Spec {
    /// Its name in the model.
    pub name: String,
    /// By the Open Inference Protocol's spelling.
    #[serde(default)]
    pub datatype: Option<String>,
    /// -1 where an extent varies.
    #[serde(default)]
    pub shape: Option<Vec<i64>>,
}
