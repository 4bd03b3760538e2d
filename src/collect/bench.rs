//! Benchmark reports: what a tool measured, by benchmark, in base units (seconds, bytes, counts). Which tool wrote a
//! file is found by looking at it; the readers live in one file for each family and meet in the table below. Which
//! files belong together, which benchmark is asked for and which of its figures is decided here, for all of them alike.

mod dotnet;
mod generic;
mod go;
mod json;
mod jvm;
mod load;
mod native;
mod node;
mod number;
mod python;
mod rust;
mod session;
mod text;
mod web;

use crate::error::{Code, Error, Result};
use crate::text::quote;
use json::Node;
use number::Quantity;
use std::borrow::Cow;
use std::collections::HashSet;

pub use session::{BenchFailure, BenchValue, Benchmarks};

/// What wrote a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tool {
    /// Its name, for messages and documents.
    pub name: &'static str,
    /// The figure that is meant where none is named: the first of these that a benchmark has.
    pub headlines: &'static [&'static str],
}

macro_rules! tools {
    ($($constant:ident = $name:literal: $($headline:literal)|+;)+) => {
        $(pub(crate) const $constant: Tool = Tool { name: $name, headlines: &[$($headline),+] };)+

        /// Every tool whose reports are read.
        pub const TOOLS: &[Tool] = &[$($constant,)+];
    };
}

tools! {
    HYPERFINE = "hyperfine": "mean";
    CRITERION = "criterion": "estimate";
    DIVAN = "divan": "median";
    LIBTEST = "libtest": "median";
    IAI_CALLGRIND = "iai-callgrind": "instructions";
    GO = "go test -bench": "ns/op" | "time";
    PYTEST = "pytest-benchmark": "mean";
    ASV = "asv": "result";
    GOOGLE = "google-benchmark": "real_time";
    CATCH2 = "Catch2": "mean";
    JMH = "JMH": "score";
    BENCHMARKDOTNET = "BenchmarkDotNet": "mean";
    VITEST = "vitest bench": "hz";
    TINYBENCH = "tinybench": "mean";
    MITATA = "mitata": "avg";
    BENCHMARKJS = "benchmark.js": "hz";
    K6 = "k6": "avg" | "rate" | "count" | "value";
    WRK = "wrk": "throughput";
    LIGHTHOUSE = "Lighthouse": "score" | "value";
    SIZE_LIMIT = "size-limit": "size";
    BUNDLE_STATS = "bundle-stats": "value";
    CUSTOM = "github-action-benchmark": "value";
    BENCHER = "Bencher Metric Format": "latency" | "throughput";
}

/// Spellings of one figure: what is asked for under one of them is found under another.
const SPELLINGS: &[&[&str]] = &[
    &["mean", "avg", "average", "time", "real_time", "score", "estimate", "ns/op", "latency"],
    &["median", "med", "p50"],
    &["stddev", "std_dev", "sd", "deviation", "stdev"],
    &["throughput", "ops", "hz", "ips", "items_per_second", "bytes_per_second", "MB/s"],
    &["min", "fastest", "p0"],
    &["max", "slowest", "p100"],
    &["bytes", "B/op", "allocated", "size"],
    &["allocs", "allocs/op"],
    &["instructions", "Ir"],
];

/// One figure of a benchmark.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Stat {
    name: Cow<'static, str>,
    /// In the quantity's own unit, as written; not finite where the file says so.
    number: f64,
    quantity: Quantity,
}

/// What was measured under one name.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Benchmark {
    name: String,
    stats: Vec<Stat>,
    samples: Option<u64>,
    /// The standard deviation of the samples, in the base unit of the quantity beside it.
    spread: Option<(f64, Quantity)>,
    /// Why there are no figures, where the tool says so.
    problem: Option<String>,
}

impl Benchmark {
    fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), stats: Vec::new(), samples: None, spread: None, problem: None }
    }

    fn failed(name: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { problem: Some(problem.into()), ..Self::new(name) }
    }

    fn add(&mut self, name: impl Into<Cow<'static, str>>, number: f64, quantity: &Quantity) {
        self.stats.push(Stat { name: name.into(), number, quantity: quantity.clone() });
    }

    /// Adds figures that stand under keys of an object, each once and where it is a number.
    fn take(&mut self, node: &Node, keys: &[(&'static str, &str, &Quantity)]) {
        for (name, key, quantity) in keys {
            if let Some(number) = node.get(key).and_then(Node::number) {
                self.add(*name, number, quantity);
            }
        }
    }

    fn stat(&self, name: &str) -> Option<&Stat> {
        self.stats.iter().find(|stat| stat.name == name)
    }

    fn with_raw(&mut self, raw: Option<&Node>, quantity: &Quantity) {
        if let Some(Node::Raw(summary)) = raw {
            self.samples = Some(summary.count()).filter(|count| *count > 0);
            self.set_spread(summary.spread(), quantity);
        }
    }

    /// Takes a standard deviation, in the quantity's own unit.
    fn set_spread(&mut self, spread: Option<f64>, quantity: &Quantity) {
        self.spread = spread
            .map(|spread| quantity.base(spread))
            .filter(|spread| spread.is_finite() && *spread >= 0.0)
            .map(|spread| (spread, quantity.clone()));
    }
}

/// What one file holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content {
    /// Benchmarks, complete.
    Report { tool: Tool, benchmarks: Vec<Benchmark> },
    /// One file of criterion's three for a benchmark.
    Part(rust::Part),
}

/// Why a file is not read.
#[derive(Debug)]
pub(super) enum Refused {
    /// It is none of ours.
    Unknown,
    /// It is ours, or nearly, and this is wrong; with the remedy.
    Because(String, String),
    /// The same at a byte.
    At(usize, String),
}

impl Refused {
    fn because(cause: impl Into<String>, hint: impl Into<String>) -> Self {
        Refused::Because(cause.into(), hint.into())
    }
}

impl From<json::Broken> for Refused {
    fn from(broken: json::Broken) -> Self {
        Refused::At(broken.at, broken.cause)
    }
}

type Read<T> = std::result::Result<T, Refused>;

/// What a reader says of a file: nothing where it is another tool's.
type Known = Option<Read<Content>>;

/// Readers of JSON: each takes what it recognises by its shape and leaves the rest to the others.
const JSON_READERS: &[fn(&Node) -> Known] = &[
    native::hyperfine,
    rust::criterion,
    rust::iai,
    python::pytest,
    python::asv,
    native::google,
    jvm::jmh,
    dotnet::benchmarkdotnet,
    node::vitest,
    node::mitata,
    node::tinybench,
    node::benchmarkjs,
    load::k6,
    web::lighthouse,
    web::size_limit,
    web::bundle_stats,
    generic::custom,
    generic::bencher,
];

/// Readers of text.
const TEXT_READERS: &[fn(&str) -> Known] =
    &[go::read, rust::libtest, rust::divan, rust::iai_text, node::benchmarkjs_text, load::wrk];

/// Reads a report of whatever tool it is found to be of. `name` is the file's, for messages.
///
/// # Errors
/// `COLLECTOR_FORMAT` where no reader knows the content or where it is broken, with the place.
pub(super) fn read(bytes: &[u8], name: &str) -> Result<Content> {
    let decoded = super::coverage::encoding::decode(bytes).map_err(|cause| refuse(name, &cause))?;
    let text: &[u8] = &decoded;
    read_text(text).map_err(|refused| match refused {
        Refused::Unknown => unknown(text, name),
        Refused::Because(cause, hint) => refuse(name, &cause).hint(hint),
        Refused::At(at, cause) => {
            let line = memchr::memchr_iter(b'\n', &text[..at.min(text.len())]).count() + 1;
            refuse(name, &format!("line {line} (byte {at}): {cause}"))
                .hint("Check that the step that writes the report ended well, and that nothing else writes this file.")
        }
    })
}

fn read_text(text: &[u8]) -> Read<Content> {
    let begin = text.len() - text.trim_ascii_start().len();
    match text.get(begin) {
        None => Err(Refused::because(
            "the file is empty",
            "Check that the step that writes the report ran and succeeded.",
        )),
        Some(b'<') => native::catch2(&text[begin..]).map_err(|refused| match refused {
            Refused::At(at, cause) => Refused::At(at + begin, cause),
            other => other,
        }),
        // A log may begin like a list, with `[2026-04-12 ..`.
        Some(b'{' | b'[') => match read_json(text) {
            Err(Refused::At(at, _)) if at < begin + 40 && at < text.len() => read_lines(text),
            found => found,
        },
        Some(_) => {
            // mitata prints its table before the JSON where it is asked for both.
            if text.starts_with(b"clk: ")
                && let Some(at) = memchr::memmem::find(text, b"\n{")
                && let Ok(node) = json::read(&text[at..])
                && let Some(found) = node::mitata(&node)
            {
                return found;
            }
            read_lines(text)
        }
    }
}

fn read_lines(text: &[u8]) -> Read<Content> {
    let text = text::without_colors(text);
    TEXT_READERS.iter().find_map(|reader| reader(&text)).unwrap_or(Err(Refused::Unknown))
}

fn read_json(text: &[u8]) -> Read<Content> {
    let (node, end) = json::read_first(text)?;
    let rest = text[end..].trim_ascii_start();
    if rest.is_empty() {
        return JSON_READERS.iter().find_map(|reader| reader(&node)).unwrap_or(Err(Refused::Unknown));
    }
    // One document a line.
    if let Some(found) = go::events(&node, text) {
        return found;
    }
    if let Some(found) = rust::iai_lines(&node, text) {
        return found;
    }
    if node.text_at("type") == Some("Metric") && node.has("metric") {
        return Err(Refused::because(
            "these are k6's raw samples, one a line, expected its summary",
            "Let k6 write its summary: `k6 run --summary-export summary.json script.js`, or `handleSummary`.",
        ));
    }
    if JSON_READERS.iter().any(|reader| reader(&node).is_some()) {
        return Err(Refused::At(
            text.len() - rest.len(),
            "expected nothing more behind the end of the report".to_owned(),
        ));
    }
    Err(Refused::Unknown)
}

/// What else a file may be, and what to do with it: beginnings or words of reports that other collectors read, and of
/// other outputs of the tools above.
const OTHERS: &[(&[&str], &str, &str)] = &[
    (&["<testsuites", "<testsuite", "<TestRun", "<assemblies"], "a test report", "Use `@collect junit`."),
    (&["<coverage", "<report name", "<CoverageSession"], "a coverage report", "Use `@collect coverage`."),
    (
        &["TN:", "SF:", "mode: set", "mode: count", "mode: atomic"],
        "a coverage report",
        "Use `@collect coverage`.",
    ),
    (
        &["command,mean,stddev,median", "| Command |"],
        "hyperfine's table",
        "Let it write JSON: `hyperfine --export-json bench.json`.",
    ),
    (&["Benchmark 1: "], "hyperfine's text", "Let it write JSON: `hyperfine --export-json bench.json`."),
    (
        &["name,iterations,real_time"],
        "google-benchmark's table",
        "Let it write JSON: `--benchmark_out=bench.json --benchmark_out_format=json`.",
    ),
    (&["\"Benchmark\",\"Mode\",\"Threads\""], "JMH's table", "Let it write JSON: `-rf json -rff jmh.json`."),
    (&["# JMH version"], "JMH's text", "Let it write JSON: `-rf json -rff jmh.json`."),
    (&["Benchmarking "], "criterion's text", "Give the directory `target/criterion` instead."),
];

fn unknown(text: &[u8], name: &str) -> Error {
    let head = String::from_utf8_lossy(&text[..text.len().min(2000)]);
    let head = head.trim_start();
    let begins = |word: &&&str| head.starts_with(**word) || head.contains(&format!("\n{word}"));
    let xml = |word: &&&str| word.starts_with('<') && head.starts_with('<') && head.contains(**word);
    for (words, what, hint) in OTHERS {
        if words.iter().find(begins).or_else(|| words.iter().find(xml)).is_some() {
            return refuse(name, &format!("this is {what}, expected a benchmark report")).hint(*hint);
        }
    }
    let glimpse: String = head.chars().take(12).take_while(|c| *c != '\n').collect();
    refuse(name, &format!("not a benchmark report that is known: it starts with {}", quote(&glimpse))).hint(
        "`bench` reads the reports of the tools listed in docs/benchmarks.md; \
         others can write github-action-benchmark's JSON: a list of `name`, `unit` and `value`.",
    )
}

fn refuse(name: &str, cause: &str) -> Error {
    let cause: String = shown(cause);
    Error::new(Code::CollectorFormat, format!("cannot read {}: {cause}", quote(&shown(name))))
}

/// A text of a file on one line, and not longer than fits one.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 300;
    let mut line: String = text
        .chars()
        .take(LONGEST)
        .map(|c| if c.is_control() || crate::text::is_invisible(c) { '\u{fffd}' } else { c })
        .collect();
    if text.chars().nth(LONGEST).is_some() {
        line.push('…');
    }
    line
}

/// Of files that a pattern or a directory gave, those that `bench` reads. Beside a tree of criterion's or iai-callgrind's,
/// which hold much else, these are the files of its newest run, and reports that lie outside of it.
#[must_use]
pub fn wanted(paths: Vec<String>) -> Vec<String> {
    let parts = |path: &str| -> Option<(String, String)> {
        let path = path.replace('\\', "/");
        path.rsplit_once('/').map(|(directory, file)| (directory.to_owned(), file.to_owned()))
    };
    // Directories of benchmarks: `ID` of `ID/new/estimates.json`, and those with a summary.
    let benchmark = |path: &str| {
        let (directory, file) = parts(path)?;
        match file.as_str() {
            "estimates.json" => directory.strip_suffix("/new").map(str::to_owned),
            "summary.json" => Some(directory),
            _ => None,
        }
    };
    let benchmarks: HashSet<String> = paths.iter().filter_map(|path| benchmark(path)).collect();
    if paths.len() == 1 || benchmarks.is_empty() {
        return paths;
    }
    let keep = |path: &String| {
        let Some((directory, file)) = parts(path) else { return true };
        if file == "summary.json" {
            return true;
        }
        if let Some(id) = directory.strip_suffix("/new").filter(|id| benchmarks.contains(*id)) {
            return !id.is_empty()
                && ["estimates.json", "benchmark.json", "sample.json"].contains(&file.as_str());
        }
        let inside = benchmarks.contains(&directory)
            || directory.rsplit_once('/').is_some_and(|(above, _)| benchmarks.contains(above));
        let report = [".json", ".txt", ".xml"].iter().any(|end| file.ends_with(end));
        !inside && report && !directory.ends_with("/report")
    };
    paths.into_iter().filter(keep).collect()
}
