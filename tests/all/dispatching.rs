//! Calls through code instead of a table: the same answers, the same traps,
//! and no table left.

use outpost_passes::{dispatch, exports_last};
use wasmparser::{Parser, Payload, Validator};
use wasmtime::{Engine, Instance, Module, Store};

const GUEST: &str = r#"(module
    (type $number (func (result i32)))
    (type $same (func (result i32)))
    (type $sum (func (param i32 i64) (result i64)))
    (type $lonely (func (param f32) (result f32)))
    (memory (export "memory") 1)
    (global (export "OUTPOST_DISPATCH") i32 (i32.const 1024))
    (data (i32.const 0) "data of its own")
    (table 8 funcref)
    (elem (i32.const 1) $seven $plus $eight $seven $minus $half)
    (func $seven (export "seven") (type $number) i32.const 7)
    (func $eight (type $same) i32.const 8)
    (func $plus (type $sum) (i64.add (i64.extend_i32_s (local.get 0)) (local.get 1)))
    (func $minus (type $sum) (i64.sub (i64.extend_i32_s (local.get 0)) (local.get 1)))
    (func $half (type $lonely) (f32.mul (local.get 0) (f32.const 0.5)))
    (func (export "number") (param i32) (result i32) (call_indirect (type $number) (local.get 0)))
    (func (export "same") (param i32) (result i32) (call_indirect (type $same) (local.get 0)))
    (func (export "sum") (param i32) (result i64)
        (call_indirect (type $sum) (i32.const 3) (i64.const 40) (local.get 0)))
    (func (export "half") (param i32) (result f32)
        (call_indirect (type $lonely) (f32.const 3) (local.get 0)))
)"#;

/// What each of the exports gives for each index of the table, counted from `base`;
/// `None` is a trap.
fn answers(wasm: &[u8], base: u32) -> Vec<Option<i64>> {
    let engine = Engine::default();
    let module = Module::new(&engine, wasm).unwrap();
    let mut answers = Vec::new();
    for slot in (base..).take(8).map(u32::cast_signed) {
        for name in ["number", "same"] {
            let mut store = Store::new(&engine, ());
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let call = instance.get_typed_func::<i32, i32>(&mut store, name).unwrap();
            answers.push(call.call(&mut store, slot).ok().map(i64::from));
        }
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let call = instance.get_typed_func::<i32, i64>(&mut store, "sum").unwrap();
        answers.push(call.call(&mut store, slot).ok());
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let call = instance.get_typed_func::<i32, f32>(&mut store, "half").unwrap();
        answers.push(call.call(&mut store, slot).ok().map(|half| i64::from(half.to_bits())));
    }
    answers
}

#[test]
fn answers_and_traps_stay_what_they_were() {
    let before = wat::parse_str(GUEST).unwrap();
    let after = dispatch(&before).unwrap();
    Validator::new().validate_all(&after).unwrap();
    let table = |payload: &Payload<'_>| match payload {
        Payload::TableSection(section) => section.count() > 0,
        Payload::ElementSection(section) => section.count() > 0,
        _ => false,
    };
    assert!(Parser::new(0).parse_all(&before).map(Result::unwrap).any(|payload| table(&payload)));
    assert!(!Parser::new(0).parse_all(&after).map(Result::unwrap).any(|payload| table(&payload)));

    let expected = answers(&before, 0);
    assert_eq!(expected.iter().flatten().count(), 2 * 3 + 2 + 1, "{expected:?}");
    assert_eq!(answers(&after, 0), expected);
}

/// Another order of functions changes nothing, in a module with a table or without.
#[test]
fn exports_may_come_last() {
    let before = wat::parse_str(GUEST).unwrap();
    for wasm in [before.clone(), dispatch(&before).unwrap()] {
        let after = exports_last(&wasm).unwrap();
        Validator::new().validate_all(&after).unwrap();
        assert_ne!(after, wasm);
        assert_eq!(answers(&after, 0), answers(&wasm, 0));
    }
}

/// Function pointers that no other number looks like.
#[test]
fn tagged_pointers_work_like_others() {
    let base = (1_u32 << 31) | (1 << 14);
    let tagged = wat::parse_str(
        GUEST
            .replace("i32.const 1024", "i32.const 34816")
            .replace("(elem (i32.const 1)", &format!("(elem (i32.const {})", base + 1)),
    )
    .unwrap();
    let expected = answers(&wat::parse_str(GUEST).unwrap(), 0);
    assert_eq!(answers(&dispatch(&tagged).unwrap(), base), expected);
}

#[test]
fn a_table_that_may_change_is_refused() {
    let refused = |text: String, why: &str| {
        let error = dispatch(&wat::parse_str(text).unwrap()).unwrap_err();
        assert!(error.contains(why), "{error}");
    };
    let setting = "(func (table.set (i32.const 0) (ref.null func))))";
    refused(GUEST.trim_end().trim_end_matches(')').to_owned() + setting, "more than calls");
    refused(GUEST.replace("(table 8", r#"(table (export "table") 8"#), "exported");
    refused(GUEST.replace("OUTPOST_DISPATCH", "OTHER"), "OUTPOST_DISPATCH");
}
