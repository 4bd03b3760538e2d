//! The numbers of coverage reports: line numbers and hit counts, read from bytes by hand because
//! reports hold millions of them. Tools write counts in more ways than their formats allow; what
//! each of those means is decided here, for all formats alike.

/// A short run of digits at `at`: its value and the offset behind it.
///
/// `None` for no digit and for more than nine: those are for the slower functions below.
#[inline(always)]
pub(super) fn digits(text: &[u8], at: usize) -> Option<(u32, usize)> {
    let mut value = 0u32;
    let mut end = at;
    while let Some(digit) = text.get(end).map(|byte| byte.wrapping_sub(b'0')).filter(|&digit| digit < 10) {
        value = value.wrapping_mul(10).wrapping_add(u32::from(digit));
        end += 1;
    }
    (1..=9).contains(&(end - at)).then_some((value, end))
}

/// A whole number without sign that fits 32 bits, white space around it allowed: a line number.
pub(super) fn whole(text: &[u8]) -> Option<u32> {
    let text = text.trim_ascii();
    match digits(text, 0) {
        Some((value, end)) if end == text.len() => Some(value),
        _ if text.first().is_some_and(u8::is_ascii_digit) => str::from_utf8(text).ok()?.parse().ok(),
        _ => None,
    }
}

/// A whole number of any size, too large ones as the largest: a summary counter.
pub(super) fn counter(text: &[u8]) -> Option<u64> {
    let text = text.trim_ascii();
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(text.iter().fold(0u64, |sum, &digit| {
        sum.saturating_mul(10).saturating_add(u64::from(digit - b'0'))
    }))
}

/// A hit count. Counts beyond 32 bits become `u32::MAX`; a negative one (gcov's counters overflow)
/// becomes 0, as lcov itself treats it; decimal and scientific notation are cut to whole numbers,
/// but anything above zero stays at least 1, because it was hit.
pub(super) fn hits(text: &[u8]) -> Option<u32> {
    let text = text.trim_ascii();
    match digits(text, 0) {
        Some((value, end)) if end == text.len() => Some(value),
        _ => unusual_hits(text),
    }
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
