//! What runtimes of languages import whether they need it or not: an empty
//! environment, no terminal, a file system without a single directory. Nobody
//! can hold a descriptor here, so that the functions that take one stay void.

use super::{Interface, OutsideError, Store, resource};
use wasmtime::component::Resource;

/// Is never made, as the other handles of this file.
struct Descriptor;
struct DirectoryEntries;
struct Terminal;

pub fn environment(interface: &mut Interface<'_>) -> wasmtime::Result<()> {
    interface.func_wrap("get-environment", |_: Store<'_>, (): ()| {
        Ok((Vec::<(String, String)>::new(),))
    })?;
    interface.func_wrap("get-arguments", |_: Store<'_>, (): ()| Ok((Vec::<String>::new(),)))?;
    interface.func_wrap("initial-cwd", |_: Store<'_>, (): ()| Ok((None::<String>,)))
}

pub fn exit(interface: &mut Interface<'_>) -> wasmtime::Result<()> {
    interface.func_wrap("exit", |_: Store<'_>, (_,): (Result<(), ()>,)| -> wasmtime::Result<()> {
        Err(OutsideError::Exit.into())
    })
}

/// `terminal-input` or `terminal-output`, whichever it is.
pub fn terminal(interface: &mut Interface<'_>) -> wasmtime::Result<()> {
    resource::<Terminal>(interface, "terminal-input")?;
    resource::<Terminal>(interface, "terminal-output")
}

/// That a standard stream is none.
pub fn no_terminal(interface: &mut Interface<'_>, stream: &str) -> wasmtime::Result<()> {
    interface.func_wrap(&format!("get-terminal-{stream}"), |_: Store<'_>, (): ()| {
        Ok((None::<Resource<Terminal>>,))
    })
}

pub fn preopens(interface: &mut Interface<'_>) -> wasmtime::Result<()> {
    interface.func_wrap("get-directories", |_: Store<'_>, (): ()| {
        Ok((Vec::<(Resource<Descriptor>, String)>::new(),))
    })
}

pub fn filesystem(interface: &mut Interface<'_>) -> wasmtime::Result<()> {
    resource::<Descriptor>(interface, "descriptor")?;
    resource::<DirectoryEntries>(interface, "directory-entry-stream")
}
