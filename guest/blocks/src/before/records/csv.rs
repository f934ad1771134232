//! `format = "csv"`: a line for each row, of fields between commas as RFC 4180 has
//! them: quotes around a whole field, and doubled inside of it.

use super::column::{Cell, Column, Kind};
use super::{Records, Wrong};
use csv_core::{ReadRecordResult, Reader};
use outpost_contract::Code;
use outpost_guest::ViolationCode;

/// Adds a cell for each column, unless there are not as many fields.
pub(super) fn read(text: &str, records: &Records, cells: &mut Vec<Cell<'static>>) -> Wrong {
    let wrong =
        |message: String| vec![(None, ViolationCode::Malformed, format!("the line {message}"))];
    let line = text.strip_suffix('\n').unwrap_or(text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    let expected = records.columns.len();
    match count(line) {
        Err(message) => return wrong(message.into()),
        Ok(fields) if fields != expected => {
            return wrong(format!("has {fields} fields, but there are {expected} columns"));
        }
        Ok(_) => {}
    }
    let Some((text, ends)) = split(line, expected) else {
        return wrong("is not CSV".into());
    };
    let mut start = 0;
    for (column, end) in records.columns.iter().zip(ends) {
        cells.push(cell(text.get(start..end).unwrap_or_default(), column));
        start = end;
    }
    vec![]
}

/// How many fields there are. csv-core takes broken quotes for what they could mean;
/// here they are not taken.
fn count(line: &str) -> Result<usize, &'static str> {
    #[derive(PartialEq)]
    enum At {
        Start,
        Plain,
        Quoted,
        Quote,
    }
    let mut fields = 1;
    let mut at = At::Start;
    for byte in line.bytes() {
        at = match (at, byte) {
            (At::Start | At::Quote, b'"') => At::Quoted,
            (At::Quoted, b'"') => At::Quote,
            (At::Quoted, _) => At::Quoted,
            (At::Start | At::Plain | At::Quote, b',') => {
                fields += 1;
                At::Start
            }
            (At::Start | At::Plain, b'\r' | b'\n') => return Err("is more than one"),
            (At::Plain, b'"') => return Err("has a quote inside of a field that is not quoted"),
            (At::Quote, _) => return Err("has something after the quote that ends a field"),
            (At::Start | At::Plain, _) => At::Plain,
        };
    }
    if at == At::Quoted { Err("has a quote that does not end") } else { Ok(fields) }
}

/// The fields without their quotes, one after the other, and where each ends.
fn split(line: &str, fields: usize) -> Option<(String, Vec<usize>)> {
    let mut ends = vec![0; fields];
    // To csv-core an empty line is no record, and not one with one empty field.
    if line.is_empty() {
        return Some((String::new(), ends));
    }
    // It leaves out what marks the order of bytes in the whole of a file.
    let mut text = vec![0; line.len()];
    let mut reader = Reader::new();
    let (result, read, mut written, mut ended) =
        reader.read_record(line.as_bytes(), &mut text, &mut ends);
    if result != ReadRecordResult::InputEmpty || read != line.len() {
        return None;
    }
    // The end of the line. It takes at least a byte of room for more.
    text.push(0);
    let (result, _, more, last) =
        reader.read_record(&[], text.get_mut(written..)?, ends.get_mut(ended..)?);
    written += more;
    ended += last;
    if result != ReadRecordResult::Record || ended != fields {
        return None;
    }
    text.truncate(written);
    Some((String::from_utf8(text).ok()?, ends))
}

fn cell(field: &str, column: &Column) -> Cell<'static> {
    let malformed = |message| Cell::Wrong(Code::Malformed, message);
    if field.is_empty() {
        return Cell::Null;
    }
    match column.kind {
        // Not the names of infinities, and of what is no number.
        Kind::Number(_) => match field.parse() {
            Ok(number) if !field.contains(['n', 'N']) => Cell::Number(number),
            _ => malformed("the field is no number"),
        },
        Kind::Integer(_) => match field.parse() {
            Ok(integer) => Cell::Integer(integer),
            Err(_) if digits_alone(field) => {
                Cell::Wrong(Code::OutOfRange, "the value is too large for an INT64")
            }
            Err(_) => malformed("the field is no integer"),
        },
        Kind::Boolean => match field {
            "true" | "True" | "TRUE" | "1" => Cell::Boolean(true),
            "false" | "False" | "FALSE" | "0" => Cell::Boolean(false),
            _ => malformed("the field is neither true nor false"),
        },
        Kind::Category(_) | Kind::Text | Kind::Date(..) => Cell::Text(field.to_owned().into()),
    }
}

fn digits_alone(field: &str) -> bool {
    let digits = field.strip_prefix(['-', '+']).unwrap_or(field);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}
