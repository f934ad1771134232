//! Compiles the hostile guests once and tells the tests where they are: a
//! constant with the path of each, and a macro that goes through all of them,
//! by which a guest without a test does not compile.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

const EXAMPLES: &str = "guests/examples";

fn main() -> ExitCode {
    outpost_guest_build::report(build())
}

fn build() -> Result<(), String> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=guests");
    let names = guests()?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let paths = outpost_guest_build::compile_examples("outpost-test-guests", &names)?;

    let examples = ["body_mass_index", "frost_warning"];
    let shown = outpost_guest_build::compile_examples("outpost-guest-examples", &examples)?;

    let mut code = String::new();
    for (name, path) in examples.iter().zip(&shown) {
        let _ = writeln!(code, "pub const {}: &str = {:?};", name.to_uppercase(), path);
    }
    for (name, path) in names.iter().zip(&paths) {
        let _ = writeln!(code, "pub const {}: &str = {:?};", name.to_uppercase(), path);
    }
    let _ = writeln!(
        code,
        "macro_rules! for_each_guest {{ ($macro:ident) => {{ $macro! {{ {} }} }}; }}\n\
         pub(crate) use for_each_guest;",
        names.join(" ")
    );
    let out = std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?;
    std::fs::write(Path::new(&out).join("guests.rs"), code).map_err(|error| error.to_string())
}

/// The names of the guests: of their files.
fn guests() -> Result<Vec<String>, String> {
    let fault = |error| format!("{EXAMPLES}: {error}");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(EXAMPLES).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        if let (Some("rs"), Some(name)) = (
            path.extension().and_then(|extension| extension.to_str()),
            path.file_stem().and_then(|stem| stem.to_str()),
        ) {
            names.push(name.to_string());
        }
    }
    names.sort();
    Ok(names)
}
