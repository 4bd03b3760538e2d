//! Benchmark reports as their tools write them, asked for one figure and for all, and refused when they are broken.

#![expect(clippy::disallowed_methods, reason = "fixtures are files that are read as they stand")]

use std::path::{Path, PathBuf};
use unentropy::collect::bench::{BenchValue, Benchmarks, wanted};
use unentropy::error::{Code, Error, Result};
use unentropy::metric::{Direction, Unit};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tools")
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(fixtures().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The figure that a name and a stat mean in one file.
fn ask(bytes: impl AsRef<[u8]>, name: Option<&str>, stat: Option<&str>) -> Result<BenchValue> {
    let mut session = Benchmarks::default();
    session.add("report", bytes.as_ref());
    session.value(&["report".to_owned()], name, stat)
}

fn all(bytes: impl AsRef<[u8]>) -> (Vec<BenchValue>, Vec<(String, Error)>) {
    let mut session = Benchmarks::default();
    session.add("report", bytes.as_ref());
    let (values, failed) = session.all(&["report".to_owned()], None).expect("a report with benchmarks");
    (values, failed.into_iter().map(|it| (it.name, it.error)).collect())
}

fn names(bytes: impl AsRef<[u8]>) -> Vec<String> {
    let (values, failed) = all(bytes);
    values
        .into_iter()
        .map(|it| it.name)
        .chain(failed.into_iter().map(|it| format!("{} failed", it.0)))
        .collect()
}

#[test]
fn reports_of_real_tools_give_their_benchmarks_by_names_that_stay() {
    for (file, tool, expected) in [
        ("hyperfine/hyperfine.json", "hyperfine", vec!["sort", "count"]),
        ("hyperfine/parameters.json", "hyperfine", vec!["sized (size=10)", "sized (size=1000)"]),
        (
            "go-bench/count.txt",
            "go test -bench",
            vec![
                "BenchmarkSum/length=10",
                "BenchmarkSum/length=1000",
                "example.com/sample.BenchmarkEmpty",
                "BenchmarkLogs",
                "example.com/sample/other.BenchmarkEmpty",
            ],
        ),
        (
            "go-bench/events.json",
            "go test -bench",
            vec![
                "BenchmarkSum/length=10",
                "BenchmarkSum/length=1000",
                "example.com/sample.BenchmarkEmpty",
                "BenchmarkLogs",
                "example.com/sample/other.BenchmarkEmpty",
            ],
        ),
        (
            "pytest-benchmark/pytest.json",
            "pytest-benchmark",
            vec![
                "test_sample.py::test_total[10]",
                "test_sample.py::test_total[1000]",
                "test_sample.py::TestEmpty::test_total",
            ],
        ),
        (
            "google-benchmark/google.json",
            "google-benchmark",
            vec!["Fill/64", "Fill/4096", "Empty/real_time/threads:2", "Broken failed"],
        ),
        (
            "google-benchmark/repetitions.json",
            "google-benchmark",
            vec!["Fill/64", "Fill/4096", "Empty/real_time/threads:2", "Broken failed"],
        ),
        (
            "catch2/catch.xml",
            "Catch2",
            vec!["strings/fill 64", "strings/long ones/fill 4096", "other strings/fill 64"],
        ),
        (
            "jmh/jmh.json",
            "JMH",
            vec![
                "sample.Sample.fill(length=10) [thrpt]",
                "sample.Sample.fill(length=1000) [thrpt]",
                "sample.Sample.fill(length=10) [avgt]",
                "sample.Sample.fill(length=1000) [avgt]",
                "sample.Sample.hash(length=10)",
                "sample.Sample.hash(length=1000)",
            ],
        ),
        (
            "vitest-bench/vitest.json",
            "vitest bench",
            vec![
                "sample.bench.js > parse > sum 10",
                "sample.bench.js > parse > sum 1000",
                "sample.bench.js > parse > nested > sum 10",
            ],
        ),
        ("tinybench/tinybench.json", "tinybench", vec!["sum 10", "sum 1000", "broken failed"]),
        (
            "mitata/mitata.json",
            "mitata",
            vec!["parse > sum 10", "parse > sum 1000", "line of 5", "line of 50", "broken failed"],
        ),
        ("benchmark.js/benchmarkjs.json", "benchmark.js", vec!["sum 10", "sum 1000", "broken failed"]),
        ("benchmark.js/printed.txt", "benchmark.js", vec!["sum 10", "sum 1000"]),
        (
            "libtest/printed.txt",
            "libtest",
            vec!["line 100", "parse/sum/10", "parse/sum/1000", "flat/sum/5000: all"],
        ),
        (
            "divan/printed.txt",
            "divan",
            vec![
                "line",
                "parse::sum::10",
                "parse::sum::1000",
                "parse::default_of::u32",
                "parse::default_of::u64",
            ],
        ),
        (
            "asv/asv.json",
            "asv",
            vec![
                "benchmarks.Total.time_total(10)",
                "benchmarks.Total.time_total(1000)",
                "benchmarks.Total.track_length(10)",
                "benchmarks.Total.track_length(1000)",
                "benchmarks.mem_list",
                "benchmarks.peakmem_list",
                "benchmarks.time_broken failed",
            ],
        ),
        (
            "benchmarkdotnet/documented.json",
            "BenchmarkDotNet",
            vec!["Sample.Parse.Sum(Length: 10)", "Sample.Parse.Broken(Length: 10) failed"],
        ),
        ("wrk/printed.txt", "wrk", vec!["http://127.0.0.1:18473/"]),
        (
            "k6/documented-summary.json",
            "k6",
            vec!["http_req_duration", "http_reqs", "http_req_failed", "data_received", "vus", "depth"],
        ),
        ("size-limit/size-limit.json", "size-limit", vec!["sample", "package.json"]),
    ] {
        let bytes = fixture(file);
        let mut session = Benchmarks::default();
        session.add(file, &bytes);
        assert_eq!(session.described(file).map(|it| it.0), Ok(tool), "{file}");
        assert_eq!(names(&bytes), expected, "{file}");
    }
}

#[test]
fn figures_are_in_base_units_and_say_what_they_are() {
    for (file, name, stat, expected) in [
        (
            "google-benchmark/google.json",
            "Fill/64",
            None,
            (Some(Unit::Duration), None, Direction::LowerIsBetter),
        ),
        (
            "google-benchmark/google.json",
            "Fill/64",
            Some("bytes_per_second"),
            (None, Some("B/s"), Direction::HigherIsBetter),
        ),
        ("google-benchmark/google.json", "Fill/64", Some("length"), (None, None, Direction::None)),
        (
            "go-bench/count.txt",
            "BenchmarkSum/length=10",
            None,
            (Some(Unit::Duration), None, Direction::LowerIsBetter),
        ),
        (
            "go-bench/count.txt",
            "length=10",
            Some("bytes"),
            (Some(Unit::Bytes), None, Direction::LowerIsBetter),
        ),
        ("go-bench/count.txt", "length=10", Some("allocs"), (None, None, Direction::LowerIsBetter)),
        (
            "go-bench/count.txt",
            "length=10",
            Some("throughput"),
            (None, Some("MB/s"), Direction::HigherIsBetter),
        ),
        ("go-bench/count.txt", "length=10", Some("numbers/op"), (None, Some("numbers/op"), Direction::None)),
        (
            "divan/printed.txt",
            "parse::sum::10",
            Some("throughput"),
            (None, Some("B/s"), Direction::HigherIsBetter),
        ),
        (
            "divan/printed.txt",
            "line",
            Some("max alloc bytes"),
            (Some(Unit::Bytes), None, Direction::LowerIsBetter),
        ),
        ("divan/printed.txt", "line", Some("alloc count"), (None, None, Direction::LowerIsBetter)),
        ("asv/asv.json", "benchmarks.mem_list", None, (Some(Unit::Bytes), None, Direction::LowerIsBetter)),
        (
            "bundle-stats/bundle-stats.json",
            "totalSizeByTypeALL",
            None,
            (Some(Unit::Bytes), None, Direction::LowerIsBetter),
        ),
        ("bundle-stats/bundle-stats.json", "moduleCount", None, (None, None, Direction::None)),
        ("wrk/printed.txt", "http*", None, (None, Some("req/s"), Direction::HigherIsBetter)),
        ("k6/documented-summary.json", "depth", None, (None, None, Direction::None)),
        ("k6/documented-summary.json", "http_req_failed", None, (Some(Unit::Percent), None, Direction::None)),
        ("jmh/jmh.json", "*length=10) [thrpt]", None, (None, Some("ops/s"), Direction::HigherIsBetter)),
        ("jmh/jmh.json", "*length=10) [avgt]", None, (Some(Unit::Duration), None, Direction::LowerIsBetter)),
        ("vitest-bench/vitest.json", "sum 1000", None, (None, Some("ops/s"), Direction::HigherIsBetter)),
        ("size-limit/size-limit.json", "sample", None, (Some(Unit::Bytes), None, Direction::LowerIsBetter)),
    ] {
        let found =
            ask(fixture(file), Some(name), stat).unwrap_or_else(|error| panic!("{file} {name}: {error:?}"));
        assert_eq!(
            (found.unit, found.suffix.as_deref(), found.direction),
            expected,
            "{file} {name} {stat:?}"
        );
    }
}

#[test]
fn samples_and_their_spread_come_with_the_figure() {
    let found = ask(fixture("hyperfine/hyperfine.json"), Some("sort"), None).unwrap();
    assert_eq!(found.samples, Some(10));
    let deviation = ask(fixture("hyperfine/hyperfine.json"), Some("sort"), Some("stddev")).unwrap();
    assert_eq!(found.spread, Some(deviation.value));
    assert_eq!(deviation.spread, None);
    let count = ask(fixture("go-bench/count.txt"), Some("BenchmarkLogs"), None).unwrap();
    assert_eq!(count.samples, Some(3));
    assert!(count.spread.is_some_and(|spread| spread > 0.0 && spread < count.value));
    // A rate has no spread in seconds.
    let rate = ask(fixture("vitest-bench/vitest.json"), Some("sum 1000"), None).unwrap();
    assert_eq!((rate.samples, rate.spread), (Some(80), None));
    // Forks and iterations.
    let jmh = ask(fixture("jmh/jmh.json"), Some("*length=10) [avgt]"), None).unwrap();
    assert_eq!(jmh.samples, Some(6));
    assert!(jmh.spread.is_some());
}

#[test]
fn repetitions_of_go_are_one_benchmark_with_their_median() {
    let text = "pkg: example.com/a\nBenchmarkX-8 \t 100 \t 30.0 ns/op\t 8 B/op\t 1 allocs/op\n\
                BenchmarkX-8 \t 100 \t 10.0 ns/op\t 8 B/op\t 1 allocs/op\n\
                BenchmarkX-8 \t 100 \t 14.0 ns/op\t 9 B/op\t 1 allocs/op\n";
    let of = |stat| ask(text, None, stat).unwrap();
    assert_eq!(of(None).name, "BenchmarkX");
    assert_eq!((of(None).value, of(None).samples), (14e-9, Some(3)));
    assert_eq!(of(Some("mean")).value, 18e-9);
    assert_eq!((of(Some("min")).value, of(Some("max")).value), (10e-9, 30e-9));
    assert_eq!(of(Some("B/op")).value, 8.0);
    // Names of runs with several numbers of threads stay apart.
    let cpus = "BenchmarkX \t 1 \t 1 ns/op\nBenchmarkX-2 \t 1 \t 2 ns/op\n";
    assert_eq!(names(cpus), ["BenchmarkX", "BenchmarkX-2"]);
    // What a benchmark prints stands between its name and its figures.
    let noisy = "BenchmarkX-8 \thello\nworld\n     100\t 12.5 ns/op\nPASS\n";
    assert_eq!(ask(noisy, None, None).unwrap().value, 12.5e-9);
    // One that fails has no figure.
    let failed = "BenchmarkX-8 \t 1 \t 1 ns/op\n--- FAIL: BenchmarkY-8\n    x_test.go:3: no\nFAIL\n";
    assert_eq!(names(failed), ["BenchmarkX", "BenchmarkY failed"]);
}

/// criterion's three files of a benchmark.
fn criterion(session: &mut Benchmarks, directory: &str, id: &str, slope: &str) -> Vec<String> {
    let of = |estimate: &str| format!("{{\"point_estimate\":{estimate}}}");
    let estimates = format!(
        "{{\"mean\":{},\"median\":{},\"median_abs_dev\":{},\"slope\":{},\"std_dev\":{}}}",
        of("200.5"),
        of("199"),
        of("1"),
        if slope == "null" { slope.to_owned() } else { of(slope) },
        of("3.5"),
    );
    let benchmark = format!(
        "{{\"group_id\":\"g\",\"full_id\":\"{id}\",\"directory_name\":\"d\",\"throughput\":{{\"Bytes\":1000}}}}"
    );
    let sample = "{\"sampling_mode\":\"Linear\",\"iters\":[1,2,3],\"times\":[1,2,3]}";
    let files = [("estimates", &*estimates), ("benchmark", &*benchmark), ("sample", sample)];
    let path = |name: &str| format!("{directory}/{name}.json");
    for (name, text) in files {
        session.add(&path(name), text.as_bytes());
    }
    files.map(|it| path(it.0)).to_vec()
}

#[test]
fn a_tree_of_criterion_is_one_report_of_its_newest_run() {
    let mut session = Benchmarks::default();
    let mut files = Vec::new();
    for n in 0..60 {
        let id = format!("parse/case {n}");
        files.extend(criterion(&mut session, &format!("target/criterion/parse/case_{n}/new"), &id, "210.25"));
        files.extend(criterion(&mut session, &format!("target/criterion/parse/case_{n}/base"), &id, "999"));
    }
    files.extend(criterion(&mut session, "target/criterion/flat/new", "flat", "null"));
    session.add("target/criterion/flat/new/tukey.json", b"[1.0,2.0,3.0,4.0]");
    files.push("target/criterion/flat/new/tukey.json".to_owned());
    session.add(
        "target/criterion/flat/change/estimates.json",
        b"{\"mean\":{\"point_estimate\":0.01},\"median\":{\"point_estimate\":0.02}}",
    );
    files.push("target/criterion/flat/change/estimates.json".to_owned());

    let (values, failed) = session.all(&files, None).unwrap();
    assert_eq!((values.len(), failed.len()), (61, 0));
    let one = session.value(&files, Some("parse/case 7"), None).unwrap();
    assert_eq!((one.value, one.samples, one.spread), (2.1025e-7, Some(3), Some(3.5e-9)));
    assert_eq!(one.unit, Some(Unit::Duration));
    // Without a slope it is the mean that criterion prints.
    assert_eq!(session.value(&files, Some("flat"), None).unwrap().value, 2.005e-7);
    assert_eq!(session.value(&files, Some("flat"), Some("median")).unwrap().value, 1.99e-7);
    let throughput = session.value(&files, Some("flat"), Some("throughput")).unwrap();
    assert_eq!((throughput.value, throughput.suffix.as_deref()), (1000.0 / 2.005e-7, Some("B/s")));

    // Of a directory only the newest run's files are read.
    let mut below = files.clone();
    below.push("target/criterion/report/index.html".to_owned());
    below.push("go.txt".to_owned());
    let mut read = wanted(below);
    assert_eq!(read.pop().as_deref(), Some("go.txt"));
    assert_eq!(read.len(), 61 * 3);
    assert_eq!(session.all(&read, None).unwrap().0.len(), 61);

    // Without its identity it is called by its directory.
    let alone = ["target/criterion/flat/new/estimates.json".to_owned()];
    assert_eq!(session.value(&alone, None, None).unwrap().name, "flat");
}

#[test]
fn a_pattern_means_one_benchmark_or_says_what_there_is() {
    let text = "[{\"name\":\"parse/json\",\"unit\":\"ms\",\"value\":1},{\"name\":\"parse/xml\",\"unit\":\"ms\",\"value\":2},\
                {\"name\":\"write/json\",\"unit\":\"ms\",\"value\":3}]";
    let value = |name| ask(text, name, None).map(|it| it.value);
    assert_eq!(value(Some("parse/xml")), Ok(0.002));
    assert_eq!(value(Some("xml")), Ok(0.002));
    assert_eq!(value(Some("w*")), Ok(0.003));
    assert_eq!(value(Some("parse/?ml")), Ok(0.002));
    for (name, message, hint) in [
        (
            None,
            "there are 3 benchmarks, expected `--name`",
            "Name one of them: `parse/json`, `parse/xml` and `write/json`.",
        ),
        (
            Some("parse/*"),
            "`parse/*` matches 2 benchmarks, expected one",
            "Name one of them: `parse/json` and `parse/xml`.",
        ),
        (
            Some("json"),
            "`json` matches 2 benchmarks, expected one",
            "Name one of them: `parse/json` and `write/json`.",
        ),
        (Some("parse/jsn"), "no benchmark is called `parse/jsn`", "Did you mean `parse/json`?"),
        (Some("nothing*"), "no benchmark is called `nothing*`", "There are `parse/json`"),
    ] {
        let error = ask(text, name, None).unwrap_err();
        assert_eq!((error.code, error.message.as_str()), (Code::CollectorNothing, message), "{name:?}");
        assert!(error.hint.starts_with(hint), "{name:?}: {}", error.hint);
    }
    let error = ask(fixture("hyperfine/hyperfine.json"), Some("sort"), Some("throughput")).unwrap_err();
    assert_eq!(error.code, Code::CollectorUsage);
    assert_eq!(error.message, "`sort` of hyperfine has no `throughput`");
    assert!(error.hint.contains("`mean`, `median`, `min`, `max`"), "{}", error.hint);
}

#[test]
fn broken_reports_are_errors_and_never_a_number() {
    for (text, message) in [
        ("", "the file is empty"),
        ("  \n", "the file is empty"),
        (
            "{\"results\": [{\"command\": \"a\", \"mean\": 1.",
            "line 1 (byte 40): the file ends inside the JSON document: it is cut off",
        ),
        (
            "{\"results\": [{\"command\": \"a\", \"mean\": 1.25}\n{",
            "line 2 (byte 44): expected `,` or `]`, found `{`",
        ),
        ("hello", "not a benchmark report that is known: it starts with `hello`"),
        ("{\"a\": 1}", "not a benchmark report that is known"),
        ("<testsuites><testsuite/></testsuites>", "this is a test report, expected a benchmark report"),
        ("<coverage line-rate=\"1\"/>", "this is a coverage report, expected a benchmark report"),
        ("TN:\nSF:a.js\nDA:1,1\nend_of_record\n", "this is a coverage report"),
        ("<Catch2TestRun><TestCase name=\"a\">", "the file ends inside 2 unclosed elements: it is cut off"),
        (
            "{\"metric\":\"vus\",\"type\":\"Metric\"}\n{\"metric\":\"vus\",\"type\":\"Point\"}\n",
            "these are k6's raw samples",
        ),
        ("Running 5s test @ http://localhost/\n  2 threads and 10 connections\n", "it is cut off"),
        ("BenchmarkA-2 \t 100 \t 12.5 ns/o", "it is cut off"),
        ("command,mean,stddev,median\na,1,2,3\n", "this is hyperfine's table"),
    ] {
        let error = ask(text, None, None).unwrap_err();
        assert_eq!(error.code, Code::CollectorFormat, "{text}");
        assert!(error.message.contains(message), "{text}: {}", error.message);
    }
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(ask(deep, None, None).unwrap_err().message.contains("expected at most 100 levels"));
    for (value, message) in [
        ("NaN", "`value` of `a` in `report` is `NaN`, expected a finite number"),
        ("Infinity", "`value` of `a` in `report` is too large, expected a finite number"),
        ("1e999", "`value` of `a` in `report` is too large, expected a finite number"),
        ("-3", "`value` of `a` in `report` is `-3`, expected a number that is not negative"),
        ("\"many\"", "`a` has no result in `report`: its `value` is no number"),
        ("null", "`a` has no result in `report`: its `value` is no number"),
    ] {
        let text = format!("[{{\"name\":\"a\",\"unit\":\"ms\",\"value\":{value}}}]");
        let error = ask(&text, None, None).unwrap_err();
        assert_eq!(error.message, message, "{value}");
        let (values, failed) = all(&text);
        assert_eq!((values.len(), failed.len()), (0, 1), "{value}");
    }
    let twice = "[{\"name\":\"a\",\"unit\":\"s\",\"value\":1},{\"name\":\"a\",\"unit\":\"s\",\"value\":2}]";
    assert_eq!(ask(twice, None, None).unwrap_err().code, Code::CollectorNothing);
    assert_eq!(ask(twice, Some("a"), None).unwrap_err().message, "`a` is there 2 times, in `report`");
    let (values, failed) = all(twice);
    assert_eq!((values.len(), failed.len()), (0, 1));
    let none = ask("{\"benchmarks\":[],\"machine_info\":{}}", None, None).unwrap_err();
    assert_eq!((none.code, none.message.as_str()), (Code::CollectorNothing, "the files hold no benchmark"));
}

#[test]
fn formats_that_stand_for_others_take_their_unit_from_the_file() {
    for (unit, value, expected, shown, suffix) in [
        ("ns/iter", 12.5, 1.25e-8, Some(Unit::Duration), None),
        ("Seconds", 2.0, 2.0, Some(Unit::Duration), None),
        ("us", 50.0, 5e-5, Some(Unit::Duration), None),
        ("KiB", 1.5, 1536.0, Some(Unit::Bytes), None),
        ("MB/s", 1400.0, 1400.0, None, Some("MB/s")),
        ("iter/sec", 7.0, 7.0, None, Some("iter/s")),
        ("%", 7.0, 7.0, Some(Unit::Percent), None),
        ("points", 7.0, 7.0, None, Some("points")),
    ] {
        let text = format!("[{{\"name\":\"a\",\"unit\":\"{unit}\",\"value\":{value}}}]");
        let found = ask(&text, None, None).unwrap();
        assert_eq!((found.value, found.unit, found.suffix.as_deref()), (expected, shown, suffix), "{unit}");
    }
    let bencher = "{\"a::b\":{\"latency\":{\"value\":88.5,\"lower_value\":1},\"throughput\":{\"value\":5}}}";
    assert_eq!(ask(bencher, Some("b"), None).unwrap().value, 8.85e-8);
    assert_eq!(ask(bencher, None, Some("throughput")).unwrap().suffix.as_deref(), Some("ops/s"));
}
