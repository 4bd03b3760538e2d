//! The numbers of coverage reports: line numbers and hit counts, read from bytes by hand because
//! reports hold millions of them. Tools write counts in more ways than their formats allow; what
//! each of those means is decided here, for all formats alike.

/// A byte's value times this has that value in all eight bytes.
const ONES: u64 = 0x0101_0101_0101_0101;

/// The offset of the first line feed among the eight bytes at `at`.
#[inline(always)]
pub(super) fn newline(text: &[u8], at: usize) -> Option<usize> {
    let word = u64::from_le_bytes(*text.get(at..)?.first_chunk()?) ^ (ONES * 0x0a);
    // The high bit of the lowest zero byte, and perhaps of bytes above it.
    let zeros = word.wrapping_sub(ONES) & !word & (ONES * 0x80);
    (zeros != 0).then(|| at + (zeros.trailing_zeros() / 8) as usize)
}

/// A run of one to seven digits at `at`, followed by something else: its value and the offset
/// behind it. `None` for any other, and near the end of the text: those are for the slower
/// functions below.
///
/// Eight bytes are looked at together, without a branch on how many of them are digits: counts vary
/// from line to line, and a processor that guesses their length wrong loses more than it computes.
#[inline(always)]
pub(super) fn digits(text: &[u8], at: usize) -> Option<(u32, usize)> {
    let word = u64::from_le_bytes(*text.get(at..)?.first_chunk()?);
    let values = word ^ (ONES * 0x30);
    // The high bit of every byte above 9. A carry out of such a byte spoils only later ones.
    let others = (values.wrapping_add(ONES * 0x76) | values) & (ONES * 0x80);
    let length = others.trailing_zeros() / 8;
    if length == 0 || length == 8 {
        return None;
    }
    // The first digit weighs most and is lowest: leading zeros come in from below, then
    // neighbours are joined to pairs, pairs to fours, fours to the number.
    let digits = values << (64 - 8 * length);
    let pairs = (digits.wrapping_mul(10) + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100) + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    let value = fours.wrapping_mul(10_000).wrapping_add(fours >> 32) as u32;
    Some((value, at + length as usize))
}

/// The value of a slice of one to nine digits and nothing else.
#[inline(always)]
fn short(text: &[u8]) -> Option<u32> {
    if text.is_empty() || text.len() > 9 {
        return None;
    }
    text.iter().try_fold(0u32, |value, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then(|| value * 10 + u32::from(digit))
    })
}

/// A whole number without sign that fits 32 bits, white space around it allowed: a line number.
#[inline]
pub(super) fn whole(text: &[u8]) -> Option<u32> {
    short(text).or_else(|| {
        let text = text.trim_ascii();
        let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
        if digits { str::from_utf8(text).ok()?.parse().ok() } else { None }
    })
}

/// A whole number of any size, too large ones as the largest: a summary counter.
pub(super) fn counter(text: &[u8]) -> Option<u64> {
    let text = text.trim_ascii();
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(text.iter().fold(0u64, |sum, &digit| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0'))))
}

/// A hit count. Counts beyond 32 bits become `u32::MAX`; a negative one (gcov's counters overflow)
/// becomes 0, as lcov itself treats it; decimal and scientific notation are cut to whole numbers,
/// but anything above zero stays at least 1, because it was hit.
#[inline]
pub(super) fn hits(text: &[u8]) -> Option<u32> {
    short(text).or_else(|| unusual_hits(text.trim_ascii()))
}

#[cold]
fn unusual_hits(text: &[u8]) -> Option<u32> {
    let plausible = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E');
    if !text.iter().all(plausible) {
        return None;
    }
    let value: f64 = str::from_utf8(text).ok()?.parse().ok()?;
    if value > 0.0 { Some((value as u32).max(1)) } else { Some(0) }
}

/// A share between 0 and 1, as in `line-rate="0.75"`.
pub(super) fn rate(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|rate| (0.0..=1.0).contains(rate))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_end_where_something_else_begins() {
        let cases = [
            (b"7,456789".as_slice(), Some((7, 1))),
            (b"1234567,", Some((1_234_567, 7))),
            (b"0000000,", Some((0, 7))),
            (b"09:\xff\xff\xff\xff\xff", Some((9, 2))),
            (b"9/999999", Some((9, 1))),
            (b"12345678,", None),
            (b",1234567", None),
            (b"-1,45678", None),
            (b"12,", None),
        ];
        for (text, expected) in cases {
            assert_eq!(digits(text, 0), expected, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn hit_counts_keep_whether_something_ran() {
        let cases = [
            ("0", Some(0)),
            (" 12 ", Some(12)),
            ("4294967295", Some(u32::MAX)),
            ("99999999999999999999999", Some(u32::MAX)),
            ("-1", Some(0)),
            ("1e3", Some(1000)),
            ("1.5E+2", Some(150)),
            ("0.25", Some(1)),
            ("0.0", Some(0)),
            ("1e999", Some(u32::MAX)),
            ("", None),
            ("-", None),
            ("NaN", None),
            ("inf", None),
            ("#####", None),
            ("12 3", None),
        ];
        for (text, expected) in cases {
            assert_eq!(hits(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn line_numbers_fit_32_bits() {
        let cases = [
            ("1", Some(1)),
            ("4294967295", Some(u32::MAX)),
            ("4294967296", None),
            ("000000000012", Some(12)),
            ("+1", None),
            ("-1", None),
            ("", None),
            ("1.0", None),
        ];
        for (text, expected) in cases {
            assert_eq!(whole(text.as_bytes()), expected, "{text}");
        }
    }
}
