//! The parts of WASI 0.2 that can be granted, and no more. Guests in languages
//! that bring a runtime import them; how much of it is real is the operator's
//! decision, and files, sockets and HTTP are not there to be decided on.
//!
//! `wasmtime-wasi` is not used: it brings real files and sockets into the program,
//! and an asynchronous runtime into the sandbox.

mod clocks;
mod io;
mod log;
mod random;
mod runtime;

use crate::tenant::Tenant;
use log::Log;
use outpost_package::Manifest;
use std::time::{Duration, Instant};
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{
    Component, Linker, LinkerInstance, Resource, ResourceTable, ResourceType,
};
use wasmtime::{Engine, StoreContextMut};

/// Streams and pollables that an instance may hold at once: more than any runtime
/// does, and few enough that handles cannot fill the host's memory.
const MAX_HANDLES: usize = 256;

type Store<'a> = StoreContextMut<'a, Tenant>;
type Interface<'a> = LinkerInstance<'a, Tenant>;

/// A fault of the guest that the interfaces themselves define no error for.
#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    #[error("it asked to end the process")]
    Exit,
    #[error("it called `{0}`, which does nothing here")]
    Void(String),
    #[error("it asked for {0} bytes at once")]
    TooMuch(u64),
    #[error("it waits for nothing")]
    EmptyPoll,
    #[error("a handle cannot be used: {0}")]
    Handle(#[from] wasmtime::component::ResourceTableError),
}

/// What one instance reaches outside of itself.
pub struct Outside {
    handles: ResourceTable,
    /// Where its clock starts: how long the machine runs is none of its business.
    origin: Instant,
    /// When the call that runs now is ended.
    deadline: Instant,
    log: Log,
}

impl Outside {
    pub fn new(manifest: &Manifest, deadline: Duration) -> Self {
        let mut handles = ResourceTable::new();
        handles.set_max_capacity(MAX_HANDLES);
        let origin = Instant::now();
        Outside { handles, origin, deadline: origin + deadline, log: Log::new(manifest) }
    }

    /// Begins another call.
    pub fn begin(&mut self, deadline: Duration) {
        self.deadline = Instant::now() + deadline;
        self.log.begin();
    }
}

/// A linker with what a component imports, every function of it. The caller knows
/// that all of it was granted.
pub fn linker<'a>(
    engine: &Engine,
    component: &Component,
    imports: impl IntoIterator<Item = &'a String>,
) -> wasmtime::Result<Linker<Tenant>> {
    let mut linker = Linker::new(engine);
    // Whatever the interfaces below leave out is void.
    linker.allow_shadowing(true);
    for import in imports {
        let mut interface = linker.instance(import)?;
        void(engine, component, import, &mut interface)?;
        let name = import.split('@').next().unwrap_or_default();
        match name {
            "wasi:cli/environment" => runtime::environment(&mut interface)?,
            "wasi:cli/exit" => runtime::exit(&mut interface)?,
            "wasi:cli/stdin" => io::stdin(&mut interface)?,
            "wasi:cli/stdout" => io::printer(&mut interface, "get-stdout", log::Stream::Out)?,
            "wasi:cli/stderr" => io::printer(&mut interface, "get-stderr", log::Stream::Err)?,
            "wasi:cli/terminal-input" | "wasi:cli/terminal-output" => {
                runtime::terminal(&mut interface)?;
            }
            "wasi:cli/terminal-stdin" => runtime::no_terminal(&mut interface, "stdin")?,
            "wasi:cli/terminal-stdout" => runtime::no_terminal(&mut interface, "stdout")?,
            "wasi:cli/terminal-stderr" => runtime::no_terminal(&mut interface, "stderr")?,
            "wasi:clocks/monotonic-clock" => clocks::monotonic(&mut interface)?,
            "wasi:clocks/wall-clock" => clocks::wall(&mut interface)?,
            "wasi:filesystem/preopens" => runtime::preopens(&mut interface)?,
            "wasi:filesystem/types" => runtime::filesystem(&mut interface)?,
            "wasi:io/error" => io::error(&mut interface)?,
            "wasi:io/poll" => clocks::poll(&mut interface)?,
            "wasi:io/streams" => io::streams(&mut interface)?,
            "wasi:random/insecure" => random::insecure(&mut interface)?,
            "wasi:random/insecure-seed" => random::insecure_seed(&mut interface)?,
            "wasi:random/random" => random::random(&mut interface)?,
            _ => return Err(wasmtime::Error::msg(format!("nothing provides `{import}`"))),
        }
    }
    Ok(linker)
}

/// Lets every function of an import end the call that calls it.
fn void(
    engine: &Engine,
    component: &Component,
    import: &str,
    interface: &mut Interface<'_>,
) -> wasmtime::Result<()> {
    let component = component.component_type();
    let Some(found) = component.get_import(engine, import) else { return Ok(()) };
    let ComponentItem::ComponentInstance(instance) = found.ty else { return Ok(()) };
    for (name, item) in instance.exports(engine) {
        if let ComponentItem::ComponentFunc(_) = item.ty {
            let full = format!("{import}#{name}");
            interface
                .func_new(name, move |_, _, _, _| Err(OutsideError::Void(full.clone()).into()))?;
        }
    }
    Ok(())
}

/// The instance's surroundings. They are there: it was linked with them.
fn outside<'a>(store: &'a mut Store<'_>) -> wasmtime::Result<&'a mut Outside> {
    store.data_mut().outside.as_deref_mut().ok_or_else(|| wasmtime::Error::msg("no surroundings"))
}

/// A new handle.
fn push<T: Send + 'static>(store: &mut Store<'_>, value: T) -> wasmtime::Result<Resource<T>> {
    Ok(outside(store)?.handles.push(value).map_err(OutsideError::from)?)
}

/// Defines a kind of handle.
fn resource<T: Send + 'static>(interface: &mut Interface<'_>, name: &str) -> wasmtime::Result<()> {
    interface.resource(name, ResourceType::host::<T>(), |mut store, handle| {
        let handle = Resource::<T>::new_own(handle);
        outside(&mut store)?.handles.delete(handle).map_err(OutsideError::from)?;
        Ok(())
    })
}
