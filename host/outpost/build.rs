//! Compiles the runtime guest, which the binary carries inside, so that whoever
//! builds modules needs no Rust toolchain.

use std::path::Path;
use std::process::ExitCode;

/// What no module reaches: the reader and writer of tract's own NNEF format,
/// with the parser and the archive format for that.
const NEVER_REACHED: [&str; 3] = ["_ZN10tract_nnef", "_ZN3tar", "_ZN12nom_language"];

fn main() -> ExitCode {
    outpost_guest_build::report(build())
}

fn build() -> Result<(), String> {
    let guests = outpost_guest_build::compile(&["outpost-runtime"])?;
    let out = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    for guest in guests {
        let fault = |error: std::io::Error| format!("{}: {error}", guest.display());
        let wasm = std::fs::read(&guest).map_err(fault)?;
        let shrunk = outpost_guest_build::shrink(&wasm, &NEVER_REACHED)?;
        let ready = outpost_guest_build::dispatch(&shrunk)?;
        let ready = outpost_guest_build::exports_last(&ready)?;
        std::fs::write(Path::new(&out).join("runtime.wasm"), ready).map_err(fault)?;
    }
    let sdk = sdk().map_err(|error| format!("{SDK}: {error}"))?;
    std::fs::write(Path::new(&out).join("sdk.rs"), sdk).map_err(|error| error.to_string())
}

/// The sources of the SDK, which `outpost new` lays out.
const SDK: &str = "../../guest/sdk/src";

/// A slice of names and texts.
fn sdk() -> std::io::Result<String> {
    let mut paths = std::fs::read_dir(SDK)?
        .map(|entry| entry?.path().canonicalize())
        .collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    let entry = |path: &std::path::PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        format!("({name:?}, include_str!({path:?})),\n")
    };
    Ok(format!("&[\n{}]", paths.iter().map(entry).collect::<String>()))
}
