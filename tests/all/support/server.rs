//! A server of its own for a test, on a port that nobody else has.

use super::http::{Connection, Response};
use super::outpost;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;

/// A running `outpost serve`; killed when dropped.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves the modules of a directory.
    #[track_caller]
    pub fn start(models: &Path) -> Self {
        Self::start_with(models, &[])
    }

    #[track_caller]
    pub fn start_with(models: &Path, arguments: &[&str]) -> Self {
        Self::launch(serve(models, arguments).command())
    }

    /// With the text of a configuration file.
    #[track_caller]
    pub fn configured(models: &Path, config: &str) -> Self {
        let path = models.join("outpost.toml");
        std::fs::write(&path, config).unwrap();
        Self::start_with(models, &["--config", path.to_str().unwrap()])
    }

    /// Starts `command` and waits until it listens.
    #[track_caller]
    pub fn launch(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let (found, address) = mpsc::channel();
        let reader = follow(child.stderr.take().unwrap(), Arc::clone(&log), found);
        let Ok(address) = address.recv() else {
            let _ = child.wait();
            panic!("the server did not start: {}", log.lock().unwrap());
        };
        Server { child, address, log, reader: Some(reader) }
    }

    pub fn connect(&self) -> Connection {
        Connection::open(self.address).unwrap()
    }

    #[track_caller]
    pub fn get(&self, path: &str) -> Response {
        self.send(&format!("GET {path} HTTP/1.1"), "")
    }

    #[track_caller]
    pub fn post(&self, path: &str, body: impl AsRef<[u8]>) -> Response {
        self.send(&format!("POST {path} HTTP/1.1\r\ncontent-type: application/json"), body)
    }

    #[track_caller]
    pub fn send(&self, head: &str, body: impl AsRef<[u8]>) -> Response {
        let mut connection = self.connect();
        connection.request(head, body).unwrap();
        connection.response().unwrap()
    }

    /// Asks a model.
    #[track_caller]
    pub fn infer(&self, model: &str, request: &Value) -> Response {
        self.post(&infer_path(model), request.to_string())
    }

    /// Asks a model of one FP32 vector `x`.
    #[track_caller]
    pub fn ask(&self, model: &str, x: &[f32]) -> Response {
        self.infer(model, &vector(x))
    }

    /// That `twice`, beside whatever else went on, still answers right.
    #[track_caller]
    pub fn assert_neighbour_answers(&self) {
        let answer = self.ask("twice", &[1.5, -4.0]).ok();
        assert_eq!(answer["outputs"][0]["data"], json!([3.0, -8.0]));
    }

    /// Resident memory in bytes.
    pub fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }

    /// Returns once a guest is at work, which shows in the time that the process
    /// has spent.
    pub fn wait_until_busy(&self) {
        let spent = || {
            let path = format!("/proc/{}/stat", self.child.id());
            let text = std::fs::read_to_string(path).unwrap();
            // After the name, which is in brackets: field 14 is the user time.
            let fields = text.rsplit(')').next().unwrap();
            fields.split_whitespace().nth(11).unwrap().parse::<u64>().unwrap()
        };
        let start = spent();
        while spent() < start + 5 {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Asks it to end.
    pub fn terminate(&self) {
        let status = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(status.success());
    }

    /// Waits for its end: exit code and the whole log.
    pub fn wait(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        (status.code(), self.log())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `outpost serve` on any free port.
pub fn serve(models: &Path, arguments: &[&str]) -> super::command::Call {
    let fixed = ["serve", "--models", models.to_str().unwrap(), "--listen", "127.0.0.1:0"];
    outpost(fixed.iter().chain(arguments))
}

pub fn infer_path(model: &str) -> String {
    format!("/v2/models/{model}/infer")
}

/// A request of one FP32 vector `x`.
pub fn vector(x: &[f32]) -> Value {
    json!({"inputs": [{"name": "x", "datatype": "FP32", "shape": [x.len()], "data": x}]})
}

/// Keeps what a server logs, and passes on the address once it is there.
fn follow(
    stderr: impl Read + Send + 'static,
    log: Arc<Mutex<String>>,
    found: mpsc::Sender<SocketAddr>,
) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut found = Some(found);
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if let Some(address) = address(&line)
                && let Some(found) = found.take()
            {
                let _ = found.send(address);
            }
            let mut log = log.lock().unwrap();
            log.push_str(&line);
            log.push('\n');
        }
    })
}

/// `127.0.0.1:` and a port, wherever the line of log, text or JSON, has it.
fn address(line: &str) -> Option<SocketAddr> {
    if !line.contains("serving") {
        return None;
    }
    let start = line.find("127.0.0.1:")?;
    let rest = &line[start..];
    let end = rest.find(|c: char| !matches!(c, '0'..='9' | '.' | ':')).unwrap_or(rest.len());
    rest[..end].parse().ok()
}
