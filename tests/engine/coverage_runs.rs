//! One run in several formats, as a whole and split over files, in any order: one figure. The reports are those of real
//! tools; `tests/engine/figures.rs` holds each of them to what its tool printed.

#![expect(clippy::disallowed_methods, reason = "fixtures are files that are read as they stand")]

use proptest::prelude::*;
use serde_json::Value;
use unentropy::collect::coverage::{Coverage, CoverageKind, parse_detected};

use CoverageKind::{Branch, Function, Line, Statement};

/// A run: its folder, the report that says most, the others that say the same of some kinds.
struct Run {
    folder: &'static str,
    first: &'static str,
    kinds: &'static [CoverageKind],
    others: &'static [(&'static str, &'static [CoverageKind])],
}

const RUNS: &[Run] = &[
    Run {
        folder: "istanbul-nyc",
        first: "coverage-final.json",
        kinds: &[Line, Statement, Branch, Function],
        others: &[
            ("coverage-summary.json", &[Line, Statement, Branch, Function]),
            ("lcov.info", &[Line, Branch, Function]),
            ("cobertura-coverage.xml", &[Line]),
            ("raw/1.json", &[Line, Statement, Branch, Function]),
            ("raw/2.json", &[Line, Statement, Branch, Function]),
        ],
    },
    Run {
        folder: "istanbul-nyc-first",
        first: "coverage-final.json",
        kinds: &[Line, Statement, Branch, Function],
        others: &[("lcov.info", &[Line, Branch, Function])],
    },
    Run {
        folder: "istanbul-c8",
        first: "coverage-final.json",
        kinds: &[Line, Statement, Branch, Function],
        others: &[
            ("coverage-summary.json", &[Line, Statement, Branch, Function]),
            ("lcov.info", &[Line, Branch, Function]),
        ],
    },
    Run {
        folder: "istanbul-jest",
        first: "coverage-final.json",
        kinds: &[Line, Statement, Branch, Function],
        others: &[
            ("coverage-summary.json", &[Line, Statement, Branch, Function]),
            ("lcov.info", &[Line, Branch, Function]),
        ],
    },
    Run {
        folder: "istanbul-vitest-istanbul",
        first: "coverage-final.json",
        kinds: &[Line, Statement, Branch, Function],
        others: &[("lcov.info", &[Line, Branch, Function])],
    },
    Run {
        folder: "istanbul-vitest-v8",
        first: "coverage-final.json",
        kinds: &[Line, Statement, Branch, Function],
        others: &[("lcov.info", &[Line, Branch, Function])],
    },
    Run {
        folder: "coveragepy-new",
        first: "coverage.json",
        kinds: &[Line, Branch],
        others: &[("coverage.xml", &[Line, Branch]), ("lcov.info", &[Line, Branch])],
    },
    Run { folder: "coveragepy-line", first: "coverage.json", kinds: &[Line], others: &[] },
    Run {
        folder: "llvm-cov-cpp",
        first: "export.json",
        kinds: &[Line, Branch, Function, CoverageKind::Region],
        others: &[
            ("summary.json", &[Line, Branch, Function, CoverageKind::Region]),
            ("lcov.info", &[Line, Function]),
        ],
    },
    Run {
        folder: "llvm-cov-rust",
        first: "export.json",
        kinds: &[Line, Branch, Function, CoverageKind::Region],
        others: &[
            ("summary.json", &[Line, Branch, Function, CoverageKind::Region]),
            ("lcov.info", &[Line, Function]),
        ],
    },
    Run {
        folder: "gcovr",
        first: "coverage.json",
        kinds: &[Line, Branch, Function],
        others: &[
            ("summary.json", &[Line, Branch, Function]),
            ("cobertura.xml", &[Line, Branch]),
            ("lcov.info", &[Line, Branch]),
        ],
    },
    Run {
        folder: "gcovr-instances",
        first: "coverage.json",
        kinds: &[Line, Branch, Function],
        others: &[("summary.json", &[Line, Branch, Function]), ("cobertura.xml", &[Line, Branch])],
    },
];

fn text(run: &Run, name: &str) -> Vec<u8> {
    let file = format!("{}/tests/fixtures/tools/{}/{name}", env!("CARGO_MANIFEST_DIR"), run.folder);
    std::fs::read(&file).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn read(text: &[u8], name: &str) -> Coverage {
    let mut coverage = parse_detected(text, name).unwrap_or_else(|error| panic!("{name}: {}", error.message));
    // Each tool has its own folder, and lcov's paths are relative to it.
    for root in ["istanbul", "coveragepy", "llvm-cov", "gcovr"] {
        coverage.make_relative(&format!("/tmp/project-{root}"));
    }
    coverage
}

fn counts(coverage: &Coverage, kind: CoverageKind) -> (u64, u64) {
    let counted = coverage.count(kind, &|_| true);
    (counted.covered, counted.total)
}

/// The report once for each of its files, with nothing but that file in it.
fn split(text: &[u8]) -> Vec<Vec<u8>> {
    let whole: Value = serde_json::from_slice(text).expect("JSON");
    let file_of = |value: &Value| {
        let named =
            value.get("filename").or(value.get("file")).or(value.get("filenames").and_then(|all| all.get(0)));
        named.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let pointer = ["/data/0/files", "/files", ""]
        .into_iter()
        .find(|at| whole.pointer(at).is_some())
        .unwrap_or_default();
    let names: Vec<String> = match whole.pointer(pointer) {
        Some(Value::Object(files)) => files.keys().cloned().collect(),
        Some(Value::Array(files)) => files.iter().map(file_of).collect(),
        _ => Vec::new(),
    };
    let part = |name: &String| {
        let mut part = whole.clone();
        match part.pointer_mut(pointer) {
            Some(Value::Object(files)) => files.retain(|key, _| key == name),
            Some(Value::Array(files)) => files.retain(|file| file_of(file) == *name),
            _ => {}
        }
        if let Some(Value::Array(functions)) = part.pointer_mut("/data/0/functions") {
            functions.retain(|function| file_of(function) == *name);
        }
        // Totals are those of the whole.
        for at in ["", "/data/0"] {
            if let Some(Value::Object(object)) = part.pointer_mut(at) {
                object.remove("totals");
            }
        }
        serde_json::to_vec(&part).expect("JSON")
    };
    names.iter().map(part).collect()
}

#[test]
fn a_run_in_several_formats_has_one_figure() {
    let mut wrong = Vec::new();
    for run in RUNS {
        let first = read(&text(run, run.first), run.first);
        for (name, kinds) in run.others {
            let other = read(&text(run, name), name);
            let mut both = first.clone();
            both.merge(&other);
            let mut turned = other.clone();
            turned.merge(&first);
            for &kind in *kinds {
                let expected = counts(&first, kind);
                for (how, found) in [("alone", &other), ("with it", &both), ("before it", &turned)] {
                    // A raw file is one process of several.
                    if name.starts_with("raw/") && how == "alone" {
                        continue;
                    }
                    if counts(found, kind) != expected {
                        wrong.push(format!(
                            "{}: {} of {name} {how}: {:?}, expected {expected:?}",
                            run.folder,
                            kind.name(),
                            counts(found, kind)
                        ));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_run_split_over_files_in_any_order_has_one_figure(
        run in proptest::sample::select((0..RUNS.len()).collect::<Vec<_>>()),
        order in any::<prop::sample::Index>(),
        again in any::<prop::sample::Index>(),
    ) {
        let run = &RUNS[run];
        let whole = text(run, run.first);
        let mut parts = split(&whole);
        prop_assert!(parts.len() > 1 || run.folder.starts_with("llvm-cov-cpp"), "{}", run.folder);
        // One part twice, as where a shard was tried again.
        parts.push(parts[again.index(parts.len())].clone());
        let turned = order.index(parts.len());
        parts.rotate_left(turned);
        if order.index(2) == 1 {
            parts.reverse();
        }
        let mut merged = Coverage::default();
        for (n, part) in parts.iter().enumerate() {
            merged.merge(&read(part, &format!("part {n}")));
        }
        let whole = read(&whole, "whole");
        for &kind in run.kinds {
            prop_assert_eq!(counts(&merged, kind), counts(&whole, kind), "{} of {}", kind.name(), run.folder);
        }
    }
}
