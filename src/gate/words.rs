//! What the gate says: what a threshold demands, and numbers beside each other so that they can be
//! told apart. What is judged is decided elsewhere.

use crate::config::{Direction, Metric, Rule, Unit};
use crate::text::{format_delta, format_value};

/// What a rule demands of a metric: `at least 80.0%`.
pub(super) fn requirement(rule: &Rule, metric: Option<&Metric>) -> String {
    let unit = metric.and_then(|metric| metric.unit);
    let direction = metric.map_or(Direction::None, |metric| metric.direction);
    match *rule {
        Rule::Min { target } => format!("at least {}", bound(target, unit)),
        Rule::Max { target } => format!("at most {}", bound(target, unit)),
        Rule::NoRegression { tolerance } => {
            let side = if direction == Direction::LowerIsBetter { "above" } else { "below" };
            if tolerance == 0.0 {
                format!("not {side} the baseline")
            } else {
                format!("at most {} {side} the baseline", bound(tolerance, unit))
            }
        }
        Rule::DeltaMaxDrop { max_drop_percent } => format!("a drop of at most {}", percent(max_drop_percent)),
        Rule::DeltaMaxRise { max_rise_percent } => format!("a rise of at most {}", percent(max_rise_percent)),
        Rule::Anomaly { window, sensitivity } => {
            let side = match direction {
                Direction::HigherIsBetter => "below",
                Direction::LowerIsBetter => "above",
                Direction::None => "from",
            };
            let sensitivity = format_value(sensitivity, None);
            format!("at most {sensitivity} deviations {side} the median of {window} builds")
        }
    }
}

/// A bound in full: with its unit, or as the bare number where the unit's rounding would hide a part.
pub(super) fn bound(value: f64, unit: Option<Unit>) -> String {
    let text = format_value(value, unit);
    let rounds = match unit {
        Some(Unit::Percent) => (value * 10.0).fract() != 0.0,
        Some(Unit::Integer) => value.fract() != 0.0,
        Some(Unit::Decimal) => (value * 100.0).fract() != 0.0,
        _ => false,
    };
    match unit {
        Some(Unit::Percent) if rounds => percent(value),
        _ if rounds => format_value(value, None),
        _ => text,
    }
}

/// A share in full: `2.5%`.
pub(super) fn percent(value: f64) -> String {
    format!("{}%", format_value(value, None))
}

/// Two different values with their unit, or as bare numbers where they would read the same.
pub(super) fn pair(a: f64, b: f64, unit: Option<Unit>) -> [String; 2] {
    let texts = [format_value(a, unit), format_value(b, unit)];
    if a != b && texts[0] == texts[1] { [format_value(a, None), format_value(b, None)] } else { texts }
}

/// A magnitude of change without a sign; as a bare number where it would read as nothing.
pub(super) fn change(delta: f64, unit: Option<Unit>) -> String {
    let delta = delta.abs();
    let text = format_delta(delta, unit);
    let text = if delta > 0.0 && text == format_delta(0.0, unit) { format_delta(delta, None) } else { text };
    text.trim_start_matches('+').to_owned()
}

/// A share that was found, with one decimal, or in full where that would read as nothing.
pub(super) fn share(percent_found: f64) -> String {
    let text = format_value(percent_found, Some(Unit::Percent));
    if percent_found != 0.0 && text == "0.0%" { percent(percent_found) } else { text }
}
