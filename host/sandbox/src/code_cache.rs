//! Compiled functions, kept between builds. Modules made from one guest have
//! the same code and differ in data only, so that compiling the second one
//! finds nearly every function here. Authenticated like all native code.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use tempfile::NamedTempFile;
use wasmtime::CacheStore;

/// Beyond this size the file starts over with what the process used: room for
/// the functions of a few versions of the runtime.
const MAX_BYTES: usize = 256 << 20;
/// Machine code that is not worth writing the whole file again: compiling it
/// takes less time than that.
const WORTH_SAVING: usize = 512 << 10;

/// A map from Cranelift's key of a function to its machine code.
pub struct FunctionCache {
    path: PathBuf,
    key: [u8; 32],
    /// What earlier processes left, read when the first function is asked for.
    stored: OnceLock<Stored>,
    /// What this process compiled and did not save yet.
    fresh: Mutex<HashMap<Vec<u8>, Vec<u8>>>,
}

#[derive(Default)]
struct Stored {
    bytes: Vec<u8>,
    /// Key to the range of its value in `bytes`.
    index: HashMap<Vec<u8>, std::ops::Range<usize>>,
}

impl std::fmt::Debug for FunctionCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FunctionCache").field("path", &self.path).finish_non_exhaustive()
    }
}

impl FunctionCache {
    pub fn new(path: PathBuf, key: [u8; 32]) -> Self {
        FunctionCache { path, key, stored: OnceLock::new(), fresh: Mutex::default() }
    }

    fn stored(&self) -> &Stored {
        self.stored.get_or_init(|| read(&self.path, &self.key).unwrap_or_default())
    }

    fn fresh(&self) -> std::sync::MutexGuard<'_, HashMap<Vec<u8>, Vec<u8>>> {
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what is new, together with what was there.
    pub fn save(&self) {
        let fresh = self.fresh();
        if fresh.values().map(Vec::len).sum::<usize>() < WORTH_SAVING {
            return;
        }
        // Another process may have saved since this one read the file.
        let stored = read(&self.path, &self.key).unwrap_or_default();
        let mut bytes = Vec::with_capacity(stored.bytes.len() + (1 << 20));
        for (key, value) in fresh.iter() {
            append(&mut bytes, key, value);
        }
        if bytes.len() + stored.bytes.len() < MAX_BYTES {
            for (key, range) in &stored.index {
                if let Some(value) = stored.bytes.get(range.clone())
                    && !fresh.contains_key(key)
                {
                    append(&mut bytes, key, value);
                }
            }
        }
        if let Err(error) = write(&self.path, &self.key, &bytes) {
            tracing::warn!(%error, "compiled functions cannot be kept; the next build takes longer");
        }
    }
}

impl CacheStore for FunctionCache {
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>> {
        let stored = self.stored();
        if let Some(range) = stored.index.get(key) {
            return stored.bytes.get(range.clone()).map(Cow::Borrowed);
        }
        self.fresh().get(key).cloned().map(Cow::Owned)
    }

    fn insert(&self, key: &[u8], value: Vec<u8>) -> bool {
        self.fresh().insert(key.to_vec(), value);
        true
    }
}

fn append(bytes: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    for part in [key, value] {
        bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
        bytes.extend_from_slice(part);
    }
}

/// Entries of an authentic file; `None` if it is missing, forged or damaged.
fn read(path: &Path, key: &[u8; 32]) -> Option<Stored> {
    let mut bytes = fs::read(path).ok()?;
    let tag = bytes.split_off(bytes.len().checked_sub(32)?);
    if blake3::keyed_hash(key, &bytes) != <[u8; 32]>::try_from(tag).ok()? {
        tracing::warn!(path = %path.display(), "cached functions are not authentic; compiling again");
        return None;
    }
    let mut index = HashMap::new();
    let mut at = 0;
    let mut part = || {
        let length = bytes.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes)?;
        let start = at + 8;
        at = start.checked_add(usize::try_from(length).ok()?)?;
        bytes.get(start..at).map(|_| start..at)
    };
    while let (Some(name), Some(value)) = (part(), part()) {
        index.insert(bytes.get(name)?.to_vec(), value);
    }
    Some(Stored { bytes, index })
}

fn write(path: &Path, key: &[u8; 32], bytes: &[u8]) -> std::io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut file = NamedTempFile::new_in(directory)?;
    file.write_all(bytes)?;
    file.write_all(blake3::keyed_hash(key, bytes).as_bytes())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
