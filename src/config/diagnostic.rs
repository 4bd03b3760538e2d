//! Problems of a configuration and their places. While the file is walked a problem holds a byte
//! offset; lines and columns are counted once, at the end, for those that are reported.

use serde::Serialize;
use std::fmt;

/// Problems that are reported at most; the rest is only counted.
const REPORTED: usize = 200;
/// Problems that are kept at most while walking, so that a hostile file cannot fill the memory.
const KEPT: usize = 10_000;

/// One problem of a configuration, with its place and its remedy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
#[serde(rename_all = "camelCase")]
pub struct Diagnostic {
    /// The file's name as the caller gave it.
    pub file: String,
    /// From 1; `\n`, `\r\n` and `\r` end a line.
    pub line: u32,
    /// From 1, in characters (Unicode scalar values).
    pub column: u32,
    /// Where in the document, such as `metrics.coverage.unit` or `report.sections[0].charts`;
    /// empty for the document itself.
    pub path: String,
    /// What was found and what is allowed: lower case, no final period.
    pub message: String,
    /// What to do, as a sentence; empty where the message says it all.
    pub hint: String,
}

impl fmt::Display for Diagnostic {
    /// `unentropy.json:4:12: metrics.coverage.unit: message`, without the hint.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file, self.line, self.column)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// A diagnostic before its line is known.
#[derive(Debug)]
pub(super) struct Problem {
    /// Byte offset into the text.
    pub(super) at: usize,
    pub(super) path: String,
    pub(super) message: String,
    pub(super) hint: String,
    pub(super) warning: bool,
}

impl Problem {
    pub(super) fn new(at: usize, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { at, path: path.into(), message: message.into(), hint: String::new(), warning: false }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }

    pub(super) fn warning(mut self) -> Self {
        self.warning = true;
        self
    }
}

/// The problems found so far.
#[derive(Debug, Default)]
pub(super) struct Problems {
    kept: Vec<Problem>,
    more: usize,
}

impl Problems {
    pub(super) fn push(&mut self, problem: Problem) {
        if self.kept.len() < KEPT {
            self.kept.push(problem);
        } else {
            self.more += 1;
        }
    }

    /// Whether so many problems are known that more words about one are wasted.
    pub(super) fn are_many(&self) -> bool {
        self.kept.len() > REPORTED
    }

    /// Errors and warnings in the order of the file, with their places in `text`.
    pub(super) fn locate(self, text: &str, file: &str) -> (Vec<Diagnostic>, Vec<Diagnostic>) {
        // Places are sorted, not the problems themselves: sorting large values is a lot of code.
        let mut order: Vec<(usize, usize)> = self.kept.iter().enumerate().map(|(n, p)| (p.at, n)).collect();
        order.sort_unstable();
        let mut kept: Vec<Option<Problem>> = self.kept.into_iter().map(Some).collect();
        let sorted = order.into_iter().filter_map(|(_, n)| kept[n].take());
        let (warnings, mut errors): (Vec<_>, Vec<_>) = sorted.partition(|p| p.warning);
        let hidden = errors.len().saturating_sub(REPORTED) + self.more;
        errors.truncate(REPORTED);
        if hidden > 0 {
            let at = errors.last().map_or(0, |last| last.at);
            let message = format!("{} more after these", crate::text::plural(hidden, "problem", "problems"));
            errors.push(Problem::new(at, "", message).hint("Mend the ones above first."));
        }
        let located = |problems: Vec<Problem>| {
            let mut places = Places { text, offset: 0, line: 1, column: 1 };
            let locate = |problem: Problem| {
                let (line, column) = places.of(problem.at);
                let Problem { path, message, hint, .. } = problem;
                Diagnostic { file: file.to_owned(), line, column, path, message, hint }
            };
            problems.into_iter().map(locate).collect()
        };
        (located(errors), located(warnings))
    }
}

/// Counts lines and columns in one pass over ascending offsets.
struct Places<'t> {
    text: &'t str,
    offset: usize,
    line: u32,
    column: u32,
}

impl Places<'_> {
    fn of(&mut self, offset: usize) -> (u32, u32) {
        let bytes = self.text.as_bytes();
        for (index, character) in self.text[self.offset..].char_indices() {
            let index = self.offset + index;
            if index >= offset {
                break;
            }
            let ends_line = character == '\n' || character == '\r' && bytes.get(index + 1) != Some(&b'\n');
            if ends_line {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        self.offset = offset;
        (self.line, self.column)
    }
}

/// Where the walk stands: a chain of steps from the root, written out only when something is wrong.
#[derive(Clone, Copy)]
pub(super) struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Root,
    Key(&'p str),
    Index(usize),
}

impl<'p> Path<'p> {
    pub(super) const ROOT: Path<'static> = Path { parent: None, step: Step::Root };

    pub(super) fn key(&'p self, key: &'p str) -> Path<'p> {
        Path { parent: Some(self), step: Step::Key(key) }
    }

    pub(super) fn index(&'p self, index: usize) -> Path<'p> {
        Path { parent: Some(self), step: Step::Index(index) }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Key(key) => {
                let first = self.parent.is_none_or(|parent| matches!(parent.step, Step::Root));
                let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '$');
                if !key.is_empty() && key.len() <= 64 && key.chars().all(plain) {
                    write!(f, "{}{key}", if first { "" } else { "." })
                } else {
                    write!(f, "[{}]", crate::text::quote(key))
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_and_every_kind_of_line_end() {
        let text = "ab\ncd\r\nef\rgöh\u{1f600}i";
        let place = |at| Places { text, offset: 0, line: 1, column: 1 }.of(at);
        for (needle, line, column) in
            [("a", 1, 1), ("d", 2, 2), ("e", 3, 1), ("g", 4, 1), ("h", 4, 3), ("i", 4, 5)]
        {
            assert_eq!(place(text.find(needle).expect("in text")), (line, column), "{needle}");
        }
        assert_eq!(place(text.len()), (4, 6));
    }

    #[test]
    fn paths_read_like_javascript() {
        let root = Path::ROOT;
        let sections = root.key("sections");
        let first = sections.index(0);
        assert_eq!(root.to_string(), "");
        assert_eq!(first.to_string(), "sections[0]");
        assert_eq!(first.key("name").to_string(), "sections[0].name");
        assert_eq!(sections.key("a b\n").to_string(), "sections[`a b\\n`]");
    }
}
