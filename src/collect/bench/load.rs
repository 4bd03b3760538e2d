//! k6 and wrk: load on a server.

use super::json::Node;
use super::number::{BYTES, COSTS, MILLISECONDS, PERCENT, PLAIN, Quantity, moved, named, per_second};
use super::text::with_unit;
use super::{Benchmark, Content, K6, Known, WRK};
use crate::metric::Direction;

/// Trends of k6's own, which are times; of others only the newer summary says what they hold.
const K6_TIMES: [&str; 8] = [
    "http_req_",
    "iteration_duration",
    "group_duration",
    "ws_",
    "grpc_req_duration",
    "browser_web_vital_",
    "browser_http_req_",
    "websocket_",
];

/// The end-of-test summary: `--summary-export`, or the data that `handleSummary` is given.
pub(super) fn k6(node: &Node) -> Known {
    let metrics = node.get("metrics")?.entries();
    if !node.has("root_group") || metrics.is_empty() {
        return None;
    }
    let benchmarks = metrics.iter().map(|(name, metric)| {
        let values = metric.get("values").unwrap_or(metric);
        let has = |key| values.has(key);
        let data =
            matches!(&**name, "data_sent" | "data_received") || metric.text_at("contains") == Some("data");
        let time = match metric.text_at("contains") {
            Some(contains) => contains == "time",
            None => {
                has("avg") && K6_TIMES.iter().any(|own| name.starts_with(own)) && !name.ends_with("_shift")
            }
        };
        let quantity = match (time, data) {
            (true, _) => MILLISECONDS,
            (_, true) => BYTES.toward(Direction::None),
            _ => PLAIN,
        };
        let mut benchmark = Benchmark::new(&**name);
        if has("passes") {
            // A rate: the share of values that are not zero. `value` in the older summary, `rate` in the newer.
            if let Some(share) = values.get("rate").or(values.get("value")).and_then(Node::number) {
                benchmark.add("rate", moved(share, 2), &PERCENT);
            }
            benchmark.take(values, &[("passes", "passes", &PLAIN), ("fails", "fails", &PLAIN)]);
            return benchmark;
        }
        for (stat, key) in
            [("avg", "avg"), ("median", "med"), ("min", "min"), ("max", "max"), ("value", "value")]
        {
            benchmark.take(values, &[(stat, key, &quantity)]);
        }
        for (key, value) in values.entries() {
            let percentile = key.strip_prefix("p(").and_then(|rest| rest.strip_suffix(')'));
            if let (Some(percentile), Some(number)) = (percentile, value.number()) {
                benchmark.add(format!("p{percentile}"), number, &quantity);
            }
        }
        let rate = if data { per_second("B/s").toward(Direction::None) } else { per_second("1/s") };
        benchmark.take(values, &[("rate", "rate", &rate), ("count", "count", &quantity)]);
        benchmark.samples = values.get("count").and_then(Node::count).filter(|_| has("avg"));
        benchmark
    });
    Some(Ok(Content::Report { tool: K6, benchmarks: benchmarks.collect() }))
}

/// What wrk and wrk2 print, of one address after the other; each is named by it.
pub(super) fn wrk(text: &str) -> Known {
    let mut benchmarks: Vec<Benchmark> = Vec::new();
    let mut complete = true;
    for line in text.lines() {
        if line.starts_with("Running ")
            && let Some((_, address)) = line.split_once(" test @ ")
        {
            benchmarks.push(Benchmark::new(address.trim()));
            complete = false;
            continue;
        }
        let Some(benchmark) = benchmarks.last_mut() else { continue };
        let words: Vec<&str> = line.split_whitespace().collect();
        let time = |word: &str| {
            let (number, unit) = with_unit(word)?;
            Some((number, named(unit)?))
        };
        match words[..] {
            ["Latency", average, deviation, max, _] if benchmark.stat("latency").is_none() => {
                for (stat, word) in [("latency", average), ("stddev", deviation), ("max", max)] {
                    if let Some((number, quantity)) = time(word) {
                        benchmark.add(stat, number, &quantity);
                    }
                }
                if let Some((number, quantity)) = time(deviation) {
                    benchmark.set_spread(Some(number), &quantity);
                }
            }
            [percentile, word] if percentile.ends_with('%') && line.starts_with(' ') => {
                let percentile = percentile.trim_end_matches('%').trim_end_matches('0').trim_end_matches('.');
                let whole = words[0].trim_end_matches('%');
                let percentile = if whole.contains('.') { percentile } else { whole };
                if let Some((number, quantity)) = time(word) {
                    benchmark.add(format!("p{percentile}"), number, &quantity);
                }
            }
            ["Requests/sec:", number] => {
                complete = true;
                if let Some((number, "")) = with_unit(number) {
                    benchmark.add("throughput", number, &per_second("req/s"));
                }
            }
            ["Transfer/sec:", word] => {
                if let Some((number, quantity)) = transfer(word) {
                    benchmark.add("transfer", number, &quantity);
                }
            }
            [count, "requests", "in", ..] => benchmark.samples = count.parse().ok(),
            ["Non-2xx", "or", "3xx", "responses:", count] => {
                if let Some((number, "")) = with_unit(count) {
                    benchmark.add("errors", number, &COSTS);
                }
            }
            _ => {}
        }
    }
    if benchmarks.is_empty() {
        return None;
    }
    if !complete {
        let cause = "the file ends before the figures of its last run: it is cut off".to_owned();
        return Some(Err(super::Refused::At(text.len(), cause)));
    }
    for benchmark in &mut benchmarks {
        if benchmark.stats.is_empty() {
            benchmark.problem = Some("it has no figures".to_owned());
        }
    }
    Some(Ok(Content::Report { tool: WRK, benchmarks }))
}

/// wrk's units of data are powers of 1024.
fn transfer(word: &str) -> Option<(f64, Quantity)> {
    let (number, unit) = with_unit(word)?;
    let power = ["B", "KB", "MB", "GB", "TB"].iter().position(|known| *known == unit)?;
    let factor = 1024f64.powi(i32::try_from(power).ok()?);
    Some((number, Quantity { factor, ..per_second("B/s") }))
}
