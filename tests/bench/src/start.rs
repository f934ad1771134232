//! From the start of the process to the first answer, with a warm cache.

use crate::measure::{Row, seconds};
use crate::module::Workshop;
use crate::stopwatch::median;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Instant;

const STARTS: usize = 11;

pub fn row(workshop: &Workshop) -> Row {
    let models = workshop.path().join("one");
    std::fs::create_dir_all(&models).unwrap();
    std::fs::copy(workshop.module("breast-cancer"), models.join("breast-cancer.wasm")).unwrap();
    let cases = include_str!("../../../models/breast-cancer/cases.json");
    let cases: serde_json::Value = serde_json::from_str(cases).unwrap();
    let body = cases["cases"][0]["request"].to_string();

    let start = || {
        let started = Instant::now();
        let mut child = workshop
            .outpost()
            .args(["serve", "--listen", "127.0.0.1:0", "--models"])
            .arg(&models)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let address = address(&mut child);
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "POST /v2/models/breast-cancer/infer HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let elapsed = started.elapsed().as_secs_f64();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        child.kill().unwrap();
        child.wait().unwrap();
        elapsed
    };
    start();
    let time = median((0..STARTS).map(|_| start()).collect());
    Row {
        what: "serve, one model: process start to first answer".into(),
        measured: seconds(time),
        yardstick: String::new(),
        ratio: String::new(),
        bar: "≤ 100 ms".into(),
    }
}

/// Read from the log, as the port is the system's choice.
fn address(child: &mut Child) -> String {
    let log = BufReader::new(child.stderr.as_mut().unwrap());
    for line in log.lines() {
        let line = line.unwrap();
        if let (true, Some(at)) = (line.contains("serving"), line.find("127.0.0.1:")) {
            return line[at..].split_whitespace().next().unwrap().to_string();
        }
    }
    panic!("the server ended early");
}
