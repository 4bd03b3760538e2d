//! The grammar of `unentropy.json`, described once as data. The walk in `validate` and the JSON
//! Schema in `schema` are both derived from these tables, so that they cannot drift; what a value
//! means, and references between parts of the file, are the business of `checked`.

use super::{
    ColourMode, GateMode, OnMissing, Severity, StorageType, THEME_VARIABLES, THEMES, ThresholdMode, defaults,
    templates,
};
use crate::metric::{self, Direction, MetricType, Unit};

/// The largest whole number that JSON readers agree on, 2^53 - 1.
const LARGEST: u64 = 9_007_199_254_740_991;

/// What a value may be.
pub(super) enum Shape {
    /// A string.
    Text(Text),
    /// A string out of a closed list.
    Word(&'static [&'static str]),
    /// A string out of a list; another one is only worth a warning and means the first. Those of `later` are known
    /// and not supported yet: an error.
    WordOrFirst { words: &'static [&'static str], later: &'static [&'static str] },
    /// A whole number within bounds, both included.
    Int(u64, u64),
    /// A finite number.
    Number(Floor),
    /// `true` or `false`.
    Flag,
    /// An array.
    List(List),
    /// An object whose keys the user chooses.
    Map(Map),
    /// An object whose keys we choose.
    Record(&'static Record),
    /// Two shapes of different JSON kinds.
    Either(&'static Shape, &'static Shape),
}

/// A string's bounds, in characters.
#[derive(Clone, Copy)]
pub(super) struct Text {
    pub(super) min: usize,
    pub(super) max: Option<usize>,
    pub(super) pattern: Option<Pattern>,
}

/// A rule on a string's characters, said three times: as a regular expression for the schema, as a
/// test and in words. `tests` below hold them together.
#[derive(Clone, Copy)]
pub(super) struct Pattern {
    pub(super) expression: &'static str,
    pub(super) matches: fn(&str) -> bool,
    pub(super) says: &'static str,
}

/// The lower bound of a number.
#[derive(Clone, Copy)]
pub(super) enum Floor {
    None,
    AtLeastZero,
    AboveZero,
}

pub(super) struct List {
    pub(super) item: &'static Shape,
    /// What the entries are called, one and many.
    pub(super) noun: (&'static str, &'static str),
    pub(super) min: usize,
    pub(super) max: Option<usize>,
}

pub(super) struct Map {
    pub(super) keys: Text,
    pub(super) value: &'static Shape,
    /// What the entries are called, one and many.
    pub(super) noun: (&'static str, &'static str),
    pub(super) min: usize,
    pub(super) max: usize,
}

pub(super) struct Record {
    /// What an object of this kind is called, with its article.
    pub(super) noun: &'static str,
    pub(super) fields: &'static [Field],
    pub(super) rules: &'static [Rule],
    /// Whether credentials are looked for in everything below.
    pub(super) guarded: bool,
}

pub(super) struct Field {
    pub(super) key: &'static str,
    pub(super) shape: &'static Shape,
    pub(super) required: bool,
    /// One or two sentences, shown by editors.
    pub(super) doc: &'static str,
    /// What a missing field means.
    pub(super) default: Option<DefaultValue>,
}

/// The value that a missing field means.
#[derive(Clone, Copy)]
pub(super) enum DefaultValue {
    Word(&'static str),
    Number(f64),
    Flag(bool),
}

/// A condition between the fields of one object.
pub(super) enum Rule {
    /// `fields` must be there unless `unless` is.
    NeedsUnless { fields: &'static [&'static str], unless: &'static str },
    /// `field` must be there where `key` is one of `words`.
    NeedsWhen { field: &'static str, key: &'static str, words: &'static [&'static str], hint: &'static str },
    /// `field` may only be there where `key` is one of `words`.
    OnlyWhen { field: &'static str, key: &'static str, words: &'static [&'static str] },
}

const fn field(key: &'static str, shape: &'static Shape, doc: &'static str) -> Field {
    Field { key, shape, required: false, doc, default: None }
}

const fn required(key: &'static str, shape: &'static Shape, doc: &'static str) -> Field {
    Field { required: true, ..field(key, shape, doc) }
}

const fn defaulted(
    key: &'static str,
    shape: &'static Shape,
    default: DefaultValue,
    doc: &'static str,
) -> Field {
    Field { default: Some(default), ..field(key, shape, doc) }
}

const fn text(min: usize, max: Option<usize>) -> Shape {
    Shape::Text(Text { min, max, pattern: None })
}

const ANY_TEXT: Shape = text(0, None);
const SOME_TEXT: Shape = text(1, None);
const TITLE: Shape = text(0, Some(256));

/// The whole document.
pub(super) const ROOT: Record = Record {
    noun: "a configuration",
    guarded: false,
    rules: &[Rule::NeedsUnless { fields: &["metrics"], unless: "groups" }],
    fields: &[
        field("$schema", &ANY_TEXT, "The address of the JSON Schema, for editors."),
        field("metrics", &METRICS, "The metrics to collect, by key."),
        field(
            "groups",
            &GROUPS,
            "Groups of metrics that are alike, by key: one for each directory, or for each value of a command.",
        ),
        field("storage", &Shape::Record(&STORAGE), "Where the history lives. Inputs override every setting."),
        field("qualityGate", &Shape::Record(&QUALITY_GATE), "How pull requests are judged."),
        field("report", &Shape::Record(&REPORT), "How the report is laid out and coloured."),
        field(
            "sources",
            &Shape::List(List { item: &SOME_TEXT, noun: ("pattern", "patterns"), min: 1, max: Some(50) }),
            "Glob patterns of the project's own files, relative to this file. `!` excludes, the last match wins, a \
             bare directory means everything below it.",
        ),
    ],
};

const METRIC_KEY: Text = Text {
    min: 1,
    max: Some(metric::ID_MAX),
    pattern: Some(Pattern {
        expression: metric::ID_PATTERN,
        matches: metric::has_id_characters,
        says: "lower-case letters, digits and hyphens",
    }),
};

const METRICS: Shape = Shape::Map(Map {
    keys: METRIC_KEY,
    value: &Shape::Record(&METRIC),
    noun: ("metric", "metrics"),
    min: 1,
    max: metric::METRICS_MAX,
});

const GROUPS: Shape = Shape::Map(Map {
    keys: Text { max: Some(metric::GROUP_ID_MAX), ..METRIC_KEY },
    value: &Shape::Record(&GROUP),
    noun: ("group", "groups"),
    min: 1,
    max: metric::METRICS_MAX,
});

const PATTERNS: Shape = Shape::Either(
    &SOME_TEXT,
    &Shape::List(List { item: &SOME_TEXT, noun: ("pattern", "patterns"), min: 1, max: Some(50) }),
);

const GROUP: Record = Record {
    noun: "a group",
    guarded: false,
    rules: &[
        Rule::NeedsUnless { fields: &["command"], unless: "$ref" },
        Rule::NeedsWhen {
            field: "command",
            key: "$ref",
            words: templates::COMMANDLESS,
            hint: "This template brings no command, because only the project knows it: add one.",
        },
    ],
    fields: &[
        field("$ref", &Shape::Word(templates::NAMES), "The template that fills what is left out here."),
        field(
            "forEach",
            &PATTERNS,
            "A pattern of directories, or several: each directory is a metric, and `{dir}` and `{basename}` in `command` \
             and `name` are its path and its name.",
        ),
        field(
            "command",
            &text(1, Some(1024)),
            "With `forEach` a shell command or an `@collect` line with `{dir}` or `{basename}`; without it an `@collect` \
             line that gives several values.",
        ),
        field(
            "include",
            &PATTERNS,
            "Patterns of the directories or values that count; `*` is any characters.",
        ),
        field("exclude", &PATTERNS, "Patterns of the directories or values that do not count."),
        field(
            "name",
            &TITLE,
            "What people read of each metric, with `{dir}` and `{basename}`, or `{name}` for that of a value.",
        ),
        field(
            "type",
            &Shape::Word(MetricType::WORDS),
            "Whether the values are numbers or words; numbers if left out.",
        ),
        field(
            "description",
            &text(0, Some(metric::DESCRIPTION_MAX)),
            "A sentence on what the metrics measure.",
        ),
        field("unit", &Shape::Word(Unit::WORDS), "How numbers are shown, where the values do not say it."),
        defaulted(
            "timeout",
            &Shape::Int(1, 300_000),
            DefaultValue::Number(defaults::TIMEOUT as f64),
            "Milliseconds after which a command is killed.",
        ),
        field(
            "direction",
            &Shape::Word(DIRECTIONS),
            "Which way the metrics get better. Left out, the template, the values or the unit decide.",
        ),
    ],
};

const METRIC: Record = Record {
    noun: "a metric",
    guarded: false,
    rules: &[
        Rule::NeedsUnless { fields: &["type", "command"], unless: "$ref" },
        Rule::NeedsWhen {
            field: "command",
            key: "$ref",
            words: templates::COMMANDLESS,
            hint: "This template brings no command, because only the project knows it: add one.",
        },
    ],
    fields: &[
        field("$ref", &Shape::Word(templates::NAMES), "The template that fills what is left out here."),
        field("name", &TITLE, "What people read; the key where it is left out."),
        field("type", &Shape::Word(MetricType::WORDS), "Whether the values are numbers or words."),
        field(
            "description",
            &text(0, Some(metric::DESCRIPTION_MAX)),
            "A sentence on what the metric measures.",
        ),
        field(
            "command",
            &text(1, Some(1024)),
            "A shell command whose first line of output is the value, or an `@collect` line.",
        ),
        field("unit", &Shape::Word(Unit::WORDS), "How numbers are shown. Ignored for labels."),
        defaulted(
            "timeout",
            &Shape::Int(1, 300_000),
            DefaultValue::Number(defaults::TIMEOUT as f64),
            "Milliseconds after which a shell command is killed.",
        ),
        field(
            "direction",
            &Shape::Word(DIRECTIONS),
            "Which way the metric gets better. Left out, the template or the unit decides: percent up, bytes and \
             duration down, else neither. Ignored for labels.",
        ),
    ],
};

/// The directions that the file can say; the third is what silence means.
const DIRECTIONS: &[&str] = match Direction::WORDS {
    [up, down, _] => &[*up, *down],
    _ => panic!("three directions"),
};

/// Where this version keeps histories, and where a later one will; together they are all types there are.
const STORAGE_TYPES: &[&str] = match StorageType::WORDS {
    [types @ .., _] => types,
    [] => panic!("four types"),
};
const STORAGE_TYPES_LATER: &[&str] = match StorageType::WORDS {
    [.., later] => &[*later],
    [] => panic!("four types"),
};

const STORAGE: Record = Record {
    noun: "the storage",
    guarded: true,
    rules: &[],
    fields: &[
        defaulted(
            "type",
            &Shape::WordOrFirst { words: STORAGE_TYPES, later: STORAGE_TYPES_LATER },
            DefaultValue::Word(defaults::STORAGE.as_str()),
            "The kind of storage.",
        ),
        field("path", &SOME_TEXT, "The file of `sqlite-local`, relative to this file."),
        field("artifact", &Shape::Record(&ARTIFACT), "Settings for `sqlite-artifact`."),
        field(
            "s3",
            &Shape::Record(&S3),
            "Settings for `sqlite-s3`. Keys and tokens are inputs and never stand here.",
        ),
    ],
};

const ARTIFACT: Record = Record {
    noun: "the artifact settings",
    guarded: true,
    rules: &[],
    fields: &[
        field("name", &SOME_TEXT, "The artifact's name."),
        field("branchFilter", &SOME_TEXT, "The branch whose artifacts hold the history."),
    ],
};

const S3: Record = Record {
    noun: "the S3 settings",
    guarded: true,
    rules: &[],
    fields: &[
        field("endpoint", &SOME_TEXT, "The server's address."),
        field("bucket", &SOME_TEXT, "The bucket's name."),
        field("region", &SOME_TEXT, "The region's name."),
        field("key", &SOME_TEXT, "The history's key in the bucket."),
    ],
};

const QUALITY_GATE: Record = Record {
    noun: "the quality gate",
    guarded: false,
    rules: &[],
    fields: &[
        defaulted(
            "mode",
            &Shape::Word(GateMode::WORDS),
            DefaultValue::Word(defaults::MODE.as_str()),
            "`off` evaluates nothing, `soft` never fails a run, `hard` fails it on a failed blocker.",
        ),
        defaulted(
            "enablePullRequestComment",
            &Shape::Flag,
            DefaultValue::Flag(defaults::COMMENT),
            "Whether the verdict is posted as a comment.",
        ),
        defaulted(
            "maxCommentMetrics",
            &Shape::Int(1, 100),
            DefaultValue::Number(defaults::COMMENT_METRICS as f64),
            "Rows of the comment's table.",
        ),
        defaulted(
            "maxCommentCharacters",
            &Shape::Int(1, 20_000),
            DefaultValue::Number(defaults::COMMENT_CHARACTERS as f64),
            "Characters of the comment.",
        ),
        field("baseline", &Shape::Record(&BASELINE), "What a pull request is compared with."),
        field(
            "thresholds",
            &Shape::List(List {
                item: &Shape::Record(&THRESHOLD),
                noun: ("threshold", "thresholds"),
                min: 0,
                max: None,
            }),
            "Conditions on metrics. All of them are evaluated, also several on one metric.",
        ),
    ],
};

const BASELINE: Record = Record {
    noun: "the baseline",
    guarded: false,
    rules: &[],
    fields: &[
        field("referenceBranch", &ANY_TEXT, "The branch; left out, the pull request's target."),
        defaulted(
            "maxAgeDays",
            &Shape::Int(1, LARGEST),
            DefaultValue::Number(defaults::MAX_AGE_DAYS as f64),
            "Days after which a build is too old to compare with.",
        ),
    ],
};

const THRESHOLD: Record = Record {
    noun: "a threshold",
    guarded: false,
    rules: &[
        Rule::NeedsWhen {
            field: "target",
            key: "mode",
            words: &["min", "max"],
            hint: "Add the bound as a number.",
        },
        Rule::NeedsWhen {
            field: "maxDropPercent",
            key: "mode",
            words: &["delta-max-drop"],
            hint: "Add the percentage as a number, such as 5.",
        },
        Rule::NeedsWhen {
            field: "maxRisePercent",
            key: "mode",
            words: &["delta-max-rise"],
            hint: "Add the percentage as a number, such as 5.",
        },
        Rule::OnlyWhen { field: "maxRisePercent", key: "mode", words: &["delta-max-rise"] },
        Rule::OnlyWhen { field: "window", key: "mode", words: &["anomaly"] },
        Rule::OnlyWhen { field: "sensitivity", key: "mode", words: &["anomaly"] },
    ],
    fields: &[
        required(
            "metric",
            &SOME_TEXT,
            "The key of a numeric metric, or a pattern such as `group/*` or `group/parse-*`.",
        ),
        required(
            "mode",
            &Shape::Word(ThresholdMode::WORDS),
            "`min` and `max` compare with `target`; `no-regression`, `delta-max-drop` and `delta-max-rise` with the \
             baseline; `anomaly` with the spread of the last builds.",
        ),
        field("target", &Shape::Number(Floor::None), "The bound of `min` and `max`, in the metric's unit."),
        defaulted(
            "tolerance",
            &Shape::Number(Floor::AtLeastZero),
            DefaultValue::Number(defaults::TOLERANCE),
            "How much worse than the baseline `no-regression` allows, in the metric's unit.",
        ),
        field(
            "maxDropPercent",
            &Shape::Number(Floor::AboveZero),
            "The drop that `delta-max-drop` allows, in percent.",
        ),
        field(
            "maxRisePercent",
            &Shape::Number(Floor::AboveZero),
            "The rise that `delta-max-rise` allows, in percent.",
        ),
        defaulted(
            "window",
            &Shape::Int(8, 1000),
            DefaultValue::Number(defaults::WINDOW as f64),
            "Builds that `anomaly` looks at.",
        ),
        defaulted(
            "sensitivity",
            &Shape::Number(Floor::AboveZero),
            DefaultValue::Number(defaults::SENSITIVITY),
            "Scaled median absolute deviations that `anomaly` allows; more is more lenient.",
        ),
        defaulted(
            "severity",
            &Shape::Word(Severity::WORDS),
            DefaultValue::Word(defaults::SEVERITY.as_str()),
            "Whether a failure can fail the run (`blocker`) or is only shown (`warning`).",
        ),
        field(
            "onMissing",
            &Shape::Word(OnMissing::WORDS),
            "What a missing value means. Left out, `fail` for blockers and `warn` for warnings.",
        ),
    ],
};

const REPORT: Record = Record {
    noun: "the report",
    guarded: false,
    rules: &[],
    fields: &[
        field(
            "sections",
            &Shape::List(List {
                item: &Shape::Record(&SECTION),
                noun: ("section", "sections"),
                min: 1,
                max: None,
            }),
            "Groups of charts; left out, one chart for every metric.",
        ),
        defaulted(
            "theme",
            &Shape::Either(&Shape::Word(THEMES), &Shape::Record(&THEME)),
            DefaultValue::Word(THEMES[0]),
            "The name of a theme, or colours of one's own.",
        ),
        defaulted(
            "mode",
            &Shape::Word(ColourMode::WORDS),
            DefaultValue::Word(defaults::COLOUR_MODE.as_str()),
            "`auto` follows the reader's system.",
        ),
    ],
};

const SECTION: Record = Record {
    noun: "a section",
    guarded: false,
    rules: &[],
    fields: &[
        required("name", &TITLE, "The heading."),
        field("description", &text(0, Some(512)), "A line below the heading."),
        required(
            "charts",
            &Shape::List(List { item: &Shape::Record(&CHART), noun: ("chart", "charts"), min: 1, max: None }),
            "The charts, in order.",
        ),
    ],
};

const CHART: Record = Record {
    noun: "a chart",
    guarded: false,
    rules: &[],
    fields: &[
        required(
            "metrics",
            &Shape::Either(
                &SOME_TEXT,
                &Shape::List(List { item: &SOME_TEXT, noun: ("metric", "metrics"), min: 1, max: None }),
            ),
            "The key of a metric, or a list of keys for one chart over several; `group/*` names those of a group.",
        ),
        field("title", &TITLE, "Replaces the metrics' names above the chart."),
    ],
};

const THEME: Record = Record {
    noun: "a theme",
    guarded: false,
    rules: &[],
    fields: &[
        field("dark", &Shape::Record(&COLOURS), "Colours in the dark; the default theme's where left out."),
        field("light", &Shape::Record(&COLOURS), "Colours in the light; the default theme's where left out."),
    ],
};

const COLOURS: Record = Record { noun: "the colours", guarded: false, rules: &[], fields: &COLOUR_FIELDS };

const COLOUR_FIELDS: [Field; THEME_VARIABLES.len()] = {
    let mut fields = [const { field("", &COLOUR, "A colour as `#rrggbb`.") }; THEME_VARIABLES.len()];
    let mut index = 0;
    while index < fields.len() {
        fields[index].key = THEME_VARIABLES[index];
        index += 1;
    }
    fields
};

const COLOUR: Shape = Shape::Text(Text {
    min: 0,
    max: None,
    pattern: Some(Pattern {
        expression: "^#[0-9a-fA-F]{6}$",
        matches: |text| {
            text.strip_prefix('#').is_some_and(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_hexdigit()))
        },
        says: "`#` and six hexadecimal digits, such as `#1c2230`",
    }),
});

#[cfg(test)]
mod tests {
    use super::*;

    /// Every field of a record and of those below it.
    fn fields(record: &'static Record, visit: &mut impl FnMut(&'static Record, &'static Field)) {
        for field in record.fields {
            visit(record, field);
            shapes(field.shape, visit);
        }
    }

    fn shapes(shape: &'static Shape, visit: &mut impl FnMut(&'static Record, &'static Field)) {
        match shape {
            Shape::Record(record) => fields(record, visit),
            Shape::List(list) => shapes(list.item, visit),
            Shape::Map(map) => shapes(map.value, visit),
            Shape::Either(one, other) => {
                shapes(one, visit);
                shapes(other, visit);
            }
            _ => {}
        }
    }

    #[test]
    fn every_field_is_documented_and_every_default_fits() {
        let mut count = 0;
        fields(&ROOT, &mut |record, field| {
            count += 1;
            assert!(field.doc.ends_with('.'), "{} {}", record.noun, field.key);
            if let Some(default) = field.default {
                let fits = match (default, field.shape) {
                    (DefaultValue::Word(word), Shape::Word(words) | Shape::Either(Shape::Word(words), _)) => {
                        words.contains(&word)
                    }
                    (DefaultValue::Word(word), Shape::WordOrFirst { words, .. }) => words[0] == word,
                    (DefaultValue::Number(number), Shape::Int(least, most)) => {
                        number.fract() == 0.0 && (*least as f64..=*most as f64).contains(&number)
                    }
                    (DefaultValue::Number(number), Shape::Number(_)) => number > 0.0,
                    (DefaultValue::Flag(_), Shape::Flag) => true,
                    _ => false,
                };
                assert!(fits && !field.required, "{}", field.key);
            }
        });
        assert!(count > 50, "{count} fields");
    }

    #[test]
    fn rules_name_fields_and_words_of_their_record() {
        fields(&ROOT, &mut |record, _| {
            let has = |key: &str| record.fields.iter().any(|field| field.key == key);
            for rule in record.rules {
                match rule {
                    Rule::NeedsUnless { fields, unless } => {
                        assert!(fields.iter().all(|field| has(field)) && has(unless));
                    }
                    Rule::NeedsWhen { field, key, words, .. } | Rule::OnlyWhen { field, key, words } => {
                        assert!(has(field));
                        let key = record.fields.iter().find(|field| field.key == *key).expect("a field");
                        let Shape::Word(known) = key.shape else { panic!("{} is no word", key.key) };
                        assert!(!words.is_empty() && words.iter().all(|word| known.contains(word)));
                    }
                }
            }
        });
    }

    #[test]
    fn patterns_mean_what_they_say() {
        let Shape::Map(metrics) = &METRICS else { panic!("metrics are a map") };
        let Shape::Text(colour) = &COLOUR else { panic!("a colour is text") };
        for (pattern, expression, good, bad) in [
            (
                metrics.keys.pattern,
                "^[a-z0-9-]+$",
                &["a", "0", "-", "a-b-9"][..],
                &["", "A", "a_b", "a b", "ä", "a\n"][..],
            ),
            (
                colour.pattern,
                "^#[0-9a-fA-F]{6}$",
                &["#000000", "#aBcDeF"],
                &["", "#fff", "000000", "#00000g", "#0000000", "#00000ä"],
            ),
        ] {
            let pattern = pattern.expect("a pattern");
            assert_eq!(pattern.expression, expression);
            for text in good {
                assert!((pattern.matches)(text), "{text}");
            }
            for text in bad {
                assert!(!(pattern.matches)(text), "{text}");
            }
        }
    }
}
