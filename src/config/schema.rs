//! The JSON Schema (draft 2020-12) of `unentropy.json`, made from the grammar's tables. It says
//! all that a schema can; references between parts of the file and secrets in values are left to
//! the checks.

use super::grammar::{DefaultValue, Field, Floor, List, Map, ROOT, Record, Rule, Shape, Text};
use serde::{Serialize, Serializer, ser::SerializeMap};

/// The schema as pretty-printed JSON with a final line break; the same text for every call.
///
/// The file `unentropy.schema.json` at the root of the project holds it
/// (`cargo run --example schema > unentropy.schema.json`).
pub fn schema() -> String {
    let mut document = vec![
        ("$schema", text("https://json-schema.org/draft/2020-12/schema")),
        ("title", text("unentropy.json")),
        ("description", text("The configuration of Unentropy.")),
    ];
    document.extend(record(&ROOT));
    let mut pretty = serde_json::to_string_pretty(&Json::Object(document)).unwrap_or_default();
    pretty.push('\n');
    pretty
}

/// JSON whose keys keep their order, whatever features a dependency switches on in `serde_json`.
enum Json {
    Value(serde_json::Value),
    List(Vec<Json>),
    Object(Entries),
}

type Entries = Vec<(&'static str, Json)>;

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Value(value) => value.serialize(serializer),
            Json::List(list) => list.serialize(serializer),
            Json::Object(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

fn text(text: &str) -> Json {
    Json::Value(text.into())
}

fn number(number: u64) -> Json {
    Json::Value(number.into())
}

fn words(words: &[&'static str]) -> Json {
    Json::List(words.iter().map(|word| text(word)).collect())
}

fn shape(shape: &Shape) -> Entries {
    match shape {
        Shape::Text(rules) => string(rules),
        Shape::Word(choices) => vec![("type", text("string")), ("enum", words(choices))],
        Shape::WordOrFirst { words: choices, later } => {
            let known = Json::Object(vec![("enum", words(choices))]);
            let other = Json::Object(vec![("not", Json::Object(vec![("enum", words(later))]))]);
            vec![("type", text("string")), ("anyOf", Json::List(vec![known, other]))]
        }
        Shape::Int(min, max) => {
            vec![("type", text("integer")), ("minimum", number(*min)), ("maximum", number(*max))]
        }
        Shape::Number(floor) => {
            let mut entries = vec![("type", text("number"))];
            entries.extend(match floor {
                Floor::None => None,
                Floor::AtLeastZero => Some(("minimum", number(0))),
                Floor::AboveZero => Some(("exclusiveMinimum", number(0))),
            });
            entries
        }
        Shape::Flag => vec![("type", text("boolean"))],
        Shape::List(list) => array(list),
        Shape::Map(entries) => map(entries),
        Shape::Record(fields) => record(fields),
        Shape::Either(one, other) => {
            let choices = [one, other].map(|choice| Json::Object(self::shape(choice)));
            vec![("anyOf", Json::List(choices.into()))]
        }
    }
}

fn string(rules: &Text) -> Entries {
    let mut entries = vec![("type", text("string"))];
    entries.extend((rules.min > 0).then(|| ("minLength", number(rules.min as u64))));
    entries.extend(rules.max.map(|max| ("maxLength", number(max as u64))));
    entries.extend(rules.pattern.map(|pattern| ("pattern", text(pattern.expression))));
    entries
}

fn array(list: &List) -> Entries {
    let mut entries = vec![("type", text("array")), ("items", Json::Object(shape(list.item)))];
    entries.extend((list.min > 0).then(|| ("minItems", number(list.min as u64))));
    entries.extend(list.max.map(|max| ("maxItems", number(max as u64))));
    entries
}

fn map(map: &Map) -> Entries {
    vec![
        ("type", text("object")),
        ("propertyNames", Json::Object(string(&map.keys))),
        ("additionalProperties", Json::Object(shape(map.value))),
        ("minProperties", number(map.min as u64)),
        ("maxProperties", number(map.max as u64)),
    ]
}

fn record(record: &Record) -> Entries {
    let properties = record.fields.iter().map(|field| (field.key, property(field))).collect();
    let required: Vec<_> =
        record.fields.iter().filter(|field| field.required).map(|field| field.key).collect();
    let mut entries = vec![("type", text("object")), ("properties", Json::Object(properties))];
    entries.extend((!required.is_empty()).then(|| ("required", words(&required))));
    entries.push(("additionalProperties", Json::Value(false.into())));
    let rules: Vec<_> = record.rules.iter().map(|rule| Json::Object(self::rule(rule))).collect();
    entries.extend((!rules.is_empty()).then_some(("allOf", Json::List(rules))));
    entries
}

fn json(default: DefaultValue) -> serde_json::Value {
    match default {
        DefaultValue::Word(word) => word.into(),
        // JSON has one type of number; `6.0` would only be another spelling.
        DefaultValue::Number(number) if number.fract() == 0.0 => (number as i64).into(),
        DefaultValue::Number(number) => number.into(),
        DefaultValue::Flag(flag) => flag.into(),
    }
}

fn property(field: &Field) -> Json {
    let mut entries = vec![("description", text(field.doc))];
    entries.extend(shape(field.shape));
    entries.extend(field.default.map(|default| ("default", Json::Value(json(default)))));
    Json::Object(entries)
}

fn rule(rule: &Rule) -> Entries {
    match rule {
        Rule::NeedsUnless { fields, unless } => {
            vec![("anyOf", Json::List(vec![having(&[unless]), having(fields)]))]
        }
        Rule::NeedsWhen { field, key, words, .. } => {
            let mut condition = is_one_of(key, words);
            condition.push(("required", self::words(&[key])));
            vec![("if", Json::Object(condition)), ("then", having(&[field]))]
        }
        Rule::OnlyWhen { field, key, words } => {
            vec![("if", having(&[field])), ("then", Json::Object(is_one_of(key, words)))]
        }
    }
}

/// An object that has some keys. They are named as properties too, as strict readers of schemas ask.
fn having(keys: &[&'static str]) -> Json {
    let anything = keys.iter().map(|key| (*key, Json::Value(true.into()))).collect();
    Json::Object(vec![("properties", Json::Object(anything)), ("required", words(keys))])
}

/// An object where a key, if it is there, is one of some words.
fn is_one_of(key: &'static str, choices: &[&'static str]) -> Entries {
    vec![("properties", Json::Object(vec![(key, Json::Object(vec![("enum", words(choices))]))]))]
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_committed_schema_is_the_generated_one() {
        let committed = include_str!("../../unentropy.schema.json").replace("\r\n", "\n");
        assert!(
            committed == super::schema(),
            "unentropy.schema.json is out of date: cargo run --example schema > unentropy.schema.json"
        );
    }
}
