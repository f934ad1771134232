//! Generated from `wit/`: the host's view of a finished module.

#![allow(missing_docs, clippy::all)]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "module",
    ownership: Borrowing { duplicate_if_necessary: true },
});
