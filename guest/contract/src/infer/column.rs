//! What was seen of a column.

use super::NULLS;
use super::sample::Sample;
use crate::date::{self, Moment};
use std::collections::BTreeMap;

/// So many distinct values are told apart, and no longer ones.
pub(crate) const MOST_DISTINCT: usize = 1_000;
const LONGEST_DISTINCT: usize = 256;

#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub name: String,
    pub rows: u64,
    pub nulls: u64,
    /// Values that can be read as what they are counted as.
    pub booleans: u64,
    pub bits: u64,
    pub integers: u64,
    pub numbers: u64,
    pub infinite: u64,
    pub dates: u64,
    /// Least and greatest of what is finite.
    pub range: Option<(f64, f64)>,
    pub days: Option<(Moment, Moment)>,
    /// Of texts, in characters.
    pub lengths: Option<(u64, u64)>,
    pub sample: Sample,
    /// How often each value was there, as long as they can be told apart.
    pub distinct: Option<BTreeMap<String, u64>>,
}

impl Column {
    pub fn new(name: String, seed: u64) -> Self {
        Column {
            name,
            rows: 0,
            nulls: 0,
            booleans: 0,
            bits: 0,
            integers: 0,
            numbers: 0,
            infinite: 0,
            dates: 0,
            range: None,
            days: None,
            lengths: None,
            sample: Sample::new(seed),
            distinct: Some(BTreeMap::new()),
        }
    }

    pub fn see(&mut self, cell: &str) {
        self.rows += 1;
        let value = cell.trim();
        if NULLS.contains(&value) {
            self.nulls += 1;
            return;
        }
        self.booleans += u64::from(boolean(value).is_some());
        self.bits += u64::from(matches!(value, "0" | "1"));
        self.integers += u64::from(is_integer(value));
        if let Some(number) = number(value) {
            self.numbers += 1;
            match number.is_finite() {
                true => {
                    widen(&mut self.range, number, f64::min, f64::max);
                    self.sample.see(number);
                }
                false => self.infinite += 1,
            }
        }
        if let Some(date) = date::parse(value.as_bytes()) {
            self.dates += 1;
            widen(&mut self.days, date, Moment::min, Moment::max);
        }
        widen(&mut self.lengths, value.chars().count() as u64, u64::min, u64::max);
        self.count(value);
    }

    fn count(&mut self, value: &str) {
        let Some(distinct) = &mut self.distinct else { return };
        if let Some(times) = distinct.get_mut(value) {
            *times += 1;
        } else if distinct.len() < MOST_DISTINCT && value.len() <= LONGEST_DISTINCT {
            distinct.insert(value.into(), 1);
        } else {
            self.distinct = None;
        }
    }

    /// How many cells had a value.
    pub fn values(&self) -> u64 {
        self.rows.saturating_sub(self.nulls)
    }

    /// The most frequent value, the first of them if there are more, and how often it
    /// was there.
    pub fn mode(&self) -> Option<(&str, u64)> {
        let distinct = self.distinct.as_ref()?.iter().rev();
        distinct.max_by_key(|(_, times)| **times).map(|(value, times)| (value.as_str(), *times))
    }
}

fn widen<T: Copy>(range: &mut Option<(T, T)>, value: T, least: fn(T, T) -> T, most: fn(T, T) -> T) {
    let (low, high) = range.unwrap_or((value, value));
    *range = Some((least(low, value), most(high, value)));
}

/// `true` and `false`, in any case.
pub(crate) fn boolean(value: &str) -> Option<bool> {
    [("true", true), ("false", false)]
        .into_iter()
        .find(|(text, _)| value.eq_ignore_ascii_case(text))
        .map(|(_, bit)| bit)
}

/// Digits, unless a 0 before others says that they are a code.
fn is_integer(value: &str) -> bool {
    let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
    let code = digits.len() > 1 && digits.starts_with('0');
    !code && value.parse::<i64>().is_ok()
}

/// A number in decimal, or infinity.
fn number(value: &str) -> Option<f64> {
    let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
    let code = digits
        .strip_prefix('0')
        .is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit()));
    let number: f64 = value.parse().ok()?;
    (!code && !number.is_nan()).then_some(number)
}
