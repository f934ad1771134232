//! What a person reads when a command fails: what is wrong, and what to do.

use outpost_sandbox::FreezeError;
use std::fmt;
use std::path::Path;
use std::process::ExitCode;

/// A failed command.
#[derive(Debug)]
pub struct Failure {
    message: String,
    hint: Option<String>,
    code: u8,
}

impl Failure {
    pub fn new(message: impl Into<String>) -> Self {
        Failure { message: message.into(), hint: None, code: 1 }
    }

    /// A fault of `path`.
    pub fn at(path: &Path, error: impl fmt::Display) -> Self {
        Failure::new(format!("{}: {error}", path.display()))
    }

    /// Says which file it is about.
    #[must_use]
    pub fn within(mut self, path: &Path) -> Self {
        self.message = format!("{}: {}", path.display(), self.message);
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Exits with `code` instead of 1.
    #[must_use]
    pub fn with_code(mut self, code: u8) -> Self {
        self.code = code;
        self
    }

    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error: {}", self.message)?;
        match &self.hint {
            Some(hint) => writeln!(f, "hint: {hint}"),
            None => Ok(()),
        }
    }
}

impl From<FreezeError> for Failure {
    fn from(error: FreezeError) -> Self {
        let failure = Failure::new(error.to_string());
        match error {
            FreezeError::Trapped(_) => failure.hint(
                "where dimensions vary, fixing them often helps: `[[inputs]]` with `name` and \
                 `shape` in a manifest",
            ),
            _ => failure,
        }
    }
}

impl From<outpost_sandbox::SandboxError> for Failure {
    fn from(error: outpost_sandbox::SandboxError) -> Self {
        Failure::new(error.to_string())
    }
}

impl From<outpost_package::ModuleError> for Failure {
    fn from(error: outpost_package::ModuleError) -> Self {
        Failure::new(error.to_string())
    }
}
