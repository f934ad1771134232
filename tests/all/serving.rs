//! The wire: every path of the Open Inference Protocol that is served, and the
//! error contract. Whatever is sent, the answer is JSON and the server goes on.

use crate::support::answers::{Tolerance, assert_matches, cases};
use crate::support::http::Response;
use crate::support::server::infer_path;
use crate::support::{Server, modules, repository};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError, Weak};

const MIB: usize = 1 << 20;

/// The server that the tests of this module share, and may not harm. Each test
/// runs on a thread of its own and holds on to it until its end; whoever comes
/// when nobody does starts another, so that none is left behind.
fn server() -> Arc<Server> {
    static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    thread_local! {
        static HELD: RefCell<Option<Arc<Server>>> = const { RefCell::new(None) };
    }
    let join = || {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let server = Arc::new(start());
            *shared = Arc::downgrade(&server);
            server
        })
    };
    HELD.with_borrow_mut(|held| Arc::clone(held.get_or_insert_with(join)))
}

fn start() -> Server {
    let samples = ["diabetes", "wine"].map(modules::sample);
    let fixtures = [
        "type_bytes",
        "type_bool",
        "type_uint8",
        "type_int64",
        "type_fp16",
        "type_fp32",
        "type_fp64",
        "scalar_input",
        "unusual_names",
    ];
    let modules: Vec<_> = samples.into_iter().chain(fixtures.map(modules::fixture)).collect();
    // The directory is not needed any more once everything is loaded.
    let directory = modules::directory_of(&modules);
    Server::configured(directory.path(), "[model.wine.limits]\nbody_mib = 1\n")
}

fn diabetes() -> Value {
    cases(&repository("models/diabetes/cases.json"))[0]["request"].clone()
}

fn wine() -> Value {
    cases(&repository("models/wine/cases.json"))[0]["request"].clone()
}

/// The server answers, and rightly.
#[track_caller]
fn assert_alive() {
    let case = &cases(&repository("models/diabetes/cases.json"))[0];
    let answer = server().infer("diabetes", &case["request"]).ok();
    assert_matches(case, &answer, Tolerance { absolute: 1e-3, relative: 1e-5 });
}

/// `body` to `diabetes` is refused so.
#[track_caller]
fn check(body: impl AsRef<[u8]>, status: u16, words: &[&str]) -> Value {
    let body = server().post(&infer_path("diabetes"), body).refusal(status, words);
    assert_alive();
    body
}

/// Field and code of each violation.
fn violations(body: &Value) -> Vec<(&str, &str)> {
    let violations = body["violations"].as_array().unwrap();
    violations
        .iter()
        .map(|violation| {
            assert!(!violation["message"].as_str().unwrap().is_empty());
            (violation["field"].as_str().unwrap(), violation["code"].as_str().unwrap())
        })
        .collect()
}

#[test]
fn health() {
    assert_eq!(server().get("/v2/health/live").ok(), json!({"live": true}));
    assert_eq!(server().get("/v2/health/ready").ok(), json!({"ready": true}));
    for path in ["/v2/models/wine/ready", "/v2/models/wine/versions/1.0.0/ready"] {
        assert_eq!(server().get(path).ok(), json!({"name": "wine", "ready": true}));
    }
}

#[test]
fn server_metadata() {
    for path in ["/v2", "/v2/"] {
        let body = server().get(path).ok();
        let extensions =
            json!(["binary_tensor_data", "model_configuration", "model_repository", "statistics"]);
        assert_eq!((&body["name"], &body["extensions"]), (&json!("outpost"), &extensions));
        assert!(body["version"].is_string());
    }
}

#[test]
fn model_metadata() {
    let expected = json!({
        "name": "diabetes",
        "versions": ["1.0.0"],
        "platform": "outpost_wasm",
        "inputs": [
            {"name": "patient", "datatype": "FP32", "shape": [-1, 4]},
            {"name": "serum", "datatype": "FP32", "shape": [-1, 6]},
        ],
        "outputs": [
            {"name": "progression", "datatype": "FP32", "shape": [-1]},
            {"name": "interval", "datatype": "FP32", "shape": [-1, 2]},
        ],
    });
    for path in ["/v2/models/diabetes", "/v2/models/diabetes/versions/1.0.0"] {
        assert_eq!(server().get(path).ok(), expected);
    }
}

#[test]
fn infer_with_and_without_a_version() {
    let body = diabetes().to_string();
    let first = server().post("/v2/models/diabetes/infer", &body).ok();
    assert_eq!(
        (&first["model_name"], &first["model_version"]),
        (&json!("diabetes"), &json!("1.0.0"))
    );
    assert_eq!(first.get("id"), None);
    assert_eq!(server().post("/v2/models/diabetes/versions/1.0.0/infer", &body).ok(), first);
}

#[test]
fn the_id_is_echoed() {
    for id in ["42", "", "Grüße \"🛰️\"\n"] {
        let mut request = diabetes();
        request["id"] = id.into();
        assert_eq!(server().infer("diabetes", &request).ok()["id"], id);
    }
}

#[test]
fn outputs_are_selected_in_the_order_asked_for() {
    let names = |outputs: Value| {
        let mut request = diabetes();
        request["outputs"] = outputs;
        let answer = server().infer("diabetes", &request).ok();
        let outputs = answer["outputs"].as_array().unwrap();
        outputs
            .iter()
            .map(|output| output["name"].as_str().unwrap().to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(json!([{"name": "interval"}])), ["interval"]);
    assert_eq!(
        names(json!([{"name": "interval"}, {"name": "progression"}])),
        ["interval", "progression"]
    );
    let with = json!([{"name": "progression", "parameters": {"classification": 1}}]);
    assert_eq!(names(with), ["progression"]);
    assert_eq!(names(json!([])), ["progression", "interval"]);

    let mut request = diabetes();
    request["outputs"] = json!([{"name": "interval"}, {"name": "interval"}, {"name": "mood"}]);
    let body = check(request.to_string(), 400, &["interval", "mood"]);
    assert_eq!(violations(&body), [("interval", "duplicate"), ("mood", "unknown")]);
}

#[test]
fn parameters_and_unknown_fields_are_ignored() {
    let plain = server().infer("diabetes", &diabetes()).ok();
    let mut request = diabetes();
    request["parameters"] = json!({"priority": 3, "nested": {"deep": [1]}});
    request["inputs"][0]["parameters"] = json!({"x": true});
    request["more"] = json!(null);
    assert_eq!(server().infer("diabetes", &request).ok(), plain);
}

#[test]
fn inputs_come_in_any_order_and_data_flat_or_nested() {
    let flat = server().infer("diabetes", &diabetes()).ok();
    let mut request = diabetes();
    request["inputs"].as_array_mut().unwrap().reverse();
    for input in request["inputs"].as_array_mut().unwrap() {
        input["data"] = json!([input["data"].take()]);
    }
    assert_eq!(server().infer("diabetes", &request).ok(), flat);
}

#[test]
fn every_datatype_travels_exactly() {
    let echo = |model: &str, datatype: &str, data: Value| {
        let request = json!({"inputs": [
            {"name": "value", "datatype": datatype, "shape": [1, 3], "data": data}
        ]});
        server().infer(model, &request).ok()["outputs"][0]["data"].take()
    };
    let same = |model: &str, datatype: &str, data: Value| {
        assert_eq!(echo(model, datatype, data.clone()), data);
    };
    same("type_int64", "INT64", json!([i64::MIN, 9_007_199_254_740_993_i64, i64::MAX]));
    same("type_uint8", "UINT8", json!([0, 1, 255]));
    same("type_bool", "BOOL", json!([true, false, true]));
    same("type_bytes", "BYTES", json!(["", "Grüße \u{0} 🛰️", "\\\"\n"]));
    same("type_fp64", "FP64", json!([1e-310, 0.1, -1.7e308]));
    assert_eq!(echo("type_bool", "BOOL", json!([1, 0, 1])), json!([true, false, true]));
    assert_eq!(echo("type_int64", "INT64", json!([1.0, -2.0, 3e2])), json!([1, -2, 300]));
    assert_eq!(echo("type_fp32", "FP32", json!([0.1, 16_777_217, -0.0]))[0], json!(0.1));
}

#[test]
fn scalars_may_come_bare_or_in_brackets() {
    let request = |factor: Value| {
        json!({"inputs": [
            {"name": "value", "datatype": "FP32", "shape": [3], "data": [1, 2, 3]},
            {"name": "factor", "datatype": "FP32", "shape": [], "data": factor},
        ]})
    };
    for factor in [json!(2), json!([2])] {
        let answer = server().infer("scalar_input", &request(factor)).ok();
        assert_eq!(answer["outputs"][0]["data"], json!([2.0, 4.0, 6.0]));
    }
    server().infer("scalar_input", &request(json!([[2]]))).refusal(400, &["factor", "deeper"]);
    server().infer("scalar_input", &request(json!([2, 3]))).refusal(400, &["factor"]);
}

#[test]
fn unknown_models_and_versions_are_404() {
    let body = diabetes().to_string();
    for path in ["/v2/models/nobody", "/v2/models/nobody/ready", "/v2/models/nobody/versions/1.0.0"]
    {
        server().get(path).refusal(404, &["nobody"]);
    }
    for version in ["2.0.0", "1", "latest", "%20"] {
        server()
            .get(&format!("/v2/models/wine/versions/{version}"))
            .refusal(404, &["wine", "1.0.0"]);
        let path = format!("/v2/models/diabetes/versions/{version}/infer");
        server().post(&path, &body).refusal(404, &["diabetes", "1.0.0"]);
    }
    server().post("/v2/models/nobody/infer", &body).refusal(404, &["nobody"]);
    assert_alive();
}

#[test]
fn unknown_paths_are_404() {
    for path in
        ["/", "/v1", "/v2/models", "/v2/health", "/v2/models/wine/explain", "/v2/models//ready"]
    {
        server().get(path).refusal(404, &[]);
    }
    server().get("/v2/models/%ff").refusal(400, &["UTF-8"]);
    server().get("/v2/models/..%2f..%2fetc").refusal(404, &[]);
}

#[test]
fn wrong_methods_are_405_and_say_which_are_right() {
    let allowed = |response: Response| {
        response.refusal(405, &["method"]);
        response.header("allow").map(str::to_string)
    };
    assert_eq!(allowed(server().get("/v2/models/wine/infer")).as_deref(), Some("POST"));
    for path in
        ["/v2", "/v2/health/live", "/v2/health/ready", "/v2/models/wine", "/v2/models/wine/ready"]
    {
        let allow = allowed(server().post(path, "{}")).unwrap_or_default();
        assert!(allow.contains("GET"), "{path}: {allow}");
    }
    assert_eq!(
        allowed(server().send("DELETE /v2/models/wine/infer HTTP/1.1", "")).as_deref(),
        Some("POST")
    );
}

#[test]
fn head_is_get_without_a_body() {
    let mut connection = server().connect();
    connection
        .send("HEAD /v2/health/live HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .unwrap();
    let text = String::from_utf8(connection.rest()).unwrap();
    assert!(text.starts_with("HTTP/1.1 200") && text.ends_with("\r\n\r\n"), "{text}");
}

#[test]
fn malformed_json_is_400_at_every_depth() {
    let whole = diabetes().to_string();
    for length in [0, 1, 10, 30, 60, whole.len() / 2, whole.len() - 1] {
        check(&whole[..length], 400, &["JSON"]);
    }
    for body in ["nonsense", "{,}", "{\"inputs\": [}", "{\"inputs\" [1]}", "\u{feff}{}", "\0"] {
        check(body, 400, &["JSON"]);
    }
    for depth in [10, 127, 128, 10_000, 1_000_000] {
        check("[".repeat(depth), 400, &[]);
        check(format!("{{\"inputs\": {}", "[".repeat(depth)), 400, &[]);
        check(format!("{{\"a\": {}{}}}", "{\"a\":".repeat(depth), "}".repeat(depth)), 400, &[]);
        let data = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let body = format!(
            "{{\"inputs\": [{{\"name\": \"patient\", \"datatype\": \"FP32\", \"shape\": [1, 4], \"data\": {data}}}]}}"
        );
        check(body, 400, &[]);
    }
    check(b"{\"id\": \"\xff\xfe\"}", 400, &["JSON"]);
    check("{\"id\": \"\\ud800\"}", 400, &["JSON"]);
    check(format!("{whole} {{}}"), 400, &["JSON"]);
}

#[test]
fn json_of_another_shape_is_400() {
    for body in [
        "[]",
        "1",
        "null",
        "\"text\"",
        "{\"inputs\": 1}",
        "{\"inputs\": {}}",
        "{\"inputs\": [1]}",
        "{\"inputs\": [[]]}",
        "{\"inputs\": [], \"id\": 1}",
        "{\"inputs\": [], \"outputs\": [1]}",
        "{\"inputs\": [], \"outputs\": [{}]}",
        "{\"inputs\": [{\"name\": 1}]}",
        "{\"inputs\": [], \"inputs\": []}",
    ] {
        check(body, 400, &[]);
    }
}

#[test]
fn missing_fields_are_told_all_at_once() {
    assert_eq!(violations(&check("{}", 400, &["inputs"])), [("inputs", "missing")]);
    let body = check("{\"inputs\": [{}, {\"name\": \"serum\"}]}", 400, &["`data`"]);
    let expected = [("inputs[0]", "missing"); 4].into_iter().chain([("serum", "missing"); 3]);
    assert_eq!(violations(&body), expected.collect::<Vec<_>>());
}

#[test]
fn faults_of_inputs_are_told_all_at_once() {
    let input = |name: &str, datatype: &str, shape: Value, data: Value| json!({"name": name, "datatype": datatype, "shape": shape, "data": data});
    let patient = input("patient", "FP32", json!([1, 4]), json!([1, 2, 3, 4]));
    let ask = |inputs: Value| check(json!({ "inputs": inputs }).to_string(), 400, &[]);

    let body = ask(json!([patient, patient, input("mood", "INT8", json!([1]), json!([1])),]));
    assert_eq!(
        violations(&body),
        [("patient", "duplicate"), ("mood", "unknown"), ("serum", "missing")]
    );
    let body = ask(json!([
        input("patient", "INT64", json!([1, 4]), json!([1, 2, 3, 4])),
        input("serum", "FP32", json!([1, 5]), json!([1, 2, 3, 4, 5])),
    ]));
    assert_eq!(violations(&body), [("patient", "wrong_datatype"), ("serum", "wrong_shape")]);
    let body = ask(json!([
        input("patient", "FLOAT", json!([1, 4]), json!([1, 2, 3, 4])),
        input("serum", "FP32", json!([1, 6]), json!([1, 2, 3])),
    ]));
    assert_eq!(violations(&body), [("patient", "wrong_datatype"), ("serum", "wrong_size")]);
    let body = ask(json!([]));
    assert_eq!(violations(&body), [("patient", "missing"), ("serum", "missing")]);
    let rows = ask(json!([
        patient,
        input("serum", "FP32", json!([2, 6]), json!([[1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]])),
    ]));
    assert_eq!(violations(&rows).len(), 1, "batches that differ are the caller's fault: {rows}");
}

/// `data` in a shape, as the input `value` of a fixture of one datatype.
fn element(datatype: &str, shape: &str, data: &str) -> Response {
    let model = format!("type_{}", datatype.to_lowercase());
    let body = format!(
        "{{\"inputs\": [{{\"name\": \"value\", \"datatype\": \"{datatype}\", \"shape\": {shape}, \"data\": {data}}}]}}"
    );
    server().post(&infer_path(&model), body)
}

/// The one violation of a refused element.
#[track_caller]
fn check_element(datatype: &str, shape: &str, data: &str, code: &str) {
    let body = element(datatype, shape, data).refusal(400, &["value"]);
    assert_eq!(violations(&body), [("value", code)], "{shape} {data}: {body}");
}

#[test]
fn shapes_that_do_not_match_their_data() {
    check_element("FP32", "[1, 3]", "[1, 2]", "wrong_size");
    check_element("FP32", "[1, 3]", "[1, 2, 3, 4]", "wrong_size");
    check_element("FP32", "[1, 3]", "[[1, 2], [3]]", "wrong_size");
    check_element("FP32", "[2, 3]", "[[1, 2, 3]]", "wrong_size");
    check_element("FP32", "[1, 3]", "[[1, 2, [3]]]", "wrong_shape");
    check_element("FP32", "[1, 3]", "[[[1, 2, 3]]]", "wrong_shape");
    check_element("FP32", "[1, 3]", "7", "wrong_size");
    check_element("FP32", "[1, 3]", "[]", "wrong_size");
    check_element("FP32", "[3]", "[1, 2, 3]", "wrong_shape");
    check_element("FP32", "[1, 1, 3]", "[1, 2, 3]", "wrong_shape");
    check_element("FP32", "[1, 4]", "[1, 2, 3, 4]", "wrong_shape");
    check_element("BYTES", "[1, 3]", "[\"a\"]", "wrong_size");
    assert_alive();
}

#[test]
fn shapes_that_are_none() {
    for shape in [
        "[-1, 3]",
        "[1, -3]",
        "[1.5, 3]",
        "\"1, 3\"",
        "{}",
        "[null, 3]",
        "3",
        "[18446744073709551616]",
    ] {
        check_element("FP32", shape, "[1, 2, 3]", "wrong_shape");
    }
    check_element("FP32", "[4294967296, 4294967296, 2]", "[]", "wrong_shape");
    check_element("FP32", "[18446744073709551615, 3]", "[1, 2, 3]", "wrong_shape");
    assert_alive();
}

/// What a shape claims costs nothing before the data are there.
#[test]
fn huge_shapes_cost_no_memory() {
    element("FP32", "[1, 3]", "[1, 2, 3]").ok();
    let before = server().resident();
    for _ in 0..50 {
        check_element("FP32", "[1000000000, 3]", "[]", "wrong_size");
        check_element("FP32", "[4611686018427387904, 3]", "[1]", "wrong_size");
        check_element("BYTES", "[1000000000, 3]", "[]", "wrong_size");
    }
    let after = server().resident();
    assert!(after < before + (256 << 20), "resident memory went from {before} to {after} bytes");
}

#[test]
fn ranks_beyond_reason() {
    let shape = format!("[{}]", vec!["1"; 10_000].join(","));
    check_element("FP32", &shape, "[1]", "wrong_shape");
    let empty = element("FP32", "[0, 3]", "[]");
    assert!(matches!(empty.status, 200 | 400), "{empty:?}");
    assert_alive();
}

/// JSON has no NaN; null stands for it, coming and going.
#[test]
fn a_missing_number_is_null() {
    for datatype in ["FP16", "FP32", "FP64"] {
        let answer = element(datatype, "[1, 3]", "[1, null, 3]").ok();
        let data = answer["outputs"][0]["data"].as_array().unwrap();
        let missing: Vec<bool> = data.iter().map(Value::is_null).collect();
        assert_eq!(missing, [false, true, false], "{answer}");
    }
}

#[test]
fn a_missing_text_is_empty_and_bytes_come_as_base64() {
    let answer = element("BYTES", "[1, 3]", "[null, \"\", {\"b64\": \"R3LDvMOfZQ==\"}]").ok();
    assert_eq!(answer["outputs"][0]["data"], json!(["", "", "Grüße"]), "{answer}");
}

#[test]
fn elements_that_their_datatype_cannot_hold() {
    for (datatype, data, code) in [
        ("UINT8", "[1, 256, 3]", "out_of_range"),
        ("UINT8", "[1, -1, 3]", "out_of_range"),
        ("INT64", "[1, 9223372036854775808, 3]", "out_of_range"),
        ("INT64", "[1, 1e30, 3]", "wrong_datatype"),
        ("INT64", "[1, 1.5, 3]", "wrong_datatype"),
        ("BOOL", "[true, 2, false]", "out_of_range"),
        ("BOOL", "[true, \"false\", false]", "wrong_datatype"),
        ("FP16", "[1, 70000, 3]", "out_of_range"),
        ("FP32", "[1, 1e39, 3]", "out_of_range"),
        ("INT64", "[1, null, 3]", "wrong_datatype"),
        ("FP32", "[1, true, 3]", "wrong_datatype"),
        ("FP32", "[1, \"2\", 3]", "wrong_datatype"),
        ("FP32", "[1, {}, 3]", "wrong_datatype"),
        ("BYTES", "[\"a\", 1, \"c\"]", "wrong_datatype"),
        ("BYTES", "[\"a\", {\"b64\": \"?\"}, \"c\"]", "malformed"),
        ("BYTES", "[\"a\", {\"b64\": \"\", \"more\": \"\"}, \"c\"]", "malformed"),
        ("BYTES", "[\"a\", {}, \"c\"]", "malformed"),
    ] {
        check_element(datatype, "[1, 3]", data, code);
    }
    // What JSON does not have is not JSON.
    for data in [
        "[1, NaN, 3]",
        "[1, Infinity, 3]",
        "[1, 1e999, 3]",
        "[1, +1, 3]",
        "[1, .5, 3]",
        "[01, 2, 3]",
    ] {
        element("FP32", "[1, 3]", data).refusal(400, &[]);
    }
    assert_alive();
}

/// What was sent may be private: no message repeats it.
#[test]
fn messages_do_not_repeat_values() {
    for (datatype, data) in [
        ("FP32", "[1, \"hunter2secret\", 3]"),
        ("INT64", "[1, 123456.789, 3]"),
        ("UINT8", "[1, 987654321, 3]"),
    ] {
        let body = element(datatype, "[1, 3]", data).refusal(400, &[]).to_string();
        for value in ["hunter2secret", "123456.789", "987654321"] {
            assert!(!body.contains(value), "{body}");
        }
    }
}

#[test]
fn bodies_that_are_too_large_are_413() {
    // wine may have 1 MiB, the others 16.
    let large = format!("{}{}", wine(), " ".repeat(MIB));
    server().post(&infer_path("wine"), &large).refusal(413, &["1 MiB"]);
    let fits = format!("{}{}", wine(), " ".repeat(MIB / 2));
    server().post(&infer_path("wine"), &fits).ok();
    server().post(&infer_path("diabetes"), format!("{}{}", diabetes(), " ".repeat(2 * MIB))).ok();

    let mut connection = server().connect();
    let head =
        "POST /v2/models/wine/infer HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n";
    connection.send(head).unwrap();
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    for _ in 0..64 {
        // The server may stop listening before everything is sent.
        if connection.send(&chunk).is_err() {
            break;
        }
    }
    if let Ok(response) = connection.response() {
        response.refusal(413, &["1 MiB"]);
    }
    assert_alive();
}

/// A length that is only claimed is refused before anything of it arrives.
#[test]
fn a_claimed_length_is_refused_at_once() {
    let mut connection = server().connect();
    let head =
        "POST /v2/models/wine/infer HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999\r\n\r\n";
    connection.send(head).unwrap();
    connection.response().unwrap().refusal(413, &["1 MiB"]);
    assert_alive();
}

#[test]
fn chunked_bodies_are_read() {
    let body = wine().to_string();
    let (first, second) = body.split_at(body.len() / 2);
    let mut connection = server().connect();
    connection
        .send(format!(
            "POST /v2/models/wine/infer HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n\
             {:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n",
            first.len(),
            second.len()
        ))
        .unwrap();
    connection.response().unwrap().ok();
}

#[test]
fn content_types() {
    let send = |header: &str| {
        let head = format!("POST /v2/models/diabetes/infer HTTP/1.1\r\n{header}");
        server().send(head.trim_end(), diabetes().to_string())
    };
    for header in [
        "content-type: application/json",
        "Content-Type: Application/JSON; charset=utf-8",
        "content-type: application/x-www-form-urlencoded",
        "content-encoding: identity",
        "",
    ] {
        send(header).ok();
    }
    for header in [
        "content-type: text/plain",
        "content-type: application/octet-stream",
        "content-type: json",
        "content-encoding: gzip",
    ] {
        send(header).refusal(415, &[]);
    }
    send("inference-header-content-length: 10").refusal(400, &["JSON"]);
    assert_alive();
}

#[test]
fn connections_are_kept_also_after_errors() {
    let mut connection = server().connect();
    for _ in 0..3 {
        let body = diabetes().to_string();
        connection.request("POST /v2/models/diabetes/infer HTTP/1.1", &body).unwrap();
        connection.response().unwrap().ok();
        connection.request("POST /v2/models/diabetes/infer HTTP/1.1", "{").unwrap();
        connection.response().unwrap().refusal(400, &[]);
        connection.request("GET /nowhere HTTP/1.1", "").unwrap();
        connection.response().unwrap().refusal(404, &[]);
    }
    // Several at once, answered in their order.
    for model in ["wine", "diabetes", "wine"] {
        connection.request(&format!("GET /v2/models/{model} HTTP/1.1"), "").unwrap();
    }
    for model in ["wine", "diabetes", "wine"] {
        assert_eq!(connection.response().unwrap().ok()["name"], model);
    }
}

#[test]
fn half_closed_connections_get_their_answer() {
    let mut connection = server().connect();
    connection.request("POST /v2/models/diabetes/infer HTTP/1.1", diabetes().to_string()).unwrap();
    connection.finish();
    connection.response().unwrap().ok();
    // One that ends within the body gets nothing, or a refusal.
    let mut connection = server().connect();
    connection
        .send("POST /v2/models/wine/infer HTTP/1.1\r\nhost: a\r\ncontent-length: 99\r\n\r\n{")
        .unwrap();
    connection.finish();
    if let Ok(response) = connection.response() {
        response.refusal(400, &[]);
    }
    assert_alive();
}

#[test]
fn what_is_not_http_ends_the_connection_alone() {
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\r\n\r\n\r\n",
        &[b'A'; 100_000],
    ] {
        let mut connection = server().connect();
        let _ = connection.send(bytes);
        connection.finish();
        let answer = connection.rest();
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"), "{answer:?}");
    }
    let header = format!("GET /v2 HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "a".repeat(MIB));
    let mut connection = server().connect();
    let _ = connection.send(header);
    let answer = connection.rest();
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"), "{answer:?}");
    assert_alive();
}

#[test]
fn names_with_slashes_and_spaces() {
    let case = &cases(&repository("tests/fixtures/unusual_names.cases.json"))[0];
    let answer = server().infer("unusual_names", &case["request"]).ok();
    assert_matches(case, &answer, Tolerance { absolute: 1e-6, relative: 1e-5 });
}

/// Bodies that a machine made up: never a 5xx, never a lost server.
#[test]
fn bodies_at_random() {
    let whole = diabetes().to_string();
    let mut connection = server().connect();
    let mut state = 1_u64;
    for _ in 0..500 {
        let mut bytes = whole.clone().into_bytes();
        for _ in 0..3 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = (state >> 33) as usize % bytes.len();
            bytes[at] = b"[]{},:\"0-9.e tn\\\xff"[(state >> 20) as usize % 17];
        }
        connection.request("POST /v2/models/diabetes/infer HTTP/1.1", &bytes).unwrap();
        let response = connection.response().unwrap();
        assert!(matches!(response.status, 200 | 400), "{response:?}");
    }
    assert_alive();
}
