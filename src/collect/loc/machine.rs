//! A language's syntax prepared for scanning: at which bytes something can start, and what.

use super::LanguageId;
use super::syntax::{Kind, Literal, Pair, Syntax};
use super::table::LANGUAGES;
use std::sync::OnceLock;

/// A syntax prepared for scanning.
pub(super) struct Machine {
    pub(super) syntax: &'static Syntax,
    /// For each byte outside strings and comments: 0 is nothing, [`NEWLINE`] ends the line, and
    /// any other number is one more than the index in `marks` of what can start there.
    pub(super) plain: [u8; 256],
    /// The same for code within a string, where brackets count.
    pub(super) hole: [u8; 256],
    marks: Vec<Vec<Mark>>,
    /// Strings by number.
    pub(super) quotes: Vec<Quote>,
    /// Bytes to stop at inside block comments.
    pub(super) comment: [bool; 256],
    /// Whether what a slash or an angle bracket means depends on what is before it.
    pub(super) looks_back: bool,
}

/// The number of a line's end among what can start.
const NEWLINE: u8 = u8::MAX;

/// A kind of string.
pub(super) struct Quote {
    start: &'static [u8],
    pub(super) end: &'static [u8],
    /// Whether a backslash takes the next character with it.
    pub(super) escapes: bool,
    /// Whether it ends with the line at the latest.
    pub(super) short: bool,
    /// What opens code within it.
    pub(super) hole: Option<&'static [u8]>,
    /// Bytes to stop at inside it.
    pub(super) stops: [bool; 256],
}

/// What can start at a position outside strings and comments, in the order in which it is tried.
pub(super) enum Mark {
    Escape,
    Embedded(&'static str),
    Literal(Literal),
    /// A string, by its number.
    Quote(usize, &'static [u8]),
    Block(&'static [u8], &'static [u8]),
    Line(&'static [u8]),
    /// A bracket in code within a string.
    Bracket,
}

impl Mark {
    fn first_bytes(&self) -> &[u8] {
        match self {
            Self::Escape => b"\\",
            Self::Embedded(_) => b"<",
            Self::Quote(_, start) | Self::Block(start, _) | Self::Line(start) => &start[..1],
            Self::Literal(Literal::Character | Literal::Prime) => b"'",
            Self::Literal(Literal::Question) => b"?",
            Self::Literal(Literal::RawLetter) => b"\"'",
            Self::Literal(Literal::LongBracket) => b"-[",
            Self::Literal(Literal::Regex | Literal::CommandRegex) => b"/",
            Self::Literal(Literal::Jsx | Literal::Heredoc) => b"<",
            Self::Literal(Literal::Percent) => b"%",
            Self::Literal(Literal::QuoteLike) => b"qmsty",
            Self::Literal(Literal::Dollar) => b"$",
            Self::Literal(Literal::Markup) => b"?",
            Self::Literal(_) => b"\"",
            Self::Bracket => b"{}()",
        }
    }
}

/// The machine of a language, made when it is first asked for.
pub(super) fn machine(language: LanguageId) -> &'static Machine {
    static MACHINES: OnceLock<Vec<OnceLock<Machine>>> = OnceLock::new();
    let machines = MACHINES.get_or_init(|| LANGUAGES.iter().map(|_| OnceLock::new()).collect());
    machines[usize::from(language.0)].get_or_init(|| Machine::new(language.language().syntax))
}

impl Machine {
    fn new(syntax: &'static Syntax) -> Self {
        let looks_back = syntax
            .literals
            .iter()
            .any(|l| matches!(l, Literal::Regex | Literal::CommandRegex | Literal::Jsx | Literal::Percent));
        let mut machine = Self {
            syntax,
            plain: [0; 256],
            hole: [0; 256],
            marks: Vec::new(),
            quotes: Vec::new(),
            comment: [false; 256],
            looks_back,
        };
        machine.plain[usize::from(b'\n')] = NEWLINE;
        machine.comment[usize::from(b'\n')] = true;
        if !(syntax.quotes.is_empty() && syntax.short.is_empty()) {
            machine.mark(|| Mark::Escape);
        }
        if syntax.kind == Kind::Embedding {
            machine.mark(|| Mark::Embedded("script"));
            machine.mark(|| Mark::Embedded("style"));
            // Markup's own `<template>` is markup again; elsewhere it is an island of it.
            if !syntax.line.is_empty() {
                machine.mark(|| Mark::Embedded("template"));
            }
        }
        let asks_later = |literal: &Literal| matches!(literal, Literal::Regex | Literal::CommandRegex);
        for literal in syntax.literals.iter().copied().filter(|literal| !asks_later(literal)) {
            machine.mark(|| Mark::Literal(literal));
        }
        machine.strings(syntax);
        for (start, end) in blocks(syntax) {
            machine.mark(|| Mark::Block(start.as_bytes(), end.as_bytes()));
            machine.comment[usize::from(start.as_bytes()[0])] = true;
            machine.comment[usize::from(end.as_bytes()[0])] = true;
        }
        for start in syntax.line {
            machine.mark(|| Mark::Line(start.as_bytes()));
        }
        // Two slashes are a comment, not an empty expression.
        for literal in syntax.literals.iter().copied().filter(asks_later) {
            machine.mark(|| Mark::Literal(literal));
        }
        machine.hole = machine.plain;
        std::mem::swap(&mut machine.plain, &mut machine.hole);
        if !syntax.holes.is_empty() {
            machine.mark(|| Mark::Bracket);
        }
        std::mem::swap(&mut machine.plain, &mut machine.hole);
        machine
    }

    fn strings(&mut self, syntax: &'static Syntax) {
        let lists = [
            (syntax.docs, true, false),
            (syntax.verbatim, false, false),
            (syntax.quotes, true, false),
            (syntax.short, true, true),
        ];
        for (pairs, escapes, short) in lists {
            for (start, end) in pairs {
                let hole =
                    syntax.holes.iter().find(|hole| hole.quote == *start).map(|hole| hole.open.as_bytes());
                let end = end.as_bytes();
                let mut stops = [false; 256];
                let bytes = [Some(b'\n'), Some(end[0]), escapes.then_some(b'\\'), hole.map(|hole| hole[0])];
                for stop in bytes.into_iter().flatten() {
                    stops[usize::from(stop)] = true;
                }
                let number = self.quotes.len();
                self.quotes.push(Quote { start: start.as_bytes(), end, escapes, short, hole, stops });
                let start = self.quotes[number].start;
                self.mark(|| Mark::Quote(number, start));
            }
        }
    }

    /// Notes what can start at each of the bytes that it starts with.
    fn mark(&mut self, make: impl Fn() -> Mark) {
        for &byte in make().first_bytes() {
            let slot = usize::from(self.plain[usize::from(byte)]);
            // Code within a string shares the marks that it had so far with the rest and gets a list of its own.
            if slot == 0 {
                self.marks.push(Vec::new());
                self.plain[usize::from(byte)] =
                    u8::try_from(self.marks.len()).expect("few bytes start a mark");
            }
            let slot = usize::from(self.plain[usize::from(byte)]);
            self.marks[slot - 1].push(make());
        }
    }

    /// What can start at this byte, by its number in `plain` or `hole`.
    pub(super) fn marks(&self, slot: u8) -> &[Mark] {
        match slot {
            0 | NEWLINE => &[],
            slot => &self.marks[usize::from(slot) - 1],
        }
    }
}

/// The language's comments with two ends.
pub(super) fn blocks(syntax: &'static Syntax) -> impl Iterator<Item = &'static Pair> {
    syntax.block.iter().chain(syntax.nesting)
}
