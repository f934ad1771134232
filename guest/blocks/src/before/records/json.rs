//! `format = "json"`: an object for each row. Its values are read one by one, so
//! that each can be wrong by itself.

use super::column::{Cell, Column, Kind};
use super::{Records, Wrong};
use outpost_contract::Code;
use outpost_guest::ViolationCode;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The most columns that a violation lists.
const MOST_LISTED: usize = 20;

/// Adds a cell for each column, unless this is no JSON object.
pub(super) fn read(text: &str, records: &Records, cells: &mut Vec<Cell<'static>>) -> Wrong {
    let Ok(Entries(entries)) = serde_json::from_str(text) else {
        return vec![(None, ViolationCode::Malformed, "the record is not a JSON object".into())];
    };
    let mut wrong = Wrong::new();
    let mut unknown: usize = 0;
    cells.resize(records.columns.len(), Cell::Absent);
    for (key, raw) in entries {
        let found = records.places.get(key.as_ref()).copied();
        match found.and_then(|at| Some((records.columns.get(at)?, cells.get_mut(at)?))) {
            None => unknown += 1,
            Some((column, cell @ Cell::Absent)) => *cell = value(raw.get(), column),
            Some((column, _)) => {
                let message = "the record has the key more than once".into();
                wrong.push((Some(column.name.clone()), ViolationCode::Duplicate, message));
            }
        }
    }
    if unknown > 0 {
        wrong.push((None, ViolationCode::Unknown, no_columns(unknown, &records.columns)));
    }
    wrong
}

/// What is said of keys that are no columns. They are the client's data.
fn no_columns(unknown: usize, columns: &[Column]) -> String {
    let keys = match unknown {
        1 => "a key of the record is no column".to_owned(),
        more => format!("{more} keys of the record are no columns"),
    };
    let known: Vec<String> =
        columns.iter().take(MOST_LISTED).map(|column| format!("`{}`", column.name)).collect();
    let more = match columns.len().saturating_sub(MOST_LISTED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{keys}; there are {}{more}", known.join(", "))
}

fn value(raw: &str, column: &Column) -> Cell<'static> {
    match (raw.as_bytes().first(), &column.kind) {
        (Some(b'n'), _) => Cell::Null,
        (Some(b't' | b'f'), Kind::Boolean) => Cell::Boolean(raw == "true"),
        (Some(b'"'), Kind::Category(_) | Kind::Text | Kind::Date(..)) => {
            match serde_json::from_str::<String>(raw) {
                Ok(text) if text.is_empty() => Cell::Null,
                Ok(text) => Cell::Text(text.into()),
                Err(_) => Cell::Wrong(Code::Malformed, "the text has a broken escape"),
            }
        }
        (Some(b'-' | b'0'..=b'9'), Kind::Number(_)) => match raw.parse() {
            Ok(number) => Cell::Number(number),
            Err(_) => Cell::Wrong(Code::Malformed, "the value is no number"),
        },
        (Some(b'-' | b'0'..=b'9'), Kind::Integer(_)) => integer(raw),
        (_, kind) => Cell::Wrong(
            Code::WrongDatatype,
            match kind {
                Kind::Number(_) => "the value is of another type; the column takes a number",
                Kind::Integer(_) => "the value is of another type; the column takes an integer",
                Kind::Boolean => "the value is of another type; the column takes true or false",
                Kind::Category(_) | Kind::Text => {
                    "the value is of another type; the column takes a text"
                }
                Kind::Date(..) => "the value is of another type; the column takes a date as text",
            },
        ),
    }
}

/// Also one that is written as 3.0 or 3e0, which are the same in JSON.
fn integer(raw: &str) -> Cell<'static> {
    if let Ok(integer) = raw.parse() {
        return Cell::Integer(integer);
    }
    match raw.parse::<f64>() {
        // All integers up to this one are numbers in double precision.
        Ok(number) if number.trunc() == number && number.abs() <= 9_007_199_254_740_992.0 => {
            Cell::Integer(number as i64)
        }
        Ok(number) if number.trunc() == number => {
            Cell::Wrong(Code::OutOfRange, "the value is too large for an INT64")
        }
        _ => Cell::Wrong(Code::WrongDatatype, "the value is a number with a fraction"),
    }
}

/// Those of an object, in their order, and also those whose key was there before.
struct Entries<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Entries<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(Object)
    }
}
