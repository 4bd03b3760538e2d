//! What commands print, `@collect` lines, and texts on their way to people.

use crate::is_sound;
use unentropy::collect::{self, json, output};
use unentropy::error::Code;
use unentropy::history::is_time;
use unentropy::metric::{LABEL_MAX, MetricType, Unit, Value};
use unentropy::text::{closest, format_delta, format_value, markdown, markdown_cell_code, quote};

/// Bytes as a JSON pointer, a NUL and a JSON file: what another reader takes for JSON is read, and nothing else.
pub fn value_of_json(data: &[u8]) {
    let (pointer, file) = data.split_at(data.iter().position(|byte| *byte == 0).unwrap_or(0));
    let file = file.strip_prefix(b"\0").unwrap_or(file);
    let Ok(pointer) = std::str::from_utf8(pointer) else { return };
    let parsed = match json::Pointer::parse(pointer) {
        Ok(parsed) => parsed,
        Err(error) => return is_sound(&error, &[Code::CollectorUsage]),
    };
    let is_json = std::str::from_utf8(file).is_ok()
        && serde_json::from_slice::<serde::de::IgnoredAny>(
            file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file),
        )
        .is_ok();
    for count in [false, true] {
        match json::read(file, "f.json", &parsed, count) {
            Ok(found) if !found.is_string => {
                assert!(is_json && found.text.parse::<f64>().is_ok_and(f64::is_finite), "{}", found.text);
            }
            Ok(_) => assert!(is_json && !count),
            Err(error) => {
                is_sound(&error, &[Code::CollectorFormat, Code::CollectorNothing]);
                assert!(error.code != Code::CollectorNothing || is_json, "{}", error.message);
            }
        }
    }
}

/// Bytes as a command's output.
pub fn printed(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match output::value(&text, MetricType::Numeric) {
        Ok(Value::Numeric(number)) => {
            assert!(number.is_finite());
            assert_eq!(output::numeric(&number.to_string()), Ok(number), "printed and read again");
            for unit in
                [None, Some(Unit::Percent), Some(Unit::Integer), Some(Unit::Bytes), Some(Unit::Duration)]
            {
                for shown in [format_value(number, unit), format_delta(number, unit)] {
                    assert!(!shown.is_empty() && !shown.contains("NaN") && shown.len() < 1000, "{shown}");
                }
            }
        }
        Ok(Value::Label(label)) => panic!("a label for a number: {label:?}"),
        Err(error) => is_sound(&error, &[Code::OutputInvalid]),
    }
    match output::value(&text, MetricType::Label) {
        Ok(Value::Label(label)) => {
            assert!((1..=LABEL_MAX).contains(&label.chars().count()), "{label:?}");
            assert_eq!(output::value(&label, MetricType::Label), Ok(Value::Label(label)));
        }
        Ok(Value::Numeric(number)) => panic!("a number for a label: {number}"),
        Err(error) => is_sound(&error, &[Code::OutputInvalid]),
    }
}

/// Bytes as an `@collect` line, and as texts that are quoted.
pub fn line(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match collect::parse(&text) {
        Ok(plan) => {
            // The same words, each in quotes, are the same line.
            let _ = serde_json::to_string(&plan).expect("a plan is data");
            assert!(plan.patterns.iter().chain(&plan.exclude).all(|pattern| !pattern.is_empty()));
        }
        Err(error) => is_sound(&error, &[Code::CollectorUsage]),
    }
    let words: Vec<String> = text.split('\0').map(str::to_owned).collect();
    match (collect::parse_words(&words), collect::parse(&shell_line(&words))) {
        (Ok(plan), Ok(quoted)) if words.first().is_none_or(|word| word != collect::PREFIX) => {
            assert_eq!(plan, quoted, "words and their line");
        }
        (Err(error), Err(_)) => is_sound(&error, &[Code::CollectorUsage]),
        (Ok(_), Err(error)) => panic!("the line of good words fails: {error}"),
        _ => {}
    }
    assert!(!quote(&text).chars().any(char::is_control));
    assert!(quote(&text).chars().count() <= 12 * 60 + 3);
    assert!(!markdown(&text).contains("<script") && !markdown_cell_code(&text).contains('\n'));
    let _ = closest(&text, &["coverage", "loc", "size", "build-time"]);
    let _ = is_time(&text);
}

/// The words as a shell line: each in single quotes.
fn shell_line(words: &[String]) -> String {
    let quoted = words.iter().map(|word| format!("'{}'", word.replace('\'', "'\"'\"'")));
    quoted.collect::<Vec<_>>().join(" ")
}
