//! A directory of `.wasm` files as the repository of what is served: all of it at
//! the start, and single models again when an operator asks.

use super::config::Config;
use crate::failure::Failure;
use outpost_api::{Entry, Repository};
use outpost_core::{Error, ErrorKind};
use outpost_package::{Grants, ModuleFile, Trust};
use outpost_sandbox::Sandbox;
use outpost_serve::{Deployed, Metrics, Publisher, Routing};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// What is served out of a directory, and by whose leave.
pub struct Directory {
    sandbox: Sandbox,
    config: Arc<Config>,
    metrics: Arc<Metrics>,
    state: Mutex<State>,
}

struct State {
    publisher: Publisher,
    /// What serves, by model.
    serving: BTreeMap<String, Vec<Arc<Deployed>>>,
    /// What was served once and is not any more.
    unloaded: BTreeMap<String, Vec<String>>,
}

impl Directory {
    /// Loads every module of the configuration's directory and publishes them.
    ///
    /// # Errors
    /// Every file that cannot be loaded, not only the first.
    pub fn open(
        sandbox: Sandbox,
        config: Arc<Config>,
        metrics: Arc<Metrics>,
        publisher: Publisher,
    ) -> Result<Self, Failure> {
        let state = State { publisher, serving: BTreeMap::new(), unloaded: BTreeMap::new() };
        let directory = Directory { sandbox, config, metrics, state: Mutex::new(state) };
        let files = module_files(&directory.config.models)?;
        let mut faults = Vec::new();
        let mut state = directory.state();
        for path in files {
            match read_file(&path).and_then(|file| directory.load_file(file)) {
                Ok(deployed) => {
                    let model = deployed.module().manifest().name.clone();
                    state.serving.entry(model).or_default().push(deployed);
                }
                Err(fault) => faults.push(format!("{}: {fault}", path.display())),
            }
        }
        if let Err(fault) = state.publish() {
            faults.push(fault);
        }
        drop(state);
        if faults.is_empty() {
            return Ok(directory);
        }
        Err(Failure::new(format!("not every module can be served:\n  {}", faults.join("\n  ")))
            .hint("remove the file, or build it again with `outpost build`"))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Verifies a module and gets it ready to be routed to.
    fn load_file(&self, file: ModuleFile) -> Result<Arc<Deployed>, String> {
        let started = Instant::now();
        let (limits, grants) = self.config.grant(&file.manifest().name, file.manifest().limits);
        let module = file.verify(Trust::Unsigned, grants).map_err(|error| error.to_string())?;
        let manifest = module.manifest();
        let (model, version) = (manifest.name.clone(), manifest.version.clone());
        if !self.sandbox.is_cached(&module) {
            tracing::info!(model, version, "compiling; the next start takes it from the cache");
        }
        let loaded = self.sandbox.load(&module, limits).map_err(|error| error.to_string())?;
        let digest = loaded.digest();
        let elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        if grants == Grants::NONE || module.imports().is_empty() {
            tracing::info!(model, version, %digest, elapsed_ms, "loaded");
        } else {
            tracing::info!(model, version, %digest, elapsed_ms, %grants, "loaded");
        }
        let policy = self.config.policy(&model);
        Ok(Arc::new(Deployed::new(loaded, policy, &self.metrics)))
    }
}

impl State {
    /// # Errors
    /// If two modules have the same name and version.
    fn publish(&self) -> Result<(), String> {
        let mut routing = Routing::default();
        for deployed in self.serving.values().flatten() {
            routing.insert(Arc::clone(deployed))?;
        }
        self.publisher.publish(routing);
        Ok(())
    }
}

impl Repository for Directory {
    fn index(&self) -> Vec<Entry> {
        let state = self.state();
        let entry = |model: &str, version: &str, ready, reason: &str| Entry {
            model: model.into(),
            version: version.into(),
            ready,
            reason: reason.into(),
        };
        let mut entries: Vec<Entry> = (state.serving.values().flatten())
            .map(|deployed| {
                let manifest = deployed.module().manifest();
                entry(&manifest.name, &manifest.version, true, "")
            })
            .collect();
        for (model, versions) in &state.unloaded {
            let gone = versions.iter().map(|version| entry(model, version, false, "unloaded"));
            entries.extend(gone);
        }
        entries
    }

    fn load(&self, model: &str) -> Result<(), Error> {
        let refused = |what: String| Error::new(ErrorKind::InvalidRequest, what);
        let files =
            module_files(&self.config.models).map_err(|failure| refused(failure.to_string()))?;
        let mut loaded = Vec::new();
        for path in files {
            match read_file(&path) {
                Ok(file) if file.manifest().name == model => {
                    let fault = |fault| refused(format!("`{model}`: {fault}"));
                    loaded.push(self.load_file(file).map_err(fault)?);
                }
                Ok(_) => {}
                // Whose it is cannot be known.
                Err(fault) => {
                    tracing::warn!(path = %path.display(), fault, "cannot be read");
                }
            }
        }
        if loaded.is_empty() {
            let message = format!("there is no module of the model `{model}` that can be loaded");
            return Err(Error::new(ErrorKind::NotFound, message));
        }
        let mut state = self.state();
        let before = state.serving.insert(model.to_owned(), loaded);
        if let Err(fault) = state.publish() {
            match before {
                Some(before) => state.serving.insert(model.to_owned(), before),
                None => state.serving.remove(model),
            };
            return Err(refused(fault));
        }
        state.unloaded.remove(model);
        Ok(())
    }

    fn unload(&self, model: &str) -> Result<(), Error> {
        let mut state = self.state();
        let Some(gone) = state.serving.remove(model) else {
            let message = format!("there is no model `{model}`");
            return Err(Error::new(ErrorKind::NotFound, message));
        };
        let version = |deployed: &Arc<Deployed>| deployed.module().manifest().version.clone();
        state.unloaded.insert(model.to_owned(), gone.iter().map(version).collect());
        state.publish().map_err(|fault| Error::new(ErrorKind::Internal, fault))?;
        tracing::info!(model, "unloaded");
        Ok(())
    }
}

fn read_file(path: &Path) -> Result<ModuleFile, String> {
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    ModuleFile::read(bytes).map_err(|error| error.to_string())
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
