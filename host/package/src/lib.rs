//! Modules as files. A module is a WebAssembly component with two more custom
//! sections: its manifest and, where it has them, its reference cases. This
//! crate reads and writes them, and is the only one that can make a
//! [`VerifiedModule`], without which nothing runs. It never executes anything.

mod digest;
mod grants;
mod manifest;
mod module;

pub use digest::Digest;
pub use grants::{Grant, Grants, Refused, UnknownGrant, by_grant};
pub use manifest::{
    Block, IoSpec, Limits, Manifest, ManifestError, ManifestFile, Reference, Tolerance,
};
pub use module::{CONTRACT, ModuleError, ModuleFile, Trust, VerifiedModule, is_component, seal};
