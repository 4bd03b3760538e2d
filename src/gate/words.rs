//! What the gate says: what a threshold demands, and numbers with as many digits as it takes for the
//! words beside them to be true. What is judged is decided elsewhere.

use crate::config::{MetricConfig, Rule};
use crate::metric::{Direction, Unit};
use crate::text::{Digits, denoted, format_value};

/// What a rule demands of a metric: `at least 80.0%`. A bound has at least so many digits.
pub(super) fn requirement(rule: &Rule, metric: Option<&MetricConfig>, digits: Digits) -> String {
    let shown = Shown::new(metric.and_then(|metric| metric.unit), digits);
    let direction = metric.map_or(Direction::None, |metric| metric.direction);
    match *rule {
        Rule::Min { target } => format!("at least {}", shown.bound(target)),
        Rule::Max { target } => format!("at most {}", shown.bound(target)),
        Rule::NoRegression { tolerance } => {
            let side = if direction == Direction::LowerIsBetter { "above" } else { "below" };
            if tolerance == 0.0 {
                format!("not {side} the baseline")
            } else {
                format!("at most {} {side} the baseline", shown.tolerance(tolerance))
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
            let noun = if sensitivity == 1.0 { "deviation" } else { "deviations" };
            let sensitivity = format_value(sensitivity, None);
            format!("at most {sensitivity} {noun} {side} the median of {window} builds")
        }
    }
}

/// A share in full: `2.5%`.
pub(super) fn percent(value: f64) -> String {
    format!("{}%", format_value(value, None))
}

/// The numbers of one sentence, with one choice of digits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    unit: Option<Unit>,
    digits: Digits,
}

impl Shown {
    pub(super) fn new(unit: Option<Unit>, digits: Digits) -> Self {
        Self { unit, digits }
    }

    /// A value of the metric.
    pub(super) fn value(self, value: f64) -> String {
        self.digits.value(value, self.unit)
    }

    /// A bound that the configuration sets: with all its digits, unless they would be many.
    pub(super) fn bound(self, bound: f64) -> String {
        self.digits.max(Digits::without_rounding(bound, self.unit)).value(bound, self.unit)
    }

    /// The same for a bound of differences.
    pub(super) fn tolerance(self, bound: f64) -> String {
        unsigned(self.digits.max(Digits::without_rounding(bound, self.unit)).delta(bound, self.unit))
    }

    /// How large a change is, without its sign.
    pub(super) fn change(self, delta: f64) -> String {
        unsigned(self.digits.delta(delta.abs(), self.unit))
    }
}

fn unsigned(text: String) -> String {
    text.trim_start_matches('+').to_owned()
}

/// Whether two texts relate as the numbers do that they show: none reads as the other unless they are equal, and the
/// greater one reads as the greater.
pub(super) fn agree(texts: [&str; 2], numbers: [f64; 2]) -> bool {
    denoted(texts[0]).partial_cmp(&denoted(texts[1])) == numbers[0].partial_cmp(&numbers[1])
}
