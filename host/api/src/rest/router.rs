//! Paths, and what each of them answers.

use super::decode::decode_request;
use super::encode::encode_response;
use super::error::Refusal;
use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body as _;
use outpost_core::{Error, ErrorKind, TensorSpec};
use outpost_serve::{LoadedModule, Server};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

/// A client that takes longer than this to send its body is cut off.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes beyond the limit that are taken off the wire before a body is refused.
const DRAINED: u64 = 16 << 20;
/// Says that binary tensors follow the JSON, in the protocol's extension.
const BINARY_HEADER: &str = "inference-header-content-length";

type Shared = State<Arc<Server>>;
type TargetPath = Result<Path<Target>, PathRejection>;

/// What the path names: a model, and perhaps one version of it.
#[derive(serde::Deserialize)]
struct Target {
    model: String,
    version: Option<String>,
}

/// The protocol's paths over `server`.
pub fn router(server: Arc<Server>) -> Router {
    let model = Router::new()
        .route("/", get(model_metadata))
        .route("/ready", get(model_ready))
        .route("/infer", post(infer));
    Router::new()
        .route("/v2", get(server_metadata))
        .route("/v2/", get(server_metadata))
        .route("/v2/health/live", get(live))
        .route("/v2/health/ready", get(ready))
        .nest("/v2/models/{model}", model.clone())
        .nest("/v2/models/{model}/versions/{version}", model)
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .with_state(server)
}

/// A response of 200 with a JSON body.
pub fn json(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => json_bytes(body),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn json_bytes(body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

#[derive(Serialize)]
struct ServerMetadata {
    name: &'static str,
    version: &'static str,
    extensions: [&'static str; 0],
}

async fn server_metadata() -> Response {
    json(&ServerMetadata { name: "outpost", version: env!("CARGO_PKG_VERSION"), extensions: [] })
}

#[derive(Serialize)]
struct Live {
    live: bool,
}

async fn live() -> Response {
    json(&Live { live: true })
}

#[derive(Serialize)]
struct Ready<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    ready: bool,
}

async fn ready() -> Response {
    // The socket opens only once every model is loaded.
    json(&Ready { name: None, ready: true })
}

async fn model_ready(State(server): Shared, target: TargetPath) -> Result<Response, Refusal> {
    let module = resolve(&server, &named(target)?)?;
    Ok(json(&Ready { name: Some(&module.manifest().name), ready: true }))
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

async fn model_metadata(State(server): Shared, target: TargetPath) -> Result<Response, Refusal> {
    let target = named(target)?;
    let module = resolve(&server, &target)?;
    let versions = match &target.version {
        Some(_) => vec![module.manifest().version.clone()],
        None => server.routing().model(&target.model)?.versions().collect(),
    };
    Ok(json(&ModelMetadata {
        name: &module.manifest().name,
        versions,
        platform: "outpost_wasm",
        inputs: module.signature().inputs.iter().map(SpecBody::from).collect(),
        outputs: module.signature().outputs.iter().map(SpecBody::from).collect(),
    }))
}

async fn infer(
    State(server): Shared,
    target: TargetPath,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let module = resolve(&server, &named(target)?)?;
    check_content(&headers)?;
    let body = read_body(body, module.limits().body_mib).await?;
    let request = decode_request(&body)?;
    drop(body);
    let answer = server.infer(module, request).await?;
    let manifest = answer.module.manifest();
    let body = encode_response(&manifest.name, &manifest.version, &answer.response)?;
    Ok(json_bytes(body))
}

fn named(target: TargetPath) -> Result<Target, Refusal> {
    match target {
        Ok(Path(target)) => Ok(target),
        Err(_) => Err(Refusal::http(StatusCode::BAD_REQUEST, "the path is not valid UTF-8")),
    }
}

fn resolve(server: &Server, target: &Target) -> Result<Arc<LoadedModule>, Error> {
    server.routing().resolve(&target.model, target.version.as_deref()).cloned()
}

/// Refuses bodies that would only be misread.
fn check_content(headers: &HeaderMap) -> Result<(), Refusal> {
    let unsupported = |message: &str| Refusal::http(StatusCode::UNSUPPORTED_MEDIA_TYPE, message);
    if headers.contains_key(BINARY_HEADER) {
        return Err(Refusal::http(
            StatusCode::BAD_REQUEST,
            "binary tensor data is not supported; send the tensors as JSON",
        ));
    }
    if let Some(encoding) = headers.get(header::CONTENT_ENCODING)
        && encoding != "identity"
    {
        return Err(unsupported("compressed bodies are not supported"));
    }
    let Some(content) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let essence = content.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    match essence.trim().to_ascii_lowercase().as_str() {
        // curl's default for --data, which half of all examples rely on.
        "application/json" | "text/json" | "application/x-www-form-urlencoded" => Ok(()),
        _ => Err(unsupported("the content type must be application/json")),
    }
}

async fn read_body(body: Body, limit_mib: u32) -> Result<Bytes, Refusal> {
    let limit = usize::try_from(limit_mib).unwrap_or(usize::MAX).saturating_mul(1 << 20);
    let too_large = || {
        Refusal::from(Error::new(
            ErrorKind::TooLarge,
            format!("the request is larger than the model accepts: {limit_mib} MiB"),
        ))
    };
    // Refused by what the client announces. One that is sending a little too much
    // reads the answer only when it is done, so that is let pass, unread.
    let announced = body.size_hint().lower();
    if announced > limit as u64 {
        if announced <= limit as u64 + DRAINED {
            let _ = tokio::time::timeout(BODY_TIMEOUT, drain(body)).await;
        }
        return Err(too_large());
    }
    let collected = tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, limit).collect());
    match collected.await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Refusal::http(StatusCode::BAD_REQUEST, "the body ended too early")),
        Err(_) => Err(Refusal::http(StatusCode::REQUEST_TIMEOUT, "the body took too long")),
    }
}

async fn drain(mut body: Body) {
    while let Some(Ok(_)) = body.frame().await {}
}

async fn unknown_path() -> Refusal {
    Refusal::from(Error::new(
        ErrorKind::NotFound,
        "there is nothing at this path; the protocol's paths begin with /v2",
    ))
}

async fn wrong_method() -> Refusal {
    Refusal::http(
        StatusCode::METHOD_NOT_ALLOWED,
        "wrong method: `infer` takes POST, everything else GET",
    )
}
