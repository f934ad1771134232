//! `outpost run`: scores a file without a server, one request or millions of
//! rows, a batch at a time and in constant memory.

mod csv;
mod file;
mod json;
mod jsonl;
mod samples;

use crate::cli::{Format, RunOptions};
use crate::failure::Failure;
use crate::log;
use crate::paths::{self, Destination};
use crate::progress;
use outpost_core::{Error, InferRequest, InferResponse};
use outpost_sandbox::{LoadedModule, SandboxOptions};
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;
use std::time::Duration;

pub fn main(options: &RunOptions) -> Result<(), Failure> {
    let format = options.format.or_else(|| by_extension(&options.input)).unwrap_or(Format::Json);
    let grants = options.grants.set();
    let module = paths::read_module(&options.module, grants)?;
    log::for_guests(grants)?;
    let sandbox = paths::sandbox(&options.cache, SandboxOptions::for_one())?;
    let module = sandbox
        .load(&module, module.manifest().limits)
        .map_err(|error| Failure::at(&options.module, error))?;
    let scorer = Scorer::new(&module);

    let (input, size) = paths::open(&options.input)?;
    let bar = progress::bytes(size);
    let input = BufReader::new(bar.wrap_read(input));
    let outcome = match &options.output {
        None => score(format, &scorer, input, &mut std::io::stdout().lock(), options, &bar),
        Some(path) => to_file(path, |file| score(format, &scorer, input, file, options, &bar)),
    };
    bar.finish_and_clear();
    outcome
}

fn by_extension(path: &Path) -> Option<Format> {
    match path.extension()?.to_str()? {
        "json" => Some(Format::Json),
        "csv" => Some(Format::Csv),
        "jsonl" | "ndjson" => Some(Format::Jsonl),
        "jpg" | "jpeg" | "png" | "txt" | "wav" => Some(Format::File),
        _ => None,
    }
}

fn score(
    format: Format,
    scorer: &Scorer<'_>,
    input: impl std::io::BufRead,
    output: &mut dyn Write,
    options: &RunOptions,
    bar: &indicatif::ProgressBar,
) -> Result<(), Failure> {
    let mut output = BufWriter::new(output);
    let batch = options.batch as usize;
    let outcome = match format {
        Format::Json => json::run(scorer, input, &mut output),
        Format::File => file::run(scorer, input, &mut output),
        Format::Csv => csv::run(scorer, input, &mut output, batch, bar),
        Format::Jsonl => jsonl::run(scorer, input, &mut output, batch, bar),
    };
    let flushed = output.flush().map_err(|error| write_failed(&error));
    outcome.and(flushed)
}

/// Writes beside `path` and moves it there at the end, failed rows included:
/// a failure of some rows must not lose the others.
fn to_file(
    path: &Path,
    score: impl FnOnce(&mut dyn Write) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let fault = |error: std::io::Error| Failure::at(path, error);
    let mut destination = Destination::open(path).map_err(fault)?;
    let outcome = score(destination.file());
    destination.commit().map_err(fault)?;
    outcome
}

/// Writes a line of an answer.
fn write_line(output: &mut impl Write, line: &[u8]) -> Result<(), Failure> {
    (output.write_all(line))
        .and_then(|()| output.write_all(b"\n"))
        .map_err(|error| write_failed(&error))
}

fn write_failed(error: &std::io::Error) -> Failure {
    Failure::new(format!("the answers cannot be written: {error}"))
}

/// Runs requests on a module, each in an instance of its own.
struct Scorer<'a> {
    module: &'a LoadedModule,
    deadline: Duration,
}

impl<'a> Scorer<'a> {
    fn new(module: &'a LoadedModule) -> Self {
        let deadline = Duration::from_millis(module.limits().deadline_ms.into());
        Scorer { module, deadline }
    }

    fn infer(&self, request: InferRequest) -> Result<InferResponse, Error> {
        request.check_outputs(self.module.signature())?;
        let prediction = self.module.infer(&request.inputs, self.deadline)?;
        request.answer(prediction)
    }
}
