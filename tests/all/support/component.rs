//! Modules written by hand: a core module as text becomes a component of the
//! contract, sealed with a manifest, as `outpost build` would never write it.

use super::{repository, write};
use outpost_package::{ManifestFile, seal};
use std::path::PathBuf;
use tempfile::TempDir;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

/// A core module of the contract that takes and gives nothing, but for what
/// `extra` adds and `infer` does before it answers. `memory` is its own.
pub fn core(memory: &str, extra: &str, infer: &str) -> String {
    format!(
        r#"(module
            {memory}
            (export "memory" (memory 0))
            (data (i32.const 64) "crafted")
            (data (i32.const 80) "1.0.0")
            ;; description: name, version, no inputs, no outputs
            (data (i32.const 128) "\40\00\00\00\07\00\00\00\50\00\00\00\05\00\00\00")
            ;; result: ok, an empty list
            (data (i32.const 192) "\00\00\00\00\00\00\00\00\00\00\00\00")
            {extra}
            (func (export "outpost:model/inference@0.1.0#describe") (result i32)
                i32.const 128)
            (func (export "outpost:model/inference@0.1.0#infer") (param i32 i32) (result i32)
                {infer}
                i32.const 192)
        )"#
    )
}

/// An allocator of the simplest kind: a pointer that moves on.
pub const REALLOC: &str = r#"
    (global $next (mut i32) (i32.const 4096))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
        (global.set $next (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
        (global.get $next)
        (global.set $next (i32.add (global.get $next) (local.get 3))))"#;

/// Makes a component of it.
pub fn componentize(core: &str) -> Vec<u8> {
    componentize_with(core, &[], "module")
}

/// The same for a world of the last of more packages.
pub fn componentize_with(core: &str, packages: &[&str], world: &str) -> Vec<u8> {
    let mut module = wat::parse_str(core).unwrap();
    let contract = std::fs::read_to_string(repository("wit/model.wit")).unwrap();
    let mut resolve = wit_parser::Resolve::default();
    let mut package = resolve.push_source("model.wit", &contract).unwrap();
    for source in packages {
        package = resolve.push_source("more.wit", source).unwrap();
    }
    let world = resolve.select_world(&[package], Some(world)).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().validate(false).encode().unwrap()
}

/// Adds a manifest under the name `crafted`.
pub fn sealed(component: &[u8]) -> Vec<u8> {
    sealed_as("crafted", component)
}

/// Adds a manifest under any name, with 64 MiB of memory.
pub fn sealed_as(name: &str, component: &[u8]) -> Vec<u8> {
    sealed_version(name, "1.0.0", component)
}

/// The same with any version.
pub fn sealed_version(name: &str, version: &str, component: &[u8]) -> Vec<u8> {
    let text = format!("name = \"{name}\"\nversion = \"{version}\"\n[limits]\nmemory_mib = 64\n");
    seal(component, &ManifestFile::parse(&text).unwrap().resolve(), None).unwrap()
}

/// Writes a module of `core` into a directory.
pub fn place(directory: &TempDir, core: &str) -> PathBuf {
    write(directory, "crafted.wasm", sealed(&componentize(core)))
}
