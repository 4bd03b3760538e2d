//! Text of users as the page shows it: what cannot be seen is written out, and what is long is cut. Each text passes here
//! once, when the report is made; the markup and the page's data hold nothing else, so that their size is bounded
//! whatever a history holds, and page and engine cannot differ.

use crate::text::{format_value, is_invisible};
use std::borrow::Cow;
use std::fmt::Write as _;

/// Characters of a text that is shown whole.
const LONGEST: usize = 256;

/// Characters that are left of a longer one.
const CUT: usize = 200;

/// `text` with control, direction and zero-width characters written as `\u{202e}`, line breaks and tabs as the space
/// that a page shows for them, and cut after 200 characters where it has more than 256, with its length said. Joiners
/// stay where they join: within emoji, and between letters of scripts whose letters they shape.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    let length = text.chars().take(LONGEST + 1).count();
    if length <= LONGEST && !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let kept = if length > LONGEST { CUT } else { LONGEST };
    let mut out = String::with_capacity(text.len().min(4 * LONGEST));
    let mut before = None;
    let mut rest = text.chars().take(kept).peekable();
    while let Some(character) = rest.next() {
        match character {
            '\n' | '\r' | '\t' => out.push(' '),
            c if is_hidden(c) && !is_joining(before, c, rest.peek().copied()) => {
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
            c => out.push(c),
        }
        before = Some(character);
    }
    if length > LONGEST {
        let all = format_value(text.chars().count() as f64, Some(crate::metric::Unit::Integer));
        let _ = write!(out, "… ({all} characters)");
    }
    Cow::Owned(out)
}

/// A name within a line of plain text that cannot hold elements: where it might run from right to left, between the
/// characters that isolate it.
pub(super) fn isolated(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { Cow::Borrowed(text) } else { Cow::Owned(format!("\u{2068}{text}\u{2069}")) }
}

fn is_hidden(character: char) -> bool {
    character.is_control() || is_invisible(character)
}

fn is_joining(before: Option<char>, joiner: char, after: Option<char>) -> bool {
    let between = |is: fn(char) -> bool| before.is_some_and(is) && after.is_some_and(is);
    match joiner {
        '\u{200d}' => between(is_pictured) || between(is_shaped),
        '\u{200c}' => between(is_shaped),
        _ => false,
    }
}

/// Symbols and emoji, with the selector that makes one of a symbol.
fn is_pictured(character: char) -> bool {
    matches!(character, '\u{2190}'..='\u{2bff}' | '\u{fe0f}' | '\u{1f000}'..='\u{1faff}')
}

/// Letters and marks from Arabic to Sinhala, which take other forms beside others.
fn is_shaped(character: char) -> bool {
    matches!(character, '\u{620}'..='\u{dff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_written_out() {
        let cases = [
            ("Line coverage", "Line coverage"),
            ("größe • 大小 ✓", "größe • 大小 ✓"),
            ("ad\u{200b}min", "ad\\u{200b}min"),
            ("\u{202e}gnp.exe", "\\u{202e}gnp.exe"),
            ("a\u{2066}b\u{2069}c\u{feff}\u{ad}", "a\\u{2066}b\\u{2069}c\\u{feff}\\u{ad}"),
            ("two\r\nlines\tand \u{1b}[31m", "two  lines and \\u{1b}[31m"),
            ("שלום", "שלום"),
            // A joiner that joins is no secret; one that does not is.
            ("👩\u{200d}💻 ❤\u{fe0f}\u{200d}🔥", "👩\u{200d}💻 ❤\u{fe0f}\u{200d}🔥"),
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            ("ma\u{200d}in\u{200c}", "ma\\u{200d}in\\u{200c}"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected);
            assert_eq!(shown(&shown(text)), expected, "it is the same when it is shown again");
        }
    }

    #[test]
    fn what_is_long_is_cut_and_its_length_said() {
        let letters = "ä".repeat(256);
        assert_eq!(shown(&letters), letters);
        assert_eq!(shown(&"ä".repeat(257)), format!("{}… (257 characters)", "ä".repeat(200)));
        let shown = shown(&"x".repeat(1 << 20)).into_owned();
        assert_eq!(shown, format!("{}… (1,048,576 characters)", "x".repeat(200)));
        let longest = super::shown(&"\u{202e}".repeat(300)).len();
        assert!(longest < 10 * CUT, "{longest} bytes");
    }

    #[test]
    fn names_within_a_line_are_isolated_where_they_may_run_the_other_way() {
        assert_eq!(isolated("main"), "main");
        assert_eq!(isolated("שלום"), "\u{2068}שלום\u{2069}");
    }
}
