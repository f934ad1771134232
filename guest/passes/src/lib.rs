//! Passes over WebAssembly that make modules small and quick to start, each from
//! bytes to bytes. The build of a guest notes what refers to what
//! ([`note_references`]), merges what is the same and drops what nobody calls
//! ([`shrink`]), turns the table of function pointers into code ([`dispatch`])
//! and orders functions ([`exports_last`]). Once a model is frozen into it,
//! [`prune`] cuts out what that model does not use.

mod dispatch;
mod functions;
mod order;
mod prune;
mod references;
mod shrink;

pub use dispatch::dispatch;
pub use functions::trap;
pub use order::exports_last;
pub use prune::prune;
pub use references::{Dispatcher, Hints, Object, References, Uses, note_references};
pub use shrink::{DISTINCTIVE, shrink};
