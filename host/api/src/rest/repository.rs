//! The repository of modules: what there is, load, unload.

use super::body::{self, Content};
use super::error::Refusal;
use super::router::{Shared, json, json_bytes, named};
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use outpost_core::{Error, ErrorKind};
use serde::{Deserialize, Serialize};

#[derive(Default, Deserialize)]
struct IndexBody {
    #[serde(default)]
    ready: bool,
}

#[derive(Serialize)]
struct EntryBody {
    name: String,
    version: String,
    state: &'static str,
    reason: String,
}

pub async fn index(
    State(state): Shared,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    body::check(&headers, Content::Json)?;
    let body = body::read_small(body).await?;
    let IndexBody { ready } = if body.is_empty() {
        IndexBody::default()
    } else {
        serde_json::from_slice(&body).map_err(|error| {
            let message = format!("the body is not a request for an index: {error}");
            Error::new(ErrorKind::InvalidRequest, message)
        })?
    };
    let entries: Vec<EntryBody> = (state.repository.index().into_iter())
        .filter(|entry| entry.ready || !ready)
        .map(|entry| EntryBody {
            name: entry.model,
            version: entry.version,
            state: if entry.ready { "READY" } else { "UNAVAILABLE" },
            reason: entry.reason,
        })
        .collect();
    Ok(json(&entries))
}

type ModelPath = Result<Path<String>, PathRejection>;

pub async fn load(State(state): Shared, model: ModelPath) -> Result<Response, Refusal> {
    change(model, move |model| state.repository.load(model)).await
}

pub async fn unload(State(state): Shared, model: ModelPath) -> Result<Response, Refusal> {
    change(model, move |model| state.repository.unload(model)).await
}

/// On a thread of its own: it may compile.
async fn change(
    model: ModelPath,
    change: impl FnOnce(&str) -> Result<(), Error> + Send + 'static,
) -> Result<Response, Refusal> {
    let model = named(model)?;
    let changed = tokio::task::spawn_blocking(move || change(&model)).await;
    changed.map_err(|_| Error::new(ErrorKind::Internal, "the server failed to change it"))??;
    Ok(json_bytes(b"{}".to_vec()))
}
