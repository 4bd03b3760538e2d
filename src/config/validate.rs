//! The walk that holds a syntax tree against the grammar and reports everything that breaks it.
//! It knows shapes only; what words refer to is checked in `checked`.

use super::diagnostic::{Path, Problem, Problems};
use super::grammar::{Floor, List, Map, ROOT, Record, Rule, Shape, Text};
use super::secrets;
use crate::text::{closest, list, list_or, plural, quote};
use jsonc_parser::ast::{Object, ObjectProp, Value};
use jsonc_parser::common::Ranged;
use std::collections::HashSet;

/// Reports everything that breaks the grammar.
pub(super) fn root(document: &Value, problems: &mut Problems) {
    Walk { problems, guarded: false }.record(document, &ROOT, &Path::ROOT);
}

struct Walk<'p> {
    problems: &'p mut Problems,
    /// Whether credentials may stand here, so that only what is plainly no secret is repeated.
    guarded: bool,
}

impl Walk<'_> {
    fn report(&mut self, at: usize, path: &Path, message: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(Problem::new(at, path.to_string(), message).hint(hint));
    }

    fn value(&mut self, value: &Value, shape: &Shape, path: &Path) {
        match (shape, value) {
            (Shape::Either(one, other), _) => match [one, other].into_iter().find(|s| same_kind(s, value)) {
                Some(shape) => self.value(value, shape, path),
                None => self.wrong_kind(value, shape, path),
            },
            (Shape::Record(record), _) => self.record(value, record, path),
            (_, Value::StringLit(text)) if secrets::is_value(&text.value) => {
                self.secret_value(value, path);
            }
            (Shape::Text(rules), Value::StringLit(text)) => self.text(value, &text.value, rules, path),
            (Shape::Word(words), Value::StringLit(text)) => {
                if !words.contains(&&*text.value) {
                    let (message, hint) = self.not_a_word(shape, &text.value, words);
                    self.report(start(value), path, message, hint);
                }
            }
            (Shape::WordOrFirst { later, .. }, Value::StringLit(text)) if later.contains(&&*text.value) => {
                let message =
                    format!("{} is not supported yet: expected {}", quote(&text.value), expected(shape));
                self.report(
                    start(value),
                    path,
                    message,
                    "A later version will have it; name another one until then.",
                );
            }
            (Shape::WordOrFirst { words, .. }, Value::StringLit(text)) => {
                if !words.contains(&&*text.value) {
                    let (message, hint) = self.not_a_word(shape, &text.value, words);
                    let hint = format!("{hint} Until it is corrected, `{}` is used.", words[0]);
                    let problem = Problem::new(start(value), path.to_string(), message);
                    self.problems.push(problem.hint(hint.trim_start()).warning());
                }
            }
            (Shape::Int(min, max), Value::NumberLit(number)) => {
                let fits = whole(number.value).is_some_and(|whole| (*min..=*max).contains(&whole));
                if !fits {
                    self.wrong_number(value, number.value, shape, path);
                }
            }
            (Shape::Number(floor), Value::NumberLit(number)) => {
                let fits = number.value.parse::<f64>().is_ok_and(|n| match floor {
                    Floor::None => n.is_finite(),
                    Floor::AtLeastZero => n.is_finite() && n >= 0.0,
                    Floor::AboveZero => n.is_finite() && n > 0.0,
                });
                if !fits {
                    self.wrong_number(value, number.value, shape, path);
                }
            }
            (Shape::Flag, Value::BooleanLit(_)) => {}
            (Shape::List(rules), Value::Array(array)) => {
                self.count(value, array.elements.len(), (rules.min, rules.max), rules.noun, path);
                for (index, element) in array.elements.iter().enumerate() {
                    self.value(element, rules.item, &path.index(index));
                }
            }
            (Shape::Map(rules), Value::Object(object)) => self.map(value, object, rules, path),
            _ => self.wrong_kind(value, shape, path),
        }
    }

    fn record(&mut self, value: &Value, record: &Record, path: &Path) {
        let outer = self.guarded;
        self.guarded |= record.guarded;
        match value {
            Value::Object(object) => {
                self.fields(value, object, record, path);
                self.rules(value, object, record, path);
            }
            _ => self.wrong_kind(value, &Shape::Record(&EMPTY), path),
        }
        self.guarded = outer;
    }

    fn fields(&mut self, value: &Value, object: &Object, record: &Record, path: &Path) {
        self.duplicates(object, path);
        for property in &object.properties {
            let key = property.name.as_str();
            match record.fields.iter().find(|field| field.key == key) {
                Some(field) => self.value(&property.value, field.shape, &path.key(key)),
                None => self.unknown_key(property, record, path),
            }
        }
        for field in record.fields {
            if field.required && object.get(field.key).is_none() {
                let message = format!("missing `{}`, which {} needs", field.key, record.noun);
                self.report(
                    start(value),
                    &path.key(field.key),
                    message,
                    format!("Add it: {}", uncapitalised(field.doc)),
                );
            }
        }
    }

    fn rules(&mut self, value: &Value, object: &Object, record: &Record, path: &Path) {
        let has = |key: &str| object.get(key).is_some();
        for rule in record.rules {
            match rule {
                Rule::NeedsUnless { fields, unless } if !has(unless) => {
                    for field in fields.iter().filter(|field| !has(field)) {
                        let message =
                            format!("missing `{field}`, which {} without `{unless}` needs", record.noun);
                        let hint = match *unless {
                            "$ref" => format!("Add `{field}`, or name a template with `{unless}`."),
                            _ => format!("Add `{field}` or `{unless}`."),
                        };
                        self.report(start(value), &path.key(field), message, hint);
                    }
                }
                Rule::NeedsWhen { field, key, words, hint } if !has(field) => {
                    if let Some(word) = object.get_string(key).filter(|word| words.contains(&&*word.value)) {
                        let message = format!(
                            "missing `{field}`, which {} with `{key}` `{}` needs",
                            record.noun, word.value
                        );
                        self.report(start(value), &path.key(field), message, *hint);
                    }
                }
                Rule::OnlyWhen { field, key, words } => {
                    let (Some(property), Some(word)) = (object.get(field), object.get_string(key)) else {
                        continue;
                    };
                    // A word that is not known has been reported already.
                    let known = record.fields.iter().any(
                        |field| matches!(field.shape, Shape::Word(known) if field.key == *key && known.contains(&&*word.value)),
                    );
                    if known && !words.contains(&&*word.value) {
                        let wanted = list_or(&quoted(words));
                        let message = format!("`{field}` needs `{key}` {wanted}, found `{}`", word.value);
                        let hint = format!("Remove `{field}`, or change `{key}`.");
                        self.report(property.range().start, &path.key(field), message, hint);
                    }
                }
                _ => {}
            }
        }
    }

    fn map(&mut self, value: &Value, object: &Object, rules: &Map, path: &Path) {
        self.duplicates(object, path);
        self.count(value, object.properties.len(), (rules.min, Some(rules.max)), rules.noun, path);
        for property in &object.properties {
            let key = property.name.as_str();
            let path = path.key(self.shown(key));
            if secrets::is_value(key) {
                self.secret_key(property.range().start, key, &path);
            } else if let Some((message, hint)) = broken_key(key, rules) {
                self.report(property.range().start, &path, message, hint);
            }
            self.value(&property.value, rules.value, &path);
        }
    }

    fn duplicates(&mut self, object: &Object, path: &Path) {
        let mut seen = HashSet::with_capacity(object.properties.len());
        for property in &object.properties {
            let key = property.name.as_str();
            if !seen.insert(key) {
                let key = self.shown(key);
                let message = format!("key {} stands twice in the same object", quote(key));
                self.report(property.range().start, &path.key(key), message, "Remove one of the two.");
            }
        }
    }

    fn unknown_key(&mut self, property: &ObjectProp, record: &Record, path: &Path) {
        let (key, at) = (property.name.as_str(), property.range().start);
        if secrets::is_key(key) || secrets::is_value(key) {
            self.secret_key(at, key, &path.key(self.shown(key)));
            return;
        }
        let known: Vec<&str> = record.fields.iter().map(|field| field.key).collect();
        let hint = if self.problems.are_many() { String::new() } else { meant_key(key, record) };
        let key = self.shown(key);
        let message =
            format!("unknown key {}: {} may have {}", quote(key), record.noun, list(&quoted(&known)));
        let path = path.key(key);
        self.report(at, &path, message, hint);
        self.secrets_below(&property.value, &path);
    }

    /// A key as diagnostics may show it.
    fn shown<'k>(&self, key: &'k str) -> &'k str {
        let hidden = secrets::is_value(key) || self.guarded && !secrets::is_harmless(key);
        if hidden { "…" } else { key }
    }

    /// Looks for secrets where the grammar has nothing more to say.
    fn secrets_below(&mut self, value: &Value, path: &Path) {
        match value {
            Value::StringLit(text) if secrets::is_value(&text.value) => self.secret_value(value, path),
            Value::Array(array) => {
                for (index, element) in array.elements.iter().enumerate() {
                    self.secrets_below(element, &path.index(index));
                }
            }
            Value::Object(object) => {
                for property in &object.properties {
                    let key = property.name.as_str();
                    let shown = self.shown(key);
                    let path = path.key(shown);
                    if self.guarded && secrets::is_key(key) || secrets::is_value(key) {
                        self.secret_key(property.range().start, key, &path);
                    } else {
                        self.secrets_below(&property.value, &path);
                    }
                }
            }
            _ => {}
        }
    }

    fn secret_key(&mut self, at: usize, key: &str, path: &Path) {
        let message = format!("a secret must not stand in this file: found key {}", quote(self.shown(key)));
        self.report(at, path, message, secrets::REMEDY);
    }

    fn secret_value(&mut self, value: &Value, path: &Path) {
        let message = "a secret must not stand in this file: this text holds a password, key or token";
        self.report(start(value), path, message, secrets::REMEDY);
    }

    fn text(&mut self, value: &Value, text: &str, rules: &Text, path: &Path) {
        let length = text.chars().count();
        let at = start(value);
        if length < rules.min {
            self.report(at, path, "expected text, found none between the quotes", "");
        } else if let Some(max) = rules.max.filter(|max| length > *max) {
            self.report(at, path, format!("expected at most {max} characters, found {length}"), "");
        } else if let Some(pattern) = rules.pattern.filter(|pattern| !(pattern.matches)(text)) {
            self.report(at, path, format!("expected {}, found {}", pattern.says, quote(text)), "");
        }
    }

    fn not_a_word(&self, shape: &Shape, text: &str, words: &[&str]) -> (String, String) {
        let found = match self.guarded && !secrets::is_harmless(text) {
            true => "another text".to_owned(),
            false => quote(text),
        };
        let hint = closest(text, words).map(|meant| format!("Did you mean `{meant}`?")).unwrap_or_default();
        (format!("expected {}, found {found}", expected(shape)), hint)
    }

    fn wrong_number(&mut self, value: &Value, literal: &str, shape: &Shape, path: &Path) {
        let message = format!("expected {}, found {}", expected(shape), quote(literal));
        self.report(start(value), path, message, "");
    }

    fn count(
        &mut self,
        value: &Value,
        count: usize,
        bounds: (usize, Option<usize>),
        noun: (&str, &str),
        path: &Path,
    ) {
        let (min, max) = bounds;
        let message = if count < min {
            format!("expected at least {}, found none", plural(min, noun.0, noun.1))
        } else if let Some(max) = max.filter(|max| count > *max) {
            format!("expected at most {}, found {count}", plural(max, noun.0, noun.1))
        } else {
            return;
        };
        self.report(start(value), path, message, "");
    }

    fn wrong_kind(&mut self, value: &Value, shape: &Shape, path: &Path) {
        let message = format!("expected {}, found {}", expected(shape), kind(value));
        let hint = match (shape, value) {
            (_, Value::NullKeyword(_)) => "Leave the key out instead of giving null.",
            (Shape::Int(..) | Shape::Number(_), Value::StringLit(text))
                if text.value.parse::<f64>().is_ok() =>
            {
                "Write the number without quotes."
            }
            (Shape::Flag, Value::StringLit(text)) if matches!(&*text.value, "true" | "false") => {
                "Write it without quotes."
            }
            (Shape::List(List { .. }), Value::StringLit(_)) => "Put it into square brackets.",
            _ => "",
        };
        self.report(start(value), path, message, hint);
        self.secrets_below(value, path);
    }
}

/// Stands for any record where only the kind of a value matters.
const EMPTY: Record = Record { noun: "an object", fields: &[], rules: &[], guarded: false };

/// What is wrong with a key of a map, and a key that would do.
fn broken_key(key: &str, map: &Map) -> Option<(String, String)> {
    let (rules, noun) = (&map.keys, map.noun.0);
    let length = key.chars().count();
    if length < rules.min {
        return Some((format!("expected a {noun} key, found empty text"), String::new()));
    }
    if let Some(max) = rules.max.filter(|max| length > *max) {
        return Some((
            format!("expected a {noun} key of at most {max} characters, found {length}"),
            String::new(),
        ));
    }
    let pattern = rules.pattern.filter(|pattern| !(pattern.matches)(key))?;
    let mended: String =
        key.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    let mended = mended.trim_matches('-');
    let hint = if mended.is_empty() { String::new() } else { format!("`{mended}` would do.") };
    Some((format!("expected a {noun} key of {}, found {}", pattern.says, quote(key)), hint))
}

/// The key that an unknown one may have meant, here or one level deeper, as a question.
fn meant_key(key: &str, record: &Record) -> String {
    let nested = nested_keys(record);
    let here = record.fields.iter().map(|field| field.key);
    let candidates: Vec<&str> = here.chain(nested.iter().map(String::as_str)).collect();
    closest(key, &candidates).map(|meant| format!("Did you mean `{meant}`?")).unwrap_or_default()
}

/// `s3.bucket` and the like: what a key may have meant one level deeper.
fn nested_keys(record: &Record) -> Vec<String> {
    let nested = record.fields.iter().filter_map(|field| match field.shape {
        Shape::Record(inner) => Some((field.key, inner)),
        _ => None,
    });
    nested
        .flat_map(|(key, inner)| inner.fields.iter().map(move |field| format!("{key}.{}", field.key)))
        .collect()
}

/// The whole number that a JSON number means, however it is written (`6e4`, `60000.0`).
pub(super) fn whole(literal: &str) -> Option<u64> {
    let number: f64 = literal.parse().ok()?;
    // Up to here every double is the whole number that it says.
    (number.fract() == 0.0 && (0.0..=9_007_199_254_740_991.0).contains(&number)).then_some(number as u64)
}

fn start(value: &Value) -> usize {
    value.range().start
}

fn same_kind(shape: &Shape, value: &Value) -> bool {
    match shape {
        Shape::Text(_) | Shape::Word(_) | Shape::WordOrFirst { .. } => matches!(value, Value::StringLit(_)),
        Shape::Int(..) | Shape::Number(_) => matches!(value, Value::NumberLit(_)),
        Shape::Flag => matches!(value, Value::BooleanLit(_)),
        Shape::List(_) => matches!(value, Value::Array(_)),
        Shape::Map(_) | Shape::Record(_) => matches!(value, Value::Object(_)),
        Shape::Either(one, other) => same_kind(one, value) || same_kind(other, value),
    }
}

fn expected(shape: &Shape) -> String {
    match shape {
        Shape::Text(_) => "text".into(),
        Shape::Word(words) | Shape::WordOrFirst { words, .. } => {
            format!("one of {}", list_or(&quoted(words)))
        }
        Shape::Int(min, max) => format!("a whole number from {min} to {max}"),
        Shape::Number(Floor::None) => "a number".into(),
        Shape::Number(Floor::AtLeastZero) => "a number of at least 0".into(),
        Shape::Number(Floor::AboveZero) => "a number above 0".into(),
        Shape::Flag => "`true` or `false`".into(),
        Shape::List(rules) => format!("a list of {}", rules.noun.1),
        Shape::Map(_) | Shape::Record(_) => "an object".into(),
        Shape::Either(one, other) => format!("{}, or {}", expected(one), expected(other)),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::StringLit(_) => "text",
        Value::NumberLit(_) => "a number",
        Value::BooleanLit(boolean) if boolean.value => "true",
        Value::BooleanLit(_) => "false",
        Value::Object(_) => "an object",
        Value::Array(_) => "a list",
        Value::NullKeyword(_) => "null",
    }
}

fn quoted(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| format!("`{word}`")).collect()
}

fn uncapitalised(sentence: &str) -> String {
    let mut characters = sentence.chars();
    match characters.next() {
        Some(first) => std::iter::once(first.to_ascii_lowercase()).chain(characters).collect(),
        None => String::new(),
    }
}
