//! Values and deltas with their units. The rules below are a contract with the report page, which
//! follows them at hover time; `tests/fixtures/units.json` is what both sides are tested against.
//!
//! Rounding is the same everywhere so that it can be repeated exactly in another language: the
//! magnitude is multiplied by a power of ten in IEEE double arithmetic, rounded half up to a whole
//! number, and the decimal point is put back into its digits. From 10^13 on fractions are dropped
//! (a double has no room for them), from 10^21 on the number is written as `1.5e21`.

use crate::metric::Unit;

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
/// | `duration` | seconds in; see below | `12.3µs`, `850ms`, `4.25s`, `12.3s`, `1m 30s`, `2h 5m` |
/// | `decimal` | two decimals | `3.14` |
/// | none | the shortest digits that mean the number | `0.125`, `1,234.5`, `1e-7` |
///
/// Durations: up to three significant digits below one minute (`0.25ns`, `32µs`, `4.25ms`, `12.3s`), but
/// whole milliseconds from 10 ms on and nothing finer than a thousandth of a nanosecond; then `m s`;
/// from one hour `h m`. Rounding carries into the next form, so 59.96 is `1m 0s` and 3599.9 is `1h 0m`.
///
/// What rounds to zero has no sign (`-0.01` percent is `0.0%`). A value that is not finite, which
/// no checked history holds, is `n/a`.
pub fn format_value(value: f64, unit: Option<Unit>) -> String {
    Digits::USUAL.value(value, unit)
}

/// A value where there is room for few digits, as on cards and axes: like [`format_value`], but a number without a unit has
/// at most five significant digits beside those before its point, and from a million on counts `M`, `G` or `T`
/// (`0.33333`, `123,457`, `1.2346M`). What rounds up to a million is one.
pub fn format_short(value: f64, unit: Option<Unit>) -> String {
    if unit.is_some() || !value.is_finite() {
        return format_value(value, unit);
    }
    let size = five_digits(value.abs());
    let text = match value.abs() {
        exact if (1e5..999_999.5).contains(&exact) => shortest(exact.round()),
        _ if size < 1e6 => shortest(size),
        _ if size >= 1e15 => format!("{size:e}"),
        _ if size < 1e9 => format!("{}M", shortest(five_digits(size / 1e6))),
        _ if size < 1e12 => format!("{}G", shortest(five_digits(size / 1e9))),
        _ => format!("{}T", shortest(five_digits(size / 1e12))),
    };
    let sign = if value < 0.0 && text != "0" { "-" } else { "" };
    format!("{sign}{text}")
}

fn five_digits(size: f64) -> f64 {
    format!("{size:.4e}").parse().unwrap_or(size)
}

/// A change of a value as people read it: like [`format_value`] with a `+` before increases, and `pp`
/// (percentage points) instead of `%`. A change that rounds to zero has no sign: `0.0 pp`, `0`, `0 B`,
/// `0ms`, `0.00`.
///
/// Without a unit the change is first rounded to twelve significant digits, because the difference
/// of two short decimals rarely is one (85.3 - 85.2 is 0.09999999999999432).
pub fn format_delta(delta: f64, unit: Option<Unit>) -> String {
    Digits::USUAL.delta(delta, unit)
}

/// A change in percent of what it started from, with its sign: `+7.2%`.
pub fn format_relative(percent: f64) -> String {
    Digits::USUAL.relative(percent)
}

/// The change from one value to another with as many digits as it takes to show that there is one:
/// `-0.04 pp` where [`format_delta`] gives `0.0 pp`.
pub fn format_change(from: f64, to: f64, unit: Option<Unit>) -> String {
    let delta = difference(from, to);
    Digits::fewest(|digits| delta == 0.0 || denoted(&digits.delta(delta, unit)) != 0.0).delta(delta, unit)
}

/// Rounding errors of a few operations on doubles are some 1e-16 of their operands; no one means
/// anything by the twelfth digit.
pub const NOISE: f64 = 1e-12;

/// The difference of two values without what rounding errors add: 0.1 for 85.3 and 85.2. Zero where
/// they differ by rounding errors only.
pub fn difference(from: f64, to: f64) -> f64 {
    let size = from.abs().max(to.abs());
    let delta = to - from;
    if delta.abs() <= size * NOISE || !delta.is_finite() {
        return if delta.is_finite() { 0.0 } else { delta };
    }
    let decimals = 14.0 - size.log10().floor();
    if !(0.0..=330.0).contains(&decimals) {
        return delta;
    }
    format!("{delta:.*}", decimals as usize).parse().unwrap_or(delta)
}

/// How many digits numbers are shown with: the usual ones of their unit, some more, or all.
///
/// One step more is one more decimal. Bytes from the third step on are counted singly
/// (`1,500,001 B`), and minutes and hours have seconds from the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digits(usize);

impl Digits {
    /// Those of [`format_value`].
    pub const USUAL: Self = Self(0);
    /// All that a number has.
    pub const ALL: Self = Self(7);

    /// Every choice, fewest first.
    pub fn choices() -> impl Iterator<Item = Self> {
        (Self::USUAL.0..=Self::ALL.0).map(Self)
    }

    /// The fewest with which something holds; all where it never does.
    pub fn fewest(holds: impl Fn(Self) -> bool) -> Self {
        Self::USUAL.or_more(holds)
    }

    /// The fewest from these on with which something holds; all where it never does. Not the greater of two choices:
    /// numbers that differ by one digit (2.6 and 2.7 MB) can read alike with two (both 2.65 MB).
    #[must_use]
    pub fn or_more(self, holds: impl Fn(Self) -> bool) -> Self {
        Self::choices().skip(self.0).find(|digits| holds(*digits)).unwrap_or(Self::ALL)
    }

    /// A value, as [`format_value`] shows it.
    #[must_use]
    pub fn value(self, value: f64, unit: Option<Unit>) -> String {
        let suffix = if unit == Some(Unit::Percent) { "%" } else { "" };
        signed(value, unit, self, "", suffix)
    }

    /// A change, as [`format_delta`] shows it.
    #[must_use]
    pub fn delta(self, delta: f64, unit: Option<Unit>) -> String {
        let delta = match unit {
            None if delta.is_finite() && self < Self::ALL => format!("{delta:.11e}").parse().unwrap_or(delta),
            _ => delta,
        };
        let suffix = if unit == Some(Unit::Percent) { " pp" } else { "" };
        signed(delta, unit, self, "+", suffix)
    }

    /// A change in percent, as [`format_relative`] shows it.
    #[must_use]
    pub fn relative(self, percent: f64) -> String {
        signed(percent, Some(Unit::Percent), self, "+", "%")
    }

    /// The fewest that show a number without rounding it. A size in `KB` or more and a time that
    /// would take many are shown with the usual ones.
    #[must_use]
    pub fn without_rounding(value: f64, unit: Option<Unit>) -> Self {
        let is_whole = |digits: &Self| denoted(&digits.value(value, unit)) == value;
        let most = match unit {
            Some(Unit::Bytes) if value.abs() >= 1024.0 => 3,
            Some(Unit::Bytes | Unit::Duration) => Self::ALL.0,
            _ => return Self::fewest(|digits| is_whole(&digits)),
        };
        Self::choices().take(most).find(is_whole).unwrap_or_default()
    }
}

/// The number that a text of this module means: what a reader computes with.
pub fn denoted(text: &str) -> f64 {
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut total = 0.0;
    for word in text.split(' ') {
        let digits = word.trim_end_matches(|c: char| c.is_ascii_alphabetic() || matches!(c, '%' | 'µ'));
        let scale = match &word[digits.len()..] {
            "KB" => 1024.0,
            "MB" => 1024.0 * 1024.0,
            "GB" => 1024.0 * 1024.0 * 1024.0,
            "TB" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
            "m" => 60.0,
            "h" => 3600.0,
            "ms" => 1e-3,
            "µs" => 1e-6,
            "ns" => 1e-9,
            _ => 1.0,
        };
        if digits.is_empty() {
            total *= scale;
        } else {
            total += digits.replace(',', "").parse().unwrap_or(f64::NAN) * scale;
        }
    }
    sign * total
}

fn signed(value: f64, unit: Option<Unit>, digits: Digits, plus: &str, suffix: &str) -> String {
    if !value.is_finite() {
        return "n/a".into();
    }
    let text = magnitude(value.abs(), unit, digits);
    let is_zero = text == magnitude(0.0, unit, digits);
    let sign = match value < 0.0 {
        _ if is_zero => "",
        true => "-",
        false => plus,
    };
    format!("{sign}{text}{suffix}")
}

fn magnitude(value: f64, unit: Option<Unit>, digits: Digits) -> String {
    let more = digits.0;
    match unit {
        None => shortest(value),
        Some(Unit::Bytes) if digits == Digits::ALL => format!("{} B", shortest(value)),
        Some(Unit::Duration) if digits == Digits::ALL => format!("{}s", shortest(value)),
        Some(_) if digits == Digits::ALL => shortest(value),
        Some(Unit::Percent) => fixed(value, 1 + more),
        Some(Unit::Integer) => fixed(value, more),
        Some(Unit::Decimal) => fixed(value, 2 + more),
        Some(Unit::Bytes) => bytes(value, more),
        Some(Unit::Duration) => duration(value, more),
    }
}

fn bytes(value: f64, more: usize) -> String {
    if value.round() < 1024.0 {
        return format!("{} B", trimmed(fixed(value, more)));
    }
    if more >= 3 {
        return format!("{} B", trimmed(fixed(value, more - 3)));
    }
    let last = BYTE_UNITS.len() - 1;
    let mut index = 1;
    let mut scaled = value / 1024.0;
    let parts = 10f64.powi(more as i32 + 1);
    while index < last && (scaled * parts).round() >= 1024.0 * parts {
        scaled /= 1024.0;
        index += 1;
    }
    format!("{} {}", trimmed(fixed(scaled, more + 1)), BYTE_UNITS[index])
}

/// A duration with `more` decimals beyond those of its form.
fn duration(seconds: f64, more: usize) -> String {
    if (seconds * 1000.0).round() < 1000.0 {
        return part_of_a_second(seconds, more);
    }
    let decimals = if seconds * 100.0 < 999.5 { 2 } else { 1 } + more;
    let text = fixed(seconds, decimals);
    if seconds < 60.0 && !text.starts_with("60") {
        return format!("{}s", trimmed(text));
    }
    if more == 0 && seconds.round() >= 3600.0 {
        let minutes = (seconds / 60.0).round();
        return format!("{}h {}m", fixed((minutes / 60.0).floor(), 0), fixed(minutes % 60.0, 0));
    }
    // As many decimals as just below a minute, so that 59.99s and 1m 0.01s are shown apart.
    let more = if more > 0 && seconds.round() < 3600.0 { more + 1 } else { more };
    let parts = 10f64.powi(more as i32);
    let all = (seconds * parts).round();
    let rest = trimmed(fixed(all % (60.0 * parts) / parts, more));
    let minutes = (all / (60.0 * parts)).floor();
    if minutes < 60.0 {
        return format!("{}m {rest}s", fixed(minutes, 0));
    }
    format!("{}h {}m {rest}s", fixed((minutes / 60.0).floor(), 0), fixed(minutes % 60.0, 0))
}

/// In the greatest of the three units of which there is at least one.
fn part_of_a_second(seconds: f64, more: usize) -> String {
    let in_unit = |factor: f64, name: &'static str| {
        let size = seconds * factor;
        let decimals = match size {
            size if size >= 10.0 && name == "ms" => 0,
            size if size >= 100.0 => 0,
            size if size >= 10.0 => 1,
            size if size >= 1.0 => 2,
            _ => 3,
        };
        (trimmed(fixed(size, decimals + more)), name)
    };
    let (text, name) = [(1e9, "ns"), (1e6, "µs")]
        .into_iter()
        .map(|(factor, name)| in_unit(factor, name))
        .find(|(text, _)| !text.contains(','))
        .unwrap_or_else(|| in_unit(1e3, "ms"));
    if text == "0" { "0ms".to_owned() } else { format!("{text}{name}") }
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
            let number = |key: &str| vector[key].as_f64();
            let text = match (number("value"), number("delta"), number("relative"), number("small")) {
                _ if vector["short"].is_number() => format_short(number("short").expect("a number"), unit),
                (Some(value), ..) => format_value(value, unit),
                (_, Some(delta), ..) => format_delta(delta, unit),
                (_, _, Some(relative), _) => format_relative(relative),
                (.., small) => format_change(0.0, small.expect("a number"), unit),
            };
            assert_eq!(text, vector["text"].as_str().expect("text"), "{vector}");
        }
    }

    #[test]
    fn a_zero_is_never_signed() {
        for unit in [None].into_iter().chain(Unit::ALL.iter().copied().map(Some)) {
            for zero in [0.0, -0.0] {
                assert_eq!(denoted(&format_delta(zero, unit)).to_bits(), 0);
                assert!(!format_delta(zero, unit).starts_with(['-', '+']));
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

    const EVERY: [Option<Unit>; 6] = [
        None,
        Some(Unit::Percent),
        Some(Unit::Integer),
        Some(Unit::Bytes),
        Some(Unit::Duration),
        Some(Unit::Decimal),
    ];

    #[test]
    fn a_step_more_shows_a_digit_more() {
        let steps = |value: f64, unit: Unit| {
            Digits::choices().map(|digits| digits.value(value, Some(unit))).collect::<Vec<_>>()
        };
        for (value, unit, expected) in [
            (79.9999, Unit::Percent, ["80.0%", "80.00%", "80.000%", "79.9999%"]),
            (2.5, Unit::Integer, ["3", "2.5", "2.50", "2.500"]),
            (0.12349, Unit::Decimal, ["0.12", "0.123", "0.1235", "0.12349"]),
            (1_500_001.0, Unit::Bytes, ["1.4 MB", "1.43 MB", "1.431 MB", "1,500,001 B"]),
            (1_048_575.0, Unit::Bytes, ["1 MB", "1 MB", "1,023.999 KB", "1,048,575 B"]),
            (0.5, Unit::Bytes, ["1 B", "0.5 B", "0.5 B", "0.5 B"]),
            (90.4, Unit::Duration, ["1m 30s", "1m 30.4s", "1m 30.4s", "1m 30.4s"]),
            (59.96, Unit::Duration, ["1m 0s", "59.96s", "59.96s", "59.96s"]),
            (4.2534, Unit::Duration, ["4.25s", "4.253s", "4.2534s", "4.2534s"]),
            (0.000_012_345_6, Unit::Duration, ["12.3µs", "12.35µs", "12.346µs", "12.3456µs"]),
            (3725.25, Unit::Duration, ["1h 2m", "1h 2m 5.3s", "1h 2m 5.25s", "1h 2m 5.25s"]),
            (0.01, Unit::Duration, ["10ms", "10ms", "10ms", "10ms"]),
            (0.012_345, Unit::Duration, ["12ms", "12.3ms", "12.35ms", "12.345ms"]),
        ] {
            assert_eq!(steps(value, unit)[..4], expected, "{value} {unit:?}");
        }
        assert_eq!(Digits::ALL.value(1.0 / 3.0, Some(Unit::Percent)), "0.3333333333333333%");
        assert_eq!(Digits::ALL.value(1e-9, Some(Unit::Bytes)), "1e-9 B");
        assert_eq!(Digits::ALL.value(3725.25, Some(Unit::Duration)), "3,725.25s");
    }

    #[test]
    fn a_change_is_shown_as_one() {
        for (from, to, unit, text) in [
            (85.2, 85.3, None, "+0.1"),
            (1_000_000.2, 1_000_000.3, None, "+0.1"),
            (80.0, 79.96, Some(Unit::Percent), "-0.04 pp"),
            (0.145, 0.15, Some(Unit::Decimal), "+0.01"),
            (0.145, 0.148, Some(Unit::Decimal), "+0.003"),
            (7.0, 7.0, Some(Unit::Percent), "0.0 pp"),
            (0.1 + 0.2, 0.3, Some(Unit::Decimal), "0.00"),
            (3600.0, 3629.0, Some(Unit::Duration), "+29s"),
            (f64::MIN, f64::MAX, None, "n/a"),
        ] {
            assert_eq!(format_change(from, to, unit), text, "{from} {to} {unit:?}");
        }
    }

    proptest! {
        #[test]
        fn a_text_stands_for_its_number(value in -1e9..1e9f64, scale in 0..6usize, steps in 0..7usize) {
            let value = value / 10f64.powi(scale as i32 * 3);
            for unit in EVERY {
                let digits = Digits(steps);
                let error = (denoted(&digits.value(value, unit)) - value).abs();
                let usual = (value.abs() * 0.06 + 0.6) / 10f64.powi(steps as i32);
                let singly = if unit == Some(Unit::Bytes) && steps > 2 { 0.5 } else { 0.0 };
                prop_assert!(error <= usual.max(singly), "{value} {unit:?} {steps} {error}");
                prop_assert_eq!(denoted(&Digits::ALL.value(value, unit)), value);
            }
        }

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
