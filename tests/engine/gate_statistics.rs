//! The gate's statistics beside those of other programs, and how often `anomaly` is wrong.

#[path = "../fixtures/gate/noise.rs"]
#[allow(dead_code)]
mod noise;

use noise::{KINDS, Rates, SENSITIVITY, WINDOW, rates};
use serde_json::Value;
use unentropy::config;
use unentropy::gate::deviation;
use unentropy::gate::statistics::{
    MAD_SCALE, MannKendall, mean_absolute_deviation, median, median_absolute_deviation, small_sample_factor,
    theil_sen_slope,
};

fn is_close(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 1e-9 * expected.abs().max(1.0)
}

#[test]
fn statistics_agree_with_other_programs() {
    let stored: Value = serde_json::from_str(include_str!("../fixtures/statistics.json")).expect("JSON");
    let all = stored["series"].as_array().expect("series");
    assert!(all.len() >= 10);
    for series in all {
        let values: Vec<f64> =
            series["values"].as_array().expect("values").iter().filter_map(Value::as_f64).collect();
        let centre = median(&values).expect("values");
        let mad = median_absolute_deviation(&values, centre).expect("values");
        let test = MannKendall::of(&values);
        for (what, found) in [
            ("median", centre),
            ("mad", mad),
            ("scaledMad", mad * MAD_SCALE),
            ("meanDeviation", mean_absolute_deviation(&values, centre).expect("values")),
            ("slope", theil_sen_slope(&values).expect("values")),
            ("s", test.s),
            ("variance", test.variance),
            ("z", test.z()),
        ] {
            let Some(expected) = series[what].as_f64() else { continue };
            assert!(is_close(found, expected), "{}: {what} is {found}, expected {expected}", series["name"]);
        }
    }
}

#[test]
fn nothing_has_no_statistics() {
    assert_eq!(median(&[]), None);
    assert_eq!(median_absolute_deviation(&[], 0.0), None);
    assert_eq!(mean_absolute_deviation(&[], 0.0), None);
    assert_eq!(theil_sen_slope(&[1.0]), None);
    assert_eq!(MannKendall::of(&[]).z(), 0.0);
    assert_eq!(MannKendall::of(&[4.0; 12]).z(), 0.0);
    assert_eq!(median(&[f64::MAX, f64::MAX]), Some(f64::MAX));
}

#[test]
fn small_samples_are_corrected_without_a_jump() {
    assert_eq!(small_sample_factor(8), 1.129);
    assert!(is_close(small_sample_factor(10), 10.0 / 9.2));
    assert!((8..200).all(|n| (small_sample_factor(n) - small_sample_factor(n + 1)).abs() < 0.03));
    assert!(small_sample_factor(1000) < 1.001);
}

#[test]
fn a_series_that_drifts_is_judged_by_where_it_leads() {
    let drifting: Vec<f64> = (0..30).map(|build| 100.0 + f64::from(build) + f64::from(build % 3)).collect();
    let next = deviation(131.0, &drifting);
    assert!(next.is_trend && next.deviations.abs() < 1.0, "{next:?}");
    let stopped = deviation(115.0, &drifting);
    assert!(stopped.deviations < -SENSITIVITY, "{stopped:?}");
    let short = deviation(119.0, &drifting[..19]);
    assert!(!short.is_trend, "{short:?}");
}

#[test]
fn the_simulated_defaults_are_the_defaults() {
    let text = r#"{"metrics": {"n": {"type": "numeric", "command": "x"}},
        "qualityGate": {"thresholds": [{"metric": "n", "mode": "anomaly"}]}}"#;
    let rule = config::check(text, "c").config.expect("a configuration").quality_gate.thresholds[0].rule;
    assert_eq!(rule, config::Rule::Anomaly { window: WINDOW as u32, sensitivity: SENSITIVITY });
}

/// The percentages in a table's row.
fn figures(row: &str) -> Option<[f64; 2]> {
    let cells: Vec<&str> = row.split('|').map(str::trim).collect();
    let figure = |cell: &str| cell.trim_end_matches('%').trim().parse().ok();
    Some([figure(cells.get(4)?)?, figure(cells.get(5)?)?])
}

/// A short form of `npm run simulate:anomaly`, compared with the table that the whole of it printed.
#[test]
fn false_alarms_are_rare_and_steps_are_found_as_documented() {
    let document = include_str!("../../docs/gate.md");
    for (name, kind) in KINDS {
        let start = format!("| {name} | 2 % | {WINDOW} |");
        let row = document.lines().find(|line| line.starts_with(&start));
        let [told_alarms, told_found] =
            row.and_then(figures).unwrap_or_else(|| panic!("docs/gate.md has a row `{start}`"));
        assert!(told_alarms <= 1.0, "{name}: {told_alarms} % are documented");
        let Rates { false_alarms, found } = rates(kind, 0.02, WINDOW, SENSITIVITY, 50);
        assert!((false_alarms - told_alarms).abs() < 0.7, "{name}: {false_alarms} and {told_alarms} %");
        assert!((found - told_found).abs() < 3.0, "{name}: {found} and {told_found} %");
        assert!(told_found >= 94.0, "{name}: {told_found} % are documented");
    }
}
