//! One rule against one value: whether it is kept, and the sentence that says so. Where values
//! and baselines come from, and what a missing one means, is decided elsewhere.

use super::statistics::{
    MAD_SCALE, MEAN_DEVIATION_SCALE, MannKendall, mean_absolute_deviation, median, median_absolute_deviation,
    small_sample_factor, theil_sen_slope,
};
use super::verdict::Status;
use super::words::{bound, change, pair, percent, share};
use crate::config::{Direction, Metric, Rule};
use crate::text::{format_value, plural};

/// Builds that `anomaly` needs at least.
pub const ANOMALY_BUILDS: usize = 8;

/// Rounding errors of a few operations on doubles are some 1e-16 of their operands; nobody sets a
/// bound to twelve digits.
const NOISE: f64 = 1e-12;

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

/// Judges one rule.
pub(super) fn judge(rule: &Rule, metric: &Metric, numbers: Numbers<'_>) -> (Status, String) {
    let Numbers { value, baseline, window } = numbers;
    let unit = metric.unit;
    match *rule {
        Rule::Min { target } => {
            bounded(is_at_most(target, value, 0.0), value, target, "below", "minimum", metric)
        }
        Rule::Max { target } => {
            bounded(is_at_most(value, target, 0.0), value, target, "above", "maximum", metric)
        }
        Rule::NoRegression { tolerance } => {
            let baseline = match baseline {
                Ok(baseline) => baseline,
                Err(reason) => return unknown(reason),
            };
            let (worse_by, side) = match metric.direction {
                Direction::LowerIsBetter => (value - baseline, "above"),
                Direction::HigherIsBetter | Direction::None => (baseline - value, "below"),
            };
            let [shown, base] = pair(value, baseline, unit);
            let magnitude = value.abs().max(baseline.abs());
            if !is_at_most(worse_by, tolerance, magnitude) {
                let allowed = match tolerance {
                    0.0 => "none".to_owned(),
                    _ => format!("at most {}", bound(tolerance, unit)),
                };
                let by = change(worse_by, unit);
                let text = format!("{shown} is {by} {side} the baseline of {base}: {allowed} is allowed");
                return (Status::Fail, text);
            }
            let text = if worse_by > 0.0 && !is_at_most(worse_by, 0.0, magnitude) {
                let by = change(worse_by, unit);
                format!("{shown} is {by} {side} the baseline of {base}, which is allowed")
            } else {
                format!("{shown} is not {side} the baseline of {base}")
            };
            (Status::Pass, text)
        }
        Rule::DeltaMaxDrop { max_drop_percent } => match baseline {
            Ok(baseline) => moved(baseline - value, baseline, value, max_drop_percent, "drop", metric),
            Err(reason) => unknown(reason),
        },
        Rule::DeltaMaxRise { max_rise_percent } => match baseline {
            Ok(baseline) => moved(value - baseline, baseline, value, max_rise_percent, "rise", metric),
            Err(reason) => unknown(reason),
        },
        Rule::Anomaly { sensitivity, .. } => match baseline {
            Err(reason) if window.is_empty() => unknown(reason),
            _ => anomaly(value, window, sensitivity, metric),
        },
    }
}

fn unknown(reason: &str) -> (Status, String) {
    (Status::Unknown, reason.to_owned())
}

/// `a <= b`, a difference of rounding errors aside. `magnitude` is that of the numbers which the
/// two were computed from.
fn is_at_most(a: f64, b: f64, magnitude: f64) -> bool {
    a <= b || (a.is_finite() && a - b <= magnitude.max(a.abs()).max(b.abs()) * NOISE)
}

fn bounded(
    is_kept: bool,
    value: f64,
    target: f64,
    side: &str,
    what: &str,
    metric: &Metric,
) -> (Status, String) {
    let [shown, limit] = pair(value, target, metric.unit);
    if is_kept {
        (Status::Pass, format!("{shown} keeps the {what} of {}", bound(target, metric.unit)))
    } else {
        (Status::Fail, format!("{shown} is {side} the {what} of {limit}"))
    }
}

/// A drop or rise of `by` (negative when it went the other way) against a share of the baseline.
fn moved(by: f64, baseline: f64, value: f64, allowed: f64, what: &str, metric: &Metric) -> (Status, String) {
    let [from, to] = pair(baseline, value, metric.unit);
    let magnitude = value.abs().max(baseline.abs());
    if is_at_most(by, 0.0, magnitude) {
        return (Status::Pass, format!("no {what}: {to} against a baseline of {from}"));
    }
    if baseline == 0.0 {
        // In the limit of ever smaller baselines every change passes every share.
        let text =
            format!("a {what} from a baseline of zero to {to} is more than {} of it", percent(allowed));
        return (Status::Fail, text);
    }
    // Divided before they are subtracted: the difference can be beyond what a double holds.
    let share_of = (value / baseline.abs() - baseline / baseline.abs()).abs() * 100.0;
    let found = if share_of.is_finite() { format!(" of {}", share(share_of)) } else { String::new() };
    let status = match is_at_most(by, allowed / 100.0 * baseline.abs(), magnitude) {
        true => Status::Pass,
        false => Status::Fail,
    };
    (status, format!("a {what}{found} from {from} to {to}: at most {} is allowed", percent(allowed)))
}

fn anomaly(value: f64, window: &[f64], sensitivity: f64, metric: &Metric) -> (Status, String) {
    let builds = plural(window.len(), "build", "builds");
    if window.len() < ANOMALY_BUILDS {
        let has = if window.len() == 1 { "has" } else { "have" };
        let text =
            format!("{builds} of the reference branch {has} a value: `anomaly` needs {ANOMALY_BUILDS}");
        return (Status::Unknown, text);
    }
    let Deviation { centre, deviations, is_trend } = deviation(value, window);
    let side = if deviations < 0.0 { "below" } else { "above" };
    let is_bad = match metric.direction {
        Direction::HigherIsBetter => deviations < 0.0,
        Direction::LowerIsBetter => deviations > 0.0,
        Direction::None => true,
    };
    let size = deviations.abs();
    let [shown, centre] = pair(value, centre, metric.unit);
    let expected = match is_trend {
        true => format!("where the trend of the last {builds} leads"),
        false if size.is_infinite() => format!("the value of all of the last {builds}"),
        false => format!("the median of the last {builds}"),
    };
    let rounded = (size * 10.0).round() / 10.0;
    let distance = if size == 0.0 {
        format!("{shown} is {expected}")
    } else if size.is_infinite() {
        format!("{shown} is {side} {centre}, {expected}")
    } else {
        let noun = if rounded == 1.0 { "deviation" } else { "deviations" };
        format!("{shown} is {} {noun} {side} {centre}, {expected}", format_value(rounded, None))
    };
    if is_bad && !is_at_most(size, sensitivity, 0.0) {
        (Status::Fail, format!("{distance}: at most {} are allowed", format_value(sensitivity, None)))
    } else {
        (Status::Pass, distance)
    }
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
