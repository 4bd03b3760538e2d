//! Texts as a configuration. One that is accepted can be judged by, rendered, and compared with itself.

use crate::{ASSETS, facts, is_page, surely};
use unentropy::config::{self, Diagnostic};
use unentropy::history::{History, Limits};
use unentropy::{api, gate};

/// Bytes as a configuration's text.
pub fn checked(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let checked = config::check(&text, "unentropy.json");
    // A carriage return alone ends a line too.
    let lines = text.matches(['\n', '\r']).count() + 1;
    for problem in checked.errors.iter().chain(&checked.warnings) {
        is_placed(problem, lines);
    }
    assert_eq!(
        checked.config.is_some(),
        checked.errors.is_empty(),
        "accepted with errors, or refused without"
    );
    assert_eq!(checked, config::check(&text, "unentropy.json"), "the same text has two meanings");
    let Some(config) = checked.config else { return };
    assert!((1..=50).contains(&config.metrics.len()));
    for threshold in &config.quality_gate.thresholds {
        assert!(config.metrics.iter().any(|metric| metric.id == threshold.metric));
    }
    is_page(&surely(api::preview(&text, &facts(), ASSETS), "a preview"));
    let history = surely(History::open(None, Limits::default()), "a new history");
    let run = gate::GateFacts { now: "2026-01-31T00:00:00Z".into(), ..gate::GateFacts::default() };
    let binding =
        gate::ChangeFacts { base_config_text: Some(text.to_string()), ..gate::ChangeFacts::default() };
    let change = surely(api::change(&text, &binding), "what a change is judged by");
    let outcome = surely(gate::evaluate(Some(&history), &change, &[], &run), "a verdict");
    let changes = &outcome.quality_gate.configuration_changes;
    assert!(changes.is_empty(), "a configuration differs from itself: {changes:?}");
    assert_eq!(outcome.quality_gate.configuration_problem, None);
    crate::gate::is_honest(&outcome);
}

fn is_placed(problem: &Diagnostic, lines: usize) {
    assert!((1..=lines).contains(&(problem.line as usize)), "line {} of {lines}", problem.line);
    assert!(problem.column >= 1);
    assert!(!problem.message.is_empty());
    for said in [&problem.message, &problem.hint] {
        assert!(!said.chars().any(char::is_control), "control characters in {said:?}");
    }
}
