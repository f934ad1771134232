//! The one error type of the data path. Each protocol maps it to its own status
//! once. What a client reads and what an operator reads are two fields, so that
//! internals cannot leak by accident.

use std::fmt;
use std::time::Duration;

/// Whose fault it is, and what the caller can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request is malformed or does not match the model.
    InvalidRequest,
    /// There is no such model or version.
    NotFound,
    /// The request is larger than the model accepts.
    TooLarge,
    /// The queue is full: try again later.
    Overloaded,
    /// The request ran out of time.
    DeadlineExceeded,
    /// The client left before it was answered.
    Cancelled,
    /// The module trapped, ran out of memory or gave an error.
    ModuleFailed,
    /// The server is shutting down or not ready.
    Unavailable,
    /// A fault of the host.
    Internal,
}

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Name of the input, or of the part of the request.
    pub field: String,
    /// Which row of a batch, counted from 0, if it is about one.
    pub row: Option<u64>,
    /// What kind of fault, for programs.
    pub code: ViolationCode,
    /// What is wrong, for a person; never repeats the data.
    pub message: String,
}

/// Kinds of violations, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ViolationCode {
    /// Something required was not given.
    Missing,
    /// The model has nothing of this name.
    Unknown,
    /// Given more than once.
    Duplicate,
    /// Not the datatype that the model expects, or not a datatype.
    WrongDatatype,
    /// Not the shape that the model expects.
    WrongShape,
    /// Data and shape disagree.
    WrongSize,
    /// A value that the datatype or the model cannot take.
    OutOfRange,
    /// Not valid UTF-8.
    InvalidText,
    /// Not what the protocol or the module asks for.
    Malformed,
    /// A value is missing where there must be one.
    Null,
    /// More values of a field are missing than may be.
    NullRate,
    /// A category that the model does not know.
    UnknownCategory,
    /// A text that is too short or too long.
    WrongLength,
    /// A date that is too long ago.
    Stale,
    /// Of more parts than the module takes, such as the pixels of a picture.
    TooLarge,
}

impl ErrorKind {
    /// The spelling in metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            ErrorKind::InvalidRequest => "invalid_request",
            ErrorKind::NotFound => "not_found",
            ErrorKind::TooLarge => "too_large",
            ErrorKind::Overloaded => "overloaded",
            ErrorKind::DeadlineExceeded => "deadline_exceeded",
            ErrorKind::Cancelled => "cancelled",
            ErrorKind::ModuleFailed => "module_failed",
            ErrorKind::Unavailable => "unavailable",
            ErrorKind::Internal => "internal",
        }
    }
}

impl ViolationCode {
    /// The spelling on the wire.
    pub fn name(self) -> &'static str {
        match self {
            ViolationCode::Missing => "missing",
            ViolationCode::Unknown => "unknown",
            ViolationCode::Duplicate => "duplicate",
            ViolationCode::WrongDatatype => "wrong_datatype",
            ViolationCode::WrongShape => "wrong_shape",
            ViolationCode::WrongSize => "wrong_size",
            ViolationCode::OutOfRange => "out_of_range",
            ViolationCode::InvalidText => "invalid_text",
            ViolationCode::Malformed => "malformed",
            ViolationCode::Null => "null",
            ViolationCode::NullRate => "null_rate",
            ViolationCode::UnknownCategory => "unknown_category",
            ViolationCode::WrongLength => "wrong_length",
            ViolationCode::Stale => "stale",
            ViolationCode::TooLarge => "too_large",
        }
    }
}

/// Why a request was not answered.
#[derive(Clone, Debug)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    detail: Option<String>,
    violations: Vec<Violation>,
    retry_after: Option<Duration>,
}

impl Error {
    /// An error whose message may be shown to the client.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error {
            kind,
            message: message.into(),
            detail: None,
            violations: Vec::new(),
            retry_after: None,
        }
    }

    /// All that is wrong with a request, at once.
    pub fn invalid(violations: Vec<Violation>) -> Self {
        let message = violations
            .iter()
            .map(|violation| match violation.row {
                Some(row) => format!("{}, row {row}: {}", violation.field, violation.message),
                None => format!("{}: {}", violation.field, violation.message),
            })
            .collect::<Vec<_>>()
            .join("; ");
        Error { violations, ..Error::new(ErrorKind::InvalidRequest, message) }
    }

    /// Adds what only the operator may see.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds when it is worth to try again.
    #[must_use]
    pub fn with_retry_after(mut self, time: Duration) -> Self {
        self.retry_after = Some(time);
        self
    }

    /// When it is worth to try again, if ever.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Whose fault it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// What the client may read.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What the operator should read besides.
    pub fn detail(&self) -> Option<&str> {
        self.detail.as_deref()
    }

    /// Every fault of an invalid request that has a field to blame.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.detail {
            Some(detail) => write!(f, "{} ({detail})", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Error {}
