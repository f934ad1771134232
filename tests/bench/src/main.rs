//! Measures Outpost beside its yardsticks: `cargo run --release -p outpost-bench`.
//!
//! Everything is measured in one run and taken in turns, because machines are
//! shared and noisy: read the ratios. Names of parts as arguments run these
//! alone, e.g. `-- small native`. The first build compiles tract for this
//! machine, which nothing else here needs; the part `python` installs its
//! yardsticks from PyPI.

mod generate;
mod measure;
mod memory;
mod module;
mod native;
mod python;
mod start;
mod stopwatch;

use measure::{Row, table};
use module::Workshop;
use std::process::ExitCode;

const PARTS: [&str; 7] = ["small", "conv", "native", "memory", "start", "build", "python"];

fn main() -> ExitCode {
    // The program under test is this one, by another name.
    if std::env::var_os(module::AS_OUTPOST).is_some() {
        return outpost::main();
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(count) = memory::is_child(&arguments) {
        memory::child(count, &arguments);
        return ExitCode::SUCCESS;
    }
    if let Some(unknown) = arguments.iter().find(|name| !PARTS.contains(&name.as_str())) {
        eprintln!("there is no part `{unknown}`; the parts are {}", PARTS.join(", "));
        return ExitCode::from(2);
    }
    let wanted = |part: &str| arguments.is_empty() || arguments.iter().any(|name| name == part);

    let workshop = Workshop::open();
    let mut rows: Vec<Row> = Vec::new();
    // First, while these models were never built.
    if wanted("build") {
        rows.push(workshop.build_time("squeezenet", "5 MB model", "about 2 s for 1 MB"));
        rows.push(workshop.build_time("digits", "0.1 MB model", "about 2 s for 1 MB"));
        rows.push(workshop.build_time("wide", "100 MB model", "about 10 s"));
    }
    if wanted("small") {
        rows.extend(measure::fresh_and_warm(&workshop, "breast-cancer", "≤ 3 ×, ≤ 30 µs"));
        rows.push(measure::instantiation(&workshop, "breast-cancer"));
    }
    if wanted("conv") {
        rows.extend(measure::fresh_and_warm(&workshop, "denoise", "≤ 1.05 ×"));
        rows.extend(measure::fresh_and_warm(&workshop, "squeezenet", "≤ 1.05 ×"));
    }
    if wanted("native") {
        for name in ["breast-cancer", "digits", "denoise", "squeezenet"] {
            rows.push(native::row(&workshop, name));
        }
    }
    if wanted("memory") {
        rows.push(memory::row(&workshop));
    }
    if wanted("start") {
        rows.push(start::row(&workshop));
    }
    if wanted("python") {
        rows.extend(python::rows(&workshop));
    }
    println!("{}", table(&rows));
    ExitCode::SUCCESS
}
