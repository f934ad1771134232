//! The data path: admits a request or refuses it at once, finds the module that
//! answers it, and runs that on a thread of its own. Decisions on what serves
//! whom come in as immutable [`Routing`] snapshots through one [`Publisher`];
//! nothing here reads files, speaks a protocol, or knows why a route changed.

mod batch;
mod deployed;
mod metrics;
mod policy;
mod routing;
mod scheduler;
mod server;

pub use deployed::Deployed;
pub use metrics::{Metrics, Stage, Statistics, Timed};
pub use outpost_package::Manifest;
pub use outpost_sandbox::LoadedModule;
pub use policy::{Batching, Isolation, Policy};
pub use routing::{Model, Routing};
pub use server::{Publisher, Server, Terms};
