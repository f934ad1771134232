//! `infer`: from the bytes of a body to those of an answer.

use super::body::{self, Content};
use super::decode::{BinaryOutputs, Decoded, decode_call};
use super::encode::{Encoded, encode_call};
use super::error::Refusal;
use super::router::{Shared, TargetPath, named, resolve};
use crate::call::{Counted, Read};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use std::time::Duration;

/// How long the JSON is, where bytes of tensors follow it.
const JSON_LENGTH: HeaderName = HeaderName::from_static("inference-header-content-length");
/// How long the client waits, in milliseconds.
const TIMEOUT: HeaderName = HeaderName::from_static("outpost-timeout-ms");

pub async fn infer(
    State(state): Shared,
    target: TargetPath,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let deployed = resolve(&state.server, &named(target)?)?;
    let counted = Counted::start(&deployed);
    let outcome = answer(&state, &counted, &headers, body).await;
    counted.finish(outcome.as_ref().map(|_| ()).map_err(Refusal::error));
    outcome
}

async fn answer(
    state: &crate::gateway::Gateway,
    counted: &Counted,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let json_length: Option<usize> = number(headers, &JSON_LENGTH)?;
    let content = if json_length.is_some() { Content::Binary } else { Content::Json };
    body::check(headers, content)?;
    let waits = timeout(headers)?;
    let module = counted.deployed().module();
    let body = body::read(body, module.limits().body_mib).await?;
    let read = || {
        let Decoded { request, timeout, priority, binary } = decode_call(&body, json_length)?;
        drop(body);
        let timeout = waits.into_iter().chain(timeout).min();
        Ok(Read { request, timeout, priority, kept: binary })
    };
    let manifest = module.manifest();
    let encoded = counted
        .infer(&state.server, read, |response, binary: BinaryOutputs| {
            encode_call(&manifest.name, &manifest.version, response, &binary)
        })
        .await?;
    Ok(respond(encoded))
}

/// How long the client says that it waits.
pub fn timeout(headers: &HeaderMap) -> Result<Option<Duration>, Refusal> {
    Ok(number(headers, &TIMEOUT)?.map(Duration::from_millis))
}

fn number<T: std::str::FromStr>(
    headers: &HeaderMap,
    name: &HeaderName,
) -> Result<Option<T>, Refusal> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(|| {
        let message = format!("the header `{name}` must be a whole number that is not negative");
        Refusal::http(StatusCode::BAD_REQUEST, message)
    })
}

fn respond(Encoded { body, json_length }: Encoded) -> Response {
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    let content = match json_length {
        Some(length) => {
            headers.insert(JSON_LENGTH, HeaderValue::from(length));
            "application/octet-stream"
        }
        None => "application/json",
    };
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content));
    response
}
