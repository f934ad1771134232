//! Guests in other languages: the JavaScript of `guest/examples/javascript/` and
//! smaller ones, made into components by the npm tool that its script pins; what
//! they may import, what they get, and what they are refused.

use crate::support::answers::{Tolerance, assert_matches, cases};
use crate::support::component::{self, REALLOC, core};
use crate::support::server::{Server, serve};
use crate::support::{modules, outpost, repository, scratch, write};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

const ALL: &str = "clock,random,log";

/// Makes a component of a JavaScript file.
fn componentize(source: &Path, options: &[&str], output: &Path) {
    // One at a time, because the first one installs the tool.
    static TOOL: Mutex<()> = Mutex::new(());
    let _one = TOOL.lock().unwrap();
    let tools = modules::cache().with_file_name("javascript");
    let made = Command::new(repository("guest/examples/javascript/build.sh"))
        .args([&tools, output, source])
        .args(options)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// The component of the example.
fn scorer() -> PathBuf {
    modules::once("fan-overhaul guest", |output| {
        componentize(&repository("guest/examples/javascript/scorer.js"), &[], output);
    })
}

fn manifest() -> PathBuf {
    repository("guest/examples/javascript/manifest.toml")
}

/// The example as a module.
fn fan_overhaul() -> PathBuf {
    modules::once("fan-overhaul", |output| {
        drop(build(&manifest(), &scorer(), &["--grant", ALL], output).success());
    })
}

fn build(
    manifest: &Path,
    guest: &Path,
    more: &[&str],
    output: &Path,
) -> crate::support::command::Outcome {
    let [manifest, guest, output] = [manifest, guest, output].map(|path| path.to_str().unwrap());
    outpost(["build", manifest, "--guest", guest, "-o", output].iter().chain(more)).run()
}

/// A module of JavaScript that takes and gives an FP32 vector, `x` and `y`;
/// `body` is what it does with an array of numbers.
fn javascript(name: &str, body: &str, options: &[&str]) -> PathBuf {
    modules::once(name, |output| {
        let directory = scratch();
        let source = format!(
            "import stdout from 'wasi:cli/stdout@0.2.0';
            let calls = 0, output;
            const print = (line) => {{
                output ??= stdout.getStdout();
                output.blockingWriteAndFlush(
                    Uint8Array.from(line + '\\n', (c) => c.charCodeAt(0)));
            }};
            function work(x) {{ {body} }}
            const spec = (name) => ({{ name, datatype: 'fp32', shape: [-1] }});
            export const inference = {{
                describe() {{
                    return {{ name: '{name}', version: '1.0.0',
                        inputs: [spec('x')], outputs: [spec('y')] }};
                }},
                infer([x]) {{
                    const y = work(Array.from(new Float32Array(Uint8Array.from(x.data).buffer)));
                    const data = new Uint8Array(new Float32Array(y).buffer);
                    return {{ outputs: [{{ ...spec('y'), shape: [y.length], data }}], flags: [] }};
                }},
            }};"
        );
        let source = write(&directory, "guest.js", source);
        let component = directory.path().join("guest.wasm");
        componentize(&source, options, &component);
        let text = format!("name = \"{name}\"\n[limits]\nmemory_mib = 64\ndeadline_ms = 1000\n");
        let manifest = write(&directory, "manifest.toml", text);
        drop(build(&manifest, &component, &["--grant", ALL], output).success());
    })
}

#[track_caller]
fn assert_right(server: &Server) {
    for case in cases(&repository("guest/examples/javascript/cases.json")) {
        let answer = server.infer("fan-overhaul", &case["request"]).ok();
        assert_matches(&case, &answer, Tolerance { absolute: 1e-6, relative: 0.0 });
    }
}

/// The lines of a server's log that guests have printed.
fn printed(log: &str) -> Vec<&str> {
    log.lines().filter(|line| line.contains("stream=\"std")).collect()
}

#[test]
fn a_guest_in_javascript_is_served() {
    let module = fan_overhaul();
    let models = modules::directory_of(&[module]);
    let server = Server::start_with(models.path(), &["--grant", ALL]);
    assert_right(&server);

    // With the clock's time instead of its own.
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let case = &cases(&repository("guest/examples/javascript/cases.json"))[1];
    let mut request = case["request"].clone();
    request["inputs"].as_array_mut().unwrap().pop();
    request["inputs"][2]["data"] = json!([now - 179 * 86400]);
    let answer = server.infer("fan-overhaul", &request).ok();
    assert_matches(case, &answer, Tolerance { absolute: 1e-6, relative: 0.0 });

    // What it refuses, it refuses by row.
    request["inputs"][2]["data"] = json!([now + 86400]);
    let refusal = server.infer("fan-overhaul", &request).refusal(400, &["future"]);
    let violation = &refusal["violations"][0];
    assert_eq!((&violation["field"], &violation["row"]), (&json!("serviced"), &json!(0)));

    server.terminate();
    let (_, log) = server.wait();
    let lines = printed(&log);
    for line in ["row 1: overhaul it", "row 2: overhaul it"] {
        assert!(lines.iter().any(|l| l.contains(line) && l.contains("fan-overhaul")), "{log}");
    }
    assert_eq!(lines.len(), 2, "{log}");
}

#[test]
fn without_the_grants_it_is_refused_by_name() {
    let module = fan_overhaul();
    let directory = scratch();
    let output = directory.path().join("module.wasm");
    let words = [
        "imports that are not granted",
        "wasi:clocks/wall-clock@0.2.",
        "needs the grant `clock`",
        "needs the grant `runtime`",
        "--grant clock,random,log",
    ];
    build(&manifest(), &scorer(), &[], &output).failure(1, &words);
    assert!(!output.exists());
    outpost(["run", module.to_str().unwrap()]).stdin("{}").run().failure(1, &words);
    let models = modules::directory_of(&[module]);
    serve(models.path(), &[]).run().failure(1, &words);

    // With some of them, the others are missing, and no more than these.
    let message = serve(models.path(), &["--grant", "clock", "--grant", "log"])
        .run()
        .failure(1, &["wasi:random/insecure-seed@0.2.", "needs the grant `random`"]);
    for granted in ["wasi:clocks", "wasi:cli", "wasi:io", "wasi:filesystem"] {
        assert!(!message.contains(granted), "{message}");
    }
}

#[test]
fn the_configuration_grants_to_all_or_to_one() {
    let models = modules::directory_of(&[fan_overhaul()]);
    let list = "[\"clock\", \"random\", \"log\"]";
    assert_right(&Server::configured(models.path(), &format!("grants = {list}\n")));
    let one = format!("[model.fan-overhaul]\ngrants = {list}\n");
    assert_right(&Server::configured(models.path(), &one));

    let refused = |config: &str, words: &[&str]| {
        let path = models.path().join("outpost.toml");
        std::fs::write(&path, config).unwrap();
        let arguments = ["--config", path.to_str().unwrap()];
        serve(models.path(), &arguments).run().failure(1, words);
    };
    let none = format!("grants = {list}\n[model.fan-overhaul]\ngrants = []\n");
    refused(&none, &["not granted", "needs the grant `clock`"]);
    refused(&format!("[model.other]\ngrants = {list}\n"), &["not granted"]);
    refused("grants = [\"disk\"]\n", &["`disk` is not a grant", "clock,random,log,runtime"]);
}

#[test]
fn an_unknown_grant_is_told_with_the_known_ones() {
    let words = ["`disk` is not a grant", "clock,random,log,runtime"];
    outpost(["run", "m.wasm", "--grant", "clock,disk"]).run().failure(2, &words);
    outpost(["serve", "--grant", "disk"]).run().failure(2, &words);
}

#[test]
fn inspect_tells_what_it_needs() {
    let module = fan_overhaul();
    let text = outpost(["inspect", module.to_str().unwrap()]).run().success();
    for word in ["clock: wasi:clocks/", "log: wasi:cli/std", "--grant clock,random,log"] {
        assert!(text.contains(word), "`{word}` is missing:\n{text}");
    }
    let json = outpost(["inspect", "--json", module.to_str().unwrap()]).run().success();
    let report: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(report["grants"], json!(["clock", "random", "log"]));
    assert_eq!(report["never_granted"], json!([]));
}

/// Files, sockets and HTTP there are none, whatever is granted.
#[test]
fn what_is_never_granted() {
    let asks = "(component
        (import \"wasi:clocks/wall-clock@0.2.0\" (instance))
        (import \"wasi:sockets/tcp@0.2.0\" (instance))
        (import \"wasi:http/outgoing-handler@0.2.0\" (instance))
        (import \"wasi:filesystem/preopens@0.3.0\" (instance))
        (instance $i)
        (export \"outpost:model/inference@0.1.0\" (instance $i)))";
    let guest = wat::parse_str(asks).unwrap();
    let directory = scratch();
    let words = ["wasi:sockets/tcp@0.2.0, wasi:http/outgoing-handler@0.2.0, \
         wasi:filesystem/preopens@0.3.0 (never granted)"];
    let everything = ["--grant", "clock,random,log,runtime"];
    let module = write(&directory, "crafted.wasm", component::sealed(&guest));
    let message = outpost(["run", module.to_str().unwrap()].iter().chain(&everything))
        .run()
        .failure(1, &words);
    assert!(!message.contains("wall-clock") && !message.contains("would permit"), "{message}");

    let guest = write(&directory, "guest.component", guest);
    let manifest = write(&directory, "manifest.toml", "name = \"crafted\"\n");
    let output = directory.path().join("out.wasm");
    build(&manifest, &guest, &everything, &output).failure(1, &words);

    let text = outpost(["inspect", module.to_str().unwrap()]).run().success();
    assert!(text.contains("never granted: wasi:sockets/tcp@0.2.0"), "{text}");
}

#[test]
fn manifest_and_component_agree() {
    let directory = scratch();
    let output = directory.path().join("out.wasm");
    let refused = |manifest: &str, words: &[&str]| {
        let manifest = write(&directory, "manifest.toml", manifest);
        build(&manifest, &scorer(), &["--grant", ALL], &output).failure(1, words);
    };
    refused("name = \"fan\"\n", &["says that it is `fan-overhaul 1.0.0`", "`fan 1.0.0`"]);
    refused("name = \"fan-overhaul\"\nversion = \"1.0.1\"\n", &["`fan-overhaul 1.0.1`"]);
    let with = |rest: &str| format!("name = \"fan-overhaul\"\n{rest}");
    refused(&with("[[inputs]]\nname = \"speed\"\n"), &["`speed`", "none of this name"]);
    refused(&with("[[inputs]]\nname = \"now\"\ndatatype = \"FP32\"\n"), &["`now`", "INT64"]);
    refused(&with("[[outputs]]\nname = \"risk\"\nshape = [3]\n"), &["`risk`", "[-1]"]);
    refused(&with("[[after]]\nblock = \"sigmoid\"\n"), &["finished component", "`after`"]);
    assert!(!output.exists());
}

#[test]
fn nothing_carries_over_from_call_to_call() {
    let module = javascript("counter", "calls += 1; return [calls, Math.random()];", &[]);
    let models = modules::directory_of(&[module]);
    let server = Server::start_with(models.path(), &["--grant", ALL]);
    let answers: Vec<Value> = (0..4).map(|_| server.ask("counter", &[1.0]).ok()).collect();
    let data: Vec<_> = answers.iter().map(|answer| &answer["outputs"][0]["data"]).collect();
    assert!(data.iter().all(|data| data[0] == json!(1.0)), "{data:?}");
}

/// What needs nothing is granted nothing, and runs as any other module.
#[test]
fn stubs_instead_of_imports() {
    let module = javascript("twofold", "return x.map((x) => 2 * x);", &["--stub-wasi"]);
    let text = outpost(["inspect", module.to_str().unwrap()]).run().success();
    assert!(text.contains("none: it can reach nothing"), "{text}");
    let server = Server::start(modules::directory_of(&[module]).path());
    let answer = server.ask("twofold", &[1.5, -4.0]).ok();
    assert_eq!(answer["outputs"][0]["data"], json!([3.0, -8.0]));
}

#[test]
fn the_log_is_bounded_and_harmless() {
    let body = "for (let i = 0; i < x[0]; i++) print(`\\x1b[31mline ${i} ` + '.'.repeat(90));
        return x;";
    let module = javascript("chatter", body, &[]);
    let models = modules::directory_of(std::slice::from_ref(&module));
    let server = Server::start_with(models.path(), &["--grant", ALL]);
    server.ask("chatter", &[3.0]).ok();
    server.ask("chatter", &[2_000.0]).ok();
    server.ask("chatter", &[1.0]).ok();
    server.terminate();
    let (_, log) = server.wait();
    assert!(!log.contains('\u{1b}'), "an escape sequence came through");
    let lines = printed(&log);
    assert!(lines[0].contains("line 0 ") && lines[0].contains("chatter"), "{log}");
    assert!((60..100).contains(&lines.len()), "{} lines", lines.len());
    assert_eq!(log.matches("printed more than 8 KiB in one call").count(), 1, "{log}");
    // The next call may print again.
    assert!(lines.last().unwrap().contains("line 0 "), "{log}");

    // Without a server, standard error is the place.
    let request = json!({"inputs": [{"name": "x", "datatype": "FP32", "shape": [1], "data": [1]}]});
    let outcome =
        outpost(["run", module.to_str().unwrap(), "--grant", ALL]).stdin(request.to_string()).run();
    assert!(outcome.stderr.contains("line 0 "), "{}", outcome.stderr);
    outcome.success();
}

/// The interfaces of WASI that the hand-written guests below import.
const WASI: &[&str] = &[
    "package wasi:io@0.2.0;
    interface poll { resource pollable { block: func(); } }
    interface streams { resource output-stream; }",
    "package wasi:clocks@0.2.0;
    interface monotonic-clock {
        use wasi:io/poll@0.2.0.{pollable};
        subscribe-duration: func(when: u64) -> pollable;
    }",
    "package wasi:cli@0.2.0;
    interface exit { exit: func(status: result); exit-with-code: func(code: u8); }
    interface stdout {
        use wasi:io/streams@0.2.0.{output-stream};
        get-stdout: func() -> output-stream;
    }",
    "package wasi:random@0.2.0;
    interface random { get-random-u64: func() -> u64; get-random-bytes: func(len: u64) -> list<u8>; }",
    "package test:guest;
    world module {
        import wasi:io/poll@0.2.0;
        import wasi:clocks/monotonic-clock@0.2.0;
        import wasi:cli/exit@0.2.0;
        import wasi:cli/stdout@0.2.0;
        import wasi:random/random@0.2.0;
        export outpost:model/inference@0.1.0;
    }",
];

/// Serves a hand-written guest that imports `imports` and does `infer`.
fn crafted(imports: &str, infer: &str) -> Server {
    let directory = scratch();
    // Imports come first in a module.
    let core = core(&format!("{imports} (memory 1)"), REALLOC, infer);
    let component = component::componentize_with(&core, WASI, "module");
    let _ = write(&directory, "crafted.wasm", component::sealed(&component));
    Server::start_with(directory.path(), &["--grant", ALL])
}

fn ask_crafted(server: &Server) -> crate::support::http::Response {
    server.infer("crafted", &json!({"inputs": []}))
}

const SLEEP: &str = "
    (import \"wasi:clocks/monotonic-clock@0.2.0\" \"subscribe-duration\"
        (func $after (param i64) (result i32)))
    (import \"wasi:io/poll@0.2.0\" \"[method]pollable.block\" (func $block (param i32)))";

#[test]
fn a_guest_sleeps_no_longer_than_it_may() {
    let started = std::time::Instant::now();
    let short = crafted(SLEEP, "i64.const 50_000_000 call $after call $block");
    let begun = std::time::Instant::now();
    ask_crafted(&short).ok();
    assert!(begun.elapsed().as_millis() >= 50);
    let long = crafted(SLEEP, "i64.const 3_600_000_000_000 call $after call $block");
    ask_crafted(&long).refusal(504, &["deadline"]);
    let forever = crafted(SLEEP, "i64.const -1 call $after call $block");
    ask_crafted(&forever).refusal(504, &["deadline"]);
    assert!(started.elapsed().as_secs() < 60);
}

#[test]
fn a_guest_that_goes_too_far_is_stopped() {
    let check = |imports: &str, infer: &str, detail: &str| {
        let server = crafted(imports, infer);
        for _ in 0..3 {
            ask_crafted(&server).refusal(500, &["fault"]);
        }
        server.terminate();
        let (_, log) = server.wait();
        assert!(log.contains(detail), "`{detail}` is missing: {log}");
    };
    let exit = "(import \"wasi:cli/exit@0.2.0\" \"exit\" (func $exit (param i32)))";
    check(exit, "i32.const 0 call $exit", "asked to end the process");
    // A function of a granted interface that came later, or that nothing needs.
    let code = "(import \"wasi:cli/exit@0.2.0\" \"exit-with-code\" (func $exit (param i32)))";
    check(code, "i32.const 0 call $exit", "exit-with-code");
    let bytes = "(import \"wasi:random/random@0.2.0\" \"get-random-bytes\"
        (func $bytes (param i64 i32)))";
    check(bytes, "i64.const 0x1000000000 i32.const 1024 call $bytes", "bytes at once");
    // Handles that are never given back.
    let hoard = "(import \"wasi:cli/stdout@0.2.0\" \"get-stdout\" (func $get (result i32)))";
    check(hoard, "(loop $again (drop (call $get)) (br $again))", "no free keys");
}
