//! Counting, listing, quoting and guessing words in messages. Nothing here knows what the words
//! are about.

use std::fmt::Write;

/// The longest piece of a user's text that a message repeats, in characters.
const QUOTE_LIMIT: usize = 60;
/// Names longer than this are not typing mistakes of anything we know.
const CLOSEST_LIMIT: usize = 100;

/// A count with its noun: `plural(1, "build", "builds")` is `1 build`, 1234 of them are
/// `1,234 builds`.
pub fn plural(count: usize, one: &str, many: &str) -> String {
    let number = super::format_value(count as f64, Some(crate::metric::Unit::Integer));
    format!("{number} {}", if count == 1 { one } else { many })
}

/// `a`, `a and b`, `a, b and c`; empty for nothing.
pub fn list<S: AsRef<str>>(words: &[S]) -> String {
    joined(words, "and")
}

/// `a`, `a or b`, `a, b or c`; empty for nothing.
pub fn list_or<S: AsRef<str>>(words: &[S]) -> String {
    joined(words, "or")
}

fn joined<S: AsRef<str>>(words: &[S], last: &str) -> String {
    let mut text = String::new();
    for (index, word) in words.iter().enumerate() {
        match index {
            0 => {}
            _ if index + 1 == words.len() => {
                let _ = write!(text, " {last} ");
            }
            _ => text.push_str(", "),
        }
        text.push_str(word.as_ref());
    }
    text
}

/// A user's text in backticks, fit for one line of a log: at most 60 characters (then `…`), with
/// control, direction and invisible characters and backticks written as `\n` or `\u{..}`.
pub fn quote(text: &str) -> String {
    let mut quoted = String::from("`");
    for (index, character) in text.chars().enumerate() {
        if index == QUOTE_LIMIT {
            quoted.push('…');
            break;
        }
        match character {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() || c == '`' || is_invisible(c) => {
                let _ = write!(quoted, "\\u{{{:x}}}", c as u32);
            }
            c => quoted.push(c),
        }
    }
    quoted.push('`');
    quoted
}

/// Characters that hide or reorder their neighbours: zero-width and bidirectional controls, line
/// and paragraph separators, the byte order mark.
pub(crate) fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The choice that `name` most likely means, if one is close: equal but for case and separators, at
/// most a third of its letters mistyped (a swap of neighbours counts once), or the only choice that
/// starts or ends with it or that it starts or ends with. `None` when nothing is close, when several
/// choices are so related to it, or when `name` itself is a choice.
pub fn closest<'c>(name: &str, choices: &[&'c str]) -> Option<&'c str> {
    let wanted: Vec<char> = folded(name);
    if wanted.is_empty() || wanted.len() > CLOSEST_LIMIT || choices.contains(&name) {
        return None;
    }
    let near = choices
        .iter()
        .filter_map(|choice| {
            let letters = folded(choice);
            let distance = edit_distance(&wanted, &letters);
            let allowed = (wanted.len().max(letters.len()) / 3).max(usize::from(letters.len() > 1));
            (distance <= allowed && distance < letters.len()).then_some((distance, *choice))
        })
        .min_by_key(|(distance, _)| *distance);
    if let Some((0 | 1, choice)) = near {
        return Some(choice);
    }
    let mut containing = choices.iter().filter(|choice| is_part(&wanted, &folded(choice)));
    match (containing.next(), containing.next()) {
        (Some(_), Some(_)) => None,
        (only, _) => near.map(|(_, choice)| choice).or(only.copied()),
    }
}

fn folded(name: &str) -> Vec<char> {
    name.chars()
        .take(CLOSEST_LIMIT + 1)
        .filter(|c| !matches!(c, '-' | '_' | '.' | ' ' | '$'))
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

fn is_part(name: &[char], choice: &[char]) -> bool {
    let (short, long) = if name.len() <= choice.len() { (name, choice) } else { (choice, name) };
    short.len() >= 2 && (long.ends_with(short) || short.len() >= 3 && long.starts_with(short))
}

/// The optimal string alignment distance: insertions, deletions, substitutions and swaps of
/// neighbours, no letter edited twice.
fn edit_distance(a: &[char], b: &[char]) -> usize {
    let width = b.len() + 1;
    let mut rows = vec![0; (a.len() + 1) * width];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i * width + j] = if i == 0 || j == 0 {
                i + j
            } else {
                let change = rows[(i - 1) * width + j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let edit = rows[(i - 1) * width + j].min(rows[i * width + j - 1]) + 1;
                let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                let swap = if swapped { rows[(i - 2) * width + j - 2] + 1 } else { usize::MAX };
                change.min(edit).min(swap)
            };
        }
    }
    rows[a.len() * width + b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_read_like_a_sentence() {
        for (words, and, or) in [
            (&[][..], "", ""),
            (&["a"], "a", "a"),
            (&["a", "b"], "a and b", "a or b"),
            (&["a", "b", "c"], "a, b and c", "a, b or c"),
        ] {
            assert_eq!(list(words), and);
            assert_eq!(list_or(words), or);
        }
    }

    #[test]
    fn only_one_is_singular() {
        for (count, text) in [(0, "0 builds"), (1, "1 build"), (2, "2 builds"), (1234, "1,234 builds")] {
            assert_eq!(plural(count, "build", "builds"), text);
        }
    }

    #[test]
    fn quoted_text_stays_on_its_line_and_short() {
        for (text, quoted) in [
            ("abc", "`abc`"),
            ("", "``"),
            ("a\nb\tc\r", "`a\\nb\\tc\\r`"),
            ("a`b", "`a\\u{60}b`"),
            ("\u{1b}[31m", "`\\u{1b}[31m`"),
            ("a\u{202e}b", "`a\\u{202e}b`"),
            ("größe", "`größe`"),
        ] {
            assert_eq!(quote(text), quoted);
        }
        assert_eq!(quote(&"ä".repeat(60)), format!("`{}`", "ä".repeat(60)));
        assert_eq!(quote(&"ä".repeat(61)), format!("`{}…`", "ä".repeat(60)));
    }

    #[test]
    fn mistakes_are_met_with_the_name_that_was_meant() {
        let units = ["percent", "integer", "bytes", "duration", "decimal"];
        let storage = ["sqlite-artifact", "sqlite-s3", "sqlite-local", "postgres"];
        for (name, choices, meant) in [
            ("percentage", &units[..], Some("percent")),
            ("pecrent", &units, Some("percent")),
            ("Byte", &units, Some("bytes")),
            ("int", &units, Some("integer")),
            ("seconds", &units, None),
            ("percent", &units, None),
            ("", &units, None),
            ("--", &units, None),
            ("s3", &storage, Some("sqlite-s3")),
            ("local", &storage, Some("sqlite-local")),
            ("postgresql", &storage, Some("postgres")),
            ("sqlite", &storage, None),
            ("SQLITE_S3", &storage, Some("sqlite-s3")),
            ("max-comment-metrics", &["maxCommentMetrics"], Some("maxCommentMetrics")),
            ("xyz", &["abc"], None),
            ("a", &["b"], None),
        ] {
            assert_eq!(closest(name, choices), meant, "{name}");
        }
        assert_eq!(closest(&"a".repeat(1 << 20), &units), None);
    }

    #[test]
    fn distances_count_single_edits() {
        for (a, b, distance) in [
            ("", "", 0),
            ("abc", "", 3),
            ("abc", "abc", 0),
            ("abc", "acb", 1),
            ("abc", "abd", 1),
            ("ca", "abc", 3),
        ] {
            let letters = |text: &str| text.chars().collect::<Vec<_>>();
            assert_eq!(edit_distance(&letters(a), &letters(b)), distance, "{a} {b}");
        }
    }
}
