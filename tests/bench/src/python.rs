//! Modules against what people would use in Python instead: ONNX Runtime, Pillow,
//! tokenizers. A Python process times those, a round for each of ours.

use crate::measure::{DEADLINE, Row, seconds};
use crate::module::{Workshop, repository};
use crate::stopwatch;
use outpost_api::rest::decode_request;
use outpost_core::{Datatype, Tensor};
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Name, model or manifest, what it is, its bar.
const PARTS: [(&str, &str, &str, &str); 5] = [
    ("forest-1", "forest.onnx", "random forest of 100 trees, 1 row", "≤ 3 ×"),
    ("forest-1000", "forest.onnx", "the same, 1,000 rows", "≤ 2 ×"),
    ("boosted-1000", "boosted.onnx", "XGBoost, 500 trees on 30 columns, 1,000 rows", "≤ 2 ×"),
    ("picture", "picture.toml", "640×480 JPEG to a 224×224 tensor", "≤ 2.5 ×"),
    ("text", "text.toml", "1 KB of English to token ids", "≤ 3 ×"),
];

pub fn rows(workshop: &Workshop) -> Vec<Row> {
    let directory = workshop.path().join("yardsticks");
    std::fs::create_dir_all(&directory).unwrap();
    let mut python = Python::start(&directory);
    let mut rows = vec![fresh(workshop, &mut python)];
    rows.extend(PARTS.iter().map(|part| row(workshop, &directory, &mut python, part)));
    rows
}

/// A sandbox for each request against ONNX Runtime without one. The limit of 30 µs
/// is of a machine on which ONNX Runtime takes 10.7 µs for this model, which says
/// how fast this machine is.
fn fresh(workshop: &Workshop, python: &mut Python) -> Row {
    let module = workshop.load("breast-cancer");
    let inputs = workshop.sample("breast-cancer");
    let (ours, theirs) = stopwatch::rounds(
        || drop(black_box(module.infer(&inputs, DEADLINE).unwrap())),
        || python.time("breast-cancer"),
    );
    Row {
        what: "breast-cancer: fresh instance + inference".into(),
        measured: seconds(ours),
        yardstick: format!("{} in Python", seconds(theirs)),
        ratio: format!("{:.2}", ours / theirs),
        bar: "≤ 2.8 × (30 µs where Python takes 10.7)".into(),
    }
}

fn row(
    workshop: &Workshop,
    directory: &Path,
    python: &mut Python,
    &(name, source, what, bar): &(&str, &str, &str, &str),
) -> Row {
    let module = workshop.load_file(&directory.join(source));
    let inputs = inputs(directory, name);
    let mut instance = module.instantiate().unwrap();
    let (ours, theirs) = stopwatch::rounds(
        || drop(black_box(instance.infer(&inputs, DEADLINE).unwrap())),
        || python.time(name),
    );
    Row {
        what: format!("{what}: warm instance"),
        measured: seconds(ours),
        yardstick: format!("{} in Python", seconds(theirs)),
        ratio: format!("{:.2}", ours / theirs),
        bar: bar.into(),
    }
}

/// A request, or a file that is the only element of the only input.
fn inputs(directory: &Path, name: &str) -> Vec<Tensor> {
    if let Ok(json) = std::fs::read(directory.join(format!("{name}.json"))) {
        return decode_request(&json).unwrap().inputs;
    }
    let file = std::fs::read(directory.join(format!("{name}.bin"))).unwrap();
    let mut data = (file.len() as u32).to_le_bytes().to_vec();
    data.extend(file);
    let input = if name == "picture" { "image" } else { "text" };
    vec![Tensor { name: input.into(), datatype: Datatype::Bytes, shape: vec![1], data }]
}

struct Python {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Python {
    /// With the packages that it needs, which it gets at the first run.
    fn start(directory: &Path) -> Self {
        let here = repository().join("tests/bench");
        let environment = environment();
        let python = environment.join("bin/python");
        if !environment.join("ready").exists() {
            eprintln!("installing the yardsticks' Python packages …");
            run(Command::new("python3").args(["-m", "venv"]).arg(&environment));
            let install = ["-m", "pip", "install", "--quiet", "-r"];
            run(Command::new(&python).args(install).arg(here.join("requirements.txt")));
            std::fs::write(environment.join("ready"), "").unwrap();
        }
        eprintln!("preparing the yardsticks …");
        let mut child = Command::new(&python)
            .arg(here.join("yardsticks.py"))
            .arg(directory)
            .env("OMP_NUM_THREADS", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut python = Python { child, input, output };
        assert_eq!(python.line(), "ready");
        python
    }

    /// Seconds of one call.
    fn time(&mut self, name: &str) -> f64 {
        writeln!(self.input, "{name}").unwrap();
        self.line().parse().unwrap()
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim().into()
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn environment() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    target.unwrap_or_else(|| repository().join("target")).join("bench").join("venv")
}

fn run(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?} failed");
}
