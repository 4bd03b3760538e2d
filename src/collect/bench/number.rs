//! The numbers of benchmark reports: times in their tools' units become seconds by moving the decimal point, so that
//! `316.19 ns` is the double nearest to 0.00000031619 and not a product with an error; and what units mean.

use crate::metric::{Direction, Unit};
use std::borrow::Cow;

/// What a number counts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Quantity {
    /// How it is shown.
    pub unit: Option<Unit>,
    /// What follows it, where no unit says that: `ops/s`.
    pub suffix: Option<Cow<'static, str>>,
    /// Which way it gets better.
    pub direction: Direction,
    /// How many places the decimal point moves to the right to reach the base unit.
    pub shift: i32,
    /// By what it is multiplied then; 1 except for minutes, hours and powers of 1024.
    pub factor: f64,
}

impl Quantity {
    const fn of(unit: Option<Unit>, direction: Direction) -> Self {
        Self { unit, suffix: None, direction, shift: 0, factor: 1.0 }
    }

    const fn shifted(mut self, shift: i32) -> Self {
        self.shift = shift;
        self
    }

    /// The same with another direction.
    pub(super) fn toward(mut self, direction: Direction) -> Self {
        self.direction = direction;
        self
    }

    /// A number with something behind it.
    pub(super) fn with_suffix(suffix: impl Into<Cow<'static, str>>, direction: Direction) -> Self {
        Self { suffix: Some(suffix.into()), ..Self::of(None, direction) }
    }

    /// A number in this quantity's own unit, in the base unit.
    pub(super) fn base(&self, number: f64) -> f64 {
        let shifted = moved(number, self.shift);
        if self.factor == 1.0 { shifted } else { shifted * self.factor }
    }
}

/// Times, as most tools write them.
pub(super) const SECONDS: Quantity = Quantity::of(Some(Unit::Duration), Direction::LowerIsBetter);
pub(super) const MILLISECONDS: Quantity = SECONDS.shifted(-3);
pub(super) const MICROSECONDS: Quantity = SECONDS.shifted(-6);
pub(super) const NANOSECONDS: Quantity = SECONDS.shifted(-9);
/// Sizes.
pub(super) const BYTES: Quantity = Quantity::of(Some(Unit::Bytes), Direction::LowerIsBetter);
/// Counts of what costs something: allocations, instructions.
pub(super) const COSTS: Quantity = Quantity::of(None, Direction::LowerIsBetter);
/// Numbers of which the file says nothing.
pub(super) const PLAIN: Quantity = Quantity::of(None, Direction::None);
/// Shares of a hundred.
pub(super) const PERCENT: Quantity = Quantity::of(Some(Unit::Percent), Direction::None);
/// Scores.
pub(super) const SCORE: Quantity = Quantity::of(None, Direction::HigherIsBetter);

/// How often something happens in a second.
pub(super) fn per_second(what: &'static str) -> Quantity {
    Quantity::with_suffix(what, Direction::HigherIsBetter)
}

/// A number with its decimal point moved: the double nearest to the decimal number that is printed with the fewest
/// digits. What is not finite stays what it is.
pub(super) fn moved(number: f64, places: i32) -> f64 {
    if places == 0 || !number.is_finite() || number == 0.0 {
        return number;
    }
    let text = format!("{number:e}");
    let Some((digits, exponent)) = text.split_once('e') else { return number };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    format!("{digits}e{}", exponent + places).parse().unwrap_or(number)
}

/// A number as people write it, with commas between thousands.
pub(super) fn written(text: &str) -> Option<f64> {
    let plain = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E' | b',');
    if !text.bytes().all(plain) || !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if text.contains(',') { text.replace(',', "").parse().ok() } else { text.parse().ok() }
}

/// What a unit means that a report names: a time, a size, either of them for each of something, something in a second.
/// `None` for any other word.
pub(super) fn named(unit: &str) -> Option<Quantity> {
    let unit = unit.trim();
    let (thing, each) = match unit.split_once('/') {
        Some((thing, each)) => (thing.trim(), Some(each.trim())),
        None => (unit, None),
    };
    let in_a_second = matches!(each, Some("s" | "sec" | "second"));
    if !in_a_second && let Some(quantity) = time(thing).or_else(|| size(thing)) {
        return Some(quantity);
    }
    // ops/ms: a thousand times as many in a second.
    let time = time(each?)?;
    let suffix: Cow<'static, str> = match time.shift {
        _ if time.factor != 1.0 => return None,
        0 if each == Some("s") => unit.to_owned().into(),
        _ => format!("{thing}/s").into(),
    };
    Some(Quantity::with_suffix(suffix, Direction::HigherIsBetter).shifted(-time.shift))
}

fn time(word: &str) -> Option<Quantity> {
    Some(match word {
        "ps" => SECONDS.shifted(-12),
        "ns" | "nsec" | "nanosecond" | "nanoseconds" => NANOSECONDS,
        "us" | "µs" | "μs" | "usec" | "microsecond" | "microseconds" => MICROSECONDS,
        "ms" | "msec" | "millisecond" | "milliseconds" => MILLISECONDS,
        "s" | "sec" | "secs" | "second" | "seconds" => SECONDS,
        "min" | "minute" | "minutes" => Quantity { factor: 60.0, ..SECONDS },
        "hr" | "hour" | "hours" => Quantity { factor: 3600.0, ..SECONDS },
        _ => return None,
    })
}

fn size(word: &str) -> Option<Quantity> {
    let binary = |power: i32| Quantity { factor: 1024f64.powi(power), ..BYTES };
    Some(match word {
        "B" | "byte" | "bytes" | "Bytes" => BYTES,
        // Whether these mean 1000 or 1024 is the writer's secret: the number stays as it is written.
        "kB" | "KB" | "MB" | "GB" => Quantity::with_suffix(word.to_owned(), Direction::LowerIsBetter),
        "KiB" => binary(1),
        "MiB" => binary(2),
        "GiB" => binary(3),
        _ => return None,
    })
}

/// What is left of raw samples.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Summary {
    count: u64,
    mean: f64,
    squares: f64,
    max: f64,
}

impl Summary {
    pub(super) fn add(&mut self, number: f64) {
        self.max = if self.count == 0 { number } else { self.max.max(number) };
        self.count += 1;
        let away = number - self.mean;
        self.mean += away / self.count as f64;
        self.squares += away * (number - self.mean);
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn max(&self) -> f64 {
        self.max
    }

    /// The standard deviation of a sample, in the unit of its numbers.
    pub(super) fn spread(&self) -> Option<f64> {
        (self.count > 1).then(|| (self.squares / (self.count - 1) as f64).sqrt()).filter(|it| it.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_point_moves_without_an_error() {
        for (number, places, expected) in [
            (316.19, -9, 316.19e-9),
            (2_150_112_915.10, -9, 2.1501129151),
            (0.31, -9, 3.1e-10),
            (2150.117, -3, 2.150117),
            (0.99, 2, 99.0),
            (1e300, 10, f64::INFINITY),
            (5e-324, -9, 0.0),
            (0.0, -9, 0.0),
            (f64::INFINITY, -9, f64::INFINITY),
        ] {
            assert_eq!(moved(number, places), expected, "{number} {places}");
        }
        // Multiplied it would be another double.
        assert_ne!(316.19 * 1e-9, moved(316.19, -9));
    }

    #[test]
    fn units_are_what_they_are_called() {
        for (unit, number, base, shown, suffix) in [
            ("ns/iter", 12.5, 1.25e-8, Some(Unit::Duration), None),
            ("ms/op", 3.0, 0.003, Some(Unit::Duration), None),
            ("s", 3.0, 3.0, Some(Unit::Duration), None),
            ("min", 2.0, 120.0, Some(Unit::Duration), None),
            ("KiB", 2.0, 2048.0, Some(Unit::Bytes), None),
            ("B/op", 2.0, 2.0, Some(Unit::Bytes), None),
            ("MB", 1.5, 1.5, None, Some("MB")),
            ("ops/ms", 1.5, 1500.0, None, Some("ops/s")),
            ("ops/s", 7.0, 7.0, None, Some("ops/s")),
            ("iter/sec", 7.0, 7.0, None, Some("iter/s")),
            ("MB/s", 7.0, 7.0, None, Some("MB/s")),
        ] {
            let found = named(unit).unwrap_or_else(|| panic!("{unit}"));
            assert_eq!(
                (found.base(number), found.unit, found.suffix.as_deref()),
                (base, shown, suffix),
                "{unit}"
            );
        }
        for unit in ["", "apples", "points/game", "/", "%"] {
            assert_eq!(named(unit), None, "{unit}");
        }
    }
}
