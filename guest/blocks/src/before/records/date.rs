//! Dates: RFC 3339, or days alone, and the numbers that a model takes of them.

use super::target::Number;
use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time};
use serde::Deserialize;

/// What a date becomes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Measure {
    /// How much has passed since then, in UTC.
    Since(DateTime, Per),
    /// In UTC.
    Part(Part),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Per {
    Seconds,
    Minutes,
    Hours,
    Days,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Part {
    Year,
    Month,
    Day,
    /// From Monday, which is 0.
    Weekday,
    Hour,
    Minute,
}

impl Per {
    fn nanoseconds(self) -> i128 {
        let seconds = match self {
            Per::Seconds => 1,
            Per::Minutes => 60,
            Per::Hours => 3_600,
            Per::Days => 86_400,
        };
        seconds * 1_000_000_000
    }
}

impl Measure {
    /// The number for a date in UTC: whole if the model takes only those.
    pub fn of(self, date: DateTime, whole: bool) -> Number<'static> {
        let part = match self {
            Measure::Since(start, per) => {
                let (passed, unit) = (date.duration_since(start).as_nanos(), per.nanoseconds());
                let (units, rest) = (passed.div_euclid(unit), passed.rem_euclid(unit));
                if whole || rest == 0 {
                    // There are fewer than that between the years 0 and 9999.
                    return Number::Whole(i64::try_from(units).unwrap_or(i64::MAX));
                }
                return Number::Real(units as f64 + rest as f64 / unit as f64);
            }
            Measure::Part(part) => part,
        };
        Number::Whole(match part {
            Part::Year => date.year().into(),
            Part::Month => date.month().into(),
            Part::Day => date.day().into(),
            Part::Weekday => date.weekday().to_monday_zero_offset().into(),
            Part::Hour => date.hour().into(),
            Part::Minute => date.minute().into(),
        })
    }
}

/// `YYYY-MM-DD`, midnight in UTC, or `YYYY-MM-DDThh:mm:ssZ` with any offset and
/// fraction, of which nanoseconds count: in UTC. A leap second is the second before it.
pub(super) fn parse(text: &str) -> Option<DateTime> {
    let mut rest = text.as_bytes();
    let year = digits(&mut rest, 4)?;
    let month = after(&mut rest, b"-").then(|| digits(&mut rest, 2))??;
    let day = after(&mut rest, b"-").then(|| digits(&mut rest, 2))??;
    let date = Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()?;
    if rest.is_empty() {
        return Some(date.to_datetime(Time::midnight()));
    }
    let hour = after(&mut rest, b"Tt ").then(|| digits(&mut rest, 2))??;
    let minute = after(&mut rest, b":").then(|| digits(&mut rest, 2))??;
    let second = after(&mut rest, b":").then(|| digits(&mut rest, 2))??;
    let nanosecond = if after(&mut rest, b".") { fraction(&mut rest)? } else { 0 };
    let second = if second == 60 { 59 } else { second };
    let time = Time::new(
        hour.try_into().ok()?,
        minute.try_into().ok()?,
        second.try_into().ok()?,
        nanosecond,
    )
    .ok()?;
    let seconds = if after(&mut rest, b"Zz") {
        0
    } else {
        let east = rest.first() == Some(&b'+');
        let hours = after(&mut rest, b"+-").then(|| digits(&mut rest, 2))??;
        let minutes = after(&mut rest, b":").then(|| digits(&mut rest, 2))??;
        if hours > 23 || minutes > 59 {
            return None;
        }
        let seconds = i64::from(hours) * 3_600 + i64::from(minutes) * 60;
        if east { seconds } else { -seconds }
    };
    // What is east of Greenwich has its noon earlier.
    let local = DateTime::from_parts(date, time);
    rest.is_empty().then(|| local.checked_sub(SignedDuration::from_secs(seconds)).ok())?
}

/// Takes one of these bytes off, if it is there.
fn after(rest: &mut &[u8], bytes: &[u8]) -> bool {
    match rest.split_first() {
        Some((first, tail)) if bytes.contains(first) => {
            *rest = tail;
            true
        }
        _ => false,
    }
}

/// Takes just so many digits off.
fn digits(rest: &mut &[u8], count: usize) -> Option<i16> {
    let (head, tail) = rest.split_at_checked(count)?;
    *rest = tail;
    head.iter().try_fold(0, |number: i16, byte| {
        byte.is_ascii_digit().then(|| number * 10 + i16::from(byte - b'0'))
    })
}

/// Takes the digits of a fraction off, at least one: the nanoseconds.
fn fraction(rest: &mut &[u8]) -> Option<i32> {
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (head, tail) = rest.split_at_checked(count)?;
    *rest = tail;
    let padded = head.iter().chain(std::iter::repeat(&b'0')).take(9);
    let nanoseconds = padded.fold(0, |number, byte| number * 10 + i32::from(byte - b'0'));
    (count > 0).then_some(nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::parse;
    use jiff::Timestamp;
    use jiff::tz::Offset;

    #[test]
    fn dates_are_jiffs() {
        let dates = [
            "2024-02-29T23:59:59Z",
            "2024-02-29t23:59:59.123456789z",
            "2000-02-29 00:00:00+14:00",
            "1900-02-28T00:00:00.5-00:01",
            "0000-01-01T00:00:00Z",
            "9999-12-30T20:59:59-01:00",
            "1969-12-31T23:59:59.999Z",
            "2016-12-31T23:59:60Z",
        ];
        for date in dates {
            let timestamp: Timestamp = date.parse().unwrap();
            assert_eq!(parse(date), Some(Offset::UTC.to_datetime(timestamp)), "{date}");
        }
        assert_eq!(parse("2024-02-29"), Some(jiff::civil::datetime(2024, 2, 29, 0, 0, 0, 0)));
        // The last date, which often stands for none, is out of jiff's timestamps.
        for last in ["9999-12-31", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999999+23:59"] {
            assert!(
                parse(last).is_some_and(|date| date.year() == 9999 && date.day() > 30),
                "{last}"
            );
        }
        assert_eq!(
            parse("2024-02-29T00:00:00.1234567899Z"),
            parse("2024-02-29T00:00:00.123456789Z")
        );
    }

    #[test]
    fn what_is_no_date() {
        let others = "2023-02-29 1900-02-29 2024-13-01 2024-00-01 2024-01-32 24-01-01 2024-1-1 \
            2024-01-01T00:00:00 2024-01-01T00:00Z 2024-01-01T24:00:00Z 2024-01-01T00:60:00Z \
            2024-01-01T00:00:61Z 2024-01-01T00:00:00+24:00 2024-01-01T00:00:00+00:60 \
            2024-01-01T00:00:00+0100 2024-01-01T00:00:00.Z 2024-01-01T00:00:00Zx 2024-01-01x \
            +2024-01-01 20240101 2024-01-01T 01/02/2024 2024-W01-1 2024-01-01T00:00:00ZZ \
            9999-12-31T23:59:59-23:59 -001-01-01 ２０２４-01-01 2024-01-01T00:00:00Z[UTC] today";
        for other in others.split_whitespace().chain(["", " ", " 2024-01-01", "2024-01-01 "]) {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
