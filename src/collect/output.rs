//! What a command's output means: one finite number, or one label. Anything else is an error that
//! quotes the output; a metric is never guessed.

use crate::error::{Code, Error, Result};
use crate::metric::{LABEL_MAX, MetricType, Value};
use crate::text;

/// The value in the first non-empty line of a command's output.
///
/// # Errors
/// `OUTPUT_INVALID`, quoting the line: nothing printed, not one finite number, a label too
/// long or with control characters.
pub fn value(output: &str, kind: MetricType) -> Result<Value> {
    let line = output.lines().map(str::trim).find(|line| !line.is_empty());
    let Some(line) = line else {
        return Err(invalid("the command printed nothing, expected a value on its standard output")
            .hint("Let the command print the value alone on a line of its own."));
    };
    match kind {
        MetricType::Numeric => numeric(line).map(Value::Numeric),
        MetricType::Label if line.chars().count() > LABEL_MAX => Err(invalid(format!(
            "the command printed a label of {} characters, expected at most {LABEL_MAX}: {}",
            line.chars().count(),
            text::quote(line)
        ))
        .hint(
            "Let the command print a word or a short phrase; a label is shown beside others in one table.",
        )),
        MetricType::Label if line.chars().any(char::is_control) => Err(invalid(format!(
            "the label holds control characters: {}, expected plain text",
            text::quote(line)
        ))
        .hint("Switch colours off in the command, or let it print the label with `printf '%s'`.")),
        MetricType::Label => Ok(Value::Label(line.to_owned())),
    }
}

/// One finite number in decimal or scientific notation, with white space around it at the most.
///
/// # Errors
/// `OUTPUT_INVALID`, quoting the text.
pub fn numeric(text: &str) -> Result<f64> {
    let trimmed = text.trim();
    // Rust also parses `inf`, `nan` and `infinity`; a number starts with a digit, a sign or a point.
    let plain = trimmed.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
    match trimmed.parse::<f64>() {
        Ok(number) if plain && number.is_finite() => Ok(number),
        _ => Err(not_a_number(trimmed)),
    }
}

fn not_a_number(found: &str) -> Error {
    let hint = if found.strip_suffix('%').is_some_and(|rest| rest.trim_end().parse::<f64>().is_ok()) {
        "Print the number without the percent sign; the metric's unit shows it."
    } else if found.contains(',') && found.replace(',', "").parse::<f64>().is_ok() {
        "Print the number without thousands separators, with a point before decimals."
    } else if found.split_whitespace().count() > 1
        && found.split_whitespace().all(|w| w.parse::<f64>().is_ok())
    {
        "Print one number; use several metrics for several numbers."
    } else {
        "Let the command print the number alone, for example with `jq`, `awk` or `wc -l <file`."
    };
    invalid(format!("the output is {}, expected one finite number", text::quote(found))).hint(hint)
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(Code::OutputInvalid, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_finite_number_is_a_value() {
        for (output, expected) in [
            ("42", 42.0),
            (" 87.5 \n", 87.5),
            ("\n\n  -3e2\nignored", -300.0),
            ("+7", 7.0),
            (".5", 0.5),
            ("0", 0.0),
            ("-0", -0.0),
            ("1e308", 1e308),
        ] {
            assert_eq!(value(output, MetricType::Numeric), Ok(Value::Numeric(expected)), "{output:?}");
        }
    }

    #[test]
    fn everything_else_is_an_error_that_quotes_it() {
        for (output, message, hint) in [
            ("", "printed nothing", "alone on a line"),
            ("  \n\t\n", "printed nothing", "alone on a line"),
            ("85%", "`85%`", "percent sign"),
            ("12,345", "`12,345`", "thousands"),
            ("Infinity", "`Infinity`", ""),
            ("inf", "`inf`", ""),
            ("NaN", "`NaN`", ""),
            ("1e999", "`1e999`", ""),
            ("0x10", "`0x10`", ""),
            ("1 2", "`1 2`", "several metrics"),
            ("12 files", "`12 files`", "alone"),
            ("--5", "`--5`", ""),
        ] {
            let error = value(output, MetricType::Numeric).unwrap_err();
            assert_eq!(error.code, Code::OutputInvalid);
            assert!(error.message.contains(message), "{output:?}: {}", error.message);
            assert!(error.hint.contains(hint), "{output:?}: {}", error.hint);
        }
    }

    #[test]
    fn a_label_is_the_first_line_with_something_on_it() {
        assert_eq!(value("\n ok \nmore", MetricType::Label), Ok(Value::Label("ok".into())));
        let long = "x".repeat(257);
        assert!(value(&long, MetricType::Label).unwrap_err().message.contains("257 characters"));
        assert!(value(" \n", MetricType::Label).is_err());
        // What a history would refuse must fail here, where it fails one metric and not the build.
        for output in ["\u{1b}[32mok\u{1b}[0m", "a\u{0}b", "a\tb"] {
            let error = value(output, MetricType::Label).unwrap_err();
            assert_eq!(error.code, Code::OutputInvalid);
            assert!(error.message.contains("control characters"), "{}", error.message);
        }
    }
}
