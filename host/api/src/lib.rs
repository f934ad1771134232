//! The only crate that knows the wire. It turns the Open Inference Protocol's
//! bodies into core's requests and back, maps core's errors to status codes
//! once, and owns the sockets. What a model is and how it runs it does not know.

mod call;
mod elements;
mod gateway;
mod listen;
pub mod rest;

pub use gateway::{Entry, Gateway, Repository};
pub use listen::{ListenOptions, Listener, serve};
