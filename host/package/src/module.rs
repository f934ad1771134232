//! The module file: sections written at build time, and the one door through
//! which a file becomes something that may run.

use crate::grants::{Grants, Refused};
use crate::{Digest, Manifest};
use std::fmt;
use std::ops::Deref;
use wasmparser::{Encoding, Parser, Payload};

/// The contract's interface that a module must export.
pub const CONTRACT: &str = "outpost:model/inference@0.1.0";
const CONTRACT_STEM: &str = "outpost:model/inference";
const MANIFEST_SECTION: &str = "outpost:manifest";
const REFERENCE_SECTION: &str = "outpost:reference";

/// Why a file is not a module that may run.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum ModuleError {
    #[error("this is not a WebAssembly file")]
    NotWasm,
    #[error(
        "this is a core WebAssembly module, not a component; build modules with `outpost build`"
    )]
    CoreModule,
    #[error("the file is truncated or damaged: {0}")]
    Malformed(String),
    #[error(
        "the component does not export `{CONTRACT}`{}; build it again with this version of `outpost build`",
        .0.as_ref().map(|found| format!(", but `{found}`")).unwrap_or_default()
    )]
    WrongContract(Option<String>),
    #[error("the module asks for imports that are not granted: {0}")]
    Imports(Refused),
    #[error("the component has no manifest; build modules with `outpost build`")]
    NoManifest,
    #[error("the module's manifest cannot be read: {0}")]
    Manifest(serde_json::Error),
    #[error("the module's manifest is not valid: {}", .0.join("; "))]
    Invalid(Vec<String>),
    #[error("the file holds two sections `{0}`")]
    Duplicate(&'static str),
    #[error(
        "the module has code after its manifest, which nothing that `outpost build` writes has"
    )]
    CodeAfterManifest,
}

/// Which modules are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Whatever is well-formed: the files come from a place that only the
    /// operator can write to.
    Unsigned,
}

/// A well-formed module, which may ask for more than it gets: to be looked at,
/// not to be run.
pub struct ModuleFile {
    bytes: Vec<u8>,
    digest: Digest,
    code_digest: Digest,
    manifest: Manifest,
    references: Option<Vec<u8>>,
    imports: Vec<String>,
}

/// A module that passed every check. Only [`ModuleFile::verify`] makes one, and
/// the sandbox loads nothing else.
pub struct VerifiedModule {
    file: ModuleFile,
    grants: Grants,
}

impl fmt::Debug for VerifiedModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedModule")
            .field("digest", &self.digest)
            .field("name", &self.manifest.name)
            .field("grants", &self.grants)
            .finish_non_exhaustive()
    }
}

impl VerifiedModule {
    /// Checks a file's bytes: a component of the right contract that imports
    /// nothing and has a manifest. What is checked is what is kept.
    ///
    /// # Errors
    /// [`ModuleError`], the first that is found.
    pub fn verify(bytes: Vec<u8>, trust: Trust) -> Result<Self, ModuleError> {
        ModuleFile::read(bytes)?.verify(trust, Grants::NONE)
    }

    /// What it may reach; covers all that it imports.
    pub fn grants(&self) -> Grants {
        self.grants
    }
}

impl Deref for VerifiedModule {
    type Target = ModuleFile;

    fn deref(&self) -> &ModuleFile {
        &self.file
    }
}

impl ModuleFile {
    /// Reads a file's bytes: a component of the right contract with a manifest.
    ///
    /// # Errors
    /// [`ModuleError`], the first that is found.
    pub fn read(bytes: Vec<u8>) -> Result<Self, ModuleError> {
        let outline = Outline::read(&bytes)?;
        if !outline.exports.iter().any(|name| name == CONTRACT) {
            let near = outline.exports.into_iter().find(|name| name.starts_with(CONTRACT_STEM));
            return Err(ModuleError::WrongContract(near));
        }
        let manifest = outline.manifest.ok_or(ModuleError::NoManifest)?;
        let manifest: Manifest = serde_json::from_slice(manifest).map_err(ModuleError::Manifest)?;
        let faults = manifest.faults();
        if !faults.is_empty() {
            return Err(ModuleError::Invalid(faults));
        }
        let references = outline.references.map(<[u8]>::to_vec);
        let imports = outline.imports;
        let (code_digest, digest) = Digest::of_prefix_and_whole(&bytes, outline.code_end);
        Ok(ModuleFile { digest, code_digest, manifest, references, imports, bytes })
    }

    /// Accepts it with `grants`, if it asks for nothing else.
    ///
    /// # Errors
    /// [`ModuleError::Imports`] with everything that is not granted.
    pub fn verify(self, trust: Trust, grants: Grants) -> Result<VerifiedModule, ModuleError> {
        let Trust::Unsigned = trust;
        match Refused::by(grants, &self.imports) {
            Some(refused) => Err(ModuleError::Imports(refused)),
            None => Ok(VerifiedModule { file: self, grants }),
        }
    }

    /// Names of what it imports.
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    /// The whole file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its identity.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Identity of the component without Outpost's sections: modules that differ
    /// in these alone are compiled once.
    pub fn code_digest(&self) -> Digest {
        self.code_digest
    }

    /// What its author says of it.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The reference cases, in the format of the file they came from.
    pub fn references(&self) -> Option<&[u8]> {
        self.references.as_deref()
    }
}

/// Whether the bytes begin as a component does, and not as a core module.
pub fn is_component(bytes: &[u8]) -> bool {
    Parser::is_component(bytes)
}

/// Adds manifest and reference cases to a component.
///
/// # Errors
/// If the manifest cannot be written as JSON.
pub fn seal(
    component: &[u8],
    manifest: &Manifest,
    references: Option<&[u8]>,
) -> Result<Vec<u8>, ModuleError> {
    let manifest = serde_json::to_vec(manifest).map_err(ModuleError::Manifest)?;
    let mut component = component.to_vec();
    append_section(&mut component, MANIFEST_SECTION, &manifest);
    if let Some(references) = references {
        append_section(&mut component, REFERENCE_SECTION, references);
    }
    Ok(component)
}

fn append_section(component: &mut Vec<u8>, name: &str, data: &[u8]) {
    use wasm_encoder::{ComponentSection, CustomSection};
    CustomSection { name: name.into(), data: data.into() }.append_to_component(component);
}

/// The outermost level of a component.
#[derive(Default)]
struct Outline<'a> {
    imports: Vec<String>,
    exports: Vec<String>,
    manifest: Option<&'a [u8]>,
    references: Option<&'a [u8]>,
    /// Where Outpost's own sections begin.
    code_end: usize,
}

impl<'a> Outline<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, ModuleError> {
        if !bytes.starts_with(b"\0asm") {
            return Err(ModuleError::NotWasm);
        }
        let malformed =
            |error: wasmparser::BinaryReaderError| ModuleError::Malformed(error.to_string());
        let mut outline = Outline { code_end: bytes.len(), ..Outline::default() };
        // Modules and components nested inside of the outermost component.
        let mut nested = 0_usize;
        let mut ended = false;
        // End of the last section of the outermost component.
        let mut last_end = 0_usize;
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload.map_err(malformed)?;
            let sealed = outline.code_end < bytes.len();
            if sealed && !matches!(payload, Payload::CustomSection(_) | Payload::End(_)) {
                return Err(ModuleError::CodeAfterManifest);
            }
            let ends = match &payload {
                Payload::Version { range, .. } => Some(range.end),
                payload => payload.as_section().map(|(_, range)| range.end),
            };
            let outermost = nested == 0;
            match payload {
                Payload::Version { encoding: Encoding::Module, .. } if nested == 0 => {
                    return Err(ModuleError::CoreModule);
                }
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => nested += 1,
                Payload::End(_) if nested == 0 => ended = true,
                Payload::End(_) => nested -= 1,
                Payload::ComponentImportSection(section) if nested == 0 => {
                    for import in section {
                        outline.imports.push(import.map_err(malformed)?.name.name.to_string());
                    }
                }
                Payload::ComponentExportSection(section) if nested == 0 => {
                    for export in section {
                        outline.exports.push(export.map_err(malformed)?.name.name.to_string());
                    }
                }
                Payload::CustomSection(section) if nested == 0 => {
                    let (slot, name) = match section.name() {
                        MANIFEST_SECTION => (&mut outline.manifest, MANIFEST_SECTION),
                        REFERENCE_SECTION => (&mut outline.references, REFERENCE_SECTION),
                        _ => continue,
                    };
                    if slot.replace(section.data()).is_some() {
                        return Err(ModuleError::Duplicate(name));
                    }
                    outline.code_end = outline.code_end.min(last_end);
                }
                _ => {}
            }
            if let (true, Some(end)) = (outermost, ends) {
                last_end = end;
            }
        }
        if ended { Ok(outline) } else { Err(ModuleError::Malformed("it ends too early".into())) }
    }
}
