//! What the protocol has beside JSON tensors: bytes, V1, configuration, statistics,
//! the repository and metrics.

use crate::support::http::{Connection, Response};
use crate::support::{Server, answers, modules, repository};
use serde_json::{Value, json};
use std::sync::LazyLock;

const VECTOR: &str = "/v2/models/wine/infer";

fn server() -> &'static Server {
    static SERVER: LazyLock<Server> = LazyLock::new(|| {
        let directory = modules::directory_of(&[modules::sample("wine")]);
        Server::start(directory.path())
    });
    &SERVER
}

/// The same row as JSON, and as the JSON and the bytes of the binary extension.
fn row() -> (Value, Value, Vec<u8>) {
    let case = &answers::cases(&repository("models/wine/cases.json"))[0];
    let mut plain = case["request"].clone();
    let values: Vec<f32> = serde_json::from_value(plain["inputs"][0]["data"].clone()).unwrap();
    plain["inputs"][0]["data"] = json!(values);
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let mut binary = plain.clone();
    binary["inputs"][0].as_object_mut().unwrap().remove("data");
    binary["inputs"][0]["parameters"] = json!({"binary_data_size": bytes.len()});
    (plain, binary, bytes)
}

fn send(json: &Value, bytes: &[u8]) -> Response {
    let json = json.to_string();
    let length = json.len();
    let head = format!("POST {VECTOR} HTTP/1.1\r\ninference-header-content-length: {length}");
    server().send(&head, [json.as_bytes(), bytes].concat())
}

#[test]
fn bytes_say_the_same_as_json() {
    let (plain, mut binary, bytes) = row();
    let expected = server().infer("wine", &plain).ok();
    assert_eq!(send(&binary, &bytes).ok(), expected);

    // And the answer as bytes.
    binary["parameters"] = json!({"binary_data_output": true});
    let answer = send(&binary, &bytes);
    assert_eq!(answer.status, 200);
    let length: usize = answer.header("inference-header-content-length").unwrap().parse().unwrap();
    let (head, tail) = answer.body.split_at(length);
    let head: Value = serde_json::from_slice(head).unwrap();
    let output = &head["outputs"][0];
    assert_eq!(output["parameters"]["binary_data_size"], 12);
    assert_eq!((&output["data"], tail.len()), (&Value::Null, 12 + 8));
    let value = f32::from_le_bytes(tail[..4].try_into().unwrap());
    let stated = expected["outputs"][0]["data"][0].as_f64().unwrap();
    assert_eq!(value, stated as f32);

    // Or one of them.
    binary["outputs"] = json!([
        {"name": "probability", "parameters": {"binary_data": false}}, {"name": "label"}]);
    let answer = send(&binary, &bytes);
    let length: usize = answer.header("inference-header-content-length").unwrap().parse().unwrap();
    let head: Value = serde_json::from_slice(&answer.body[..length]).unwrap();
    assert_eq!(head["outputs"][0], expected["outputs"][0]);
    assert_eq!(answer.body.len() - length, 8);
}

#[test]
fn bytes_that_are_not_those_of_the_shape_are_refused() {
    let (plain, binary, bytes) = row();
    send(&binary, &bytes[..48]).refusal(400, &["needs 52 bytes, but only 48 are left"]);
    send(&binary, &[&bytes[..], &[0]].concat()).refusal(400, &["1 bytes after the last tensor"]);
    let mut fewer = binary.clone();
    fewer["inputs"][0]["parameters"]["binary_data_size"] = json!(48);
    send(&fewer, &bytes[..48]).refusal(400, &["48 bytes", "13 times 4"]);
    let mut both = plain.clone();
    both["inputs"][0]["parameters"] = json!({"binary_data_size": 52});
    send(&both, &bytes).refusal(400, &["both `data` and `binary_data_size`"]);
    server().infer("wine", &binary).refusal(400, &["Inference-Header-Content-Length"]);
    let head = format!("POST {VECTOR} HTTP/1.1\r\ninference-header-content-length: 999999");
    server().send(&head, plain.to_string()).refusal(400, &["999999 bytes"]);
    let head = format!("POST {VECTOR} HTTP/1.1\r\ninference-header-content-length: ten");
    server().send(&head, plain.to_string()).refusal(400, &["whole number"]);
}

#[test]
fn the_old_protocol_gives_the_same_numbers() {
    let (plain, _, _) = row();
    let expected = server().infer("wine", &plain).ok()["outputs"].clone();
    let row = &plain["inputs"][0]["data"];
    let predict = |instances: Value| {
        let body = json!({ "instances": instances }).to_string();
        server().post("/v1/models/wine:predict", body)
    };
    let answer = predict(json!([row, row])).ok();
    let rows = answer["predictions"].as_array().unwrap();
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!(row["probability"], expected[0]["data"]);
        assert_eq!(row["label"], expected[1]["data"][0]);
    }
    // A row may name the input, too.
    assert_eq!(predict(json!([{"features": row}])).ok()["predictions"][0], rows[0]);
    predict(json!([[1, 2]])).refusal(400, &["13"]);
    predict(json!([{"other": row}])).refusal(400, &["features", "object"]);
    server().post("/v1/models/wine:predict", "{}").refusal(400, &["instances"]);
    server().post("/v1/models/wine", "{}").refusal(405, &[":predict"]);
    server().post("/v1/models/none:predict", "{\"instances\":[]}").refusal(404, &["none"]);
    assert_eq!(server().get("/v1/models/wine").ok()["ready"], true);
    assert_eq!(server().get("/v1/models").ok()["models"], json!(["wine"]));
}

#[test]
fn configuration_and_statistics_are_tritons() {
    let config = server().get("/v2/models/wine/config").ok();
    assert_eq!((&config["name"], &config["max_batch_size"]), (&json!("wine"), &json!(0)));
    assert_eq!(config["input"][0]["data_type"], "TYPE_FP32");
    assert_eq!(config["input"][0]["dims"], json!([-1, 13]));
    server().infer("wine", &row().0).ok();
    let statistics = server().get("/v2/models/wine/stats").ok();
    let found = &statistics["model_stats"][0];
    assert!(found["inference_count"].as_u64().unwrap() > 0, "{found}");
    assert!(found["inference_stats"]["compute_infer"]["ns"].as_u64().unwrap() > 0, "{found}");
    assert_eq!(server().get("/v2/models/stats").ok()["model_stats"][0]["name"], "wine");
    server().get("/v2/models/none/stats").refusal(404, &["none"]);
    server().get("/v2/models/none/config").refusal(404, &["none"]);
}

/// A server whose operators listen on a port of their own.
struct Operated {
    server: Server,
    admin: std::net::SocketAddr,
    /// From which it loads again.
    _directory: tempfile::TempDir,
}

fn operated() -> Operated {
    let directory = modules::directory_of(&[modules::sample("wine")]);
    let server = Server::start_with(directory.path(), &["--admin-listen", "127.0.0.1:0"]);
    let log = server.log();
    let line = log.lines().find(|line| line.contains("listening for operators")).unwrap();
    let admin = line.split("address=").nth(1).unwrap();
    let admin = admin.chars().filter(|&c| c == '.' || c == ':' || c.is_ascii_digit());
    let admin = admin.collect::<String>().parse().unwrap();
    Operated { server, admin, _directory: directory }
}

impl Operated {
    fn ask(&self, head: &str, body: &str) -> Response {
        let mut connection = Connection::open(self.admin).unwrap();
        connection.request(head, body).unwrap();
        connection.response().unwrap()
    }
}

#[test]
fn models_are_unloaded_and_loaded_again() {
    let operated = operated();
    let change = |what: &str| {
        let head = format!("POST /v2/repository/models/{what} HTTP/1.1");
        operated.ask(&head, "{}")
    };
    let state = || {
        let index = operated.ask("POST /v2/repository/index HTTP/1.1", "").ok();
        index[0]["state"].as_str().unwrap().to_owned()
    };
    let infer = || operated.server.infer("wine", &row().0);
    assert_eq!(state(), "READY");
    infer().ok();
    change("wine/unload").ok();
    assert_eq!(state(), "UNAVAILABLE");
    infer().refusal(404, &["wine"]);
    change("wine/unload").refusal(404, &["wine"]);
    change("wine/load").ok();
    assert_eq!(state(), "READY");
    infer().ok();
    change("none/load").refusal(404, &["none"]);
    // Who may only ask for answers may not do that.
    operated.server.post("/v2/repository/models/wine/unload", "{}").refusal(404, &[]);
    operated.server.get("/metrics").refusal(404, &[]);
}

#[test]
fn what_happens_is_counted() {
    let operated = operated();
    operated.server.infer("wine", &row().0).ok();
    operated.server.infer("wine", &json!({"inputs": []})).refusal(400, &[]);
    let metrics = operated.ask("GET /metrics HTTP/1.1", "");
    assert_eq!(metrics.status, 200);
    let text = String::from_utf8(metrics.body).unwrap();
    let value = |name: &str, labels: &[&str]| -> f64 {
        let line = text
            .lines()
            .find(|line| line.starts_with(name) && labels.iter().all(|l| line.contains(l)));
        let line = line.unwrap_or_else(|| panic!("{name} {labels:?}: {text}"));
        line.rsplit(' ').next().unwrap().parse().unwrap()
    };
    let model = "model=\"wine\"";
    assert_eq!(value("outpost_requests_total", &[model, "status=\"ok\""]), 1.0);
    assert_eq!(value("outpost_requests_total", &[model, "status=\"invalid_request\""]), 1.0);
    assert_eq!(value("outpost_request_duration_seconds_count", &[model]), 2.0);
    for stage in ["pre", "queue", "compute", "post"] {
        let stage = format!("stage=\"{stage}\"");
        assert!(value("outpost_stage_duration_seconds_count", &[model, &stage]) >= 1.0);
    }
    assert!(value("outpost_violations_total", &[model, "code=\"missing\""]) >= 1.0);
    assert!(value("outpost_instance_memory_bytes", &[model]) > 1e5);
    assert_eq!(value("outpost_queue_length", &[model]), 0.0);
    assert!(text.ends_with("# EOF\n"));
}

/// Requests that wait for one thread are joined; each gets what it gets alone, and
/// one that is refused does not take the others with it.
#[test]
fn joined_requests_are_answered_as_if_alone() {
    let directory = modules::directory_of(&[modules::sample("wine")]);
    let config = "threads = 1\n[run]\nisolation = \"batch\"\nmax_batch_wait_ms = 50\n\
                  preferred_batch_rows = [8]\n";
    let joined = Server::configured(directory.path(), config);
    let rows: Vec<Value> = (0..8)
        .map(|row| {
            let mut request = self::row().0;
            request["inputs"][0]["data"][3] = json!(f64::from(row) / 50.0);
            request
        })
        .collect();
    let close = |a: &Value, b: &Value| {
        let number = |answer: &Value| answer["outputs"][0]["data"][0].as_f64().unwrap();
        (number(a) - number(b)).abs() <= 1e-5
    };
    std::thread::scope(|scope| {
        for request in &rows {
            scope.spawn(|| {
                for _ in 0..5 {
                    let alone = server().infer("wine", request).ok();
                    let together = joined.infer("wine", request).ok();
                    assert!(close(&together, &alone), "{together} {alone}");
                    assert_eq!(together["outputs"][0]["shape"], alone["outputs"][0]["shape"]);
                }
            });
        }
        scope.spawn(|| {
            let mut wrong = self::row().0;
            wrong["inputs"][0]["name"] = json!("other");
            for _ in 0..5 {
                joined.infer("wine", &wrong).refusal(400, &["other"]);
            }
        });
    });
    let found = &joined.get("/v2/models/wine/stats").ok()["model_stats"][0];
    let (rows, calls) = (found["inference_count"].as_u64(), found["execution_count"].as_u64());
    assert!(rows > calls, "nothing was joined: {found}");
    let config = joined.get("/v2/models/wine/config").ok();
    assert_eq!(
        (&config["max_batch_size"], &config["input"][0]["dims"]),
        (&json!(64), &json!([13]))
    );
}

#[test]
fn a_client_says_how_long_it_waits() {
    let mut request = row().0;
    request["parameters"] = json!({"timeout": 1});
    server().infer("wine", &request).refusal(504, &["deadline"]);
    request["parameters"] = json!({"timeout": 60_000_000});
    server().infer("wine", &request).ok();
    let head = format!("POST {VECTOR} HTTP/1.1\r\noutpost-timeout-ms: 0");
    server().send(&head, row().0.to_string()).refusal(504, &["deadline"]);
}
