//! criterion, divan, libtest, iai-callgrind: Rust.

use super::json::{self, Node};
use super::number::{BYTES, COSTS, NANOSECONDS, Quantity, named, per_second, written};
use super::text::with_unit;
use super::{Benchmark, Content, DIVAN, IAI_CALLGRIND, Known, LIBTEST, Refused, Stat};
use std::collections::{BTreeMap, HashMap, HashSet};

/// One of the files that criterion writes for a benchmark.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    /// `estimates.json`.
    Estimates(Vec<Stat>),
    /// `benchmark.json`: the id, and how much one iteration processes, with what that is.
    Identity { id: String, throughput: Option<(f64, &'static str)> },
    /// `sample.json`: how many samples there were.
    Samples(u64),
    /// Changes since the last run, limits of outliers.
    Other,
}

/// What stands for itself in criterion's estimates.
const ESTIMATES: [(&str, &str); 5] = [
    ("slope", "slope"),
    ("mean", "mean"),
    ("median", "median"),
    ("stddev", "std_dev"),
    ("mad", "median_abs_dev"),
];

/// The files of `target/criterion/ID/new/`, in nanoseconds.
pub(super) fn criterion(node: &Node) -> Known {
    let part = if let Some(id) = node.text_at("full_id").filter(|_| node.has("directory_name")) {
        let throughput = node.get("throughput").map(Node::entries).unwrap_or_default();
        let throughput = throughput.iter().find_map(|(kind, value)| {
            let what = match &**kind {
                "Bytes" | "BytesDecimal" => "B/s",
                "Elements" => "elem/s",
                "Bits" => "b/s",
                _ => return None,
            };
            Some((value.number()?, what))
        });
        Part::Identity { id: id.to_owned(), throughput }
    } else if let (Some(_), Some(Node::Raw(times))) = (node.text_at("sampling_mode"), node.get("times")) {
        Part::Samples(times.count())
    } else if node.at(&["mean", "point_estimate"]).is_some()
        && node.at(&["median", "point_estimate"]).is_some()
    {
        if !node.has("std_dev") {
            return Some(Ok(Content::Part(Part::Other)));
        }
        let stats = ESTIMATES.iter().filter_map(|(stat, key)| {
            let number = node.at(&[key, "point_estimate"])?.number()?;
            Some(Stat { name: (*stat).into(), number, quantity: NANOSECONDS })
        });
        Part::Estimates(stats.collect())
    } else {
        let limits = node.list();
        if limits.len() != 4 || limits.iter().any(|limit| limit.number().is_none()) {
            return None;
        }
        Part::Other
    };
    Some(Ok(Content::Part(part)))
}

/// Benchmarks from the files of their directories, each with the file of its figures. Of a directory `new` those beside
/// it (`base`, saved baselines) are older runs.
pub(super) fn put_together<'a>(parts: &[(&'a str, &Part)]) -> Vec<(&'a str, Benchmark)> {
    let mut directories: BTreeMap<String, Vec<(&'a str, &Part)>> = BTreeMap::new();
    for (file, part) in parts {
        let path = file.replace('\\', "/");
        let directory = path.rsplit_once('/').map_or("", |it| it.0);
        directories.entry(directory.to_owned()).or_default().push((file, part));
    }
    let above = |directory: &str| directory.rsplit_once('/').map_or("", |it| it.0).to_owned();
    let newest: HashSet<String> =
        directories.keys().filter(|it| *it == "new" || it.ends_with("/new")).map(|it| above(it)).collect();
    let mut benchmarks = Vec::new();
    for (directory, files) in &directories {
        let is_new = directory == "new" || directory.ends_with("/new");
        if !is_new && newest.contains(&above(directory)) {
            continue;
        }
        let Some((file, stats)) = files.iter().find_map(|(file, part)| match part {
            Part::Estimates(stats) => Some((*file, stats)),
            _ => None,
        }) else {
            continue;
        };
        let identity = files.iter().find_map(|(_, part)| match part {
            Part::Identity { id, throughput } => Some((id.clone(), *throughput)),
            _ => None,
        });
        let (id, throughput) = identity.unwrap_or_else(|| (id_of(&above(directory)), None));
        let mut benchmark = Benchmark::new(id);
        // What it prints as `time`: the slope where iterations were counted up, else the mean.
        let estimate = stats
            .iter()
            .find(|stat| stat.name == "slope")
            .or_else(|| stats.iter().find(|stat| stat.name == "mean"));
        if let Some(estimate) = estimate {
            benchmark.add("estimate", estimate.number, &NANOSECONDS);
        }
        benchmark.stats.extend(stats.iter().cloned());
        if let (Some((amount, what)), Some(estimate)) = (throughput, estimate) {
            benchmark.add("throughput", amount / NANOSECONDS.base(estimate.number), &per_second(what));
        }
        benchmark.samples = files.iter().find_map(|(_, part)| match part {
            Part::Samples(count) => Some(*count),
            _ => None,
        });
        benchmark.set_spread(stats.iter().find(|it| it.name == "stddev").map(|it| it.number), &NANOSECONDS);
        benchmarks.push((file, benchmark));
    }
    benchmarks
}

/// A benchmark's id by its directory, where no file says it.
fn id_of(directory: &str) -> String {
    let below = directory.rsplit_once("/criterion/").map_or(directory, |it| it.1);
    below.strip_prefix("criterion/").unwrap_or(below).to_owned()
}

/// `test NAME ... bench:  1,234 ns/iter (+/- 56)`, as libtest and criterion's `--output-format bencher` print it.
pub(super) fn libtest(text: &str) -> Known {
    let mut found: Vec<(Option<String>, Benchmark)> = Vec::new();
    let mut binary: Option<String> = None;
    let (mut running, mut done) = (false, false);
    for line in text.lines() {
        let line = line.trim_end();
        let trimmed = line.trim_start();
        if let Some(target) = trimmed.strip_prefix("Running ") {
            // `Running benches/parse.rs (target/release/deps/parse-0123)`
            let path = target.split(" (").next().unwrap_or(target);
            binary = path.rsplit(['/', '\\']).next().and_then(|it| it.strip_suffix(".rs")).map(str::to_owned);
            continue;
        }
        running |= line.starts_with("running ") && line.ends_with(" tests");
        done |= line.starts_with("test result: ") && line.contains(" measured;");
        let Some((name, rest)) = line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... ")) else {
            continue;
        };
        if rest == "FAILED" {
            found.push((binary.clone(), Benchmark::failed(name.trim(), "it failed")));
            continue;
        }
        let Some(figures) = rest.strip_prefix("bench:") else { continue };
        let mut words = figures.split_whitespace();
        let (Some(number), Some(unit)) = (words.next().and_then(written), words.next()) else { continue };
        let Some(quantity) = named(unit) else { continue };
        let mut benchmark = Benchmark::new(name.trim());
        benchmark.add("median", number, &quantity);
        // Between the smallest and the largest sample.
        let range = figures.split_once("(+/- ").and_then(|it| it.1.split(')').next()).and_then(written);
        if let Some(range) = range {
            benchmark.add("range", range, &quantity);
        }
        if let Some((number, unit)) = figures.split_once(" = ").and_then(|it| with_unit(it.1.trim()))
            && unit == "MB/s"
        {
            benchmark.add("throughput", number, &per_second("MB/s"));
        }
        found.push((binary.clone(), benchmark));
    }
    let measured = found.iter().any(|(_, benchmark)| benchmark.problem.is_none());
    let ran = running && done;
    if !measured && !ran {
        return None;
    }
    Some(Ok(Content::Report { tool: LIBTEST, benchmarks: told_apart(found) }))
}

/// Puts the name of its target before a benchmark's where several have one name.
fn told_apart(found: Vec<(Option<String>, Benchmark)>) -> Vec<Benchmark> {
    let mut count: HashMap<String, usize> = HashMap::new();
    for (_, benchmark) in &found {
        *count.entry(benchmark.name.clone()).or_default() += 1;
    }
    let name = |(target, mut benchmark): (Option<String>, Benchmark)| {
        if let (Some(target), Some(2..)) = (target, count.get(&benchmark.name)) {
            benchmark.name = format!("{target}::{}", benchmark.name);
        }
        benchmark
    };
    found.into_iter().map(name).collect()
}

/// divan's table: a tree at the left, then columns. Names are the tree's parts with `::` between them.
pub(super) fn divan(text: &str) -> Known {
    /// A benchmark's row, while the rows below it are read.
    struct Row {
        target: String,
        benchmark: Benchmark,
        /// The kind of allocations that the next rows count.
        kind: Option<String>,
    }
    let mut rows: Vec<Row> = Vec::new();
    let mut column: Option<usize> = None;
    let mut target = String::new();
    let mut path: Vec<String> = Vec::new();
    // Whether the row above is a benchmark's, to which rows without a name belong.
    let mut current = false;
    for line in text.lines() {
        let characters: Vec<char> = line.chars().collect();
        if line.contains("fastest") && line.contains("│ slowest") && line.contains("│ median") {
            let at = line.find("fastest").map_or(0, |at| line[..at].chars().count());
            target = line.chars().take(at).collect::<String>().trim().to_owned();
            column = Some(at);
            path.clear();
            current = false;
            continue;
        }
        let Some(column) = column else { continue };
        let (tree, cells) = characters.split_at(column.min(characters.len()));
        let cells: String = cells.iter().collect();
        let cells: Vec<&str> = cells.split('│').map(str::trim).collect();
        let branch = tree.windows(2).position(|pair| matches!(pair, ['├' | '╰', '─']));
        if let Some(at) = branch {
            path.truncate(at / 3);
            path.push(tree[(at + 2).min(tree.len())..].iter().collect::<String>().trim().to_owned());
            current = false;
            let time = |cell: &str| {
                let (number, unit) = with_unit(cell)?;
                Some((number, named(unit)?))
            };
            if cells.len() < 6 || time(cells[0]).is_none() {
                continue;
            }
            let mut benchmark = Benchmark::new(path.join("::"));
            for (stat, cell) in
                [("min", cells[0]), ("max", cells[1]), ("median", cells[2]), ("mean", cells[3])]
            {
                if let Some((number, quantity)) = time(cell) {
                    benchmark.add(stat, number, &quantity);
                }
            }
            benchmark.samples = cells[4].replace(',', "").parse().ok();
            rows.push(Row { target: target.clone(), benchmark, kind: None });
            current = true;
            continue;
        }
        let Some(row) = rows.last_mut().filter(|_| current && cells.len() >= 4) else { continue };
        if let Some(kind) = cells[0].strip_suffix(':') {
            row.kind = Some(kind.to_owned());
            continue;
        }
        let Some((number, unit)) = with_unit(cells[2]) else { continue };
        match (&row.kind, unit) {
            (None, unit) => {
                if let Some((number, quantity)) = counted(number, unit) {
                    row.benchmark.add("throughput", number, &quantity);
                }
            }
            (Some(kind), "") => row.benchmark.add(format!("{kind} count"), number, &COSTS),
            (Some(kind), unit) => {
                if let Some(quantity) = bytes(unit) {
                    row.benchmark.add(format!("{kind} bytes"), number, &quantity);
                }
            }
        }
    }
    column?;
    let found = rows.into_iter().map(|row| (Some(row.target), row.benchmark)).collect();
    Some(Ok(Content::Report { tool: DIVAN, benchmarks: told_apart(found) }))
}

/// `1.234 GB/s`, `12 Mitem/s`: divan's prefixes are powers of 1000 unless they end in `i`.
fn counted(number: f64, unit: &str) -> Option<(f64, Quantity)> {
    let thing = unit.strip_suffix("/s")?;
    if let Some(size) = bytes(thing) {
        return Some((number, Quantity { shift: size.shift, factor: size.factor, ..per_second("B/s") }));
    }
    for (suffix, shown) in [("item", "item/s"), ("char", "char/s")] {
        if let Some(prefix) = thing.strip_suffix(suffix) {
            let power = ["", "K", "M", "G", "T", "P"].iter().position(|known| *known == prefix)?;
            return Some((number, Quantity { shift: 3 * i32::try_from(power).ok()?, ..per_second(shown) }));
        }
    }
    None
}

fn bytes(unit: &str) -> Option<Quantity> {
    let prefix = unit.strip_suffix('B')?;
    if let Some(power) = ["", "K", "M", "G", "T", "P"].iter().position(|known| *known == prefix) {
        return Some(Quantity { shift: 3 * i32::try_from(power).ok()?, ..BYTES });
    }
    let power = ["Ki", "Mi", "Gi", "Ti", "Pi"].iter().position(|known| *known == prefix)?;
    Some(Quantity { factor: 1024f64.powi(i32::try_from(power).ok()? + 1), ..BYTES })
}

/// What callgrind's events are called: in JSON, in text, here.
const EVENTS: [(&str, &str, &str); 6] = [
    ("Ir", "Instructions", "instructions"),
    ("L1hits", "L1 Hits", "l1-hits"),
    ("LLhits", "LL Hits", "ll-hits"),
    ("RamHits", "RAM Hits", "ram-hits"),
    ("TotalRW", "Total read+write", "total-read-write"),
    ("EstimatedCycles", "Estimated Cycles", "estimated-cycles"),
];

/// `--save-summary`, of every version of its schema: one benchmark. Names are `file::group::function id`.
pub(super) fn iai(node: &Node) -> Known {
    let path = node.text_at("module_path")?;
    if !(node.has("function_name") && node.has("benchmark_exe")) {
        return None;
    }
    let name = match node.text_at("id") {
        Some(id) if !id.is_empty() => format!("{path} {id}"),
        _ => path.to_owned(),
    };
    let profiles = node.get("profiles").or(node.get("tool_summaries")).map(Node::list).unwrap_or_default();
    let callgrind = profiles.iter().find(|it| it.text_at("tool") == Some("Callgrind"));
    let events = callgrind
        .and_then(|it| it.at(&["summaries", "total", "summary", "Callgrind"]))
        .or_else(|| node.at(&["callgrind_summary", "callgrind_run", "total", "summary"]))
        .or_else(|| match node.at(&["callgrind_summary", "summaries"])?.list() {
            [one] => one.get("events"),
            _ => None,
        });
    let Some(events) = events else {
        return Some(Ok(Content::Report {
            tool: IAI_CALLGRIND,
            benchmarks: vec![Benchmark::failed(name, "it has no figures of callgrind")],
        }));
    };
    let mut benchmark = Benchmark::new(name);
    for (event, value) in events.entries() {
        let value = match value.get("metrics") {
            Some(both) => both.get("Left").or_else(|| both.get("Both")?.list().first()),
            None => value.get("new"),
        };
        let number = value.and_then(|it| it.number().or(it.get("Int").or(it.get("Float"))?.number()));
        if let Some(number) = number {
            let stat = EVENTS.iter().find(|it| it.0 == &**event).map_or(&**event, |it| it.2);
            benchmark.add(stat.to_owned(), number, &COSTS);
        }
    }
    Some(Ok(Content::Report { tool: IAI_CALLGRIND, benchmarks: vec![benchmark] }))
}

/// `--output-format=json`: a summary a line.
pub(super) fn iai_lines(first: &Node, text: &[u8]) -> Known {
    iai(first)?.ok();
    let mut all = Vec::new();
    let mut at = 0;
    loop {
        let rest = &text[at..];
        if rest.trim_ascii().is_empty() {
            return Some(Ok(Content::Report { tool: IAI_CALLGRIND, benchmarks: all }));
        }
        let (node, length) = match json::read_first(rest) {
            Ok(found) => found,
            Err(broken) => return Some(Err(Refused::At(at + broken.at, broken.cause))),
        };
        match iai(&node) {
            Some(Ok(Content::Report { benchmarks, .. })) => all.extend(benchmarks),
            _ => return Some(Err(Refused::At(at, "expected another summary of a benchmark".to_owned()))),
        }
        at += length;
    }
}

/// What it prints: `file::group::function id:arguments`, and below it the events with what they were before.
pub(super) fn iai_text(text: &str) -> Known {
    let mut benchmarks: Vec<Benchmark> = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let next = lines.peek().map_or("", |line| line.trim_start());
        let begins = !line.starts_with(char::is_whitespace)
            && line.contains("::")
            && (next.starts_with("Instructions:") || next.starts_with("======= CALLGRIND"));
        if begins {
            let (path, rest) = line.split_once(' ').unwrap_or((line, ""));
            let id = rest.split(':').next().unwrap_or_default();
            let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            let name = if is_id { format!("{path} {id}") } else { path.to_owned() };
            benchmarks.push(Benchmark::new(name));
            continue;
        }
        let Some(benchmark) = benchmarks.last_mut() else { continue };
        let Some((label, value)) = line.strip_prefix("  ").and_then(|line| line.split_once(':')) else {
            continue;
        };
        let number = value.trim_start().split(['|', ' ']).next().and_then(written);
        let known =
            EVENTS.iter().find(|it| it.1 == label.trim() || (it.2 == "ll-hits" && label.trim() == "L2 Hits"));
        if let (Some(number), Some((_, _, stat))) = (number, known)
            && benchmark.stat(stat).is_none()
        {
            benchmark.add(*stat, number, &COSTS);
        }
    }
    (!benchmarks.is_empty()).then_some(Ok(Content::Report { tool: IAI_CALLGRIND, benchmarks }))
}
