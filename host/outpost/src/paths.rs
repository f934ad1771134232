//! Files and directories: reading them with errors that name them, writing them
//! all or nothing, and the place of the cache.

use crate::cli::CacheOptions;
use crate::failure::Failure;
use outpost_package::{Grants, ModuleFile, Trust, VerifiedModule};
use outpost_sandbox::{Cache, Sandbox, SandboxOptions};
use std::ffi::OsString;
use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::at(path, error))
}

pub fn read_text(path: &Path) -> Result<String, Failure> {
    let bytes = read(path)?;
    String::from_utf8(bytes).map_err(|_| Failure::at(path, "this is not a text file (UTF-8)"))
}

/// Opens what a command reads, `-` for standard input; with its size, if that is known.
pub fn open(path: &Path) -> Result<(Box<dyn Read>, Option<u64>), Failure> {
    if path == Path::new("-") {
        return Ok((Box::new(io::stdin().lock()), None));
    }
    let file = File::open(path).map_err(|error| Failure::at(path, error))?;
    let size = file.metadata().ok().map(|metadata| metadata.len());
    Ok((Box::new(file), size))
}

/// Reads a module file to look at it.
pub fn read_file(path: &Path) -> Result<ModuleFile, Failure> {
    ModuleFile::read(read(path)?).map_err(|error| Failure::at(path, error))
}

/// Reads a module file that is to run with `grants`, and checks it.
pub fn read_module(path: &Path, grants: Grants) -> Result<VerifiedModule, Failure> {
    let file = read_file(path)?;
    file.verify(Trust::Unsigned, grants).map_err(|error| Failure::at(path, error))
}

/// The directory of a file; `.` for a bare name.
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// Writes a file so that it is there whole or not at all.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let written = Destination::open(path).and_then(|mut destination| {
        destination.file().write_all(bytes)?;
        destination.commit()
    });
    written.map_err(|error| Failure::at(path, error))
}

/// Where a file is being written.
pub enum Destination {
    /// Beside the file that it becomes once it is whole.
    Beside(NamedTempFile, PathBuf),
    /// Into what is there: a device or a pipe takes what comes. To move a file
    /// in its place, as root over `/dev/null` say, would ruin the machine.
    Straight(File),
}

impl Destination {
    /// Starts to write what will be found at `path`, through symbolic links.
    pub fn open(path: &Path) -> io::Result<Self> {
        let target = match path.canonicalize() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
            found => found?,
        };
        if target.metadata().is_ok_and(|metadata| !metadata.is_file()) {
            return Ok(Self::Straight(File::options().write(true).open(target)?));
        }
        let file = NamedTempFile::with_prefix_in(".outpost-", parent(&target))?;
        // Temporary files are private; what a command writes is not.
        file.as_file().set_permissions(Permissions::from_mode(0o644))?;
        Ok(Self::Beside(file, target))
    }

    /// To write to.
    pub fn file(&mut self) -> &mut File {
        match self {
            Self::Beside(file, _) => file.as_file_mut(),
            Self::Straight(file) => file,
        }
    }

    /// Makes what was written appear at its path.
    pub fn commit(self) -> io::Result<()> {
        if let Self::Beside(file, target) = self {
            file.as_file().sync_all()?;
            file.persist(target).map_err(|error| error.error)?;
        }
        Ok(())
    }
}

/// A sandbox over the cache that the options name.
pub fn sandbox(cache: &CacheOptions, options: SandboxOptions) -> Result<Sandbox, Failure> {
    let directory = cache_directory(cache.cache.clone(), |name| std::env::var_os(name))?;
    let cache = Cache::open(&directory).map_err(|error| {
        Failure::new(error.to_string()).hint("choose another directory with --cache")
    })?;
    Ok(Sandbox::new(options, Some(cache))?)
}

/// By the XDG base directory specification.
fn cache_directory(
    stated: Option<PathBuf>,
    variable: impl Fn(&str) -> Option<OsString>,
) -> Result<PathBuf, Failure> {
    let variable = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    stated
        .or_else(|| Some(variable("XDG_CACHE_HOME")?.join("outpost")))
        .or_else(|| Some(variable("HOME")?.join(".cache/outpost")))
        .ok_or_else(|| {
            Failure::new(
                "there is no place for compiled code: neither HOME nor XDG_CACHE_HOME is set",
            )
            .hint("name a directory with --cache")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_where_one_looks_for_it() {
        let home = |name: &str| (name == "HOME").then(|| OsString::from("/home/a"));
        let xdg = |name: &str| match name {
            "HOME" => Some(OsString::from("/home/a")),
            "XDG_CACHE_HOME" => Some(OsString::from("/var/cache")),
            _ => None,
        };
        let found = |stated: Option<&str>, variable: &dyn Fn(&str) -> Option<OsString>| {
            cache_directory(stated.map(PathBuf::from), variable).ok()
        };
        assert_eq!(found(Some("/c"), &xdg), Some("/c".into()));
        assert_eq!(found(None, &xdg), Some("/var/cache/outpost".into()));
        assert_eq!(found(None, &home), Some("/home/a/.cache/outpost".into()));
        assert_eq!(found(None, &|_| None), None);
    }
}
