//! Runs the node tests of ONNX through modules that Outpost builds, and through
//! tract compiled for this machine as a yardstick: see `tests/conformance/run`.
//!
//! Without a filter it writes `tests/conformance/README.md`.

mod case;
mod native;
mod ours;
mod report;

use case::{Case, Verdict};
use std::collections::VecDeque;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;

/// What came of a test.
struct Outcome {
    case: Case,
    ours: Verdict,
    native: Verdict,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(directory) = arguments.first() else {
        eprintln!("usage: outpost-conformance DIRECTORY [FILTER]");
        return ExitCode::from(2);
    };
    let filter = arguments.get(1).map_or("", String::as_str);
    let outcomes = run(Case::all(Path::new(directory), filter));
    if filter.is_empty() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
        std::fs::write(&path, report::table(&outcomes)).unwrap();
        println!("{}\nwrote {}", report::summary(&outcomes), path.display());
    } else {
        for outcome in &outcomes {
            println!("{}: {}", outcome.case.name, outcome.ours);
            println!("    native tract: {}", outcome.native);
        }
        println!("{}", report::summary(&outcomes));
    }
    ExitCode::SUCCESS
}

/// Every case, on all cores. A panic inside tract is an outcome like another.
fn run(cases: Vec<Case>) -> Vec<Outcome> {
    std::panic::set_hook(Box::new(|_| {}));
    let workshop = ours::Workshop::open();
    let bar = indicatif::ProgressBar::new(cases.len() as u64);
    let waiting = Mutex::new(VecDeque::from(cases));
    let done = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(case) = { waiting.lock().unwrap().pop_front() } {
                    let (ours, native) = (workshop.verdict(&case), native::verdict(&case));
                    done.lock().unwrap().push(Outcome { case, ours, native });
                    bar.inc(1);
                }
            });
        }
    });
    bar.finish_and_clear();
    let mut outcomes = done.into_inner().unwrap();
    outcomes.sort_by(|a, b| a.case.name.cmp(&b.case.name));
    outcomes
}
