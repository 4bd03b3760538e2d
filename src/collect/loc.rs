//! Lines of code: the languages there are, which one a file is written in, and how many of its
//! lines are code, comments and blank. Finding and reading files, and leaving out what is ignored,
//! is the host's part; the rule is at [`count`].

mod counter;
mod detect;
mod heredocs;
mod intake;
mod literals;
mod machine;
mod notebook;
mod regions;
mod scripts;
mod syntax;
mod table;
mod tally;

pub use detect::{Detection, HEAD_BYTES, Question, detect, detect_content, detect_many, detect_shebang};
pub use intake::Intake;
pub use table::Language;
pub use tally::{LanguageTotal, Tally};

use crate::error::{Code, Error, Result};
use serde::Serialize;
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::AddAssign;
use std::sync::LazyLock;
use syntax::Kind;

/// A language of the table. Ids are positions in [`languages`]: they hold within one build of the
/// engine and are not for keeping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LanguageId(u16);

impl LanguageId {
    /// The language with this number, if there is one.
    pub fn from_index(index: u16) -> Option<Self> {
        (usize::from(index) < table::LANGUAGES.len()).then_some(Self(index))
    }

    /// The position in [`languages`].
    pub fn index(self) -> u16 {
        self.0
    }

    /// The language's name as reports show it.
    pub fn name(self) -> &'static str {
        self.language().name
    }

    fn language(self) -> &'static Language {
        &table::LANGUAGES[usize::from(self.0)]
    }
}

/// The lines of a file or of many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Lines with code on them, also where a comment shares the line.
    pub code: u64,
    /// Lines that are nothing but comment.
    pub comments: u64,
    /// Lines of white space outside comments and strings.
    pub blanks: u64,
}

impl Counts {
    /// All lines.
    pub fn lines(self) -> u64 {
        self.code + self.comments + self.blanks
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.code += other.code;
        self.comments += other.comments;
        self.blanks += other.blanks;
    }
}

/// Why a file has no lines to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Uncountable {
    /// It is not text: a NUL byte is near its start.
    Binary,
    /// It is called a notebook and is none.
    Notebook,
}

/// The language a user means: its name, an alias (`js`, `cpp`, `golang`) or an extension, in upper
/// or lower case. An unknown name is a `COLLECTOR_USAGE` error that suggests near ones.
pub fn find(name: &str) -> Result<LanguageId> {
    let wanted = name.trim().to_ascii_lowercase();
    if let Some(id) = lookup(&wanted) {
        return Ok(id);
    }
    let near = suggestions(&wanted);
    let hint = match near.as_slice() {
        [] => "Name a language such as `Rust`, `TypeScript` or `C++`.".to_owned(),
        near => format!("Did you mean {}?", near.join(" or ")),
    };
    Err(Error::new(Code::CollectorUsage, format!("unknown language {}", crate::text::quote(name))).hint(hint))
}

/// Languages that people call by one name, each with its dialects; a dialect's own name means it alone.
const GROUPS: &[(&str, &[&str])] = &[
    ("C", &["C", "C Header"]),
    ("CSS", &["CSS", "Sass", "Less", "Stylus"]),
    ("JavaScript", &["JavaScript", "JSX"]),
    ("TypeScript", &["TypeScript", "TSX"]),
];

/// The language that [`find`] finds, with its dialects where its name stands for them too: `TypeScript` is `.ts`, `.mts`,
/// `.cts` and `.tsx`.
///
/// # Errors
/// As [`find`].
pub fn find_group(name: &str) -> Result<Vec<LanguageId>> {
    let language = find(name)?;
    let group = GROUPS.iter().find(|(group, _)| *group == language.name());
    Ok(group.map_or(vec![language], |(_, dialects)| dialects.iter().copied().map(named).collect()))
}

/// How many lines of a file are code, comments and blank. The sum of the three is the number of
/// lines; a last line counts with or without its line feed. A byte order mark is no content, and
/// UTF-16 with one is decoded.
///
/// A line is code if anything but a comment or white space is on it, as the language's own lexer reads it: comment
/// markers inside strings, characters and regular expressions do not count, and neither do quotes inside comments, other
/// strings and names. Blank lines inside a string are code, documentation strings too, and inside a comment comments. A
/// string that its language ends with the line ends there also where its quote is missing. What a reader of prose reads
/// (Markdown, plain text) is what the file holds: every line that is not blank counts.
///
/// * Every line belongs to the file's language, also in code blocks of Markdown and of
///   documentation comments and in scripts, styles and templates inside markup
///   (read with their own syntax).
/// * Fixed-form Fortran has `c` and `*` comments in the first column only, free-form Fortran has
///   them at any indentation; batch files may write `rem`, and a quote that opens a line of Vim script
///   opens no string.
/// * Binary files have no lines, and of a notebook the lines of its cells count, once.
pub fn count(language: LanguageId, bytes: &[u8]) -> std::result::Result<Counts, Uncountable> {
    let text = text(bytes)?;
    match language.language().syntax.kind {
        Kind::Notebook => notebook::count(&text).ok_or(Uncountable::Notebook),
        _ => Ok(counter::count(language, &text)),
    }
}

/// How far into a file a NUL byte marks it as binary.
const BINARY_PROBE: usize = 8192;

/// The file's bytes without byte order mark, in an encoding that has ASCII in it.
fn text(bytes: &[u8]) -> std::result::Result<Cow<'_, [u8]>, Uncountable> {
    let utf16 = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = rest.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        let text: String =
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        Cow::Owned(text.into_bytes())
    };
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => Ok(Cow::Borrowed(rest)),
        [0xFF, 0xFE, rest @ ..] => Ok(utf16(rest, u16::from_le_bytes)),
        [0xFE, 0xFF, rest @ ..] => Ok(utf16(rest, u16::from_be_bytes)),
        _ if memchr::memchr(0, &bytes[..bytes.len().min(BINARY_PROBE)]).is_some() => Err(Uncountable::Binary),
        _ => Ok(Cow::Borrowed(bytes)),
    }
}

/// Names and aliases in lower case.
static NAMES: LazyLock<HashMap<String, LanguageId>> = LazyLock::new(|| {
    let mut names = HashMap::new();
    for (number, language) in (0u16..).zip(table::LANGUAGES) {
        names.insert(language.name.to_ascii_lowercase(), LanguageId(number));
        for alias in language.aliases.split_whitespace() {
            names.insert(alias.to_owned(), LanguageId(number));
        }
    }
    names
});

fn lookup(lowered: &str) -> Option<LanguageId> {
    NAMES.get(lowered).copied().or_else(|| detect::by_extension(lowered))
}

/// The language of that exact name, for names that this module itself spells.
fn named(name: &str) -> LanguageId {
    let id = table::LANGUAGES.binary_search_by(|row| order(row.name).cmp(&order(name)));
    LanguageId(u16::try_from(id.expect("a name from the table")).expect("a short table"))
}

fn order(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// Up to three languages whose name or alias is nearest by its letters, if near at all.
fn suggestions(wanted: &str) -> Vec<String> {
    let mut near: Vec<(usize, LanguageId)> = NAMES
        .iter()
        .filter(|(name, _)| name.chars().next() == wanted.chars().next())
        .map(|(name, &id)| (letters_apart(name, wanted), id))
        .filter(|(apart, _)| *apart <= (wanted.len() / 3).max(1))
        .collect();
    near.sort_unstable();
    near.dedup_by_key(|(_, id)| *id);
    let least = near.first().map_or(0, |(apart, _)| *apart);
    near.iter()
        .take_while(|(apart, _)| *apart == least)
        .take(3)
        .map(|(_, id)| format!("`{}`", id.name()))
        .collect()
}

/// How many letters one word has that the other lacks, whichever is more; swaps cost nothing.
fn letters_apart(a: &str, b: &str) -> usize {
    let lacking = |from: &str, other: &str| {
        let mut rest: Vec<char> = other.chars().collect();
        from.chars()
            .filter(|c| match rest.iter().position(|r| r == c) {
                Some(at) => {
                    rest.swap_remove(at);
                    false
                }
                None => true,
            })
            .count()
    };
    lacking(a, b).max(lacking(b, a))
}
