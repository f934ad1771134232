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
        std::fs::write(Path::new(&out).join("runtime.wasm"), ready).map_err(fault)?;
    }
    Ok(())
}
