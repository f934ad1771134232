//! Modules for the tests, each built once a run, over a cache of compiled code
//! that outlives the run.

use super::answers::Tolerance;
use super::{outpost, repository, scratch};
use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, OnceLock};
use tempfile::TempDir;

/// Beyond this the cache, which never forgets, starts afresh.
const MOST_CACHED: u64 = 4 << 30;

fn home() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

/// The cache that all tests share.
pub fn cache() -> &'static Path {
    static CACHE: LazyLock<PathBuf> = LazyLock::new(|| {
        let path = home().join("cache");
        if size(&path) > MOST_CACHED {
            let _ = fs::remove_dir_all(&path);
        }
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&path).unwrap();
        path
    });
    &CACHE
}

fn size(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
}

/// A module under a name of its own, built by `build` the first time that the
/// run asks for it.
pub fn once(name: &str, build: impl FnOnce(&Path)) -> PathBuf {
    static BUILT: LazyLock<Mutex<HashMap<String, Arc<OnceLock<PathBuf>>>>> =
        LazyLock::new(Mutex::default);
    let slot = Arc::clone(BUILT.lock().unwrap().entry(name.into()).or_default());
    slot.get_or_init(|| {
        let directory = home().join("modules");
        fs::create_dir_all(&directory).unwrap();
        let path = directory.join(format!("{name}.wasm"));
        let _ = fs::remove_file(&path);
        build(&path);
        path
    })
    .clone()
}

fn build(source: &Path, output: &Path) {
    let (source, output) = (source.to_str().unwrap(), output.to_str().unwrap());
    outpost(["build", source, "-o", output]).run().success();
}

/// The runtime is compiled by whoever builds the first ONNX model on a machine.
/// Let it be one, while the others wait.
pub fn warm_up() {
    sample("wine");
}

/// A model of `models/`.
pub fn sample(name: &str) -> PathBuf {
    if name != "wine" {
        warm_up();
    }
    once(name, |output| build(&repository(&format!("models/{name}/manifest.toml")), output))
}

/// A model of `tests/fixtures/`, which must meet its reference cases closely.
pub fn fixture(name: &str) -> PathBuf {
    warm_up();
    once(name, |output| build(&fixture_manifest(&scratch(), name, ""), output))
}

/// A model of `tests/fixtures/blocks/`, with blocks around it.
pub fn with_blocks(name: &str) -> PathBuf {
    warm_up();
    let manifest = repository(&format!("tests/fixtures/blocks/{name}/manifest.toml"));
    once(&format!("{name}-blocks"), |output| build(&manifest, output))
}

/// The penguins of `tests/fixtures/blocks/` under another name and a manifest that is
/// changed, which cannot meet the same reference cases.
pub fn penguins(name: &str, change: impl FnOnce(&str) -> String) -> PathBuf {
    warm_up();
    once(name, |output| {
        let folder = repository("tests/fixtures/blocks/penguins");
        let manifest = fs::read_to_string(folder.join("manifest.toml")).unwrap();
        let (manifest, _) = manifest.split_once("[reference]").unwrap();
        let model = folder.join("model.onnx");
        let named = format!("name = \"{name}\"\nmodel = \"{}\"", model.display());
        let manifest = change(manifest).replacen("name = \"penguins\"", &named, 1);
        let directory = scratch();
        build(&super::write(&directory, "manifest.toml", manifest), output);
    })
}

/// A model of `tests/fixtures/blocks/` that does not build with `more` in its manifest.
#[track_caller]
pub fn refused(name: &str, more: &str, words: &[&str]) {
    let model = repository(&format!("tests/fixtures/blocks/{name}/model.onnx"));
    let directory = scratch();
    let text = format!("name = \"m\"\nmodel = \"{}\"\n{more}\n", model.display());
    let manifest = super::write(&directory, "manifest.toml", text);
    let arguments = ["build", manifest.to_str().unwrap()];
    outpost(arguments).directory(directory.path()).run().failure(1, words);
}

/// How closely a fixture must give ONNX Runtime's answers.
pub fn closely(name: &str) -> Tolerance {
    // Sums of a thousand products, in another order than there.
    let absolute = if name == "dft" { 1e-3 } else { 1e-6 };
    Tolerance { absolute, relative: 1e-5 }
}

/// Writes a manifest for a fixture, with more lines to it.
pub fn fixture_manifest(directory: &TempDir, name: &str, more: &str) -> PathBuf {
    let fixtures = repository("tests/fixtures");
    let text = format!(
        "name = \"{name}\"\nmodel = \"{0}/{name}.onnx\"\n{more}\n\
         [reference]\ncases = \"{0}/{name}.cases.json\"\nabsolute = {1}\nrelative = {2}\n",
        fixtures.display(),
        closely(name).absolute,
        closely(name).relative,
    );
    super::write(directory, "manifest.toml", text)
}

/// A guest of `tests/guests/`, by the path of its `.wasm`.
pub fn guest(path: &str) -> PathBuf {
    guest_with(path, "")
}

/// The same with limits, as lines of the manifest's table of that name.
pub fn guest_with(path: &str, limits: &str) -> PathBuf {
    let stem = Path::new(path).file_stem().unwrap().to_str().unwrap();
    let name = match limits {
        "" => stem.to_string(),
        limits => format!("{stem} {}", limits.replace('\n', " ")),
    };
    once(&name, |output| drop(build_guest(path, limits, output).success()))
}

/// Tries to build a guest.
pub fn build_guest(path: &str, limits: &str, output: &Path) -> super::command::Outcome {
    let stem = Path::new(path).file_stem().unwrap().to_str().unwrap();
    let directory = scratch();
    let manifest = format!("name = \"{stem}\"\n[limits]\n{limits}\n");
    let manifest = super::write(&directory, "manifest.toml", manifest);
    let (manifest, output) = (manifest.to_str().unwrap(), output.to_str().unwrap());
    outpost(["build", manifest, "--guest", path, "-o", output]).run()
}

/// A directory that holds `modules`.
pub fn directory_of(modules: &[PathBuf]) -> TempDir {
    let directory = scratch();
    for module in modules {
        fs::copy(module, directory.path().join(module.file_name().unwrap())).unwrap();
    }
    directory
}
