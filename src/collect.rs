//! What an `@collect` line means. [`parse`] turns the line into a [`CollectPlan`]: which files the host
//! must find and what is to be measured in them. Reading files and matching globs belong to the
//! host, the formats to the modules below.

pub mod bench;
pub mod coverage;
pub mod json;
pub mod junit;
pub mod loc;
pub mod measurement;
pub mod output;
pub mod reading;

use crate::error::{Code, Error, Result};
use crate::text;
use coverage::locate::PathMap;
use coverage::{CoverageFormat, CoverageKind};
use junit::TestStat;
use serde::{Deserialize, Serialize};

/// The prefix that makes a metric's command a collector instead of a shell command.
pub const PREFIX: &str = "@collect";

/// What one `@collect` line asks for, checked.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct CollectPlan {
    /// The collector's name as written, for messages.
    pub collector: &'static str,
    /// Files, directories and globs; empty means the configured `sources`, else everything below
    /// the configuration's directory.
    pub patterns: Vec<String>,
    /// Globs of what to leave out.
    pub exclude: Vec<String>,
    /// What is measured.
    pub measure: Measure,
}

impl CollectPlan {
    /// Whether it gives several values, each with a name, so that a group can make metrics of them.
    #[must_use]
    pub fn gives_several(&self) -> bool {
        false
    }
}

/// What a [`CollectPlan`] measures in its files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase", tag = "kind")]
pub enum Measure {
    /// Code lines, of all languages or some.
    Lines {
        /// The languages' names as the table spells them; none stands for all.
        languages: Vec<String>,
    },
    /// Bytes, as they are or compressed.
    Bytes {
        /// Compress before measuring.
        compression: Option<Compression>,
    },
    /// Percent of what a coverage report counts.
    Coverage {
        /// What is counted; `None` is what the format counts first.
        of: Option<CoverageKind>,
        /// The format; found by looking at the content where none is named.
        format: Option<CoverageFormat>,
        /// The value where the reports hold nothing of that kind.
        fallback: Option<f64>,
        /// Parts of the sources' paths and what they stand for, each as `FROM=TO`.
        #[serde(default)]
        #[cfg_attr(test, ts(as = "Option<Vec<String>>", optional))]
        maps: Vec<String>,
    },
    /// One figure of a benchmark.
    Bench {
        /// Its name, the end of it, or a pattern; without one the files hold a single benchmark.
        name: Option<String>,
        /// Which figure; the one that the tool shows first where none is named.
        stat: Option<String>,
    },
    /// A figure of test results.
    Junit {
        /// Which one.
        stat: TestStat,
    },
    /// One value of a JSON file.
    Json {
        /// Where it is (RFC 6901).
        pointer: String,
        /// Whether the number of elements or keys is wanted.
        count: bool,
    },
}

/// How `size` compresses files before it measures them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// gzip, level 9.
    Gzip,
    /// Brotli, quality 11.
    Brotli,
}

/// An option of a collector: its spellings and what it takes.
struct Flag {
    long: &'static str,
    short: Option<char>,
    takes: Takes,
}

#[derive(Clone, Copy, PartialEq)]
enum Takes {
    Nothing,
    One,
    /// This argument and those after it up to the next option.
    Several,
}

/// A row of the collector table.
struct Collector {
    name: &'static str,
    flags: &'static [Flag],
    /// Whether the line must name at least one file.
    needs_paths: bool,
    /// For coverage collectors named after a format.
    format: Option<CoverageFormat>,
}

const EXCLUDE: Flag = Flag { long: "exclude", short: Some('e'), takes: Takes::Several };
const COVERAGE_TYPE: Flag = Flag { long: "type", short: Some('t'), takes: Takes::One };
const FALLBACK: Flag = Flag { long: "fallback", short: None, takes: Takes::One };
const PATH_MAP: Flag = Flag { long: "path-map", short: None, takes: Takes::One };

const fn named_format(name: &'static str, format: CoverageFormat) -> Collector {
    Collector { name, flags: &[COVERAGE_TYPE, FALLBACK, PATH_MAP], needs_paths: true, format: Some(format) }
}

const COLLECTORS: &[Collector] = &[
    Collector {
        name: "loc",
        flags: &[Flag { long: "language", short: Some('l'), takes: Takes::One }, EXCLUDE],
        needs_paths: false,
        format: None,
    },
    Collector {
        name: "size",
        flags: &[
            Flag { long: "gzip", short: None, takes: Takes::Nothing },
            Flag { long: "brotli", short: None, takes: Takes::Nothing },
            EXCLUDE,
        ],
        needs_paths: false,
        format: None,
    },
    Collector {
        name: "json",
        flags: &[Flag { long: "count", short: None, takes: Takes::Nothing }],
        needs_paths: true,
        format: None,
    },
    Collector {
        name: "coverage",
        flags: &[COVERAGE_TYPE, FALLBACK, PATH_MAP, Flag { long: "format", short: None, takes: Takes::One }],
        needs_paths: true,
        format: None,
    },
    Collector {
        name: "junit",
        flags: &[Flag { long: "stat", short: Some('s'), takes: Takes::One }],
        needs_paths: true,
        format: None,
    },
    named_format("coverage-lcov", CoverageFormat::Lcov),
    named_format("coverage-cobertura", CoverageFormat::Cobertura),
    named_format("coverage-clover", CoverageFormat::Clover),
    named_format("coverage-jacoco", CoverageFormat::Jacoco),
    named_format("coverage-gocover", CoverageFormat::Gocover),
    named_format("coverage-opencover", CoverageFormat::Opencover),
    named_format("coverage-istanbul", CoverageFormat::Istanbul),
    named_format("coverage-simplecov", CoverageFormat::SimpleCov),
    named_format("coverage-coveragepy", CoverageFormat::CoveragePy),
    named_format("coverage-llvm", CoverageFormat::Llvm),
    named_format("coverage-gcovr", CoverageFormat::Gcovr),
    named_format("coverage-xccov", CoverageFormat::Xccov),
    Collector {
        name: "bench",
        flags: &[
            Flag { long: "name", short: Some('n'), takes: Takes::One },
            Flag { long: "stat", short: Some('s'), takes: Takes::One },
        ],
        needs_paths: true,
        format: None,
    },
];

/// Whether a metric's command is an `@collect` line.
pub fn is_collect(command: &str) -> bool {
    command
        .trim_start()
        .strip_prefix(PREFIX)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
}

/// Understands an `@collect` line, with or without the prefix.
///
/// # Errors
/// `COLLECTOR_USAGE` for an unknown collector, language or option, a missing or wrong value, a
/// missing path, an unclosed quote.
pub fn parse(line: &str) -> Result<CollectPlan> {
    parse_words(&words(line)?)
}

/// The words of an `@collect` line without the prefix: a collector's name and its arguments.
///
/// # Errors
/// `COLLECTOR_USAGE` for an unclosed quote.
pub fn words(line: &str) -> Result<Vec<String>> {
    let mut words = tokenize(line)?;
    if words.first().is_some_and(|first| first == PREFIX) {
        words.remove(0);
    }
    Ok(words)
}

/// Understands the words after `@collect`: a collector's name and its arguments.
///
/// # Errors
/// As [`parse`].
pub fn parse_words(words: &[String]) -> Result<CollectPlan> {
    let known = || text::list(&COLLECTORS.iter().map(|c| text::quote(c.name)).collect::<Vec<_>>());
    let Some((name, arguments)) = words.split_first() else {
        return Err(usage("no collector named").hint(format!("Name one of {}.", known())));
    };
    let Some(collector) = COLLECTORS.iter().find(|c| c.name == name) else {
        let close = text::closest(name, &COLLECTORS.iter().map(|c| c.name).collect::<Vec<_>>());
        let hint = match close {
            Some(close) => format!("Did you mean {}? There are {}.", text::quote(close), known()),
            None => format!("Use one of {}.", known()),
        };
        return Err(usage(format!("unknown collector {}", text::quote(name))).hint(hint));
    };

    let mut patterns = Vec::new();
    let mut given: Vec<(&'static str, String)> = Vec::new();
    let mut rest = arguments.iter().peekable();
    let mut options_end = false;
    while let Some(word) = rest.next() {
        if options_end || !word.starts_with('-') || word == "-" {
            patterns.push(word.clone());
            continue;
        }
        if word == "--" {
            options_end = true;
            continue;
        }
        let (spelling, inline) = match word.split_once('=') {
            Some((spelling, value)) => (spelling, Some(value.to_owned())),
            None => (word.as_str(), None),
        };
        let flag = find_flag(collector, spelling)?;
        match (flag.takes, inline) {
            (Takes::Nothing, None) => given.push((flag.long, String::new())),
            (Takes::Nothing, Some(_)) => {
                return Err(usage(format!("{} takes no value", text::quote(spelling))));
            }
            (_, Some(value)) => given.push((flag.long, value)),
            (takes, None) => {
                let is_value = |word: &&String| !word.starts_with('-') || word.parse::<f64>().is_ok();
                let Some(value) = rest.next_if(is_value) else {
                    return Err(usage(format!("{} needs a value", text::quote(spelling))));
                };
                given.push((flag.long, value.clone()));
                while takes == Takes::Several
                    && let Some(value) = rest.next_if(is_value)
                {
                    given.push((flag.long, value.clone()));
                }
            }
        }
    }
    let pointer = if collector.name == "json" { Some(pointer_of(&mut patterns)?) } else { None };
    if let Some(empty) =
        patterns.iter().chain(given.iter().filter(|g| g.0 == "exclude").map(|g| &g.1)).find(|p| p.is_empty())
    {
        return Err(usage(format!("an empty path or pattern: {}", text::quote(empty))));
    }
    if collector.needs_paths && patterns.is_empty() {
        return Err(pathless(collector.name));
    }

    let all = |long: &str| given.iter().filter(|g| g.0 == long).map(|g| g.1.clone()).collect::<Vec<_>>();
    let one = |long: &'static str| -> Result<Option<String>> {
        let mut values = all(long);
        if values.len() > 1 {
            return Err(usage(format!("`--{long}` is given {} times", values.len())).hint("Give it once."));
        }
        Ok(values.pop())
    };
    let measure = match collector.name {
        "loc" => Measure::Lines {
            languages: match one("language")? {
                Some(name) => {
                    loc::find_group(&name)?.into_iter().map(|language| language.name().to_owned()).collect()
                }
                None => Vec::new(),
            },
        },
        "size" => Measure::Bytes {
            compression: match (all("gzip").is_empty(), all("brotli").is_empty()) {
                (true, true) => None,
                (false, true) => Some(Compression::Gzip),
                (true, false) => Some(Compression::Brotli),
                (false, false) => {
                    return Err(usage("`--gzip` and `--brotli` exclude each other").hint("Give one of them."));
                }
            },
        },
        "bench" => {
            let given = |long: &'static str| match one(long)? {
                Some(empty) if empty.trim().is_empty() => Err(usage(format!("`--{long}` is empty"))
                    .hint("Name what is meant, or leave the option out.")),
                value => Ok(value),
            };
            Measure::Bench { name: given("name")?, stat: given("stat")? }
        }
        "junit" => Measure::Junit {
            stat: match one("stat")? {
                Some(name) => choice("--stat", &name, TestStat::ALL.iter().map(|s| (s.name(), *s)))?,
                None => TestStat::Tests,
            },
        },
        "json" => Measure::Json { pointer: pointer.unwrap_or_default(), count: !all("count").is_empty() },
        _ => Measure::Coverage {
            of: match one("type")? {
                Some(name) => {
                    let kind = choice("--type", &name, CoverageKind::ALL.iter().map(|k| (k.name(), *k)))?;
                    if let Some(format) = collector.format {
                        coverage::has_kind(format, kind).map_err(|message| {
                            usage(format!("`--type` is {}, which {message}", text::quote(kind.name())))
                                .hint(coverage::kinds_hint(format))
                        })?;
                    }
                    Some(kind)
                }
                None => None,
            },
            format: match one("format")? {
                Some(name) => {
                    Some(choice("--format", &name, CoverageFormat::ALL.iter().map(|f| (f.name(), *f)))?)
                }
                None => collector.format,
            },
            fallback: match one("fallback")? {
                Some(number) => Some(output::numeric(&number).map_err(|_| {
                    usage(format!("`--fallback` is {}, expected a number", text::quote(&number)))
                })?),
                None => None,
            },
            maps: {
                let maps = all("path-map");
                if let Some(wrong) = maps.iter().find(|map| PathMap::parse(map).is_none()) {
                    return Err(usage(format!("`--path-map` is {}, expected `FROM=TO`", text::quote(wrong)))
                        .hint("For example `--path-map /app=packages/a`."));
                }
                maps
            },
        },
    };
    Ok(CollectPlan { collector: collector.name, patterns, exclude: all("exclude"), measure })
}

impl CollectPlan {
    /// The plan where there are no `sources` to take instead of paths.
    ///
    /// # Errors
    /// `COLLECTOR_USAGE` for `size` without a path: it would measure everything, what git ignores too.
    pub fn with_paths(self) -> Result<Self> {
        let is_everything = self.patterns.is_empty() && matches!(self.measure, Measure::Bytes { .. });
        if is_everything { Err(pathless(self.collector)) } else { Ok(self) }
    }
}

fn pathless(collector: &str) -> Error {
    usage(format!("{} needs at least one file, directory or glob", text::quote(collector)))
        .hint(format!("For example {}.", text::quote(&example(collector))))
}

/// Takes the JSON pointer from a file and a pointer.
fn pointer_of(arguments: &mut Vec<String>) -> Result<String> {
    let [_, pointer] = arguments.as_slice() else {
        return Err(usage(format!(
            "`json` needs a file and a JSON pointer, found {}",
            text::plural(arguments.len(), "argument", "arguments")
        ))
        .hint(format!("For example {}.", text::quote(&example("json")))));
    };
    json::Pointer::parse(pointer)?;
    Ok(arguments.pop().unwrap_or_default())
}

fn usage(message: impl Into<String>) -> Error {
    Error::new(Code::CollectorUsage, message)
}

fn example(collector: &str) -> String {
    match collector {
        "size" => "@collect size dist".into(),
        "bench" => "@collect bench bench.json --name parse".into(),
        "junit" => "@collect junit 'reports/**/*.xml'".into(),
        "json" => "@collect json stats.json /total/size".into(),
        "coverage-cobertura" => "@collect coverage-cobertura coverage/cobertura.xml".into(),
        "coverage-clover" => "@collect coverage-clover coverage/clover.xml".into(),
        "coverage-jacoco" => "@collect coverage-jacoco target/site/jacoco/jacoco.xml".into(),
        "coverage-gocover" => "@collect coverage-gocover cover.out".into(),
        "coverage-opencover" => "@collect coverage-opencover coverage.opencover.xml".into(),
        "coverage-istanbul" => "@collect coverage-istanbul coverage/coverage-final.json".into(),
        "coverage-simplecov" => "@collect coverage-simplecov coverage/.resultset.json".into(),
        "coverage-coveragepy" | "coverage-llvm" | "coverage-gcovr" | "coverage-xccov" => {
            format!("@collect {collector} coverage.json")
        }
        other => format!("@collect {other} coverage/lcov.info"),
    }
}

fn find_flag(collector: &Collector, spelling: &str) -> Result<&'static Flag> {
    let bare = spelling.trim_start_matches('-');
    let long = spelling.starts_with("--");
    let found = collector.flags.iter().find(|flag| {
        if long { flag.long == bare } else { flag.short.is_some_and(|short| bare == short.to_string()) }
    });
    if let Some(flag) = found {
        return Ok(flag);
    }
    let names: Vec<String> = collector.flags.iter().map(|flag| format!("--{}", flag.long)).collect();
    let hint = match text::closest(bare, &collector.flags.iter().map(|flag| flag.long).collect::<Vec<_>>()) {
        Some(close) => format!("Did you mean `--{close}`?"),
        None => {
            format!("It takes {}.", text::list(&names.iter().map(|n| text::quote(n)).collect::<Vec<_>>()))
        }
    };
    Err(usage(format!("{} does not take {}", text::quote(collector.name), text::quote(spelling))).hint(hint))
}

fn choice<T>(option: &str, given: &str, choices: impl Iterator<Item = (&'static str, T)>) -> Result<T> {
    let mut names = Vec::new();
    for (name, value) in choices {
        if name.eq_ignore_ascii_case(given) {
            return Ok(value);
        }
        names.push(name);
    }
    let hint = match text::closest(given, &names) {
        Some(close) => format!("Did you mean {}?", text::quote(close)),
        None => {
            format!("Use one of {}.", text::list(&names.iter().map(|n| text::quote(n)).collect::<Vec<_>>()))
        }
    };
    Err(usage(format!("{} is {}", text::quote(option), text::quote(given))).hint(hint))
}

/// Splits a line into words as a POSIX shell does: white space separates, single quotes keep all,
/// double quotes keep all but `\"` and `\\`. Outside quotes a backslash takes the special meaning
/// from white space, quotes and itself only, so that Windows paths stay whole.
fn tokenize(line: &str) -> Result<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            c if c.is_whitespace() => words.extend(word.take()),
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match characters.next() {
                        None => {
                            return Err(usage(format!("a quote {c} is never closed"))
                                .hint("Close it, or put a backslash before it."));
                        }
                        Some(end) if end == c => break,
                        Some('\\') if c == '"' && matches!(characters.peek(), Some('"' | '\\')) => {
                            word.extend(characters.next());
                        }
                        Some(other) => word.push(other),
                    }
                }
            }
            '\\' if characters
                .peek()
                .is_some_and(|n| n.is_whitespace() || matches!(n, '\'' | '"' | '\\')) =>
            {
                word.get_or_insert_default().extend(characters.next());
            }
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        tokenize(line).unwrap()
    }

    #[test]
    fn lines_split_as_in_a_shell() {
        for (line, expected) in [
            ("", vec![]),
            ("  loc   .  ", vec!["loc", "."]),
            ("size 'a b' \"c d\"", vec!["size", "a b", "c d"]),
            ("size a\\ b", vec!["size", "a b"]),
            ("size dist\\app.js", vec!["size", "dist\\app.js"]),
            ("size pre'mid dle'post", vec!["size", "premid dlepost"]),
            ("size ''", vec!["size", ""]),
            (r#"size "a\"b""#, vec!["size", "a\"b"]),
            (r"size 'a\b'", vec!["size", r"a\b"]),
        ] {
            assert_eq!(words(line), expected, "{line}");
        }
    }

    #[test]
    fn a_plan_says_what_to_read_and_measure() {
        let plan =
            parse("@collect loc src 'lib/**' -l RUST --exclude vendor gen --exclude=*.min.js").unwrap();
        assert_eq!(plan.patterns, ["src", "lib/**"]);
        assert_eq!(plan.exclude, ["vendor", "gen", "*.min.js"]);
        assert_eq!(plan.measure, Measure::Lines { languages: vec!["Rust".into()] });
        let plan = parse("loc -l ts").unwrap();
        assert_eq!(plan.measure, Measure::Lines { languages: vec!["TypeScript".into(), "TSX".into()] });

        let plan = parse("@collect coverage-lcov a.info --type branch --fallback -1").unwrap();
        assert_eq!(
            plan.measure,
            Measure::Coverage {
                of: Some(CoverageKind::Branch),
                format: Some(CoverageFormat::Lcov),
                fallback: Some(-1.0),
                maps: vec![]
            }
        );
        let plan = parse("coverage a.info --path-map /app=a --path-map=C:\\b=").unwrap();
        assert!(matches!(plan.measure, Measure::Coverage { maps, .. } if maps == ["/app=a", "C:\\b="]));
        let plan = parse("size dist --gzip").unwrap();
        assert_eq!(plan.measure, Measure::Bytes { compression: Some(Compression::Gzip) });
        assert_eq!(parse("loc").unwrap().patterns, Vec::<String>::new());
        assert_eq!(parse("size -- -odd-").unwrap().patterns, ["-odd-"]);
    }

    #[test]
    fn wrong_lines_name_the_word_and_the_remedy() {
        for (line, message, hint) in [
            ("@collect", "no collector named", "Name one of"),
            ("@collect lok .", "unknown collector `lok`", "Did you mean `loc`?"),
            (
                "@collect loc . --languge Rust",
                "`loc` does not take `--languge`",
                "Did you mean `--language`?",
            ),
            ("@collect loc . -x", "`loc` does not take `-x`", "It takes"),
            ("@collect loc . --language", "`--language` needs a value", ""),
            ("@collect loc . -l a -l b", "`--language` is given 2 times", "once"),
            (
                "@collect coverage",
                "`coverage` needs at least one file",
                "@collect coverage coverage/lcov.info",
            ),
            ("@collect size a --gzip --brotli", "exclude each other", "one of them"),
            ("@collect size a --gzip=9", "`--gzip` takes no value", ""),
            ("@collect size ''", "empty path", ""),
            ("@collect coverage a --type lines", "`--type` is `lines`", "Did you mean `line`?"),
            (
                "@collect coverage-lcov a --type statement",
                "`--type` is `statement`, which lcov reports do not have",
                "They have `line`, `branch` and `function`.",
            ),
            ("@collect coverage a --format lcv", "`--format` is `lcv`", "Did you mean `lcov`?"),
            ("@collect coverage a --fallback x", "`--fallback` is `x`, expected a number", ""),
            (
                "@collect coverage a --path-map /app",
                "`--path-map` is `/app`, expected `FROM=TO`",
                "/app=packages/a",
            ),
            ("@collect coverage 'a", "quote ' is never closed", "Close it"),
        ] {
            let error = parse(line).unwrap_err();
            assert_eq!(error.code, Code::CollectorUsage);
            assert!(error.message.contains(message), "{line}: {}", error.message);
            assert!(error.hint.contains(hint), "{line}: {}", error.hint);
        }
    }

    #[test]
    fn only_the_whole_word_is_a_collect_line() {
        assert!(is_collect("  @collect loc ."));
        assert!(is_collect("@collect"));
        assert!(!is_collect("@collector loc ."));
        assert!(!is_collect("echo @collect"));
    }
}
