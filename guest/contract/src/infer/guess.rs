//! From what was seen of a column to the rules for a field.

use super::column::{Column, MOST_DISTINCT, boolean};
use crate::contract::{Field, Kind, Policy, Value};
use crate::date;

/// Texts are categories if there are no more than that, and each was there ten times
/// on the average.
const MOST_CATEGORIES: usize = 100;
const TIMES: u64 = 10;

/// Numbers may lie so much of their range beyond what was seen, on either side.
const MARGIN: f64 = 0.1;

/// Texts may be so many times as long as the longest that was seen.
const STRETCH: u64 = 2;

/// All values must be of the type; one that is not makes them texts.
pub(crate) fn kind(column: &Column) -> Kind {
    let values = column.values();
    let all = |count: u64| count == values;
    let distinct = column.distinct.as_ref().map(|distinct| distinct.len());
    match distinct {
        _ if values == 0 => Kind::Text,
        _ if all(column.booleans) => Kind::Boolean,
        // A column of nothing but 0 can count anything.
        Some(2) if all(column.bits) => Kind::Boolean,
        _ if all(column.integers) => Kind::Integer,
        _ if all(column.numbers) && column.range.is_some() => Kind::Number,
        _ if all(column.dates) => Kind::Date,
        Some(distinct)
            if distinct <= MOST_CATEGORIES && (distinct as u64).saturating_mul(TIMES) <= values =>
        {
            Kind::Category
        }
        _ => Kind::Text,
    }
}

pub(crate) fn field(column: &Column) -> Field {
    let mut field = Field::new(column.name.clone(), kind(column));
    if column.nulls > 0 || column.rows == 0 {
        field.nullable = true;
        field.max_null_rate = null_rate(column);
    } else {
        field.null_policy = Some(Policy::Reject);
    }
    match field.kind {
        Kind::Number | Kind::Integer => {
            let whole = field.kind == Kind::Integer;
            if let Some((least, most)) = column.range {
                let (min, max) = widened(least, most, whole);
                (field.min, field.max) = (Some(min), Some(max));
            }
            field.default = column.sample.middle().map(|(lower, upper)| match whole {
                // Not between the two: that need not be whole.
                true => Value::Integer(lower as i64),
                false => Value::Number(f64::midpoint(lower, upper)),
            });
        }
        Kind::Boolean => {
            let most = column.mode().map(|(mode, _)| boolean(mode).unwrap_or(mode == "1"));
            field.default = most.map(Value::Boolean);
        }
        Kind::Category => {
            let distinct = column.distinct.iter().flat_map(|distinct| distinct.keys());
            field.categories = Some(distinct.cloned().map(Value::Text).collect());
            field.default = column.mode().map(|(mode, _)| Value::Text(mode.into()));
        }
        Kind::Text | Kind::Date | Kind::Picture => {
            if field.kind == Kind::Text
                && let Some((_, longest)) = column.lengths
            {
                field.max_length = Some(longest.saturating_mul(STRETCH));
            }
            // What is rare stands for nothing, and may be somebody's name.
            let common = column.mode().filter(|(_, times)| {
                column.values() >= TIMES && times.saturating_mul(TIMES) >= column.values()
            });
            field.default = common.map(|(mode, _)| Value::Text(mode.into()));
        }
    }
    field
}

/// Twice the share of what was seen, in hundredths; none if that could be all.
fn null_rate(column: &Column) -> Option<f64> {
    let share = column.nulls as f64 / column.rows.max(1) as f64;
    let rate = (share * 200.0).ceil() / 100.0;
    (rate > 0.0 && rate < 1.0).then_some(rate)
}

/// The range and a margin. Where all numbers have one sign, so has the margin, and it
/// is rounded outwards to a thousandth of the range.
fn widened(least: f64, most: f64, whole: bool) -> (f64, f64) {
    let span = match most - least {
        // A constant: it is its own measure.
        0.0 if least == 0.0 => 1.0 / MARGIN,
        0.0 => least.abs(),
        span => span.min(f64::MAX),
    };
    let digits = if whole { 0 } else { 3 - (span.log10().floor() as i32) };
    let tens = 10_f64.powi(digits.abs());
    let rounded = |number: f64, round: fn(f64) -> f64| {
        let near = match digits {
            0.. => round(number * tens) / tens,
            _ => round(number / tens) * tens,
        };
        // What is out of the range of numbers, or of all digits, stays as it is.
        if near.is_finite() { near } else { number.clamp(f64::MIN, f64::MAX) }
    };
    let min = rounded(least - span * MARGIN, f64::floor).min(least);
    let max = rounded(most + span * MARGIN, f64::ceil).max(most);
    (
        if least >= 0.0 { min.max(0.0) } else { min },
        if least < 0.0 && most <= 0.0 { max.min(0.0) } else { max },
    )
}

/// What a field was guessed from, for a person. No value of a text is in it.
pub(crate) fn remark(column: &Column) -> String {
    let distinct = match &column.distinct {
        Some(distinct) => distinct.len().to_string(),
        None => format!("more than {MOST_DISTINCT}, or long"),
    };
    let mut remark =
        format!("{} rows, {} nulls, distinct values: {distinct}", column.rows, column.nulls);
    let kind = kind(column);
    let values = column.values();
    match (kind, column.range, column.days, column.lengths) {
        (Kind::Number | Kind::Integer, Some((least, most)), ..) => {
            let median = if column.sample.is_whole() { "median" } else { "median of a sample" };
            let percent = MARGIN * 100.0;
            remark += &format!(
                "; {least:?} to {most:?}, widened by {percent} % of that on each side; default: \
                 {median}"
            );
            if column.infinite > 0 {
                remark += &format!(
                    "; {} are infinite, which is refused as out of range",
                    column.infinite
                );
            }
        }
        (Kind::Date, _, Some((first, last)), _) => {
            remark += &format!("; {} to {}", date::shown(first), date::shown(last));
        }
        (Kind::Text, _, _, Some((shortest, longest))) => {
            remark += &format!("; {shortest} to {longest} characters, taken times {STRETCH}");
            let almost = [("numbers", column.numbers), ("dates", column.dates)];
            for (what, count) in almost {
                if count < values && count.saturating_mul(TIMES) >= values.saturating_mul(TIMES - 1)
                {
                    remark += &format!("; {count} of {values} are {what}: look at the others");
                }
            }
        }
        _ if values == 0 => remark += "; nothing is known of it",
        _ => {}
    }
    remark
}
