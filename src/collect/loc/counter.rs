//! The one pass over a text that separates code, comments and blank lines, driven by a
//! language's syntax. What the syntaxes are is in the table; which files are counted at all is
//! decided elsewhere.

use super::syntax::{Kind, Pair, Syntax};
use super::table::LANGUAGES;
use super::{Counts, LanguageId, lookup, named};
use std::sync::OnceLock;

/// The lines of a text in a language.
pub(super) fn count(language: LanguageId, text: &[u8]) -> Counts {
    let machine = machine(language);
    if machine.syntax.kind == Kind::Prose { prose(text) } else { Counter::new(machine, text).run() }
}

/// A syntax prepared for scanning: which bytes can start something, and what.
struct Machine {
    syntax: &'static Syntax,
    /// For each byte outside strings and comments: 0 is nothing, [`NEWLINE`] ends the line, and
    /// any other number is one more than the index in `marks` of what can start there.
    plain: [u8; 256],
    marks: Vec<Vec<Mark>>,
    /// Bytes to stop at inside strings, and inside block comments.
    string: [bool; 256],
    comment: [bool; 256],
}

const NEWLINE: u8 = u8::MAX;

/// What can start at a position outside strings and comments, in the order in which it is tried.
enum Mark {
    Escape,
    Embedded(&'static str),
    Quote { start: &'static [u8], end: &'static [u8], verbatim: bool },
    Block { start: &'static [u8], end: &'static [u8] },
    Line(&'static [u8]),
}

impl Mark {
    fn first_byte(&self) -> u8 {
        match self {
            Self::Escape => b'\\',
            Self::Embedded(_) => b'<',
            Self::Quote { start, .. } | Self::Block { start, .. } | Self::Line(start) => start[0],
        }
    }
}

fn machine(language: LanguageId) -> &'static Machine {
    static MACHINES: OnceLock<Vec<OnceLock<Machine>>> = OnceLock::new();
    let machines = MACHINES.get_or_init(|| LANGUAGES.iter().map(|_| OnceLock::new()).collect());
    machines[usize::from(language.0)].get_or_init(|| Machine::new(language.language().syntax))
}

impl Machine {
    fn new(syntax: &'static Syntax) -> Self {
        let mut machine =
            Self { syntax, plain: [0; 256], marks: Vec::new(), string: [false; 256], comment: [false; 256] };
        machine.plain[usize::from(b'\n')] = NEWLINE;
        for stop in [b'\n', b'\\'] {
            machine.string[usize::from(stop)] = true;
            machine.comment[usize::from(stop)] = true;
        }
        if !syntax.quotes.is_empty() {
            machine.mark(Mark::Escape);
        }
        if syntax.kind == Kind::Embedding {
            machine.mark(Mark::Embedded("script"));
            machine.mark(Mark::Embedded("style"));
            // Markup's own `<template>` is markup again; elsewhere it is an island of it.
            if !syntax.line.is_empty() {
                machine.mark(Mark::Embedded("template"));
            }
        }
        let strings = [(syntax.docs, false), (syntax.verbatim, true), (syntax.quotes, false)];
        for (pairs, verbatim) in strings {
            for (start, end) in pairs {
                machine.mark(Mark::Quote { start: start.as_bytes(), end: end.as_bytes(), verbatim });
                machine.string[usize::from(end.as_bytes()[0])] = true;
            }
        }
        for (start, end) in blocks(syntax) {
            machine.mark(Mark::Block { start: start.as_bytes(), end: end.as_bytes() });
            machine.comment[usize::from(start.as_bytes()[0])] = true;
            machine.comment[usize::from(end.as_bytes()[0])] = true;
        }
        for start in syntax.line {
            machine.mark(Mark::Line(start.as_bytes()));
        }
        machine
    }

    fn mark(&mut self, mark: Mark) {
        let slot = &mut self.plain[usize::from(mark.first_byte())];
        if *slot == 0 {
            self.marks.push(Vec::new());
            *slot = u8::try_from(self.marks.len()).expect("few bytes start a mark");
        }
        self.marks[usize::from(*slot) - 1].push(mark);
    }

    fn marks_at(&self, byte: u8) -> &[Mark] {
        match self.plain[usize::from(byte)] {
            0 | NEWLINE => &[],
            slot => &self.marks[usize::from(slot) - 1],
        }
    }
}

fn blocks(syntax: &'static Syntax) -> impl Iterator<Item = &'static Pair> {
    syntax.block.iter().chain(syntax.nesting)
}

/// The state of one pass.
struct Counter<'a> {
    machine: &'static Machine,
    text: &'a [u8],
    /// Where the current syntax ends: the end of the text, or of an embedded region.
    limit: usize,
    /// The syntax around an embedded region.
    around: Option<&'static Machine>,
    /// What ends the string being read.
    quote: Option<&'static [u8]>,
    /// Whether the last string opened was verbatim; it stays so until the next one opens.
    verbatim: bool,
    /// What ends each of the comments being read, innermost last.
    comments: Vec<&'static [u8]>,
    /// A tag of an embedded region is on this line.
    tagged: bool,
    /// Bytes that were looked through for the ends of embedded regions that turned out to be none.
    sought: usize,
    counts: Counts,
}

/// How many times the length of a text may be looked through in vain for the ends of embedded regions;
/// then none are looked for in the rest of it. Tags without an end, one after the other, would
/// otherwise take the square of the length. A page has few such tags, if any.
const SEARCHES: usize = 32;

impl<'a> Counter<'a> {
    fn new(machine: &'static Machine, text: &'a [u8]) -> Self {
        Self {
            machine,
            text,
            limit: text.len(),
            around: None,
            quote: None,
            verbatim: false,
            comments: Vec::new(),
            tagged: false,
            sought: 0,
            counts: Counts::default(),
        }
    }

    fn run(mut self) -> Counts {
        let mut start = 0;
        while start < self.text.len() {
            let first = skip_white(self.text, start);
            let plain = self.quote.is_none() && self.comments.is_empty();
            if plain && self.text.get(first).is_none_or(|&b| b == b'\n') {
                self.counts.blanks += 1;
                start = first + 1;
                continue;
            }
            let began_in_comment = !self.comments.is_empty();
            self.tagged = false;
            let end = self.line(start, first);
            if self.is_comment(began_in_comment, start, first, end) {
                self.counts.comments += 1;
            } else {
                self.counts.code += 1;
            }
            start = end + 1;
        }
        self.counts
    }

    /// Reads a line from its first character that is not white, and returns where it ends.
    fn line(&mut self, start: usize, first: usize) -> usize {
        let mut at = first;
        loop {
            if at >= self.limit {
                match self.around.take() {
                    Some(machine) => self.leave(machine),
                    None => return self.text.len(),
                }
            } else if let Some(end) = self.quote {
                at = self.in_string(end, at);
            } else if let Some(&end) = self.comments.last() {
                at = self.in_comment(end, at);
            } else {
                at = match self.in_plain(start, at) {
                    Step::At(next) => next,
                    Step::LineEnd(end) => return end,
                };
                continue;
            }
            if self.text.get(at) == Some(&b'\n') {
                return at;
            }
        }
    }

    fn in_string(&mut self, end: &'static [u8], from: usize) -> usize {
        let at = seek(&self.machine.string, &self.text[..self.limit], from);
        let rest = &self.text[at..self.limit];
        if rest.is_empty() || rest[0] == b'\n' {
            at
        } else if rest.starts_with(end) {
            self.quote = None;
            at + end.len()
        } else if self.escapes(rest) {
            at + 2
        } else {
            at + 1
        }
    }

    fn in_comment(&mut self, end: &'static [u8], from: usize) -> usize {
        let at = seek(&self.machine.comment, &self.text[..self.limit], from);
        let rest = &self.text[at..self.limit];
        if rest.is_empty() || rest[0] == b'\n' {
            return at;
        }
        if self.escapes(rest) {
            return at + 2;
        }
        if rest.starts_with(end) {
            self.comments.pop();
            return at + end.len();
        }
        let syntax = self.machine.syntax;
        for (number, (start, end)) in blocks(syntax).enumerate() {
            if rest.starts_with(start.as_bytes()) {
                if syntax.nested || number >= syntax.block.len() {
                    self.comments.push(end.as_bytes());
                }
                return at + start.len();
            }
        }
        at + 1
    }

    fn in_plain(&mut self, line_start: usize, from: usize) -> Step {
        let window = &self.text[from..self.limit];
        let plain = &self.machine.plain;
        let Some(offset) = window.iter().position(|&b| plain[usize::from(b)] != 0) else {
            return Step::At(self.limit);
        };
        let at = from + offset;
        let rest = &window[offset..];
        if rest[0] == b'\n' {
            return Step::LineEnd(at);
        }
        let machine = self.machine;
        for mark in machine.marks_at(rest[0]) {
            match *mark {
                Mark::Escape if self.escapes(rest) => return Step::At(at + 2),
                Mark::Quote { start, end, verbatim } if rest.starts_with(start) => {
                    self.quote = Some(end);
                    self.verbatim = verbatim;
                    return Step::At(at + start.len());
                }
                Mark::Block { start, end } if rest.starts_with(start) => {
                    self.comments.push(end);
                    return Step::At(at + start.len());
                }
                Mark::Line(start) if rest.starts_with(start) && self.in_place(start, line_start, at) => {
                    return match memchr::memchr(b'\n', rest) {
                        Some(length) => Step::LineEnd(at + length),
                        None => Step::At(self.limit),
                    };
                }
                Mark::Embedded(tag) if self.around.is_none() && self.sought / SEARCHES <= self.text.len() => {
                    match Region::open(tag, self.text, at) {
                        Ok(region) => return Step::At(self.enter(at, region)),
                        Err(sought) => self.sought += sought,
                    }
                }
                _ => {}
            }
        }
        Step::At(at + 1)
    }

    /// Whether a backslash takes the next byte with it.
    fn escapes(&self, rest: &[u8]) -> bool {
        if self.verbatim || rest[0] != b'\\' {
            return false;
        }
        let next = &rest[1..];
        next.first() == Some(&b'\\')
            || self.machine.syntax.quotes.iter().any(|(start, _)| next.starts_with(start.as_bytes()))
    }

    /// Whether a line comment may start here: letters and stars only in the first column of
    /// fixed-form code.
    fn in_place(&self, start: &[u8], line_start: usize, at: usize) -> bool {
        self.machine.syntax.kind != Kind::Columns || start == b"!" || at == line_start
    }

    /// Goes on inside the region that the tag at a position opens. The lines that the tag itself takes are counted here, all
    /// but its last, on which the region may start.
    fn enter(&mut self, at: usize, region: Region) -> usize {
        let tag = &self.text[at..region.start];
        let ended = tag.iter().filter(|&&b| b == b'\n').count();
        for line in tag.split(|&b| b == b'\n').take(ended) {
            let is_blank = line.iter().all(|&b| is_white(b));
            *(if is_blank { &mut self.counts.blanks } else { &mut self.counts.code }) += 1;
        }
        self.around = Some(self.machine);
        self.machine = region.machine;
        self.limit = region.end;
        self.tagged = true;
        region.start
    }

    fn leave(&mut self, machine: &'static Machine) {
        self.machine = machine;
        self.limit = self.text.len();
        self.quote = None;
        self.verbatim = false;
        self.comments.clear();
        self.tagged = true;
    }

    /// Whether a line that was read is nothing but comment.
    fn is_comment(&self, began_in_comment: bool, start: usize, first: usize, end: usize) -> bool {
        if self.tagged || self.quote.is_some() {
            return false;
        }
        if began_in_comment {
            return true;
        }
        let Some(&byte) = self.text.get(first) else { return false };
        self.machine.marks_at(byte).iter().any(|mark| match *mark {
            Mark::Line(marker) => {
                self.text[first..end].starts_with(marker) && self.in_place(marker, start, first)
            }
            Mark::Block { start, end: close } => {
                let line = trim_white_end(&self.text[first..end]);
                line.starts_with(start) && (line.ends_with(close) || self.comments.last() == Some(&close))
            }
            _ => false,
        })
    }
}

enum Step {
    At(usize),
    LineEnd(usize),
}

/// A part of a text that has a syntax of its own.
struct Region {
    machine: &'static Machine,
    start: usize,
    end: usize,
}

impl Region {
    /// The region that the tag at a position opens. A tag without content, without an end, or of
    /// another name opens none; then the error is how many bytes were looked through.
    fn open(tag: &str, text: &[u8], at: usize) -> Result<Self, usize> {
        let name_end = at + 1 + tag.len();
        if !text.get(at + 1..name_end).is_some_and(|name| name.eq_ignore_ascii_case(tag.as_bytes()))
            || !matches!(text.get(name_end), Some(b'>' | b'/' | b' ' | b'\t' | b'\r' | b'\n'))
        {
            return Err(0);
        }
        let to_the_end = text.len() - at;
        let start = tag_end(text, name_end).ok_or(to_the_end)?;
        let attributes = &text[name_end..start - 1];
        if attributes.ends_with(b"/") {
            return Err(start - at);
        }
        let end = closing_tag(tag, text, start).ok_or(to_the_end)?;
        if text[start..end].iter().all(|&b| is_white(b)) {
            return Err(end - at);
        }
        Ok(Self { machine: machine(embedded(tag, attributes)), start, end })
    }
}

/// The position after the `>` that ends a tag; one inside an attribute's quotes does not.
fn tag_end(text: &[u8], from: usize) -> Option<usize> {
    let mut quote = None;
    for (offset, &byte) in text[from..].iter().enumerate() {
        match quote {
            Some(open) if byte == open => quote = None,
            Some(_) => {}
            None if byte == b'>' => return Some(from + offset + 1),
            None if byte == b'"' || byte == b'\'' => quote = Some(byte),
            None => {}
        }
    }
    None
}

/// Where the tag's element ends; an element of the same name inside a template is passed over.
fn closing_tag(tag: &str, text: &[u8], from: usize) -> Option<usize> {
    let named = |from: usize| {
        text.get(from..from + tag.len()).is_some_and(|name| name.eq_ignore_ascii_case(tag.as_bytes()))
            && text.get(from + tag.len()).is_none_or(|b| !b.is_ascii_alphanumeric() && *b != b'-')
    };
    let mut depth = 0;
    let mut next = from;
    loop {
        let at = next + memchr::memchr(b'<', &text[next..])?;
        next = at + 1;
        if text.get(at + 1) == Some(&b'/') && named(at + 2) {
            if depth == 0 {
                return Some(at);
            }
            depth -= 1;
        } else if tag == "template" && named(at + 1) {
            // What is in its attributes is no tag.
            next = tag_end(text, at + 1)?;
            depth += usize::from(text[next - 2] != b'/');
        }
    }
}

/// The language of an embedded region, from the tag's `lang` or `type`.
fn embedded(tag: &str, attributes: &[u8]) -> LanguageId {
    let attributes = String::from_utf8_lossy(attributes).to_ascii_lowercase();
    let value = ["lang", "type"].iter().find_map(|name| attribute(&attributes, name)).unwrap_or_default();
    let subtype = value.rsplit(['/', '+']).next().unwrap_or_default();
    let declared = lookup(subtype.strip_prefix("x-").unwrap_or(subtype));
    match declared.filter(|id| id.language().syntax.kind == Kind::Code) {
        Some(id) => id,
        None if tag == "style" => named("CSS"),
        None if tag == "template" || subtype.contains("html") || subtype.contains("template") => named("XML"),
        None => named("JavaScript"),
    }
}

fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    attributes.match_indices(name).find_map(|(at, _)| {
        let before = attributes[..at].chars().next_back();
        let value = attributes[at + name.len()..].trim_start().strip_prefix('=')?.trim_start();
        if before.is_some_and(|c| !c.is_whitespace()) {
            return None;
        }
        match value.chars().next()? {
            quote @ ('"' | '\'') => value[1..].split(quote).next(),
            _ => value.split([' ', '\t', '\r', '\n', '/']).next(),
        }
    })
}

fn prose(text: &[u8]) -> Counts {
    let mut counts = Counts::default();
    let mut start = 0;
    while start < text.len() {
        let first = skip_white(text, start);
        if text.get(first).is_none_or(|&b| b == b'\n') {
            counts.blanks += 1;
            start = first + 1;
        } else {
            counts.comments += 1;
            start = memchr::memchr(b'\n', &text[first..]).map_or(text.len(), |length| first + length + 1);
        }
    }
    counts
}

fn seek(stops: &[bool; 256], text: &[u8], from: usize) -> usize {
    text[from..].iter().position(|&b| stops[usize::from(b)]).map_or(text.len(), |offset| from + offset)
}

/// The first byte from a position on that is not white space, or is the line's end.
fn skip_white(text: &[u8], from: usize) -> usize {
    text[from..].iter().position(|&b| b == b'\n' || !is_white(b)).map_or(text.len(), |offset| from + offset)
}

fn trim_white_end(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|&b| !is_white(b)).map_or(0, |last| last + 1);
    &line[..end]
}

fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(language: LanguageId, text: &str) -> (u64, u64, u64) {
        let Counts { code, comments, blanks } = count(language, text.as_bytes());
        (code, comments, blanks)
    }

    fn languages() -> impl Iterator<Item = (LanguageId, &'static str, &'static Syntax)> {
        (0u16..).zip(LANGUAGES).map(|(number, row)| (LanguageId(number), row.name, row.syntax))
    }

    #[test]
    fn every_marker_of_every_language_works() {
        for (id, name, syntax) in languages() {
            for marker in syntax.line {
                assert_eq!(lines(id, &format!("{marker} a\n0\n\n")), (1, 1, 1), "{marker} in {name}");
            }
            for (start, end) in blocks(syntax) {
                let text = format!("{start} a\n\n b {end}\n{start} a {end}\n0\n");
                assert_eq!(lines(id, &text), (1, 4, 0), "{start} in {name}");
            }
            for (start, end) in [syntax.docs, syntax.verbatim, syntax.quotes].concat() {
                let text = format!("0 {start} 0\n\n 0 {end}\n\n");
                assert_eq!(lines(id, &text), (3, 0, 1), "{start} in {name}");
            }
        }
    }

    #[test]
    fn tags_without_an_end_cost_no_square_of_the_length() {
        let html = named("HTML");
        let pieces = [
            "<script>",
            "<script '",
            "<style>a",
            "<style lang=",
            "<template><template '",
            "<script a='",
            "<script>\n</script",
            "<script>\"<script>'</SCRIPTS>",
        ];
        for language in [html, named("Vue")] {
            for piece in pieces {
                for tail in ["", ">", "'\">", "></script>", "'></template>"] {
                    let text = format!("{}{tail}", piece.repeat(2000));
                    let mut counter = Counter::new(machine(language), text.as_bytes());
                    let end = counter.line(0, 0);
                    assert!(end <= text.len());
                    // One search starts below the bound and is no longer than the text.
                    let most = (SEARCHES + 3) * (text.len() + SEARCHES);
                    assert!(counter.sought <= most, "{piece}{tail}: {} of {most}", counter.sought);
                }
            }
        }
    }

    #[test]
    fn a_page_may_have_some_tags_without_an_end() {
        let text = format!("{}<style>\n/* c */\n</style>\n", "<script>\n".repeat(SEARCHES - 2));
        assert_eq!(lines(named("HTML"), &text), (SEARCHES as u64, 1, 0));
    }

    #[test]
    fn what_stands_in_an_attribute_is_no_tag() {
        let text = "<template>\n<template a='<template>'>\n// c\n</template>\n// c\n</template>\n// c\n";
        let (code, comments, _) = lines(named("Vue"), text);
        assert_eq!((code, comments), (6, 1), "{text}");
    }

    #[test]
    fn where_several_marks_could_start_the_longest_is_tried_first() {
        for (_, name, syntax) in languages() {
            for list in [syntax.block, syntax.verbatim, syntax.quotes] {
                let lengths: Vec<_> = list.iter().map(|(start, end)| start.len().max(end.len())).collect();
                assert!(lengths.is_sorted_by(|a, b| a >= b), "{name}");
            }
        }
    }

    #[test]
    fn marks_are_short_and_keep_to_a_line() {
        for (_, name, syntax) in languages() {
            let lists = [syntax.docs, syntax.verbatim, syntax.quotes, syntax.block, syntax.nesting].concat();
            let ends = lists.iter().flat_map(|(start, end)| [*start, *end]);
            for mark in ends.chain(syntax.line.iter().copied()) {
                let first = mark.bytes().next().expect("a mark has a letter");
                assert!(!is_white(first) && !mark.contains('\n') && mark.len() < 64, "{mark} in {name}");
            }
        }
    }
}
