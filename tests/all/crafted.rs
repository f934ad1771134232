//! Modules that no compiler would write: components put together by hand to be
//! wrong in one way. Those that show it at the start keep the server from
//! starting, with the file named; the others cost one request.

use crate::support::component::{self, REALLOC, core, place};
use crate::support::server::{serve, vector};
use crate::support::{Server, guests, modules, scratch, write};
use serde_json::{Value, json};
use std::fs;
use tempfile::TempDir;

const MEMORY: &str = "(memory 1)";

/// A directory with a neighbour.
fn directory() -> TempDir {
    modules::directory_of(&[modules::guest(guests::TWICE)])
}

/// Serving a module must fail, and say of which file and why.
#[track_caller]
fn check_refused(module: &[u8], words: &[&str]) {
    let directory = directory();
    write(&directory, "crafted.wasm", module);
    let message = serve(directory.path(), &[]).run().failure(1, words);
    assert!(message.contains("crafted.wasm") && !message.contains("twice.wasm"), "{message}");
}

#[track_caller]
fn check_core_refused(core: &str, words: &[&str]) {
    check_refused(&component::sealed(&component::componentize(core)), words);
}

/// A request to a module of `core` must be refused so, and the server live on.
#[track_caller]
fn check_request(core: &str, request: &Value, status: u16, words: &[&str]) {
    let directory = directory();
    place(&directory, core);
    let server = Server::configured(directory.path(), "[limits]\ndeadline_ms = 500\n");
    for _ in 0..3 {
        server.infer("crafted", request).refusal(status, words);
        server.assert_neighbour_answers();
    }
}

fn nothing() -> Value {
    json!({"inputs": []})
}

/// That the ones below fail for their fault, not for being made by hand.
#[test]
fn one_without_a_fault_answers() {
    let directory = directory();
    place(&directory, &core(MEMORY, REALLOC, "nop"));
    let server = Server::start(directory.path());
    let answer = server.infer("crafted", &nothing()).ok();
    assert_eq!(answer, json!({"model_name": "crafted", "model_version": "1.0.0", "outputs": []}));
}

#[test]
fn huge_initial_memory() {
    check_core_refused(&core("(memory 1025)", REALLOC, "nop"), &["64 MiB of memory"]);
    check_core_refused(&core("(memory 65536)", REALLOC, "nop"), &["memory"]);
}

#[test]
fn many_memories() {
    let memories = "(memory 1)".repeat(100);
    check_core_refused(&core(&memories, REALLOC, "nop"), &["memories"]);
}

#[test]
fn huge_initial_table() {
    let table = format!("{REALLOC} (table 10000000 funcref)");
    check_core_refused(&core(MEMORY, &table, "nop"), &["table"]);
}

#[test]
fn table_growth() {
    let table = format!("{REALLOC} (table $t 1 funcref)");
    let growth = "(table.grow $t (ref.null func) (i32.const 100000000))";
    let grow = format!("(if (i32.ne {growth} (i32.const -1)) (then unreachable))");
    let directory = directory();
    place(&directory, &core(MEMORY, &table, &grow));
    let server = Server::start(directory.path());
    // Refused, as it may be; the module does not mind.
    server.infer("crafted", &nothing()).ok();
    let insist = format!("(drop {growth}) unreachable");
    check_request(&core(MEMORY, &table, &insist), &nothing(), 500, &["table elements"]);
}

#[test]
fn endless_recursion() {
    let recursion = format!("{REALLOC} (func $r (param i64) (call $r (local.get 0)))");
    let call = "(call $r (i64.const 1))";
    check_request(&core(MEMORY, &recursion, call), &nothing(), 500, &["stack"]);
}

#[test]
fn a_start_function_that_loops() {
    let start = format!("{REALLOC} (func $s (loop br 0)) (start $s)");
    check_core_refused(&core(MEMORY, &start, "nop"), &["deadline"]);
}

#[test]
fn a_start_function_that_traps() {
    let start = format!("{REALLOC} (func $s unreachable) (start $s)");
    check_core_refused(&core(MEMORY, &start, "nop"), &["fault"]);
}

#[test]
fn an_allocator_that_lies() {
    let lies = |body: &str| {
        let realloc =
            format!("(func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) {body})");
        core(MEMORY, &realloc, "nop")
    };
    let request = vector(&[1.0, 2.0]);
    for place in ["i32.const -8", "i32.const 65528", "i32.const 3"] {
        check_request(&lies(place), &request, 500, &["malformed answer"]);
    }
    check_request(&lies("unreachable"), &request, 500, &["fault"]);
    check_request(&lies("(loop br 0) unreachable"), &request, 504, &["deadline"]);
}

#[test]
fn a_result_that_is_none() {
    let result = |pointer: &str| core(MEMORY, REALLOC, &format!("i32.const {pointer} return"));
    for pointer in ["-4", "65532", "193"] {
        check_request(&result(pointer), &nothing(), 500, &["malformed answer"]);
    }
    // A case that the result does not have, then a list past the end.
    let case = "(i32.store8 (i32.const 192) (i32.const 7))";
    check_request(&core(MEMORY, REALLOC, case), &nothing(), 500, &["malformed answer"]);
    let list = "(i32.store (i32.const 196) (i32.const 256)) (i32.store (i32.const 200) (i32.const 0x7ffffff))";
    check_request(&core(MEMORY, REALLOC, list), &nothing(), 500, &["malformed answer"]);
}

/// An answer in the caller's name with more violations than anybody could read.
#[test]
fn a_flood_of_violations() {
    // result: error, invalid, a list of 1500 times the same zeroed violation.
    let flood = "(i32.store8 (i32.const 192) (i32.const 1)) (i32.store8 (i32.const 196) (i32.const 0)) \
        (i32.store (i32.const 200) (i32.const 1024)) (i32.store (i32.const 204) (i32.const 1500))";
    check_request(&core(MEMORY, REALLOC, flood), &nothing(), 400, &[]);
}

#[test]
fn imports_are_not_granted() {
    let component = |import: &str| {
        let text = format!(
            "(component (import \"{import}\" (instance $i)) \
             (export \"outpost:model/inference@0.1.0\" (instance $i)))"
        );
        component::sealed(&wat::parse_str(text).unwrap())
    };
    for import in ["wasi:cli/environment@0.2.0", "wasi:sockets/tcp@0.2.0", "acme:unknown/thing"] {
        check_refused(&component(import), &["imports", import]);
    }
}

#[test]
fn the_right_name_over_the_wrong_types() {
    let empty =
        "(component (instance $i) (export \"outpost:model/inference@0.1.0\" (instance $i)))";
    check_refused(&component::sealed(&wat::parse_str(empty).unwrap()), &["linked"]);
}

#[test]
fn a_manifest_that_does_not_hold_what_it_says() {
    let component = component::componentize(&core(MEMORY, REALLOC, "nop"));
    check_refused(
        &component::sealed_as("somebody-else", &component),
        &["`crafted 1.0.0`", "`somebody-else 1.0.0`"],
    );
    check_refused(&component, &["no manifest"]);
    // Code behind the sections that are sealed last.
    let mut longer = component::sealed(&component);
    longer.extend_from_slice(&[1, 8, 0, b'a', b's', b'm', 1, 0, 0, 0]);
    check_refused(&longer, &[]);
}

#[test]
fn damaged_files_are_named_and_all_of_them() {
    let whole = fs::read(modules::guest(guests::TWICE)).unwrap();
    let directory = directory();
    write(&directory, "a.wasm", &whole[..whole.len() / 2]);
    write(&directory, "b.wasm", "no wasm at all");
    write(&directory, "c.wasm", wat::parse_str("(module)").unwrap());
    let words = ["a.wasm", "truncated", "b.wasm", "not a WebAssembly file", "c.wasm", "core"];
    let message = serve(directory.path(), &[]).run().failure(1, &words);
    assert!(!message.contains("twice.wasm"), "{message}");
}

/// Whatever a file holds, reading it ends with a message.
#[test]
fn any_byte_may_be_wrong() {
    let whole = fs::read(modules::guest(guests::TWICE)).unwrap();
    let (directory, cache) = (scratch(), scratch());
    let path = write(&directory, "flipped.wasm", "");
    let mut state = 7_u64;
    for _ in 0..60 {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let mut bytes = whole.clone();
        let at = (state >> 33) as usize % bytes.len();
        bytes[at] ^= 1 << (state & 7);
        fs::write(&path, bytes).unwrap();
        let outcome = crate::support::outpost(["run", path.to_str().unwrap()])
            .stdin(vector(&[1.0]).to_string())
            .cache(cache.path())
            .run();
        assert!(matches!(outcome.code, Some(0 | 1)), "byte {at}: {outcome:?}");
        assert!(!outcome.stderr.contains("panicked"), "byte {at}: {outcome:?}");
    }
}
