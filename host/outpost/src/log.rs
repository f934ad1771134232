//! The log, on standard error.

use crate::cli::{LogFormat, LogOptions};
use crate::failure::Failure;
use outpost_package::{Grant, Grants};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// A server's.
pub fn to_stderr(options: &LogOptions) -> Result<(), Failure> {
    let filter = EnvFilter::builder().parse(&options.log).map_err(|error| {
        Failure::new(format!("`{}` is not a log filter: {error}", options.log))
            .hint("examples: info, debug, outpost_serve=debug,warn")
            .with_code(2)
    })?;
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Colours are for people; NO_COLOR is theirs to set.
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let subscriber = subscriber.with_ansi(colours);
    let installed = match options.log_format {
        LogFormat::Text => subscriber.with_target(false).try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).try_init(),
    };
    installed.map_err(|error| Failure::new(error.to_string()))
}

/// That of a command without one: what guests print, if they may.
pub fn for_guests(grants: Grants) -> Result<(), Failure> {
    if !grants.contain(Grant::Log) {
        return Ok(());
    }
    to_stderr(&LogOptions { log_format: LogFormat::Text, log: "guest=info".into() })
}
