//! How the page's data is written down: whole columns as short ASCII strings. Numbers become
//! scaled integers, each stored as the difference to the one before it; commits become their
//! bytes. It knows nothing of metrics or builds; `page/data.js` reads what it writes.
//!
//! A packed sequence is a run of variable-length codes in the alphabet `A-Za-z0-9-_` (values 0-63
//! in that order): five payload bits a character, least significant group first, 32 added on all
//! but a code's last character. Code 0 is an absent entry; any other code, less one, is the
//! zigzag form of the difference to the last present entry (which starts at 0).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A column of optional numbers as the page stores it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Packed {
    /// Scaled integers: entry = integer / 10^decimals.
    Scaled {
        /// The packed sequence.
        s: String,
        /// Decimal places kept.
        d: u8,
    },
    /// The numbers themselves, for columns that do not fit scaled integers: decimal spellings with
    /// commas between, an absent entry is empty.
    Plain(String),
}

/// Text entries of which nearly all have one compact form; the others are listed beside them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mixed {
    /// The compact entries; an exception is absent here.
    pub(super) s: String,
    /// `(index, text)` of the exceptions.
    pub(super) other: Vec<(usize, String)>,
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Differences of integers below this stay exact in a JavaScript number even in zigzag form.
const LIMIT: f64 = (1u64 << 51) as f64;

/// Up to this many entries a column that is no short decimal keeps every bit as plain numbers.
const PLAIN_LENGTH: usize = 2_000;

/// The relative error that a long column's values may be rounded by.
const TOLERANCE: f64 = 1e-9;

/// Appends one code.
fn push_code(out: &mut String, mut code: u64) {
    while code >= 32 {
        out.push(ALPHABET[(32 + (code & 31)) as usize] as char);
        code >>= 5;
    }
    out.push(ALPHABET[code as usize] as char);
}

/// A packed sequence of integers, each within ±2^51.
pub(super) fn integers(entries: impl Iterator<Item = Option<i64>>) -> String {
    let mut out = String::with_capacity(entries.size_hint().0 * 3);
    let mut last = 0i64;
    for entry in entries {
        match entry {
            None => out.push('A'),
            Some(value) => {
                let delta = value - last;
                last = value;
                push_code(&mut out, ((delta << 1) ^ (delta >> 63)) as u64 + 1);
            }
        }
    }
    out
}

/// The integer that encodes `value` at `decimals` places, with its relative error after decoding.
fn scale(value: f64, decimals: u8) -> Option<(i64, f64)> {
    let factor = 10f64.powi(i32::from(decimals));
    let scaled = (value * factor).round();
    if scaled.abs() >= LIMIT {
        return None;
    }
    let decoded = scaled / factor;
    // The page shows -0 as 0, so the two count as equal here.
    let error = if decoded == value { 0.0 } else { ((decoded - value) / value).abs() };
    Some((scaled as i64, error))
}

/// The fewest decimals (0-12) at which every value decodes within `tolerance`.
fn decimals(values: &[Option<f64>], tolerance: f64) -> Option<u8> {
    let mut places = 0;
    for value in values.iter().flatten() {
        loop {
            match scale(*value, places) {
                None => return None,
                Some((_, error)) if error <= tolerance => break,
                Some(_) if places == 12 => return None,
                Some(_) => places += 1,
            }
        }
    }
    Some(places)
}

/// A column of finite numbers. Short decimals are exact at any length; other numbers are exact up
/// to 2,000 entries and within one part in 10^9 beyond, where exactness would cost megabytes.
pub(super) fn numbers(values: &[Option<f64>]) -> Packed {
    let places = decimals(values, 0.0)
        .or_else(|| if values.len() > PLAIN_LENGTH { decimals(values, TOLERANCE) } else { None });
    match places {
        None => {
            let spelt: Vec<String> =
                values.iter().map(|v| v.map_or(String::new(), |v| v.to_string())).collect();
            Packed::Plain(spelt.join(","))
        }
        Some(d) => Packed::Scaled {
            s: integers(values.iter().map(|value| value.and_then(|v| scale(v, d)).map(|(n, _)| n))),
            d,
        },
    }
}

/// Commit ids: those of 40 lower-case hex digits as 27 characters of base64url each, in order;
/// anything else is an exception and takes no characters.
pub(super) fn commits<'a>(ids: impl Iterator<Item = &'a str>) -> Mixed {
    let mut mixed = Mixed { s: String::with_capacity(ids.size_hint().0 * 27), other: Vec::new() };
    for (index, id) in ids.enumerate() {
        match hash_bytes(id) {
            Some(bytes) => URL_SAFE_NO_PAD.encode_string(bytes, &mut mixed.s),
            None => mixed.other.push((index, id.to_owned())),
        }
    }
    mixed
}

fn hash_bytes(id: &str) -> Option<[u8; 20]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let text: &[u8; 40] = id.as_bytes().try_into().ok()?;
    let mut bytes = [0; 20];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// Run ids: plain decimal numbers below 2^51 as packed integers; anything else is an exception.
pub(super) fn run_ids<'a>(ids: impl Iterator<Item = &'a str>) -> Mixed {
    let mut other = Vec::new();
    let s = integers(ids.enumerate().map(|(index, id)| {
        let number = id.parse::<i64>().ok().filter(|n| (0..LIMIT as i64).contains(n) && n.to_string() == id);
        if number.is_none() {
            other.push((index, id.to_owned()));
        }
        number
    }));
    Mixed { s, other }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The reader that `page/data.js` mirrors.
    fn read(text: &str) -> Vec<Option<i64>> {
        let (mut out, mut last, mut code, mut shift) = (Vec::new(), 0i64, 0u64, 0);
        for byte in text.bytes() {
            let bits = ALPHABET.iter().position(|b| *b == byte).unwrap() as u64;
            code |= (bits & 31) << shift;
            shift += 5;
            if bits < 32 {
                if code == 0 {
                    out.push(None);
                } else {
                    let zigzag = code - 1;
                    last += (zigzag >> 1) as i64 ^ -((zigzag & 1) as i64);
                    out.push(Some(last));
                }
                (code, shift) = (0, 0);
            }
        }
        out
    }

    fn decoded(packed: &Packed) -> Vec<Option<f64>> {
        match packed {
            Packed::Plain(text) => text.split(',').map(|number| number.parse().ok()).collect(),
            Packed::Scaled { s, d } => {
                read(s).into_iter().map(|v| v.map(|n| n as f64 / 10f64.powi(i32::from(*d)))).collect()
            }
        }
    }

    #[test]
    fn integers_have_their_documented_spelling() {
        let cases: &[(&[Option<i64>], &str)] = &[
            (&[], ""),
            (&[None], "A"),
            (&[Some(0)], "B"),
            (&[Some(1), Some(0), None, Some(0)], "DCAB"),
            (&[Some(15)], "f"),
            (&[Some(-16)], "gB"),
            (&[Some(16)], "hB"),
        ];
        for (entries, text) in cases {
            assert_eq!(integers(entries.iter().copied()), *text, "{entries:?}");
        }
    }

    #[test]
    fn short_decimals_are_exact_at_any_length() {
        let values: Vec<_> = (0..5000).map(|n| Some(f64::from(8000 + n % 997) / 100.0)).collect();
        let packed = numbers(&values);
        assert!(matches!(packed, Packed::Scaled { d: 2, .. }));
        assert!(decoded(&packed) == values);
    }

    #[test]
    fn long_columns_of_fractions_are_rounded_within_the_tolerance() {
        let values: Vec<_> = (1..5000).map(|n| Some(100.0 * f64::from(n) / 4999.7)).collect();
        let packed = numbers(&values);
        assert!(matches!(packed, Packed::Scaled { .. }));
        for (left, right) in decoded(&packed).iter().zip(&values) {
            assert!((left.unwrap() / right.unwrap() - 1.0).abs() <= TOLERANCE);
        }
    }

    #[test]
    fn numbers_out_of_reach_stay_plain() {
        for values in [vec![Some(1e300), None, Some(1e-300)], vec![Some(1.0 / 3.0)]] {
            assert!(matches!(numbers(&values), Packed::Plain(_)));
            assert_eq!(decoded(&numbers(&values)), values);
        }
    }

    #[test]
    fn commits_pack_hashes_and_list_the_rest() {
        let hash = "00ff".repeat(10);
        let ids = [hash.as_str(), "", "00FF00FF00FF00FF00FF00FF00FF00FF00FF00FF", hash.as_str()];
        let mixed = commits(ids.into_iter());
        assert_eq!(mixed.s, "AP8A_wD_AP8A_wD_AP8A_wD_AP8".repeat(2));
        assert_eq!(mixed.other, [(1, String::new()), (2, ids[2].to_owned())]);
    }

    #[test]
    fn run_ids_that_are_not_plain_numbers_are_listed() {
        let mixed = run_ids(["7", "007", "local-1", "-1", "9"].into_iter());
        assert_eq!(read(&mixed.s), [Some(7), None, None, None, Some(9)]);
        assert_eq!(mixed.other.iter().map(|(i, _)| *i).collect::<Vec<_>>(), [1, 2, 3]);
    }

    proptest! {
        #[test]
        fn any_integers_survive(
            entries in proptest::collection::vec(proptest::option::of(-(1i64 << 51)..1i64 << 51), 0..50),
        ) {
            prop_assert_eq!(read(&integers(entries.iter().copied())), entries);
        }

        #[test]
        fn any_short_column_is_exact(
            values in proptest::collection::vec(
                proptest::option::of(proptest::num::f64::NORMAL | proptest::num::f64::ZERO), 0..50),
        ) {
            prop_assert_eq!(decoded(&numbers(&values)), values);
        }
    }
}
