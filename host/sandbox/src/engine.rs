//! The one place that builds Wasmtime's configuration: native code made under
//! one configuration is refused by every other.

use crate::cache::{Cache, CacheError, UnusableCode};
use crate::limits::Budget;
use crate::tenant::{Call, Tenant, on_tick};
use crate::ticker::Ticker;
use crate::wasi::Outside;
use outpost_package::{Digest, VerifiedModule};
use std::sync::Arc;
use std::time::Duration;
use wasmtime::component::{Component, Linker};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store,
};

/// Stack that a guest may use. Threads that run guests need more than that.
const WASM_STACK: usize = 2 << 20;
/// Time for a module to describe itself when it is loaded.
pub(crate) const DESCRIBE_DEADLINE: Duration = Duration::from_secs(2);

/// The largest answer that is copied out of a guest.
const MAX_ANSWER_MIB: usize = 256;

/// How large the sandbox is.
#[derive(Clone, Copy, Debug)]
pub struct SandboxOptions {
    /// Instances that may exist at once. Each reserves address space, not memory.
    pub max_instances: u32,
    /// Bytes of an idle instance's memory that stay resident, because resetting
    /// them by copying is cheaper than faulting them in again.
    pub keep_resident: usize,
}

impl SandboxOptions {
    /// For commands that run one instance after the other.
    pub fn for_one() -> Self {
        SandboxOptions { max_instances: 4, ..Self::default() }
    }
}

impl Default for SandboxOptions {
    fn default() -> Self {
        SandboxOptions { max_instances: 64, keep_resident: 4 << 20 }
    }
}

/// Why the sandbox could not be set up, or a module not be loaded.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum SandboxError {
    #[error("WebAssembly cannot be run on this machine: {0:#}")]
    Engine(wasmtime::Error),
    #[error("the clock thread cannot be started: {0}")]
    Thread(#[from] std::io::Error),
    #[error(transparent)]
    Cache(#[from] CacheError),
    #[error("the module cannot be compiled: {0:#}")]
    Compile(wasmtime::Error),
    #[error("the module cannot be linked: {0:#}")]
    Link(wasmtime::Error),
    #[error("the module does not describe itself: {0}")]
    Describe(outpost_core::Error),
    #[error("the module says that it is `{actual}`, its manifest says `{stated}`")]
    Mismatch { stated: String, actual: String },
}

impl From<UnusableCode> for SandboxError {
    fn from(UnusableCode(error): UnusableCode) -> Self {
        SandboxError::Compile(error)
    }
}

/// Compiles and runs modules. Cheap to clone.
#[derive(Clone)]
pub struct Sandbox(Arc<Inner>);

struct Inner {
    engine: Engine,
    linker: Linker<Tenant>,
    cache: Option<Cache>,
    ticker: Ticker,
}

impl Sandbox {
    /// A sandbox with an optional cache for native code; without one, every
    /// start compiles anew.
    ///
    /// # Errors
    /// If this machine cannot run WebAssembly, or not reserve the address space.
    pub fn new(options: SandboxOptions, cache: Option<Cache>) -> Result<Self, SandboxError> {
        let mut config = config(options);
        if let Some(cache) = &cache {
            config
                .enable_incremental_compilation(cache.functions())
                .map_err(SandboxError::Engine)?;
        }
        let engine = Engine::new(&config).map_err(SandboxError::Engine)?;
        let ticker = Ticker::start(&engine)?;
        // Empty: a module that imports anything cannot be linked with it.
        let linker = Linker::new(&engine);
        Ok(Sandbox(Arc::new(Inner { engine, linker, cache, ticker })))
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(crate) fn cache(&self) -> Option<&Cache> {
        self.0.cache.as_ref()
    }

    pub(crate) fn linker(&self) -> &Linker<Tenant> {
        &self.0.linker
    }

    pub(crate) fn ticker(&self) -> &Ticker {
        &self.0.ticker
    }

    /// A store whose guest may use `memory_mib` and reach what is `outside`.
    pub(crate) fn store(&self, memory_mib: u32, outside: Option<Box<Outside>>) -> Store<Tenant> {
        let tenant = Tenant {
            budget: Budget::new(memory_mib),
            outside,
            // Instantiation needs a deadline, too.
            call: Call::within(DESCRIBE_DEADLINE),
        };
        let mut store = Store::new(&self.0.engine, tenant);
        store.limiter(|tenant| &mut tenant.budget);
        // An answer comes out of the guest's memory, but lists may overlap there.
        store.set_hostcall_fuel((memory_mib as usize).min(MAX_ANSWER_MIB) << 20);
        store.epoch_deadline_callback(on_tick);
        store.set_epoch_deadline(1);
        store
    }

    /// Native code for a component, from the cache or compiled now.
    pub(crate) fn component(
        &self,
        bytes: &[u8],
        digest: Digest,
    ) -> Result<Component, SandboxError> {
        let compile = || self.0.engine.precompile_component(bytes).map_err(SandboxError::Compile);
        let Some(cache) = &self.0.cache else {
            // SAFETY: the bytes come from the compiler just now.
            return unsafe { Component::deserialize(&self.0.engine, compile()?) }
                .map_err(SandboxError::Compile);
        };
        cache.component(&self.0.engine, &digest.hex(), compile)
    }

    /// Whether a module's native code is in the cache, so that loading it is quick.
    pub fn is_cached(&self, module: &VerifiedModule) -> bool {
        let digest = module.code_digest().hex();
        self.0.cache.as_ref().is_some_and(|cache| cache.contains(&self.0.engine, &digest))
    }
}

fn config(options: SandboxOptions) -> Config {
    let SandboxOptions { max_instances, keep_resident } = options;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(max_instances)
        // A module may be a model and what stands around it, or an interpreter of
        // many libraries; the number reserves nothing.
        .total_core_instances(max_instances.saturating_mul(128))
        .total_memories(max_instances.saturating_mul(4))
        .total_tables(max_instances.saturating_mul(8))
        .max_memories_per_component(4)
        .table_elements(100_000)
        .max_component_instance_size(4 << 20)
        .max_core_instance_size(4 << 20)
        .linear_memory_keep_resident(keep_resident)
        .table_keep_resident(1 << 20)
        .max_unused_warm_slots(8)
        .pagemap_scan(if swap_is_active() { Enabled::No } else { Enabled::Auto });

    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK)
        // Weights are mapped from the file, whatever their size.
        .memory_guaranteed_dense_image_size(u64::from(u32::MAX))
        // The deterministic variant would forbid fused multiply-add.
        .wasm_relaxed_simd(true)
        .relaxed_simd_deterministic(false)
        // Ten thousand traps in a row must not cost ten thousand backtraces.
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false)
        .native_unwind_info(false);
    config
}

/// Resetting only the pages that the kernel reports as dirty misses pages that
/// were swapped out, so it is used only where there is no swap. When in doubt,
/// there is.
fn swap_is_active() -> bool {
    std::fs::read_to_string("/proc/swaps").map_or(true, |swaps| swaps.lines().count() > 1)
}
