//! The manifest: what the author of a module says about it. Written as TOML
//! beside the model ([`ManifestFile`]), resolved once ([`Manifest`]), and kept
//! in the module as JSON.

use outpost_contract::Contract;
use outpost_core::{Datatype, ModelName};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The manifest as it stands in a file, with the paths that it refers to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// Name of the model, as in URLs.
    pub name: String,
    /// Semantic version of the module.
    #[serde(default = "default_version")]
    pub version: String,
    /// One sentence on what the model does.
    #[serde(default)]
    pub description: String,
    /// License of the model, as an SPDX expression.
    #[serde(default)]
    pub license: Option<String>,
    /// The ONNX file, relative to the manifest.
    #[serde(default = "default_model")]
    pub model: PathBuf,
    /// A guest with code of its own, instead of the ONNX runtime or around it.
    #[serde(default)]
    pub guest: Option<PathBuf>,
    /// Inputs, where the model file does not say enough, or to check it.
    #[serde(default)]
    pub inputs: Vec<IoSpec>,
    /// Outputs, to name their labels, or to check the model file.
    #[serde(default)]
    pub outputs: Vec<IoSpec>,
    /// What the fields of a request must hold.
    #[serde(default)]
    pub contract: Option<Contract>,
    /// Blocks that make the model's inputs of what clients have, in the order in
    /// which they run.
    #[serde(default)]
    pub before: Vec<Block>,
    /// Blocks that make what clients want of the model's outputs.
    #[serde(default)]
    pub after: Vec<Block>,
    /// What the module needs at most.
    #[serde(default)]
    pub limits: Limits,
    /// Known answers.
    #[serde(default)]
    pub reference: Option<Reference>,
}

/// A block of pre- or postprocessing: its name under the key `block`, and whatever
/// that one takes. What is wrong with it is told by the guest that builds it.
pub type Block = serde_json::Map<String, serde_json::Value>;

/// What the manifest says of one input or output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IoSpec {
    /// Name in the model.
    pub name: String,
    /// `FP32`, `INT64`, …: must be the model's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datatype: Option<String>,
    /// Extents, -1 where they vary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<Vec<i64>>,
    /// What it holds, and in which unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Names of the classes that an output speaks of, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Names of the columns of an input, in order, for the contract and for tables.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
}

/// What a module needs at most; the host may grant less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Linear memory of one instance, in MiB.
    pub memory_mib: u32,
    /// Time for one request, in milliseconds.
    pub deadline_ms: u32,
    /// Size of one request, in MiB.
    pub body_mib: u32,
}

impl Limits {
    /// All that a 32-bit module can address.
    pub const MAX_MEMORY_MIB: u32 = 4096;

    /// The lesser of each.
    #[must_use]
    pub fn capped(self, cap: Limits) -> Self {
        Limits {
            memory_mib: self.memory_mib.min(cap.memory_mib),
            deadline_ms: self.deadline_ms.min(cap.deadline_ms),
            body_mib: self.body_mib.min(cap.body_mib),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits { memory_mib: 1024, deadline_ms: 10_000, body_mib: 16 }
    }
}

/// Where the known answers are, and how closely they must be met.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// A JSON file of requests and their answers, relative to the manifest.
    pub cases: PathBuf,
    /// How far an element may be off, in the unit of the output.
    #[serde(default = "default_tolerance")]
    pub absolute: f64,
    /// The same as a fraction of the expected value.
    #[serde(default = "default_tolerance")]
    pub relative: f64,
}

/// |actual - expected| ≤ absolute + relative · |expected|, as in NumPy's `allclose`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tolerance {
    /// In the unit of the output.
    pub absolute: f64,
    /// As a fraction of the expected value.
    pub relative: f64,
}

impl Default for Tolerance {
    fn default() -> Self {
        Tolerance { absolute: default_tolerance(), relative: default_tolerance() }
    }
}

/// The resolved manifest, as it is kept in a module.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Name of the model, as in URLs.
    pub name: String,
    /// Semantic version of the module.
    pub version: String,
    /// One sentence on what the model does.
    #[serde(default)]
    pub description: String,
    /// License of the model, as an SPDX expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    /// Inputs with datatypes and shapes.
    pub inputs: Vec<IoSpec>,
    /// Outputs with datatypes, shapes and labels.
    pub outputs: Vec<IoSpec>,
    /// What the fields of a request must hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<Contract>,
    /// Blocks before the model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<Block>,
    /// Blocks after the model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<Block>,
    /// What the module needs at most.
    pub limits: Limits,
    /// How closely the module meets its reference cases.
    #[serde(default)]
    pub tolerance: Tolerance,
}

/// Why a manifest cannot be used. Shows the line where there is one.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not TOML, an unknown key or a wrong type.
    #[error("{0}")]
    Toml(#[from] toml::de::Error),
    /// Well-formed, but impossible; every fault at once.
    #[error("{}", .0.join("\n"))]
    Invalid(Vec<String>),
}

fn default_tolerance() -> f64 {
    1e-5
}

fn default_version() -> String {
    "1.0.0".into()
}

fn default_model() -> PathBuf {
    "model.onnx".into()
}

impl ManifestFile {
    /// Reads a manifest and checks all that can be checked without the model.
    ///
    /// # Errors
    /// [`ManifestError`], with line and column, or with every fault.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let file: ManifestFile = toml::from_str(text)?;
        let faults = file.resolve().faults();
        if faults.is_empty() { Ok(file) } else { Err(ManifestError::Invalid(faults)) }
    }

    /// The manifest of an ONNX file that has none.
    pub fn for_model(name: ModelName, model: PathBuf) -> Self {
        ManifestFile {
            name: name.to_string(),
            version: default_version(),
            description: String::new(),
            license: None,
            model,
            guest: None,
            inputs: Vec::new(),
            outputs: Vec::new(),
            contract: None,
            before: Vec::new(),
            after: Vec::new(),
            limits: Limits::default(),
            reference: None,
        }
    }

    /// The files that blocks refer to, as they are called there.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        let keys = self.before.iter().chain(&self.after).flatten();
        keys.filter(|(key, _)| matches!(key.as_str(), "file" | "labels_file"))
            .filter_map(|(_, file)| file.as_str())
    }

    /// The manifest to freeze with: paths are left behind.
    pub fn resolve(&self) -> Manifest {
        Manifest {
            name: self.name.clone(),
            version: self.version.clone(),
            description: self.description.clone(),
            license: self.license.clone(),
            inputs: self.inputs.clone(),
            outputs: self.outputs.clone(),
            contract: self.contract.clone(),
            before: self.before.clone(),
            after: self.after.clone(),
            limits: self.limits,
            tolerance: self.reference.as_ref().map_or_else(Tolerance::default, |reference| {
                Tolerance { absolute: reference.absolute, relative: reference.relative }
            }),
        }
    }
}

impl Manifest {
    /// Everything that is wrong with it, whoever wrote it.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if let Err(error) = self.name.parse::<ModelName>() {
            faults.push(format!("`name`: {error}"));
        }
        if let Err(error) = semver::Version::parse(&self.version) {
            faults.push(format!("`version` is not a semantic version such as 1.2.0: {error}"));
        }
        for (what, specs) in [("inputs", &self.inputs), ("outputs", &self.outputs)] {
            for (index, spec) in specs.iter().enumerate() {
                if specs.iter().take(index).any(|other| other.name == spec.name) {
                    faults.push(format!("`{what}`: `{}` stands there twice", spec.name));
                }
                if let Some(Err(error)) =
                    spec.datatype.as_ref().map(|name| name.parse::<Datatype>())
                {
                    faults.push(format!("`{what}`, `{}`: {error}", spec.name));
                }
                if spec.shape.iter().flatten().any(|&extent| extent < -1) {
                    faults.push(format!(
                        "`{what}`, `{}`: an extent is a number, or -1 where it varies",
                        spec.name
                    ));
                }
            }
        }
        if let Some(contract) = &self.contract {
            faults
                .extend(contract.faults().into_iter().map(|fault| format!("`contract`: {fault}")));
        }
        let Limits { memory_mib, deadline_ms, body_mib } = self.limits;
        if !(1..=Limits::MAX_MEMORY_MIB).contains(&memory_mib) {
            faults.push("`limits.memory_mib` must be between 1 and 4096".into());
        }
        if deadline_ms == 0 {
            faults.push("`limits.deadline_ms` must be at least 1".into());
        }
        if body_mib == 0 {
            faults.push("`limits.body_mib` must be at least 1".into());
        }
        let Tolerance { absolute, relative } = self.tolerance;
        if !(absolute >= 0.0 && relative >= 0.0) {
            faults.push("`reference`: a tolerance must not be negative".into());
        }
        faults
    }
}
