//! hyperfine, google-benchmark, Catch2: commands and C++.

use super::json::Node;
use super::number::{BYTES, NANOSECONDS, PERCENT, PLAIN, SECONDS, named, per_second};
use super::{Benchmark, CATCH2, Content, GOOGLE, HYPERFINE, Known, Read, Refused};
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use std::collections::{HashMap, HashSet};

/// `hyperfine --export-json`: `{results: [{command, mean, ..}]}`, in seconds.
pub(super) fn hyperfine(node: &Node) -> Known {
    let results = node.get("results")?.list();
    let first = results.first()?;
    if !(first.has("command") && first.has("mean") && first.has("user") && first.has("system")) {
        return None;
    }
    let mut count: HashMap<&str, usize> = HashMap::new();
    for result in results {
        *count.entry(result.text_at("command").unwrap_or_default()).or_default() += 1;
    }
    let benchmarks = results.iter().map(|result| {
        let command = result.text_at("command").unwrap_or_default();
        let parameters = result.get("parameters").map(Node::entries).unwrap_or_default();
        let all: Vec<_> = parameters.iter().map(|(key, value)| format!("{key}={}", value.shown())).collect();
        // A command that is named by hand does not show its parameters.
        let name = if count.get(command).is_some_and(|same| *same > 1) && !all.is_empty() {
            format!("{command} ({})", all.join(", "))
        } else {
            command.to_owned()
        };
        let mut benchmark = Benchmark::new(name);
        for key in ["mean", "median", "min", "max", "stddev", "user", "system"] {
            benchmark.take(result, &[(key, key, &SECONDS)]);
        }
        if let Some(Node::Raw(times)) = result.get("times") {
            benchmark.samples = Some(times.count());
        }
        benchmark.set_spread(result.get("stddev").and_then(Node::number), &SECONDS);
        if let Some(memory) = result.get("memory_usage_byte")
            && let Node::Raw(memory) = memory
            && memory.count() > 0
        {
            benchmark.add("memory", memory.max(), &BYTES);
        }
        benchmark
    });
    Some(Ok(Content::Report { tool: HYPERFINE, benchmarks: benchmarks.collect() }))
}

/// What google-benchmark's rows have besides figures of the benchmark itself.
const GOOGLE_OWN: [&str; 13] = [
    "family_index",
    "per_family_instance_index",
    "repetitions",
    "repetition_index",
    "threads",
    "iterations",
    "real_time",
    "cpu_time",
    "aggregate_name",
    "max_bytes_used",
    "allocs_per_iter",
    "total_allocated_bytes",
    "net_heap_growth",
];

/// `--benchmark_out_format=json`: a row for each run, and rows that aggregate them.
pub(super) fn google(node: &Node) -> Known {
    let rows = node.get("benchmarks")?.list();
    let context = node.get("context")?;
    if !(context.has("num_cpus") || context.has("library_build_type"))
        || rows.iter().any(|row| !row.has("name"))
    {
        return None;
    }
    let mut benchmarks: Vec<(Benchmark, Rows)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let names: HashSet<&str> = rows.iter().filter_map(|row| row.text_at("name")).collect();
    for row in rows {
        let name = row.text_at("name").unwrap_or_default();
        let (run, aggregate) = match (row.text_at("run_name"), row.text_at("aggregate_name")) {
            (Some(run), aggregate) => (run, aggregate),
            // Before 1.5 aggregates are told by their names alone.
            (None, _) => ["mean", "median", "stddev"]
                .iter()
                .find_map(|kind| Some((name.strip_suffix(kind)?.strip_suffix('_')?, Some(*kind))))
                .filter(|(run, _)| names.contains(run))
                .unwrap_or((name, None)),
        };
        let place = *places.entry(run.to_owned()).or_insert_with(|| {
            benchmarks.push((Benchmark::new(run), Rows::default()));
            benchmarks.len() - 1
        });
        let (benchmark, runs) = &mut benchmarks[place];
        if matches!(row.get("error_occurred"), Some(Node::Bool(true))) {
            benchmark.problem = Some(row.text_at("error_message").unwrap_or("it failed").to_owned());
        } else if let Some(skipped) = row.text_at("skip_message").filter(|_| row.has("skipped")) {
            benchmark.problem = Some(skipped.to_owned());
        } else {
            runs.add(row, aggregate);
        }
    }
    let mut all = Vec::new();
    for (mut benchmark, runs) in benchmarks {
        if let Err(refused) = runs.write(&mut benchmark) {
            return Some(Err(refused));
        }
        // Rows of asymptotic complexity alone are no benchmark.
        if !benchmark.stats.is_empty() || benchmark.problem.is_some() {
            all.push(benchmark);
        }
    }
    Some(Ok(Content::Report { tool: GOOGLE, benchmarks: all }))
}

/// The rows of one benchmark.
#[derive(Default)]
struct Rows<'a> {
    runs: Vec<&'a Node>,
    /// By the aggregate's name.
    aggregates: Vec<(&'a str, &'a Node)>,
}

impl<'a> Rows<'a> {
    fn add(&mut self, row: &'a Node, aggregate: Option<&'a str>) {
        match aggregate {
            Some(kind) => self.aggregates.push((kind, row)),
            None => self.runs.push(row),
        }
    }

    fn aggregate(&self, kind: &str) -> Option<&'a Node> {
        self.aggregates.iter().find(|(name, _)| *name == kind).map(|it| it.1)
    }

    fn write(&self, benchmark: &mut Benchmark) -> Result<(), Refused> {
        // With repetitions the tool's figure is their mean, which it rounds no more than we do.
        let Some(main) = self.aggregate("mean").or(self.runs.first().copied()) else { return Ok(()) };
        let unit = main.text_at("time_unit").unwrap_or("ns");
        let Some(time) = named(unit) else {
            return Err(Refused::because(
                format!("`{}` has the time unit `{unit}`, expected `ns`, `us`, `ms` or `s`", benchmark.name),
                "",
            ));
        };
        let mean = |key: &str| match self.aggregate("mean") {
            Some(row) => row.get(key).and_then(Node::number),
            None => {
                let found: Vec<f64> =
                    self.runs.iter().filter_map(|row| row.get(key).and_then(Node::number)).collect();
                (!found.is_empty()).then(|| found.iter().sum::<f64>() / found.len() as f64)
            }
        };
        for key in ["real_time", "cpu_time"] {
            if let Some(number) = mean(key) {
                benchmark.add(key, number, &time);
            }
        }
        for kind in ["median", "stddev", "min", "max"] {
            if let Some(number) = self.aggregate(kind).and_then(|row| row.get("real_time")?.number()) {
                benchmark.add(kind, number, &time);
                if kind == "stddev" {
                    benchmark.set_spread(Some(number), &time);
                }
            }
        }
        if let Some(number) = self.aggregate("cv").and_then(|row| row.get("real_time")?.number()) {
            benchmark.add("cv", super::number::moved(number, 2), &PERCENT);
        }
        for (key, value) in main.entries() {
            if GOOGLE_OWN.contains(&&**key) || value.number().is_none() {
                continue;
            }
            let Some(number) = mean(key) else { continue };
            let quantity = match &**key {
                "items_per_second" => per_second("items/s"),
                "bytes_per_second" => per_second("B/s"),
                _ => PLAIN,
            };
            benchmark.add(key.to_string(), number, &quantity);
        }
        let repetitions = self
            .runs
            .len()
            .max(self.aggregates.first().and_then(|row| row.1.get("repetitions")?.count()).unwrap_or(0)
                as usize);
        if repetitions > 1 {
            benchmark.samples = Some(repetitions as u64);
        }
        Ok(())
    }
}

/// `-r xml`: `BenchmarkResults` in test cases and their sections, in nanoseconds. Names are `test case/section/benchmark`.
pub(super) fn catch2(text: &[u8]) -> Read<Content> {
    let mut reader = Reader::from_reader(text);
    let mut open: Vec<String> = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut benchmarks: Vec<Benchmark> = Vec::new();
    let mut benchmark: Option<Benchmark> = None;
    let mut known = false;
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(text.len());
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(_) if !known => return Err(Refused::Unknown),
            Err(error) => return Err(Refused::At(at, error.to_string())),
        };
        match event {
            Event::Start(tag) | Event::Empty(tag) if open.is_empty() => {
                if !matches!(tag.name().as_ref(), "Catch2TestRun" | "Catch") {
                    return Err(Refused::Unknown);
                }
                known = true;
                open.push(String::new());
            }
            Event::Start(tag) => {
                let name = tag.name().as_ref().to_owned();
                match name.as_str() {
                    "TestCase" | "Section" => path.push(attribute(&tag, "name").unwrap_or_default()),
                    "BenchmarkResults" => {
                        let mut parts = path.clone();
                        parts.push(attribute(&tag, "name").unwrap_or_default());
                        let mut found = Benchmark::new(parts.join("/"));
                        found.samples = attribute(&tag, "samples").and_then(|count| count.parse().ok());
                        benchmark = Some(found);
                    }
                    _ => {
                        if let Some(benchmark) = &mut benchmark {
                            figure(benchmark, &tag);
                        }
                    }
                }
                open.push(name);
            }
            Event::Empty(tag) => {
                if let Some(benchmark) = &mut benchmark {
                    figure(benchmark, &tag);
                }
            }
            Event::End(_) => match open.pop().as_deref() {
                Some("TestCase" | "Section") => {
                    path.pop();
                }
                Some("BenchmarkResults") => benchmarks.extend(benchmark.take()),
                _ => {}
            },
            Event::Eof if !known => return Err(Refused::Unknown),
            Event::Eof if !open.is_empty() => {
                let cause = format!("the file ends inside {} unclosed elements: it is cut off", open.len());
                return Err(Refused::At(text.len(), cause));
            }
            Event::Eof => break,
            _ => {}
        }
    }
    Ok(Content::Report { tool: CATCH2, benchmarks })
}

fn figure(benchmark: &mut Benchmark, tag: &BytesStart<'_>) {
    let value = |name: &str| attribute(tag, name).and_then(|value| value.trim().parse::<f64>().ok());
    match tag.name().as_ref() {
        "mean" => {
            for (stat, name) in [("mean", "value"), ("low mean", "lowerBound"), ("high mean", "upperBound")] {
                if let Some(number) = value(name) {
                    benchmark.add(stat, number, &NANOSECONDS);
                }
            }
        }
        "standardDeviation" => {
            if let Some(number) = value("value") {
                benchmark.add("stddev", number, &NANOSECONDS);
                benchmark.set_spread(Some(number), &NANOSECONDS);
            }
        }
        "failed" => {
            benchmark.problem = Some(attribute(tag, "message").unwrap_or_else(|| "it failed".to_owned()));
        }
        _ => {}
    }
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = tag.attributes().with_checks(false).flatten().find(|it| it.key.as_ref() == name)?;
    let value: &str = &found.value;
    Some(quick_xml::escape::unescape(value).map_or_else(|_| value.to_owned(), |text| text.into_owned()))
}
