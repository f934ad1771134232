//! Paths, and what each of them answers.

use super::error::Refusal;
use super::{infer, metadata, repository, v1};
use crate::gateway::Gateway;
use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use outpost_core::{Error, ErrorKind};
use outpost_serve::{Deployed, Server};
use serde::Serialize;
use std::sync::Arc;

pub type Shared = State<Gateway>;
pub type TargetPath = Result<Path<Target>, PathRejection>;

/// What the path names: a model, and perhaps one version of it.
#[derive(serde::Deserialize)]
pub struct Target {
    pub model: String,
    pub version: Option<String>,
}

/// What anybody may ask who may ask for answers.
pub fn router(gateway: Gateway) -> Router {
    let model = Router::new()
        .route("/", get(metadata::model))
        .route("/ready", get(metadata::model_ready))
        .route("/config", get(metadata::config))
        .route("/stats", get(metadata::statistics))
        .route("/infer", post(infer::infer));
    Router::new()
        .route("/v2/models/stats", get(metadata::all_statistics))
        .nest("/v2/models/{model}", model.clone())
        .nest("/v2/models/{model}/versions/{version}", model)
        .route("/v1/models", get(v1::models))
        .route("/v1/models/{model}", get(metadata::model_ready).post(v1::predict))
        .merge(common())
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .with_state(gateway)
}

/// What only those may ask who run the server.
pub fn admin_router(gateway: Gateway) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/v2/repository/models/{model}/load", post(repository::load))
        .route("/v2/repository/models/{model}/unload", post(repository::unload))
        .merge(common())
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .with_state(gateway)
}

/// What is the same for all.
fn common() -> Router<Gateway> {
    Router::new()
        .route("/v2", get(metadata::server))
        .route("/v2/", get(metadata::server))
        .route("/v2/health/live", get(metadata::live))
        .route("/v2/health/ready", get(metadata::ready))
        .route("/v2/repository/index", post(repository::index))
}

/// A response of 200 with a JSON body.
pub fn json(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => json_bytes(body),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

pub fn json_bytes(body: impl Into<Body>) -> Response {
    with_type(body, "application/json")
}

fn with_type(body: impl Into<Body>, content: &'static str) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content));
    response
}

async fn metrics(State(gateway): Shared) -> Response {
    let text = gateway.server.metrics().text();
    with_type(text, "application/openmetrics-text; version=1.0.0; charset=utf-8")
}

pub fn named<T>(path: Result<Path<T>, PathRejection>) -> Result<T, Refusal> {
    match path {
        Ok(Path(named)) => Ok(named),
        Err(_) => Err(Refusal::http(StatusCode::BAD_REQUEST, "the path is not valid UTF-8")),
    }
}

pub fn resolve(server: &Server, target: &Target) -> Result<Arc<Deployed>, Error> {
    server.routing().resolve(&target.model, target.version.as_deref()).cloned()
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
        "wrong method: what computes or changes something takes POST, everything else GET",
    )
}
