//! What the server and its models say of themselves: metadata, configuration and
//! statistics, the latter two as Triton has them, whose clients ask for them.

use super::error::Refusal;
use super::router::{Shared, TargetPath, json, named, resolve};
use axum::extract::State;
use axum::response::Response;
use outpost_core::{Datatype, TensorSpec};
use outpost_serve::{Deployed, Timed};
use serde::Serialize;
use std::sync::Arc;

/// Beyond the protocol itself.
pub const EXTENSIONS: [&str; 4] =
    ["binary_tensor_data", "model_configuration", "model_repository", "statistics"];
/// What models run on.
pub const PLATFORM: &str = "outpost_wasm";

#[derive(Serialize)]
struct ServerMetadata {
    name: &'static str,
    version: &'static str,
    extensions: [&'static str; EXTENSIONS.len()],
}

pub async fn server() -> Response {
    json(&ServerMetadata {
        name: "outpost",
        version: env!("CARGO_PKG_VERSION"),
        extensions: EXTENSIONS,
    })
}

#[derive(Serialize)]
struct Live {
    live: bool,
}

pub async fn live() -> Response {
    json(&Live { live: true })
}

#[derive(Serialize)]
struct Ready<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    ready: bool,
}

pub async fn ready() -> Response {
    // The socket opens only once every model is loaded.
    json(&Ready { name: None, ready: true })
}

pub async fn model_ready(State(state): Shared, target: TargetPath) -> Result<Response, Refusal> {
    let deployed = resolve(&state.server, &named(target)?)?;
    Ok(json(&Ready { name: Some(&deployed.module().manifest().name), ready: true }))
}

#[derive(Serialize)]
struct ModelMetadata<'a> {
    name: &'a str,
    versions: Vec<String>,
    platform: &'static str,
    inputs: Vec<SpecBody<'a>>,
    outputs: Vec<SpecBody<'a>>,
}

#[derive(Serialize)]
struct SpecBody<'a> {
    name: &'a str,
    datatype: &'static str,
    shape: &'a [i64],
}

impl<'a> From<&'a TensorSpec> for SpecBody<'a> {
    fn from(spec: &'a TensorSpec) -> Self {
        SpecBody { name: &spec.name, datatype: spec.datatype.name(), shape: &spec.shape }
    }
}

pub async fn model(State(state): Shared, target: TargetPath) -> Result<Response, Refusal> {
    let target = named(target)?;
    let deployed = resolve(&state.server, &target)?;
    let module = deployed.module();
    let versions = match &target.version {
        Some(_) => vec![module.manifest().version.clone()],
        None => state.server.routing().model(&target.model)?.versions().collect(),
    };
    Ok(json(&ModelMetadata {
        name: &module.manifest().name,
        versions,
        platform: PLATFORM,
        inputs: module.signature().inputs.iter().map(SpecBody::from).collect(),
        outputs: module.signature().outputs.iter().map(SpecBody::from).collect(),
    }))
}

#[derive(Serialize)]
struct Config<'a> {
    name: &'a str,
    platform: &'static str,
    backend: &'static str,
    max_batch_size: u64,
    input: Vec<ConfigSpec<'a>>,
    output: Vec<ConfigSpec<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dynamic_batching: Option<DynamicBatching<'a>>,
}

#[derive(Serialize)]
struct ConfigSpec<'a> {
    name: &'a str,
    data_type: &'static str,
    dims: &'a [i64],
}

#[derive(Serialize)]
struct DynamicBatching<'a> {
    preferred_batch_size: &'a [u64],
    max_queue_delay_microseconds: u128,
}

/// Rows that may be joined, 0 if none can be: then shapes have all dimensions.
fn max_batch_size(deployed: &Deployed) -> u64 {
    if deployed.joins() { deployed.policy().batching.max_rows } else { 0 }
}

/// A shape as it stands in a configuration: the dimension of rows is understood
/// where there can be several.
fn config_dims(spec: &TensorSpec, batched: bool) -> &[i64] {
    if batched { spec.shape.get(1..).unwrap_or_default() } else { &spec.shape }
}

/// The spelling of a datatype in a configuration.
fn config_datatype(datatype: Datatype) -> &'static str {
    match datatype {
        Datatype::Bool => "TYPE_BOOL",
        Datatype::Uint8 => "TYPE_UINT8",
        Datatype::Uint16 => "TYPE_UINT16",
        Datatype::Uint32 => "TYPE_UINT32",
        Datatype::Uint64 => "TYPE_UINT64",
        Datatype::Int8 => "TYPE_INT8",
        Datatype::Int16 => "TYPE_INT16",
        Datatype::Int32 => "TYPE_INT32",
        Datatype::Int64 => "TYPE_INT64",
        Datatype::Fp16 => "TYPE_FP16",
        Datatype::Fp32 => "TYPE_FP32",
        Datatype::Fp64 => "TYPE_FP64",
        Datatype::Bytes => "TYPE_STRING",
    }
}

pub async fn config(State(state): Shared, target: TargetPath) -> Result<Response, Refusal> {
    let deployed = resolve(&state.server, &named(target)?)?;
    let max_batch_size = max_batch_size(&deployed);
    let batched = max_batch_size > 0;
    let batching = &deployed.policy().batching;
    let signature = deployed.module().signature();
    Ok(json(&Config {
        name: &deployed.module().manifest().name,
        platform: PLATFORM,
        backend: "outpost",
        max_batch_size,
        input: signature.inputs.iter().map(|spec| config_spec(spec, batched)).collect(),
        output: signature.outputs.iter().map(|spec| config_spec(spec, batched)).collect(),
        dynamic_batching: batched.then(|| DynamicBatching {
            preferred_batch_size: &batching.preferred_rows,
            max_queue_delay_microseconds: batching.max_wait.as_micros(),
        }),
    }))
}

fn config_spec(spec: &TensorSpec, batched: bool) -> ConfigSpec<'_> {
    ConfigSpec {
        name: &spec.name,
        data_type: config_datatype(spec.datatype),
        dims: config_dims(spec, batched),
    }
}

#[derive(Serialize)]
struct StatisticsBody {
    model_stats: Vec<ModelStatistics>,
}

#[derive(Serialize)]
struct ModelStatistics {
    name: String,
    version: String,
    last_inference: u64,
    inference_count: u64,
    execution_count: u64,
    inference_stats: InferenceStatistics,
    batch_stats: [(); 0],
}

#[derive(Serialize)]
struct InferenceStatistics {
    success: TimedBody,
    fail: TimedBody,
    queue: TimedBody,
    compute_input: TimedBody,
    compute_infer: TimedBody,
    compute_output: TimedBody,
    cache_hit: TimedBody,
    cache_miss: TimedBody,
}

#[derive(Serialize)]
struct TimedBody {
    count: u64,
    ns: u64,
}

impl From<Timed> for TimedBody {
    fn from(Timed { count, nanos }: Timed) -> Self {
        TimedBody { count, ns: nanos }
    }
}

fn statistics_of(deployed: &Arc<Deployed>) -> ModelStatistics {
    let manifest = deployed.module().manifest();
    let found = deployed.statistics();
    ModelStatistics {
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        last_inference: found.last_call_ms,
        inference_count: found.rows,
        execution_count: found.executions,
        inference_stats: InferenceStatistics {
            success: found.success.into(),
            fail: found.fail.into(),
            queue: found.queue.into(),
            compute_input: found.pre.into(),
            compute_infer: found.compute.into(),
            compute_output: found.post.into(),
            cache_hit: Timed::default().into(),
            cache_miss: Timed::default().into(),
        },
        batch_stats: [],
    }
}

pub async fn all_statistics(State(state): Shared) -> Response {
    let routing = state.server.routing();
    let all = routing.models().flat_map(|(_, model)| model.deployed());
    json(&StatisticsBody { model_stats: all.map(statistics_of).collect() })
}

pub async fn statistics(State(state): Shared, target: TargetPath) -> Result<Response, Refusal> {
    let target = named(target)?;
    let model_stats = match target.version {
        Some(_) => vec![statistics_of(&resolve(&state.server, &target)?)],
        None => {
            let routing = state.server.routing();
            routing.model(&target.model)?.deployed().map(statistics_of).collect()
        }
    };
    Ok(json(&StatisticsBody { model_stats }))
}
