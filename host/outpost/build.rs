//! Compiles the runtime guest, which the binary carries inside, so that whoever
//! builds modules needs no Rust toolchain.

use std::path::Path;

fn main() -> Result<(), String> {
    let guests = outpost_guest_build::compile(&["outpost-runtime"])?;
    let out = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    for guest in guests {
        let target = Path::new(&out).join("runtime.wasm");
        std::fs::copy(&guest, target).map_err(|error| format!("{}: {error}", guest.display()))?;
    }
    Ok(())
}
