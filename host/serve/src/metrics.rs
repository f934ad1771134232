//! What is counted and timed, for people who watch the server. Families are
//! Prometheus's; those of one module are looked up once, when it is deployed.

use outpost_core::{Error, Violation};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Upper bounds in seconds: from a small model's microseconds to a deadline.
const SECONDS: [f64; 16] = [
    0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1,
    0.25, 0.5, 1.0, 5.0,
];
/// Upper bounds in rows.
const ROWS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 1024.0];

/// A part of a request's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Reading the body.
    Pre,
    /// Waiting for a thread.
    Queue,
    /// In the sandbox.
    Compute,
    /// Writing the answer.
    Post,
}

impl Stage {
    const ALL: [Stage; 4] = [Stage::Pre, Stage::Queue, Stage::Compute, Stage::Post];

    fn name(self) -> &'static str {
        match self {
            Stage::Pre => "pre",
            Stage::Queue => "queue",
            Stage::Compute => "compute",
            Stage::Post => "post",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ModelLabels {
    model: String,
    version: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabels {
    model: String,
    version: String,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StageLabels {
    model: String,
    version: String,
    stage: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabels {
    model: String,
    version: String,
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FlagLabels {
    model: String,
    version: String,
    field: String,
    code: &'static str,
}

#[derive(Clone)]
struct Buckets(&'static [f64]);

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

type Histograms<L> = Family<L, Histogram, Buckets>;

/// Every family, and their text for Prometheus.
pub struct Metrics {
    registry: Registry,
    requests: Family<StatusLabels, Counter>,
    request_seconds: Histograms<ModelLabels>,
    stage_seconds: Histograms<StageLabels>,
    batch_rows: Histograms<ModelLabels>,
    instances: Family<ModelLabels, Counter>,
    traps: Family<ModelLabels, Counter>,
    waiting: Family<ModelLabels, Gauge>,
    memory: Family<ModelLabels, Gauge>,
    flags: Family<FlagLabels, Counter>,
    violations: Family<CodeLabels, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        Metrics::new()
    }
}

impl Metrics {
    /// Families without members.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("outpost");
        let seconds = || Buckets(&SECONDS);
        let metrics = Metrics {
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(seconds()),
            stage_seconds: Family::new_with_constructor(seconds()),
            batch_rows: Family::new_with_constructor(Buckets(&ROWS)),
            instances: Family::default(),
            traps: Family::default(),
            waiting: Family::default(),
            memory: Family::default(),
            flags: Family::default(),
            violations: Family::default(),
            registry: Registry::default(),
        };
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The program", build);
        registry.register("requests", "Requests by what became of them", metrics.requests.clone());
        registry.register_with_unit(
            "request_duration",
            "From the first byte of a request's body to its answer",
            Unit::Seconds,
            metrics.request_seconds.clone(),
        );
        registry.register_with_unit(
            "stage_duration",
            "Of that: reading (pre), waiting (queue), in the sandbox (compute), writing (post)",
            Unit::Seconds,
            metrics.stage_seconds.clone(),
        );
        registry.register("batch_rows", "Rows that ran at once", metrics.batch_rows.clone());
        registry.register("instances_started", "Fresh instances", metrics.instances.clone());
        registry.register(
            "traps",
            "Calls that a module failed: traps, limits, malformed answers",
            metrics.traps.clone(),
        );
        registry.register("queue_length", "Requests that wait", metrics.waiting.clone());
        registry.register_with_unit(
            "instance_memory",
            "Memory of the instance that ran last, with the model that instances share",
            Unit::Bytes,
            metrics.memory.clone(),
        );
        registry.register(
            "flags",
            "What a data contract found and let pass, by field",
            metrics.flags.clone(),
        );
        registry.register(
            "violations",
            "What was wrong with refused requests",
            metrics.violations.clone(),
        );
        Metrics { registry, ..metrics }
    }

    /// In the text format of OpenMetrics, which Prometheus reads.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }

    /// What is counted for one module.
    pub(crate) fn of(&self, model: &str, version: &str) -> Meters {
        let (model, version) = (model.to_owned(), version.to_owned());
        let labels = ModelLabels { model: model.clone(), version: version.clone() };
        let stages = Stage::ALL.map(|stage| {
            let (model, version) = (model.clone(), version.clone());
            let labels = StageLabels { model, version, stage: stage.name() };
            self.stage_seconds.get_or_create(&labels).clone()
        });
        let status = StatusLabels { model: model.clone(), version: version.clone(), status: "ok" };
        Meters {
            ok: self.requests.get_or_create(&status).clone(),
            request_seconds: self.request_seconds.get_or_create(&labels).clone(),
            stages,
            batch_rows: self.batch_rows.get_or_create(&labels).clone(),
            instances: self.instances.get_or_create(&labels).clone(),
            traps: self.traps.get_or_create(&labels).clone(),
            waiting: self.waiting.get_or_create(&labels).clone(),
            memory: self.memory.get_or_create(&labels).clone(),
            requests: self.requests.clone(),
            flags: self.flags.clone(),
            violations: self.violations.clone(),
            totals: Arc::default(),
            labels,
        }
    }
}

/// What is counted for one module.
pub(crate) struct Meters {
    labels: ModelLabels,
    ok: Counter,
    requests: Family<StatusLabels, Counter>,
    request_seconds: Histogram,
    stages: [Histogram; Stage::ALL.len()],
    batch_rows: Histogram,
    pub instances: Counter,
    pub traps: Counter,
    pub waiting: Gauge,
    pub memory: Gauge,
    flags: Family<FlagLabels, Counter>,
    violations: Family<CodeLabels, Counter>,
    totals: Arc<Totals>,
}

/// A number of times, and how long they took together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timed {
    /// How often.
    pub count: u64,
    /// How long, in nanoseconds.
    pub nanos: u64,
}

/// Sums since the module was deployed, as Triton's statistics have them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Statistics {
    /// Answered requests.
    pub success: Timed,
    /// Requests that were not answered.
    pub fail: Timed,
    /// See [`Stage`].
    pub pre: Timed,
    /// See [`Stage`].
    pub queue: Timed,
    /// See [`Stage`].
    pub compute: Timed,
    /// See [`Stage`].
    pub post: Timed,
    /// Rows that were computed.
    pub rows: u64,
    /// Calls of the module.
    pub executions: u64,
    /// Milliseconds since 1970 at the last call; 0 if there was none.
    pub last_call_ms: u64,
}

#[derive(Default)]
struct Sum {
    count: AtomicU64,
    nanos: AtomicU64,
}

impl Sum {
    fn add(&self, time: Duration) {
        self.count.fetch_add(1, Ordering::Relaxed);
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    fn get(&self) -> Timed {
        Timed {
            count: self.count.load(Ordering::Relaxed),
            nanos: self.nanos.load(Ordering::Relaxed),
        }
    }
}

#[derive(Default)]
struct Totals {
    success: Sum,
    fail: Sum,
    stages: [Sum; Stage::ALL.len()],
    rows: AtomicU64,
    executions: AtomicU64,
    last_call_ms: AtomicU64,
}

impl Meters {
    /// A part of a request's way is done.
    pub fn stage(&self, stage: Stage, time: Duration) {
        if let Some(histogram) = self.stages.get(stage as usize) {
            histogram.observe(time.as_secs_f64());
        }
        if let Some(sum) = self.totals.stages.get(stage as usize) {
            sum.add(time);
        }
    }

    /// A call of the module with so many rows begins.
    pub fn execution(&self, rows: u64) {
        self.batch_rows.observe(rows as f64);
        self.totals.rows.fetch_add(rows, Ordering::Relaxed);
        self.totals.executions.fetch_add(1, Ordering::Relaxed);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        self.totals.last_call_ms.store(now, Ordering::Relaxed);
    }

    /// A request was answered, or was not.
    pub fn request(&self, outcome: Result<(), &Error>, since: Instant) {
        let elapsed = since.elapsed();
        self.request_seconds.observe(elapsed.as_secs_f64());
        let ModelLabels { model, version } = &self.labels;
        match outcome {
            Ok(()) => {
                self.ok.inc();
                self.totals.success.add(elapsed);
            }
            Err(error) => {
                let status = error.kind().name();
                let (model, version) = (model.clone(), version.clone());
                let labels = StatusLabels { model, version, status };
                self.requests.get_or_create(&labels).inc();
                self.totals.fail.add(elapsed);
                for violation in error.violations() {
                    self.violation(violation);
                }
            }
        }
    }

    fn violation(&self, violation: &Violation) {
        let ModelLabels { model, version } = self.labels.clone();
        // Not the field, which may be whatever a client made up.
        let labels = CodeLabels { model, version, code: violation.code.name() };
        self.violations.get_or_create(&labels).inc();
    }

    /// What a module remarked of a request that it answered. Fields are those of
    /// its contract.
    pub fn flags(&self, flags: &[Violation]) {
        for flag in flags {
            let ModelLabels { model, version } = self.labels.clone();
            let labels =
                FlagLabels { model, version, field: flag.field.clone(), code: flag.code.name() };
            self.flags.get_or_create(&labels).inc();
        }
    }

    pub fn statistics(&self) -> Statistics {
        let totals = &self.totals;
        let [pre, queue, compute, post] = &totals.stages;
        Statistics {
            success: totals.success.get(),
            fail: totals.fail.get(),
            pre: pre.get(),
            queue: queue.get(),
            compute: compute.get(),
            post: post.get(),
            rows: totals.rows.load(Ordering::Relaxed),
            executions: totals.executions.load(Ordering::Relaxed),
            last_call_ms: totals.last_call_ms.load(Ordering::Relaxed),
        }
    }
}
