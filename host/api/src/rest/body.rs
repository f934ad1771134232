//! Bodies of requests: of what type, how large, and how long they may take.

use super::error::Refusal;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Body as _;
use outpost_core::{Error, ErrorKind};
use std::time::Duration;

/// A client that takes longer than this to send its body is cut off.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Bytes beyond the limit that are taken off the wire before a body is refused.
const DRAINED: u64 = 16 << 20;
/// Bytes of a body for anything but inference.
const SMALL: usize = 64 << 10;

/// What is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    Json,
    /// JSON with bytes of tensors after it.
    Binary,
}

/// Refuses bodies that would only be misread.
pub fn check(headers: &HeaderMap, expected: Content) -> Result<(), Refusal> {
    let unsupported = |message: &str| Refusal::http(StatusCode::UNSUPPORTED_MEDIA_TYPE, message);
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
        "application/octet-stream" if expected == Content::Binary => Ok(()),
        _ => Err(unsupported("the content type must be application/json")),
    }
}

/// Reads a body for a model that takes so many MiB.
pub async fn read(body: Body, limit_mib: u32) -> Result<Bytes, Refusal> {
    let limit = usize::try_from(limit_mib).unwrap_or(usize::MAX).saturating_mul(1 << 20);
    let what = || format!("the request is larger than the model accepts: {limit_mib} MiB");
    read_within(body, limit, what).await
}

/// Reads a body of a few words.
pub async fn read_small(body: Body) -> Result<Bytes, Refusal> {
    read_within(body, SMALL, || "the request is larger than 64 KiB".into()).await
}

async fn read_within(
    body: Body,
    limit: usize,
    message: impl Fn() -> String,
) -> Result<Bytes, Refusal> {
    let too_large = || Refusal::from(Error::new(ErrorKind::TooLarge, message()));
    // Refused by what the client announces. One that is sending a little too much
    // reads the answer only when it is done, so that is let pass, unread.
    let announced = body.size_hint().lower();
    if announced > limit as u64 {
        if announced <= limit as u64 + DRAINED {
            let _ = tokio::time::timeout(TIMEOUT, drain(body)).await;
        }
        return Err(too_large());
    }
    let collected = tokio::time::timeout(TIMEOUT, Limited::new(body, limit).collect());
    match collected.await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if is_too_long(error.as_ref()) => Err(too_large()),
        Ok(Err(_)) => {
            let message = "the body ended too early";
            Err(Refusal::http(StatusCode::BAD_REQUEST, message))
        }
        Err(_) => Err(Refusal::http(StatusCode::REQUEST_TIMEOUT, "the body took too long")),
    }
}

fn is_too_long(error: &(dyn std::error::Error + 'static)) -> bool {
    error.is::<LengthLimitError>() || error.source().is_some_and(is_too_long)
}

async fn drain(mut body: Body) {
    while let Some(Ok(_)) = body.frame().await {}
}
