//! The one pass over a text that separates code, comments and blank lines, driven by a
//! language's syntax. What the syntaxes are is in the table; which files are counted at all is
//! decided elsewhere.

use super::machine::{Machine, Mark, Quote, blocks, machine};
use super::regions::Region;
use super::syntax::{Kind, Literal, Syntax};
use super::{Counts, LanguageId};

/// The lines of a text in a language.
pub(super) fn count(language: LanguageId, text: &[u8]) -> Counts {
    let machine = machine(language);
    if machine.syntax.kind == Kind::Prose { prose(text) } else { Counter::new(machine, text).run() }
}

/// What is being read, comments aside.
#[derive(Clone, Copy)]
pub(super) enum Mode {
    /// Code.
    Plain,
    /// A string.
    Quote(&'static Quote),
    /// A tag of markup within code.
    Tag,
    /// The text between such tags.
    Text,
}

/// What code within a string, or within markup, goes back to.
struct Outer {
    mode: Mode,
    brackets: u32,
    elements: u32,
    tag_start: usize,
}

/// The state of one pass.
pub(super) struct Counter<'a> {
    pub(super) machine: &'static Machine,
    pub(super) text: &'a [u8],
    /// Where the current syntax starts: at the text's start, or that of an embedded region.
    pub(super) floor: usize,
    /// Where the current syntax ends: the end of the text, or of an embedded region.
    pub(super) limit: usize,
    /// The syntax around an embedded region.
    around: Option<&'static Machine>,
    pub(super) mode: Mode,
    /// Up to here everything is a string, whatever it looks like.
    pub(super) until: usize,
    /// Whether what is in there is markup, of which blank lines are no part.
    pub(super) loose: bool,
    /// Where the lines end that belong to the line which is read.
    pub(super) later: Option<usize>,
    /// The indentation below which a text of YAML goes on, and the blank lines that may be part of it.
    pub(super) block: Option<(usize, u64)>,
    /// What ends each of the comments being read, innermost last.
    pub(super) comments: Vec<&'static [u8]>,
    /// What code within strings and markup goes back to, innermost last.
    outer: Vec<Outer>,
    /// Brackets that are open in code within a string.
    brackets: u32,
    /// Elements of markup within code that are open.
    pub(super) elements: u32,
    /// Where the tag that is read starts.
    pub(super) tag_start: usize,
    /// The comments before this position with nothing but white space between them, where they matter.
    pub(super) passed: (usize, usize),
    /// Something of this line is no comment.
    pub(super) code: bool,
    /// Bytes that were looked through for the ends of embedded regions that turned out to be none.
    pub(super) sought: usize,
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
            floor: 0,
            limit: text.len(),
            around: None,
            mode: Mode::Plain,
            until: 0,
            loose: false,
            later: None,
            block: None,
            comments: Vec::new(),
            outer: Vec::new(),
            brackets: 0,
            elements: 0,
            tag_start: 0,
            passed: (0, 0),
            code: false,
            sought: 0,
            counts: Counts::default(),
        }
    }

    fn run(mut self) -> Counts {
        let mut start = 0;
        let kind = self.machine.syntax.kind;
        if kind == Kind::Php {
            self.markup_from(0);
        }
        while start < self.text.len() {
            let first = skip_white(self.text, start);
            let in_comment = !self.comments.is_empty();
            let quote = match self.mode {
                Mode::Quote(quote) if !in_comment => Some(quote),
                _ => None,
            };
            let in_string = start < self.until && !self.loose || quote.is_some();
            if self.text.get(first).is_none_or(|&b| b == b'\n') {
                if in_string {
                    self.counts.code += 1;
                    if start >= self.until && quote.is_some_and(|quote| quote.short) {
                        self.mode = Mode::Plain;
                    }
                } else if in_comment {
                    self.counts.comments += 1;
                } else {
                    self.counts.blanks += 1;
                    if let Some((_, blanks)) = &mut self.block {
                        *blanks += 1;
                    }
                }
                start = first + 1;
                continue;
            }
            if self.block.is_some() && self.in_block(first - start) {
                self.counts.code += 1;
                start = memchr::memchr(b'\n', &self.text[first..])
                    .map_or(self.text.len(), |length| first + length + 1);
                continue;
            }
            self.code = in_string;
            let end = self.line(start, first);
            if let Some(until) = self.later.take() {
                (self.until, self.loose) = (until, false);
            }
            if kind == Kind::Blocks {
                self.opens_block(start, end);
            }
            if self.code {
                self.counts.code += 1;
            } else {
                self.counts.comments += 1;
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
            } else if at < self.until {
                at = memchr::memchr(b'\n', &self.text[at..self.until])
                    .map_or(self.until, |length| at + length);
                self.code = true;
                if at == self.until {
                    self.loose = false;
                    continue;
                }
            } else if let Some(&end) = self.comments.last() {
                at = self.in_comment(end, at);
            } else {
                at = match self.mode {
                    Mode::Plain => match self.in_plain(start, at) {
                        Step::At(next) => {
                            at = next;
                            continue;
                        }
                        Step::LineEnd(end) => return end,
                    },
                    Mode::Quote(quote) => self.in_string(quote, at),
                    Mode::Tag => self.in_tag(at),
                    Mode::Text => self.in_text(at),
                };
            }
            if self.text.get(at) == Some(&b'\n') {
                return at;
            }
        }
    }

    fn in_string(&mut self, quote: &'static Quote, from: usize) -> usize {
        let at = seek(&quote.stops, &self.text[..self.limit], from);
        let rest = &self.text[at..self.limit];
        if rest.is_empty() {
            return at;
        }
        if rest.starts_with(quote.end) {
            self.mode = Mode::Plain;
            return at + quote.end.len();
        }
        if let Some(hole) = quote.hole.filter(|hole| rest.starts_with(hole)) {
            return self.open(at + hole.len());
        }
        let length = match rest {
            [b'\n', ..] => 0,
            // The line goes on in the next one: its end is not this string's.
            [b'\\', b'\n', ..] if quote.escapes => return at + 1,
            [b'\\', b'\r', b'\n', ..] if quote.escapes => return at + 2,
            [b'\\', _, ..] if quote.escapes => 2,
            _ => 1,
        };
        if quote.short && rest.get(length) == Some(&b'\n') {
            self.mode = Mode::Plain;
        }
        at + length
    }

    /// Reads code within a string or within markup, from this position on.
    pub(super) fn open(&mut self, at: usize) -> usize {
        self.outer.push(Outer {
            mode: self.mode,
            brackets: self.brackets,
            elements: self.elements,
            tag_start: self.tag_start,
        });
        (self.mode, self.brackets, self.elements) = (Mode::Plain, 0, 0);
        self.passed = (at, at);
        at
    }

    fn in_comment(&mut self, end: &'static [u8], from: usize) -> usize {
        let at = seek(&self.machine.comment, &self.text[..self.limit], from);
        let rest = &self.text[at..self.limit];
        if rest.is_empty() || rest[0] == b'\n' {
            return at;
        }
        if rest.starts_with(end) && (!starts_lines(end) || self.starts_line(at)) {
            self.comments.pop();
            self.passed.1 = at + end.len();
            if starts_lines(end) {
                // What else is on the line is comment too.
                return memchr::memchr(b'\n', rest).map_or(self.limit, |length| at + length);
            }
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
        let machine = self.machine;
        let window = &self.text[from..self.limit];
        let starts = if self.outer.is_empty() { &machine.plain } else { &machine.hole };
        let offset = window.iter().position(|&b| starts[usize::from(b)] != 0).unwrap_or(window.len());
        let at = from + offset;
        if !self.code && window[..offset].iter().any(|&b| !is_white(b)) {
            self.code = true;
        }
        let rest = &window[offset..];
        match rest.first() {
            None => return Step::At(self.limit),
            Some(b'\n') => return Step::LineEnd(at),
            _ => {}
        }
        for mark in machine.marks(starts[usize::from(rest[0])]) {
            match *mark {
                Mark::Escape if self.escapes(rest) => {
                    self.code = true;
                    return Step::At(at + 2);
                }
                Mark::Literal(literal) => {
                    if let Some(next) = self.literal(literal, at) {
                        self.code = true;
                        return Step::At(next);
                    }
                }
                Mark::Quote(number, start) if rest.starts_with(start) => {
                    self.code = true;
                    self.mode = Mode::Quote(&machine.quotes[number]);
                    return Step::At(at + start.len());
                }
                Mark::Block(start, end)
                    if rest.starts_with(start)
                        && (!starts_lines(start) || self.starts_pod(start, line_start, at)) =>
                {
                    self.pass(at);
                    self.comments.push(end);
                    return Step::At(at + start.len());
                }
                Mark::Line(start) if rest.starts_with(start) && self.in_place(start, line_start, at) => {
                    self.pass(at);
                    let length = memchr::memchr(b'\n', rest);
                    if machine.syntax.kind == Kind::Php
                        && let Some(end) = memchr::memmem::find(&rest[..length.unwrap_or(rest.len())], b"?>")
                    {
                        return Step::At(at + end);
                    }
                    self.passed.1 = length.map_or(self.limit, |length| at + length);
                    return length.map_or(Step::At(self.limit), |length| Step::LineEnd(at + length));
                }
                Mark::Embedded(tag) if self.around.is_none() && self.may_seek() => {
                    match Region::open(tag, self.text, at) {
                        Ok(region) => return Step::At(self.enter(at, region)),
                        Err(sought) => self.sought += sought,
                    }
                }
                Mark::Bracket => self.bracket(rest[0]),
                _ => {}
            }
        }
        self.code = true;
        Step::At(at + 1)
    }

    /// Counts a bracket in code within a string, and goes back to the string at the one that ends it.
    fn bracket(&mut self, byte: u8) {
        match byte {
            b'{' => self.brackets += 1,
            b'}' if self.brackets > 0 => self.brackets -= 1,
            b'}' => {
                if let Some(outer) = self.outer.pop() {
                    self.mode = outer.mode;
                    self.brackets = outer.brackets;
                    self.elements = outer.elements;
                    self.tag_start = outer.tag_start;
                }
            }
            _ => {}
        }
    }

    /// Notes that a comment starts here, where what is before it may be asked for.
    fn pass(&mut self, at: usize) {
        if !self.machine.looks_back {
            return;
        }
        let between = self.text.get(self.passed.1..at).unwrap_or_default();
        // What is between two comments is looked at from its end: nearly always it ends at once.
        if between.iter().rev().any(|&b| !is_white(b)) {
            self.passed.0 = at;
        }
        self.passed.1 = at;
    }

    /// Blank lines turned out to be part of a text.
    pub(super) fn take_blanks(&mut self, blanks: u64) {
        self.counts.blanks -= blanks;
        self.counts.code += blanks;
    }

    /// Whether more of the text may be looked through in vain.
    pub(super) fn may_seek(&self) -> bool {
        self.sought / SEARCHES <= self.text.len()
    }

    /// Whether a backslash takes the next byte with it.
    fn escapes(&self, rest: &[u8]) -> bool {
        let next = &rest[1..];
        let Syntax { quotes, short, .. } = self.machine.syntax;
        next.first() == Some(&b'\\')
            || quotes.iter().chain(*short).any(|(start, _)| next.starts_with(start.as_bytes()))
    }

    /// Whether a line comment may start here: letters and stars only in the first column of
    /// fixed-form code, and elsewhere words only where they are whole.
    fn in_place(&self, start: &[u8], line_start: usize, at: usize) -> bool {
        if self.machine.syntax.kind == Kind::Columns {
            return start == b"!" || at == line_start;
        }
        match self.machine.syntax.kind {
            Kind::Words => {
                let before = self.before(at);
                return before.is_none_or(|b| is_white(b) || b == b'\n' || b";&|()`".contains(&b));
            }
            Kind::Php if self.text.get(at..at + 2) == Some(b"#[") => return false,
            Kind::Blocks => return self.before(at).is_none_or(|b| is_white(b) || b == b'\n'),
            _ => {}
        }
        let is_word = |at: usize| self.text.get(at).is_some_and(u8::is_ascii_alphanumeric);
        !start[start.len() - 1].is_ascii_alphabetic()
            || !(is_word(at + start.len()) || (at > self.floor && is_word(at - 1)))
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
        self.floor = region.start;
        self.passed = (region.start, region.start);
        self.code = true;
        region.start
    }

    fn leave(&mut self, machine: &'static Machine) {
        self.machine = machine;
        self.floor = self.limit;
        self.limit = self.text.len();
        self.mode = Mode::Plain;
        self.comments.clear();
        self.outer.clear();
        (self.brackets, self.elements) = (0, 0);
        self.code = true;
    }

    /// Reads a literal that is no pair of quotes; where there is one its end is returned, which may be in `until`.
    fn literal(&mut self, literal: Literal, at: usize) -> Option<usize> {
        match literal {
            Literal::Jsx => self.element(at),
            Literal::Regex => self.regex(at, false),
            Literal::CommandRegex => self.regex(at, true),
            Literal::Heredoc => self.heredoc(at),
            Literal::Percent => self.percent(at),
            Literal::QuoteLike => self.quote_like(at),
            Literal::Dollar => self.dollar(at),
            Literal::Markup => self.markup(at),
            other => self.raw(other, at),
        }
    }
}

/// Whether a mark of a comment counts at the start of a line alone: `=begin`, and `=` for all words.
fn starts_lines(mark: &[u8]) -> bool {
    mark[0] == b'=' && mark.get(1).is_none_or(u8::is_ascii_alphabetic)
}

enum Step {
    At(usize),
    LineEnd(usize),
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
            counts.code += 1;
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

pub(super) fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

#[cfg(test)]
mod tests {
    use super::super::named;
    use super::super::table::LANGUAGES;
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
                let start = if *start == "=" { "=head1" } else { start };
                let text = if starts_lines(start.as_bytes()) {
                    format!("0 {start}\n{start}\n\n b\n{end}\n0\n")
                } else {
                    format!("0\n{start} a\n\n b {end}\n{start} a {end}\n0\n")
                };
                assert_eq!(lines(id, &text), (2, 4, 0), "{start} in {name}");
            }
            for (start, end) in syntax.short {
                let text = format!("0 {start} 0\n\n{start} 0 {end}\n\n{start}0 \\\n\n");
                assert_eq!(lines(id, &text), (4, 0, 2), "{start} in {name}");
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
            for list in [syntax.block, syntax.verbatim, syntax.quotes, syntax.short] {
                let lengths: Vec<_> = list.iter().map(|(start, end)| start.len().max(end.len())).collect();
                assert!(lengths.is_sorted_by(|a, b| a >= b), "{name}");
            }
        }
    }

    #[test]
    fn marks_are_short_and_keep_to_a_line() {
        for (_, name, syntax) in languages() {
            let lists =
                [syntax.docs, syntax.verbatim, syntax.quotes, syntax.short, syntax.block, syntax.nesting]
                    .concat();
            let ends = lists.iter().flat_map(|(start, end)| [*start, *end]);
            for mark in ends.chain(syntax.line.iter().copied()) {
                let first = mark.bytes().next().expect("a mark has a letter");
                assert!(!is_white(first) && !mark.contains('\n') && mark.len() < 64, "{mark} in {name}");
            }
        }
    }
}
