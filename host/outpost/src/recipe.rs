//! Everything that a module is made from, read and checked before anything long
//! begins.

use crate::compile::compile;
use crate::failure::Failure;
use crate::paths;
use outpost_core::ModelName;
use outpost_package::{ManifestError, ManifestFile};
use std::path::Path;

/// The guest that runs ONNX models, compiled by the build script.
pub static RUNTIME: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/runtime.wasm"));

/// Inputs of a build.
pub struct Recipe {
    pub manifest: ManifestFile,
    /// The ONNX file; empty where a guest of one's own needs none.
    pub model: Vec<u8>,
    /// A guest with code of its own.
    pub guest: Option<Vec<u8>>,
    /// What blocks refer to, such as a tokenizer, by the name in the manifest.
    pub files: Vec<(String, Vec<u8>)>,
    /// The file of reference cases.
    pub references: Option<Vec<u8>>,
}

impl Recipe {
    /// Reads a manifest, or that of a directory, and what it refers to, or an
    /// ONNX file alone. A
    /// `custom_guest` may do without a model file.
    pub fn read(source: &Path, custom_guest: bool) -> Result<Self, Failure> {
        let inside = source.join("manifest.toml");
        let source = if source.is_dir() { &inside } else { source };
        let is_manifest = source.extension().is_some_and(|extension| extension == "toml");
        if !is_manifest {
            let model = paths::read(source)?;
            return Ok(Recipe {
                manifest: default_manifest(source),
                model,
                guest: None,
                files: Vec::new(),
                references: None,
            });
        }
        let manifest = parse_manifest(source, &paths::read_text(source)?)?;
        let directory = paths::parent(source);
        let guest = match &manifest.guest {
            Some(guest) => {
                let path = directory.join(guest);
                let file = if path.is_dir() { compile(&path)? } else { path };
                Some(paths::read(&file)?)
            }
            None => None,
        };
        let custom_guest = custom_guest || guest.is_some();
        let model_path = directory.join(&manifest.model);
        let model = match paths::read(&model_path) {
            Ok(model) => model,
            Err(_) if custom_guest && !model_path.exists() => Vec::new(),
            Err(failure) => {
                return Err(
                    failure.hint("the manifest's `model` names the ONNX file, relative to it")
                );
            }
        };
        let files = (manifest.files())
            .map(|file| {
                let bytes = paths::read(&directory.join(file)).map_err(|failure| {
                    failure.hint("the `file` of a block in the manifest, relative to it")
                })?;
                Ok((file.to_string(), bytes))
            })
            .collect::<Result<_, Failure>>()?;
        let references = match &manifest.reference {
            Some(reference) => Some(paths::read(&directory.join(&reference.cases))?),
            None => None,
        };
        Ok(Recipe { manifest, model, guest, files, references })
    }
}

pub fn parse_manifest(path: &Path, text: &str) -> Result<ManifestFile, Failure> {
    ManifestFile::parse(text).map_err(|error| match error {
        // The error itself shows the line and says what would be right.
        ManifestError::Toml(error) => Failure::at(path, format!("\n{error}")),
        ManifestError::Invalid(_) => Failure::at(path, format!("\n{error}")),
    })
}

/// Of an ONNX file alone: its name is the file's, the rest the model says.
fn default_manifest(source: &Path) -> ManifestFile {
    let stem = source.file_stem().unwrap_or_default().to_string_lossy();
    let name: String = stem
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' })
        .skip_while(|c| !c.is_ascii_alphanumeric())
        .take(ModelName::MAX_LENGTH)
        .collect();
    let name = name.parse().unwrap_or_else(|_| ModelName::fallback());
    let file = source.file_name().map(Into::into).unwrap_or_default();
    ManifestFile::for_model(name, file)
}
