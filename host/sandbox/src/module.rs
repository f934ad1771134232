//! A loaded module and its instances.

use crate::bindings::ModulePre;
use crate::convert;
use crate::engine::{DESCRIBE_DEADLINE, Sandbox, SandboxError};
use crate::tenant::Tenant;
use crate::ticker::{Running, Ticker};
use crate::wasi::{self, Outside, OutsideError};
use outpost_core::{Error, ErrorKind, Prediction, Signature, Tensor, TensorSpec, element_count};
use outpost_package::{Digest, Limits, Manifest, VerifiedModule};
use std::time::Duration;
use wasmtime::{PoolConcurrencyLimitError, Store, Trap};

/// Native code that is ready to be instantiated, and what it says of itself.
pub struct LoadedModule {
    sandbox: Sandbox,
    pre: ModulePre<Tenant>,
    manifest: Manifest,
    digest: Digest,
    signature: Signature,
    limits: Limits,
    /// Whether it imports anything, all of it granted.
    reaches_out: bool,
}

/// One running copy of a module, with memory of its own.
pub struct Instance<'a> {
    module: &'a LoadedModule,
    store: Store<Tenant>,
    bindings: crate::bindings::Module,
}

impl Sandbox {
    /// Compiles a module, or takes its native code out of the cache, and lets
    /// it describe itself. `granted` is what it may use, whatever it asks for; what
    /// it imports is linked, because a verified module imports only what it may.
    ///
    /// # Errors
    /// [`SandboxError`] if it cannot be compiled, or is not what its manifest
    /// says.
    pub fn load(
        &self,
        module: &VerifiedModule,
        granted: Limits,
    ) -> Result<LoadedModule, SandboxError> {
        let component = self.component(module.bytes(), module.code_digest())?;
        let reaches_out = !module.imports().is_empty();
        let pre = if reaches_out {
            wasi::linker(self.engine(), &component, module.imports())
                .and_then(|linker| linker.instantiate_pre(&component))
        } else {
            self.linker().instantiate_pre(&component)
        };
        let pre = pre.and_then(ModulePre::new).map_err(SandboxError::Link)?;
        let manifest = module.manifest().clone();
        let mut loaded = LoadedModule {
            sandbox: self.clone(),
            pre,
            digest: module.digest(),
            signature: Signature { inputs: Vec::new(), outputs: Vec::new() },
            limits: granted,
            manifest,
            reaches_out,
        };
        let described = loaded.instantiate().and_then(|mut instance| instance.describe());
        let (name, version, signature) = described.map_err(SandboxError::Describe)?;
        let stated = format!("{} {}", loaded.manifest.name, loaded.manifest.version);
        let actual = format!("{name} {version}");
        if stated != actual {
            return Err(SandboxError::Mismatch { stated, actual });
        }
        loaded.signature = signature;
        Ok(loaded)
    }
}

impl LoadedModule {
    /// What its author says of it.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Its identity.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// What it was granted.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// What it takes and gives.
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Makes an instance: microseconds, whatever the size of the model.
    ///
    /// # Errors
    /// [`ErrorKind::Overloaded`] if no more instances may exist,
    /// [`ErrorKind::ModuleFailed`] if the module exceeds its limits at once.
    pub fn instantiate(&self) -> Result<Instance<'_>, Error> {
        let outside =
            (self.reaches_out).then(|| Box::new(Outside::new(&self.manifest, DESCRIBE_DEADLINE)));
        let mut store = self.sandbox.store(self.limits.memory_mib, outside);
        let _running = self.sandbox.ticker().run();
        match self.pre.instantiate(&mut store) {
            Ok(bindings) => Ok(Instance { module: self, store, bindings }),
            Err(error) => Err(explain(&error, store.data())),
        }
    }

    /// Runs the model once, in an instance of its own that is gone afterwards.
    ///
    /// # Errors
    /// As [`LoadedModule::instantiate`] and [`Instance::infer`].
    pub fn infer(&self, inputs: &[Tensor], deadline: Duration) -> Result<Prediction, Error> {
        self.instantiate()?.infer(inputs, deadline)
    }
}

impl<'a> Instance<'a> {
    fn describe(&mut self) -> Result<(String, String, Signature), Error> {
        let _running = self.start(DESCRIBE_DEADLINE);
        let guest = self.bindings.outpost_model_inference();
        match guest.call_describe(&mut self.store) {
            Ok(description) => Ok(convert::signature(description)),
            Err(error) => Err(explain(&error, self.store.data())),
        }
    }

    /// Runs the model. After an error that is not the caller's the instance
    /// must not be used again.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`] with every violation,
    /// [`ErrorKind::DeadlineExceeded`], or [`ErrorKind::ModuleFailed`].
    pub fn infer(&mut self, inputs: &[Tensor], deadline: Duration) -> Result<Prediction, Error> {
        let _running = self.start(deadline);
        let inputs: Vec<_> = inputs.iter().map(convert::to_wit).collect();
        let guest = self.bindings.outpost_model_inference();
        match guest.call_infer(&mut self.store, &inputs) {
            Ok(Ok(prediction)) => {
                let prediction = convert::prediction(prediction);
                check_outputs(&prediction.outputs, &self.module.signature.outputs)?;
                Ok(prediction)
            }
            Ok(Err(error)) => Err(convert::error(error)),
            Err(error) => Err(explain(&error, self.store.data())),
        }
    }

    fn start(&mut self, deadline: Duration) -> Running<'a> {
        if let Some(outside) = &mut self.store.data_mut().outside {
            outside.begin(deadline);
        }
        self.store.set_epoch_deadline(Ticker::ticks(deadline));
        self.module.sandbox.ticker().run()
    }
}

/// A module may answer what it likes; what is not as it described itself, or
/// contradicts itself, must not travel further.
fn check_outputs(outputs: &[Tensor], specs: &[TensorSpec]) -> Result<(), Error> {
    let fault = |what: String| {
        Error::new(ErrorKind::ModuleFailed, "the model gave a malformed answer").with_detail(what)
    };
    if outputs.len() != specs.len() {
        return Err(fault(format!("{} outputs instead of {}", outputs.len(), specs.len())));
    }
    for (tensor, spec) in outputs.iter().zip(specs) {
        if !is_described(tensor, spec) {
            return Err(fault(format!("output `{}` is not as described", spec.name)));
        }
        if !is_consistent(tensor) {
            return Err(fault(format!("shape and data of output `{}` disagree", spec.name)));
        }
    }
    Ok(())
}

fn is_described(tensor: &Tensor, spec: &TensorSpec) -> bool {
    let fits = |(&got, &want): (&u64, &i64)| want < 0 || u64::try_from(want) == Ok(got);
    tensor.name == spec.name
        && tensor.datatype == spec.datatype
        && tensor.shape.len() == spec.shape.len()
        && tensor.shape.iter().zip(&spec.shape).all(fits)
}

fn is_consistent(tensor: &Tensor) -> bool {
    let count = element_count(&tensor.shape).ok();
    match tensor.datatype.size() {
        Some(size) => count.and_then(|count| count.checked_mul(size)) == Some(tensor.data.len()),
        None => {
            let bytes: usize = tensor.byte_strings().map(|string| string.len() + 4).sum();
            bytes == tensor.data.len() && count == Some(tensor.byte_strings().count())
        }
    }
}

/// Why a call ended without an answer.
fn explain(error: &wasmtime::Error, tenant: &Tenant) -> Error {
    if error.is::<PoolConcurrencyLimitError>() {
        return Error::new(ErrorKind::Overloaded, "too many models are running at once");
    }
    if let Some(limit) = tenant.budget.refused() {
        return Error::new(ErrorKind::ModuleFailed, format!("the model ran into {limit}"));
    }
    if let Some(fault) = error.downcast_ref::<OutsideError>() {
        return Error::new(ErrorKind::ModuleFailed, "the model stopped with a fault")
            .with_detail(fault.to_string());
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => {
            Error::new(ErrorKind::DeadlineExceeded, "the model did not answer before its deadline")
        }
        Some(Trap::StackOverflow) => {
            Error::new(ErrorKind::ModuleFailed, "the model ran out of stack")
        }
        Some(trap) => Error::new(ErrorKind::ModuleFailed, "the model stopped with a fault")
            .with_detail(trap.to_string()),
        None => Error::new(ErrorKind::ModuleFailed, "the model gave a malformed answer")
            .with_detail(format!("{error:#}")),
    }
}
