//! Values and deltas with their units. The rules below are a contract with the report page, which
//! follows them at hover time; `tests/fixtures/units.json` is what both sides are tested against.
//!
//! Rounding is the same everywhere so that it can be repeated exactly in another language: the
//! magnitude is multiplied by a power of ten in IEEE double arithmetic, rounded half up to a whole
//! number, and the decimal point is put back into its digits. From 10^13 on fractions are dropped
//! (a double has no room for them), from 10^21 on the number is written as `1.5e21`.

use crate::config::Unit;

/// From here on a double cannot hold the decimals we would show.
const NO_FRACTIONS: f64 = 1e13;
/// From here on plain digits stop being readable.
const EXPONENT: f64 = 1e21;
const BYTE_UNITS: [&str; 5] = ["B", "KB", "MB", "GB", "TB"];

/// A value as people read it.
///
/// | unit | rule | examples |
/// |---|---|---|
/// | `percent` | one decimal | `85.3%`, `100.0%` |
/// | `integer` | rounded, thousands separated | `12,345` |
/// | `bytes` | base 1024, `B` to `TB`, one decimal unless that is zero | `340 B`, `1.5 KB`, `1 MB` |
/// | `duration` | seconds in; see below | `850ms`, `4.2s`, `12s`, `1m 30s`, `2h 5m` |
/// | `decimal` | two decimals | `3.14` |
/// | none | the shortest digits that mean the number | `0.125`, `1,234.5`, `1e-7` |
///
/// Durations: whole milliseconds below one second, and below 10 ms up to three significant digits
/// (`4.25ms`, `0.032ms`) but nothing finer than a nanosecond; then seconds with one decimal below
/// ten unless it is zero; then whole seconds; then `m s`; from one hour `h m`. Rounding carries
/// into the next form, so 59.6 is `1m 0s` and 3599.9 is `1h 0m`.
///
/// What rounds to zero has no sign (`-0.01` percent is `0.0%`). A value that is not finite, which
/// no checked history holds, is `n/a`.
pub fn format_value(value: f64, unit: Option<Unit>) -> String {
    signed(value, unit, "")
}

/// A change of a value as people read it: like [`format_value`] with a `+` before increases. A
/// change that rounds to zero has no sign: `0.0%`, `0`, `0 B`, `0ms`, `0.00`.
///
/// Without a unit the change is first rounded to twelve significant digits, because the difference
/// of two short decimals rarely is one (85.3 - 85.2 is 0.09999999999999432).
pub fn format_delta(delta: f64, unit: Option<Unit>) -> String {
    let delta = match unit {
        None if delta.is_finite() => format!("{delta:.11e}").parse().unwrap_or(delta),
        _ => delta,
    };
    signed(delta, unit, "+")
}

fn signed(value: f64, unit: Option<Unit>, plus: &str) -> String {
    if !value.is_finite() {
        return "n/a".into();
    }
    let text = magnitude(value.abs(), unit);
    if text == magnitude(0.0, unit) {
        return text;
    }
    format!("{}{text}", if value < 0.0 { "-" } else { plus })
}

fn magnitude(value: f64, unit: Option<Unit>) -> String {
    match unit {
        None => shortest(value),
        Some(Unit::Percent) => format!("{}%", fixed(value, 1)),
        Some(Unit::Integer) => fixed(value, 0),
        Some(Unit::Decimal) => fixed(value, 2),
        Some(Unit::Bytes) => bytes(value),
        Some(Unit::Duration) => duration(value),
    }
}

fn bytes(value: f64) -> String {
    if value.round() < 1024.0 {
        return format!("{} B", fixed(value, 0));
    }
    let last = BYTE_UNITS.len() - 1;
    let mut index = 1;
    let mut scaled = value / 1024.0;
    while index < last && (scaled * 10.0).round() >= 10240.0 {
        scaled /= 1024.0;
        index += 1;
    }
    format!("{} {}", trimmed(fixed(scaled, 1)), BYTE_UNITS[index])
}

fn duration(seconds: f64) -> String {
    let millis = seconds * 1000.0;
    if millis.round() < 1000.0 {
        return format!("{}ms", milliseconds(millis));
    }
    if (seconds * 10.0).round() < 100.0 {
        return format!("{}s", trimmed(fixed(seconds, 1)));
    }
    let whole = seconds.round();
    if whole < 60.0 {
        return format!("{}s", fixed(whole, 0));
    }
    if whole < 3600.0 {
        return format!("{}m {}s", fixed((whole / 60.0).floor(), 0), fixed(whole % 60.0, 0));
    }
    let minutes = (seconds / 60.0).round();
    format!("{}h {}m", fixed((minutes / 60.0).floor(), 0), fixed(minutes % 60.0, 0))
}

fn milliseconds(millis: f64) -> String {
    let decimals = match millis {
        m if m >= 10.0 => 0,
        m if m >= 1.0 => 2,
        m if m >= 0.1 => 3,
        m if m >= 0.01 => 4,
        m if m >= 0.001 => 5,
        _ => 6,
    };
    trimmed(fixed(millis, decimals))
}

/// `value` (not negative) with exactly `decimals` decimals and separated thousands.
fn fixed(value: f64, decimals: usize) -> String {
    if value >= EXPONENT {
        return format!("{value:e}");
    }
    if value >= NO_FRACTIONS {
        let whole = grouped(&format!("{:.0}", value.round()));
        return if decimals == 0 { whole } else { format!("{whole}.{}", "0".repeat(decimals)) };
    }
    let scaled = (value * 10f64.powi(decimals as i32)).round();
    let digits = format!("{scaled:0>width$.0}", width = decimals + 1);
    let (whole, fraction) = digits.split_at(digits.len() - decimals);
    if fraction.is_empty() { grouped(whole) } else { format!("{}.{fraction}", grouped(whole)) }
}

/// The shortest digits that read back as `value` (not negative), with separated thousands; an
/// exponent below 10^-6 and from 10^21 on, where JavaScript switches too.
fn shortest(value: f64) -> String {
    if value != 0.0 && !(1e-6..EXPONENT).contains(&value) {
        return format!("{value:e}");
    }
    let digits = format!("{value}");
    match digits.split_once('.') {
        Some((whole, fraction)) => format!("{}.{fraction}", grouped(whole)),
        None => grouped(&digits),
    }
}

/// A decimal text without the zeros (and the point) that say nothing.
fn trimmed(text: String) -> String {
    if !text.contains('.') || text.contains('e') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unit(word: Option<&str>) -> Option<Unit> {
        word.map(|word| Unit::parse(word).unwrap_or_else(|| panic!("no unit {word}")))
    }

    #[test]
    fn the_shared_vectors_hold() {
        let vectors: Vec<serde_json::Value> =
            serde_json::from_str(include_str!("../../tests/fixtures/units.json")).expect("vectors are JSON");
        assert!(vectors.len() >= 80, "{} vectors", vectors.len());
        for vector in &vectors {
            let unit = unit(vector["unit"].as_str());
            let text = match (&vector["value"], &vector["delta"]) {
                (value, serde_json::Value::Null) => format_value(value.as_f64().expect("number"), unit),
                (_, delta) => format_delta(delta.as_f64().expect("number"), unit),
            };
            assert_eq!(text, vector["text"].as_str().expect("text"), "{vector}");
        }
    }

    #[test]
    fn a_zero_is_never_signed() {
        for unit in [None].into_iter().chain(Unit::ALL.iter().copied().map(Some)) {
            for zero in [0.0, -0.0] {
                assert_eq!(format_value(zero, unit), format_delta(zero, unit));
                assert!(!format_value(zero, unit).starts_with(['-', '+']));
            }
        }
    }

    #[test]
    fn what_is_not_finite_is_not_shown_as_a_number() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(format_value(value, Some(Unit::Bytes)), "n/a");
            assert_eq!(format_delta(value, None), "n/a");
        }
    }

    proptest! {
        #[test]
        fn any_number_has_a_short_text_in_every_unit(bits: u64) {
            let value = f64::from_bits(bits);
            for unit in [None].into_iter().chain(Unit::ALL.iter().copied().map(Some)) {
                let text = format_value(value, unit);
                prop_assert!(!text.is_empty() && text.len() < 60, "{value} {unit:?} {text}");
                let delta = format_delta(value, unit);
                prop_assert!(delta.len() < 60, "{value} {unit:?} {delta}");
            }
        }

        #[test]
        fn no_form_shows_what_belongs_to_the_next(seconds in 0.0..1e7f64) {
            let text = format_value(seconds, Some(Unit::Duration));
            prop_assert!(!text.contains("1000ms") && !text.contains(" 60"), "{seconds} {text}");
            prop_assert!(!text.starts_with("60s") && !text.starts_with("60m"), "{seconds} {text}");
            let text = format_value(seconds * 1e3, Some(Unit::Bytes));
            prop_assert!(!text.starts_with("1,024 "), "{text}");
        }

        #[test]
        fn without_a_unit_the_text_reads_back_as_the_number(value in -1e18..1e18f64) {
            let text = format_value(value, None).replace(',', "");
            prop_assert_eq!(text.parse::<f64>().expect("a number"), value);
        }
    }
}
