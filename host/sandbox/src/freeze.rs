//! Freezing: a guest runs its start-up work once, in a sandbox of its own, and
//! the memory that it leaves becomes the module's initial memory.
//!
//! The guest runs twice. The first pass finds out which allocations live on;
//! the second one packs those together, so that the image holds live data only
//! (see the SDK's allocator). Functions are left out, where the guest notes what
//! refers to what, but never changed, so that what was compiled for one module
//! need not be compiled for the next.

use crate::cache::UnusableCode;
use crate::engine::Sandbox;
use crate::limits::Budget;
use crate::rewrite;
use crate::ticker::Ticker;
use outpost_package::{CONTRACT as INFERENCE, Digest};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use wasmparser::{Parser, Payload};
use wasmtime::{
    Caller, Engine, Extern, ExternType, Instance, Linker, Memory, Module, Store, Trap, Val,
};
use wasmtime_wizer::{InstanceState, SnapshotVal, ValType, Wizer};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

const WIT: &str = include_str!("../../../wit/model.wit");
const SOURCE: &str = "outpost:model/source@0.1.0";
/// Linear memory while freezing, in MiB: reading and optimising takes several
/// times what stays.
const MEMORY_MIB: u32 = 4095;
/// Zeroed memory behind the image for the run-time heap, so that small requests
/// never have to grow it.
const HEADROOM: usize = 2 << 20;
const PAGE: usize = 65536;
const TIME_LIMIT: Duration = Duration::from_secs(20 * 60);

/// What a module is frozen from.
#[derive(Clone, Copy)]
pub struct FreezeInput<'a> {
    /// A core module of the contract's world `freezable` or `wrapper`.
    pub guest: &'a [u8],
    /// The resolved manifest, as JSON.
    pub manifest: &'a [u8],
    /// The model file; empty if the guest needs none.
    pub model: &'a [u8],
    /// Other files that the manifest names, by the names that they have there.
    pub files: &'a [(String, Vec<u8>)],
}

/// Where freezing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FreezeStep {
    /// The guest itself is being compiled; only the first time on a machine.
    Compile,
    /// First pass: the model is read and optimised.
    Measure,
    /// Second pass: the same again, densely packed.
    Pack,
    /// The component is being written.
    Write,
}

/// Why a module cannot be frozen.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum FreezeError {
    /// The guest's own words.
    #[error("{0}")]
    Refused(String),
    #[error("the model needs more than {MEMORY_MIB} MiB of memory to be read and optimised")]
    OutOfMemory,
    #[error("the guest did not finish within {} minutes", TIME_LIMIT.as_secs() / 60)]
    Timeout,
    #[error("the guest stopped with a fault: {0}")]
    Trapped(String),
    #[error("the guest is not deterministic: its two passes allocated differently")]
    Nondeterministic,
    #[error("the guest imports `{0}`, which nothing provides")]
    Import(String),
    #[error("the guest lacks the export `{0}`; was it built with the SDK's `export!`?")]
    Export(&'static str),
    #[error("the guest is not a valid WebAssembly module: {0}")]
    Malformed(#[from] wasmparser::BinaryReaderError),
    #[error("the guest cannot be compiled: {0:#}")]
    Compile(wasmtime::Error),
    #[error("the component cannot be put together: {0}")]
    Encode(String),
}

impl From<UnusableCode> for FreezeError {
    fn from(UnusableCode(error): UnusableCode) -> Self {
        FreezeError::Compile(error)
    }
}

/// What a pass reported.
struct Frozen {
    end: usize,
    arena_size: u64,
    lifetimes: Vec<u8>,
    trace: u64,
}

/// What the guest's imports see.
struct State {
    budget: Budget,
    manifest: Vec<u8>,
    model: Vec<u8>,
    files: Vec<(String, Vec<u8>)>,
    arena_size: u64,
    lifetimes: Vec<u8>,
    panic: Option<String>,
}

impl Sandbox {
    /// Freezes a guest into a component that imports nothing, or, if it stands
    /// around a model, only that one: see [`crate::join`]. The same input gives
    /// the same bytes.
    ///
    /// # Errors
    /// [`FreezeError`]; [`FreezeError::Refused`] is meant for the model's author.
    pub fn freeze(
        &self,
        input: FreezeInput<'_>,
        mut progress: impl FnMut(FreezeStep),
    ) -> Result<Vec<u8>, FreezeError> {
        let mut wizer = Wizer::new();
        wizer.init_func("freeze");
        let (context, instrumented) =
            wizer.instrument(input.guest).map_err(FreezeError::Compile)?;
        progress(FreezeStep::Compile);
        let module = self.freezer(&instrumented)?;

        progress(FreezeStep::Measure);
        let (measured, _) = self.pass(&module, input, 0, Vec::new())?;
        progress(FreezeStep::Pack);
        let (packed, mut guest) =
            self.pass(&module, input, measured.arena_size, measured.lifetimes)?;
        if packed.trace != measured.trace {
            return Err(FreezeError::Nondeterministic);
        }

        progress(FreezeStep::Write);
        guest.cut(packed.end)?;
        let snapshot = ready(wizer.snapshot(&context, &mut guest)).map_err(FreezeError::Compile)?;
        drop(guest);
        let world = if wraps(input.guest)? { "wrapping" } else { "module" };
        let unwanted = ["freeze", "cabi_post_freeze"];
        let pruned = outpost_passes::prune(&snapshot, input.guest, &unwanted)
            .map_err(FreezeError::Encode)?;
        componentize(rewrite::drop_imports(&pruned, SOURCE)?, world)
    }

    /// The instrumented guest, compiled once on each machine.
    fn freezer(&self, instrumented: &[u8]) -> Result<Module, FreezeError> {
        let engine = self.engine();
        let compile = || engine.precompile_module(instrumented).map_err(FreezeError::Compile);
        match self.cache() {
            Some(cache) => cache.core_module(engine, &Digest::of(instrumented).hex(), compile),
            None => Module::new(engine, instrumented).map_err(FreezeError::Compile),
        }
    }

    fn pass(
        &self,
        module: &Module,
        input: FreezeInput<'_>,
        arena_size: u64,
        lifetimes: Vec<u8>,
    ) -> Result<(Frozen, Guest), FreezeError> {
        let state = State {
            budget: Budget::new(MEMORY_MIB),
            manifest: input.manifest.to_vec(),
            model: input.model.to_vec(),
            files: input.files.to_vec(),
            arena_size,
            lifetimes,
            panic: None,
        };
        let mut store = Store::new(self.engine(), state);
        store.limiter(|state| &mut state.budget);
        store.set_epoch_deadline(Ticker::ticks(TIME_LIMIT));
        let _running = self.ticker().run();
        let mut linker = source(self.engine()).map_err(FreezeError::Compile)?;
        for import in module.imports().filter(|import| import.module() != SOURCE) {
            let name = format!("{}#{}", import.module(), import.name());
            let (INFERENCE, ExternType::Func(kind)) = (import.module(), import.ty()) else {
                return Err(FreezeError::Import(name));
            };
            linker
                .func_new(INFERENCE, import.name(), kind, |_, _, _| Err(NotYet.into()))
                .map_err(FreezeError::Compile)?;
        }
        let instance = linker
            .instantiate(&mut store, module)
            .map_err(|error| explain(&error, store.data()))?;
        let memory =
            instance.get_memory(&mut store, "memory").ok_or(FreezeError::Export("memory"))?;
        let freeze = instance
            .get_typed_func::<(), u32>(&mut store, "freeze")
            .map_err(|_| FreezeError::Export("freeze"))?;
        let result = match freeze.call(&mut store, ()) {
            Ok(address) => read_result(memory.data(&store), address),
            Err(error) => return Err(explain(&error, store.data())),
        };
        let frozen = result
            .unwrap_or_else(|| Err("its answer is not a valid result".into()))
            .map_err(FreezeError::Refused)?;
        Ok((frozen, Guest { store, instance, memory, length: None }))
    }
}

/// A wrapper asked its model before there was one.
#[derive(Debug, thiserror::Error)]
#[error("it asks the model inside, which is not there yet while it is being frozen")]
struct NotYet;

/// Whether a guest stands around a model.
///
/// # Errors
/// If it is not a WebAssembly module.
pub fn wraps(guest: &[u8]) -> Result<bool, FreezeError> {
    for payload in Parser::new(0).parse_all(guest) {
        if let Payload::ImportSection(section) = payload? {
            for import in section.into_imports() {
                if import?.module == INFERENCE {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

/// The `source` interface, by the canonical ABI: a list is returned through a
/// pointer to (address, length), in memory that the guest's allocator gives.
fn source(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    linker.func_wrap(SOURCE, "manifest", |caller: Caller<'_, State>, result: u32| {
        let bytes = caller.data().manifest.clone();
        return_list(caller, result, &bytes)
    })?;
    linker.func_wrap(SOURCE, "model", |mut caller: Caller<'_, State>, result: u32| {
        let bytes = std::mem::take(&mut caller.data_mut().model);
        return_list(caller, result, &bytes)
    })?;
    linker.func_wrap(
        SOURCE,
        "file",
        |mut caller: Caller<'_, State>, address: u32, length: u32, result: u32| {
            let memory = memory(&mut caller)?;
            let name = slice(memory.data(&caller), address, length).unwrap_or_default().to_vec();
            let files = &caller.data().files;
            match files.iter().find(|(known, _)| known.as_bytes() == name) {
                Some((_, bytes)) => {
                    let bytes = bytes.clone();
                    memory.write(&mut caller, result as usize, &[1])?;
                    return_list(caller, result.saturating_add(4), &bytes)
                }
                None => Ok(memory.write(&mut caller, result as usize, &[0])?),
            }
        },
    )?;
    linker.func_wrap(SOURCE, "lifetimes", |mut caller: Caller<'_, State>, result: u32| {
        let bytes = std::mem::take(&mut caller.data_mut().lifetimes);
        return_list(caller, result, &bytes)
    })?;
    linker.func_wrap(SOURCE, "arena-size", |caller: Caller<'_, State>| caller.data().arena_size)?;
    linker.func_wrap(
        SOURCE,
        "panicked",
        |mut caller: Caller<'_, State>, address: u32, length: u32| {
            let memory = memory(&mut caller)?;
            let text = slice(memory.data(&caller), address, length).unwrap_or_default();
            let text = String::from_utf8_lossy(text).into_owned();
            caller.data_mut().panic = Some(text);
            wasmtime::Result::Ok(())
        },
    )?;
    Ok(linker)
}

fn memory(caller: &mut Caller<'_, State>) -> wasmtime::Result<Memory> {
    match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => Ok(memory),
        _ => Err(wasmtime::Error::msg("the guest exports no memory")),
    }
}

fn return_list(mut caller: Caller<'_, State>, result: u32, bytes: &[u8]) -> wasmtime::Result<()> {
    let address = if bytes.is_empty() {
        1 // dangling, but aligned and not null
    } else {
        let Some(Extern::Func(realloc)) = caller.get_export("cabi_realloc") else {
            return Err(wasmtime::Error::msg("the guest exports no `cabi_realloc`"));
        };
        let realloc = realloc.typed::<(u32, u32, u32, u32), u32>(&caller)?;
        let length = u32::try_from(bytes.len())
            .map_err(|_| wasmtime::Error::msg("the model file is larger than 4 GiB"))?;
        realloc.call(&mut caller, (0, 0, 1, length))?
    };
    let memory = memory(&mut caller)?;
    memory.write(&mut caller, address as usize, bytes)?;
    #[allow(clippy::cast_possible_truncation)] // checked above
    let length = bytes.len() as u32;
    memory.write(&mut caller, result as usize, &address.to_le_bytes())?;
    memory.write(&mut caller, result as usize + 4, &length.to_le_bytes())?;
    Ok(())
}

fn slice(memory: &[u8], address: u32, length: u32) -> Option<&[u8]> {
    let start = address as usize;
    memory.get(start..start.checked_add(length as usize)?)
}

/// `result<frozen, string>` by the canonical ABI: a discriminant, then the
/// payload at offset 8. `None` if it points out of memory.
fn read_result(memory: &[u8], address: u32) -> Option<Result<Frozen, String>> {
    let at = |offset: u32, length| slice(memory, address.checked_add(offset)?, length);
    let number32 = |offset| Some(u32::from_le_bytes(at(offset, 4)?.try_into().ok()?));
    let number64 = |offset| Some(u64::from_le_bytes(at(offset, 8)?.try_into().ok()?));
    Some(match at(0, 1)? {
        [0] => Ok(Frozen {
            end: usize::try_from(number64(8)?).ok()?,
            arena_size: number64(16)?,
            lifetimes: slice(memory, number32(24)?, number32(28)?)?.to_vec(),
            trace: number64(32)?,
        }),
        _ => {
            let text = slice(memory, number32(8)?, number32(12)?)?;
            Err(String::from_utf8_lossy(text).into_owned())
        }
    })
}

fn explain(error: &wasmtime::Error, state: &State) -> FreezeError {
    if state.budget.refused().is_some() {
        return FreezeError::OutOfMemory;
    }
    if let Some(not_yet) = error.downcast_ref::<NotYet>() {
        return FreezeError::Trapped(not_yet.to_string());
    }
    match (error.downcast_ref::<Trap>(), &state.panic) {
        (Some(Trap::Interrupt), _) => FreezeError::Timeout,
        (_, Some(panic)) => FreezeError::Trapped(panic.clone()),
        (Some(trap), None) => FreezeError::Trapped(trap.to_string()),
        (None, None) => FreezeError::Trapped(format!("{error:#}")),
    }
}

/// The guest after its second pass, as Wizer looks at it.
struct Guest {
    store: Store<State>,
    instance: Instance,
    memory: Memory,
    /// Bytes of memory that belong to the image.
    length: Option<usize>,
}

impl Guest {
    /// Leaves out the memory above `end`, but for zeroed headroom.
    fn cut(&mut self, end: usize) -> Result<(), FreezeError> {
        let wanted = (end + HEADROOM).next_multiple_of(PAGE);
        let have = self.memory.data_size(&self.store);
        if wanted > have {
            let pages = (wanted - have).div_ceil(PAGE) as u64;
            self.memory.grow(&mut self.store, pages).map_err(|_| FreezeError::OutOfMemory)?;
        }
        if let Some(above) = self.memory.data_mut(&mut self.store).get_mut(end..wanted) {
            above.fill(0);
        }
        self.length = Some(wanted);
        Ok(())
    }
}

impl InstanceState for Guest {
    async fn global_get(&mut self, name: &str, _: ValType) -> SnapshotVal {
        let global = self.instance.get_global(&mut self.store, name);
        match global.map(|global| global.get(&mut self.store)) {
            Some(Val::I64(value)) => SnapshotVal::I64(value),
            Some(Val::F32(value)) => SnapshotVal::F32(value),
            Some(Val::F64(value)) => SnapshotVal::F64(value),
            Some(Val::V128(value)) => SnapshotVal::V128(value.as_u128()),
            // Wizer asks only for globals that it exported itself, and refuses
            // mutable references beforehand.
            Some(Val::I32(value)) => SnapshotVal::I32(value),
            _ => SnapshotVal::I32(0),
        }
    }

    async fn memory_contents(&mut self, _: &str, contents: impl FnOnce(&[u8]) + Send) {
        let data = self.memory.data(&self.store);
        contents(data.get(..self.length.unwrap_or(data.len())).unwrap_or(data));
    }
}

/// Wizer's interface is async for guests that wait; ours never do.
fn ready<T>(future: impl Future<Output = wasmtime::Result<T>>) -> wasmtime::Result<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => Err(wasmtime::Error::msg("the snapshot did not complete")),
    }
}

/// Wraps a core module as a component of one of the contract's worlds.
fn componentize(mut core: Vec<u8>, world: &str) -> Result<Vec<u8>, FreezeError> {
    let encode = |error: &dyn std::fmt::Display| FreezeError::Encode(format!("{error:#}"));
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_source("model.wit", WIT).map_err(|e| encode(&e))?;
    let world = resolve.select_world(&[package], Some(world)).map_err(|e| encode(&e))?;
    embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8)
        .map_err(|e| encode(&e))?;
    ComponentEncoder::default()
        .module(&core)
        .and_then(|encoder| encoder.validate(false).encode())
        .map_err(|e| encode(&e))
}
