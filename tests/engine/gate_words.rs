//! What a verdict says is true as it is printed: whoever reads the numbers of its sentence and computes with them
//! comes to the verdict. Read here by exact decimal arithmetic, which the engine does not use.

use proptest::prelude::*;
use serde_json::{Value, json};
use unentropy::api;
use unentropy::gate::{self, ChangeFacts, GateFacts, GateMeasurement, GateOutcome};
use unentropy::history::{BuildContext, History, Limits, RecordedMetric};

const UNITS: [Option<&str>; 6] =
    [None, Some("percent"), Some("integer"), Some("bytes"), Some("duration"), Some("decimal")];

/// An exact number: so many parts of 10^-18.
fn parts(digits: &str) -> i128 {
    let digits = digits.replace(',', "");
    let (mantissa, exponent) = match digits.split_once('e') {
        Some((mantissa, exponent)) => (mantissa.to_owned(), exponent.parse::<i32>().expect("an exponent")),
        None => (digits.clone(), 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((&mantissa, ""));
    let number: i128 = format!("{whole}{fraction}").parse().unwrap_or_else(|_| panic!("no number: {digits}"));
    let power = 18 + exponent - fraction.len() as i32;
    if power >= 0 { number * 10_i128.pow(power as u32) } else { number / 10_i128.pow(power.unsigned_abs()) }
}

/// The number at the beginning of a text, and what stands behind it.
fn read(text: &str) -> (i128, &str) {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.trim_start_matches('+')),
    };
    let mut total = 0;
    loop {
        let end = rest
            .char_indices()
            .find(|(at, c)| {
                let is_exponent =
                    *c == 'e' && rest[at + 1..].starts_with(|n: char| n == '-' || n.is_ascii_digit());
                let is_sign = *c == '-' && rest[..*at].ends_with('e');
                !(c.is_ascii_digit() || matches!(c, '.' | ',') || is_exponent || is_sign)
            })
            .map_or(rest.len(), |(at, _)| at);
        let digits = rest[..end].trim_end_matches([',', '.']);
        let number = parts(digits);
        rest = &rest[digits.len()..];
        let units: [(&str, i128, i128); 14] = [
            ("%", 1, 1),
            (" pp", 1, 1),
            (" B", 1, 1),
            (" KB", 1 << 10, 1),
            (" MB", 1 << 20, 1),
            (" GB", 1 << 30, 1),
            (" TB", 1 << 40, 1),
            ("ms", 1, 1000),
            ("µs", 1, 1_000_000),
            ("ns", 1, 1_000_000_000),
            ("s", 1, 1),
            ("m", 60, 1),
            ("h", 3600, 1),
            ("", 1, 1),
        ];
        let (suffix, by, of) =
            units.into_iter().find(|(suffix, ..)| rest.starts_with(suffix)).expect("a unit");
        total += number * by / of;
        rest = &rest[suffix.len()..];
        let smaller = rest.strip_prefix(' ').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        match (suffix, smaller) {
            ("h" | "m", Some(smaller)) => rest = smaller,
            _ => return (sign * total, rest),
        }
    }
}

/// The numbers of a sentence in their order, where `{}` stands in its pattern.
fn numbers(text: &str, pattern: &str) -> Option<Vec<i128>> {
    let mut rest = text;
    let mut found = Vec::new();
    let mut pieces = pattern.split("{}");
    rest = rest.strip_prefix(pieces.next()?)?;
    for piece in pieces {
        if !rest.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
            return None;
        }
        let (number, after) = read(rest);
        found.push(number);
        rest = after.strip_prefix(piece)?;
    }
    rest.is_empty().then_some(found)
}

/// Judges one value by one threshold.
fn judged(unit: Option<&str>, direction: &str, threshold: Value, window: &[f64], value: f64) -> GateOutcome {
    let mut history = History::open(None, Limits::default()).expect("a new history");
    for (minute, value) in window.iter().enumerate() {
        let context = BuildContext {
            commit_sha: format!("s{minute}"),
            branch: "main".to_owned(),
            run_id: minute.to_string(),
            event_name: Some("push".to_owned()),
            timestamp: format!("2026-01-20T00:{minute:02}:00Z"),
            ..BuildContext::default()
        };
        let metric = json!([{ "metric": { "id": "n", "type": "numeric" }, "value": value }]);
        let values: Vec<RecordedMetric> = serde_json::from_value(metric).expect("values");
        history.record(&context, &values).expect("a build");
    }
    let mut metric = json!({ "type": "numeric", "command": "true", "direction": direction });
    if let Some(unit) = unit {
        metric["unit"] = json!(unit);
    }
    if direction == "none" {
        metric.as_object_mut().expect("a metric").remove("direction");
    }
    let mut rule = threshold;
    rule["metric"] = json!("n");
    let config = json!({ "metrics": { "n": metric }, "qualityGate": { "thresholds": [rule] } }).to_string();
    let facts = GateFacts {
        now: "2026-01-31T00:00:00Z".to_owned(),
        default_reference_branch: Some("main".to_owned()),
        ..GateFacts::default()
    };
    let measured: Vec<GateMeasurement> =
        serde_json::from_value(json!([{ "id": "n", "status": "ok", "value": value }]))
            .expect("a measurement");
    api::change(&config, &ChangeFacts::default())
        .and_then(|change| gate::evaluate(Some(&history), &change, &measured, &facts))
        .unwrap_or_else(|error| panic!("{config}: {error}"))
}

/// Rounding errors decide nothing, and are not shown.
fn about(a: i128) -> i128 {
    a.abs() / 1_000_000_000_000 + a.abs() / 1_000_000_000_000_000 + 1
}

/// Whether `a <= b`, by the numbers as they are printed.
fn at_most(a: i128, b: i128, size: i128) -> bool {
    a <= b + about(size)
}

/// Reads a verdict and says what is wrong with it.
fn lie(outcome: &GateOutcome, threshold: &Value, numbers_of: [f64; 2]) -> Option<String> {
    let metric = &outcome.quality_gate.metrics[0];
    let (message, text) = (metric.message.clone().expect("a message"), &metric.text);
    let passed = serde_json::to_value(metric.status).expect("a status") == json!("pass");
    let [value, other] = numbers_of;
    let differ = (value - other).abs() > value.abs().max(other.abs()) * 1e-12;
    let say = |why: &str| Some(format!("{why}: {message} | {text:?} passed: {passed}"));
    let patterns: &[&str] = match threshold["mode"].as_str().expect("a mode") {
        "min" => &["{} keeps the minimum of {}", "{} is below the minimum of {}"],
        "max" => &["{} keeps the maximum of {}", "{} is above the maximum of {}"],
        "no-regression" => &[
            "{} is not below the baseline of {}",
            "{} is not above the baseline of {}",
            "{} is {} below the baseline of {}, which is allowed",
            "{} is {} above the baseline of {}, which is allowed",
            "{} is {} below the baseline of {}: at most {} is allowed",
            "{} is {} above the baseline of {}: at most {} is allowed",
            "{} is {} below the baseline of {}: none is allowed",
            "{} is {} above the baseline of {}: none is allowed",
        ],
        "delta-max-drop" => &[
            "no drop: {} against a baseline of {}",
            "a drop of {} from {} to {}: at most {} is allowed",
            "a drop from a baseline of zero to {} is more than {} of it",
        ],
        "delta-max-rise" => &[
            "no rise: {} against a baseline of {}",
            "a rise of {} from {} to {}: at most {} is allowed",
            "a rise from a baseline of zero to {} is more than {} of it",
        ],
        _ => &[
            "{} is the median of the last {} builds",
            "{} is {} deviations above {}, the median of the last {} builds",
            "{} is {} deviations below {}, the median of the last {} builds",
            "{} is {} deviations above {}, the median of the last {} builds: at most {} are allowed",
            "{} is {} deviations below {}, the median of the last {} builds: at most {} are allowed",
        ],
    };
    let sentence = match threshold["mode"].as_str() {
        Some("anomaly") => {
            message.replace(" deviation ", " deviations ").replace(" is allowed", " are allowed")
        }
        _ => message.clone(),
    };
    let Some((pattern, read)) =
        patterns.iter().find_map(|pattern| Some((*pattern, numbers(&sentence, pattern)?)))
    else {
        return say("an unknown sentence");
    };
    let is_below = pattern.contains(" below ");
    // The lesser of two that differ reads as the lesser, and equals read alike.
    let ordered = |a: i128, b: i128| (a == b) != differ && (!differ || (a < b) == (value < other));
    let (holds, is_pass) = match (pattern, read[..].first_chunk::<2>()) {
        ("{} keeps the minimum of {}", Some([v, t])) => (v >= t && ordered(*v, *t), true),
        ("{} keeps the maximum of {}", Some([v, t])) => (v <= t && ordered(*v, *t), true),
        ("{} is below the minimum of {}", Some([v, t])) => (v < t, false),
        ("{} is above the maximum of {}", Some([v, t])) => (v > t, false),
        (p, Some([v, b])) if p.starts_with("{} is not ") => {
            ((if is_below { v >= b } else { v <= b }) && ordered(*v, *b), true)
        }
        (p, _) if p.contains("the baseline of") && p.starts_with("{} is {}") => {
            let (v, by, b) = (read[0], read[1], read[2]);
            let computed = if is_below { b - v } else { v - b };
            let is_pass = p.ends_with("which is allowed");
            // What is allowed stands beside a pass, in its row.
            let allowed = match (is_pass, read.get(3)) {
                (true, _) => numbers(&text.threshold, "at most {} below the baseline")
                    .or_else(|| numbers(&text.threshold, "at most {} above the baseline"))
                    .map_or(0, |read| read[0]),
                (false, allowed) => allowed.copied().unwrap_or(0),
            };
            let size = v.abs().max(b.abs());
            let within = [at_most(by, allowed, size), at_most(computed, allowed, size)];
            (by > 0 && within == [is_pass, is_pass] && ordered(v, b), is_pass)
        }
        (p, Some([v, b])) if p.starts_with("no drop") => (v >= b && ordered(*v, *b), true),
        (p, Some([v, b])) if p.starts_with("no rise") => (v <= b && ordered(*v, *b), true),
        (p, Some([v, _])) if p.contains("a baseline of zero") => {
            (if p.contains("drop") { *v < 0 } else { *v > 0 }, false)
        }
        (p, _) if p.starts_with("a ") => {
            let (found, from, to, allowed) = (read[0], read[1], read[2], read[3]);
            let computed = if p.contains("drop") { from - to } else { to - from };
            // Both sides times a hundred, and the share's in parts of one.
            let is_pass = at_most(found, allowed, found);
            let share = (allowed as f64 / 1e18) * (from as f64).abs() / 100.0;
            let within = (computed as f64) <= share + (from.abs().max(to.abs()) as f64) * 1.001e-12 + 1.0;
            (found > 0 && within == is_pass && ordered(to, from), is_pass)
        }
        (_, _) if read.len() == 2 => (!differ, true),
        (p, _) => {
            let (v, size, centre) = (read[0], read[1], read[2]);
            let is_pass = read.len() == 4;
            let sensitivity = parts(&threshold["sensitivity"].to_string());
            let within = at_most(size, sensitivity, size);
            // On its good side a value may lie as far as it likes.
            let demanded = &text.threshold;
            let is_good_side =
                demanded.contains(if is_below { "above the median" } else { "below the median" });
            (
                size > 0
                    && (within == is_pass || (is_pass && is_good_side))
                    && (if is_below { v < centre } else { v > centre }),
                is_pass && !p.contains("allowed"),
            )
        }
    };
    if is_pass != passed {
        return say("the sentence says otherwise");
    }
    if !holds {
        return say("the numbers do not show it");
    }
    let delta = metric.absolute_delta.unwrap_or_default();
    if delta.abs() > value.abs() * 1e-11 && text.value == text.baseline {
        return say("the row's numbers read alike");
    }
    None
}

/// Values that lie near each other, as those of two builds do: a level and some steps of it that are small, round, or
/// as small as a rounding.
fn near() -> impl Strategy<Value = (f64, f64, f64)> {
    let level = prop_oneof![
        (0..2000_i32).prop_map(|n| f64::from(n) / 10.0),
        (0..200_000_i32).prop_map(|n| f64::from(n) / 1000.0),
        (1..9_i32, -3..8_i32).prop_map(|(n, power)| f64::from(n) * 10f64.powi(power)),
        0.001..1e7_f64,
        (1..5000_i32).prop_map(|n| f64::from(n) * 1024.0),
    ];
    let step = || {
        prop_oneof![
            Just(0.0),
            (-2000..2000_i32).prop_map(|n| f64::from(n) / 1000.0),
            (-20..20_i32).prop_map(|n| f64::from(n) / 10.0),
            (-9..9_i32, -6..-1_i32).prop_map(|(n, power)| f64::from(n) * 10f64.powi(power)),
        ]
    };
    (level, step(), step(), any::<bool>()).prop_map(|(level, a, b, is_relative)| {
        let scale = if is_relative { level.abs().max(1.0) / 20.0 } else { 1.0 };
        (level, level + a * scale, b.abs() * scale)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_sentence_is_true_as_it_is_printed(
        unit in prop::sample::select(UNITS.to_vec()),
        (baseline, value, tolerance) in near(),
        mode in prop::sample::select(vec!["min", "max", "no-regression", "delta-max-drop", "delta-max-rise"]),
        direction in prop::sample::select(vec!["higher-is-better", "lower-is-better", "none"]),
        is_exact in any::<bool>(),
        share in prop_oneof![(1..2000_i32).prop_map(|n| f64::from(n) / 100.0), 0.001..20.0_f64],
    ) {
        // Bounds lie where they are met exactly, or nearly, or somewhere.
        let gap = (value - baseline).abs();
        let found = if baseline == 0.0 { share } else { gap / baseline.abs() * 100.0 };
        let allowed = if is_exact && found > 0.0 { found } else { share };
        let threshold = match mode {
            "min" | "max" => json!({ "mode": mode, "target": baseline }),
            "no-regression" => json!({ "mode": mode, "tolerance": if is_exact { gap } else { tolerance } }),
            "delta-max-drop" => json!({ "mode": mode, "maxDropPercent": allowed.min(100.0) }),
            _ => json!({ "mode": mode, "maxRisePercent": allowed }),
        };
        let outcome = judged(unit, direction, threshold.clone(), &[baseline], value);
        prop_assert_eq!(lie(&outcome, &threshold, [value, baseline]), None);
    }

    #[test]
    fn every_alarm_is_true_as_it_is_printed(
        unit in prop::sample::select(UNITS.to_vec()),
        (level, value, _) in near(),
        noise in prop::collection::vec(-1.0..1.0_f64, 8..16),
        sensitivity in prop_oneof![Just(1.0), Just(4.0), (1..80_i32).prop_map(|n| f64::from(n) / 10.0)],
        direction in prop::sample::select(vec!["higher-is-better", "lower-is-better", "none"]),
        steps in 0.0..12.0_f64,
    ) {
        let window: Vec<f64> = noise.iter().map(|noise| level + noise * level / 100.0).collect();
        let value = if value == level { level * (1.0 + steps / 100.0) } else { value };
        let threshold = json!({ "mode": "anomaly", "sensitivity": sensitivity });
        let outcome = judged(unit, direction, threshold.clone(), &window, value);
        let deviation = unentropy::gate::deviation(value, &window);
        prop_assume!(deviation.deviations.is_finite());
        prop_assert_eq!(lie(&outcome, &threshold, [value, deviation.centre]), None);
    }
}

/// Sentences that denied themselves.
#[test]
fn sentences_have_the_digits_that_they_need() {
    let text = |unit, direction, threshold: Value, baseline: f64, value: f64| {
        let outcome = judged(unit, direction, threshold, &[baseline], value);
        let metric = &outcome.quality_gate.metrics[0];
        let MetricTexts { value, baseline, delta, threshold } = MetricTexts::of(&metric.text);
        (metric.message.clone().expect("a message"), format!("{value} | {baseline} | {delta} | {threshold}"))
    };
    let regression = json!({ "mode": "no-regression" });
    for (actual, message, row) in [
        (
            text(Some("percent"), "none", regression.clone(), 80.0, 79.46),
            "79.46% is 0.54 pp below the baseline of 80.00%: at most 0.50 pp is allowed",
            "79.46% | 80.00% | -0.54 pp | at most 0.50 pp below the baseline",
        ),
        (
            text(Some("percent"), "none", json!({ "mode": "min", "target": 80 }), 90.0, 79.96),
            "79.96% is below the minimum of 80.00%",
            "79.96% | 90.00% | -10.04 pp | at least 80.00%",
        ),
        (
            text(
                Some("bytes"),
                "none",
                json!({ "mode": "max", "target": 1_500_000 }),
                1_400_000.0,
                1_500_001.0,
            ),
            "1,500,001 B is above the maximum of 1,500,000 B",
            "1,500,001 B | 1,400,000 B | +100,001 B (+7.1%) | at most 1,500,000 B",
        ),
        (
            text(Some("duration"), "none", json!({ "mode": "max", "target": 90 }), 60.0, 90.2),
            "1m 30.2s is above the maximum of 1m 30s",
            "1m 30.2s | 1m 0s | +30.2s (+50.3%) | at most 1m 30s",
        ),
        (
            text(
                Some("integer"),
                "none",
                json!({ "mode": "delta-max-rise", "maxRisePercent": 5 }),
                1000.0,
                1050.4,
            ),
            "a rise of 5.04% from 1,000.0 to 1,050.4: at most 5% is allowed",
            "1,050.4 | 1,000.0 | +50.4 (+5.04%) | a rise of at most 5%",
        ),
        (
            text(
                Some("decimal"),
                "none",
                json!({ "mode": "no-regression", "tolerance": 0 }),
                0.123_4,
                0.121_2,
            ),
            "0.121 is 0.002 below the baseline of 0.123: none is allowed",
            "",
        ),
        (
            text(Some("bytes"), "lower-is-better", regression, 100.0, 101.0),
            "101 B is 1 B above the baseline of 100 B: at most 0.5 B is allowed",
            "101 B | 100 B | +1 B (+1.0%) | at most 0.5 B above the baseline",
        ),
        (
            text(None, "none", json!({ "mode": "max", "target": 0.3 }), 0.2, 0.1 + 0.2),
            "0.3 keeps the maximum of 0.3",
            "",
        ),
    ] {
        assert_eq!(actual.0, message);
        if !row.is_empty() {
            assert_eq!(actual.1, row);
        }
    }
}

/// One digit tells 2.6 and 2.7 MB apart, two do not: what the sentence needs must not make its row say that nothing
/// changed.
#[test]
fn a_row_tells_its_numbers_apart_with_the_digits_of_its_sentence() {
    let level = 2_780_809.382_659_608;
    let noise = [0.71, 0.51, 0.99, 0.91, 0.0, 0.0, 0.0, -0.166_322_304_963_828_74];
    let window = noise.map(|noise| level + noise * level / 100.0);
    let anomaly = json!({ "mode": "anomaly", "sensitivity": 1 });
    let outcome = judged(Some("bytes"), "higher-is-better", anomaly, &window, level - 0.001);
    let metric = &outcome.quality_gate.metrics[0];
    let message = metric.message.as_deref().expect("a message");
    assert!(message.starts_with("2.65 MB is 0.4 deviations below 2.66 MB"), "{message}");
    let MetricTexts { value, baseline, delta, .. } = MetricTexts::of(&metric.text);
    assert_eq!([value, baseline, delta], ["2.652 MB", "2.648 MB", "+4.517 KB (+0.2%)"]);
}

/// A row's cells.
struct MetricTexts<'t> {
    value: &'t str,
    baseline: &'t str,
    delta: &'t str,
    threshold: &'t str,
}

impl<'t> MetricTexts<'t> {
    fn of(text: &'t unentropy::gate::MetricText) -> Self {
        Self { value: &text.value, baseline: &text.baseline, delta: &text.delta, threshold: &text.threshold }
    }
}
