//! From start to end of a server: what keeps it from starting, what it logs,
//! and how it stops.

use crate::support::component::{self, REALLOC, core};
use crate::support::http::Connection;
use crate::support::server::{infer_path, serve, vector};
use crate::support::{Server, guests, modules, outpost, scratch, write};
use serde_json::Value;
use std::fs;
use std::net::TcpListener;

fn neighbour() -> tempfile::TempDir {
    modules::directory_of(&[modules::guest(guests::TWICE)])
}

#[test]
fn a_port_that_is_taken_is_told() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = holder.local_addr().unwrap().to_string();
    let directory = neighbour();
    let models = directory.path().to_str().unwrap();
    outpost(["serve", "--models", models, "--listen", &address])
        .run()
        .failure(1, &[&address, "another program holds the port", "--listen"]);
}

#[test]
fn directories_without_modules_are_told() {
    let directory = scratch();
    serve(directory.path(), &[]).run().failure(1, &["no .wasm file", "outpost build"]);
    let absent = directory.path().join("absent");
    serve(&absent, &[]).run().failure(1, &["absent", "No such file"]);
    let file = write(&directory, "file", "");
    serve(&file, &[]).run().failure(1, &["file"]);
}

#[test]
fn files_that_are_no_modules_do_not_matter() {
    let directory = neighbour();
    write(&directory, "README.md", "notes");
    fs::create_dir(directory.path().join("folder.wasm")).unwrap();
    Server::start(directory.path()).assert_neighbour_answers();
}

#[test]
fn a_module_that_is_there_twice_is_told() {
    let directory = neighbour();
    let module = modules::guest(guests::TWICE);
    fs::copy(module, directory.path().join("copy.wasm")).unwrap();
    serve(directory.path(), &[]).run().failure(1, &["`twice` 1.0.0 is already loaded"]);
}

#[test]
fn versions_are_served_side_by_side_and_the_newest_by_default() {
    let component = component::componentize(&core("(memory 1)", REALLOC, "nop"));
    let directory = neighbour();
    write(&directory, "a.wasm", component::sealed(&component));
    let newer = core("(memory 1)", REALLOC, "nop")
        .replace("\"1.0.0\"", "\"1.10.0\"")
        .replace("\\50\\00\\00\\00\\05\\00\\00\\00", "\\50\\00\\00\\00\\06\\00\\00\\00");
    let newer = component::componentize(&newer);
    write(&directory, "b.wasm", component::sealed_version("crafted", "1.10.0", &newer));
    let server = Server::start(directory.path());
    let versions = &server.get("/v2/models/crafted").ok()["versions"];
    assert_eq!(versions, &serde_json::json!(["1.0.0", "1.10.0"]));
    let ask = |path: &str| server.post(path, "{\"inputs\": []}").ok()["model_version"].take();
    assert_eq!(ask("/v2/models/crafted/infer"), "1.10.0");
    assert_eq!(ask("/v2/models/crafted/versions/1.0.0/infer"), "1.0.0");
}

#[test]
fn configurations_show_the_line_of_a_fault() {
    let directory = neighbour();
    let check = |text: &str, words: &[&str]| {
        let path = write(&directory, "outpost.toml", text);
        let message = serve(directory.path(), &["--config", path.to_str().unwrap()]).run();
        assert!(message.failure(1, words).contains("outpost.toml"));
    };
    check("threads = 2\nquue = 1\n", &["line 2", "quue"]);
    check("threads = \"2\"\n", &["line 1", "invalid type"]);
    check("listen = \"here\"\n", &["line 1"]);
    check("[limits]\nmemory = 1\n", &["line 2", "memory"]);
    check("[model.twice]\nbody_mib = 1\n", &["line 2", "body_mib"]);
    check(
        "threads = 0\n[run]\nqueue = 0\n[limits]\nbody_mib = 0\n",
        &["`threads`", "`run.queue`", "`limits.body_mib`"],
    );
    check("threads = -1\n", &["line 1"]);
    check("threads = \n", &["line 1"]);
    serve(directory.path(), &["--config", "nowhere.toml"]).run().failure(1, &["nowhere.toml"]);
    serve(directory.path(), &["--log", "a=b=c"]).run().failure(2, &["a=b=c"]);
}

#[test]
fn what_is_typed_goes_before_the_file() {
    let directory = neighbour();
    let empty = scratch();
    let text = format!("models = {:?}\nlisten = \"127.0.0.1:1\"\n", empty.path());
    Server::configured(directory.path(), &text).assert_neighbour_answers();
}

#[test]
fn limits_of_the_configuration_bind() {
    let module = modules::guest_with(guests::WORKS, "");
    let directory = modules::directory_of(&[module]);
    let server = Server::configured(
        directory.path(),
        "[limits]\nbody_mib = 1\n[model.works.limits]\ndeadline_ms = 100\n",
    );
    server.ask("works", &[1e6]).refusal(504, &["deadline"]);
    let large = vec![b' '; (1 << 20) + 1];
    server.post(&infer_path("works"), large).refusal(413, &["1 MiB"]);
}

/// What was accepted is answered, nothing more is accepted, and the end is
/// clean.
#[test]
fn stopping_finishes_what_was_accepted() {
    let directory =
        modules::directory_of(&[modules::guest_with(guests::WORKS, "deadline_ms = 60000")]);
    let server = Server::start(directory.path());
    let mut connection = server.connect();
    // Long enough to be running when the signal comes.
    let body = vector(&[1500.0]).to_string();
    connection.request("POST /v2/models/works/infer HTTP/1.1", body).unwrap();
    server.wait_until_busy();
    server.terminate();
    let address = server.address;
    while Connection::open(address).is_ok_and(|mut late| {
        late.request("GET /v2 HTTP/1.1", "").is_ok() && late.response().is_ok()
    }) {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    connection.response().unwrap().ok();
    let (code, log) = server.wait();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("every accepted request was answered"), "{log}");
}

#[test]
fn stopping_an_idle_server_with_open_connections_is_clean() {
    let directory = neighbour();
    let server = Server::start(directory.path());
    let idle: Vec<Connection> = (0..10).map(|_| server.connect()).collect();
    let mut used = server.connect();
    used.request("GET /v2 HTTP/1.1", "").unwrap();
    used.response().unwrap().ok();
    server.terminate();
    let (code, log) = server.wait();
    assert_eq!(code, Some(0), "{log}");
    drop(idle);
}

#[test]
fn requests_that_outlast_the_grace_period_are_told() {
    let directory =
        modules::directory_of(&[modules::guest_with(guests::WORKS, "deadline_ms = 4000")]);
    let server = Server::configured(directory.path(), "grace_ms = 50\n");
    let mut connection = server.connect();
    connection.request("POST /v2/models/works/infer HTTP/1.1", vector(&[1e6]).to_string()).unwrap();
    server.wait_until_busy();
    server.terminate();
    let (code, log) = server.wait();
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("unanswered"), "{log}");
}

/// A client that dawdles over its headers is cut off; the others never notice.
#[test]
fn slow_clients_are_cut_off() {
    let directory = neighbour();
    let server = Server::configured(directory.path(), "header_timeout_ms = 1000\n");
    let mut slow: Vec<Connection> = (0..20).map(|_| server.connect()).collect();
    for connection in &mut slow {
        connection.send("POST /v2/models/twice/infer HTTP/1.1\r\nhost: a\r\nx: ").unwrap();
    }
    server.assert_neighbour_answers();
    for connection in &mut slow {
        let answer = connection.rest();
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 408"), "{answer:?}");
    }
    // Silence from the beginning counts too.
    assert!(server.connect().rest().is_empty());
    server.assert_neighbour_answers();
}

#[test]
fn connections_beyond_the_limit_wait() {
    let directory = neighbour();
    let server = Server::configured(directory.path(), "max_connections = 2\n");
    let (first, second) = (server.connect(), server.connect());
    let mut third = server.connect();
    third.request("GET /v2 HTTP/1.1", "").unwrap();
    drop((first, second));
    third.response().unwrap().ok();
}

/// Values that are easy to find, in every place that a client can fill, with
/// everything logged that there is to log.
#[test]
fn nothing_of_a_request_is_logged() {
    let modules = [
        modules::guest(guests::TWICE),
        modules::guest(guests::PANICS),
        modules::guest(guests::FAILS),
    ];
    let directory = modules::directory_of(&modules);
    let server = Server::start_with(directory.path(), &["--log", "trace"]);
    let marks = ["7654321", "markedname", "markedid", "markedtext", "markedheader"];
    let requests = [
        vector(&[7_654_321.0]).to_string(),
        r#"{"id": "markedid", "inputs": [{"name": "markedname", "datatype": "FP32", "shape": [1], "data": [7654321]}]}"#.into(),
        r#"{"id": "markedid", "inputs": [{"name": "x", "datatype": "BYTES", "shape": [1], "data": ["markedtext"]}]}"#.into(),
        r#"{"inputs": [{"name": "x", "datatype": "FP32", "shape": [1], "data": ["markedtext"]}]}"#.into(),
        r#"{"inputs": [], "outputs": [{"name": "markedname"}]}"#.into(),
        "markedtext 7654321".into(),
    ];
    for model in ["twice", "panics", "fails"] {
        for request in &requests {
            let head = format!("POST /v2/models/{model}/infer HTTP/1.1\r\nx-mark: markedheader");
            server.send(&head, request);
        }
    }
    server.terminate();
    let (_, log) = server.wait();
    assert!(log.lines().count() > 3, "{log}");
    for mark in marks {
        assert!(!log.contains(mark), "`{mark}` is in the log: {log}");
    }
    assert!(!log.contains('\u{1b}'), "no colours where there is no terminal: {log}");
}

#[test]
fn logs_in_json_are_json() {
    let directory =
        modules::directory_of(&[modules::guest(guests::TWICE), modules::guest(guests::FAILS)]);
    let server = Server::start_with(directory.path(), &["--log", "debug", "--log-format", "json"]);
    server.assert_neighbour_answers();
    server.ask("fails", &[1.0]).refusal(500, &[]);
    server.terminate();
    let (_, log) = server.wait();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let with = |message: &str| {
        let found = lines.iter().find(|line| line["message"] == message);
        found.unwrap_or_else(|| panic!("no `{message}`: {log}"))
    };
    for line in &lines {
        assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line}");
    }
    assert_eq!(with("loaded")["version"], "1.0.0");
    assert_eq!(with("answered")["model"], "twice");
    assert!(with("answered")["elapsed_us"].is_u64());
    assert_eq!(with("not answered")["model"], "fails");
    with("serving");
}
