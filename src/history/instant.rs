//! Moments of the history: milliseconds since 1970-01-01 UTC, and the spellings in which files
//! and callers bring them. Comparing happens on the numbers alone, because two spellings of one
//! moment do not sort as text.

use std::fmt::Write;
use time::format_description::well_known::Rfc3339;
use time::{Date, Month, OffsetDateTime};

/// The Julian day of 1970-01-01, which `time` counts days from.
const EPOCH_DAY: i64 = 2_440_588;

/// Reads an RFC 3339 time; `None` where it is none. Parts below a millisecond are cut off.
pub(super) fn parse_rfc3339(text: &str) -> Option<i64> {
    match fixed_layout(text.as_bytes()) {
        Some((millis, true)) => Some(millis),
        _ => with_offset(text),
    }
}

/// Reads a time as histories hold it: RFC 3339, or SQLite's `YYYY-MM-DD HH:MM:SS` with an
/// optional fraction, which is UTC.
pub(super) fn parse_stored(text: &str) -> Option<i64> {
    fixed_layout(text.as_bytes()).map(|(millis, _)| millis).or_else(|| with_offset(text))
}

/// Writes `YYYY-MM-DDTHH:MM:SS.mmmZ`. Every moment that the two readers return has this form.
pub(super) fn format(millis: i64) -> String {
    let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (date, time) = (moment.date(), moment.time());
    let mut out = String::with_capacity(24);
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        date.year(),
        u8::from(date.month()),
        date.day(),
        time.hour(),
        time.minute(),
        time.second(),
        time.millisecond()
    );
    out
}

/// The layouts that histories are full of, without the general parser's cost. The flag says
/// whether the text is RFC 3339 (`T` and `Z`).
fn fixed_layout(text: &[u8]) -> Option<(i64, bool)> {
    let (head, rest) = text.split_at_checked(19)?;
    if head[4] != b'-' || head[7] != b'-' || head[13] != b':' || head[16] != b':' {
        return None;
    }
    let strict = match head[10] {
        b'T' => true,
        b' ' => false,
        _ => return None,
    };
    let number = |from: usize, to: usize| {
        head[from..to].iter().try_fold(0_i64, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
    };
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let month = Month::try_from(u8::try_from(number(5, 7)?).ok()?).ok()?;
    let date = Date::from_calendar_date(
        i32::try_from(number(0, 4)?).ok()?,
        month,
        u8::try_from(number(8, 10)?).ok()?,
    )
    .ok()?;
    let (fraction, zulu) = match rest {
        [] => (0, false),
        [b'Z'] => (0, true),
        [b'.', digits @ .., b'Z'] => (milliseconds(digits)?, true),
        [b'.', digits @ ..] => (milliseconds(digits)?, false),
        _ => return None,
    };
    let days = i64::from(date.to_julian_day()) - EPOCH_DAY;
    Some((((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + fraction, strict && zulu))
}

fn milliseconds(digits: &[u8]) -> Option<i64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digit = |at: usize| digits.get(at).map_or(0, |b| i64::from(b - b'0'));
    Some(digit(0) * 100 + digit(1) * 10 + digit(2))
}

fn with_offset(text: &str) -> Option<i64> {
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    let millis = i64::try_from(moment.unix_timestamp_nanos().div_euclid(1_000_000)).ok()?;
    // An offset can carry a time of year 0 or 9999 out of the years that four digits write.
    const FIRST: i64 = -62_167_219_200_000;
    const LAST: i64 = 253_402_300_799_999;
    (FIRST..=LAST).contains(&millis).then_some(millis)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_spelling_of_a_moment_is_the_same_number() {
        let same = 1_763_202_030_123;
        for text in [
            "2025-11-15T10:20:30.123Z",
            "2025-11-15 10:20:30.123",
            "2025-11-15 10:20:30.123Z",
            "2025-11-15T10:20:30.123",
            "2025-11-15T10:20:30.123999Z",
            "2025-11-15T11:20:30.123+01:00",
            "2025-11-15t10:20:30.123z",
        ] {
            assert_eq!(parse_stored(text), Some(same), "{text}");
        }
        assert_eq!(parse_stored("2025-11-15 10:20:30"), Some(1_763_202_030_000));
        assert_eq!(parse_stored("2025-11-15T10:20:30.5Z"), Some(1_763_202_030_500));
        assert_eq!(format(same), "2025-11-15T10:20:30.123Z");
    }

    #[test]
    fn callers_must_say_the_offset_and_files_need_not() {
        for text in ["2025-11-15T10:20:30", "2025-11-15 10:20:30", "2025-11-15T10:20:30.1"] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
            assert!(parse_stored(text).is_some(), "{text}");
        }
        assert_eq!(parse_rfc3339("2024-02-29T23:59:59-01:30"), Some(1_709_256_599_000));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "now",
            "1763202030123",
            "2025-11-15",
            "2025-13-15T10:20:30Z",
            "2025-02-29T10:20:30Z",
            "2025-11-15T24:00:00Z",
            "2025-11-15T10:20:30.Z",
            "2025-11-15T10:20:30.12xZ",
            "2025-11-15T10:20:30+1:00",
            "+025-11-15T10:20:30Z",
            "0000-01-01T00:00:00+23:00",
            "2025-11-15T10:20:30Zé",
            "éééééééééééé",
        ] {
            assert_eq!(parse_stored(text), None, "{text}");
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn writing_and_reading_agree_with_the_general_parser(
            millis in -62_167_219_200_000_i64..=253_402_300_799_999,
        ) {
            let text = format(millis);
            prop_assert_eq!(parse_rfc3339(&text), Some(millis));
            prop_assert_eq!(parse_stored(&text.replace('T', " ").replace('Z', "")), Some(millis));
            prop_assert_eq!(with_offset(&text), Some(millis));
        }

        #[test]
        fn no_text_makes_reading_panic(text in "\\PC{0,30}") {
            let _ = parse_stored(&text);
        }
    }
}
