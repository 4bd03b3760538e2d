//! From text to a syntax tree with byte ranges: strict JSON and nothing more. The parser is
//! `jsonc-parser` with every leniency off; the few that it cannot switch off (white space and
//! control characters that JSON does not know, deep nesting) are found by a scan of our own.

use super::diagnostic::Problem;
use jsonc_parser::ast::Value;
use jsonc_parser::errors::{ParseError, ParseErrorKind};
use jsonc_parser::{CollectOptions, ParseOptions, ParseStringErrorKind, parse_to_ast};

/// The largest file that is read, in bytes.
const SIZE_LIMIT: usize = 1 << 20;
/// The grammar needs nine levels; the parser recurses, so that depth must be bounded before it.
const DEPTH_LIMIT: usize = 64;

/// Parses strict JSON, or says what is wrong first and where.
pub(super) fn parse(text: &str) -> Result<Value<'_>, Problem> {
    parse_up_to(text, SIZE_LIMIT)
}

/// The same for text of at most so many bytes.
pub(super) fn parse_up_to(text: &str, limit: usize) -> Result<Value<'_>, Problem> {
    if text.len() > limit {
        let message = format!(
            "expected at most {}, found {}",
            crate::text::plural(limit, "byte", "bytes"),
            crate::text::plural(text.len(), "byte", "bytes"),
        );
        return Err(Problem::new(0, "", message).hint("Check that this is the configuration file."));
    }
    let scanned = scan(text);
    if let Some(Finding::TooDeep(at)) = scanned {
        let message = format!("nested deeper than {DEPTH_LIMIT} levels");
        return Err(Problem::new(at, "", message).hint("A configuration needs nine levels at most."));
    }
    let parsed = parse_to_ast(text, &CollectOptions::default(), &STRICT);
    let problem = match (parsed, scanned) {
        (Ok(result), None) => return result.value.ok_or_else(|| empty(text)),
        (Err(error), Some(finding)) if finding.at() < error.range().start => finding.problem(text),
        (Err(error), _) => syntax_problem(&error, text),
        (Ok(_), Some(finding)) => finding.problem(text),
    };
    Err(problem)
}

const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

fn empty(text: &str) -> Problem {
    Problem::new(text.len(), "", "expected a JSON object, found an empty file")
        .hint("Write at least `{\"metrics\": {\"loc\": {\"$ref\": \"loc\"}}}`.")
}

/// Something that JSON forbids and the parser lets through.
#[derive(Clone, Copy)]
enum Finding {
    TooDeep(usize),
    WhiteSpace(usize),
    Control(usize),
}

impl Finding {
    fn at(self) -> usize {
        let (Finding::TooDeep(at) | Finding::WhiteSpace(at) | Finding::Control(at)) = self;
        at
    }

    fn problem(self, text: &str) -> Problem {
        let at = self.at();
        let code = text[at..].chars().next().map_or(0, |c| c as u32);
        match self {
            Finding::Control(_) if matches!(code, 0x0a | 0x0d) => {
                Problem::new(at, "", "expected a closing `\"` before the end of the line").hint(
                    "Close the text on the line where it begins; write a line break inside it as `\\n`.",
                )
            }
            Finding::Control(_) => Problem::new(
                at,
                "",
                format!("expected printable text, found the control character U+{code:04X}"),
            )
            .hint(format!("Write it as `\\u{code:04x}`, or remove it.")),
            _ => Problem::new(at, "", format!("expected JSON white space, found U+{code:04X}"))
                .hint("Replace it with a plain space."),
        }
    }
}

/// The first thing that the parser would let through. Right for text that is JSON up to there; the
/// parser has complained earlier about any other.
fn scan(text: &str) -> Option<Finding> {
    let (mut depth, mut inside, mut escaped) = (0usize, false, false);
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' if inside => escaped = true,
            '"' => inside = !inside,
            '\0'..='\u{1f}' if inside => return Some(Finding::Control(at)),
            _ if inside => {}
            '[' | '{' => {
                depth += 1;
                if depth > DEPTH_LIMIT {
                    return Some(Finding::TooDeep(at));
                }
            }
            ']' | '}' => depth = depth.saturating_sub(1),
            ' ' | '\t' | '\n' | '\r' => {}
            c if c.is_whitespace() => return Some(Finding::WhiteSpace(at)),
            _ => {}
        }
    }
    None
}

fn syntax_problem(error: &ParseError, text: &str) -> Problem {
    use ParseErrorKind as Kind;
    let at = error.range().start;
    let found = found(text, at);
    let (message, hint) = match error.kind() {
        Kind::CommentsNotAllowed | Kind::UnterminatedCommentBlock => {
            ("expected JSON, found a comment".to_owned(), "JSON has no comments; remove it.")
        }
        Kind::TrailingCommasNotAllowed => (
            format!("expected another entry after the comma, found {}", self::found(text, after_space(text, at + 1))),
            "Remove the comma after the last entry.",
        ),
        Kind::ExpectedComma if starts_with_zero(text, at) => {
            ("expected a number without leading zeros".to_owned(), "Remove the zero in front.")
        }
        Kind::ExpectedComma => (
            format!("expected `,` or the end of the list or object, found {}", self::found(text, after_space(text, at))),
            "Separate the entries with a comma.",
        ),
        Kind::ExpectedColonAfterObjectKey => (format!("expected `:` after the key, found {found}"), ""),
        Kind::ExpectedObjectValue => ("expected a value after `:`, found the end of the file".to_owned(), ""),
        Kind::ExpectedStringObjectProperty | Kind::UnexpectedTokenInObject => (
            format!("expected a key in double quotes or `}}`, found {found}"),
            "Every key of an object stands in double quotes and is followed by `:` and a value.",
        ),
        Kind::SingleQuotedStringsNotAllowed => {
            ("expected double quotes, found a single quote".to_owned(), "JSON text stands in double quotes.")
        }
        Kind::BareDecimalPointNumbersNotAllowed => (
            "expected digits on both sides of the decimal point".to_owned(),
            "Write a number such as `0.5` or `5.0`.",
        ),
        Kind::HexadecimalNumbersNotAllowed
        | Kind::NonFiniteNumbersNotAllowed
        | Kind::UnaryPlusNumbersNotAllowed
        | Kind::ExpectedDigit
        | Kind::ExpectedDigitFollowingNegativeSign
        | Kind::ExpectedPlusMinusOrDigitInNumberLiteral => (
            "expected a JSON number".to_owned(),
            "Write it with decimal digits, such as `60000`, `-0.5` or `6e4`.",
        ),
        Kind::MultipleRootJsonValues => (
            format!("expected the end of the file, found {found}"),
            "The file holds one object; remove what follows its closing brace.",
        ),
        Kind::UnterminatedObject => {
            ("expected `}` before the end of the file: this object is never closed".to_owned(), "")
        }
        Kind::UnterminatedArray => {
            ("expected `]` before the end of the file: this list is never closed".to_owned(), "")
        }
        Kind::String(ParseStringErrorKind::UnterminatedStringLiteral) => {
            ("expected a closing `\"`: this text is never closed".to_owned(), "")
        }
        Kind::String(ParseStringErrorKind::InvalidUnicodeEscapeSequence(_)) => (
            "expected a whole Unicode character, found half of a surrogate pair".to_owned(),
            "Write the character itself.",
        ),
        Kind::String(ParseStringErrorKind::ExpectedFourHexDigits) => {
            ("expected four hexadecimal digits after `\\u`".to_owned(), "")
        }
        Kind::String(_) => (
            "expected one of the escapes `\\\"`, `\\\\`, `\\/`, `\\b`, `\\f`, `\\n`, `\\r`, `\\t` and `\\uXXXX`".to_owned(),
            "Write a backslash itself as `\\\\`.",
        ),
        Kind::NestingDepthExceeded => (format!("nested deeper than {DEPTH_LIMIT} levels"), ""),
        Kind::UnexpectedCloseBrace
        | Kind::UnexpectedCloseBracket
        | Kind::UnexpectedColon
        | Kind::UnexpectedComma
        | Kind::UnexpectedToken
        | Kind::UnexpectedWord => (
            format!("expected a value, found {found}"),
            "A value is text in double quotes, a number, `true`, `false`, a list or an object.",
        ),
    };
    Problem::new(at, "", message).hint(hint)
}

/// What stands at an offset, without repeating what might be a secret.
fn found(text: &str, at: usize) -> String {
    match text.get(at..).and_then(|rest| rest.chars().next()) {
        None => "the end of the file".into(),
        Some('"') => "text in double quotes".into(),
        Some(c) if c.is_ascii_digit() || c == '-' => "a number".into(),
        Some(c) if c.is_alphanumeric() || c == '_' || c == '$' => "a word without quotes".into(),
        Some('/') => "a comment".into(),
        Some(c) => crate::text::quote(c.encode_utf8(&mut [0; 4])),
    }
}

fn after_space(text: &str, at: usize) -> usize {
    text[at..].find(|c: char| !c.is_whitespace()).map_or(text.len(), |skipped| at + skipped)
}

/// Whether the value that ends at `at` is the zero in front of a number such as `012`.
fn starts_with_zero(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    bytes[..at].ends_with(b"0") && bytes.get(at).is_some_and(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A reader that is known to be strict, as the judge: it also refuses lone surrogates.
    fn is_json(text: &str) -> bool {
        serde_json::from_str::<serde_json::Value>(text).is_ok()
    }

    fn agrees(text: &str) {
        // A number too large for a double is grammatical, which serde_json does not report as such.
        let huge = serde_json::from_str::<serde_json::Value>(text)
            .is_err_and(|error| error.to_string().contains("number out of range"));
        assert_eq!(parse(text).is_ok(), is_json(text) || huge, "{text:?}");
    }

    #[test]
    fn exactly_json_is_accepted() {
        for text in [
            "",
            " ",
            "null",
            "{}",
            "[]",
            "[1]",
            "[1,]",
            "[,1]",
            "[,]",
            "[1,,2]",
            "[1 2]",
            "[\"a\" \"b\"]",
            "[1,{}]",
            "[{}{}]",
            "[[][]]",
            "{,}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\" 1}",
            "{\"a\":1,}",
            "{\"a\":1 \"b\":2}",
            "{\"a\":1,,\"b\":2}",
            "{\"a\":1}{}",
            "{\"a\":1}}",
            "{a:1}",
            "{1:1}",
            "{null:1}",
            "{'a':1}",
            "['a']",
            "[// x\n1]",
            "[/* x */1]",
            "[1] // x",
            "[1] /",
            "# x\n[1]",
            "[0x1F]",
            "[+1]",
            "[.5]",
            "[5.]",
            "[-.5]",
            "[-]",
            "[--1]",
            "[1e]",
            "[1e+]",
            "[1E5]",
            "[1e5]",
            "[1.5e-3]",
            "[01]",
            "[00]",
            "[-01]",
            "[-0]",
            "[0]",
            "[0.0]",
            "[1.2.3]",
            "[1a]",
            "[0a]",
            "[Infinity]",
            "[-Infinity]",
            "[NaN]",
            "[-NaN]",
            "[nan]",
            "[True]",
            "[tru]",
            "[truex]",
            "[true_]",
            "[true-]",
            "[true1]",
            "[nul]",
            "[undefined]",
            "[\"\\x41\"]",
            "[\"\\v\"]",
            "[\"\\0\"]",
            "[\"\\'\"]",
            "[\"\\a\"]",
            "[\"\\/\"]",
            "[\"\\u0041\"]",
            "[\"\\u004\"]",
            "[\"\\u+041\"]",
            "[\"\\u00zz\"]",
            "[\"\\ud83d\\ude00\"]",
            "[\"\\ud83d\"]",
            "[\"\\ude00\"]",
            "[\"\\ud83d\\u0041\"]",
            "[\"\\ud83dx\"]",
            "[\"a\nb\"]",
            "[\"a\\\nb\"]",
            "[\"a\tb\"]",
            "[\"a\u{0}b\"]",
            "[\"a\u{7f}b\"]",
            "[\"\u{2028}\"]",
            "[\"\u{a0}\"]",
            "[\u{a0}1]",
            "[\u{b}1]",
            "[\u{c}1]",
            "[\u{2028}1]",
            "[\u{feff}1]",
            "[\u{85}1]",
            "[\u{0}1]",
            "[\"",
            "[\"a",
            "[\"\\",
            "[\"\\u",
            "{\"a",
            "[",
            "{",
            "]",
            "}",
            ",",
            ":",
            "\"",
            "[1}",
            "{\"a\":1]",
            "[:1]",
            "\"a\"",
            "[1e999]",
            "[-1e999]",
            "[\"\\\\\"]",
            "[\"\\\"\"]",
            "[ \t\r\n1 ]",
            "{\"\":0}",
            "{\"a\":{\"b\":[1,{\"c\":null}]}}",
        ] {
            agrees(text);
        }
    }

    proptest! {
        #[test]
        fn nothing_but_json_is_accepted(pieces in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"a\"", "\"", "'", "1", "0", "-", "+", ".", "e5", "true", "null", "x", " ", "\n", "\\",
            "/", "//", "/*", "*/", "\u{a0}", "\u{b}", "\\u00", "\\n", "ö", "{\"k\":", "[1,", "\t",
        ]), 0..12)) {
            agrees(&pieces.concat());
        }
    }

    #[test]
    fn depth_is_bounded_before_the_parser_recurses() {
        assert!(parse(&format!("{}{}", "[".repeat(64), "]".repeat(64))).is_ok());
        for text in
            ["[".repeat(65), "[".repeat(100_000), "{\"a\":".repeat(100_000), "[{\"a\":".repeat(50_000)]
        {
            let problem = parse(&text).expect_err("too deep");
            assert_eq!(problem.message, "nested deeper than 64 levels");
        }
        // Brackets inside text are not levels.
        assert!(parse(&format!("[\"{}\"]", "[".repeat(1000))).is_ok());
    }

    #[test]
    fn size_is_bounded() {
        assert!(parse(&format!("[{}]", " ".repeat(SIZE_LIMIT - 2))).is_ok());
        let problem = parse(&format!("[{}]", " ".repeat(SIZE_LIMIT))).expect_err("too large");
        assert_eq!(problem.message, "expected at most 1,048,576 bytes, found 1,048,578 bytes");
    }
}
