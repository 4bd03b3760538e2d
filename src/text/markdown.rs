//! User text inside GitHub-flavoured Markdown: it must read as itself and do nothing else, neither
//! break a table nor format, link, notify or embed.

use super::words::is_invisible;

/// A zero-width space: breaks a pattern that GitHub looks for in rendered text, invisibly.
const BREAK: char = '\u{200b}';

/// Text that shows as itself in a paragraph, heading, list or table cell: Markdown punctuation is
/// escaped, HTML becomes entities, line breaks and control characters become single spaces, and
/// mentions (`@user`), references (`#12`, `GH-12`) and bare links are broken by a zero-width space.
/// Characters that hide or reorder their neighbours are left out.
pub fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    let characters: Vec<char> = text.chars().filter(|character| !is_invisible(*character)).collect();
    for (index, &character) in characters.iter().enumerate() {
        let next = characters.get(index + 1).copied();
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '|' | '~' | '!' | '$' => {
                escaped.push('\\');
                escaped.push(character);
            }
            '#' | '+' | '-' | '=' if escaped.is_empty() => {
                escaped.push('\\');
                escaped.push(character);
                escaped.extend((character == '#').then_some(BREAK));
            }
            '.' if next == Some(' ') && characters[..index].iter().all(char::is_ascii_digit) => {
                escaped.push_str("\\.");
            }
            '@' | '#' => escaped.extend([character, BREAK]),
            ':' if next == Some('/') || is_shortcode(&characters[..index], next) => {
                escaped.extend([character, BREAK])
            }
            '-' if ends_with_word(&characters[..index], "gh") => escaped.extend([character, BREAK]),
            '.' if ends_with_word(&characters[..index], "www") => escaped.extend([BREAK, character]),
            c if c.is_whitespace() || c.is_control() => {
                if !escaped.is_empty() && !escaped.ends_with(' ') {
                    escaped.push(' ');
                }
            }
            c => escaped.push(c),
        }
    }
    escaped.truncate(escaped.trim_end().len());
    escaped
}

/// Whether a colon could start an emoji's name.
fn is_shortcode(before: &[char], next: Option<char>) -> bool {
    next.is_some_and(|next| next.is_ascii_alphanumeric() || matches!(next, '+' | '-'))
        && !before.last().is_some_and(char::is_ascii_alphanumeric)
}

fn ends_with_word(characters: &[char], word: &str) -> bool {
    let Some(start) = characters.len().checked_sub(word.len()) else { return false };
    characters[start..].iter().map(char::to_ascii_lowercase).eq(word.chars())
        && (start == 0 || !characters[start - 1].is_alphanumeric())
}

/// Text as a code span inside a table cell, where a pipe must be escaped although it is in
/// code (GFM, "Tables"). Line breaks and control characters become spaces; the fence is longer
/// than any run of backticks inside. Outside tables the escaped pipe would show its backslash.
pub fn markdown_cell_code(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let longest = line.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if line.starts_with('`') || line.ends_with('`') || line.trim().is_empty() { " " } else { "" };
    format!("{fence}{pad}{}{pad}{fence}", line.replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_text_does_nothing_in_markdown() {
        for (text, escaped) in [
            ("plain text, 85.3%", "plain text, 85.3%"),
            ("a|b", "a\\|b"),
            ("*a* _b_ `c`", "\\*a\\* \\_b\\_ \\`c\\`"),
            ("<img src=x>", "&lt;img src=x&gt;"),
            ("&lt;", "&amp;lt;"),
            ("a\r\nb\u{7}c", "a b c"),
            ("@octocat", "@\u{200b}octocat"),
            ("see #12", "see #\u{200b}12"),
            ("# big", "\\#\u{200b} big"),
            ("- item", "\\- item"),
            ("a - b", "a - b"),
            ("1. item", "1\\. item"),
            ("GH-7", "GH-\u{200b}7"),
            ("high-7", "high-7"),
            ("https://x.org", "https:\u{200b}//x.org"),
            (":tada: 12:30", ":\u{200b}tada: 12:30"),
            ("www.x.org", "www\u{200b}.x.org"),
            ("![a](b)", "\\!\\[a\\]\\(b\\)"),
            ("$x$", "\\$x\\$"),
            ("a\u{202e}b\u{200b}c\u{feff}", "abc"),
            ("@\u{200b}octocat", "@\u{200b}octocat"),
            (" padded ", "padded"),
            ("", ""),
        ] {
            assert_eq!(markdown(text), escaped, "{text}");
        }
    }

    #[test]
    fn code_in_a_cell_keeps_the_table_whole() {
        for (text, escaped) in [
            ("abc", "`abc`"),
            ("a|b", "`a\\|b`"),
            ("a`b", "``a`b``"),
            ("`", "`` ` ``"),
            ("a\nb", "`a b`"),
            ("", "`  `"),
        ] {
            assert_eq!(markdown_cell_code(text), escaped, "{text}");
        }
    }
}
