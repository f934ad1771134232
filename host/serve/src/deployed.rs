//! A module that serves: how it is run, what is counted of it, and the instances
//! that it keeps where it may keep some.

use crate::batch;
use crate::metrics::{Meters, Metrics, Stage, Statistics};
use crate::policy::{Isolation, Policy};
use outpost_core::{Error, ErrorKind, Prediction, Tensor};
use outpost_sandbox::{Call, Instance, LoadedModule};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Instances that a module keeps at most.
const MOST_WARM: usize = 64;
/// Of the mean time of a call, how much the last one makes.
const WEIGHT: f64 = 0.05;

/// A module and everything that belongs to its being served.
pub struct Deployed {
    module: LoadedModule,
    policy: Policy,
    pub(crate) meters: Meters,
    /// Tells apart two deployments of one module.
    pub(crate) id: u64,
    joinable: bool,
    warm: Mutex<Vec<Warm>>,
    /// Mean seconds of a call for one request, as bits.
    mean: AtomicU64,
}

struct Warm {
    instance: Instance,
    calls: u32,
}

impl Deployed {
    /// Gets a module ready to be routed to.
    pub fn new(module: LoadedModule, policy: Policy, metrics: &Metrics) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let manifest = module.manifest();
        // A rate is one of a request's rows, not of those of others.
        let counts_rows = manifest.contract.as_ref().is_some_and(|contract| {
            contract.fields.iter().any(|field| field.max_null_rate.is_some())
        });
        let joinable = policy.isolation != Isolation::Request
            && policy.batching.max_rows > 1
            && !counts_rows
            && batch::joinable(module.signature());
        Deployed {
            meters: metrics.of(&manifest.name, &manifest.version),
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            joinable,
            warm: Mutex::default(),
            mean: AtomicU64::default(),
            module,
            policy,
        }
    }

    /// What runs.
    pub fn module(&self) -> &LoadedModule {
        &self.module
    }

    /// How it runs.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Whether requests may be joined.
    pub fn joins(&self) -> bool {
        self.joinable
    }

    /// What happened since it was deployed.
    pub fn statistics(&self) -> Statistics {
        self.meters.statistics()
    }

    /// Notes how long a part of a request's way took that is not the server's.
    pub fn record(&self, stage: Stage, time: Duration) {
        self.meters.stage(stage, time);
    }

    /// Counts and logs a request that was refused or answered.
    pub fn finish(&self, outcome: Result<(), &Error>, since: Instant) {
        self.meters.request(outcome, since);
        log(&self.module, outcome, since);
    }

    /// Seconds that a request is likely to take, not counting what it waits.
    pub(crate) fn expected_seconds(&self) -> f64 {
        f64::from_bits(self.mean.load(Ordering::Relaxed))
    }

    /// Runs the module for so many requests of so many rows in all.
    pub(crate) fn infer(
        &self,
        inputs: &[Tensor],
        call: Call,
        requests: usize,
        rows: u64,
    ) -> Result<Prediction, Error> {
        self.meters.execution(rows);
        let started = Instant::now();
        let outcome = self.run(inputs, call);
        let elapsed = started.elapsed();
        self.meters.stage(Stage::Compute, elapsed);
        match &outcome {
            Ok(prediction) => {
                // What was cut off does not tell how long others take.
                self.learn(elapsed.as_secs_f64() / requests.max(1) as f64);
                self.meters.flags(&prediction.flags);
            }
            Err(error) if error.kind() == ErrorKind::ModuleFailed => {
                self.meters.traps.inc();
            }
            Err(_) => {}
        }
        outcome
    }

    fn learn(&self, seconds: f64) {
        // Two threads at once may lose one of their times, which is no harm.
        let mean = self.expected_seconds();
        let next = if mean == 0.0 { seconds } else { mean + WEIGHT * (seconds - mean) };
        self.mean.store(next.to_bits(), Ordering::Relaxed);
    }

    fn run(&self, inputs: &[Tensor], call: Call) -> Result<Prediction, Error> {
        let Isolation::Warm { calls } = self.policy.isolation else {
            let mut instance = self.fresh()?;
            return instance.infer(inputs, call);
        };
        let kept = self.warm.lock().pop();
        let mut warm = match kept {
            Some(warm) => warm,
            None => Warm { instance: self.fresh()?, calls: 0 },
        };
        let outcome = warm.instance.infer(inputs, call);
        warm.calls += 1;
        let sound = match &outcome {
            Ok(_) => true,
            // The module answered, if not with a prediction.
            Err(error) => error.kind() == ErrorKind::InvalidRequest,
        };
        if sound && warm.calls < calls {
            let mut kept = self.warm.lock();
            if kept.len() < MOST_WARM {
                kept.push(warm);
            }
        }
        outcome
    }

    fn fresh(&self) -> Result<Instance, Error> {
        let instance = self.module.instantiate()?;
        self.meters.instances.inc();
        self.meters.memory.set(i64::try_from(instance.memory_bytes()).unwrap_or(i64::MAX));
        Ok(instance)
    }
}

/// Says what happened, and never what was asked or answered.
fn log(module: &LoadedModule, outcome: Result<(), &Error>, since: Instant) {
    let manifest = module.manifest();
    let (model, version) = (manifest.name.as_str(), manifest.version.as_str());
    let elapsed_us = u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX);
    match outcome {
        Ok(()) => tracing::debug!(model, version, elapsed_us, "answered"),
        Err(error) => match error.kind() {
            // The message of an invalid request may quote what the client named.
            ErrorKind::InvalidRequest => {
                tracing::debug!(model, version, elapsed_us, "refused an invalid request");
            }
            kind => tracing::warn!(model, version, elapsed_us, ?kind, %error, "not answered"),
        },
    }
}
