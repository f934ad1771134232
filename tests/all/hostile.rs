//! Guests that misbehave. Each costs one request, or is never built: its
//! neighbour on the same server goes on answering, and memory returns to where
//! it was.

use crate::support::guests::{self, for_each_guest};
use crate::support::server::vector;
use crate::support::{Server, files, modules, scratch};
use serde_json::{Value, json};

/// A guest without a test, a function of its name, does not compile.
macro_rules! every_guest_has_a_test {
    ($($name:ident)*) => { $(const _: fn() = $name;)* };
}
for_each_guest!(every_guest_has_a_test);

/// Enough for a well-behaved request on a busy machine.
const LIMITS: &str = "memory_mib = 64\ndeadline_ms = 5000";
/// For guests that never end.
const HASTY: &str = "memory_mib = 64\ndeadline_ms = 200";
/// Resident memory that a server may keep: pools stay warm, allocators hoard.
const SLACK: u64 = 96 << 20;

/// A server with a guest and its neighbour.
#[track_caller]
fn serve(guest: &str, limits: &str) -> Server {
    let modules = [modules::guest_with(guest, limits), modules::guest(guests::TWICE)];
    Server::start(modules::directory_of(&modules).path())
}

/// The name that a guest has as a model.
fn name(guest: &str) -> &str {
    std::path::Path::new(guest).file_stem().unwrap().to_str().unwrap()
}

/// Asks a guest several times, alone and from several sides at once: each
/// request is refused with `status` and `words`, and nothing else suffers.
#[track_caller]
fn check(guest: &str, limits: &str, status: u16, words: &[&str]) {
    let server = serve(guest, limits);
    server.assert_neighbour_answers();
    let before = server.resident();
    let ask = || {
        let response = server.ask(name(guest), &[1.0]);
        let body = response.refusal(status, words);
        assert_no_insides(&body);
    };
    ask();
    server.assert_neighbour_answers();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(ask);
        }
        server.assert_neighbour_answers();
    });
    assert_settles(&server, before);
    server.assert_neighbour_answers();
}

/// What a client may not see of a guest or of the host.
#[track_caller]
fn assert_no_insides(body: &Value) {
    let text = body.to_string();
    for word in ["secret", "wasm trap", "backtrace", "panicked", "0x", ".rs"] {
        assert!(!text.contains(word), "`{word}`: {text}");
    }
}

#[track_caller]
fn assert_settles(server: &Server, before: u64) {
    let after = server.resident();
    assert!(after < before + SLACK, "resident memory went from {before} to {after} bytes");
}

#[test]
fn twice() {
    let directory = modules::directory_of(&[modules::guest(guests::TWICE)]);
    Server::start(directory.path()).assert_neighbour_answers();
}

#[test]
fn loops() {
    check(guests::LOOPS, HASTY, 504, &["deadline"]);
}

#[test]
fn works() {
    let server = serve(guests::WORKS, "deadline_ms = 1000");
    server.ask("works", &[0.0]).ok();
    server.ask("works", &[1e6]).refusal(504, &["deadline"]);
    server.assert_neighbour_answers();
}

#[test]
fn eats_memory() {
    check(guests::EATS_MEMORY, LIMITS, 500, &["64 MiB of memory"]);
}

/// Being refused memory is not yet a fault.
#[test]
fn grows_memory() {
    let server = serve(guests::GROWS_MEMORY, LIMITS);
    let before = server.resident();
    for _ in 0..20 {
        let answer = server.ask("grows_memory", &[1.0]).ok();
        let pages = answer["outputs"][0]["data"][0].as_f64().unwrap();
        assert!(pages * 65536.0 <= f64::from(64 << 20), "{pages} pages");
        assert!(pages * 65536.0 > f64::from(60 << 20), "{pages} pages");
    }
    assert_settles(&server, before);
    server.assert_neighbour_answers();
}

#[test]
fn recurses() {
    check(guests::RECURSES, LIMITS, 500, &["fault"]);
}

#[test]
fn panics() {
    check(guests::PANICS, LIMITS, 500, &["fault"]);
}

/// Ten thousand in a row: a trap must not cost a backtrace, or anything that
/// piles up.
#[test]
fn unreachable() {
    const TRAPS: usize = 10_000;
    let server = serve(guests::UNREACHABLE, LIMITS);
    let mut connection = server.connect();
    let body = vector(&[1.0]).to_string();
    let mut trap = |times| {
        for _ in 0..times {
            connection.request("POST /v2/models/unreachable/infer HTTP/1.1", &body).unwrap();
            assert_no_insides(&connection.response().unwrap().refusal(500, &["fault"]));
        }
    };
    trap(100);
    let before = server.resident();
    let started = std::time::Instant::now();
    trap(TRAPS);
    println!("{TRAPS} traps took {:.1} s", started.elapsed().as_secs_f64());
    assert_settles(&server, before);
    server.assert_neighbour_answers();
}

#[test]
fn out_of_bounds() {
    check(guests::OUT_OF_BOUNDS, LIMITS, 500, &["fault"]);
}

#[test]
fn lies_about_shape() {
    check(guests::LIES_ABOUT_SHAPE, LIMITS, 500, &["malformed answer"]);
}

#[test]
fn overflows_shape() {
    check(guests::OVERFLOWS_SHAPE, LIMITS, 500, &["malformed answer"]);
}

#[test]
fn claims_more_than_memory() {
    check(guests::CLAIMS_MORE_THAN_MEMORY, LIMITS, 500, &["malformed answer"]);
}

/// What the host copies before it gives up is bounded, however often.
#[test]
fn amplifies() {
    let server = serve(guests::AMPLIFIES, LIMITS);
    let before = server.resident();
    for _ in 0..40 {
        server.ask("amplifies", &[1.0]).refusal(500, &["malformed answer"]);
    }
    let after = server.resident();
    assert!(after < before + (384 << 20), "resident memory went from {before} to {after} bytes");
    server.assert_neighbour_answers();
}

#[test]
fn names_output_badly() {
    check(guests::NAMES_OUTPUT_BADLY, LIMITS, 500, &["malformed answer"]);
}

/// Clients rely on a model's metadata: an answer that breaks them is a fault.
#[test]
fn answers_something_else() {
    let server = serve(guests::ANSWERS_SOMETHING_ELSE, LIMITS);
    for lie in 0..5_u8 {
        let response = server.ask("answers_something_else", &[f32::from(lie)]);
        response.refusal(500, &["malformed answer"]);
        server.assert_neighbour_answers();
    }
}

#[test]
fn fails() {
    check(guests::FAILS, LIMITS, 500, &["could not compute"]);
}

/// The operator reads what the client may not.
#[test]
fn reasons_are_for_the_operator() {
    let server = serve(guests::FAILS, LIMITS);
    server.ask("fails", &[1.0]).refusal(500, &[]);
    server.terminate();
    let (_, log) = server.wait();
    assert!(log.contains("secret of the guest"), "{log}");
}

#[test]
fn rejects() {
    let server = serve(guests::REJECTS, LIMITS);
    let body = server.ask("rejects", &[1.0]).refusal(400, &["must not be negative", "quoted"]);
    let expected = json!([
        {"field": "x", "code": "out_of_range", "message": "must not be negative"},
        {"field": "x[1]", "code": "invalid_text", "message": "\u{0}\"<quoted>\" \u{1f6f0}"},
    ]);
    assert_eq!(body["violations"], expected);
    server.assert_neighbour_answers();
}

/// Nothing goes over from one request to the next: not in statics, not on the
/// frozen heap, not in memory beyond what stays resident.
#[test]
fn leaves_marks() {
    let limits = "memory_mib = 128\ndeadline_ms = 20000";
    let server = serve(guests::LEAVES_MARKS, limits);
    let ask = |mebibytes: u8| {
        let answer = server.ask("leaves_marks", &[f32::from(mebibytes)]).ok();
        let seen = &answer["outputs"][0]["data"];
        assert_eq!(seen, &json!([0.0, 0.0, 0.0]), "after a block of {mebibytes} MiB");
    };
    let before = server.resident();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for size in [1, 9, 0, 24, 1, 3, 24, 9, 64, 24].repeat(10) {
                    ask(size);
                }
            });
        }
    });
    assert_settles(&server, before);
}

/// A guest that fails while it is frozen.
#[track_caller]
fn check_guest(path: &str, words: &[&str]) {
    let directory = scratch();
    let output = directory.path().join("out.wasm");
    modules::build_guest(path, "", &output).failure(1, words);
    assert!(files(directory.path()).is_empty());
}

#[test]
fn refuses_to_freeze() {
    check_guest(guests::REFUSES_TO_FREEZE, &["there is nothing to freeze"]);
}

#[test]
fn panics_in_freeze() {
    check_guest(guests::PANICS_IN_FREEZE, &["the guest stopped with a fault", "frozen stiff"]);
}

#[test]
fn eats_memory_in_freeze() {
    check_guest(guests::EATS_MEMORY_IN_FREEZE, &["MiB of memory to be read"]);
}

#[test]
fn differs_between_passes() {
    check_guest(guests::DIFFERS_BETWEEN_PASSES, &["not deterministic"]);
}

#[test]
fn calls_itself_something_else() {
    check_guest(guests::CALLS_ITSELF_SOMETHING_ELSE, &["`somebody-else 1.0.0`"]);
}

#[test]
fn loops_in_describe() {
    check_guest(guests::LOOPS_IN_DESCRIBE, &["describe itself", "deadline"]);
}
