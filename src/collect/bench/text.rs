//! The text of reports that are printed for people.

use std::borrow::Cow;

/// The text without colors and without the marks that GitHub's logs put before each line's end.
pub(super) fn without_colors(text: &[u8]) -> Cow<'_, str> {
    if memchr::memchr(0x1b, text).is_none() {
        return String::from_utf8_lossy(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr(0x1b, rest) {
        plain.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(sequence) = rest.strip_prefix(b"[") {
            let parameters = sequence.iter().take_while(|byte| (0x20..0x40).contains(*byte)).count();
            rest = &sequence[(parameters + 1).min(sequence.len())..];
        }
    }
    plain.extend_from_slice(rest);
    Cow::Owned(String::from_utf8_lossy(&plain).into_owned())
}

/// A number with its unit behind it, with or without a space between: `363.63us`, `78.52MB`.
pub(super) fn with_unit(word: &str) -> Option<(f64, &str)> {
    let end = word
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',' | '-' | '+')))
        .unwrap_or(word.len());
    let number = super::number::written(&word[..end])?;
    Some((number, word[end..].trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_are_taken_out() {
        assert_eq!(without_colors(b"\x1b[1m\x1b[92m  Ok\x1b[0m done"), "  Ok done");
        assert_eq!(without_colors(b"a\x1b"), "a");
        assert_eq!(without_colors(b"a\x1b[3"), "a");
    }

    #[test]
    fn numbers_carry_their_unit() {
        assert_eq!(with_unit("363.63us"), Some((363.63, "us")));
        assert_eq!(with_unit("1,234.5 ns"), Some((1234.5, "ns")));
        assert_eq!(with_unit("12"), Some((12.0, "")));
        assert_eq!(with_unit("ns"), None);
    }
}
