//! Groups: one entry of the configuration that makes many metrics, of the directories that a pattern matches or of the
//! values that one command gives. The host lists directories and values; which metrics they are is decided here.

use super::{Config, GroupConfig, MetricConfig, Threshold};
use crate::collect;
use crate::error::{Code, Error, Result};
use crate::metric::{ALL_METRICS_MAX, Direction, GROUP_METRICS_MAX, ID_MAX, MetricType, NAME_MAX, Unit};
use crate::text::{list, plural, quote};
use serde::Deserialize;
use std::collections::HashMap;

/// Problems that are reported at most.
const TOLD: usize = 20;

/// What a group of the configuration was found to have.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(rename_all = "camelCase")]
pub struct GroupListing {
    /// The group's key.
    pub group: String,
    /// The directories, or the names of the values.
    pub names: Vec<Listed>,
}

/// A directory, or the name of a value with what its file says of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields = nullable))]
#[serde(rename_all = "camelCase")]
pub struct Listed {
    /// The directory with forward slashes, relative to the configuration's directory; or the value's name.
    pub name: String,
    /// The value's unit, where its file says it.
    #[serde(default)]
    pub unit: Option<Unit>,
    /// Which way the value gets better, where its file says it.
    #[serde(default)]
    pub direction: Option<Direction>,
}

/// What a group's metric runs.
#[derive(Debug, Clone, PartialEq)]
pub enum MemberCommand {
    /// A shell command, which is the metric's `command`.
    Shell,
    /// The words of an `@collect` line.
    Words(Vec<String>),
    /// Nothing: one command gives the values of all.
    Shared,
    /// Nothing, because the directory's name must not be part of a shell command.
    Refused(Error),
}

/// A configuration with the metrics of its groups.
#[derive(Debug, Clone, PartialEq)]
pub struct Expanded {
    /// The same configuration with the metrics of the groups behind its own.
    pub config: Config,
    /// What these run, in their order.
    pub commands: Vec<MemberCommand>,
    /// What must change before anything is measured.
    pub errors: Vec<Flaw>,
    /// What is probably not meant.
    pub warnings: Vec<Flaw>,
}

/// What is wrong with a group, seen from what it was found to have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// Where the configuration says it.
    pub place: FlawPlace,
    /// Cause, as in every message.
    pub message: String,
    /// The remedy.
    pub hint: String,
}

/// Where in a configuration a flaw is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FlawPlace {
    /// At a group, by its key.
    Group(String),
    /// At a threshold, by its index.
    Threshold(usize),
}

impl Config {
    /// Adds the metrics of the groups that were listed. Groups without a listing have no metrics yet.
    #[must_use]
    pub fn expanded(&self, listings: &[GroupListing]) -> Expanded {
        let mut out =
            Expanded { config: self.clone(), commands: Vec::new(), errors: Vec::new(), warnings: Vec::new() };
        let mut known: HashMap<String, String> = self
            .metrics
            .iter()
            .map(|metric| (metric.id.clone(), format!("the metric `{}`", metric.id)))
            .collect();
        for group in &self.groups {
            let Some(listing) = listings.iter().find(|listing| listing.group == group.id) else { continue };
            let mut names: Vec<&Listed> =
                listing.names.iter().filter(|listed| group.takes(&listed.name)).collect();
            names.sort_by(|a, b| a.name.cmp(&b.name));
            names.dedup_by(|a, b| a.name == b.name);
            if names.is_empty() {
                out.warnings.push(empty(group, listing.names.len()));
            }
            if names.len() > GROUP_METRICS_MAX {
                let message = format!(
                    "the group `{}` has {}, at most {GROUP_METRICS_MAX} are kept",
                    group.id,
                    plural(names.len(), "metric", "metrics")
                );
                out.errors.push(flaw(
                    group,
                    message,
                    "Take fewer with `include` or `exclude`, or make several groups.",
                ));
                continue;
            }
            for listed in names {
                let id = group.id_of(&listed.name);
                let what = format!("{} of the group `{}`", quote(&listed.name), group.id);
                if let Some(other) = known.insert(id.clone(), what.clone()) {
                    let message = format!("{other} and {what} have the same id {}", quote(&id));
                    out.errors.push(flaw(
                        group,
                        message,
                        "Rename one of them, or leave one out with `exclude`.",
                    ));
                    continue;
                }
                let (metric, command) = group.member(id, listed);
                out.config.metrics.push(metric);
                out.commands.push(command);
            }
        }
        let last = self.groups.iter().rfind(|group| listings.iter().any(|listing| listing.group == group.id));
        if let Some(last) = last.filter(|_| out.config.metrics.len() > ALL_METRICS_MAX) {
            let count = plural(out.config.metrics.len(), "metric", "metrics");
            let message =
                format!("the configuration has {count} with its groups, at most {ALL_METRICS_MAX} are kept");
            out.errors.push(flaw(last, message, "Take fewer with `include` or `exclude`."));
        }
        self.unmatched(listings, &mut out);
        out.errors.truncate(TOLD);
        out
    }

    /// Thresholds of groups that were listed which are of none of their metrics.
    fn unmatched(&self, listings: &[GroupListing], out: &mut Expanded) {
        for (index, threshold) in self.quality_gate.thresholds.iter().enumerate() {
            let Some(group) = self.group_of(&threshold.metric) else { continue };
            let is_listed = listings.iter().any(|listing| listing.group == group.id);
            if !is_listed || out.config.metrics.iter().any(|metric| threshold.selects(metric)) {
                continue;
            }
            let members = out.config.metrics.iter().filter(|metric| metric.group.as_ref() == Some(&group.id));
            let mut names: Vec<String> = members.map(|metric| quote(group.slug(&metric.id))).collect();
            let has = match names.len() {
                0 => "is empty".to_owned(),
                count => {
                    names.truncate(12);
                    if count > 12 {
                        names.push(format!("{} more", count - 12));
                    }
                    format!("has {}", list(&names))
                }
            };
            let message =
                format!("{} matches no metric: the group `{}` {has}", quote(&threshold.metric), group.id);
            let hint = "Correct the pattern, or remove the threshold.".to_owned();
            out.errors.push(Flaw { place: FlawPlace::Threshold(index), message, hint });
        }
    }

    /// The group that a reference to metrics names, in whole, by a pattern or by one of its metrics.
    #[must_use]
    pub fn group_of(&self, reference: &str) -> Option<&GroupConfig> {
        if self.metrics.iter().any(|metric| metric.id == reference && metric.group.is_none()) {
            return None;
        }
        let named = self.groups.iter().filter(|group| group.is_named_by(reference));
        named.max_by_key(|group| group.id.len())
    }
}

fn empty(group: &GroupConfig, listed: usize) -> Flaw {
    let why = match (listed, group.for_each.is_empty()) {
        (0, false) => {
            let patterns: Vec<String> = group.for_each.iter().map(|pattern| quote(pattern)).collect();
            format!("no directory matches {}", list(&patterns))
        }
        (0, true) => "its command gives no value".to_owned(),
        (1.., _) => format!("`include` and `exclude` leave none of {listed}"),
    };
    let hint = "Patterns start at the directory of the configuration file; directories that git ignores do not count.";
    flaw(group, format!("the group `{}` is empty: {why}", group.id), hint)
}

fn flaw(group: &GroupConfig, message: String, hint: &str) -> Flaw {
    Flaw { place: FlawPlace::Group(group.id.clone()), message, hint: hint.to_owned() }
}

impl GroupConfig {
    /// Whether a reference to metrics names this group or metrics of it.
    #[must_use]
    pub fn is_named_by(&self, reference: &str) -> bool {
        reference
            .strip_prefix(self.id.as_str())
            .is_some_and(|rest| rest.starts_with('/') || rest.len() > 1 && rest.starts_with('-'))
    }

    /// What of a metric's id is its own.
    #[must_use]
    pub fn slug<'i>(&self, id: &'i str) -> &'i str {
        id.strip_prefix(self.id.as_str()).and_then(|rest| rest.strip_prefix('-')).unwrap_or(id)
    }

    /// Whether `include` and `exclude` take a directory or value.
    #[must_use]
    pub fn takes(&self, name: &str) -> bool {
        let fits = |patterns: &[String]| patterns.iter().any(|pattern| fits(pattern, name));
        (self.include.is_empty() || fits(&self.include)) && !fits(&self.exclude)
    }

    /// The id of a directory's or value's metric: always the same for the same name.
    #[must_use]
    pub fn id_of(&self, name: &str) -> String {
        let own =
            self.for_each.iter().find_map(|pattern| name.strip_prefix(fixed_part(pattern))).unwrap_or(name);
        let mut slug = String::new();
        for character in own.chars() {
            let kept = if character.is_ascii_alphanumeric() { character.to_ascii_lowercase() } else { '-' };
            if kept != '-' || !slug.is_empty() && !slug.ends_with('-') {
                slug.push(kept);
            }
        }
        slug.truncate(slug.trim_end_matches('-').len());
        let room = ID_MAX - self.id.len() - 1;
        if slug.is_empty() {
            slug = digest(own);
        } else if slug.len() > room {
            slug.truncate(room - 9);
            slug.truncate(slug.trim_end_matches('-').len());
            slug = format!("{slug}-{}", digest(own));
        }
        format!("{}-{slug}", self.id)
    }

    /// What people read of a directory's or value's metric.
    #[must_use]
    pub fn name_of(&self, name: &str) -> String {
        let filled = filled(&self.name, name);
        match filled.char_indices().nth(NAME_MAX) {
            Some(_) => filled.chars().take(NAME_MAX - 1).chain(['…']).collect(),
            None => filled,
        }
    }

    /// A metric of the group that the history has and this run may not.
    #[must_use]
    pub fn recorded(&self, id: &str, kind: MetricType, unit: Option<Unit>) -> MetricConfig {
        let listed = Listed { name: self.slug(id).to_owned(), unit, direction: None };
        MetricConfig { kind, unit, ..self.member(id.to_owned(), &listed).0 }
    }

    fn member(&self, id: String, listed: &Listed) -> (MetricConfig, MemberCommand) {
        let is_numeric = self.kind == MetricType::Numeric;
        let unit = self.unit.or(listed.unit).filter(|_| is_numeric);
        let direction = self.direction.or(listed.direction).unwrap_or_else(|| Direction::of_unit(unit));
        let metric = MetricConfig {
            id,
            name: self.name_of(&listed.name),
            kind: self.kind,
            description: self.description.clone(),
            command: filled(&self.command, &listed.name),
            unit,
            timeout: self.timeout,
            direction: if is_numeric { direction } else { Direction::None },
            group: Some(self.id.clone()),
        };
        let command =
            if self.for_each.is_empty() { MemberCommand::Shared } else { self.command(&listed.name) };
        (metric, command)
    }

    /// What the metric of a directory runs.
    fn command(&self, directory: &str) -> MemberCommand {
        if collect::is_collect(&self.command) {
            let words = collect::words(&self.command).map(|words| collect_words(&words, directory));
            return words.map_or_else(MemberCommand::Refused, MemberCommand::Words);
        }
        // A shell would take other characters for more than a name, in quotes or not.
        let is_plain =
            |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '+' | '@' | ',' | '=' | ':');
        if directory.chars().all(is_plain) && !directory.starts_with('-') {
            return MemberCommand::Shell;
        }
        let message = format!("the directory {} cannot be part of a shell command", quote(directory));
        let hint = "Names of letters, digits and `-_./+@,=:` can; rename it, leave it out with `exclude`, or use an `@collect` line.";
        MemberCommand::Refused(Error::new(Code::GroupDirectory, message).hint(hint))
    }
}

/// The words of an `@collect` line for a directory, whose name means itself in patterns.
fn collect_words(words: &[String], directory: &str) -> Vec<String> {
    let mut name = String::new();
    for character in directory.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '{' | '}' | '(' | ')' | '!' | '@' | '+' | '|' | '\\') {
            name.push('\\');
        }
        name.push(character);
    }
    let base = name.rsplit('/').next().unwrap_or_default();
    let word = |word: &String| {
        let filled = word.replace("{dir}", &name).replace("{basename}", base);
        if filled.starts_with('-') && !word.starts_with('-') { format!("./{filled}") } else { filled }
    };
    words.iter().map(word).collect()
}

/// Checks an `@collect` line of a group with `forEach`, with a directory in the place of its placeholders.
pub(super) fn sample(command: &str) -> Result<collect::CollectPlan> {
    collect::parse_words(&collect_words(&collect::words(command)?, "directory"))
}

/// A text with its placeholders filled; each is filled once, whatever a name holds.
fn filled(text: &str, name: &str) -> String {
    let mut out = String::with_capacity(text.len() + name.len());
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let base = name.rsplit('/').next().unwrap_or_default();
        let known = [("{name}", name), ("{dir}", name), ("{basename}", base)];
        match known.iter().find(|(word, _)| rest.starts_with(word)) {
            Some((word, value)) => {
                out.push_str(value);
                rest = &rest[word.len()..];
            }
            None => {
                out.push('{');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// What every directory begins with that a pattern matches.
fn fixed_part(pattern: &str) -> &str {
    let wild = pattern.find(['*', '?', '[', '{', '(', '\\']).unwrap_or(pattern.trim_end_matches('/').len());
    pattern[..wild].rfind('/').map_or("", |end| &pattern[..=end])
}

/// Eight hexadecimal digits of a text (FNV-1a).
fn digest(text: &str) -> String {
    let hash =
        text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{hash:08x}")
}

/// Whether a pattern is of a whole name: `*` is any characters, `?` is one.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut from) = (0, 0);
    // Where the last `*` is, and how far it reaches.
    let mut star: Option<(usize, usize)> = None;
    while from < name.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(&wanted) if wanted == '?' || wanted == name[from] => {
                at += 1;
                from += 1;
            }
            _ => match &mut star {
                Some((place, reach)) => {
                    *reach += 1;
                    (at, from) = (*place + 1, *reach);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|rest| *rest == '*')
}

impl Threshold {
    /// Whether it is one of this metric.
    #[must_use]
    pub fn selects(&self, metric: &MetricConfig) -> bool {
        selects(&self.metric, metric)
    }
}

/// Whether a reference to metrics, an id or a pattern `group/…`, names this one.
#[must_use]
pub fn selects(reference: &str, metric: &MetricConfig) -> bool {
    match (reference.split_once('/'), &metric.group) {
        (None, _) => reference == metric.id,
        (Some((named, pattern)), Some(group)) if named == group => metric
            .id
            .strip_prefix(group.as_str())
            .and_then(|rest| rest.strip_prefix('-'))
            .is_some_and(|slug| fits(pattern, slug)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(for_each: &[&str], command: &str) -> GroupConfig {
        GroupConfig {
            id: "pkg".into(),
            name: "{basename} of {dir}".into(),
            kind: MetricType::Numeric,
            description: None,
            command: command.into(),
            unit: None,
            timeout: 1,
            direction: None,
            for_each: for_each.iter().map(|&pattern| pattern.to_owned()).collect(),
            include: Vec::new(),
            exclude: Vec::new(),
        }
    }

    #[test]
    fn an_id_is_what_the_pattern_leaves_open() {
        for (patterns, directory, id) in [
            (&["packages/*"][..], "packages/core", "pkg-core"),
            (&["packages/core"], "packages/core", "pkg-core"),
            (&["packages/core/"], "packages/core", "pkg-core"),
            (&["{apps,packages}/*"], "apps/web", "pkg-apps-web"),
            (&["crates/*/bench"], "crates/a_b/bench", "pkg-a-b-bench"),
            (&["apps/*", "packages/*"], "packages/@scope/x", "pkg-scope-x"),
            (&[], "parse/Small (1 KB)", "pkg-parse-small-1-kb"),
            (&[], "größe", "pkg-gr-e"),
            (&[], "日本", "pkg-1c8e2a3a"),
        ] {
            let found = group(patterns, "").id_of(directory);
            if directory == "日本" {
                assert_eq!(found.len(), id.len(), "{found}");
            } else {
                assert_eq!(found, id);
            }
            assert!(crate::metric::is_id(&found));
        }
        let [long, longer] = ["x/".repeat(80), "x/".repeat(81)].map(|name| group(&[], "").id_of(&name));
        assert!(long != longer && crate::metric::is_id(&long) && crate::metric::is_id(&longer), "{long}");
    }

    #[test]
    fn a_directory_means_itself_in_a_command() {
        let words = |directory: &str| match group(&["*"], "@collect coverage {dir}/c.info --type line")
            .command(directory)
        {
            MemberCommand::Words(words) => words[1].clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(words("packages/a"), "packages/a/c.info");
        assert_eq!(words("a b'\"$(x)"), "a b'\"$\\(x\\)/c.info");
        assert_eq!(words("[id]*"), "\\[id\\]\\*/c.info");
        assert_eq!(words("-x"), "./-x/c.info");
        assert_eq!(words("{dir}"), "\\{dir\\}/c.info");
        let shell = group(&["*"], "wc -l {dir}/x");
        assert_eq!(shell.command("packages/größe.js"), MemberCommand::Shell);
        for hostile in ["a b", "a;b", "$(touch x)", "`x`", "a'b", "a\nb", "-rf", "a*", "~", "a\u{202e}b\\"] {
            assert!(matches!(shell.command(hostile), MemberCommand::Refused(_)), "{hostile}");
        }
        assert_eq!(filled("{basename} of {dir} ${x} {", "a/{dir}"), "{dir} of a/{dir} ${x} {");
    }

    #[test]
    fn patterns_are_of_whole_names() {
        for (pattern, name, is_fit) in [
            ("*", "", true),
            ("*", "a/b", true),
            ("parse/*", "parse/a/b", true),
            ("parse/*", "parse", false),
            ("*small", "a-small", true),
            ("*small", "smalls", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(fits(pattern, name), is_fit, "{pattern} {name}");
        }
        assert!(!fits(&"*a".repeat(50), &"a".repeat(49)));
    }
}
