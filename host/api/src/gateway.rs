//! What all protocols serve: the data path, and who may change what it serves.

use outpost_core::Error;
use outpost_serve::Server;
use std::sync::Arc;

/// Shared by all listeners and protocols.
#[derive(Clone)]
pub struct Gateway {
    /// Answers requests.
    pub server: Arc<Server>,
    /// Knows the modules that could be served.
    pub repository: Arc<dyn Repository>,
}

/// The modules on this machine. Its calls may take long: they compile.
pub trait Repository: Send + Sync {
    /// Every model that there is, with what became of it.
    fn index(&self) -> Vec<Entry>;

    /// Loads every version of a model anew from where it lies.
    ///
    /// # Errors
    /// Why that cannot be. What served before goes on to serve.
    fn load(&self, model: &str) -> Result<(), Error>;

    /// No longer serves a model. Requests that it has are answered.
    ///
    /// # Errors
    /// If it does not serve.
    fn unload(&self, model: &str) -> Result<(), Error>;
}

/// A version of a model in a [`Repository`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The model's name.
    pub model: String,
    /// Its version.
    pub version: String,
    /// Whether it serves.
    pub ready: bool,
    /// Why not.
    pub reason: String,
}
