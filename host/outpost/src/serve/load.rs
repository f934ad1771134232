//! A directory of `.wasm` files becomes a routing snapshot.

use crate::failure::Failure;
use outpost_package::{Grants, Limits, ModuleFile, Trust};
use outpost_sandbox::Sandbox;
use outpost_serve::Routing;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// Loads every module of a directory, granting each what `grant` makes of its
/// name and the limits that it asks for.
///
/// # Errors
/// Every file that cannot be loaded, not only the first.
pub fn load_models(
    sandbox: &Sandbox,
    directory: &Path,
    grant: impl Fn(&str, Limits) -> (Limits, Grants),
) -> Result<Routing, Failure> {
    let mut routing = Routing::default();
    let mut faults = Vec::new();
    for path in module_files(directory)? {
        if let Err(fault) = load(sandbox, &path, &grant, &mut routing) {
            faults.push(format!("{}: {fault}", path.display()));
        }
    }
    if !faults.is_empty() {
        return Err(Failure::new(format!(
            "not every module can be served:\n  {}",
            faults.join("\n  ")
        ))
        .hint("remove the file, or build it again with `outpost build`"));
    }
    Ok(routing)
}

fn module_files(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let fault = |error| Failure::at(directory, error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Failure::at(directory, "there is no .wasm file in this directory")
            .hint("make one with `outpost build`, or name another directory with --models"));
    }
    Ok(files)
}

fn load(
    sandbox: &Sandbox,
    path: &Path,
    grant: impl Fn(&str, Limits) -> (Limits, Grants),
    routing: &mut Routing,
) -> Result<(), String> {
    let started = Instant::now();
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    let file = ModuleFile::read(bytes).map_err(|error| error.to_string())?;
    let (limits, grants) = grant(&file.manifest().name, file.manifest().limits);
    let module = file.verify(Trust::Unsigned, grants).map_err(|error| error.to_string())?;
    let manifest = module.manifest();
    let (model, version) = (manifest.name.clone(), manifest.version.clone());
    if !sandbox.is_cached(&module) {
        tracing::info!(model, version, "compiling; the next start takes it from the cache");
    }
    let loaded = sandbox.load(&module, limits).map_err(|error| error.to_string())?;
    let digest = loaded.digest();
    routing.insert(Arc::new(loaded))?;
    let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    if grants == Grants::NONE || module.imports().is_empty() {
        tracing::info!(model, version, %digest, elapsed_ms, "loaded");
    } else {
        tracing::info!(model, version, %digest, elapsed_ms, %grants, "loaded");
    }
    Ok(())
}
