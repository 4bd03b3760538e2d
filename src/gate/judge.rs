//! One rule against one value: whether it is kept, and the sentence that says so. Where values
//! and baselines come from, and what a missing one means, is decided elsewhere.

use super::statistics::{
    MAD_SCALE, MEAN_DEVIATION_SCALE, MannKendall, mean_absolute_deviation, median, median_absolute_deviation,
    small_sample_factor, theil_sen_slope,
};
use super::verdict::GateStatus;
use super::words::{Shown, agree, percent};
use crate::config::{MetricConfig, Rule};
use crate::metric::{Direction, Unit};
use crate::text::{Digits, NOISE, denoted, difference, format_value, plural};

/// Builds that `anomaly` needs at least.
pub const ANOMALY_BUILDS: usize = 8;

/// Numbers that a rule is judged by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers<'n> {
    /// This run's value.
    pub(super) value: f64,
    /// What it is compared with, or why there is nothing.
    pub(super) baseline: Result<f64, &'n str>,
    /// The reference branch's last values, oldest first, at most as many as `anomaly` asks for.
    pub(super) window: &'n [f64],
}

/// What a rule says of a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Judgement {
    pub(super) status: GateStatus,
    /// Why. Its numbers have as many digits as it takes for them to show the verdict.
    pub(super) message: String,
    /// Those digits, for what is said beside it.
    pub(super) digits: Digits,
    /// The same for shares of the baseline.
    pub(super) share_digits: Digits,
}

impl Judgement {
    fn new(is_kept: bool, message: String, digits: Digits) -> Self {
        let status = if is_kept { GateStatus::Pass } else { GateStatus::Fail };
        Self { status, message, digits, share_digits: Digits::USUAL }
    }

    /// For what could not be judged.
    pub(super) fn unknown(reason: &str) -> Self {
        let (digits, share_digits) = (Digits::USUAL, Digits::USUAL);
        Self { status: GateStatus::Unknown, message: reason.to_owned(), digits, share_digits }
    }
}

/// Judges one rule.
pub(super) fn judge(rule: &Rule, metric: &MetricConfig, numbers: Numbers<'_>) -> Judgement {
    let Numbers { value, baseline, window } = numbers;
    let compared = |with: &dyn Fn(f64) -> Judgement| match baseline {
        Ok(baseline) => with(baseline),
        Err(reason) => Judgement::unknown(reason),
    };
    match *rule {
        Rule::Min { target } => {
            bounded(is_at_most(target, value, 0.0), value, target, ["below", "minimum"], metric.unit)
        }
        Rule::Max { target } => {
            bounded(is_at_most(value, target, 0.0), value, target, ["above", "maximum"], metric.unit)
        }
        Rule::NoRegression { tolerance } => {
            compared(&|baseline| no_regression(value, baseline, tolerance, metric))
        }
        Rule::DeltaMaxDrop { max_drop_percent } => compared(&|baseline| {
            Move { what: "drop", sign: -1.0 }.judge(value, baseline, max_drop_percent, metric.unit)
        }),
        Rule::DeltaMaxRise { max_rise_percent } => compared(&|baseline| {
            Move { what: "rise", sign: 1.0 }.judge(value, baseline, max_rise_percent, metric.unit)
        }),
        Rule::Anomaly { sensitivity, .. } => match baseline {
            Err(reason) if window.is_empty() => Judgement::unknown(reason),
            _ => anomaly(value, window, sensitivity, metric),
        },
    }
}

/// `a <= b`, a difference of rounding errors aside. `magnitude` is that of the numbers which the
/// two were computed from.
fn is_at_most(a: f64, b: f64, magnitude: f64) -> bool {
    a <= b || (a.is_finite() && a - b <= magnitude.max(a.abs()).max(b.abs()) * NOISE)
}

/// A number, or the other one where they differ by rounding errors only: then they are shown alike.
fn settled(number: f64, other: f64) -> f64 {
    if difference(number, other) == 0.0 { other } else { number }
}

fn bounded(is_kept: bool, value: f64, target: f64, [side, what]: [&str; 2], unit: Option<Unit>) -> Judgement {
    let value = settled(value, target);
    let texts = |digits| {
        let shown = Shown::new(unit, digits);
        [shown.value(value), shown.bound(target)]
    };
    let digits = Digits::fewest(|digits| {
        let [value_text, target_text] = texts(digits);
        agree([&value_text, &target_text], [value, target])
    });
    let [shown, limit] = texts(digits);
    let message = match is_kept {
        true => format!("{shown} keeps the {what} of {limit}"),
        false => format!("{shown} is {side} the {what} of {limit}"),
    };
    Judgement::new(is_kept, message, digits)
}

fn no_regression(value: f64, baseline: f64, tolerance: f64, metric: &MetricConfig) -> Judgement {
    let value = settled(value, baseline);
    let (sign, side) = match metric.direction {
        Direction::LowerIsBetter => (1.0, "above"),
        Direction::HigherIsBetter | Direction::None => (-1.0, "below"),
    };
    let magnitude = value.abs().max(baseline.abs());
    let is_within = |worse_by: f64, tolerance: f64| is_at_most(worse_by, tolerance, magnitude);
    let worse_by = (value - baseline) * sign;
    let is_kept = is_within(worse_by, tolerance);
    let is_worse = worse_by > 0.0;
    let by = match difference(baseline, value) * sign {
        by if is_kept && is_worse => by.min(tolerance),
        by => by,
    };
    let texts = |digits| {
        let shown = Shown::new(metric.unit, digits);
        [shown.value(value), shown.value(baseline), shown.change(by), shown.tolerance(tolerance)]
    };
    let digits = Digits::fewest(|digits| {
        let texts = texts(digits);
        let [to, from, by, allowed] = [0, 1, 2, 3].map(|at: usize| denoted(&texts[at]));
        let is_shown = is_within((to - from) * sign, allowed) == is_kept;
        let is_told = !is_worse || (by > 0.0 && is_within(by, allowed) == is_kept);
        agree([&texts[0], &texts[1]], [value, baseline]) && is_shown && is_told
    });
    let [to, from, by, allowed] = texts(digits);
    let message = match (is_kept, is_worse) {
        (true, false) => format!("{to} is not {side} the baseline of {from}"),
        (true, true) => format!("{to} is {by} {side} the baseline of {from}, which is allowed"),
        (false, _) => {
            let allowed = if tolerance == 0.0 { "none".to_owned() } else { format!("at most {allowed}") };
            format!("{to} is {by} {side} the baseline of {from}: {allowed} is allowed")
        }
    };
    Judgement::new(is_kept, message, digits)
}

/// A way in which a value must not move far from its baseline.
struct Move {
    what: &'static str,
    /// Of a change that counts.
    sign: f64,
}

impl Move {
    /// Judges a move against a share of the baseline, in percent.
    fn judge(&self, value: f64, baseline: f64, allowed: f64, unit: Option<Unit>) -> Judgement {
        let Self { what, sign } = *self;
        let value = settled(value, baseline);
        let magnitude = value.abs().max(baseline.abs());
        let is_within = |value: f64, baseline: f64| {
            is_at_most((value - baseline) * sign, allowed / 100.0 * baseline.abs(), magnitude)
        };
        let is_moved = (value - baseline) * sign > 0.0;
        let is_kept = !is_moved || (baseline != 0.0 && is_within(value, baseline));
        // Divided before they are subtracted: the difference can be beyond what a double holds.
        let share = (value / baseline.abs() - baseline / baseline.abs()).abs() * 100.0;
        let share = if is_kept && is_moved { share.min(allowed) } else { share };
        let texts = |digits: Digits| [baseline, value].map(|number| digits.value(number, unit));
        let is_share = is_moved && baseline != 0.0 && share.is_finite();
        let digits = Digits::fewest(|digits| {
            let texts = texts(digits);
            let [from, to] = [0, 1].map(|at: usize| denoted(&texts[at]));
            agree([&texts[0], &texts[1]], [baseline, value]) && (!is_share || is_within(to, from) == is_kept)
        });
        let found = |digits: Digits| digits.value(share, Some(Unit::Percent));
        let share_digits = Digits::fewest(|digits| {
            let found = denoted(&found(digits));
            !is_share || (found > 0.0 && is_at_most(found, allowed, 0.0) == is_kept)
        });
        let [from, to] = texts(digits);
        let allowed = percent(allowed);
        let message = if !is_moved {
            format!("no {what}: {to} against a baseline of {from}")
        } else if baseline == 0.0 {
            // In the limit of ever smaller baselines every change passes every share.
            format!("a {what} from a baseline of zero to {to} is more than {allowed} of it")
        } else {
            let of = if is_share { format!(" of {}", found(share_digits)) } else { String::new() };
            format!("a {what}{of} from {from} to {to}: at most {allowed} is allowed")
        };
        Judgement { share_digits, ..Judgement::new(is_kept, message, digits) }
    }
}

fn anomaly(value: f64, window: &[f64], sensitivity: f64, metric: &MetricConfig) -> Judgement {
    let builds = plural(window.len(), "build", "builds");
    if window.len() < ANOMALY_BUILDS {
        let has = if window.len() == 1 { "has" } else { "have" };
        let text =
            format!("{builds} of the reference branch {has} a value: `anomaly` needs {ANOMALY_BUILDS}");
        return Judgement::unknown(&text);
    }
    let Deviation { centre, deviations, is_trend } = deviation(value, window);
    let side = if deviations < 0.0 { "below" } else { "above" };
    let is_bad = match metric.direction {
        Direction::HigherIsBetter => deviations < 0.0,
        Direction::LowerIsBetter => deviations > 0.0,
        Direction::None => true,
    };
    let size = deviations.abs();
    let is_within = is_at_most(size, sensitivity, 0.0);
    let is_kept = !is_bad || is_within;
    let value = if size == 0.0 { centre } else { value };
    let texts = |digits| {
        let shown = Shown::new(metric.unit, digits);
        [shown.value(value), shown.value(centre)]
    };
    let digits = Digits::fewest(|digits| {
        let [value_text, centre_text] = texts(digits);
        agree([&value_text, &centre_text], [value, centre])
    });
    let [shown, centre] = texts(digits);
    let expected = match is_trend {
        true => format!("where the trend of the last {builds} leads"),
        false if size.is_infinite() => format!("the value of all of the last {builds}"),
        false => format!("the median of the last {builds}"),
    };
    let size_text = deviations_text(size, sensitivity, is_within);
    let distance = if size == 0.0 {
        format!("{shown} is {expected}")
    } else if size.is_infinite() {
        format!("{shown} is {side} {centre}, {expected}")
    } else {
        let noun = if size_text == "1" { "deviation" } else { "deviations" };
        format!("{shown} is {size_text} {noun} {side} {centre}, {expected}")
    };
    let message = match is_kept {
        true => distance,
        false => {
            let is = if sensitivity == 1.0 { "is" } else { "are" };
            format!("{distance}: at most {} {is} allowed", format_value(sensitivity, None))
        }
    };
    Judgement::new(is_kept, message, digits)
}

/// How many deviations, with one decimal, or as many as show whether they are too many.
fn deviations_text(size: f64, sensitivity: f64, is_within: bool) -> String {
    let rounded = |decimals: i32| {
        let parts = 10f64.powi(decimals);
        (size * parts).round() / parts
    };
    let is_true = |size: &f64| *size > 0.0 && is_at_most(*size, sensitivity, 0.0) == is_within;
    let size = if is_within { size.min(sensitivity) } else { size };
    format_value((1..=9).map(rounded).find(is_true).unwrap_or(size), None)
}

/// Where a value lies against a window of others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Deviation {
    /// What the window leads one to expect: its median, or the next point of its trend.
    pub centre: f64,
    /// The value's distance from it in scaled deviations, with its sign; infinite where the window
    /// has no scatter at all and the value differs.
    pub deviations: f64,
    /// Whether the window drifts, so that its trend was followed.
    pub is_trend: bool,
}

/// How far a value lies from what a window of earlier ones leads one to expect, counted in the
/// window's own scatter.
///
/// Expected is the median. A window of at least 20 values that drifts (Mann-Kendall, 1 %) is
/// straightened along its Theil-Sen slope first, and expected is where the line leads.
///
/// One deviation is the scaled MAD, corrected for small windows and for the uncertainty of what is
/// expected. The scaled mean deviation stands in where the MAD is zero, and where it is smaller and
/// whole numbers make the MAD coarse. It is at least half a percent of the median, and where
/// all numbers are whole the standard deviation of rounding, so that the least change of a quiet
/// series is no alarm.
#[must_use]
pub fn deviation(value: f64, window: &[f64]) -> Deviation {
    /// Fewer values say too little of a trend.
    const TREND_BUILDS: usize = 20;
    /// Two-sided 1 % of the standard normal distribution.
    const TREND_Z: f64 = 2.576;
    const QUIET: f64 = 0.005;
    let count = window.len() as f64;
    let level = median(window).unwrap_or(value);
    let mut centre = level;
    // The variance of a median of normal values is half pi over their number times theirs.
    let mut uncertainty = std::f64::consts::FRAC_PI_2 / count;
    let mut flat = window.to_vec();
    let is_trend = window.len() >= TREND_BUILDS && MannKendall::of(window).z().abs() > TREND_Z;
    if is_trend && let Some(slope) = theil_sen_slope(window) {
        for (index, value) in flat.iter_mut().enumerate() {
            *value -= slope * (index as f64 - count);
        }
        centre = median(&flat).unwrap_or(level);
        // A line is led on from the middle of its points.
        uncertainty *= 4.0;
    }
    let mean = mean_absolute_deviation(&flat, centre).unwrap_or(0.0) * MEAN_DEVIATION_SCALE;
    let mad = median_absolute_deviation(&flat, centre).unwrap_or(0.0);
    let is_whole = window.iter().chain([&value]).all(|number| number.fract() == 0.0);
    let is_coarse = is_whole && mad <= 2.0;
    let mad = mad * MAD_SCALE * small_sample_factor(window.len());
    let scatter = match mad <= level.abs() * NOISE {
        true => mean,
        false if is_coarse => mad.min(mean),
        false => mad,
    };
    let rounding = if is_whole { (1.0_f64 / 12.0).sqrt() } else { 0.0 };
    let scale = scatter.max(level.abs() * QUIET).max(rounding) * (1.0 + uncertainty).sqrt();
    let distance = value - centre;
    let is_same = is_at_most(distance.abs(), 0.0, value.abs().max(centre.abs()));
    Deviation { centre, deviations: if is_same { 0.0 } else { distance / scale }, is_trend }
}
