//! The same input gives the same bytes, wherever and with whatever cache.

use crate::support::{modules, outpost, repository, scratch};
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

#[track_caller]
fn build(source: &Path, from: &Path, cache: &Path) -> Vec<u8> {
    let directory = scratch();
    let output = directory.path().join("again.wasm");
    outpost(["build", source.to_str().unwrap(), "-o", output.to_str().unwrap()])
        .directory(from)
        .cache(cache)
        .run()
        .success();
    fs::read(output).unwrap()
}

#[test]
fn building_twice_gives_the_same_bytes() {
    let first = fs::read(modules::sample("diabetes")).unwrap();
    let manifest = repository("models/diabetes/manifest.toml");
    assert!(first == build(&manifest, Path::new("/"), modules::cache()));
}

#[test]
fn another_directory_and_a_fresh_cache_give_the_same_bytes() {
    let first = fs::read(modules::sample("wine")).unwrap();
    let (copy, cache) = (scratch(), scratch());
    for file in ["manifest.toml", "model.onnx", "cases.json"] {
        fs::copy(repository("models/wine").join(file), copy.path().join(file)).unwrap();
    }
    let cache = cache.path().join("fresh");
    fs::DirBuilder::new().mode(0o700).create(&cache).unwrap();
    assert!(first == build(Path::new("manifest.toml"), copy.path(), &cache));
}
