//! Compiles a guest that is a cargo project, for whoever builds a module of it.

use crate::failure::Failure;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const TARGET: &str = "wasm32-unknown-unknown";

/// A line that cargo writes about what it made.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

/// The WebAssembly file of the project in `directory`. What the compiler has to
/// say goes to the terminal.
pub fn compile(directory: &Path) -> Result<PathBuf, Failure> {
    let output = Command::new("cargo")
        .current_dir(directory)
        .args(["build", "--release", "--target", TARGET])
        .args(["--message-format", "json-render-diagnostics"])
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| {
            Failure::new(format!("cargo cannot be run: {error}"))
                .hint("a guest of your own needs Rust, from rustup.rs; an ONNX file alone does not")
        })?;
    if !output.status.success() {
        return Err(Failure::at(directory, "the guest does not compile")
            .hint(format!("where the target is missing, type: rustup target add {TARGET}")));
    }
    let made = String::from_utf8_lossy(&output.stdout);
    let messages = made.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok());
    messages
        .filter(|message| message.reason == "compiler-artifact")
        .flat_map(|message| message.filenames)
        .rfind(|path| path.extension().is_some_and(|extension| extension == "wasm"))
        .ok_or_else(|| {
            Failure::at(directory, "the project makes no WebAssembly module")
                .hint("its Cargo.toml needs, under [lib]: crate-type = [\"cdylib\"]")
        })
}
