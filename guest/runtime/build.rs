//! Has the linker note what refers to what, and make pointers to functions look
//! like nothing else: both for `guest/passes/src/prune.rs`.

/// See `guest/passes/src/dispatch.rs`.
const TABLE: u32 = 1 << 31 | 1 << 14;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_FAMILY").is_ok_and(|family| family == "wasm") {
        println!("cargo::rustc-link-arg-cdylib=--emit-relocs");
        println!("cargo::rustc-link-arg-cdylib=--table-base={TABLE}");
    }
}
