//! The data path: admits a request or refuses it at once, finds the module that
//! answers it, and runs that on a thread of its own. Decisions on what serves
//! whom come in as immutable [`Routing`] snapshots through one [`Publisher`];
//! nothing here reads files, speaks a protocol, or knows why a route changed.

mod executor;
mod routing;
mod server;

pub use outpost_package::Manifest;
pub use outpost_sandbox::LoadedModule;
pub use routing::{Model, Routing};
pub use server::{Answer, Publisher, ServeOptions, Server};
