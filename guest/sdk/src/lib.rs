//! Everything that a guest needs to become an Outpost module: the bindings to
//! the contract in `wit/`, the [`Model`] trait, the [`export!`] macro, and an
//! allocator that keeps what is frozen into the module dense.
//!
//! A whole guest, without any model file:
//!
//! ```ignore
//! use outpost_guest::{
//!     Datatype, Description, Error, Model, Prediction, Source, Tensor, TensorSpec,
//! };
//!
//! struct Double(Description);
//!
//! impl Model for Double {
//!     fn freeze(_: &Source) -> Result<Self, String> {
//!         let spec = |name: &str| TensorSpec {
//!             name: name.into(),
//!             datatype: Datatype::Fp32,
//!             shape: vec![-1],
//!         };
//!         Ok(Double(Description {
//!             name: "double".into(),
//!             version: "1.0.0".into(),
//!             inputs: vec![spec("x")],
//!             outputs: vec![spec("y")],
//!         }))
//!     }
//!
//!     fn description(&self) -> &Description {
//!         &self.0
//!     }
//!
//!     fn infer(&mut self, mut inputs: Vec<Tensor>) -> Result<Prediction, Error> {
//!         let Some(mut x) = inputs.pop() else { return Ok(vec![].into()) };
//!         for element in x.data.chunks_exact_mut(4) {
//!             if let Ok(bytes) = <[u8; 4]>::try_from(&*element) {
//!                 element.copy_from_slice(&(2.0 * f32::from_le_bytes(bytes)).to_le_bytes());
//!             }
//!         }
//!         x.name = "y".into();
//!         Ok(vec![x].into())
//!     }
//! }
//!
//! outpost_guest::export!(Double);
//! ```

#[cfg(target_family = "wasm")]
mod alloc;
#[allow(missing_docs, clippy::all, clippy::pedantic, clippy::restriction)]
pub mod bindings {
    //! Generated from `wit/`.
    wit_bindgen::generate!({
        path: "../../wit",
        world: "wrapper",
        pub_export_macro: true,
    });
}
mod check;
mod elements;
mod export;
pub mod inner;
mod manifest;
#[cfg(target_family = "wasm")]
mod random;

pub use bindings::exports::outpost::model::inference::{
    Datatype, Description, Error, Prediction, Tensor, TensorSpec, Violation, ViolationCode,
};
pub use check::check_inputs;
pub use elements::{byte_strings, datatype_name, datatype_of, element_size, split_byte_string};
pub use export::{Component, Exported, FrozenCell};
pub use manifest::{Inner, Manifest};

/// An answer with nothing to remark on its inputs.
impl From<Vec<Tensor>> for Prediction {
    fn from(outputs: Vec<Tensor>) -> Self {
        Prediction { outputs, flags: Vec::new() }
    }
}

/// The manifest and model file that a module is being built from.
pub struct Source(());

impl Source {
    /// The resolved manifest, as JSON.
    pub fn manifest(&self) -> Vec<u8> {
        bindings::outpost::model::source::manifest()
    }

    /// The same, read.
    ///
    /// # Errors
    /// If it is not a manifest, which `outpost build` does not let happen.
    pub fn read_manifest(&self) -> Result<Manifest, String> {
        serde_json::from_slice(&self.manifest())
            .map_err(|error| format!("the manifest is not usable: {error}"))
    }

    /// The bytes of the model file; empty where the manifest names none.
    pub fn model(&self) -> Vec<u8> {
        bindings::outpost::model::source::model()
    }

    /// A file that the manifest names, by the name that it has there.
    pub fn file(&self, name: &str) -> Option<Vec<u8>> {
        bindings::outpost::model::source::file(name)
    }
}

/// A model, as its author writes it.
pub trait Model: Sized + 'static {
    /// Gets everything ready to infer. Runs while the module is being built;
    /// what it returns is stored in the module.
    ///
    /// # Errors
    /// A message for the person who builds the module.
    fn freeze(source: &Source) -> Result<Self, String>;

    /// Name, version, inputs and outputs.
    fn description(&self) -> &Description;

    /// Puts in the inputs that a request may leave out, before it is checked.
    fn complete(&self, inputs: &mut Vec<Tensor>) {
        let _ = inputs;
    }

    /// Runs the model on inputs that [`check_inputs`] found to match
    /// [`Model::description`], in the order of the description.
    ///
    /// # Errors
    /// [`Error::Invalid`] for the caller's faults, [`Error::Failed`] for the
    /// model's own.
    fn infer(&mut self, inputs: Vec<Tensor>) -> Result<Prediction, Error>;
}
