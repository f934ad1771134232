//! For build scripts: compiles guests of this workspace to WebAssembly, with
//! the profile made for them, after making sure that the target is installed.
//! A target directory of its own keeps clear of the lock that the outer cargo
//! holds.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const TARGET: &str = "wasm32-unknown-unknown";

/// The `main` of a build script whose errors are for people: several lines,
/// and one of them says what to do.
pub fn report(outcome: Result<(), String>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Compiles `packages` and gives the path of each one's `.wasm` file, in order.
///
/// # Errors
/// What to type, where the target cannot be had; what failed otherwise.
pub fn compile(packages: &[&str]) -> Result<Vec<PathBuf>, String> {
    let directory = cargo_build(packages.iter().flat_map(|package| ["--package", package]))?;
    Ok(packages
        .iter()
        .map(|package| directory.join(format!("{}.wasm", package.replace('-', "_"))))
        .collect())
}

/// Compiles examples of `package` and gives the path of each one's `.wasm` file,
/// in order.
///
/// # Errors
/// As [`compile`].
pub fn compile_examples(package: &str, names: &[&str]) -> Result<Vec<PathBuf>, String> {
    let examples = names.iter().flat_map(|name| ["--example", name]);
    let directory = cargo_build(["--package", package].into_iter().chain(examples))?;
    Ok(names.iter().map(|name| directory.join("examples").join(format!("{name}.wasm"))).collect())
}

/// Runs `cargo build` for the guests' target and gives the directory that it
/// writes to.
fn cargo_build<'a>(what: impl IntoIterator<Item = &'a str>) -> Result<PathBuf, String> {
    let root = workspace_root()?;
    for path in ["guest", "wit", "Cargo.toml", "Cargo.lock", ".cargo/config.toml"] {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
    }
    ensure_target()?;

    let target_dir = target_dir(&root);
    let mut cargo = Command::new(tool("CARGO", "cargo"));
    cargo
        .current_dir(&root)
        .args(["build", "--profile", "guest", "--target", TARGET, "--target-dir"])
        .arg(&target_dir)
        .args(what);
    // What the outer cargo set for the host's code is wrong for the guest's.
    for (name, _) in env::vars_os().filter(|(name, _)| is_for_the_host(name)) {
        cargo.env_remove(name);
    }
    let output = cargo.output().map_err(|error| format!("cargo cannot be run: {error}"))?;
    if !output.status.success() {
        let log = String::from_utf8_lossy(&output.stderr);
        return Err(format!("guests cannot be compiled for {TARGET}:\n{log}"));
    }
    Ok(target_dir.join(TARGET).join("guest"))
}

fn is_for_the_host(name: &OsString) -> bool {
    let name = name.to_string_lossy();
    name == "RUSTFLAGS"
        || name == "RUSTC_WRAPPER"
        || name == "RUSTC_WORKSPACE_WRAPPER"
        || name == "CARGO_ENCODED_RUSTFLAGS"
        || name == "CARGO_TARGET_DIR"
        || name == "CARGO_BUILD_TARGET"
        || name == "CARGO_MAKEFLAGS"
        || name == "RUSTC"
        || name.starts_with("CARGO_PROFILE_")
        || name.starts_with("CARGO_CFG_")
        || name.starts_with("CARGO_FEATURE_")
}

/// Guests keep their target directory inside of the outer one, so that
/// `cargo clean` removes it too.
fn target_dir(root: &Path) -> PathBuf {
    let outer = env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    root.join(outer).join("guest")
}

fn workspace_root() -> Result<PathBuf, String> {
    let package = env::var_os("CARGO_MANIFEST_DIR").ok_or("this must run in a build script")?;
    Path::new(&package)
        .ancestors()
        .find(|directory| directory.join("Cargo.lock").exists())
        .map(Path::to_path_buf)
        .ok_or_else(|| "there is no Cargo.lock above the package".into())
}

fn tool(variable: &str, default: &str) -> OsString {
    env::var_os(variable).unwrap_or_else(|| default.into())
}

/// Adds the target with rustup, or says how.
fn ensure_target() -> Result<(), String> {
    if has_target() {
        return Ok(());
    }
    let added = Command::new("rustup").args(["target", "add", TARGET]).output();
    if added.is_ok_and(|output| output.status.success()) && has_target() {
        return Ok(());
    }
    Err(format!(
        "guests are compiled for {TARGET}, which is not installed; type: rustup target add {TARGET}"
    ))
}

fn has_target() -> bool {
    let libraries = Command::new(tool("RUSTC", "rustc"))
        .args(["--print", "target-libdir", "--target", TARGET])
        .output();
    libraries.is_ok_and(|output| {
        output.status.success()
            && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
    })
}
