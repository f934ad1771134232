//! Dates and ages, as texts. jiff knows the calendar; how a date may be written is
//! told here, since jiff reads more than RFC 3339 has, and its parser would be most of
//! what a module carries for its contract.

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime, Time};

/// When it was: the time since 1970 began, in UTC. jiff's own type for that ends before
/// 9999-12-31, which some write for what has no end.
pub(crate) type Moment = SignedDuration;

const START: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// `YYYY-MM-DD`, which is midnight in UTC, or date and time of RFC 3339. Of a fraction,
/// nanoseconds count; a leap second is the second before it.
pub(crate) fn parse(text: &[u8]) -> Option<Moment> {
    let (day, time) = text.split_first_chunk::<10>()?;
    let &[y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = day else { return None };
    let year = i16::from(two(y0, y1)?) * 100 + i16::from(two(y2, y3)?);
    let date = Date::new(year, two(m0, m1)?, two(d0, d1)?).ok()?;
    let (clock, rest) = match time.split_first() {
        None => return Some(date.at(0, 0, 0, 0).duration_since(START)),
        Some((b'T' | b't' | b' ', time)) => time.split_first_chunk::<8>()?,
        Some(_) => return None,
    };
    let &[h0, h1, b':', m0, m1, b':', s0, s1] = clock else { return None };
    let (nanoseconds, rest) = fraction(rest)?;
    let ahead = offset(rest)?;
    let second = two(s0, s1).map(|second| if second == 60 { 59 } else { second })?;
    let time = Time::new(two(h0, h1)?, two(m0, m1)?, second, nanoseconds).ok()?;
    DateTime::from_parts(date, time).duration_since(START).checked_sub(ahead)
}

/// A moment, for a person.
#[cfg(feature = "infer")]
pub(crate) fn shown(moment: Moment) -> String {
    START.checked_add(moment).map_or_else(|_| "?".into(), |date| date.to_string())
}

/// The number of two digits.
fn two(ten: u8, one: u8) -> Option<i8> {
    let digits = ten.is_ascii_digit() && one.is_ascii_digit();
    digits.then(|| (ten - b'0') as i8 * 10 + (one - b'0') as i8)
}

/// Nanoseconds after a point, if there is one, and what comes then.
fn fraction(text: &[u8]) -> Option<(i32, &[u8])> {
    let Some(digits) = text.strip_prefix(b".") else { return Some((0, text)) };
    let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = digits.split_at_checked(count).filter(|_| count > 0)?;
    let padded = digits.iter().chain(std::iter::repeat(&b'0')).take(9);
    Some((padded.fold(0, |number, byte| number * 10 + i32::from(byte - b'0')), rest))
}

/// How far a clock is ahead of UTC.
fn offset(text: &[u8]) -> Option<SignedDuration> {
    let &[sign, ten_hours, hour, b':', ten_minutes, minute] = text else {
        return matches!(text, b"Z" | b"z").then_some(SignedDuration::ZERO);
    };
    let hours = two(ten_hours, hour).filter(|&hours| hours < 24)?;
    let minutes = two(ten_minutes, minute).filter(|&minutes| minutes < 60)?;
    let ahead = SignedDuration::from_secs(i64::from(hours) * 3_600 + i64::from(minutes) * 60);
    match sign {
        b'+' => Some(ahead),
        b'-' => ahead.checked_neg(),
        _ => None,
    }
}

/// A whole number and its unit.
pub(crate) fn age(text: &str) -> Option<SignedDuration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    let number: i64 = number.parse().ok()?;
    number.checked_mul(seconds).map(SignedDuration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::{age, parse};

    #[test]
    fn ages_are_a_number_and_a_unit() {
        for (text, seconds) in
            [("90s", 90), ("5m", 300), ("24h", 86_400), ("7d", 604_800), ("2w", 1_209_600)]
        {
            assert_eq!(age(text).map(|age| age.as_secs()), Some(seconds), "{text}");
        }
        for text in ["", "h", "24", "24 h", "-1h", "1.5h", "1H", "9223372036854775807w", "1é"] {
            assert_eq!(age(text), None, "{text}");
        }
    }

    #[test]
    fn dates_are_of_rfc_3339() {
        let seconds = |text: &str| parse(text.as_bytes()).map(|date| date.as_secs());
        assert_eq!(seconds("1970-01-02"), Some(86_400));
        assert_eq!(seconds("1970-01-01T01:00:00+01:00"), Some(0));
        assert_eq!(seconds("1970-01-01t00:00:01.5z"), Some(1));
        assert_eq!(seconds("1970-01-01 00:00:01Z"), Some(1));
        assert_eq!(seconds("1972-06-30T23:59:60Z"), seconds("1972-06-30T23:59:59Z"));
        let exactly = |text: &str| parse(text.as_bytes()).map(|date| date.as_nanos());
        assert_eq!(exactly("1970-01-01T00:00:00.1234567899Z"), Some(123_456_789));
        assert_eq!(exactly("1969-12-31T23:59:59.9+00:00"), Some(-100_000_000));
        for text in [
            "",
            "1970-01-01T",
            "1970-02-29",
            "1970-13-01",
            "1970-1-1",
            "19700101",
            "1970-01-01Z",
            "1970-01-01T00:00Z",
            "1970-01-01T00:00:00",
            "1970-01-01T00:00:00.Z",
            "1970-01-01T00:60:00Z",
            "1970-01-01T00:00:61Z",
            "1970-01-01T00:00:00.5",
            "1970-00-01",
            "1970-01-00",
            "1970-01-01T24:00:00Z",
            "1970-01-01T00:00:00+24:00",
            "1970-01-01T00:00:00+01",
            "1970-01-01T00:00:00Z[UTC]",
            "+001970-01-01T00:00:00Z",
            "1970-01-01T00:00:00é",
            "٢٠٢٤-01-01",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn dates_are_those_of_python() {
        let reference: serde_json::Value =
            serde_json::from_str(include_str!("../tests/reference.json")).unwrap();
        for date in reference["dates"].as_array().unwrap() {
            let text = date[0].as_str().unwrap();
            let found = parse(text.as_bytes()).map(|date| i64::try_from(date.as_micros()).unwrap());
            assert_eq!(found, date[1].as_i64(), "{text}");
        }
    }
}
