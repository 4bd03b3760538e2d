//! One run's benchmark files, each read once however many metrics ask for it, and the answers about them: one
//! benchmark's figure, or all of them.

use super::{Benchmark, Content, SPELLINGS, Stat, Tool, rust, shown};
use crate::error::{Code, Error, Result};
use crate::metric::{Direction, Unit};
use crate::text::{self, quote};
use serde::Serialize;
use std::collections::{HashMap, HashSet};

/// How many names an error lists.
const NAMED: usize = 8;

/// The figures that a spread belongs to, where it is in their unit.
const CENTERS: [&str; 12] = [
    "mean",
    "median",
    "min",
    "max",
    "avg",
    "score",
    "estimate",
    "slope",
    "real_time",
    "ns/op",
    "latency",
    "value",
];

/// A figure of one benchmark.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct BenchValue {
    /// The benchmark's name, unique among the files.
    pub name: String,
    /// The figure's name.
    pub stat: String,
    /// In seconds, bytes or whatever `suffix` says; finite.
    pub value: f64,
    /// How it is shown, where the file says that it is a time, a size or a share.
    pub unit: Option<Unit>,
    /// What follows the number where no unit says it, at most 16 characters.
    pub suffix: Option<String>,
    /// Which way it gets better, as far as the file tells.
    pub direction: Direction,
    /// How many samples it was made from.
    pub samples: Option<u32>,
    /// Their standard deviation, in the value's unit.
    pub spread: Option<f64>,
}

/// A benchmark without a figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct BenchFailure {
    /// The benchmark's name.
    pub name: String,
    /// Why it has none.
    pub error: Error,
}

/// The benchmark files of one run.
#[derive(Default)]
pub struct Benchmarks {
    files: HashMap<String, Result<Content>>,
}

/// A benchmark, where it is and what wrote it.
struct Found<'a> {
    file: &'a str,
    tool: Tool,
    benchmark: std::borrow::Cow<'a, Benchmark>,
}

impl Benchmarks {
    /// Reads a file and keeps what it holds, or why it could not be read, under its name.
    pub fn add(&mut self, name: &str, bytes: &[u8]) {
        self.files.insert(name.to_owned(), super::read(bytes, name));
    }

    /// The figure of the one benchmark that a name or pattern means; without one, of the only benchmark that there is.
    ///
    /// # Errors
    /// The failure of the first file that could not be read; `COLLECTOR_NOTHING` where no benchmark or more than one is
    /// meant, or it has no result; `COLLECTOR_USAGE` for a figure that it does not have; `COLLECTOR_FORMAT` for one
    /// that is no number that can be.
    pub fn value(&self, names: &[String], name: Option<&str>, stat: Option<&str>) -> Result<BenchValue> {
        let all = self.found(names)?;
        let found = pick(&all, name)?;
        figure(found, stat)
    }

    /// The figures of all benchmarks, and those that have none. A figure that some of them do not have is missing there
    /// without a failure.
    ///
    /// # Errors
    /// As [`Benchmarks::value`]; `COLLECTOR_USAGE` where no benchmark has the figure.
    pub fn all(&self, names: &[String], stat: Option<&str>) -> Result<(Vec<BenchValue>, Vec<BenchFailure>)> {
        let all = self.found(names)?;
        if all.is_empty() {
            return Err(nothing(names));
        }
        let mut files: HashMap<&str, Vec<&str>> = HashMap::new();
        for found in &all {
            files.entry(&found.benchmark.name).or_default().push(found.file);
        }
        let (mut values, mut failed, mut missing) = (Vec::new(), Vec::new(), None);
        let mut told = HashSet::new();
        for found in &all {
            let name = found.benchmark.name.as_str();
            let figure = match files.get(name) {
                Some(several) if several.len() > 1 => {
                    if !told.insert(name) {
                        continue;
                    }
                    Err(twice(name, several))
                }
                _ => figure(found, stat),
            };
            match figure {
                Ok(value) => values.push(value),
                Err(error) if error.code == Code::CollectorUsage => missing = Some(error),
                Err(error) => failed.push(BenchFailure { name: name.to_owned(), error }),
            }
        }
        match missing {
            Some(error) if values.is_empty() && failed.is_empty() => Err(error),
            _ => Ok((values, failed)),
        }
    }

    /// What wrote a file, and how many benchmarks it holds.
    ///
    /// # Errors
    /// The file's failure.
    pub fn described(&self, name: &str) -> Result<(&'static str, usize)> {
        match self.file(name)? {
            Content::Report { tool, benchmarks } => Ok((tool.name, benchmarks.len())),
            Content::Part(_) => Ok((super::CRITERION.name, 1)),
        }
    }

    fn file(&self, name: &str) -> Result<&Content> {
        match self.files.get(name) {
            Some(Ok(content)) => Ok(content),
            Some(Err(error)) => Err(error.clone()),
            None => Err(Error::new(Code::Internal, format!("{} was not read", quote(name)))),
        }
    }

    fn found<'a>(&'a self, names: &'a [String]) -> Result<Vec<Found<'a>>> {
        let mut all = Vec::new();
        let mut parts = Vec::new();
        for file in names {
            match self.file(file)? {
                Content::Report { tool, benchmarks } => all.extend(benchmarks.iter().map(|benchmark| {
                    Found { file, tool: *tool, benchmark: std::borrow::Cow::Borrowed(benchmark) }
                })),
                Content::Part(part) => parts.push((file.as_str(), part)),
            }
        }
        all.extend(rust::put_together(&parts).into_iter().map(|(file, benchmark)| Found {
            file,
            tool: super::CRITERION,
            benchmark: std::borrow::Cow::Owned(benchmark),
        }));
        Ok(all)
    }
}

/// The benchmark that is meant.
fn pick<'a, 'f>(all: &'a [Found<'f>], name: Option<&str>) -> Result<&'a Found<'f>> {
    let names: Vec<&str> = all.iter().map(|found| found.benchmark.name.as_str()).collect();
    let Some(wanted) = name else {
        return match all {
            [] => Err(nothing(&[])),
            [one] => Ok(one),
            _ => Err(none(format!("there are {} benchmarks, expected `--name`", all.len()))
                .hint(format!("Name one of them: {}.", some(&names)))),
        };
    };
    if all.is_empty() {
        return Err(nothing(&[]));
    }
    let matching = |matches: &dyn Fn(&str) -> bool| -> Vec<usize> {
        names.iter().enumerate().filter(|(_, name)| matches(name)).map(|it| it.0).collect()
    };
    let mut meant = matching(&|name| name == wanted);
    if meant.is_empty() && wanted.contains(['*', '?']) {
        meant = matching(&|name| matches(wanted, name));
    }
    if meant.is_empty() {
        meant = matching(&|name| is_end(name, wanted));
    }
    match meant[..] {
        [one] => Ok(&all[one]),
        [] => {
            let close = text::closest(wanted, &names).or_else(|| {
                let end =
                    |name: &&str| name.rsplit(['/', ':', '.', '>', ' ']).next().unwrap_or(name).to_owned();
                let ends: Vec<String> = names.iter().map(end).collect();
                let close =
                    text::closest(wanted, &ends.iter().map(String::as_str).collect::<Vec<_>>())?.to_owned();
                ends.iter().position(|end| *end == close).map(|at| names[at])
            });
            let listed = format!("There are {}.", some(&names));
            let hint = match close {
                Some(close) => format!("Did you mean {}? {listed}", quote(&shown(close))),
                None => listed,
            };
            Err(none(format!("no benchmark is called {}", quote(&shown(wanted)))).hint(hint))
        }
        [first, ..] if meant.iter().all(|at| names[*at] == names[first]) => {
            let files: Vec<&str> = meant.iter().map(|at| all[*at].file).collect();
            Err(twice(names[first], &files))
        }
        _ => {
            let meant: Vec<&str> = meant.iter().map(|at| names[*at]).collect();
            Err(none(format!("{} matches {} benchmarks, expected one", quote(&shown(wanted)), meant.len()))
                .hint(format!("Name one of them: {}.", some(&meant))))
        }
    }
}

/// A figure of a benchmark, checked.
fn figure(found: &Found<'_>, wanted: Option<&str>) -> Result<BenchValue> {
    let Found { file, tool, benchmark } = found;
    let called = quote(&shown(&benchmark.name));
    if let Some(problem) = &benchmark.problem {
        return Err(none(format!("{called} has no result in {}: {}", quote(&shown(file)), shown(problem)))
            .hint("Check why the tool could not measure it; until then it has no value."));
    }
    let stats: Vec<&str> = benchmark.stats.iter().map(|stat| &*stat.name).collect();
    let stat = match wanted {
        None => tool
            .headlines
            .iter()
            .find_map(|name| benchmark.stat(name))
            .or_else(|| if let [only] = &benchmark.stats[..] { Some(only) } else { None }),
        Some(wanted) => spelled(benchmark, wanted),
    };
    let Some(stat) = stat else {
        if stats.is_empty() {
            return Err(none(format!("{called} has no figures in {}", quote(&shown(file)))));
        }
        let message = match wanted {
            Some(wanted) => format!("{called} of {} has no {}", tool.name, quote(&shown(wanted))),
            None => format!("{called} of {} has several figures, expected `--stat`", tool.name),
        };
        return Err(Error::new(Code::CollectorUsage, message)
            .hint(format!("Use `--stat` with one of: {}.", some(&stats))));
    };
    let value = stat.quantity.base(stat.number);
    let broken = |what: &str| {
        Error::new(
            Code::CollectorFormat,
            format!("{} of {called} in {} is {what}", quote(&shown(&stat.name)), quote(&shown(file))),
        )
        .hint("Check the run that wrote the file; such a number is not recorded.")
    };
    if !value.is_finite() {
        let found = if stat.number.is_nan() { "`NaN`" } else { "too large" };
        return Err(broken(&format!("{found}, expected a finite number")));
    }
    let measured =
        stat.quantity.unit.is_some() || stat.quantity.suffix.as_ref().is_some_and(|it| it.ends_with("/s"));
    if value < 0.0 && measured {
        return Err(broken(&format!("`{}`, expected a number that is not negative", stat.number)));
    }
    let spread = benchmark.spread.as_ref().filter(|(_, quantity)| {
        CENTERS.contains(&&*stat.name)
            && quantity.unit == stat.quantity.unit
            && quantity.suffix == stat.quantity.suffix
    });
    Ok(BenchValue {
        name: benchmark.name.clone(),
        stat: stat.name.to_string(),
        value,
        unit: stat.quantity.unit,
        suffix: stat.quantity.suffix.as_ref().map(|suffix| shown(suffix)),
        direction: stat.quantity.direction,
        samples: benchmark.samples.map(|count| u32::try_from(count).unwrap_or(u32::MAX)),
        spread: spread.map(|it| it.0),
    })
}

/// The figure of that name, or of another spelling of it.
fn spelled<'a>(benchmark: &'a Benchmark, wanted: &str) -> Option<&'a Stat> {
    let is = |name: &str| name.eq_ignore_ascii_case(wanted);
    benchmark.stats.iter().find(|stat| is(&stat.name)).or_else(|| {
        let group = SPELLINGS.iter().find(|group| group.iter().any(|name| is(name)))?;
        group.iter().find_map(|name| benchmark.stat(name))
    })
}

fn none(message: String) -> Error {
    Error::new(Code::CollectorNothing, message)
}

fn nothing(names: &[String]) -> Error {
    let message = match names {
        [one] => format!("{} holds no benchmark", quote(&shown(one))),
        _ => "the files hold no benchmark".to_owned(),
    };
    none(message).hint("Check that the step that runs the benchmarks ran and was not told to leave them out.")
}

/// Several benchmarks of one name; each with its file.
fn twice(name: &str, files: &[&str]) -> Error {
    let count = files.len();
    let mut files = files.to_vec();
    files.dedup();
    let names: Vec<String> = files.iter().take(NAMED).map(|file| quote(&shown(file))).collect();
    none(format!("{} is there {count} times, in {}", quote(&shown(name)), text::list(&names)))
        .hint("Give each benchmark a name of its own, or measure one file at a time.")
}

fn some(names: &[&str]) -> String {
    let mut listed: Vec<String> = names.iter().take(NAMED).map(|name| quote(&shown(name))).collect();
    if names.len() > NAMED {
        listed.push(format!("{} more", names.len() - NAMED));
    }
    text::list(&listed)
}

/// Whether a name ends so, behind something that separates its parts.
fn is_end(name: &str, end: &str) -> bool {
    !end.is_empty()
        && name.strip_suffix(end).is_some_and(|before| before.ends_with(['/', ':', '.', '>', ' ', '\\']))
}

/// Whether a name is of a pattern: `*` stands for any characters, `?` for one. In time that grows with the product of
/// their lengths at most.
#[must_use]
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || *c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match &mut star {
                Some((at, from)) => {
                    *from += 1;
                    p = *at + 1;
                    n = *from;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}
