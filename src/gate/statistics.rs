//! Robust statistics: where a series lies and how far its values scatter, whatever a few wild ones
//! among them do. Plain numbers in and out; what a deviation means is judged elsewhere.

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
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        // Halved before they are added: the sum of two large values would overflow.
        n if n % 2 == 0 => Some(sorted[middle - 1] / 2.0 + sorted[middle] / 2.0),
        _ => Some(sorted[middle]),
    }
}

/// The median of the absolute deviations from `centre`, not scaled; `None` for no values.
#[must_use]
pub fn median_absolute_deviation(values: &[f64], centre: f64) -> Option<f64> {
    median(&values.iter().map(|value| (value - centre).abs()).collect::<Vec<_>>())
}

/// The mean of the absolute deviations from `centre`, not scaled; `None` for no values.
#[must_use]
pub fn mean_absolute_deviation(values: &[f64], centre: f64) -> Option<f64> {
    let count = values.len() as f64;
    (!values.is_empty()).then(|| values.iter().map(|value| (value - centre).abs() / count).sum())
}
