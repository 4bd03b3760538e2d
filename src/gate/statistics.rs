//! Robust statistics: where a series lies, how far its values scatter and whether it drifts, whatever
//! a few wild ones among them do. Plain numbers in and out; what a deviation means is judged elsewhere.
//! The functions agree with SciPy and pymannkendall: `tests/fixtures/statistics.json`.

/// Turns a median absolute deviation into an estimate of the standard deviation of normal values:
/// one over the 75 % quantile of the standard normal distribution.
/// Source: Rousseeuw and Croux, "Alternatives to the Median Absolute Deviation", JASA 88 (1993).
pub const MAD_SCALE: f64 = 1.482_602_218_505_602;

/// The same for the mean absolute deviation: the square root of half pi.
/// Source: Geary, "The ratio of the mean deviation to the standard deviation", Biometrika 27 (1935);
/// as a stand-in for a MAD of zero: Iglewicz and Hoaglin, "How to Detect and Handle Outliers" (1993).
pub const MEAN_DEVIATION_SCALE: f64 = 1.253_314_137_315_500_3;

/// The middle value, the mean of the middle two of an even count; `None` for no values. The values
/// must be finite.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    median_of(values.to_vec())
}

fn median_of(mut values: Vec<f64>) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let middle = values.len() / 2;
    let is_even = values.len().is_multiple_of(2);
    // Selecting, and not sorting: a long window has half a million slopes.
    let (lower, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    if !is_even {
        return Some(*upper);
    }
    let lower = lower.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // Halved before they are added: the sum of two large values would overflow.
    Some(lower / 2.0 + *upper / 2.0)
}

/// The median of the absolute deviations from `centre`, not scaled; `None` for no values.
#[must_use]
pub fn median_absolute_deviation(values: &[f64], centre: f64) -> Option<f64> {
    median_of(values.iter().map(|value| (value - centre).abs()).collect())
}

/// The mean of the absolute deviations from `centre`, not scaled; `None` for no values.
#[must_use]
pub fn mean_absolute_deviation(values: &[f64], centre: f64) -> Option<f64> {
    let count = values.len() as f64;
    (!values.is_empty()).then(|| values.iter().map(|value| (value - centre).abs() / count).sum())
}

/// What the scaled MAD of `count` normal values is multiplied by so that its mean is their standard
/// deviation. Source: Croux and Rousseeuw, "Time-Efficient Algorithms for Two Highly Robust
/// Estimators of Scale", Computational Statistics 1 (1992); `count` is at least 2.
#[must_use]
pub fn small_sample_factor(count: usize) -> f64 {
    const FEW: [f64; 8] = [1.196, 1.495, 1.363, 1.206, 1.200, 1.140, 1.129, 1.107];
    match FEW.get(count.saturating_sub(2)) {
        Some(factor) if count >= 2 => *factor,
        _ => count as f64 / (count as f64 - 0.8),
    }
}

/// The Mann-Kendall test of a series for a monotonic trend: the count `s` of pairs that rise less
/// those that fall, and the variance that it has where there is none, ties considered.
/// Sources: Mann, "Nonparametric Tests Against Trend", Econometrica 13 (1945); Kendall, "Rank
/// Correlation Methods" (1948).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MannKendall {
    /// Rising pairs less falling ones.
    pub s: f64,
    /// Its variance without a trend.
    pub variance: f64,
}

impl MannKendall {
    /// Tests the values in their order.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let mut s = 0.0;
        for (index, earlier) in values.iter().enumerate() {
            for later in &values[index + 1..] {
                s += f64::from(i8::from(later > earlier) - i8::from(later < earlier));
            }
        }
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let weight = |n: usize| {
            let n = n as f64;
            n * (n - 1.0) * (2.0 * n + 5.0)
        };
        let ties: f64 = sorted.chunk_by(|a, b| a == b).map(|tied| weight(tied.len())).sum();
        Self { s, variance: (weight(values.len()) - ties) / 18.0 }
    }

    /// The standard normal deviate, corrected for continuity; zero where nothing varies.
    #[must_use]
    pub fn z(&self) -> f64 {
        if self.s == 0.0 || self.variance <= 0.0 {
            return 0.0;
        }
        (self.s - self.s.signum()) / self.variance.sqrt()
    }
}

/// The Theil-Sen slope of equally spaced values: the median of the slopes between all pairs, per
/// step; `None` for fewer than two values. Source: Sen, "Estimates of the Regression Coefficient
/// Based on Kendall's Tau", JASA 63 (1968).
#[must_use]
pub fn theil_sen_slope(values: &[f64]) -> Option<f64> {
    let mut slopes = Vec::with_capacity(values.len() * values.len().saturating_sub(1) / 2);
    for (index, earlier) in values.iter().enumerate() {
        let later = values[index + 1..].iter().enumerate();
        slopes.extend(later.map(|(steps, later)| (later - earlier) / (steps as f64 + 1.0)));
    }
    median_of(slopes)
}
