//! What is judged when a change brings a configuration of its own: the base branch's thresholds, so
//! that a change cannot wave itself through, with whatever the change tightens. Every difference
//! that can change a verdict, or how it reads, is listed; loosening takes effect once it is merged.
//! Where the history is, what `sources` count and whether a comment is written is the host's to do;
//! it takes the base branch's word too, and the differences are listed here.

use super::verdict::{ChangeEffect, ConfigurationChange, JudgedBy};
use super::words;
use crate::config::{
    self, CheckedConfig, Config, GateConfig, GateMode, GroupConfig, MetricConfig, OnMissing,
};
use crate::config::{Rule, Severity, StorageConfig, Threshold};
use crate::metric::MetricType;
use crate::text::{Digits, list, plural, quote};

/// What is judged.
#[derive(Debug, Clone)]
pub(super) struct Terms {
    pub(super) mode: GateMode,
    pub(super) reference_branch: Option<String>,
    pub(super) max_age_days: u32,
    /// Every metric that is judged or shown; those that only the base branch has come last.
    pub(super) metrics: Vec<MetricConfig>,
    /// The groups whose rules are judged by.
    pub(super) groups: Vec<GroupConfig>,
    pub(super) thresholds: Vec<Threshold>,
    pub(super) judged_by: JudgedBy,
    pub(super) problem: Option<String>,
    pub(super) changes: Vec<ConfigurationChange>,
}

/// The base branch's configuration. `Err` says in words why it is not used.
pub(super) fn base(checked: &CheckedConfig) -> Result<&Config, String> {
    checked.config.as_ref().ok_or_else(|| {
        let first = checked.errors.first();
        let place = first.map_or_else(String::new, |first| {
            format!(", the first in line {}: {}", first.line, first.message)
        });
        let problems = plural(checked.errors.len(), "problem", "problems");
        format!("the base branch's configuration has {problems}{place}")
    })
}

/// What is judged of a change with this configuration on top of that of the base branch.
pub(super) fn terms(own: &Config, base: Option<Result<&Config, String>>) -> Terms {
    let gate = &own.quality_gate;
    let mut terms = Terms {
        mode: gate.mode,
        reference_branch: gate.baseline.reference_branch.clone(),
        max_age_days: gate.baseline.max_age_days,
        metrics: own.metrics.clone(),
        groups: own.groups.clone(),
        thresholds: gate.thresholds.clone(),
        judged_by: JudgedBy::Own,
        problem: None,
        changes: Vec::new(),
    };
    match base {
        None => {}
        Some(Err(problem)) => terms.problem = Some(problem),
        Some(Ok(base)) => terms.prefer(own, base),
    }
    terms
}

impl Terms {
    fn prefer(&mut self, own: &Config, base: &Config) {
        self.judged_by = JudgedBy::Base;
        self.settings(own, base);
        self.groups(own, base);
        self.metrics(own, base);
        self.thresholds(own, base);
    }

    fn change(&mut self, effect: ChangeEffect, metric: Option<&str>, what: &str, texts: [Option<String>; 2]) {
        let [before, after] = texts;
        let judged = match effect {
            ChangeEffect::Tightened => "holds at once",
            ChangeEffect::Loosened => "holds once it is merged: the base branch's was judged",
            ChangeEffect::Changed => "both were judged",
        };
        self.changes.push(ConfigurationChange {
            effect,
            metric: metric.map(str::to_owned),
            what: what.to_owned(),
            before,
            after,
            judged: judged.to_owned(),
        });
    }

    fn settings(&mut self, own: &Config, base: &Config) {
        let (mine, theirs) = (&own.quality_gate, &base.quality_gate);
        if mine.mode != theirs.mode {
            let looser = strictness(mine.mode) < strictness(theirs.mode);
            let effect = if looser { ChangeEffect::Loosened } else { ChangeEffect::Tightened };
            self.mode = if looser { theirs.mode } else { mine.mode };
            let text = |mode: GateMode| Some(mode.as_str().to_owned());
            self.change(effect, None, "mode", [text(theirs.mode), text(mine.mode)]);
        }
        // Another branch, or a shorter memory, can leave a change without anything to be compared with.
        self.reference_branch = theirs.baseline.reference_branch.clone();
        self.max_age_days = theirs.baseline.max_age_days;
        let (mine, theirs) = (&mine.baseline, &theirs.baseline);
        if mine.reference_branch != theirs.reference_branch {
            let texts = [theirs.reference_branch.clone(), mine.reference_branch.clone()];
            self.later(None, "referenceBranch", texts);
        }
        if mine.max_age_days != theirs.max_age_days {
            let text = |days| Some(plural(days as usize, "day", "days"));
            self.later(None, "maxAgeDays", [text(theirs.max_age_days), text(mine.max_age_days)]);
        }
        if own.sources != base.sources {
            let text = |sources: &[String]| {
                (!sources.is_empty()).then(|| list(&sources.iter().map(|s| quote(s)).collect::<Vec<_>>()))
            };
            self.later(None, "sources", [text(&base.sources), text(&own.sources)]);
            self.judged_as("holds once it is merged: the base branch's were measured");
        }
        self.comment(&own.quality_gate, &base.quality_gate);
        self.storage(&own.storage, &base.storage);
    }

    fn comment(&mut self, own: &GateConfig, base: &GateConfig) {
        let (mine, theirs) = (own.enable_pull_request_comment, base.enable_pull_request_comment);
        if mine != theirs {
            // Without the comment nobody sees there what else the change loosens.
            let effect = if mine { ChangeEffect::Changed } else { ChangeEffect::Loosened };
            let text = |on: bool| Some(on.to_string());
            self.change(effect, None, "enablePullRequestComment", [text(theirs), text(mine)]);
            self.judged_as(ONCE_MERGED);
        }
        for (what, theirs, mine) in [
            ("maxCommentMetrics", base.max_comment_metrics, own.max_comment_metrics),
            ("maxCommentCharacters", base.max_comment_characters, own.max_comment_characters),
        ] {
            if mine != theirs {
                self.later(None, what, [Some(theirs.to_string()), Some(mine.to_string())]);
                self.judged_as(ONCE_MERGED);
            }
        }
    }

    /// Where the history is. Flags and inputs come before either side.
    fn storage(&mut self, own: &StorageConfig, base: &StorageConfig) {
        for ((what, theirs), (_, mine)) in places(base).into_iter().zip(places(own)) {
            if mine != theirs {
                self.later(None, what, [theirs, mine]);
                self.judged_as(ONCE_MERGED);
            }
        }
    }

    /// A difference that is neither more nor less; the base branch's holds until it is merged.
    fn later(&mut self, metric: Option<&str>, what: &str, texts: [Option<String>; 2]) {
        self.change(ChangeEffect::Changed, metric, what, texts);
        self.judged_as("holds once it is merged: the base branch's was judged");
    }

    /// A difference in how a value comes about, which no threshold can make up for.
    fn measured_otherwise(&mut self, metric: Option<&str>, what: &str, texts: [Option<String>; 2]) {
        self.change(ChangeEffect::Changed, metric, what, texts);
        self.judged_as("holds at once: the value of this run comes from it");
    }

    fn judged_as(&mut self, judged: &str) {
        if let Some(last) = self.changes.last_mut() {
            judged.clone_into(&mut last.judged);
        }
    }

    /// Groups that the base branch gates, as a whole: what all their metrics have in common is told once.
    fn groups(&mut self, own: &Config, base: &Config) {
        self.groups.retain(|mine| base.groups.iter().all(|theirs| theirs.id != mine.id));
        self.groups.extend(base.groups.iter().cloned());
        for theirs in &base.groups {
            if !base.quality_gate.thresholds.iter().any(|t| theirs.is_named_by(&t.metric)) {
                continue;
            }
            let id = Some(theirs.id.as_str());
            let Some(mine) = own.groups.iter().find(|mine| mine.id == theirs.id) else {
                let text = Some("a group with thresholds".to_owned());
                self.change(ChangeEffect::Loosened, id, "group", [text, None]);
                self.judged_as("holds once it is merged: its values count as missing");
                continue;
            };
            let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            let patterns = |patterns: &[String]| {
                text(&list(&patterns.iter().map(|pattern| quote(pattern)).collect::<Vec<_>>()))
            };
            if mine.command != theirs.command {
                self.measured_otherwise(id, "command", [text(&theirs.command), text(&mine.command)]);
            }
            if mine.timeout != theirs.timeout {
                let text = |group: &GroupConfig| Some(format!("{} ms", group.timeout));
                self.measured_otherwise(id, "timeout", [text(theirs), text(mine)]);
            }
            for (what, theirs, mine) in [
                ("forEach", &theirs.for_each, &mine.for_each),
                ("include", &theirs.include, &mine.include),
                ("exclude", &theirs.exclude, &mine.exclude),
            ] {
                if theirs != mine {
                    self.change(ChangeEffect::Changed, id, what, [patterns(theirs), patterns(mine)]);
                    self.judged_as(
                        "holds once it is merged: what only the base branch's takes counts as missing",
                    );
                }
            }
            if mine.name != theirs.name {
                self.later(id, "name", [text(&theirs.name), text(&mine.name)]);
            }
            if mine.unit != theirs.unit {
                let text = |group: &GroupConfig| group.unit.map(|unit| unit.as_str().to_owned());
                self.later(id, "unit", [text(theirs), text(mine)]);
            }
            if mine.direction != theirs.direction {
                let text = |group: &GroupConfig| group.direction.map(|way| way.as_str().to_owned());
                self.later(id, "direction", [text(theirs), text(mine)]);
            }
        }
    }

    fn metrics(&mut self, own: &Config, base: &Config) {
        for theirs in &base.metrics {
            if !base.quality_gate.thresholds.iter().any(|t| t.selects(theirs)) {
                continue;
            }
            let Some(mine) = own.metrics.iter().find(|mine| mine.id == theirs.id) else {
                self.metrics.push(theirs.clone());
                // That the whole group is gone is told already.
                if theirs.group.as_ref().is_some_and(|group| own.groups.iter().all(|own| own.id != *group)) {
                    continue;
                }
                let text = Some("a metric with thresholds".to_owned());
                self.change(ChangeEffect::Loosened, Some(&theirs.id), "metric", [text, None]);
                self.judged_as("holds once it is merged: its value counts as missing");
                continue;
            };
            match (&theirs.group, mine.kind == theirs.kind) {
                (Some(group), true) if mine.group.as_ref() == Some(group) => {}
                _ => self.metric(mine, theirs),
            }
            if let Some(judged) = self.metrics.iter_mut().find(|metric| metric.id == theirs.id) {
                let MetricConfig { command, timeout, .. } = judged.clone();
                *judged = MetricConfig { command, timeout, ..theirs.clone() };
            }
        }
    }

    /// How a metric differs that the base branch gates. What `$ref` fills in is compared, whichever way it is written.
    fn metric(&mut self, mine: &MetricConfig, theirs: &MetricConfig) {
        let id = Some(theirs.id.as_str());
        let same = |text: &str| Some(text.to_owned());
        if mine.command != theirs.command {
            self.measured_otherwise(id, "command", [same(&theirs.command), same(&mine.command)]);
        }
        if mine.timeout != theirs.timeout {
            let text = |metric: &MetricConfig| Some(format!("{} ms", metric.timeout));
            self.measured_otherwise(id, "timeout", [text(theirs), text(mine)]);
        }
        if mine.name != theirs.name {
            self.later(id, "name", [same(&theirs.name), same(&mine.name)]);
        }
        if mine.kind != theirs.kind {
            let text = |kind: MetricType| Some(kind.as_str().to_owned());
            self.change(ChangeEffect::Loosened, id, "type", [text(theirs.kind), text(mine.kind)]);
            // A label has neither a unit nor a direction.
            return;
        }
        if mine.unit != theirs.unit {
            let text = |metric: &MetricConfig| metric.unit.map(|unit| unit.as_str().to_owned());
            self.later(id, "unit", [text(theirs), text(mine)]);
        }
        if mine.direction != theirs.direction {
            let text = |metric: &MetricConfig| Some(metric.direction.as_str().to_owned());
            self.later(id, "direction", [text(theirs), text(mine)]);
        }
    }

    /// Pairs the thresholds of both sides and judges the stricter of each pair, or both where neither
    /// is. Equal ones are
    /// paired first, then those of the same metric, mode and severity, then of the same metric and mode.
    fn thresholds(&mut self, own: &Config, base: &Config) {
        let mut mine: Vec<Option<&Threshold>> = own.quality_gate.thresholds.iter().map(Some).collect();
        let theirs = &base.quality_gate.thresholds;
        let mut partner: Vec<Option<&Threshold>> = vec![None; theirs.len()];
        let alike = |a: &Threshold, b: &Threshold| a.metric == b.metric && a.rule.mode() == b.rule.mode();
        let rounds: [Fits<'_>; 3] = [&|a, b| a == b, &|a, b| alike(a, b) && a.severity == b.severity, &alike];
        for fits in rounds {
            for (theirs, partner) in theirs.iter().zip(&mut partner) {
                if partner.is_none() {
                    let found = mine.iter_mut().find(|mine| mine.is_some_and(|mine| fits(theirs, mine)));
                    *partner = found.and_then(Option::take);
                }
            }
        }
        let mut judged = Vec::with_capacity(theirs.len());
        for (theirs, mine) in theirs.iter().zip(partner) {
            let Some(mine) = mine else {
                judged.push(theirs.clone());
                // That the metric itself, or its group, is gone is told already.
                let is_group = |group: &&GroupConfig| own.groups.iter().any(|mine| mine.id == group.id);
                if own.metrics.iter().any(|metric| theirs.selects(metric))
                    || base.group_of(&theirs.metric).is_some_and(|group| is_group(&group))
                {
                    let text = Some(self.text(theirs, Digits::USUAL));
                    self.change(ChangeEffect::Loosened, Some(&theirs.metric), "threshold", [text, None]);
                }
                continue;
            };
            let (effect, kept) = match (covers(mine, theirs), covers(theirs, mine)) {
                (true, true) => {
                    judged.push(theirs.clone());
                    continue;
                }
                (true, false) => (ChangeEffect::Tightened, vec![mine.clone()]),
                (false, true) => (ChangeEffect::Loosened, vec![theirs.clone()]),
                (false, false) => (ChangeEffect::Changed, vec![theirs.clone(), mine.clone()]),
            };
            judged.extend(kept);
            // Two bounds that differ never read alike.
            let texts = |digits| [theirs, mine].map(|threshold| self.text(threshold, digits));
            let digits = Digits::fewest(|digits| {
                let [theirs, mine] = texts(digits);
                theirs != mine
            });
            let texts = texts(digits).map(Some);
            self.change(effect, Some(&theirs.metric), "threshold", texts);
        }
        for mine in mine.into_iter().flatten() {
            judged.push(mine.clone());
            let text = Some(self.text(mine, Digits::USUAL));
            self.change(ChangeEffect::Tightened, Some(&mine.metric), "threshold", [None, text]);
        }
        self.thresholds = judged;
    }

    fn text(&self, threshold: &Threshold, digits: Digits) -> String {
        let metric = self.metrics.iter().find(|metric| threshold.selects(metric));
        let mut text = words::requirement(&threshold.rule, metric, digits);
        if threshold.severity == Severity::Warning {
            text.push_str(", as a warning");
        }
        if threshold.on_missing != config::defaults::on_missing(threshold.severity) {
            text.push_str(&format!(", when missing {}", threshold.on_missing.as_str()));
        }
        text
    }
}

/// What is said of a difference that the host leaves aside.
const ONCE_MERGED: &str = "holds once it is merged";

/// What a configuration says about where the history is, by the path of each key.
fn places(
    StorageConfig { kind, type_given, path, artifact, s3 }: &StorageConfig,
) -> [(&'static str, Option<String>); 8] {
    [
        ("storage.type", type_given.then(|| kind.as_str().to_owned())),
        ("storage.path", path.clone()),
        ("storage.artifact.name", artifact.name.clone()),
        ("storage.artifact.branchFilter", artifact.branch_filter.clone()),
        ("storage.s3.endpoint", s3.endpoint.clone()),
        ("storage.s3.bucket", s3.bucket.clone()),
        ("storage.s3.region", s3.region.clone()),
        ("storage.s3.key", s3.key.clone()),
    ]
}

/// Whether a threshold of the base branch and one of the change are the same, some numbers aside.
type Fits<'f> = &'f dyn Fn(&Threshold, &Threshold) -> bool;

fn strictness(mode: GateMode) -> u8 {
    match mode {
        GateMode::Off => 0,
        GateMode::Soft => 1,
        GateMode::Hard => 2,
    }
}

/// Whether the first of two thresholds of one metric and mode demands as much as the second in
/// every respect.
fn covers(a: &Threshold, b: &Threshold) -> bool {
    let is_rule_covered = match (a.rule, b.rule) {
        (Rule::Min { target: a }, Rule::Min { target: b }) => a >= b,
        (Rule::Max { target: a }, Rule::Max { target: b }) => a <= b,
        (Rule::NoRegression { tolerance: a }, Rule::NoRegression { tolerance: b })
        | (Rule::DeltaMaxDrop { max_drop_percent: a }, Rule::DeltaMaxDrop { max_drop_percent: b })
        | (Rule::DeltaMaxRise { max_rise_percent: a }, Rule::DeltaMaxRise { max_rise_percent: b }) => a <= b,
        // No window is stricter than another.
        (Rule::Anomaly { window, sensitivity: a }, Rule::Anomaly { window: other, sensitivity: b }) => {
            window == other && a <= b
        }
        _ => false,
    };
    let weight = |on_missing: OnMissing| match on_missing {
        OnMissing::Ignore => 0,
        OnMissing::Warn => 1,
        OnMissing::Fail => 2,
    };
    is_rule_covered
        && (a.severity == Severity::Blocker || b.severity == Severity::Warning)
        && weight(a.on_missing) >= weight(b.on_missing)
}
