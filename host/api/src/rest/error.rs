//! The one place where core's errors become status codes and bodies.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use outpost_core::{Error, ErrorKind, Violation};
use serde::Serialize;

/// The status of each kind of error.
pub fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::InvalidRequest => StatusCode::BAD_REQUEST,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::Overloaded => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        // What others write into their logs; the client does not see it.
        ErrorKind::Cancelled => {
            StatusCode::from_u16(499).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        }
        ErrorKind::ModuleFailed | ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// `{"error": "…"}` as the protocol has it; `violations` only where there are
/// fields to blame.
#[derive(Serialize)]
pub struct ErrorBody<'a> {
    error: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    violations: Vec<ViolationBody<'a>>,
}

#[derive(Serialize)]
struct ViolationBody<'a> {
    field: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    row: Option<u64>,
    code: &'static str,
    message: &'a str,
}

impl<'a> From<&'a Error> for ErrorBody<'a> {
    fn from(error: &'a Error) -> Self {
        let violation = |violation: &'a Violation| ViolationBody {
            field: &violation.field,
            row: violation.row,
            code: violation.code.name(),
            message: &violation.message,
        };
        ErrorBody {
            error: error.message(),
            violations: error.violations().iter().map(violation).collect(),
        }
    }
}

/// An error on its way to the client.
pub struct Refusal {
    status: StatusCode,
    error: Error,
}

impl Refusal {
    /// What it says.
    pub fn error(&self) -> &Error {
        &self.error
    }

    /// For faults of HTTP itself, which core does not know.
    pub fn http(status: StatusCode, message: impl Into<String>) -> Self {
        Refusal { status, error: Error::new(ErrorKind::InvalidRequest, message) }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal { status: status(error.kind()), error }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = super::router::json(&ErrorBody::from(&self.error));
        *response.status_mut() = self.status;
        if matches!(self.error.kind(), ErrorKind::Overloaded | ErrorKind::Unavailable) {
            let seconds = self.error.retry_after().map_or(1, |time| time.as_secs() + 1);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
