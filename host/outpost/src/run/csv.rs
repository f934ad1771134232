//! Tables: a header, then a row a sample. An input of one element is a column
//! of its name; wider ones have a column an element, of the names that the
//! manifest gives its columns, or else `name.0`, `name.1`, …; a model with a single input also takes as many columns as it has elements,
//! whatever they are called. Columns that the model does not know are carried
//! over to the answers.

use super::samples::{Layout, Part, Sample};
use super::{Scorer, write_failed};
use crate::failure::Failure;
use csv::StringRecord;
use outpost_api::rest::element_texts;
use outpost_contract::NULLS;
use outpost_core::{Datatype, Tensor};
use outpost_package::Manifest;
use std::io::{Read, Write};

/// Faults that are listed before the rest is only counted.
const SHOWN_FAULTS: usize = 20;

pub fn run(
    scorer: &Scorer<'_>,
    input: impl Read,
    output: &mut impl Write,
    batch: usize,
    bar: &indicatif::ProgressBar,
) -> Result<(), Failure> {
    let layout = Layout::of(scorer);
    let mut reader = csv::Reader::from_reader(input);
    let header = reader.headers().map_err(|error| Failure::new(error.to_string()))?.clone();
    let columns = Columns::find(&header, &layout, scorer.module.manifest())?;
    let mut writer = csv::Writer::from_writer(output);
    let mut names: Vec<String> = columns
        .carried
        .iter()
        .filter_map(|&column| header.get(column))
        .map(str::to_string)
        .collect();
    names.extend(output_names(scorer, &layout)?);
    let has_contract = scorer.module.manifest().contract.is_some();
    if has_contract {
        names.push("flags".into());
    }
    writer.write_record(&names).map_err(|error| csv_failed(&error))?;

    let batch = layout.batch(batch);
    let mut rows: Vec<(StringRecord, Sample)> = Vec::new();
    let mut faults = Vec::new();
    let mut done = 0_usize;
    let mut score = |rows: &mut Vec<(StringRecord, Sample)>| -> Result<(), Failure> {
        if rows.is_empty() {
            return Ok(());
        }
        let (records, samples): (Vec<_>, Vec<_>) = std::mem::take(rows).into_iter().unzip();
        let answers = layout.score(scorer, &samples).map_err(|error| {
            Failure::new(format!("rows {} to {}: {error}", done + 1, done + samples.len()))
        })?;
        for (record, answer) in records.iter().zip(&answers) {
            let mut row: Vec<String> = (columns.carried.iter())
                .filter_map(|&column| record.get(column))
                .map(str::to_string)
                .collect();
            for tensor in &answer.outputs {
                row.extend(texts(tensor)?);
            }
            if has_contract {
                row.push(answer.flags.join(" "));
            }
            writer.write_record(&row).map_err(|error| csv_failed(&error))?;
        }
        done += samples.len();
        bar.set_message(format!("{done} rows"));
        Ok(())
    };
    for record in reader.records() {
        match record.map_err(|error| vec![error.to_string()]).and_then(|record| {
            let sample = columns.sample(&record, &header, &layout)?;
            Ok((record, sample))
        }) {
            Ok(row) => rows.push(row),
            Err(more) => faults.extend(more),
        }
        // After a fault the rest is only checked, so that all of it is told at once.
        if !faults.is_empty() {
            rows.clear();
        } else if rows.len() >= batch {
            score(&mut rows)?;
        }
    }
    if faults.is_empty() {
        score(&mut rows)?;
        return writer.flush().map_err(|error| write_failed(&error));
    }
    let more = faults.len().saturating_sub(SHOWN_FAULTS);
    let mut message = String::from("the table has values that the model cannot take:");
    for fault in faults.iter().take(SHOWN_FAULTS) {
        message += &format!("\n  {fault}");
    }
    if more > 0 {
        message += &format!("\n  and {more} more");
    }
    Err(Failure::new(message))
}

fn csv_failed(error: &csv::Error) -> Failure {
    Failure::new(format!("the answers cannot be written: {error}"))
}

fn texts(tensor: &Tensor) -> Result<Vec<String>, Failure> {
    let mut texts = element_texts(tensor).map_err(|error| Failure::new(error.to_string()))?;
    // A number that is missing is an empty field, coming and going.
    if matches!(tensor.datatype, Datatype::Fp16 | Datatype::Fp32 | Datatype::Fp64) {
        texts.iter_mut().filter(|text| *text == "null").for_each(String::clear);
    }
    Ok(texts)
}

/// Which columns hold what.
struct Columns {
    /// For each input, the column of each element; none if it may be left out, and is.
    inputs: Vec<Vec<Option<usize>>>,
    /// Whether what stands for a missing text is one.
    has_contract: bool,
    /// Columns that go over to the answers.
    carried: Vec<usize>,
}

impl Columns {
    fn find(header: &StringRecord, layout: &Layout, manifest: &Manifest) -> Result<Self, Failure> {
        let mut wanted = Vec::new();
        for part in &layout.inputs {
            let columns = manifest.inputs.iter().find(|spec| spec.name == part.spec.name);
            let columns = columns.map_or(&[][..], |spec| &spec.columns);
            wanted.push(match part.width() {
                Some(width) if width == columns.len() => columns.to_vec(),
                _ => element_names(part, &[])?,
            });
        }
        let twice = header.iter().enumerate().find(|(index, name)| {
            let named = wanted.iter().flatten().any(|wanted| wanted == name.trim());
            named && header.iter().take(*index).any(|other| other.trim() == name.trim())
        });
        if let Some((_, name)) = twice {
            return Err(Failure::new(format!("the table has the column {} twice", name.trim())));
        }
        let position = |name: &String| header.iter().position(|column| column.trim() == name);
        let found: Vec<Vec<Option<usize>>> =
            wanted.iter().map(|names| names.iter().map(position).collect()).collect();

        let has_contract = manifest.contract.is_some();
        // One input, as many columns: in their order, if no name speaks against it.
        if let ([names], true) = (wanted.as_slice(), found.iter().flatten().all(Option::is_none))
            && names.len() == header.len()
        {
            let inputs = vec![(0..header.len()).map(Some).collect()];
            return Ok(Columns { inputs, carried: Vec::new(), has_contract });
        }
        let missing: Vec<_> = (wanted.iter().flatten().zip(found.iter().flatten()))
            .filter(|(name, found)| found.is_none() && !may_be_left_out(manifest, name))
            .map(|(name, _)| name.as_str())
            .collect();
        if !missing.is_empty() {
            let expected: Vec<_> = wanted.iter().flatten().map(String::as_str).collect();
            return Err(Failure::new(format!(
                "the table lacks the columns {}",
                missing.join(", ")
            ))
            .hint(format!("the model takes the columns {}", expected.join(", "))));
        }
        let used: Vec<usize> = found.iter().flatten().flatten().copied().collect();
        let carried = (0..header.len()).filter(|column| !used.contains(column)).collect();
        Ok(Columns { inputs: found, carried, has_contract })
    }

    fn sample(
        &self,
        record: &StringRecord,
        header: &StringRecord,
        layout: &Layout,
    ) -> Result<Sample, Vec<String>> {
        let line = record.position().map_or(0, csv::Position::line);
        let mut faults = Vec::new();
        let mut sample = Sample::new();
        for (part, columns) in layout.inputs.iter().zip(&self.inputs) {
            let mut data = Vec::new();
            for &column in columns {
                let text = column.and_then(|column| record.get(column)).unwrap_or_default();
                let missing = self.has_contract && NULLS.contains(&text.trim());
                let text = if missing { "" } else { text };
                if let Err(fault) = parse(text, part.spec.datatype, &mut data) {
                    let name = column.and_then(|column| header.get(column)).unwrap_or_default();
                    faults.push(format!("line {line}, column `{name}`: {fault}"));
                }
            }
            sample.push(data);
        }
        if faults.is_empty() { Ok(sample) } else { Err(faults) }
    }
}

fn may_be_left_out(manifest: &Manifest, name: &str) -> bool {
    let fields = manifest.contract.iter().flat_map(|contract| &contract.fields);
    fields.into_iter().any(|field| field.name == name && !field.required)
}

/// Names of the columns of an input or output.
fn element_names(part: &Part, labels: &[String]) -> Result<Vec<String>, Failure> {
    let name = &part.spec.name;
    let width = part.width().ok_or_else(|| {
        Failure::new(format!("`{name}` has extents that vary, which a table cannot hold"))
            .hint("use --format jsonl with a request on each line")
    })?;
    Ok(match width {
        1 => vec![name.clone()],
        _ if labels.len() == width => {
            labels.iter().map(|label| format!("{name}.{label}")).collect()
        }
        _ => (0..width).map(|index| format!("{name}.{index}")).collect(),
    })
}

fn output_names(scorer: &Scorer<'_>, layout: &Layout) -> Result<Vec<String>, Failure> {
    let stated = &scorer.module.manifest().outputs;
    let mut names = Vec::new();
    for part in &layout.outputs {
        let spec = stated.iter().find(|spec| spec.name == part.spec.name);
        names.extend(element_names(part, spec.map_or(&[], |spec| &spec.labels))?);
    }
    Ok(names)
}

/// Appends one element to `data`.
fn parse(text: &str, datatype: Datatype, data: &mut Vec<u8>) -> Result<(), String> {
    if datatype == Datatype::Bytes {
        let length = u32::try_from(text.len()).map_err(|_| "the text is too long".to_string())?;
        data.extend_from_slice(&length.to_le_bytes());
        data.extend_from_slice(text.as_bytes());
        return Ok(());
    }
    let text = text.trim();
    macro_rules! number {
        ($type:ty) => {
            text.parse::<$type>().ok().map(|value| data.extend_from_slice(&value.to_le_bytes()))
        };
    }
    let parsed = match datatype {
        // A value that is missing, as null is in JSON.
        Datatype::Fp16 | Datatype::Fp32 | Datatype::Fp64 if text.is_empty() => {
            return parse("NaN", datatype, data);
        }
        Datatype::Bool => match text {
            "true" | "True" | "TRUE" | "1" => Some(1),
            "false" | "False" | "FALSE" | "0" => Some(0),
            _ => None,
        }
        .map(|byte| data.push(byte)),
        Datatype::Uint8 => number!(u8),
        Datatype::Uint16 => number!(u16),
        Datatype::Uint32 => number!(u32),
        Datatype::Uint64 => number!(u64),
        Datatype::Int8 => number!(i8),
        Datatype::Int16 => number!(i16),
        Datatype::Int32 => number!(i32),
        Datatype::Int64 => number!(i64),
        Datatype::Fp16 => number!(half::f16),
        Datatype::Fp32 => number!(f32),
        Datatype::Fp64 => number!(f64),
        Datatype::Bytes => None,
    };
    parsed.ok_or_else(|| match text {
        "" => format!("the field is empty, expected {datatype}"),
        _ => format!("the field is not {datatype}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_become_elements_or_say_why_not() {
        let bytes = |text: &str, datatype| {
            let mut data = Vec::new();
            parse(text, datatype, &mut data).map(|()| data)
        };
        assert_eq!(bytes(" 1.5 ", Datatype::Fp32), Ok(1.5_f32.to_le_bytes().to_vec()));
        assert_eq!(bytes("-7", Datatype::Int16), Ok(vec![249, 255]));
        assert_eq!(bytes("true", Datatype::Bool), Ok(vec![1]));
        assert_eq!(bytes("é", Datatype::Bytes), Ok(vec![2, 0, 0, 0, 0xc3, 0xa9]));
        assert_eq!(bytes("", Datatype::Int32), Err("the field is empty, expected INT32".into()));
        let missing = bytes("", Datatype::Fp32).unwrap();
        assert!(f32::from_le_bytes(missing.try_into().unwrap()).is_nan());
        assert_eq!(bytes("300", Datatype::Uint8), Err("the field is not UINT8".into()));
        assert_eq!(bytes("1.5", Datatype::Int32), Err("the field is not INT32".into()));
    }
}
