//! libFuzzer's bytes as choices: every byte string is some builds, some configuration, some facts,
//! and a small change of the bytes is a small change of those.

use serde_json::{Value as Json, json};
use unentropy::history::{BuildContext, MetricDefinition, RecordedMetric};
use unentropy::metric::MetricType;
use unentropy::metric::Value;

/// Bytes that are used up choice by choice; without any left every choice is the first.
pub(crate) struct Choices<'d> {
    rest: &'d [u8],
}

/// Numbers at which something changes.
const NUMBERS: [f64; 20] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.1,
    0.5,
    50.0,
    99.95,
    100.0,
    100.1,
    1e-9,
    1e15,
    9_007_199_254_740_993.0,
    -1e15,
    1e300,
    -1e300,
    f64::MAX,
    f64::MIN,
    f64::MIN_POSITIVE,
    5e-324,
];

/// Texts that are something else in Markdown, HTML, SQL, workflow commands or a terminal.
const TEXTS: [&str; 16] = [
    "",
    "a",
    "main",
    "<script>alert(1)</script>",
    "</script><script>",
    "<img src=x>",
    "| a | b |",
    "`",
    "[a](javascript:b)",
    "::error::x",
    "\u{202e}abc",
    "'; DROP TABLE metric_values; --",
    "@team",
    "é\u{301}",
    "\u{1b}[31m",
    "a\nb",
];

const IDS: [&str; 6] = ["coverage", "size", "loc", "time", "label", "a"];
const TIMES: [&str; 10] = [
    "2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00.001Z",
    "2026-01-02T12:00:00+02:00",
    "2026-01-31T00:00:00Z",
    "2025-10-01T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999Z",
    "2026-02-30T00:00:00Z",
    "2026-01-30T00:00:00Z",
    "2026-01-29T00:00:00Z",
];

impl<'d> Choices<'d> {
    pub(crate) fn of(data: &'d [u8]) -> Self {
        Self { rest: data }
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.rest.split_first() else { return 0 };
        self.rest = rest;
        first
    }

    pub(crate) fn is_over(&self) -> bool {
        self.rest.is_empty()
    }

    /// A number below `count`, which is 256 at most.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        usize::from(self.byte()) % count.max(1)
    }

    pub(crate) fn word(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    pub(crate) fn bytes(&mut self, most: usize) -> &'d [u8] {
        let (taken, rest) = self.rest.split_at(most.min(self.rest.len()));
        self.rest = rest;
        taken
    }

    /// True once in `times`.
    pub(crate) fn rarely(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    pub(crate) fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    pub(crate) fn number(&mut self) -> f64 {
        match self.below(4) {
            0 => f64::from(self.byte()),
            1 => self.one(&NUMBERS),
            2 => f64::from(self.word()) / 100.0 - 300.0,
            _ => {
                let bytes = self.bytes(8);
                let mut whole = [0; 8];
                whole[..bytes.len()].copy_from_slice(bytes);
                f64::from_be_bytes(whole)
            }
        }
    }

    pub(crate) fn finite(&mut self) -> f64 {
        let number = self.number();
        if number.is_finite() { number } else { 1.0 }
    }

    pub(crate) fn text(&mut self) -> String {
        match self.below(3) {
            0 => self.one(&TEXTS).to_owned(),
            1 => {
                let length = self.below(24);
                String::from_utf8_lossy(self.bytes(length)).into_owned()
            }
            _ => self.one(&TEXTS).repeat(self.below(40)),
        }
    }

    pub(crate) fn id(&mut self) -> String {
        if self.rarely(20) { self.text() } else { self.one(&IDS).to_owned() }
    }

    pub(crate) fn time(&mut self) -> String {
        if self.rarely(20) { self.text() } else { self.one(&TIMES).to_owned() }
    }

    fn commit(&mut self) -> String {
        if self.rarely(16) { self.text() } else { format!("{:040x}", self.below(6)) }
    }

    fn branch(&mut self) -> String {
        if self.rarely(8) { self.text() } else { self.one(&["main", "feature", "release/1"]).to_owned() }
    }

    pub(crate) fn build(&mut self) -> (BuildContext, Vec<RecordedMetric>) {
        let context = BuildContext {
            commit_sha: self.commit(),
            branch: self.branch(),
            run_id: if self.rarely(16) { self.text() } else { format!("r{}", self.below(4)) },
            run_number: if self.rarely(16) {
                i64::MIN + i64::from(self.word())
            } else {
                i64::from(self.byte())
            },
            event_name: match self.below(4) {
                0 => None,
                1 => Some("pull_request".into()),
                2 => Some("push".into()),
                _ => Some(self.text()),
            },
            timestamp: self.time(),
            attempt: if self.rarely(3) { Some(i64::from(self.word()) - 1) } else { None },
        };
        let count = self.below(5);
        (context, (0..count).map(|_| self.recorded()).collect())
    }

    fn recorded(&mut self) -> RecordedMetric {
        let id = self.id();
        let is_label = if self.rarely(20) { id != "label" } else { id == "label" };
        RecordedMetric {
            metric: MetricDefinition {
                id,
                kind: if is_label { MetricType::Label } else { MetricType::Numeric },
                unit: None,
                description: if self.rarely(3) { Some(self.text()) } else { None },
            },
            value: if is_label { Value::Label(self.text()) } else { Value::Numeric(self.number()) },
        }
    }

    /// A configuration, mostly a sound one.
    pub(crate) fn config(&mut self) -> Json {
        let mut metrics = serde_json::Map::new();
        for _ in 0..1 + self.below(5) {
            let id = self.id();
            let kind = if id == "label" { "label" } else { "numeric" };
            let mut metric = json!({ "type": kind, "command": "true" });
            if self.rarely(2) {
                metric["unit"] = json!(self.one(&["percent", "integer", "bytes", "duration", "decimal"]));
            }
            if self.rarely(4) {
                metric["direction"] = json!(self.one(&["higher-is-better", "lower-is-better"]));
            }
            if self.rarely(4) {
                metric["name"] = json!(self.text());
            }
            metrics.insert(id, metric);
        }
        let thresholds: Vec<Json> = (0..self.below(6)).map(|_| self.threshold(&metrics)).collect();
        let mut gate = json!({
            "mode": self.one(&["hard", "soft", "off"]),
            "thresholds": thresholds,
        });
        if self.rarely(3) {
            gate["baseline"] = json!({ "referenceBranch": self.branch(), "maxAgeDays": 1 + self.word() });
        }
        json!({ "metrics": metrics, "qualityGate": gate })
    }

    fn threshold(&mut self, metrics: &serde_json::Map<String, Json>) -> Json {
        let known: Vec<&String> = metrics.keys().filter(|id| *id != "label").collect();
        let metric = match known.is_empty() || self.rarely(20) {
            true => self.id(),
            false => known[self.below(known.len())].clone(),
        };
        let mut threshold = match self.below(6) {
            0 => json!({ "mode": "min", "target": self.finite() }),
            1 => json!({ "mode": "max", "target": self.finite() }),
            2 => json!({ "mode": "no-regression", "tolerance": self.finite().abs() }),
            3 => json!({ "mode": "delta-max-drop", "maxDropPercent": self.finite().abs() }),
            4 => json!({ "mode": "delta-max-rise", "maxRisePercent": self.finite().abs() }),
            _ => {
                json!({ "mode": "anomaly", "window": 8 + self.below(30), "sensitivity": self.finite().abs() })
            }
        };
        threshold["metric"] = json!(metric);
        if self.rarely(3) {
            threshold["severity"] = json!(self.one(&["blocker", "warning"]));
        }
        if self.rarely(3) {
            threshold["onMissing"] = json!(self.one(&["fail", "warn", "ignore"]));
        }
        threshold
    }

    /// What a run measured, in the shape in which the host tells it.
    pub(crate) fn measurements(&mut self) -> Json {
        let one = |choices: &mut Self| {
            let id = choices.id();
            match choices.below(6) {
                0 => json!({ "id": id, "status": "failed", "error": { "message": choices.text() } }),
                1 => json!({ "id": id, "status": "failed" }),
                2 => json!({ "id": id, "status": "ok", "value": choices.text() }),
                3 => json!({ "id": id, "status": "ok" }),
                _ => json!({ "id": id, "status": "ok", "value": choices.finite() }),
            }
        };
        Json::Array((0..self.below(6)).map(|_| one(self)).collect())
    }

    /// What the host knows of a change.
    pub(crate) fn facts(&mut self) -> Json {
        let mut facts =
            json!({ "now": if self.rarely(20) { self.time() } else { "2026-01-31T00:00:00Z".into() } });
        if self.rarely(2) {
            facts["referenceBranch"] = json!(self.branch());
        }
        if self.rarely(2) {
            facts["defaultReferenceBranch"] = json!(self.branch());
        }
        if self.rarely(2) {
            facts["mergeBase"] = json!({ "commitSha": self.commit() });
            if self.rarely(2) {
                facts["mergeBase"]["time"] = json!(self.time());
            }
        }
        if self.rarely(2) {
            facts["ancestors"] = (0..self.below(4)).map(|_| json!(self.commit())).collect();
        }
        if self.rarely(2) {
            facts["commitSha"] = json!(self.commit());
        }
        if self.rarely(4) {
            facts["mode"] = json!(self.one(&["hard", "soft", "off", "", "loud"]));
        }
        if self.rarely(8) {
            facts["historyProblem"] = json!(self.text());
        }
        if self.rarely(8) {
            facts["baseConfigProblem"] = json!(self.text());
        }
        facts
    }

    /// Of what a comment speaks beside the verdict.
    pub(crate) fn comment(&mut self) -> Json {
        let mut facts = json!({ "marker": self.text() });
        if self.rarely(2) {
            facts["repositoryUrl"] = json!(self.text());
            facts["runUrl"] = json!(self.text());
            facts["reportUrl"] = json!(self.text());
        }
        if self.rarely(2) {
            facts["maxCommentMetrics"] = json!(self.byte());
            facts["maxCommentCharacters"] = json!(self.word());
        }
        facts
    }
}
