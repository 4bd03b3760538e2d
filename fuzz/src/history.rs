//! Images of histories, of any bytes and with damage in a good one. What opens after the whole check
//! can be asked, rendered, judged, saved and opened again with the same builds.

use crate::shape::Choices;
use crate::{ASSETS, facts, is_page, is_sound, sound, surely};
use unentropy::api;
use unentropy::error::Code;
use unentropy::gate;
use unentropy::history::{
    Build, BuildContext, BuildFilter, Check, History, Limits, MetricDefinition, RecordedMetric, StoredValue,
};
use unentropy::metric::Value;

/// A history of a few builds with pages of 512 bytes: small, with every table and index. Its making is
/// described beside it.
const SMALL: &[u8] = include_bytes!("../seeds/history/small.db");

/// Larger images are the same pages again, at a time that finds less.
const LIMITS: Limits = Limits { max_bytes: 1 << 20 };

/// Ways in which opening may fail.
const REFUSALS: &[Code] = &[
    Code::HistoryNotSqlite,
    Code::HistoryCorrupt,
    Code::HistoryForeign,
    Code::HistoryNewer,
    Code::HistoryTooLarge,
    // A schema that SQLite itself cannot work with.
    Code::HistoryFailed,
];

/// Ways in which using an opened history may fail where it was only quickly checked.
const TROUBLES: &[Code] = &[
    Code::HistoryCorrupt,
    Code::HistoryFailed,
    Code::HistoryTooLarge,
    Code::BuildInvalid,
    Code::ReportFailed,
];

/// Bytes as an image.
pub fn opened(image: &[u8]) {
    for check in [Check::Whole, Check::Quick] {
        match History::read(image, image.len(), check, LIMITS) {
            Ok(history) if check == Check::Whole => is_whole(history),
            Ok(history) => is_harmless(history),
            Err(error) => is_sound(&error, REFUSALS),
        }
    }
}

/// Bytes as edits of a good image: whole words, single bits, pages in the place of others, a shorter file.
pub fn edited(data: &[u8]) {
    const PAGE: usize = 512;
    let mut choices = Choices::of(data);
    let mut image = SMALL.to_vec();
    let pages = image.len() / PAGE;
    let mut edits = 0;
    while !choices.is_over() && edits < 64 {
        edits += 1;
        let kind = choices.below(7);
        let page = choices.below(pages);
        // Most of what a page is stands at its beginning.
        let within = if kind < 3 { choices.below(16) } else { usize::from(choices.word()) % PAGE };
        let at = (page * PAGE + within + usize::from(page == 0) * 100 * usize::from(within < 16))
            .min(image.len() - 8);
        match kind {
            0 => image[at] = choices.byte(),
            1 => image[at..at + 2].copy_from_slice(&choices.word().to_be_bytes()),
            2 => {
                let number = u32::from(choices.word()).wrapping_sub(u32::from(choices.byte()) << 24);
                image[at..at + 4].copy_from_slice(&number.to_be_bytes());
            }
            3 => image[at] ^= 1 << choices.below(8),
            4 => {
                let other = choices.below(pages);
                let copy = image[other * PAGE..(other + 1) * PAGE].to_vec();
                image[page * PAGE..(page + 1) * PAGE].copy_from_slice(&copy);
            }
            5 => {
                let length = choices.below(32);
                let bytes = choices.bytes(length);
                let end = (at + bytes.len()).min(image.len());
                image[at..end].copy_from_slice(&bytes[..end - at]);
            }
            _ => image[choices.below(100)] = choices.byte(),
        }
    }
    opened(&image);
}

/// Everything that a history says of its builds.
fn said(history: &History) -> (Vec<MetricDefinition>, Vec<(Build, Vec<StoredValue>)>) {
    let builds = surely(history.builds(&BuildFilter::default(), None), "all builds");
    assert_eq!(builds.len(), history.build_count());
    let values = |build: Build| {
        let values = surely(history.metric_values_by_build_id(build.id), "a build's values");
        (build, values)
    };
    (surely(history.metrics(), "the metrics"), builds.into_iter().map(values).collect())
}

fn is_whole(mut history: History) {
    let before = said(&history);
    for metric in &before.0 {
        surely(history.series(&metric.id, &BuildFilter::default()), "a series");
    }
    is_page(&surely(api::report(&history, None, &facts(), ASSETS), "a report"));
    let config = config_of(&before.0);
    let run = gate::GateFacts {
        now: "2026-01-31T00:00:00Z".into(),
        reference_branch: Some("main".into()),
        ..gate::GateFacts::default()
    };
    if let Some(config) = &config {
        let change = surely(api::change(config, &gate::ChangeFacts::default()), "what a change is judged by");
        crate::gate::is_honest(&surely(gate::evaluate(Some(&history), &change, &[], &run), "a verdict"));
        is_page(&surely(
            api::report(&history, Some(config), &facts(), ASSETS),
            "a report of a configuration",
        ));
    }
    let saved = surely(history.save(), "an image");
    let again = surely(History::open(Some(&saved), Limits::default()), "what was saved");
    assert!(said(&again) == before, "another history was saved");
    // Into another one it goes whole or not at all.
    let mut empty = surely(History::open(None, Limits::default()), "a new history");
    match empty.merge(&history) {
        Ok(_) => assert_eq!(empty.build_count(), history.build_count()),
        Err(error) => {
            is_sound(&error, TROUBLES);
            assert_eq!(empty.build_count(), 0);
        }
    }
    if record(&mut history) {
        let saved = surely(history.save(), "an image with one more build");
        surely(History::open(Some(&saved), Limits::default()), "what was saved after recording");
    }
}

/// The quick check trusts a digest: without one damage may come to light later, as a failure.
fn is_harmless(mut history: History) {
    sound(history.metrics(), TROUBLES);
    sound(history.builds(&BuildFilter::default(), None), TROUBLES);
    sound(history.columns(&BuildFilter::default()), TROUBLES);
    sound(history.save(), TROUBLES);
    record(&mut history);
}

fn record(history: &mut History) -> bool {
    let context = BuildContext {
        commit_sha: "f".repeat(40),
        branch: "main".into(),
        run_id: "fuzz".into(),
        run_number: 1,
        event_name: None,
        timestamp: "2026-01-30T00:00:00Z".into(),
        attempt: None,
    };
    let metric = |id: &str| MetricDefinition {
        id: id.into(),
        kind: unentropy::metric::MetricType::Numeric,
        unit: None,
        description: None,
    };
    let values =
        ["coverage", "fuzz"].map(|id| RecordedMetric { metric: metric(id), value: Value::Numeric(1.0) });
    sound(history.record(&context, &values), TROUBLES).is_some()
}

/// A configuration of the history's metrics, where a configuration may have such.
fn config_of(metrics: &[MetricDefinition]) -> Option<String> {
    let legal = |id: &str| {
        (1..=64).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let known: Vec<&MetricDefinition> = metrics.iter().filter(|metric| legal(&metric.id)).take(50).collect();
    if known.is_empty() {
        return None;
    }
    let rows = known.iter().map(|metric| {
        (metric.id.clone(), serde_json::json!({ "type": metric.kind.as_str(), "command": "true" }))
    });
    let rows: serde_json::Map<String, serde_json::Value> = rows.collect();
    let numeric = known.iter().filter(|metric| metric.kind.as_str() == "numeric");
    let bounds = numeric.map(|metric| serde_json::json!({ "metric": metric.id, "mode": "no-regression" }));
    let bounds: Vec<serde_json::Value> = bounds.collect();
    Some(serde_json::json!({ "metrics": rows, "qualityGate": { "thresholds": bounds } }).to_string())
}
