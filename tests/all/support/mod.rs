//! What the tests share: running the program, starting servers, asking them,
//! building modules once a run, comparing answers.

pub mod answers;
pub mod command;
pub mod component;
pub mod guests;
pub mod http;
pub mod modules;
pub mod server;

pub use command::outpost;
pub use server::Server;

use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A file or folder of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(path)
}

/// A directory that is gone after the test.
pub fn scratch() -> TempDir {
    TempDir::with_prefix_in("outpost-", env!("CARGO_TARGET_TMPDIR")).unwrap()
}

pub fn write(directory: &TempDir, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = directory.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

/// Names of what a directory holds.
pub fn files(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
