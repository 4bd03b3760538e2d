//! What `config::check` accepts, refuses and says. The files below `tests/fixtures/config` are also
//! held against the JSON Schema: `accept` must pass both, `reject` must fail both, and
//! `reject-semantic` breaks rules that a schema cannot express.

use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeSet;
use unentropy::config::{CheckedConfig, Diagnostic, StorageType, TEMPLATES, check};
use unentropy::metric::Direction;

/// Name, path, line and a part of the message of every mistaken fixture.
macro_rules! cases {
    ($($name:literal, $path:literal, $line:literal, $part:literal;)+) => {
        const MISTAKES: &[(&str, &str, &str, u32, &str)] = &[
            $(($name, include_str!(concat!("../fixtures/config/", $name, ".json")), $path, $line, $part),)+
        ];
    };
}

/// Name and text of every sound fixture.
macro_rules! sound {
    ($($name:literal,)+) => {
        const SOUND: &[(&str, &str)] = &[$(($name, include_str!(concat!("../fixtures/config/", $name, ".json"))),)+];
    };
}

fn checked(text: &str) -> CheckedConfig {
    check(text, "unentropy.json")
}

/// Errors and warnings as a terminal shows them.
fn rendered(checked: &CheckedConfig) -> String {
    let line = |kind: &str, diagnostic: &Diagnostic| {
        let hint =
            if diagnostic.hint.is_empty() { String::new() } else { format!("    {}\n", diagnostic.hint) };
        format!("{kind}: {diagnostic}\n{hint}")
    };
    let errors = checked.errors.iter().map(|diagnostic| line("error", diagnostic));
    errors.chain(checked.warnings.iter().map(|diagnostic| line("warning", diagnostic))).collect()
}

fn fixture(name: &str) -> &'static str {
    let mistakes = MISTAKES.iter().map(|(name, text, ..)| (*name, *text));
    mistakes.chain(SOUND.iter().copied()).find(|(known, _)| *known == name).expect("a fixture").1
}

#[test]
fn every_mistake_is_reported_at_its_place() {
    for (name, text, path, line, part) in MISTAKES {
        let checked = checked(text);
        assert!(checked.config.is_none(), "{name} is accepted");
        let met = |d: &Diagnostic| d.path == *path && d.line == *line && d.message.contains(part);
        assert!(
            checked.errors.iter().any(met),
            "{name}: {path} on line {line}: {part}\n{}",
            rendered(&checked)
        );
        assert!(checked.warnings.is_empty(), "{name}\n{}", rendered(&checked));
    }
}

#[test]
fn one_mistake_is_one_error() {
    // These break several rules at once.
    let several = [
        "reject/metric-is-empty",
        "reject/threshold-empty",
        "reject/section-empty",
        "reject/secret-as-storage",
    ]
    .into_iter()
    .chain(["reject/secret-in-unknown-key-value", "reject/secret-nested-deep"])
    .chain(["reject-semantic/group-of-one-value"]);
    let several: BTreeSet<_> = several.collect();
    for (name, text, ..) in MISTAKES.iter().filter(|(name, ..)| !several.contains(name)) {
        let checked = checked(text);
        assert_eq!(checked.errors.len(), 1, "{name}\n{}", rendered(&checked));
    }
}

#[test]
fn sound_configurations_are_accepted_without_a_word() {
    for (name, text) in SOUND {
        let checked = checked(text);
        assert!(checked.config.is_some(), "{name}\n{}", rendered(&checked));
        let expected = usize::from(*name == "accept/storage-unknown-type");
        assert_eq!(checked.warnings.len(), expected, "{name}\n{}", rendered(&checked));
    }
}

#[test]
fn every_fixture_is_listed_here() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/config");
    for folder in ["accept", "reject", "reject-semantic"] {
        for entry in std::fs::read_dir(format!("{root}/{folder}")).expect("the folder is there") {
            let file = entry.expect("readable").file_name().into_string().expect("plain names");
            let name = format!("{folder}/{}", file.strip_suffix(".json").expect("a JSON file"));
            assert!(!fixture(&name).is_empty());
        }
    }
}

#[test]
fn the_exact_words_are_these() {
    let names = [
        "reject/root-is-a-list",
        "reject/root-is-empty",
        "reject/root-misspelt-key",
        "reject/metrics-too-many",
        "reject/metric-key-upper-case",
        "reject/metric-is-empty",
        "reject/metric-ref-unknown",
        "reject/metric-template-coverage-without-command",
        "reject/metric-unit-unknown",
        "reject/metric-timeout-text",
        "reject/metric-name-null",
        "reject/storage-flat-key",
        "reject/secret-access-key",
        "reject/secret-in-unknown-key-value",
        "reject/secret-as-key",
        "reject/gate-mode-unknown",
        "reject/threshold-min-without-target",
        "reject/threshold-window-elsewhere",
        "reject/chart-metrics-number",
        "reject/theme-short-colour",
        "reject/theme-unknown-variable",
        "reject/sources-text",
        "reject-semantic/duplicate-root-key",
        "reject-semantic/threshold-unknown-metric",
        "reject-semantic/threshold-label-metric",
        "accept/storage-unknown-type",
        "reject/storage-postgres",
        "reject-semantic/collector-unknown",
    ];
    let text: String =
        names.iter().map(|name| format!("== {name}\n{}\n", rendered(&checked(fixture(name))))).collect();
    let expected = include_str!("../fixtures/config/words.txt").replace("\r\n", "\n");
    assert!(text == expected, "the words have changed; fixtures/config/words.txt should hold:\n{text}");
}

#[test]
fn messages_and_hints_keep_to_the_house_style() {
    for (name, text, ..) in MISTAKES {
        for Diagnostic { message, hint, .. } in checked(text).errors {
            assert!(!message.ends_with('.') && !message.contains('\n'), "{name}: {message}");
            assert!(message.starts_with(|c: char| c.is_lowercase() || c == '`'), "{name}: {message}");
            assert!(hint.is_empty() || hint.ends_with(['.', '?']), "{name}: {hint}");
        }
    }
}

#[test]
fn close_names_are_suggested() {
    for (name, meant) in [
        ("reject/root-misspelt-key", "qualityGate"),
        ("reject/metric-unknown-key", "command"),
        ("reject/metric-ref-unknown", "coverage"),
        ("reject/metric-type-unknown", "numeric"),
        ("reject/metric-unit-unknown", "percent"),
        ("reject/metric-unit-upper-case", "percent"),
        ("reject/storage-unknown-key", "type"),
        ("reject/storage-flat-key", "s3.bucket"),
        ("reject/storage-s3-unknown-key", "bucket"),
        ("reject/storage-artifact-unknown-key", "branchFilter"),
        ("reject/gate-unknown-key", "thresholds"),
        ("reject/threshold-mode-unknown", "min"),
        ("reject/threshold-unknown-key", "tolerance"),
        ("reject/theme-unknown", "lattice"),
        ("reject/report-unknown-key", "sections"),
        ("reject-semantic/threshold-unknown-metric", "coverage"),
        ("reject-semantic/chart-unknown-metric", "coverage"),
        ("reject-semantic/chart-metric-of-wrong-case", "coverage"),
        ("accept/storage-unknown-type", "sqlite-s3"),
        ("reject-semantic/collector-unknown", "loc"),
        ("reject-semantic/collector-option-unknown", "--language"),
    ] {
        let checked = checked(fixture(name));
        let hint = &checked.errors.iter().chain(&checked.warnings).next().expect("a diagnostic").hint;
        assert!(hint.starts_with(&format!("Did you mean `{meant}`?")), "{name}: {hint}");
    }
}

#[test]
fn six_mistakes_are_reported_at_once_in_the_order_of_the_file() {
    let checked = checked(
        r##"{
  "metrics": {
    "Coverage": {"$ref": "coverage", "command": "c"},
    "size": {"$ref": "size", "unit": "byte"},
    "status": {"type": "label"}
  },
  "storage": {"s3": {"accessKeyId": "AKIAIOSFODNN7EXAMPLE"}},
  "qualityGate": {"thresholds": [{"metric": "siez", "mode": "max", "target": 1}]},
  "report": {"theme": {"dark": {"--bg": "black"}}}
}"##,
    );
    let places: Vec<_> = checked.errors.iter().map(|d| (d.line, d.column, d.path.as_str())).collect();
    assert_eq!(
        places,
        [
            (3, 5, "metrics.Coverage"),
            (4, 38, "metrics.size.unit"),
            (5, 15, "metrics.status.command"),
            (7, 22, "storage.s3.accessKeyId"),
            (8, 45, "qualityGate.thresholds[0].metric"),
            (9, 41, "report.theme.dark.--bg"),
        ]
    );
}

#[test]
fn a_crowd_of_mistakes_is_cut_short_and_counted() {
    let keys = |count: usize| (0..count).map(|i| format!("\n\"k{i}\": 1,")).collect::<String>();
    for (count, reported, last) in [
        (20, 20, None),
        (200, 200, None),
        (201, 201, Some("1 problem more after these")),
        (30_000, 201, Some("29,800 problems more after these")),
    ] {
        let text = format!("{{{}\n\"metrics\": {{\"a\": {{\"$ref\": \"loc\"}}}}}}", keys(count));
        let checked = checked(&text);
        assert_eq!(checked.errors.len(), reported);
        assert_eq!(checked.errors[9].line, 11);
        assert!(last.is_none_or(|last| checked.errors[200].message == last), "{:?}", checked.errors.last());
    }
}

#[test]
fn columns_count_characters_and_lines_end_as_they_may() {
    for (text, line, column) in [
        ("{\"metrics\": {\"a\": {\"name\": \"größe \u{1f600}\", \"x\": 1, \"$ref\": \"loc\"}}}", 1, 39),
        ("{\r\n\"metrics\":\r\n {\"a\": {\"$ref\": \"loc\",\r\n  \"x\": 1}}}", 4, 3),
        ("{\r\"metrics\":\r {\"a\": {\"$ref\": \"loc\",\r  \"x\": 1}}}", 4, 3),
        ("\u{feff}{\"x\": 1, \"metrics\": {\"a\": {\"$ref\": \"loc\"}}}", 1, 2),
    ] {
        let checked = checked(text);
        let places: Vec<_> = checked.errors.iter().map(|d| (d.line, d.column)).collect();
        assert_eq!(places, [(line, column)], "{text}");
    }
}

#[test]
fn a_byte_order_mark_and_any_line_ends_change_nothing() {
    let text = fixture("accept/earlier-complete");
    let plain = checked(text).config;
    assert!(plain.is_some());
    assert_eq!(checked(&format!("\u{feff}{text}")).config, plain);
    assert_eq!(checked(&text.replace('\n', "\r\n")).config, plain);
}

#[test]
fn what_is_not_json_has_one_error_that_says_what_was_expected() {
    for (text, line, column, message) in [
        ("", 1, 1, "expected a JSON object, found an empty file"),
        ("\n\n", 3, 1, "expected a JSON object, found an empty file"),
        ("metrics:\n  a: 1", 1, 1, "expected a value, found a word without quotes"),
        ("{\n  \"metrics\": {},\n}", 2, 16, "expected another entry after the comma, found `}`"),
        ("{\n  // metrics\n}", 2, 3, "expected JSON, found a comment"),
        (
            "{\n  \"metrics\": {}\n  \"report\": {}\n}",
            2,
            16,
            "expected `,` or the end of the list or object, found text in double quotes",
        ),
        ("{'metrics': {}}", 1, 2, "expected double quotes, found a single quote"),
        ("{metrics: {}}", 1, 2, "expected a key in double quotes or `}`, found a word without quotes"),
        ("{\"metrics\" {}}", 1, 12, "expected `:` after the key, found `{`"),
        ("{\"metrics\": }", 1, 13, "expected a value, found `}`"),
        ("{\"metrics\":", 1, 12, "expected a value after `:`, found the end of the file"),
        ("{\"metrics\": {", 1, 13, "expected `}` before the end of the file: this object is never closed"),
        ("{\"sources\": [\"a\"", 1, 13, "expected `]` before the end of the file: this list is never closed"),
        ("{\"metrics", 1, 2, "expected a closing `\"`: this text is never closed"),
        ("{\"a\": \"b\n\"}", 1, 9, "expected a closing `\"` before the end of the line"),
        ("{\"a\": \"b\tc\"}", 1, 9, "expected printable text, found the control character U+0009"),
        (
            "{\"a\": \"\\x\"}",
            1,
            8,
            "expected one of the escapes `\\\"`, `\\\\`, `\\/`, `\\b`, `\\f`, `\\n`, `\\r`, `\\t` and `\\uXXXX`",
        ),
        ("{\"a\": 012}", 1, 8, "expected a number without leading zeros"),
        ("{\"a\": .5}", 1, 7, "expected digits on both sides of the decimal point"),
        ("{\"a\": +5}", 1, 7, "expected a JSON number"),
        ("{\"a\": 0x5}", 1, 7, "expected a JSON number"),
        ("{\"a\": NaN}", 1, 7, "expected a value, found a word without quotes"),
        ("{\"a\":\u{a0}1}", 1, 6, "expected JSON white space, found U+00A0"),
        ("{} {}", 1, 4, "expected the end of the file, found `{`"),
    ] {
        let checked = checked(text);
        let found: Vec<_> = checked.errors.iter().map(|d| (d.line, d.column, d.message.as_str())).collect();
        assert_eq!(found, [(line, column, message)], "{text:?}");
    }
}

#[test]
fn hostile_files_have_a_clear_error() {
    for (text, message) in [
        ("[".repeat(100_000), "nested deeper than 64 levels"),
        ("{\"metrics\":".repeat(80_000), "nested deeper than 64 levels"),
        (" ".repeat((1 << 20) + 1), "expected at most 1,048,576 bytes, found 1,048,577 bytes"),
    ] {
        let checked = checked(&text);
        assert_eq!(checked.errors.len(), 1);
        assert_eq!(checked.errors[0].message, message);
    }
    let long = format!("{{\"{}\": 1}}", "k".repeat(1_000_000));
    assert!(rendered(&checked(&long)).len() < 1000);
    let many = format!("{{\"sources\": [{}\"\"]}}", "\"\",".repeat(300_000));
    assert_eq!(checked(&many).errors.len(), 201);
}

#[test]
fn no_diagnostic_repeats_a_secret() {
    for secret in [
        "s3cr3t",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_0123456789abcdef0123456789abcdef0123",
    ] {
        for (name, text, ..) in MISTAKES.iter().filter(|(name, ..)| name.contains("secret")) {
            let checked = checked(&text.replace("s3cr3t", secret));
            let output = serde_json::to_string(&checked).expect("serialisable");
            assert!(!checked.errors.is_empty(), "{name}");
            assert!(!output.contains(secret), "{name}: {output}");
            assert!(output.contains("must not stand in this file"), "{name}: {output}");
            assert!(output.contains("action's inputs"), "{name}: {output}");
        }
    }
    // Where no rule knows the secret, no value is repeated either.
    for text in [
        r#"{"storage": {"type": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}}"#,
        r#"{"storage": {"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY": 1}}"#,
        r#"{"storage": {"x": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}}"#,
        r#"{"storage": {"s3": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}}"#,
        r#"{"storage": {"s3": {"secretAccessKey": wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY}}}"#,
        r#"{"storage": {"s3": {"secretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY}}}"#,
        r#"{"storage": {"s3": {"secretAccessKey": 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'}}}"#,
        r#"{"unknown": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}"#,
    ] {
        let output = serde_json::to_string(&checked(text)).expect("serialisable");
        assert!(!output.contains("wJalr"), "{output}");
    }
}

/// A value of each kind that is recognized.
const SECRETS: &[&str] = &[
    "AKIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "ghp_0123456789abcdef0123456789abcdef0123",
    "gho_0123456789abcdef0123456789abcdef0123",
    "ghs_0123456789abcdef0123456789abcdef0123",
    "github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz",
    "glpat-abcdefgh1234ijklmnop",
    "npm_abcdefghijklmnopqrstuvwxyz0123456789",
    "xoxb-123456789012-abcdefghijkl",
    "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "AIzaSyA1234567890abcdefghijklmnopqrstuv",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA1234567890abcdef\n-----END RSA PRIVATE KEY-----",
    "postgres://metrics:hunter2hunter2@db.example/metrics",
    "password=hunter2hunter2",
];

/// Every text of a document, keys included, as a function that puts another text in its place.
fn places(document: &serde_json::Value) -> Vec<(String, serde_json::Value)> {
    use serde_json::Value;
    let mark = "\u{1}";
    let mut found = Vec::new();
    fn visit(
        value: &Value,
        mark: &str,
        path: &str,
        rebuild: &dyn Fn(Value) -> Value,
        found: &mut Vec<(String, Value)>,
    ) {
        match value {
            Value::String(_) => found.push((path.to_owned(), rebuild(mark.into()))),
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    let inner = |new: Value| {
                        let mut items = items.clone();
                        items[at] = new;
                        rebuild(Value::Array(items))
                    };
                    visit(item, mark, &format!("{path}[{at}]"), &inner, found);
                }
            }
            Value::Object(entries) => {
                for (key, item) in entries {
                    let inner = |new: Value| {
                        let mut entries = entries.clone();
                        entries.insert(key.clone(), new);
                        rebuild(Value::Object(entries))
                    };
                    visit(item, mark, &format!("{path}.{key}"), &inner, found);
                    let mut renamed = entries.clone();
                    renamed.remove(key);
                    renamed.insert(mark.to_owned(), item.clone());
                    found.push((format!("the key {path}.{key}"), rebuild(Value::Object(renamed))));
                }
            }
            _ => {}
        }
    }
    visit(document, mark, "", &|value| value, &mut found);
    found
}

#[test]
fn a_secret_is_an_error_at_every_text_of_the_file_and_no_diagnostic_repeats_it() {
    let document = json!({
        "$schema": "./unentropy.schema.json",
        "metrics": {
            "lines": {"$ref": "loc", "name": "Lines", "type": "numeric", "description": "d", "command": "@collect loc .",
                      "unit": "integer", "direction": "lower-is-better", "timeout": "text"},
            "state": {"type": "label", "command": "echo ok"},
        },
        "storage": {"type": "sqlite-s3", "path": "p", "artifact": {"name": "n", "branchFilter": "b"},
                    "s3": {"endpoint": "https://s3.example", "bucket": "b", "region": "r", "key": "k"}},
        "qualityGate": {"mode": "hard", "enablePullRequestComment": "true", "baseline": {"referenceBranch": "main"},
                        "thresholds": [{"metric": "lines", "mode": "max", "target": "1", "severity": "blocker",
                                        "onMissing": "fail"}, "text"]},
        "report": {"mode": "auto", "theme": {"dark": {"--bg": "#000000"}, "light": "x"},
                   "sections": [{"name": "s", "description": "d",
                                 "charts": [{"metrics": "lines", "title": "t"}, {"metrics": ["lines", "state"]}]}]},
        "sources": ["src", "!gen"],
        "unknown": {"deep": ["x", {"y": "z"}]},
    });
    let places = places(&document);
    assert!(places.len() > 80, "{} places", places.len());
    for secret in SECRETS {
        let quoted = serde_json::to_string(secret).expect("serialisable");
        let escaped: String = secret.chars().map(|c| format!("\\u{:04x}", c as u32)).collect();
        for (place, broken) in &places {
            let text = serde_json::to_string_pretty(broken).expect("serialisable");
            assert_eq!(text.matches("\"\\u0001\"").count(), 1, "{place}");
            for spelled in [quoted.clone(), format!("\"{escaped}\"")] {
                let checked = checked(&text.replace("\"\\u0001\"", &spelled));
                assert!(checked.config.is_none(), "{place}: {secret}");
                let output = format!(
                    "{}{}",
                    rendered(&checked),
                    serde_json::to_string(&checked).expect("serialisable")
                );
                let told = output.to_lowercase();
                // Any eight characters of it are too many; `BEGIN RSA PRIVATE KEY` is no secret.
                let body: Vec<char> = secret.to_lowercase().rsplit("key-----").nth(1).map_or_else(
                    || secret.to_lowercase().chars().collect(),
                    |_| "miiepaibaakcaqea1234567890abcdef".chars().collect(),
                );
                for piece in body.windows(10) {
                    let piece: String = piece.iter().collect();
                    assert!(!told.contains(&piece), "{place}: {piece} of {secret}\n{output}");
                }
                assert!(
                    output.contains("a secret must not stand in this file"),
                    "{place}: {secret}\n{output}"
                );
                assert!(output.contains("action's inputs"), "{place}: {secret}");
            }
        }
    }
}

#[test]
fn what_only_looks_like_a_secret_is_accepted() {
    for command in [
        "git rev-list --count 0123456789abcdef0123456789abcdef01234567..HEAD",
        "curl -fsS -H \"Authorization: Bearer $API_TOKEN\" https://api.example/count",
        "AWS_SECRET_ACCESS_KEY=$AWS_SECRET_ACCESS_KEY aws s3 ls --summarize | tail -1",
        "psql \"postgres://me:$PGPASSWORD@db/metrics\" -tAc 'select count(*) from t'",
        "grep -rc 'password=' src | wc -l",
    ] {
        let text = json!({"metrics": {"a": {"type": "numeric", "command": command}}}).to_string();
        assert!(checked(&text).config.is_some(), "{}", rendered(&checked(&text)));
    }
}

#[test]
fn warnings_come_beside_errors() {
    let checked = checked(
        r#"{"metrics": {"a": {"type": "numeric", "command": "@collect lok ."}}, "storage": {"type": "floppy"}}"#,
    );
    assert_eq!((checked.errors.len(), checked.warnings.len()), (1, 1), "{}", rendered(&checked));
}

#[test]
fn an_unknown_storage_type_is_a_warning_and_means_artifacts() {
    let checked = checked(r#"{"metrics": {"a": {"$ref": "loc"}}, "storage": {"type": "sqlite-gcs"}}"#);
    let storage = checked.config.expect("accepted").storage;
    assert_eq!((storage.kind, storage.type_given), (StorageType::SqliteArtifact, true));
    let [warning] = checked.warnings.as_slice() else { panic!("{:?}", checked.warnings) };
    assert_eq!(
        warning.message,
        "expected one of `sqlite-artifact`, `sqlite-s3` or `sqlite-local`, found `sqlite-gcs`"
    );
    assert!(warning.hint.ends_with("Until it is corrected, `sqlite-artifact` is used."), "{}", warning.hint);
}

#[test]
fn defaults_are_filled_in() {
    let config =
        checked(r#"{"metrics": {"a": {"type": "numeric", "command": "c"}}}"#).config.expect("accepted");
    let mut whole = serde_json::to_value(&config).expect("serialisable");
    whole["qualityGate"] = serde_json::to_value(&config.quality_gate).expect("serialisable");
    whole["report"] = serde_json::to_value(&config.report).expect("serialisable");
    assert_eq!(
        whole,
        json!({
            "metrics": [{
                "id": "a", "name": "a", "type": "numeric", "description": null, "command": "c", "unit": null,
                "timeout": 60000, "direction": "none", "group": null,
            }],
            "groups": [],
            "storage": {
                "type": "sqlite-artifact", "typeGiven": false, "path": null,
                "artifact": {"name": null, "branchFilter": null},
                "s3": {"endpoint": null, "bucket": null, "region": null, "key": null},
            },
            "qualityGate": {
                "mode": "soft", "baseline": {"referenceBranch": null, "maxAgeDays": 90},
                "enablePullRequestComment": true, "maxCommentMetrics": 30, "maxCommentCharacters": 20000,
                "thresholds": [],
            },
            "report": {"sections": [], "theme": {"named": "lattice"}, "mode": "auto"},
            "sources": [],
        })
    );
}

#[test]
fn thresholds_keep_their_numbers_and_get_their_defaults() {
    let config = checked(fixture("accept/every-threshold")).config.expect("accepted");
    let gate = serde_json::to_value(&config.quality_gate).expect("serialisable");
    assert_eq!(gate["baseline"], json!({"referenceBranch": "main", "maxAgeDays": u32::MAX}));
    let threshold = |rest: serde_json::Value, severity: &str, on_missing: &str| {
        let mut threshold = json!({"metric": "coverage", "severity": severity, "onMissing": on_missing});
        threshold.as_object_mut().expect("an object").extend(rest.as_object().expect("an object").clone());
        threshold
    };
    assert_eq!(
        gate["thresholds"],
        json!([
            threshold(json!({"mode": "min", "target": -1.5}), "blocker", "fail"),
            threshold(json!({"mode": "max", "target": 1000.0}), "warning", "warn"),
            threshold(json!({"mode": "no-regression", "tolerance": 0.5}), "blocker", "fail"),
            threshold(json!({"mode": "no-regression", "tolerance": 0.0}), "blocker", "ignore"),
            threshold(json!({"mode": "delta-max-drop", "maxDropPercent": 150.0}), "blocker", "fail"),
            threshold(json!({"mode": "delta-max-rise", "maxRisePercent": 0.1}), "blocker", "fail"),
            threshold(json!({"mode": "anomaly", "window": 30, "sensitivity": 6.0}), "blocker", "fail"),
            threshold(json!({"mode": "anomaly", "window": 8, "sensitivity": 2.5}), "blocker", "warn"),
        ])
    );
    for threshold in &config.quality_gate.thresholds {
        let mode = serde_json::to_value(threshold).expect("serialisable")["mode"].clone();
        assert_eq!(mode, threshold.rule.mode().as_str());
    }
}

#[test]
fn a_users_fields_override_the_templates() {
    let metric = |body: &str| {
        let text = format!(r#"{{"metrics": {{"m": {body}}}}}"#);
        serde_json::to_value(&checked(&text).config.expect("accepted").metrics[0]).expect("serialisable")
    };
    assert_eq!(
        metric(r#"{"$ref": "size"}"#),
        json!({
            "id": "m", "name": "m", "type": "numeric", "description": "Size of the built files",
            "command": "@collect size dist", "unit": "bytes", "timeout": 60000, "direction": "lower-is-better",
            "group": null,
        })
    );
    assert_eq!(
        metric(
            r#"{"$ref": "size", "name": "n", "description": "d", "command": "c", "unit": "percent", "timeout": 5,
                "direction": "lower-is-better"}"#
        ),
        json!({
            "id": "m", "name": "n", "type": "numeric", "description": "d", "command": "c", "unit": "percent",
            "timeout": 5, "direction": "lower-is-better", "group": null,
        })
    );
    let label = metric(r#"{"$ref": "size", "type": "label", "command": "c"}"#);
    assert_eq!(
        (&label["type"], &label["unit"], &label["direction"]),
        (&json!("label"), &json!(null), &json!("none"))
    );
}

#[test]
fn the_direction_comes_from_the_user_then_the_template_then_the_unit() {
    use Direction::{HigherIsBetter, LowerIsBetter, None};
    for (body, direction) in [
        (r#""type": "numeric", "unit": "percent""#, HigherIsBetter),
        (r#""type": "numeric", "unit": "bytes""#, LowerIsBetter),
        (r#""type": "numeric", "unit": "duration""#, LowerIsBetter),
        (r#""type": "numeric", "unit": "integer""#, None),
        (r#""type": "numeric", "unit": "decimal""#, None),
        (r#""type": "numeric""#, None),
        (r#""type": "numeric", "unit": "bytes", "direction": "higher-is-better""#, HigherIsBetter),
        (r#""type": "label", "unit": "percent", "direction": "lower-is-better""#, None),
        (r#""$ref": "coverage""#, HigherIsBetter),
        (r#""$ref": "coverage", "unit": "duration""#, LowerIsBetter),
        (r#""$ref": "test-failures""#, LowerIsBetter),
        (r#""$ref": "test-failures", "unit": "percent""#, LowerIsBetter),
        (r#""$ref": "test-count""#, HigherIsBetter),
        (r#""$ref": "loc""#, None),
        (r#""$ref": "loc", "direction": "lower-is-better""#, LowerIsBetter),
    ] {
        let text = format!(r#"{{"metrics": {{"m": {{{body}, "command": "c"}}}}}}"#);
        assert_eq!(checked(&text).config.expect("accepted").metrics[0].direction, direction, "{body}");
    }
}

#[test]
fn metrics_keep_the_order_of_the_file() {
    let config = checked(fixture("accept/templates")).config.expect("accepted");
    let ids: Vec<_> = config.metrics.iter().map(|metric| metric.id.as_str()).collect();
    let names: Vec<_> = TEMPLATES.iter().map(|template| template.name).collect();
    assert_eq!(ids, names);
    for (metric, template) in config.metrics.iter().zip(TEMPLATES) {
        assert_eq!(metric.unit, Some(template.unit));
        assert_eq!(metric.description.as_deref(), Some(template.description));
    }
}

#[test]
fn blank_names_mean_none() {
    let config = checked(fixture("accept/empty-texts")).config.expect("accepted");
    assert_eq!(config.metrics[0].name, "a");
    assert_eq!(config.quality_gate.baseline.reference_branch, None);
}

#[test]
fn references_are_checked_although_something_else_is_broken() {
    let checked = checked(
        r#"{"metrics": {"a": {"$ref": "lco"}}, "qualityGate": {"mode": 1, "thresholds": [{"metric": "b", "mode": "x"}]}}"#,
    );
    let paths: Vec<_> = checked.errors.iter().map(|d| d.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "metrics.a.$ref",
            "qualityGate.mode",
            "qualityGate.thresholds[0].metric",
            "qualityGate.thresholds[0].mode"
        ]
    );
    // Without metrics every reference would be wrong: only their absence is reported.
    let without =
        self::checked(r#"{"qualityGate": {"thresholds": [{"metric": "b", "mode": "no-regression"}]}}"#);
    assert_eq!(without.errors.len(), 1, "{}", rendered(&without));
}

/// A piece of a document put in place of another piece.
fn mutated(text: &str, from: usize, length: usize, piece: &str) -> String {
    let boundary = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (start, end) = (boundary(from), boundary(from + length));
    format!("{}{piece}{}", &text[..start], &text[end..])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_text_is_checked_without_panic(text in ".{0,200}") {
        let checked = checked(&text);
        prop_assert!(checked.config.is_some() == checked.errors.is_empty());
    }

    #[test]
    fn any_mutation_is_checked_without_panic(
        index in 0..SOUND.len(),
        from in 0..6000usize,
        length in 0..40usize,
        piece in prop_oneof![
            prop::sample::select(vec![
                "{", "}", "[", "]", ",", ":", "\"", "null", "-1", "1e999", "0.5", "true", "\"x\"", "{}", "[]", "\\", "\n", "é",
                "\"type\": \"label\", ", "\"$ref\": \"loc\", ", "\"metrics\": {}, ", "\"password\": 1, ",
            ]).prop_map(str::to_owned),
            ".{0,10}",
        ],
    ) {
        let text = SOUND[index].1;
        let checked = checked(&mutated(text, from % (text.len() + 1), length, &piece));
        prop_assert!(checked.config.is_some() == checked.errors.is_empty());
        for diagnostic in checked.errors.iter().chain(&checked.warnings) {
            prop_assert!(diagnostic.line >= 1 && diagnostic.column >= 1 && !diagnostic.message.is_empty());
        }
    }
}

sound! {
    "accept/windows-line-ends",
    "accept/bounds",
    "accept/charts",
    "accept/collector-label",
    "accept/collector-label-of-template",
    "accept/commanded-templates",
    "accept/earlier-complete",
    "accept/empty-blocks",
    "accept/empty-texts",
    "accept/empty-thresholds",
    "accept/every-threshold",
    "accept/groups",
    "accept/harmless-extras",
    "accept/int-spellings",
    "accept/label",
    "accept/minimal",
    "accept/overrides",
    "accept/sources",
    "accept/storage-full",
    "accept/storage-sqlite-artifact",
    "accept/storage-sqlite-local",
    "accept/storage-sqlite-s3",
    "accept/storage-unknown-type",
    "accept/templates",
    "accept/theme-custom",
    "accept/theme-empty",
    "accept/theme-named",
}

cases! {
    "reject/root-is-a-list", "", 1, "expected an object, found a list";
    "reject/root-is-text", "", 1, "expected an object, found text";
    "reject/root-is-null", "", 1, "expected an object, found null";
    "reject/root-is-a-number", "", 1, "expected an object, found a number";
    "reject/root-is-empty", "metrics", 1, "missing `metrics`, which a configuration without `groups` needs";
    "reject/groups-is-empty", "groups", 2, "expected at least 1 group, found none";
    "reject/group-key-too-long", "groups.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 3, "expected a group key of at most 32 characters, found 33";
    "reject/group-without-command", "groups.a.command", 3, "missing `command`, which a group without `$ref` needs";
    "reject/group-for-each-empty", "groups.a.forEach", 3, "expected at least 1 pattern, found none";
    "reject-semantic/group-is-a-metric", "groups.a", 4, "`a` is a metric and a group";
    "reject-semantic/group-of-one-value", "groups.a.command", 3, "`@collect loc` gives one value";
    "reject-semantic/group-of-one-value", "groups.b.command", 4, "a shell command gives one value";
    "reject-semantic/group-command-without-directory", "groups.a.command", 3, "it has neither `{dir}` nor `{basename}`";
    "reject-semantic/group-collect-line", "groups.a.command", 3, "`loc` does not take `--languge`";
    "reject-semantic/group-name-without-directory", "groups.a.name", 3, "it has no `{dir}` or `{basename}`";
    "reject-semantic/group-unknown", "qualityGate.thresholds[0].metric", 6, "unknown group `line`";
    "reject-semantic/group-of-labels-with-threshold", "qualityGate.thresholds[0].metric", 6, "expected a numeric metric, found `node/*`, which is a label";
    "reject/root-unknown-key", "colour", 3, "unknown key `colour`: a configuration may have";
    "reject/root-misspelt-key", "qualitygate", 3, "unknown key `qualitygate`";
    "reject/root-schema-not-text", "$schema", 1, "expected text, found a number";
    "reject/root-strange-key", "[`a key\\nwith.a dot`]", 3, "unknown key `a key\\nwith.a dot`";
    "reject/metrics-is-a-list", "metrics", 2, "expected an object, found a list";
    "reject/metrics-is-null", "metrics", 2, "expected an object, found null";
    "reject/metrics-is-empty", "metrics", 2, "expected at least 1 metric, found none";
    "reject/metrics-too-many", "metrics", 2, "expected at most 50 metrics, found 51";
    "reject/metric-key-upper-case", "metrics[`Test Coverage`]", 3, "expected a metric key of lower-case letters, digits and hyphens, found `Test Coverage`";
    "reject/metric-key-underscore", "metrics.test_coverage", 3, "found `test_coverage`";
    "reject/metric-key-not-ascii", "metrics[`größe`]", 3, "found `größe`";
    "reject/metric-key-empty", "metrics[``]", 3, "expected a metric key, found empty text";
    "reject/metric-key-too-long", "metrics[`aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…`]", 3, "expected a metric key of at most 64 characters, found 65";
    "reject/metric-is-text", "metrics.coverage", 3, "expected an object, found text";
    "reject/metric-is-empty", "metrics.coverage.type", 3, "missing `type`, which a metric without `$ref` needs";
    "reject/metric-without-command", "metrics.coverage.command", 3, "missing `command`, which a metric without `$ref` needs";
    "reject/metric-without-type", "metrics.coverage.type", 3, "missing `type`";
    "reject/metric-unknown-key", "metrics.coverage.comand", 5, "unknown key `comand`: a metric may have `$ref`, `name`";
    "reject/metric-ref-unknown", "metrics.coverage.$ref", 4, "expected one of `coverage`, `branch-coverage`";
    "reject/metric-ref-not-text", "metrics.coverage.$ref", 3, "expected one of";
    "reject/metric-ref-empty", "metrics.coverage.$ref", 3, "found ``";
    "reject/metric-template-coverage-without-command", "metrics.coverage.command", 3, "missing `command`, which a metric with `$ref` `coverage` needs";
    "reject/metric-template-branch-coverage-without-command", "metrics.coverage.command", 3, "missing `command`, which a metric with `$ref` `branch-coverage` needs";
    "reject/metric-template-function-coverage-without-command", "metrics.coverage.command", 3, "missing `command`, which a metric with `$ref` `function-coverage` needs";
    "reject/metric-template-build-time-without-command", "metrics.coverage.command", 3, "missing `command`, which a metric with `$ref` `build-time` needs";
    "reject/metric-template-test-time-without-command", "metrics.coverage.command", 3, "missing `command`, which a metric with `$ref` `test-time` needs";
    "reject/metric-template-dependencies-count-without-command", "metrics.coverage.command", 3, "missing `command`, which a metric with `$ref` `dependencies-count` needs";
    "reject/metric-template-test-count-without-command", "metrics.coverage.command", 3, "missing `command`, which a metric with `$ref` `test-count` needs";
    "reject/metric-template-test-failures-without-command", "metrics.coverage.command", 3, "missing `command`, which a metric with `$ref` `test-failures` needs";
    "reject/metric-template-benchmark-without-command", "metrics.coverage.command", 3, "missing `command`, which a metric with `$ref` `benchmark` needs";
    "reject/metric-name-not-text", "metrics.coverage.name", 3, "expected text, found a number";
    "reject/metric-name-too-long", "metrics.coverage.name", 3, "expected at most 256 characters, found 257";
    "reject/metric-name-null", "metrics.coverage.name", 3, "expected text, found null";
    "reject/metric-description-too-long", "metrics.coverage.description", 3, "expected at most 256 characters, found 257";
    "reject/metric-description-list", "metrics.coverage.description", 3, "expected text, found a list";
    "reject/metric-type-unknown", "metrics.coverage.type", 4, "expected one of `numeric` or `label`, found `numerical`";
    "reject/metric-type-number", "metrics.coverage.type", 3, "expected one of `numeric` or `label`, found a number";
    "reject/metric-command-empty", "metrics.coverage.command", 3, "expected text, found none between the quotes";
    "reject/metric-command-too-long", "metrics.coverage.command", 3, "expected at most 1024 characters, found 1025";
    "reject/metric-command-list", "metrics.coverage.command", 3, "expected text, found a list";
    "reject/metric-unit-unknown", "metrics.coverage.unit", 5, "expected one of `percent`, `integer`, `bytes`, `duration` or `decimal`, found `percentage`";
    "reject/metric-unit-upper-case", "metrics.coverage.unit", 3, "found `Percent`";
    "reject/metric-unit-control-characters", "metrics.coverage.unit", 3, "found `\\u{1b}[31mred\\n`";
    "reject/metric-unit-long", "metrics.coverage.unit", 3, "found `uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu…`";
    "reject/metric-timeout-zero", "metrics.coverage.timeout", 3, "expected a whole number from 1 to 300000, found `0`";
    "reject/metric-timeout-negative", "metrics.coverage.timeout", 3, "found `-5`";
    "reject/metric-timeout-fraction", "metrics.coverage.timeout", 3, "expected a whole number from 1 to 300000, found `1.5`";
    "reject/metric-timeout-too-large", "metrics.coverage.timeout", 3, "found `300001`";
    "reject/metric-timeout-text", "metrics.coverage.timeout", 3, "found text";
    "reject/metric-timeout-tiny-exponent", "metrics.coverage.timeout", 3, "found `1e-1`";
    "reject/metric-direction-unknown", "metrics.coverage.direction", 3, "expected one of `higher-is-better` or `lower-is-better`, found `up`";
    "reject/metric-direction-none", "metrics.coverage.direction", 3, "found `none`";
    "reject/storage-is-text", "storage", 3, "expected an object, found text";
    "reject/storage-type-number", "storage.type", 3, "expected one of `sqlite-artifact`, `sqlite-s3` or `sqlite-local`, found a number";
    "reject/storage-postgres", "storage.type", 3, "`postgres` is not supported yet: expected one of `sqlite-artifact`, `sqlite-s3` or `sqlite-local`";
    "reject/storage-type-null", "storage.type", 3, "found null";
    "reject/storage-unknown-key", "storage.typ", 3, "unknown key `typ`: the storage may have `type`, `path`, `artifact` and `s3`";
    "reject/storage-flat-key", "storage.s3Bucket", 3, "unknown key `s3Bucket`";
    "reject/storage-path-empty", "storage.path", 3, "expected text, found none";
    "reject/storage-path-flag", "storage.path", 3, "expected text, found true";
    "reject/storage-artifact-text", "storage.artifact", 3, "expected an object, found text";
    "reject/storage-artifact-unknown-key", "storage.artifact.branch", 3, "unknown key `branch`: the artifact settings may have";
    "reject/storage-artifact-name-empty", "storage.artifact.name", 3, "expected text, found none";
    "reject/storage-s3-list", "storage.s3", 3, "expected an object, found a list";
    "reject/storage-s3-unknown-key", "storage.s3.bukcet", 3, "unknown key `bukcet`";
    "reject/storage-s3-region-number", "storage.s3.region", 3, "expected text, found a number";
    "reject/secret-access-key", "storage.s3.accessKeyId", 3, "a secret must not stand in this file: found key `accessKeyId`";
    "reject/secret-secret-key", "storage.s3SecretAccessKey", 3, "a secret must not stand in this file: found key";
    "reject/secret-snake-case", "storage.s3.secret_access_key", 3, "a secret must not stand in this file: found key";
    "reject/secret-session-token", "storage.s3.sessionToken", 3, "a secret must not stand in this file: found key";
    "reject/secret-github-token", "storage.githubToken", 3, "a secret must not stand in this file: found key";
    "reject/secret-misspelt", "storage.pasword", 3, "a secret must not stand in this file: found key";
    "reject/secret-connection-string", "storage.connectionString", 3, "a secret must not stand in this file: found key";
    "reject/secret-nested-deep", "storage.options.list[0].auth.token", 3, "a secret must not stand in this file: found key";
    "reject/secret-in-unknown-key-value", "storage.url", 3, "this text holds a password, key or token";
    "reject/secret-as-key", "storage[`…`]", 3, "a secret must not stand in this file: found key `…`";
    "reject/secret-at-root", "githubToken", 3, "a secret must not stand in this file: found key";
    "reject/secret-as-object", "storage.password", 3, "a secret must not stand in this file: found key";
    "reject/secret-as-storage", "storage", 3, "this text holds a password, key or token";
    "reject/gate-list", "qualityGate", 3, "expected an object, found a list";
    "reject/gate-unknown-key", "qualityGate.treshold", 3, "unknown key `treshold`";
    "reject/gate-mode-unknown", "qualityGate.mode", 3, "expected one of `off`, `soft` or `hard`, found `strict`";
    "reject/gate-mode-flag", "qualityGate.mode", 3, "found false";
    "reject/gate-comment-text", "qualityGate.enablePullRequestComment", 3, "expected `true` or `false`, found text";
    "reject/gate-comment-number", "qualityGate.enablePullRequestComment", 3, "found a number";
    "reject/gate-comment-metrics-zero", "qualityGate.maxCommentMetrics", 3, "expected a whole number from 1 to 100, found `0`";
    "reject/gate-comment-metrics-large", "qualityGate.maxCommentMetrics", 3, "found `101`";
    "reject/gate-comment-characters-large", "qualityGate.maxCommentCharacters", 3, "expected a whole number from 1 to 20000, found `20001`";
    "reject/gate-comment-characters-zero", "qualityGate.maxCommentCharacters", 3, "found `0`";
    "reject/gate-baseline-text", "qualityGate.baseline", 3, "expected an object, found text";
    "reject/gate-baseline-unknown-key", "qualityGate.baseline.branch", 3, "unknown key `branch`";
    "reject/gate-baseline-age-zero", "qualityGate.baseline.maxAgeDays", 3, "found `0`";
    "reject/gate-baseline-age-fraction", "qualityGate.baseline.maxAgeDays", 3, "found `1.5`";
    "reject/gate-baseline-branch-number", "qualityGate.baseline.referenceBranch", 3, "expected text, found a number";
    "reject/gate-thresholds-object", "qualityGate.thresholds", 3, "expected a list of thresholds, found an object";
    "reject/threshold-text", "qualityGate.thresholds[0]", 4, "expected an object, found text";
    "reject/threshold-empty", "qualityGate.thresholds[0].metric", 4, "missing `metric`, which a threshold needs";
    "reject/threshold-without-mode", "qualityGate.thresholds[0].mode", 4, "missing `mode`, which a threshold needs";
    "reject/threshold-metric-empty", "qualityGate.thresholds[0].metric", 4, "expected text, found none";
    "reject/threshold-mode-unknown", "qualityGate.thresholds[0].mode", 4, "found `minimum`";
    "reject/threshold-min-without-target", "qualityGate.thresholds[0].target", 4, "missing `target`, which a threshold with `mode` `min` needs";
    "reject/threshold-max-without-target", "qualityGate.thresholds[0].target", 4, "with `mode` `max` needs";
    "reject/threshold-target-text", "qualityGate.thresholds[0].target", 4, "expected a number, found text";
    "reject/threshold-target-huge", "qualityGate.thresholds[0].target", 4, "expected a number, found `1e999`";
    "reject/threshold-drop-without-percent", "qualityGate.thresholds[0].maxDropPercent", 4, "missing `maxDropPercent`";
    "reject/threshold-drop-zero", "qualityGate.thresholds[0].maxDropPercent", 4, "expected a number above 0, found `0`";
    "reject/threshold-rise-without-percent", "qualityGate.thresholds[0].maxRisePercent", 4, "missing `maxRisePercent`";
    "reject/threshold-rise-negative", "qualityGate.thresholds[0].maxRisePercent", 4, "found `-1`";
    "reject/threshold-rise-elsewhere", "qualityGate.thresholds[0].maxRisePercent", 4, "`maxRisePercent` needs `mode` `delta-max-rise`, found `delta-max-drop`";
    "reject/threshold-window-elsewhere", "qualityGate.thresholds[0].window", 4, "`window` needs `mode` `anomaly`, found `no-regression`";
    "reject/threshold-sensitivity-elsewhere", "qualityGate.thresholds[0].sensitivity", 4, "`sensitivity` needs `mode` `anomaly`";
    "reject/threshold-window-small", "qualityGate.thresholds[0].window", 4, "expected a whole number from 8 to 1000, found `7`";
    "reject/threshold-sensitivity-zero", "qualityGate.thresholds[0].sensitivity", 4, "expected a number above 0, found `0.0`";
    "reject/threshold-tolerance-negative", "qualityGate.thresholds[0].tolerance", 4, "expected a number of at least 0, found `-0.1`";
    "reject/threshold-severity-unknown", "qualityGate.thresholds[0].severity", 4, "expected one of `blocker` or `warning`, found `error`";
    "reject/threshold-on-missing-unknown", "qualityGate.thresholds[0].onMissing", 4, "expected one of `fail`, `warn` or `ignore`, found `pass`";
    "reject/threshold-unknown-key", "qualityGate.thresholds[0].tolerence", 4, "unknown key `tolerence`";
    "reject/report-text", "report", 3, "expected an object, found text";
    "reject/report-unknown-key", "report.section", 3, "unknown key `section`";
    "reject/report-mode-unknown", "report.mode", 3, "expected one of `auto`, `light` or `dark`, found `system`";
    "reject/report-sections-empty", "report.sections", 3, "expected at least 1 section, found none";
    "reject/report-sections-object", "report.sections", 3, "expected a list of sections, found an object";
    "reject/section-empty", "report.sections[0].name", 4, "missing `name`, which a section needs";
    "reject/section-without-charts", "report.sections[0].charts", 4, "missing `charts`, which a section needs";
    "reject/section-charts-empty", "report.sections[0].charts", 4, "expected at least 1 chart, found none";
    "reject/section-name-too-long", "report.sections[0].name", 4, "at most 256 characters";
    "reject/section-description-too-long", "report.sections[0].description", 4, "expected at most 512 characters, found 513";
    "reject/section-unknown-key", "report.sections[0].title", 4, "unknown key `title`";
    "reject/chart-text", "report.sections[0].charts[0]", 4, "expected an object, found text";
    "reject/chart-empty", "report.sections[0].charts[0].metrics", 4, "missing `metrics`, which a chart needs";
    "reject/chart-metrics-number", "report.sections[0].charts[0].metrics", 4, "expected text, or a list of metrics, found a number";
    "reject/chart-metrics-empty-text", "report.sections[0].charts[0].metrics", 4, "expected text, found none";
    "reject/chart-metrics-empty-list", "report.sections[0].charts[0].metrics", 4, "expected at least 1 metric, found none";
    "reject/chart-metrics-list-of-numbers", "report.sections[0].charts[0].metrics[1]", 4, "expected text, found a number";
    "reject/chart-title-too-long", "report.sections[0].charts[0].title", 4, "at most 256";
    "reject/theme-unknown", "report.theme", 3, "expected one of `lattice`, `flux`, `halftone` or `specimen`, found `latice`";
    "reject/theme-list", "report.theme", 3, "or an object, found a list";
    "reject/theme-unknown-scheme", "report.theme.darker", 3, "unknown key `darker`: a theme may have `dark` and `light`";
    "reject/theme-unknown-variable", "report.theme.dark.--background", 3, "unknown key `--background`";
    "reject/theme-short-colour", "report.theme.dark.--bg", 3, "expected `#` and six hexadecimal digits, such as `#1c2230`, found `#000`";
    "reject/theme-colour-name", "report.theme.light.--text", 3, "found `black`";
    "reject/theme-colour-number", "report.theme.light.--text", 3, "expected text, found a number";
    "reject/sources-text", "sources", 3, "expected a list of patterns, found text";
    "reject/sources-empty", "sources", 3, "expected at least 1 pattern, found none";
    "reject/sources-too-many", "sources", 3, "expected at most 50 patterns, found 51";
    "reject/sources-empty-text", "sources[1]", 3, "expected text, found none";
    "reject/sources-number", "sources[0]", 3, "expected text, found a number";
    "reject-semantic/duplicate-root-key", "sources", 4, "key `sources` stands twice";
    "reject-semantic/duplicate-metric", "metrics.a", 4, "key `a` stands twice";
    "reject-semantic/duplicate-escaped-key", "metrics.a.name", 3, "key `name` stands twice";
    "reject-semantic/threshold-unknown-metric", "qualityGate.thresholds[0].metric", 4, "unknown metric `covrage`: configured are `coverage` and `status`";
    "reject-semantic/threshold-label-metric", "qualityGate.thresholds[0].metric", 4, "expected a numeric metric, found `status`, which is a label";
    "reject-semantic/chart-unknown-metric", "report.sections[0].charts[0].metrics", 4, "unknown metric `covarage`";
    "reject-semantic/chart-unknown-metric-in-list", "report.sections[0].charts[0].metrics[1]", 4, "unknown metric `size`";
    "reject-semantic/chart-metric-of-wrong-case", "report.sections[0].charts[0].metrics", 4, "unknown metric `Coverage`";
    "reject-semantic/secret-in-endpoint", "storage.s3.endpoint", 3, "this text holds a password, key or token";
    "reject-semantic/secret-in-type", "storage.type", 3, "this text holds a password, key or token";
    "reject-semantic/collector-unknown", "metrics.lines.command", 4, "unknown collector `lok`";
    "reject-semantic/collector-option-unknown", "metrics.lines.command", 4, "`loc` does not take `--langauge`";
    "reject-semantic/collector-without-path", "metrics.lines.command", 4, "`size` needs at least one file, directory or glob";
    "reject-semantic/secret-in-path", "storage.path", 3, "this text holds a password, key or token";
}
