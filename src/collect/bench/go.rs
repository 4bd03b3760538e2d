//! `go test -bench`, as text and as events (`-json`).

use super::json::{self, Node};
use super::number::{BYTES, COSTS, NANOSECONDS, Quantity, named, per_second};
use super::{Benchmark, Content, GO, Known, Refused};
use crate::metric::Direction;
use std::collections::{HashMap, HashSet};
use std::fmt::Write;

/// How many figures of one benchmark are kept: finding one is a walk along them.
const FIGURES_MAX: usize = 100;

/// The lines of one benchmark: runs of `-count`.
#[derive(Default)]
struct Runs {
    package: String,
    /// As printed, with the number of threads at the end.
    name: String,
    /// By unit, in the order of the lines.
    figures: Vec<(String, Vec<f64>)>,
}

/// Text, with whatever else the tests and the build print between the lines.
pub(super) fn read(text: &str) -> Known {
    let mut all: Vec<Runs> = Vec::new();
    let mut places: HashMap<(String, String), usize> = HashMap::new();
    let mut failed: Vec<(String, String)> = Vec::new();
    let (mut package, mut begun) = (String::new(), String::new());
    let mut known = false;
    let whole = text.ends_with('\n');
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if let Some(path) = line.strip_prefix("pkg: ") {
            path.trim().clone_into(&mut package);
            known = true;
            continue;
        }
        if let Some(name) = line.trim_start().strip_prefix("--- FAIL: Benchmark") {
            let name = name.split_whitespace().next().unwrap_or_default();
            failed.push((package.clone(), format!("Benchmark{name}")));
            continue;
        }
        let mut words = line.split_whitespace();
        let (name, mut rest): (String, Vec<&str>) = if is_name(line) {
            let name = words.next().unwrap_or_default().to_owned();
            (name, words.collect())
        } else {
            // What a benchmark prints itself comes between its name and its figures.
            (begun.clone(), words.collect())
        };
        if is_name(line) {
            begun.clone_from(&name);
        }
        // Another name may have been printed into the line.
        if let Some(at) = rest.iter().rposition(|word| is_name(word)) {
            rest.drain(..=at);
        }
        if name.is_empty() || !is_figures(&rest) {
            continue;
        }
        // A last line without its end may be cut off in the middle of a number or a unit.
        let last = lines.peek().is_none();
        if last && !whole && !matches!(rest.last(), Some(&("ns/op" | "B/op" | "allocs/op" | "MB/s"))) {
            let at = text.len();
            return Some(Err(Refused::At(
                at,
                "the file ends inside a benchmark's line: it is cut off".to_owned(),
            )));
        }
        known = true;
        let place = *places.entry((package.clone(), name.clone())).or_insert_with(|| {
            all.push(Runs { package: package.clone(), name, figures: Vec::new() });
            all.len() - 1
        });
        for pair in rest[1..].chunks_exact(2) {
            let Some(number) = number(pair[0]) else { continue };
            let figures = &mut all[place].figures;
            match figures.iter().position(|(unit, _)| unit == pair[1]) {
                Some(at) => figures[at].1.push(number),
                None if figures.len() >= FIGURES_MAX => {}
                None => figures.push((pair[1].to_owned(), vec![number])),
            }
        }
        begun.clear();
    }
    if !known || (all.is_empty() && failed.is_empty() && !text.contains("\nPASS") && !text.contains("\nFAIL"))
    {
        return None;
    }
    Some(Ok(Content::Report { tool: GO, benchmarks: united(all, failed) }))
}

fn united(all: Vec<Runs>, failed: Vec<(String, String)>) -> Vec<Benchmark> {
    let names: Vec<&str> =
        all.iter().map(|runs| runs.name.as_str()).chain(failed.iter().map(|it| it.1.as_str())).collect();
    let threads = common_threads(&names).map(str::to_owned);
    let short = |name: &str| match &threads {
        Some(threads) => name.strip_suffix(threads.as_str()).unwrap_or(name).to_owned(),
        None => name.to_owned(),
    };
    // Packages may have benchmarks of one name: those are called with it.
    let mut count: HashMap<String, usize> = HashMap::new();
    for runs in &all {
        *count.entry(short(&runs.name)).or_default() += 1;
    }
    let full = |package: &str, name: &str| {
        let name = short(name);
        match count.get(&name) {
            Some(several) if *several > 1 && !package.is_empty() => format!("{package}.{name}"),
            _ => name,
        }
    };
    let mut benchmarks = Vec::new();
    for runs in &all {
        let mut benchmark = Benchmark::new(full(&runs.package, &runs.name));
        let mut samples = 1;
        for (unit, numbers) in &runs.figures {
            samples = samples.max(numbers.len());
            let quantity = quantity(unit);
            let mut sorted = numbers.clone();
            sorted.sort_by(f64::total_cmp);
            let median = median(&sorted);
            benchmark.add(unit.clone(), median, &quantity);
            if unit == "ns/op" {
                let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
                benchmark.add("median", median, &quantity);
                benchmark.add("mean", mean, &quantity);
                benchmark.add("min", sorted[0], &quantity);
                benchmark.add("max", sorted[sorted.len() - 1], &quantity);
                if numbers.len() > 1 {
                    let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
                    let spread = (squares / (numbers.len() - 1) as f64).sqrt();
                    benchmark.add("stddev", spread, &quantity);
                    benchmark.set_spread(Some(spread), &quantity);
                }
            }
        }
        benchmark.samples = (samples > 1).then_some(samples as u64);
        benchmarks.push(benchmark);
    }
    let mut measured: HashSet<String> = benchmarks.iter().map(|benchmark| benchmark.name.clone()).collect();
    for (package, name) in failed {
        let name = full(&package, &name);
        if measured.insert(name.clone()) {
            benchmarks.push(Benchmark::failed(name, "it failed"));
        }
    }
    benchmarks
}

fn is_name(line: &str) -> bool {
    line.strip_prefix("Benchmark")
        .is_some_and(|rest| !rest.starts_with(|c: char| c.is_lowercase() || c == ' '))
}

/// How often it ran, then numbers with their units.
fn is_figures(words: &[&str]) -> bool {
    words.len() >= 3
        && words.len() % 2 == 1
        && !words[0].is_empty()
        && words[0].bytes().all(|byte| byte.is_ascii_digit())
        && words[1..].chunks_exact(2).all(|pair| number(pair[0]).is_some() && number(pair[1]).is_none())
}

fn number(word: &str) -> Option<f64> {
    let unsigned = word.trim_start_matches(['+', '-']);
    (unsigned.starts_with(|c: char| c.is_ascii_digit()) || matches!(unsigned, "NaN" | "Inf"))
        .then(|| word.parse().ok())
        .flatten()
}

fn median(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) }
}

/// `-8` where every name ends so: how many threads the machine has is no part of a benchmark's name. With `-cpu 1,2`
/// the names differ, and keep it.
fn common_threads<'a>(names: &[&'a str]) -> Option<&'a str> {
    let threads = |name: &'a str| {
        let at = name.rfind('-')?;
        let digits = &name[at + 1..];
        (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(&name[at..])
    };
    let first = threads(names.first()?)?;
    names.iter().all(|name| threads(name) == Some(first)).then_some(first)
}

fn quantity(unit: &str) -> Quantity {
    match unit {
        "ns/op" => NANOSECONDS,
        "B/op" => BYTES,
        "allocs/op" => COSTS,
        "MB/s" => per_second("MB/s"),
        other => named(other).unwrap_or_else(|| {
            Quantity::with_suffix(other.chars().take(16).collect::<String>(), Direction::None)
        }),
    }
}

/// Events, one a line: what the packages print is put together by package.
pub(super) fn events(first: &Node, text: &[u8]) -> Known {
    if !(first.has("Action") && (first.has("Package") || first.has("ImportPath"))) {
        return None;
    }
    let mut packages: Vec<String> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut begin = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let at = begin;
        begin += line.len();
        if !line.trim_ascii_start().starts_with(b"{") {
            continue;
        }
        let event = match json::read(line) {
            Ok(event) => event,
            Err(broken) => return Some(Err(Refused::At(at + broken.at, broken.cause))),
        };
        if event.text_at("Action") != Some("output") {
            continue;
        }
        let package = event.text_at("Package").unwrap_or_default();
        let output = event.text_at("Output").unwrap_or_default();
        match places.get(package) {
            Some(place) => packages[*place].push_str(output),
            None => {
                places.insert(package.to_owned(), packages.len());
                packages.push(format!("pkg: {package}\n{output}"));
            }
        }
    }
    let mut all = String::new();
    for text in packages {
        let _ = writeln!(all, "{text}");
    }
    Some(read(&all).unwrap_or(Err(Refused::Unknown)))
}
