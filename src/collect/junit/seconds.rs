//! How long a test case took, in whole nanoseconds: sums of those do not depend on the order. Tools write seconds with a
//! point or a comma before the decimals, and some of them group thousands.

/// More than this is no time of a test: 31 years.
const LONGEST: f64 = 1e9;

/// What a comma means in the times of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comma {
    /// It groups thousands, as Surefire writes `1,234.5`.
    Thousands,
    /// It is before the decimals, as `0,005`.
    Decimal,
}

impl Comma {
    /// What it means in a file: where one of the times begins with `0,` it is before the decimals in all of them. `1,234` alone
    /// may be either.
    pub(super) fn of(text: &[u8]) -> Self {
        let begins = |key: &[u8]| memchr::memmem::find(text, key).is_some();
        let decimal = begins(b"time=\"0,") || begins(b"time='0,") || begins(b"duration=\"0,");
        if decimal { Comma::Decimal } else { Comma::Thousands }
    }
}

/// Seconds as nanoseconds; `None` where the text is no such time: not a number, negative, or longer than anyone waits. `comma`
/// is asked where a time can be read in two ways.
pub(super) fn seconds(text: &[u8], comma: impl FnOnce() -> Comma) -> Option<u64> {
    if let Some(plain) = plain(text) {
        return Some(plain);
    }
    let text = str::from_utf8(text).ok()?.trim();
    let text = text.strip_suffix('s').unwrap_or(text);
    let usual = |text: &str| -> Option<u64> {
        let plausible = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E');
        let value: f64 = text.bytes().all(plausible).then(|| text.parse().ok())??;
        // A clock that was set back makes a little less than nothing.
        (-1.0..=LONGEST).contains(&value).then(|| (value.max(0.0) * 1e9).round() as u64)
    };
    let commas = text.bytes().filter(|&byte| byte == b',').count();
    let decimals = text.rsplit(',').next().map_or(0, str::len);
    match (commas, text.rfind('.')) {
        (0, _) => usual(text),
        // 1,234.5 or 1.234,5: what comes last is before the decimals.
        (_, Some(point)) if point > text.rfind(',').unwrap_or(0) => usual(&text.replace(',', "")),
        (_, Some(_)) => usual(&text.replace('.', "").replace(',', ".")),
        (1, None) if decimals != 3 || text.starts_with("0,") || comma() == Comma::Decimal => {
            usual(&text.replace(',', "."))
        }
        (_, None) => usual(&text.replace(',', "")),
    }
}

/// The usual case by hand: digits, and a point with up to nine more.
#[inline]
fn plain(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 16 {
        return None;
    }
    let (mut value, mut decimals, mut point) = (0u64, 0, false);
    for &byte in text {
        match byte {
            b'0'..=b'9' => {
                value = value * 10 + u64::from(byte - b'0');
                decimals += u32::from(point);
            }
            b'.' if !point => point = true,
            _ => return None,
        }
    }
    if decimals > 9 || text.len() - usize::from(point) - decimals as usize > 8 || text == b"." {
        return None;
    }
    Some(value * 10u64.pow(9 - decimals))
}

/// `hh:mm:ss.fffffff`, with days before it where there are some, as .NET writes it.
pub(super) fn clock(text: &[u8]) -> Option<u64> {
    let text = str::from_utf8(text).ok()?.trim();
    let mut parts = text.split(':');
    let (hours, minutes, rest) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let whole = |text: &str| -> Option<u64> { (text.len() <= 6).then(|| text.parse().ok())? };
    let hours = match hours.split_once('.') {
        Some((days, hours)) => whole(days)? * 24 + whole(hours)?,
        None => whole(hours)?,
    };
    let before = (hours * 60 + whole(minutes)?) * 60;
    let after = seconds(rest.as_bytes(), || Comma::Decimal)?;
    (before <= LONGEST as u64).then(|| before * 1_000_000_000 + after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_their_tools_write_them() {
        for (text, expected) in [
            ("0.001", Some(1_000_000)),
            ("0", Some(0)),
            ("0.", Some(0)),
            (".5", Some(500_000_000)),
            ("12.345678901", Some(12_345_678_901)),
            ("0.30000000000000004", Some(300_000_000)),
            ("1.5E-4", Some(150_000)),
            ("3.2e+1", Some(32_000_000_000)),
            ("1,234.567", Some(1_234_567_000_000)),
            ("1,234,567.5", Some(1_234_567_500_000_000)),
            ("1.234,567", Some(1_234_567_000_000)),
            ("0,005", Some(5_000_000)),
            ("12,34", Some(12_340_000_000)),
            ("1,234", Some(1_234_000_000_000)),
            ("1,234,567", Some(1_234_567_000_000_000)),
            (" 2.5 ", Some(2_500_000_000)),
            ("0.25s", Some(250_000_000)),
            ("-0.002", Some(0)),
            ("", None),
            (".", None),
            ("NaN", None),
            ("inf", None),
            ("-5", None),
            ("1e300", None),
            ("99999999999999999999", None),
            ("1:02", None),
            ("--", None),
        ] {
            assert_eq!(seconds(text.as_bytes(), || Comma::Thousands), expected, "{text}");
        }
        assert_eq!(seconds(b"1,234", || Comma::Decimal), Some(1_234_000_000));
    }

    #[test]
    fn a_time_that_begins_with_a_comma_behind_its_zero_settles_the_others() {
        assert_eq!(Comma::of(br#"<a time="1,234"/><a time="0,1"/>"#), Comma::Decimal);
        assert_eq!(Comma::of(br#"<a time="1,234"/><a time="10,1"/>"#), Comma::Thousands);
    }

    #[test]
    fn clock_times_have_days_and_ticks() {
        for (text, expected) in [
            ("00:00:00.0012345", Some(1_234_500)),
            ("01:02:03", Some(3_723_000_000_000)),
            ("1.00:00:00.5", Some(86_400_500_000_000)),
            ("00:00", None),
            ("a:b:c", None),
            ("00:00:00:00", None),
            ("99999999:00:00", None),
        ] {
            assert_eq!(clock(text.as_bytes()), expected, "{text}");
        }
    }
}
