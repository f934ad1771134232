//! The only crate that knows Wasmtime. It freezes guests into modules, compiles
//! modules ahead of time into a private cache, and runs each request in an
//! instance of its own under limits of memory and time.
//!
//! Nothing here loads a file that somebody else made: [`Sandbox::load`] takes a
//! `VerifiedModule`, and native code comes only out of the authenticated cache.

mod bindings;
mod cache;
mod code_cache;
mod convert;
mod engine;
mod freeze;
mod join;
mod limits;
mod module;
mod rewrite;
mod tenant;
mod ticker;
mod wasi;

pub use cache::{Cache, CacheError};
pub use engine::{Sandbox, SandboxError, SandboxOptions};
pub use freeze::{FreezeError, FreezeInput, FreezeStep, wraps};
pub use join::join;
pub use module::{Instance, LoadedModule};
pub use tenant::{Call, Cancel};
