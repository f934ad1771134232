//! Native code on disk. Mapping it means trusting it, so the directory is
//! private, every file is authenticated with a key that never leaves it, and
//! what does not check out is thrown away and compiled again.

use crate::code_cache::FunctionCache;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::NamedTempFile;
use wasmtime::component::Component;
use wasmtime::{Engine, Module};

/// Why the cache cannot be used.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum CacheError {
    #[error("the cache directory {} cannot be used: {error}", .path.display())]
    Directory { path: PathBuf, error: std::io::Error },
    #[error(
        "the cache directory {} can be written by others, who could plant code there; \
         `chmod 700` it or choose another with --cache",
        .0.display()
    )]
    NotPrivate(PathBuf),
}

/// A private directory of compiled modules.
#[derive(Clone)]
pub struct Cache(Arc<Inner>);

struct Inner {
    directory: PathBuf,
    key: [u8; 32],
    functions: Arc<FunctionCache>,
}

impl Cache {
    /// Opens the cache in `directory`, and makes it if need be.
    ///
    /// # Errors
    /// [`CacheError`] if it cannot be written, or if others can write to it.
    pub fn open(directory: &Path) -> Result<Self, CacheError> {
        let fault = |error| CacheError::Directory { path: directory.into(), error };
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(fault)?;
        let metadata = fs::metadata(directory).map_err(fault)?;
        let own = metadata.uid() == rustix::process::geteuid().as_raw();
        if !own || metadata.mode() & 0o022 != 0 {
            return Err(CacheError::NotPrivate(directory.into()));
        }
        let key = read_or_make_key(directory).map_err(fault)?;
        let functions = Arc::new(FunctionCache::new(directory.join("functions"), key));
        Ok(Cache(Arc::new(Inner { directory: directory.into(), key, functions })))
    }

    /// Compiled functions, which modules of the same guest share.
    pub(crate) fn functions(&self) -> Arc<FunctionCache> {
        Arc::clone(&self.0.functions)
    }

    /// Whether there is an entry; it may yet turn out to be unusable.
    pub(crate) fn contains(&self, engine: &Engine, digest: &str) -> bool {
        self.path(engine, digest).exists()
    }

    /// A compiled component, mapped from its file.
    pub(crate) fn component<E: From<UnusableCode>>(
        &self,
        engine: &Engine,
        digest: &str,
        compile: impl FnOnce() -> Result<Vec<u8>, E>,
    ) -> Result<Component, E> {
        self.get(
            engine,
            digest,
            compile,
            // SAFETY: `get` passes the path of bytes that this cache wrote.
            |path| unsafe { Component::deserialize_file(engine, path) },
            // SAFETY: `get` passes what the compiler made just now.
            |bytes| unsafe { Component::deserialize(engine, bytes) },
        )
    }

    /// A compiled core module, mapped from its file.
    pub(crate) fn core_module<E: From<UnusableCode>>(
        &self,
        engine: &Engine,
        digest: &str,
        compile: impl FnOnce() -> Result<Vec<u8>, E>,
    ) -> Result<Module, E> {
        self.get(
            engine,
            digest,
            compile,
            // SAFETY: `get` passes the path of bytes that this cache wrote.
            |path| unsafe { Module::deserialize_file(engine, path) },
            // SAFETY: `get` passes what the compiler made just now.
            |bytes| unsafe { Module::deserialize(engine, bytes) },
        )
    }

    fn get<T, E: From<UnusableCode>>(
        &self,
        engine: &Engine,
        digest: &str,
        compile: impl FnOnce() -> Result<Vec<u8>, E>,
        map: impl Fn(&Path) -> wasmtime::Result<T>,
        load: impl FnOnce(&[u8]) -> wasmtime::Result<T>,
    ) -> Result<T, E> {
        let path = self.path(engine, digest);
        if let Some(value) = self.map(&path, &map) {
            return Ok(value);
        }
        let code = compile()?;
        self.0.functions.save();
        if let Err(error) = self.store(&path, &code) {
            tracing::warn!(%error, "compiled code cannot be kept; the next start compiles again");
        } else if let Some(value) = self.map(&path, &map) {
            return Ok(value);
        }
        load(&code).map_err(|error| E::from(UnusableCode(error)))
    }

    /// The entry of a digest: another compiler, configuration or processor
    /// makes another entry.
    fn path(&self, engine: &Engine, digest: &str) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        self.0.directory.join(format!("{digest}-{:016x}.cwasm", hasher.finish()))
    }

    /// Checks and maps one and the same open file.
    fn map<T>(&self, path: &Path, map: impl Fn(&Path) -> wasmtime::Result<T>) -> Option<T> {
        let mut file = File::open(path).ok()?;
        let stated = fs::read(tag_path(path)).ok()?;
        let authentic = self.tag(path, &mut file).is_ok_and(|tag| {
            // Compared in constant time.
            <[u8; 32]>::try_from(stated.as_slice()).is_ok_and(|stated| tag == stated)
        });
        if !authentic {
            tracing::warn!(path = %path.display(), "cached code is not authentic; compiling again");
            return None;
        }
        match map(Path::new(&format!("/proc/self/fd/{}", file.as_raw_fd()))) {
            Ok(value) => Some(value),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "cached code cannot be mapped");
                None
            }
        }
    }

    fn tag(&self, path: &Path, file: &mut File) -> std::io::Result<blake3::Hash> {
        let mut hasher = blake3::Hasher::new_keyed(&self.0.key);
        // The name is authenticated too, or entries could be swapped.
        hasher.update(path.file_name().unwrap_or_default().as_encoded_bytes());
        hasher.update_reader(file)?;
        Ok(hasher.finalize())
    }

    fn store(&self, path: &Path, code: &[u8]) -> std::io::Result<()> {
        let mut file = NamedTempFile::new_in(&self.0.directory)?;
        file.write_all(code)?;
        let mut hasher = blake3::Hasher::new_keyed(&self.0.key);
        hasher.update(path.file_name().unwrap_or_default().as_encoded_bytes());
        hasher.update(code);
        let mut tag = NamedTempFile::new_in(&self.0.directory)?;
        tag.write_all(hasher.finalize().as_bytes())?;
        file.persist(path).map_err(|error| error.error)?;
        tag.persist(tag_path(path)).map_err(|error| error.error)?;
        Ok(())
    }
}

/// Compiled code that Wasmtime itself refuses.
#[derive(Debug)]
pub struct UnusableCode(pub wasmtime::Error);

fn tag_path(path: &Path) -> PathBuf {
    path.with_extension("tag")
}

/// The key is made once, from the system's randomness.
fn read_or_make_key(directory: &Path) -> std::io::Result<[u8; 32]> {
    let path = directory.join("key");
    let mut key = [0; 32];
    if let Ok(mut file) = File::open(&path)
        && file.metadata()?.mode() & 0o077 == 0
        && file.read_exact(&mut key).is_ok()
    {
        return Ok(key);
    }
    getrandom::fill(&mut key).map_err(std::io::Error::other)?;
    let mut file = NamedTempFile::new_in(directory)?;
    file.write_all(&key)?;
    match file.persist_noclobber(&path) {
        Ok(_) => Ok(key),
        // Another process was faster, or the old key was not private.
        // Or it is damaged, and whoever owns the directory shall decide.
        Err(_) => {
            let mut file = OpenOptions::new().read(true).mode(0o600).open(&path)?;
            if file.metadata()?.mode() & 0o077 != 0 {
                return Err(std::io::Error::other("the key can be read by others; remove it"));
            }
            file.read_exact(&mut key).map_err(|_| {
                std::io::Error::other(
                    "its file `key` is damaged; remove it, and everything is compiled anew",
                )
            })?;
            Ok(key)
        }
    }
}
