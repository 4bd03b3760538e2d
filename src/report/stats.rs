//! What a card says of one metric over a run of builds: latest, least and greatest value, and
//! whether the way from the first to the latest is a change for the better. The page computes the
//! same when its reader picks another branch or range (`page/stats.js`).

use crate::metric::{Direction, Unit};
use crate::text::{format_change, format_delta, format_relative};

/// Latest, least and greatest of a numeric metric, and its trend.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Summary {
    /// The newest value.
    pub(super) latest: f64,
    /// The least value.
    pub(super) min: f64,
    /// The greatest value.
    pub(super) max: f64,
    /// From the oldest value to the newest.
    pub(super) trend: Trend,
}

/// The change over a range.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Trend {
    /// `good`, `bad`, `flat` or `neutral`; also the class that colours it.
    pub(super) verdict: &'static str,
    /// `▲`, `▼` or nothing.
    pub(super) arrow: &'static str,
    /// The change in words and figures.
    pub(super) text: String,
    /// What colour says, for those who do not see it: `better`, `worse` or nothing.
    pub(super) meaning: &'static str,
}

impl Trend {
    /// The relative change where there is one, else the whole text.
    pub(super) fn brief(&self) -> &str {
        self.text.split_once(" (").map_or(&self.text, |(_, relative)| relative.trim_end_matches(')'))
    }
}

/// Summarises `values`, oldest first; `None` when there is no value at all.
pub(super) fn summarise(
    values: impl Iterator<Item = f64>,
    unit: Option<Unit>,
    direction: Direction,
) -> Option<Summary> {
    let (mut first, mut latest, mut count) = (None, 0.0, 0usize);
    let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values {
        first.get_or_insert(value);
        latest = value;
        count += 1;
        min = min.min(value);
        max = max.max(value);
    }
    let first = first?;
    let mut trend = change(first, latest, unit, direction);
    if count == 1 {
        trend.text = "first value".to_owned();
    } else if trend.verdict == "flat" && !same(min, max) {
        trend.text = "as at the start".to_owned();
    }
    Some(Summary { latest, min, max, trend })
}

/// What two values may differ by and still be one, as a part of the greater: the last digits of a sum, and more than the
/// page rounds the values of long histories by (`pack.rs`).
const SAME: f64 = 1e-8;

/// Whether two values are one, however they are written: what reads the same need not be.
pub(super) fn same(one: f64, other: f64) -> bool {
    one == other || (one - other).abs() <= SAME * one.abs().max(other.abs())
}

/// The change from `first` to `latest`. A difference that the unit's form shows as zero is written with the digits that
/// show it.
pub(super) fn change(first: f64, latest: f64, unit: Option<Unit>, direction: Direction) -> Trend {
    if same(first, latest) {
        return Trend { verdict: "flat", arrow: "", text: "no change".to_owned(), meaning: "" };
    }
    let rising = latest > first;
    let delta = latest - first;
    let mut text = if delta.is_finite() { format_delta(delta, unit) } else { "beyond measure".to_owned() };
    if delta.is_finite() && !text.starts_with(['+', '-']) {
        text = format_change(first, latest, unit);
    }
    let relative = delta / first.abs() * 100.0;
    if unit != Some(Unit::Percent) && first != 0.0 && (0.05..9_999.95).contains(&relative.abs()) {
        text = format!("{text} ({})", format_relative(relative));
    }
    let (verdict, meaning) = match (direction, rising) {
        (Direction::None, _) => ("neutral", ""),
        (Direction::HigherIsBetter, true) | (Direction::LowerIsBetter, false) => ("good", "better"),
        _ => ("bad", "worse"),
    };
    Trend { verdict, arrow: if rising { "▲" } else { "▼" }, text, meaning }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_follows_the_direction() {
        use Direction::{HigherIsBetter as Up, LowerIsBetter as Down, None as Neither};
        let cases = [
            (&[1.0, 2.0][..], Up, "good ▲"),
            (&[1.0, 2.0], Down, "bad ▲"),
            (&[1.0, 2.0], Neither, "neutral ▲"),
            (&[2.0, 9.0, 1.0], Up, "bad ▼"),
            (&[2.0, 9.0, 1.0], Down, "good ▼"),
            (&[2.0, 9.0, 2.0], Down, "flat "),
            (&[2.0], Up, "flat "),
            (&[2.001, 2.002], Up, "good ▲"),
            (&[0.1 + 0.2, 0.3], Up, "flat "),
        ];
        for (values, direction, expected) in cases {
            let trend = summarise(values.iter().copied(), Some(Unit::Decimal), direction).unwrap().trend;
            assert_eq!(format!("{} {}", trend.verdict, trend.arrow), expected, "{values:?} {direction:?}");
        }
    }

    #[test]
    fn a_course_that_came_back_is_not_called_unchanged() {
        let cases = [
            (&[5.0][..], "first value"),
            (&[5.0, 5.0], "no change"),
            (&[0.1 + 0.2, 0.3], "no change"),
            (&[5.0, 5.001], "+0.001"),
            (&[5.0, 9.0, 5.0], "as at the start"),
            (&[5.0, 5.001, 5.0], "as at the start"),
        ];
        for (values, text) in cases {
            let summary = summarise(values.iter().copied(), Some(Unit::Decimal), Direction::None).unwrap();
            assert_eq!(summary.trend.text, text, "{values:?}");
        }
    }

    #[test]
    fn least_and_greatest_span_the_whole_range() {
        let summary = summarise([3.0, -1.0, 7.0, 2.0].into_iter(), None, Direction::None).unwrap();
        assert_eq!((summary.latest, summary.min, summary.max), (2.0, -1.0, 7.0));
        assert_eq!(summarise(std::iter::empty(), None, Direction::None), None);
    }

    #[test]
    fn a_relative_change_stands_where_it_means_something() {
        let cases = [
            (&[100.0, 150.0][..], Some(Unit::Integer), "+50 (+50.0%)"),
            (&[-100.0, -150.0], Some(Unit::Integer), "-50 (-50.0%)"),
            (&[80.0, 84.0], Some(Unit::Percent), "+4.0 pp"),
            (&[0.0, 5.0], Some(Unit::Integer), "+5"),
            // What reads the same and is not.
            (&[0.029, 0.03], Some(Unit::Decimal), "+0.001 (+3.4%)"),
            (&[83.31, 83.34], Some(Unit::Percent), "+0.03 pp"),
            (&[1_048_576.0, 1_048_579.0], Some(Unit::Bytes), "+3 B"),
            (&[5.2, 5.3], Some(Unit::Integer), "+0.1 (+1.9%)"),
            (&[1e-13, 2e-13], Some(Unit::Decimal), "+1e-13 (+100.0%)"),
            (&[0.0, 1e-13], Some(Unit::Decimal), "+1e-13"),
            (&[f64::MIN, f64::MAX], None, "beyond measure"),
        ];
        for (values, unit, text) in cases {
            let trend = summarise(values.iter().copied(), unit, Direction::None).unwrap().trend;
            assert_eq!(trend.text, text);
        }
    }
}
