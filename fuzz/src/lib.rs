//! What has to hold whatever comes in: one function for each fuzz target, fed with libFuzzer's
//! bytes, panicking where a rule of the engine is broken. The files in `fuzz_targets` only hand the
//! bytes over.

pub mod bench;
pub mod configuration;
pub mod coverage;
pub mod gate;
pub mod history;
pub mod junit;
pub mod loc;
pub mod rows;
mod shape;
pub mod words;

use unentropy::error::{Code, Error, Result};
use unentropy::report::{Assets, ReportFacts};

/// A failure is an answer: it has a code that is no bug's, and a message fit for one line of a log.
fn is_sound(error: &Error, allowed: &[Code]) {
    assert!(
        allowed.contains(&error.code),
        "the code {} is not one of {allowed:?}: {error}",
        error.code.as_str()
    );
    for text in [&error.message, &error.hint] {
        assert!(!text.chars().any(char::is_control), "control characters in {text:?}");
    }
    assert!(!error.message.is_empty(), "{} says nothing", error.code.as_str());
}

/// The value of what may fail in the ways named.
fn sound<T>(result: Result<T>, allowed: &[Code]) -> Option<T> {
    result.map_err(|error| is_sound(&error, allowed)).ok()
}

/// The value of what must not fail.
#[track_caller]
fn surely<T>(result: Result<T>, what: &str) -> T {
    result.unwrap_or_else(|error| panic!("{what}: {}: {error}", error.code.as_str()))
}

/// What of the page is not the history's.
const ASSETS: Assets<'static> = Assets { style: "", script: "" };

fn facts() -> ReportFacts {
    ReportFacts {
        title: "fuzz".into(),
        repository_url: Some("https://example.com/o/r".into()),
        generated_at: "2026-02-01T00:00:00Z".into(),
        version: "0".into(),
        default_branch: Some("main".into()),
        thresholds: Vec::new(),
        sample: false,
        listings: Vec::new(),
    }
}

/// A page has the elements with scripts that it always has: no text of a history or a configuration adds one.
fn is_page(html: &str) {
    let scripts = html.matches("<script").count();
    assert!((1..=3).contains(&scripts), "{scripts} elements `script`");
    assert!(!html.contains("<img") && !html.contains("<iframe"), "an element that the page does not have");
}
