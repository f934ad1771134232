//! The part of a module's manifest that guests ask for most.

use crate::{TensorSpec, datatype_of};
use serde::Deserialize;

/// What the manifest says of the module.
#[derive(Clone, Debug, Deserialize)]
pub struct Manifest {
    /// Name of the model, as in URLs.
    pub name: String,
    /// Its semantic version.
    pub version: String,
    /// For a guest that stands around a model: that model's inputs and outputs.
    #[serde(default)]
    pub inner: Inner,
}

/// What a model inside takes and gives.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Inner {
    /// What it takes.
    #[serde(deserialize_with = "specs")]
    pub inputs: Vec<TensorSpec>,
    /// What it gives.
    #[serde(deserialize_with = "specs")]
    pub outputs: Vec<TensorSpec>,
}

#[derive(Deserialize)]
struct Spec {
    name: String,
    datatype: String,
    shape: Vec<i64>,
}

fn specs<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<TensorSpec>, D::Error> {
    let specs = Vec::<Spec>::deserialize(deserializer)?;
    let spec = |spec: Spec| {
        let datatype = datatype_of(&spec.datatype)
            .ok_or_else(|| serde::de::Error::custom(format!("`{}`?", spec.datatype)))?;
        Ok(TensorSpec { name: spec.name, datatype, shape: spec.shape })
    };
    specs.into_iter().map(spec).collect()
}
