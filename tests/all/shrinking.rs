//! Shrinking guests: what is the same merges, what nobody calls goes, and what
//! remains is valid.

use outpost_passes::{DISTINCTIVE, shrink};
use wasmparser::{Parser, Payload, Validator};

fn functions(wasm: &[u8]) -> usize {
    Validator::new().validate_all(wasm).unwrap();
    let code = |payload: &Payload<'_>| matches!(payload, Payload::CodeSectionEntry(_));
    Parser::new(0).parse_all(wasm).map(Result::unwrap).filter(code).count()
}

#[test]
fn twins_merge_with_their_callers_and_orphans_go() {
    let text = r#"(module
            (import "host" "note" (func $note (param i32)))
            (table 2 funcref)
            (elem (i32.const 0) $left $right)
            (func $left_leaf (result i32) i32.const 7)
            (func $right_leaf (result i32) i32.const 7)
            (func $left (result i32) call $left_leaf)
            (func $right (result i32) call $right_leaf)
            (func $orphan (result i32) i32.const 8)
            (func $used_by_stub (result i32) i32.const 9)
            (func $fourier (result i32) call $used_by_stub NOPS)
            (func (export "run") (result i32)
                (call $note (call $fourier))
                (i32.add (call $left) (call $right)))
        )"#;
    let wasm = wat::parse_str(text.replace("NOPS", &"nop ".repeat(DISTINCTIVE))).unwrap();
    assert_eq!(functions(&wasm), 8);
    // One leaf, one caller of it, the stub, and `run`.
    assert_eq!(functions(&shrink(&wasm, &["fourier"]).unwrap()), 4);
    // Without the stub, what it calls stays.
    assert_eq!(functions(&shrink(&wasm, &[]).unwrap()), 5);
    assert!(shrink(&wasm, &["no such name"]).is_err());
}

#[test]
fn signatures_keep_functions_apart() {
    let wasm = wat::parse_str(
        r#"(module
            (func (export "a") (param i32))
            (func (export "b") (param i64))
        )"#,
    )
    .unwrap();
    assert_eq!(functions(&shrink(&wasm, &[]).unwrap()), 2);
}
