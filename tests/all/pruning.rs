//! Cutting out of a module what its model does not use: what can be reached stays,
//! be it by a call, by an address in code, in static data or on the heap.

use crate::support::modules;
use outpost_passes::{Dispatcher, Object, References, Uses};
use wasmparser::{Parser, Payload, Validator};
use wasmtime::{Engine, Instance, Module, Store};

/// Function pointers are tagged numbers, static data stands at 512, where the array
/// of their numbers is, and from 1024 to 1056, the heap above.
const GUEST: &str = r#"(module
    (memory (export "memory") 1)
    (data (i32.const 512) "\00\00\01\00\02\00\03\00\04\00")
    (data (i32.const 1040) "\02\00\00\80")
    (data (i32.const 2049) "HEAP")
    (func $direct (result i32) i32.const 10)
    (func $by_heap (result i32) i32.const 11)
    (func $by_static (result i32) i32.const 12)
    (func $by_code (result i32) i32.const 13)
    (func $by_nothing (result i32) call $only_by_nothing)
    (func $only_by_nothing (result i32) i32.const 14)
    (func $prepares (result i32) call $helper)
    (func $helper (result i32) i32.const 15)
    (func $optimiser (result i32) call $prepares)
    (func $dispatcher (param i32) (result i32) unreachable)
    (func (export "freeze") (result i32) call $optimiser)
    (func (export "run") (param i32) (result i32)
        (drop (i32.const 1024))
        (i32.add (call $direct) (call $dispatcher (local.get 0))))
    (func (export "careless") (result i32) call $prepares)
)"#;

const TAG: u32 = 1 << 31;

fn references() -> References {
    let object = |start, functions: &[u32]| Object {
        start,
        size: 16,
        uses: Uses { functions: functions.iter().copied().collect(), ..Uses::default() },
    };
    let run = 11;
    References {
        // The first object only gets its pointer when a module is frozen.
        objects: vec![object(512, &[]), object(1024, &[]), object(1040, &[4])],
        functions: [
            (run, Uses { objects: [1].into(), functions: [3].into() }),
            (9, Uses { objects: [0].into(), ..Uses::default() }),
        ]
        .into(),
        pointers: [(TAG + 1, 1), (TAG + 2, 2), (TAG + 3, 3), (TAG + 4, 4)].into(),
        preparing: [6].into(),
        preparers: [8].into(),
        done: [].into(),
        dispatchers: vec![Dispatcher {
            function: 9,
            parameters: 0,
            first: 1,
            targets: vec![1, 2, 3, 4],
            array: 512,
        }],
    }
}

/// `GUEST` with this word at 2049 to 2053 and another in the first object.
fn frozen(heap: &str, object: &str) -> Vec<u8> {
    let text = GUEST.replace("HEAP", heap);
    let data = format!(r#"(data (i32.const 1028) "{object}")"#);
    wat::parse_str(
        text.replace("(data (i32.const 2049)", &format!("{data} (data (i32.const 2049)")),
    )
    .unwrap()
}

/// Prunes by these references of a guest whose memory was empty.
fn prune(wasm: &[u8], references: &References, unwanted: &[&str]) -> Result<Vec<u8>, String> {
    let mut guest = wat::parse_str("(module)").unwrap();
    guest.extend(references.section().unwrap());
    outpost_passes::prune(wasm, &guest, unwanted)
}

fn functions(wasm: &[u8]) -> usize {
    Validator::new().validate_all(wasm).unwrap();
    let code = |payload: &Payload<'_>| matches!(payload, Payload::CodeSectionEntry(_));
    Parser::new(0).parse_all(wasm).map(Result::unwrap).filter(code).count()
}

fn run(wasm: &[u8], pointer: u32) -> Option<i32> {
    let engine = Engine::default();
    let module = Module::new(&engine, wasm).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let call = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
    call.call(&mut store, pointer.cast_signed()).ok()
}

#[test]
fn what_nothing_reaches_goes_and_a_call_of_it_is_a_trap() {
    let wasm = frozen("\\00\\00\\00\\00", "\\00\\00\\00\\00");
    assert_eq!(functions(&wasm), 13);
    let pruned = prune(&wasm, &references(), &["freeze", "careless"]).unwrap();
    // `run`, what it calls, and what it has the address of.
    assert_eq!(functions(&pruned), 4);
    assert_eq!(run(&pruned, TAG + 3), Some(10 + 13));
    for pointer in [TAG + 1, TAG + 2, TAG + 4, 0] {
        assert_eq!(run(&pruned, pointer), None);
    }
}

/// The heap's pointer lies across the start of a segment, as zeros are left out.
#[test]
fn pointers_in_memory_keep_what_they_point_to() {
    let mut other = references();
    other.pointers = [(TAG + 0x100, 1), (TAG + 2, 2), (TAG + 3, 3)].into();
    let wasm = frozen("\\01\\00\\80\\00", "\\00\\00\\00\\00");
    let pruned = prune(&wasm, &other, &["freeze", "careless"]).unwrap();
    assert_eq!(functions(&pruned), 5);
    assert_eq!(run(&pruned, TAG + 1), Some(10 + 11));
    assert_eq!(run(&pruned, TAG + 2), None);

    // What freezing left in the first object leads to the second, and on.
    let wasm = frozen("\\00\\00\\00\\00", "\\13\\04\\00\\00");
    let pruned = prune(&wasm, &references(), &["freeze", "careless"]).unwrap();
    assert_eq!(functions(&pruned), 7);
    assert_eq!(run(&pruned, TAG + 2), Some(10 + 12));
    assert_eq!(run(&pruned, TAG + 1), None);
}

#[test]
fn what_prepares_stays_only_with_what_calls_it() {
    let wasm = frozen("\\00\\00\\00\\00", "\\00\\00\\00\\00");
    let careless = |wasm: &[u8]| {
        let engine = Engine::default();
        let module = Module::new(&engine, wasm).unwrap();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let call = instance.get_typed_func::<(), i32>(&mut store, "careless").unwrap();
        call.call(&mut store, ()).ok()
    };
    let without = prune(&wasm, &references(), &["freeze"]).unwrap();
    assert_eq!(careless(&without), None);
    let with = prune(&wasm, &references(), &[]).unwrap();
    assert_eq!(careless(&with), Some(15));
    assert_eq!(functions(&with), functions(&without) + 3);
}

/// A model of a few operators is a small part of the runtime.
#[test]
fn a_small_model_is_a_small_module() {
    let module = modules::sample("diabetes");
    let size = std::fs::metadata(&module).unwrap().len() as usize;
    assert!(size < outpost::RUNTIME.len() / 2, "{size} bytes of {}", outpost::RUNTIME.len());
}
