//! A loaded module and its instances.

use crate::bindings::ModulePre;
use crate::convert;
use crate::engine::{DESCRIBE_DEADLINE, Sandbox, SandboxError};
use crate::tenant::{Call, Cancelled, Tenant};
use crate::ticker::Running;
use crate::wasi::{self, Outside, OutsideError};
use outpost_core::{Error, ErrorKind, Prediction, Signature, Tensor, TensorSpec, element_count};
use outpost_package::{Digest, Limits, Manifest, VerifiedModule};
use std::sync::Arc;
use wasmtime::{PoolConcurrencyLimitError, Store, Trap};

/// Native code that is ready to be instantiated, and what it says of itself.
/// Cheap to clone.
#[derive(Clone)]
pub struct LoadedModule(Arc<Inner>);

struct Inner {
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
pub struct Instance {
    module: LoadedModule,
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
        let stated = format!("{} {}", manifest.name, manifest.version);
        let mut inner = Inner {
            sandbox: self.clone(),
            pre,
            digest: module.digest(),
            signature: Signature { inputs: Vec::new(), outputs: Vec::new() },
            limits: granted,
            manifest,
            reaches_out,
        };
        let (name, version, signature) = inner.describe().map_err(SandboxError::Describe)?;
        let actual = format!("{name} {version}");
        if stated != actual {
            return Err(SandboxError::Mismatch { stated, actual });
        }
        inner.signature = signature;
        Ok(LoadedModule(Arc::new(inner)))
    }
}

impl LoadedModule {
    /// What its author says of it.
    pub fn manifest(&self) -> &Manifest {
        &self.0.manifest
    }

    /// Its identity.
    pub fn digest(&self) -> Digest {
        self.0.digest
    }

    /// What it was granted.
    pub fn limits(&self) -> Limits {
        self.0.limits
    }

    /// What it takes and gives.
    pub fn signature(&self) -> &Signature {
        &self.0.signature
    }

    /// Makes an instance: microseconds, whatever the size of the model.
    ///
    /// # Errors
    /// [`ErrorKind::Overloaded`] if no more instances may exist,
    /// [`ErrorKind::ModuleFailed`] if the module exceeds its limits at once.
    pub fn instantiate(&self) -> Result<Instance, Error> {
        let (store, bindings) = self.0.instantiate()?;
        Ok(Instance { module: self.clone(), store, bindings })
    }

    /// Runs the model once, in an instance of its own that is gone afterwards.
    ///
    /// # Errors
    /// As [`LoadedModule::instantiate`] and [`Instance::infer`].
    pub fn infer(&self, inputs: &[Tensor], call: impl Into<Call>) -> Result<Prediction, Error> {
        self.instantiate()?.infer(inputs, call)
    }
}

impl Inner {
    fn instantiate(&self) -> Result<(Store<Tenant>, crate::bindings::Module), Error> {
        let outside =
            (self.reaches_out).then(|| Box::new(Outside::new(&self.manifest, DESCRIBE_DEADLINE)));
        let mut store = self.sandbox.store(self.limits.memory_mib, outside);
        let _running = self.sandbox.ticker().run();
        match self.pre.instantiate(&mut store) {
            Ok(bindings) => Ok((store, bindings)),
            Err(error) => Err(explain(&error, store.data())),
        }
    }

    fn describe(&self) -> Result<(String, String, Signature), Error> {
        let (mut store, bindings) = self.instantiate()?;
        let _running = self.start(&mut store, DESCRIBE_DEADLINE.into());
        let guest = bindings.outpost_model_inference();
        match guest.call_describe(&mut store) {
            Ok(description) => Ok(convert::signature(description)),
            Err(error) => Err(explain(&error, store.data())),
        }
    }

    fn start(&self, store: &mut Store<Tenant>, call: Call) -> Running<'_> {
        if let Some(outside) = &mut store.data_mut().outside {
            outside.begin(call.left());
        }
        store.data_mut().call = call;
        store.set_epoch_deadline(1);
        self.sandbox.ticker().run()
    }
}

impl Instance {
    /// Bytes of memory that it has. The model's weights are among them, though all
    /// instances share those until they write to them.
    pub fn memory_bytes(&self) -> usize {
        self.store.data().budget.memory_used()
    }

    /// Runs the model. After an error that is not the caller's the instance
    /// must not be used again.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidRequest`] with every violation,
    /// [`ErrorKind::DeadlineExceeded`], [`ErrorKind::Cancelled`], or
    /// [`ErrorKind::ModuleFailed`].
    pub fn infer(&mut self, inputs: &[Tensor], call: impl Into<Call>) -> Result<Prediction, Error> {
        let module = &self.module.0;
        let _running = module.start(&mut self.store, call.into());
        let inputs: Vec<_> = inputs.iter().map(convert::to_wit).collect();
        let guest = self.bindings.outpost_model_inference();
        match guest.call_infer(&mut self.store, &inputs) {
            Ok(Ok(prediction)) => {
                let prediction = convert::prediction(prediction);
                check_outputs(&prediction.outputs, &module.signature.outputs)?;
                Ok(prediction)
            }
            Ok(Err(error)) => Err(convert::error(error)),
            Err(error) => Err(explain(&error, self.store.data())),
        }
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
    if error.is::<Cancelled>() {
        return Error::new(ErrorKind::Cancelled, "the client left");
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
