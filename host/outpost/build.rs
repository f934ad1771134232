//! Compiles the runtime guest, which the binary carries inside, so that whoever
//! builds modules needs no Rust toolchain.

use outpost_passes::Hints;
use std::path::Path;
use std::process::ExitCode;

/// What no module reaches: the reader and writer of tract's own NNEF format,
/// with the parser and the archive format for that.
const NEVER_REACHED: [&str; 3] = ["_ZN10tract_nnef", "_ZN3tar", "_ZN12nom_language"];

/// How an operator is made ready for a model: methods of tract's traits that only
/// its optimiser calls, and the analysis of types and shapes.
const PREPARING: &[&[&str]] = &[
    &["TypedOp", "9declutter17h"],
    &["TypedOp", "22declutter_with_session17h"],
    &["TypedOp", "7codegen17h"],
    &["TypedOp", "4fuse17h"],
    &["TypedOp", "5slice17h"],
    &["TypedOp", "4cost17h"],
    &["TypedOp", "9input_roi17h"],
    &["TypedOp", "8quantize17h"],
    &["TypedOp", "11set_symbols17h"],
    &["TypedOp", "11change_axes17h"],
    &["TypedOp", "12axes_mapping17h"],
    &["TypedOp", "22suggested_axis_changes17h"],
    &["BinMiniOp", "9declutter17h"],
    &["BinMiniOp", "7codegen17h"],
    &["ElementWiseMiniOp", "9declutter17h"],
    &["ElementWiseMiniOp", "8quantize17h"],
    &["tract_hir..infer..ops..InferenceOp$GT$"],
    &["tract_hir..infer..rules..InferenceRulesOp$GT$"],
    &["tract_hir..ops..expandable..Expansion$GT$"],
];

/// tract's optimiser, which calls them.
const PREPARERS: &[&[&str]] = &[&["tract_core..optim..TypedPass$GT$"]];

fn main() -> ExitCode {
    outpost_guest_build::report(build())
}

fn build() -> Result<(), String> {
    let guests = outpost_guest_build::compile(&["outpost-runtime"])?;
    let out = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    for guest in guests {
        let fault = |error: std::io::Error| format!("{}: {error}", guest.display());
        let wasm = std::fs::read(&guest).map_err(fault)?;
        let hints = Hints { preparing: PREPARING, preparers: PREPARERS };
        let noted = outpost_passes::note_references(&wasm, hints)?;
        let shrunk = outpost_passes::shrink(&noted, &NEVER_REACHED)?;
        let ready = outpost_passes::dispatch(&shrunk)?;
        let ready = outpost_passes::exports_last(&ready)?;
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
