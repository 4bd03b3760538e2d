//! From a syntax tree to the checked types: templates applied, defaults filled in, references
//! between parts of the file followed. Broken shapes are already reported when this runs; they are
//! read as if they were left out, so that references are still checked in the rest.

use super::diagnostic::{Path, Problem, Problems};
use super::groups::{Flaw, FlawPlace};
use super::secrets;
use super::validate::whole;
use super::*;
use crate::collect;
use crate::metric::{Direction, MetricType, Unit};
use crate::text::{closest, list, list_or, quote};
use jsonc_parser::ast::{Object, Value};
use jsonc_parser::common::Ranged;

/// Metric keys that a message lists at most.
const LISTED: usize = 12;

/// What the document means, and problems with what it refers to. `None` only where there is
/// nothing to read; whether the result may be used is up to the problems.
pub(super) fn config(root: &Value, problems: &mut Problems) -> Option<Config> {
    let root = root.as_object()?;
    let metrics = root.get_object("metrics");
    let sources = root.get_array("sources");
    if let Some(metrics) = metrics {
        collect_lines(metrics, sources.is_some_and(|list| !list.elements.is_empty()), problems);
    }
    let groups = root.get_object("groups");
    if let Some(groups) = groups {
        group_commands(groups, metrics, problems);
    }
    let known =
        (metrics.is_some() || groups.is_some()).then(|| metrics.map(known_metrics).unwrap_or_default());
    let groups = groups.map(self::groups).unwrap_or_default();
    let mut refer = References { known: known.as_deref(), groups: &groups, problems };
    Some(Config {
        metrics: metrics.map(self::metrics).unwrap_or_default(),
        groups: groups.clone(),
        storage: storage(root.get_object("storage")),
        quality_gate: quality_gate(root.get_object("qualityGate"), &mut refer),
        report: report(root.get_object("report"), &mut refer),
        sources: sources.map(|array| texts(&array.elements)).unwrap_or_default(),
    })
}

/// Reports `@collect` lines that can never give a value. Without `sources` some have to name a path.
fn collect_lines(metrics: &Object, has_sources: bool, problems: &mut Problems) {
    let root = Path::ROOT.key("metrics");
    for property in &metrics.properties {
        let Some(metric) = property.value.as_object() else { continue };
        let path = root.key(shown(property.name.as_str()));
        let own = metric.get("command").map(|command| &command.value);
        let template = || templates::find(&metric.get_string("$ref")?.value)?.command;
        let line = match own {
            Some(Value::StringLit(line)) => &*line.value,
            Some(_) => continue,
            None => template().unwrap_or_default(),
        };
        // A secret has been reported already.
        if !collect::is_collect(line) || secrets::is_value(line) {
            continue;
        }
        let plan =
            collect::parse(line).and_then(|plan| if has_sources { Ok(plan) } else { plan.with_paths() });
        match (plan, own) {
            (Err(error), Some(own)) => {
                let problem = Problem::new(own.start(), path.key("command").to_string(), error.message);
                problems.push(problem.hint(error.hint));
            }
            (Ok(_), _) | (Err(_), None) => {}
        }
    }
}

/// Reports groups that can never be what they say.
fn group_commands(groups: &Object, metrics: Option<&Object>, problems: &mut Problems) {
    let root = Path::ROOT.key("groups");
    for property in &groups.properties {
        let key = property.name.as_str();
        let path = root.key(shown(key));
        if metrics.is_some_and(|metrics| metrics.get(key).is_some()) && !secrets::is_value(key) {
            let message = format!("{} is a metric and a group", quote(key));
            let problem = Problem::new(property.range().start, path.to_string(), message);
            problems.push(problem.hint("Give the group another key."));
        }
        let Some(object) = property.value.as_object() else { continue };
        let group = group(key, object);
        let at = object.get("command").map_or(property.range().start, |command| command.value.start());
        // A secret has been reported already.
        if group.command.is_empty() || secrets::is_value(&group.command) {
            continue;
        }
        let mut report = |at: usize, key: &str, message: String, hint: String| {
            problems.push(Problem::new(at, path.key(key).to_string(), message).hint(hint));
        };
        let is_collect = collect::is_collect(&group.command);
        if group.for_each.is_empty() && object.get("forEach").is_some() {
            // Whatever is wrong with it has been reported.
        } else if group.for_each.is_empty() {
            let plan = is_collect.then(|| collect::parse(&group.command));
            match plan {
                Some(Err(error)) => report(at, "command", error.message, error.hint),
                Some(Ok(plan)) if plan.gives_several() => {}
                Some(Ok(plan)) => report(
                    at,
                    "command",
                    format!("`@collect {}` gives one value", plan.collector),
                    "Add `forEach` for a metric of each directory, or write it as a metric.".to_owned(),
                ),
                None => report(
                    at,
                    "command",
                    "a shell command gives one value".to_owned(),
                    "Add `forEach` for a metric of each directory, or write it as a metric.".to_owned(),
                ),
            }
        } else {
            if !["{dir}", "{basename}"].iter().any(|word| group.command.contains(word)) {
                let message =
                    "the command is the same for each directory: it has neither `{dir}` nor `{basename}`";
                let hint = "Write `{dir}` where the directory's path belongs.";
                report(at, "command", message.to_owned(), hint.to_owned());
            } else if is_collect && let Err(error) = super::groups::sample(&group.command) {
                report(at, "command", error.message, error.hint);
            }
        }
        let placeholders: &[&str] =
            if group.for_each.is_empty() { &["{name}"] } else { &["{dir}", "{basename}", "{name}"] };
        if !placeholders.iter().any(|word| group.name.contains(word)) {
            let at = object.get("name").map_or(at, |name| name.value.start());
            let words: Vec<String> = placeholders.iter().take(2).map(|word| format!("`{word}`")).collect();
            let message = format!("the name is the same for each metric: it has no {}", list_or(&words));
            report(at, "name", message, String::new());
        }
    }
}

/// A flaw of a group with the place in the document that says it.
pub(super) fn placed(root: &Value, flaw: &Flaw) -> Problem {
    let document = root.as_object();
    let (at, path) = match &flaw.place {
        FlawPlace::Group(key) => {
            let groups = document.and_then(|root| root.get_object("groups"));
            let at = groups.and_then(|groups| groups.get(key)).map(|group| group.range().start);
            (at, Path::ROOT.key("groups").key(key).to_string())
        }
        FlawPlace::Threshold(index) => {
            let thresholds =
                document.and_then(|root| root.get_object("qualityGate")?.get_array("thresholds"));
            let threshold = thresholds.and_then(|list| list.elements.get(*index)?.as_object());
            let at =
                threshold.and_then(|threshold| threshold.get("metric")).map(|metric| metric.value.start());
            (at, format!("qualityGate.thresholds[{index}].metric"))
        }
    };
    Problem::new(at.unwrap_or_default(), path, flaw.message.clone()).hint(flaw.hint.clone())
}

/// A metric's key as diagnostics may show it.
fn shown(key: &str) -> &str {
    if secrets::is_value(key) { "…" } else { key }
}

/// A metric's key, and its type where that is certain.
type Known<'t> = (&'t str, Option<MetricType>);

fn known_metrics<'t>(metrics: &'t Object) -> Vec<Known<'t>> {
    metrics
        .properties
        .iter()
        .map(|property| (property.name.as_str(), property.value.as_object().and_then(metric_type)))
        .collect()
}

fn metric_type(metric: &Object) -> Option<MetricType> {
    match (metric.get("type"), metric.get_string("$ref")) {
        (Some(_), _) => word(metric, "type", MetricType::parse),
        (None, Some(template)) => templates::find(&template.value).map(|_| MetricType::Numeric),
        (None, None) => None,
    }
}

fn metrics(metrics: &Object) -> Vec<MetricConfig> {
    let objects = metrics.properties.iter().filter_map(|p| Some((p.name.as_str(), p.value.as_object()?)));
    objects.map(|(id, object)| metric(id, object)).collect()
}

fn metric(id: &str, metric: &Object) -> MetricConfig {
    let template = metric.get_string("$ref").and_then(|name| templates::find(&name.value));
    let kind = metric_type(metric).unwrap_or(MetricType::Numeric);
    let unit = word(metric, "unit", Unit::parse)
        .or(template.map(|t| t.unit))
        .filter(|_| kind == MetricType::Numeric);
    let direction = word(metric, "direction", Direction::parse)
        .or(template.and_then(|t| t.direction))
        .unwrap_or_else(|| Direction::of_unit(unit));
    MetricConfig {
        id: id.to_owned(),
        name: text(metric, "name").filter(|name| !name.trim().is_empty()).unwrap_or_else(|| id.to_owned()),
        kind,
        description: text(metric, "description").or(template.map(|t| t.description.to_owned())),
        command: text(metric, "command")
            .or(template.and_then(|t| t.command).map(str::to_owned))
            .unwrap_or_default(),
        unit,
        timeout: int(metric, "timeout").unwrap_or(defaults::TIMEOUT),
        direction: if kind == MetricType::Label { Direction::None } else { direction },
        group: None,
    }
}

fn groups(groups: &Object) -> Vec<GroupConfig> {
    let objects = groups.properties.iter().filter_map(|p| Some((p.name.as_str(), p.value.as_object()?)));
    objects.map(|(id, object)| group(id, object)).collect()
}

fn group(id: &str, object: &Object) -> GroupConfig {
    let template = object.get_string("$ref").and_then(|name| templates::find(&name.value));
    let MetricConfig { kind, description, command, unit, timeout, .. } = metric(id, object);
    let for_each = patterns(object, "forEach");
    let otherwise = if for_each.is_empty() { "{name}" } else { "{dir}" };
    GroupConfig {
        id: id.to_owned(),
        name: text(object, "name")
            .filter(|name| !name.trim().is_empty())
            .unwrap_or_else(|| otherwise.to_owned()),
        kind,
        description,
        command,
        unit,
        timeout,
        direction: word(object, "direction", Direction::parse).or(template.and_then(|t| t.direction)),
        for_each,
        include: patterns(object, "include"),
        exclude: patterns(object, "exclude"),
    }
}

/// A pattern, or a list of them.
fn patterns(object: &Object, key: &str) -> Vec<String> {
    match object.get(key).map(|property| &property.value) {
        Some(Value::StringLit(one)) => vec![one.value.clone().into_owned()],
        Some(Value::Array(array)) => texts(&array.elements),
        _ => Vec::new(),
    }
}

fn storage(storage: Option<&Object>) -> StorageConfig {
    let at = |section: &str| storage.and_then(|storage| storage.get_object(section));
    let read = |section: &str, key: &str| at(section).and_then(|section| text(section, key));
    StorageConfig {
        kind: storage.and_then(|s| word(s, "type", StorageType::parse)).unwrap_or(defaults::STORAGE),
        type_given: storage.is_some_and(|storage| storage.get("type").is_some()),
        path: storage.and_then(|storage| text(storage, "path")),
        artifact: ArtifactDefaults {
            name: read("artifact", "name"),
            branch_filter: read("artifact", "branchFilter"),
        },
        s3: S3Defaults {
            endpoint: read("s3", "endpoint"),
            bucket: read("s3", "bucket"),
            region: read("s3", "region"),
            key: read("s3", "key"),
        },
    }
}

fn quality_gate(gate: Option<&Object>, refer: &mut References) -> GateConfig {
    let baseline = gate.and_then(|gate| gate.get_object("baseline"));
    let path = Path::ROOT.key("qualityGate");
    let path = path.key("thresholds");
    let mut thresholds = Vec::new();
    for (index, value) in
        gate.and_then(|gate| gate.get_array("thresholds")).iter().flat_map(|a| &a.elements).enumerate()
    {
        if let Some(object) = value.as_object() {
            refer.numeric_metric(object, &path.index(index));
            thresholds.extend(threshold(object));
        }
    }
    GateConfig {
        mode: gate.and_then(|gate| word(gate, "mode", GateMode::parse)).unwrap_or(defaults::MODE),
        baseline: BaselineConfig {
            reference_branch: baseline
                .and_then(|baseline| text(baseline, "referenceBranch"))
                .filter(|branch| !branch.trim().is_empty()),
            max_age_days: baseline
                .and_then(|baseline| int(baseline, "maxAgeDays"))
                .unwrap_or(defaults::MAX_AGE_DAYS),
        },
        enable_pull_request_comment: gate
            .and_then(|gate| gate.get_boolean("enablePullRequestComment"))
            .map_or(defaults::COMMENT, |flag| flag.value),
        max_comment_metrics: gate
            .and_then(|gate| int(gate, "maxCommentMetrics"))
            .unwrap_or(defaults::COMMENT_METRICS),
        max_comment_characters: gate
            .and_then(|gate| int(gate, "maxCommentCharacters"))
            .unwrap_or(defaults::COMMENT_CHARACTERS),
        thresholds,
    }
}

fn threshold(threshold: &Object) -> Option<Threshold> {
    let rule = match word(threshold, "mode", ThresholdMode::parse)? {
        ThresholdMode::Min => Rule::Min { target: number(threshold, "target")? },
        ThresholdMode::Max => Rule::Max { target: number(threshold, "target")? },
        ThresholdMode::NoRegression => {
            Rule::NoRegression { tolerance: number(threshold, "tolerance").unwrap_or(defaults::TOLERANCE) }
        }
        ThresholdMode::DeltaMaxDrop => {
            Rule::DeltaMaxDrop { max_drop_percent: number(threshold, "maxDropPercent")? }
        }
        ThresholdMode::DeltaMaxRise => {
            Rule::DeltaMaxRise { max_rise_percent: number(threshold, "maxRisePercent")? }
        }
        ThresholdMode::Anomaly => Rule::Anomaly {
            window: int(threshold, "window").unwrap_or(defaults::WINDOW),
            sensitivity: number(threshold, "sensitivity").unwrap_or(defaults::SENSITIVITY),
        },
    };
    let severity = word(threshold, "severity", Severity::parse).unwrap_or(defaults::SEVERITY);
    let on_missing = word(threshold, "onMissing", OnMissing::parse).unwrap_or(defaults::on_missing(severity));
    Some(Threshold {
        metric: text(threshold, "metric")?,
        rule,
        severity,
        on_missing,
        is_on_missing_given: threshold.get("onMissing").is_some(),
    })
}

fn report(report: Option<&Object>, refer: &mut References) -> Report {
    let path = Path::ROOT.key("report");
    let path = path.key("sections");
    let mut sections = Vec::new();
    for (index, value) in
        report.and_then(|r| r.get_array("sections")).iter().flat_map(|a| &a.elements).enumerate()
    {
        if let Some(object) = value.as_object() {
            sections.push(section(object, &path.index(index), refer));
        }
    }
    Report {
        sections,
        theme: report.and_then(theme).unwrap_or_default(),
        mode: report.and_then(|report| word(report, "mode", ColourMode::parse)).unwrap_or_default(),
    }
}

fn section(section: &Object, path: &Path, refer: &mut References) -> Section {
    let path = path.key("charts");
    let mut charts = Vec::new();
    for (index, value) in section.get_array("charts").iter().flat_map(|array| &array.elements).enumerate() {
        if let Some(object) = value.as_object() {
            charts.push(chart(object, &path.index(index), refer));
        }
    }
    Section {
        name: text(section, "name").unwrap_or_default(),
        description: text(section, "description"),
        charts,
    }
}

fn chart(chart: &Object, path: &Path, refer: &mut References) -> Chart {
    let path = path.key("metrics");
    let metrics = match chart.get("metrics").map(|property| &property.value) {
        Some(one @ Value::StringLit(id)) => {
            refer.metric(one, &id.value, &path);
            vec![id.value.clone().into_owned()]
        }
        Some(Value::Array(array)) => {
            for (index, element) in array.elements.iter().enumerate() {
                if let Value::StringLit(id) = element {
                    refer.metric(element, &id.value, &path.index(index));
                }
            }
            texts(&array.elements)
        }
        _ => Vec::new(),
    };
    Chart { metrics, title: text(chart, "title") }
}

fn theme(report: &Object) -> Option<Theme> {
    match &report.get("theme")?.value {
        Value::StringLit(name) => Some(Theme::Named(name.value.clone().into_owned())),
        Value::Object(schemes) => {
            Some(Theme::Custom { dark: colours(schemes, "dark"), light: colours(schemes, "light") })
        }
        _ => None,
    }
}

fn colours(schemes: &Object, scheme: &str) -> Vec<(String, String)> {
    let properties =
        schemes.get_object(scheme).map(|scheme| scheme.properties.as_slice()).unwrap_or_default();
    let pair =
        |variable: &str, value: &Value| Some((variable.to_owned(), value.as_string_lit()?.value.to_string()));
    properties.iter().filter_map(|property| pair(property.name.as_str(), &property.value)).collect()
}

/// Follows references to metrics and reports those that lead nowhere.
struct References<'r> {
    /// `None` where there are no readable metrics at all: then every reference would be wrong.
    known: Option<&'r [Known<'r>]>,
    groups: &'r [GroupConfig],
    problems: &'r mut Problems,
}

impl References<'_> {
    /// The metric that a value names, if it is configured; a problem otherwise.
    fn metric(&mut self, value: &Value, id: &str, path: &Path) -> Option<MetricType> {
        let known = self.known?;
        // Empty text is reported as such, and so is a secret.
        if id.is_empty() || secrets::is_value(id) {
            return None;
        }
        if let Some((_, kind)) = known.iter().find(|(known, _)| *known == id) {
            return *kind;
        }
        // Which metrics a group has is known when a run looks for them.
        if let Some(group) = self.groups.iter().find(|group| group.is_named_by(id)) {
            return Some(group.kind);
        }
        if let Some((group, _)) = id.split_once('/') {
            let groups: Vec<&str> = self.groups.iter().map(|group| group.id.as_str()).collect();
            let hint = match closest(group, &groups) {
                Some(meant) => format!("Did you mean {}?", quote(&format!("{meant}/*"))),
                None => "A pattern begins with the key of a group under `groups`.".to_owned(),
            };
            let message = format!("unknown group {}", quote(group));
            self.problems.push(Problem::new(value.range().start, path.to_string(), message).hint(hint));
            return None;
        }
        let ids: Vec<&str> = known.iter().map(|(id, _)| *id).filter(|id| !secrets::is_value(id)).collect();
        let mut names: Vec<String> = ids.iter().take(LISTED).map(|id| quote(id)).collect();
        if ids.len() > LISTED {
            names.push(format!("{} more", ids.len() - LISTED));
        }
        let configured = if names.is_empty() { "none".to_owned() } else { list(&names) };
        let hint = match closest(id, &ids) {
            Some(meant) => format!("Did you mean {}?", quote(meant)),
            None => "Add the metric under `metrics`, or name one that is there.".to_owned(),
        };
        let message = format!("unknown metric {}: configured are {configured}", quote(id));
        self.problems.push(Problem::new(value.range().start, path.to_string(), message).hint(hint));
        None
    }

    /// The metric of a threshold must have numbers.
    fn numeric_metric(&mut self, threshold: &Object, path: &Path) {
        let Some(property) = threshold.get("metric") else { return };
        let Value::StringLit(id) = &property.value else { return };
        let path = path.key("metric");
        if self.metric(&property.value, &id.value, &path) == Some(MetricType::Label) {
            let message = format!("expected a numeric metric, found {}, which is a label", quote(&id.value));
            let problem = Problem::new(property.value.range().start, path.to_string(), message);
            self.problems.push(problem.hint("Labels have no order to compare; remove the threshold."));
        }
    }
}

fn text(object: &Object, key: &str) -> Option<String> {
    object.get_string(key).map(|text| text.value.clone().into_owned())
}

fn texts(elements: &[Value]) -> Vec<String> {
    elements
        .iter()
        .filter_map(|element| element.as_string_lit())
        .map(|text| text.value.clone().into_owned())
        .collect()
}

fn word<T>(object: &Object, key: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
    object.get_string(key).and_then(|text| parse(&text.value))
}

fn number(object: &Object, key: &str) -> Option<f64> {
    object.get_number(key)?.value.parse().ok()
}

/// A whole number; more than four billion (days, say) is as good as four billion.
fn int(object: &Object, key: &str) -> Option<u32> {
    whole(object.get_number(key)?.value).map(|whole| u32::try_from(whole).unwrap_or(u32::MAX))
}
