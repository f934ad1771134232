//! JSON lines: on each line a request of the Open Inference Protocol, or a
//! record that maps input names to the values of one sample. Every line gets a
//! line in answer, in order; one that cannot be answered gets an `error`.

use super::samples::{Answer, Layout, Sample};
use super::{Scorer, write_line};
use crate::failure::Failure;
use outpost_api::rest::{
    ErrorBody, decode_elements, decode_request, encode_response, nested_elements,
};
use outpost_core::{Error, ErrorKind, Violation, ViolationCode};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::io::{BufRead, Write};

pub fn run(
    scorer: &Scorer<'_>,
    input: impl BufRead,
    output: &mut impl Write,
    batch: usize,
    bar: &indicatif::ProgressBar,
) -> Result<(), Failure> {
    let layout = Layout::of(scorer);
    let batch = layout.batch(batch);
    let mut answers =
        Answers { scorer, layout: &layout, output, waiting: Vec::new(), lines: 0, failed: 0 };
    for line in input.lines() {
        let line = line.map_err(|error| {
            Failure::new(format!("line {} cannot be read: {error}", answers.lines + 1))
        })?;
        if line.trim().is_empty() {
            continue;
        }
        match Line::parse(&line, &layout) {
            Ok(Line::Record(sample)) => answers.waiting.push(sample),
            Ok(Line::Request) => answers.request(&line)?,
            Err(error) => {
                answers.flush()?;
                answers.fail(&error)?;
            }
        }
        if answers.waiting.len() >= batch {
            answers.flush()?;
        }
        bar.set_message(format!("{} lines", answers.lines));
    }
    answers.flush()?;
    match answers.failed {
        0 => Ok(()),
        failed => Err(Failure::new(format!(
            "{failed} of {} lines could not be answered; their answers say why",
            answers.lines
        ))),
    }
}

enum Line {
    Record(Sample),
    Request,
}

impl Line {
    fn parse(line: &str, layout: &Layout) -> Result<Self, Error> {
        let fields: BTreeMap<String, &RawValue> = serde_json::from_str(line).map_err(|error| {
            Error::new(ErrorKind::InvalidRequest, format!("the line is not a JSON object: {error}"))
        })?;
        let is_input = |name: &str| layout.inputs.iter().any(|part| part.spec.name == name);
        if fields.contains_key("inputs") && !is_input("inputs") {
            return Ok(Line::Request);
        }
        let mut violations: Vec<Violation> = (fields.keys())
            .filter(|name| !is_input(name))
            .map(|name| {
                violation(name, ViolationCode::Unknown, "the model has no input of this name")
            })
            .collect();
        let mut sample = Sample::new();
        for part in &layout.inputs {
            let name = &part.spec.name;
            let (Some(value), Some(shape)) = (fields.get(name), &part.shape) else {
                let (code, message) = match part.shape {
                    Some(_) => (ViolationCode::Missing, "the input is missing"),
                    None => (ViolationCode::WrongShape, "its extents vary: send a whole request"),
                };
                violations.push(violation(name, code, message));
                continue;
            };
            match decode_elements(value.get(), part.spec.datatype, shape) {
                Ok(data) => sample.push(data),
                Err((code, message)) => violations.push(violation(name, code, &message)),
            }
        }
        if violations.is_empty() {
            Ok(Line::Record(sample))
        } else {
            Err(Error::invalid(violations))
        }
    }
}

fn violation(field: &str, code: ViolationCode, message: &str) -> Violation {
    Violation { field: field.into(), row: None, code, message: message.into() }
}

/// Writes answers in the order of the lines.
struct Answers<'a, W> {
    scorer: &'a Scorer<'a>,
    layout: &'a Layout,
    output: &'a mut W,
    /// Records that are not scored yet.
    waiting: Vec<Sample>,
    lines: usize,
    failed: usize,
}

impl<W: Write> Answers<'_, W> {
    fn flush(&mut self) -> Result<(), Failure> {
        let samples = std::mem::take(&mut self.waiting);
        if samples.is_empty() {
            return Ok(());
        }
        match self.layout.score(self.scorer, &samples) {
            Ok(rows) => rows.iter().try_for_each(|row| self.record(row)),
            // One at a time, to find out whose fault it is.
            Err(_) if samples.len() > 1 => samples.iter().try_for_each(|sample| {
                match self.layout.score(self.scorer, std::slice::from_ref(sample)) {
                    Ok(rows) => rows.iter().try_for_each(|row| self.record(row)),
                    Err(error) => self.fail(&error),
                }
            }),
            Err(error) => self.fail(&error),
        }
    }

    fn request(&mut self, line: &str) -> Result<(), Failure> {
        self.flush()?;
        let manifest = self.scorer.module.manifest();
        let answer = decode_request(line.as_bytes())
            .and_then(|request| self.scorer.infer(request))
            .and_then(|response| encode_response(&manifest.name, &manifest.version, &response));
        match answer {
            Ok(body) => self.write(&body),
            Err(error) => self.fail(&error),
        }
    }

    fn record(&mut self, row: &Answer) -> Result<(), Failure> {
        let fields: Result<BTreeMap<&str, _>, Error> = (row.outputs.iter())
            .map(|tensor| Ok((tensor.name.as_str(), nested_elements(tensor)?)))
            .collect();
        let mut fields = match fields {
            Ok(fields) => fields,
            Err(error) => return self.fail(&error),
        };
        if !row.flags.is_empty() {
            let flags = serde_json::value::to_raw_value(&row.flags);
            fields.insert("flags", flags.map_err(|error| Failure::new(error.to_string()))?);
        }
        let body = serde_json::to_vec(&fields).map_err(|error| Failure::new(error.to_string()))?;
        self.write(&body)
    }

    fn fail(&mut self, error: &Error) -> Result<(), Failure> {
        self.failed += 1;
        let body = serde_json::to_vec(&ErrorBody::from(error))
            .map_err(|error| Failure::new(error.to_string()))?;
        self.write(&body)
    }

    fn write(&mut self, body: &[u8]) -> Result<(), Failure> {
        self.lines += 1;
        write_line(self.output, body)
    }
}
