//! The figure of every real tool beside ours: `tests/fixtures/tools/*/totals.json` says what each tool printed for the
//! reports that lie beside it. The table of `docs/figures.md` is written from it (`UNENTROPY_WRITE_SNAPSHOTS=1`).

#![expect(clippy::disallowed_methods, reason = "fixtures are files that are read as they stand")]

use serde::Deserialize;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use unentropy::collect::bench::Benchmarks;
use unentropy::collect::junit;
use unentropy::collect::measurement::Measurement;
use unentropy::collect::{self, Measure};

/// What one tool printed about its reports.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Totals {
    /// With its version.
    tool: String,
    /// What was run.
    #[allow(dead_code, reason = "for whoever reads the file")]
    command: String,
    figures: Vec<Figure>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Figure {
    /// Files beside `totals.json`.
    reports: Vec<String>,
    collector: String,
    /// The type, or the stat.
    of: String,
    /// The benchmark, where there are several.
    name: Option<String>,
    covered: Option<u64>,
    total: Option<u64>,
    figure: Option<f64>,
    /// Digits that the tool prints behind the point.
    #[serde(default)]
    decimals: i32,
    /// Why ours is another.
    reason: Option<String>,
    ours: Option<f64>,
}

impl Figure {
    /// What the tool says, and how far ours may be from it.
    fn expected(&self) -> (f64, f64) {
        match (self.covered, self.total, self.figure) {
            (Some(covered), Some(total), None) => (covered as f64 / total as f64 * 100.0, 1e-9),
            // Counts of test cases are equal or not.
            (None, None, Some(figure)) if self.collector == "junit" && self.decimals == 0 => (figure, 0.5),
            (None, None, Some(figure)) => (figure, 10f64.powi(-self.decimals) * (1.0 + 1e-9)),
            _ => panic!("a figure has either `covered` and `total`, or `figure`"),
        }
    }

    fn shown(&self) -> String {
        match (self.covered, self.total, self.figure) {
            (Some(covered), Some(total), _) => {
                format!("{covered}/{total} = {:.2}", covered as f64 / total as f64 * 100.0)
            }
            (_, _, Some(figure)) => format!("{figure:.*}", self.decimals.max(0) as usize),
            _ => String::new(),
        }
    }

    /// What the collector says of the reports in a directory.
    fn measured(&self, directory: &Path) -> f64 {
        let bytes =
            |name: &String| std::fs::read(directory.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        match self.collector.as_str() {
            coverage if coverage.starts_with("coverage") => {
                let line = format!("{coverage} {} --type {}", self.reports.join(" "), self.of);
                let plan = collect::parse(&line).unwrap_or_else(|error| panic!("{line}: {}", error.message));
                let Measure::Coverage { of, format, fallback, .. } = plan.measure else { panic!("{line}") };
                let mut session = Measurement::new("/tmp/project");
                for name in &self.reports {
                    session.add_coverage(name, format, &bytes(name));
                }
                let answer = session.coverage(&self.reports, of, format, fallback, None);
                answer.unwrap_or_else(|error| panic!("{line}: {}", error.message)).0
            }
            "bench" => {
                let mut session = Benchmarks::default();
                for name in &self.reports {
                    session.add(name, &bytes(name));
                }
                let answer = session.value(&self.reports, self.name.as_deref(), Some(&self.of));
                answer.unwrap_or_else(|error| panic!("{:?}: {}", self.name, error.message)).value
            }
            "junit" => {
                let line = format!("junit {} --stat {}", self.reports.join(" "), self.of);
                let plan = collect::parse(&line).unwrap_or_else(|error| panic!("{line}: {}", error.message));
                let Measure::Junit { stat } = plan.measure else { panic!("{line}") };
                let read = |name: &String| {
                    junit::parse(&bytes(name), name).unwrap_or_else(|error| panic!("{}", error.message))
                };
                let runs: Vec<_> = self.reports.iter().map(read).collect();
                let files: Vec<_> = self.reports.iter().map(String::as_str).zip(&runs).collect();
                junit::figure(&files, stat).unwrap_or_else(|error| panic!("{line}: {}", error.message)).value
            }
            other => panic!("no figure can be had of the collector `{other}`"),
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every tool with its directory, in the order of their names.
fn tools() -> Vec<(PathBuf, Totals)> {
    let mut directories: Vec<PathBuf> = std::fs::read_dir(root().join("tests/fixtures/tools"))
        .expect("the tools' reports")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    directories.sort();
    let read = |directory: PathBuf| {
        let file = directory.join("totals.json");
        let text = std::fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let totals = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        (directory, totals)
    };
    directories.into_iter().map(read).collect()
}

const BEGIN: &str = "<!-- the table is written by tests/engine/figures.rs -->\n";
const END: &str = "<!-- end of the table -->\n";

#[test]
fn one_report_gives_the_figure_that_its_tool_prints() {
    let mut table =
        "| tool | reports | collector | type | the tool's | ours | |\n|---|---|---|---|---|---|---|\n"
            .to_owned();
    let mut wrong = Vec::new();
    for (directory, totals) in tools() {
        for figure in &totals.figures {
            let ours = figure.measured(&directory);
            let (expected, within) = figure.expected();
            let agrees = (ours - expected).abs() < within;
            let place = format!(
                "{}: {} of {} as {}",
                totals.tool,
                figure.of,
                figure.reports.join(", "),
                figure.collector
            );
            match (&figure.reason, figure.ours) {
                (None, None) if !agrees => wrong.push(format!("{place}: {} and {ours}", figure.shown())),
                (Some(_), Some(known)) if (ours - known).abs() > 0.005 => {
                    wrong.push(format!("{place}: expected {known} for the reason given, found {ours}"));
                }
                (Some(_), Some(_)) if agrees => {
                    wrong.push(format!("{place}: a reason is given for a difference that is not there"));
                }
                (None, None) | (Some(_), Some(_)) => {}
                _ => wrong.push(format!("{place}: `reason` and `ours` belong together")),
            }
            let of =
                figure.name.as_ref().map_or(figure.of.clone(), |name| format!("{} of `{name}`", figure.of));
            let reason = figure.reason.as_deref().unwrap_or_default();
            let _ = writeln!(
                table,
                "| {} | {} | `{}` | {of} | {} | {} | {reason} |",
                totals.tool,
                figure.reports.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" "),
                figure.collector,
                figure.shown(),
                // Benchmarks are in seconds: two decimals are none.
                if figure.collector == "bench" {
                    format!("{ours:.*}", figure.decimals.max(0) as usize + 1)
                } else {
                    ((ours * 100.0).round() / 100.0).to_string()
                },
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    let page = root().join("docs/figures.md");
    let text = std::fs::read_to_string(&page).expect("docs/figures.md");
    let (before, rest) = text.split_once(BEGIN).expect("where the table begins");
    let (written, after) = rest.split_once(END).expect("where the table ends");
    if std::env::var_os("UNENTROPY_WRITE_SNAPSHOTS").is_some() {
        std::fs::write(&page, [before, BEGIN, &table, END, after].concat()).expect("docs/figures.md");
    } else {
        assert_eq!(written, table, "docs/figures.md is stale: UNENTROPY_WRITE_SNAPSHOTS=1 writes it");
    }
}
