//! Compiles the runtime guest, which the binary carries inside, so that whoever
//! builds modules needs no Rust toolchain.

use std::path::Path;

/// Parts of tract that no module reaches: the reader and writer of its own
/// NNEF format with the parser and archive formats for that, model transforms
/// that are chosen by name at run time, and Fourier transforms (which
/// `guest/runtime` refuses to load). What is left of them are traps.
const NEVER_REACHED: [&str; 5] = ["tract_nnef", "3nom", "3tar", "erased_serde", "rustfft"];

fn main() -> Result<(), String> {
    let guests = outpost_guest_build::compile(&["outpost-runtime"])?;
    let out = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    for guest in guests {
        let fault = |error: std::io::Error| format!("{}: {error}", guest.display());
        let wasm = std::fs::read(&guest).map_err(fault)?;
        let shrunk = outpost_guest_build::shrink(&wasm, &NEVER_REACHED)?;
        std::fs::write(Path::new(&out).join("runtime.wasm"), shrunk).map_err(fault)?;
    }
    Ok(())
}
