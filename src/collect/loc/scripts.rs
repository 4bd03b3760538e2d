//! What a slash and an angle bracket mean where that depends on the code before them, as in JavaScript: a division or a
//! regular expression, a comparison or an element of markup.

use super::counter::{Counter, Mode, is_white};
use memchr::memmem;

/// Bytes that are looked through backwards for the bracket that a closing one belongs to.
const BRACKETS: usize = 1000;
/// Words before a value.
const BEFORE_VALUES: &[&[u8]] = &[
    b"return",
    b"typeof",
    b"case",
    b"in",
    b"of",
    b"delete",
    b"void",
    b"throw",
    b"new",
    b"instanceof",
    b"else",
    b"do",
    b"yield",
    b"await",
    b"default",
    b"and",
    b"or",
    b"not",
    b"when",
    b"if",
    b"unless",
    b"then",
    b"while",
    b"until",
    b"elsif",
];
/// Words whose parentheses hold a condition, after which a statement starts.
const BEFORE_CONDITIONS: &[&[u8]] = &[b"if", b"while", b"for", b"with"];

impl Counter<'_> {
    /// The regular expression that starts at a slash: what follows it. One that the line does not end is a division.
    pub(super) fn regex(&mut self, at: usize, commands: bool) -> Option<usize> {
        if !(self.expects_value(at) || commands && self.is_argument(at)) {
            return None;
        }
        let mut class = false;
        let mut next = at + 1;
        while let Some(&byte) = self.text[..self.limit].get(next) {
            match byte {
                b'\n' => return None,
                b'\\' if self.text.get(next + 1) != Some(&b'\n') => next += 1,
                b'[' => class = true,
                b']' => class = false,
                b'/' if !class => return Some(next + 1),
                _ => {}
            }
            next += 1;
        }
        None
    }

    /// The element of markup that starts at an angle bracket: what follows the bracket. What nothing closes is none.
    pub(super) fn element(&mut self, at: usize) -> Option<usize> {
        let rest = &self.text[at + 1..self.limit];
        let name = rest.iter().take_while(|&&b| is_name(b)).count();
        if name == 0 && rest.first() != Some(&b'>') || rest.first().is_some_and(|b| b.is_ascii_digit()) {
            return None;
        }
        if matches!(self.last_before(at), Some(b'}' | b')')) || !self.expects_value(at) {
            return None;
        }
        let behind = rest.get(name..)?;
        let behind = &behind[behind.iter().take_while(|&&b| is_white(b)).count()..];
        // `<T,>` and `<T extends U>` are types of a function.
        if !matches!(behind.first()?, b'>' | b'/' | b'{' | b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$')
            || behind.starts_with(b"extends ")
        {
            return None;
        }
        if !self.may_seek() {
            return None;
        }
        let closing = [b"</", &rest[..name]].concat();
        if !self.is_alone(at + 1 + name) && memmem::find(rest, &closing).is_none() {
            self.sought += rest.len();
            return None;
        }
        self.mode = Mode::Tag;
        self.tag_start = at;
        Some(at + 1)
    }

    /// Whether a tag ends with `/>`, as far as that is easily seen.
    fn is_alone(&self, from: usize) -> bool {
        let rest = &self.text[from..self.limit];
        memchr::memchr(b'>', rest).is_some_and(|end| end > 0 && rest[end - 1] == b'/')
            || memmem::find(&rest[..rest.len().min(2000)], b"/>").is_some()
    }

    /// Reads on in a tag.
    pub(super) fn in_tag(&mut self, from: usize) -> usize {
        let text = self.text;
        let rest = &text[from..self.limit];
        let stop = |b: &u8| matches!(b, b'\n' | b'"' | b'\'' | b'{' | b'>' | b'/');
        let length = rest.iter().position(stop).unwrap_or(rest.len());
        let at = from + length;
        self.code |= rest[..length].iter().any(|&b| !is_white(b));
        let Some(&byte) = text[..self.limit].get(at) else { return self.limit };
        match byte {
            b'\n' => return at,
            b'/' if text[at..self.limit].starts_with(b"/*") => {
                self.comments.push(b"*/");
                return at + 2;
            }
            b'/' if text[at..self.limit].starts_with(b"//") => {
                return memchr::memchr(b'\n', &text[at..self.limit]).map_or(self.limit, |length| at + length);
            }
            _ => self.code = true,
        }
        match byte {
            b'"' | b'\'' => {
                let end = memchr::memchr(byte, &text[at + 1..self.limit]);
                self.until = end.map_or(self.limit, |length| at + 2 + length);
                at + 1
            }
            b'{' => self.open(at + 1),
            b'>' => {
                self.tag_ends(at);
                at + 1
            }
            _ => at + 1,
        }
    }

    /// Opens or closes the element whose tag ends at a position.
    fn tag_ends(&mut self, at: usize) {
        let start = self.tag_start;
        if self.text[start..].starts_with(b"</") {
            self.elements = self.elements.saturating_sub(1);
        } else if self.text[at - 1] != b'/' {
            self.elements += 1;
        }
        self.mode = if self.elements == 0 { Mode::Plain } else { Mode::Text };
    }

    /// Reads on in the text of an element.
    pub(super) fn in_text(&mut self, from: usize) -> usize {
        let rest = &self.text[from..self.limit];
        let length = rest.iter().position(|b| matches!(b, b'\n' | b'<' | b'{')).unwrap_or(rest.len());
        self.code |= rest[..length].iter().any(|&b| !is_white(b));
        let at = from + length;
        match rest.get(length) {
            Some(b'<') => {
                self.code = true;
                self.mode = Mode::Tag;
                self.tag_start = at;
                // The slash of a closing tag is no end.
                at + 1 + usize::from(rest.get(length + 1) == Some(&b'/'))
            }
            Some(b'{') => {
                self.code = true;
                self.open(at + 1)
            }
            _ => at,
        }
    }

    /// The last byte of code before a position; comments and white space are passed over.
    fn last_before(&self, at: usize) -> Option<u8> {
        self.end_before(at).map(|end| self.text[end - 1])
    }

    /// Where the code before a position ends.
    fn end_before(&self, at: usize) -> Option<usize> {
        let mut end = at;
        loop {
            end = self.floor + self.text[self.floor..end].iter().rposition(|&b| !is_white(b))? + 1;
            if end == self.passed.1 && self.passed.0 < end {
                end = self.passed.0;
                continue;
            }
            return (end > self.floor).then_some(end);
        }
    }

    /// Whether the code before a position makes a value follow and no operator.
    pub(super) fn expects_value(&self, at: usize) -> bool {
        let Some(end) = self.end_before(at) else { return true };
        match self.text[end - 1] {
            b')' => self.is_condition(end),
            b']' | b'"' | b'\'' | b'`' => false,
            sign @ (b'+' | b'-') => self.before(end - 1) != Some(sign),
            b'$' => false,
            byte if super::literals::is_word(byte) => {
                let word = self.word_before(end);
                BEFORE_VALUES.contains(&word) && !matches!(self.before(end - word.len()), Some(b'.' | b'$'))
            }
            _ => true,
        }
    }

    /// Whether what starts here is the argument of the name before it: `puts /x/` and not `a / b`.
    pub(super) fn is_argument(&self, at: usize) -> bool {
        let named = self.last_before(at).is_some_and(|b| super::literals::is_word(b) && !b.is_ascii_digit());
        let next = self.text[..self.limit].get(at + 1).copied();
        named && self.before(at).is_some_and(is_white) && next.is_some_and(|b| !is_white(b) && b != b'=')
    }

    /// Whether the parentheses that end before a position hold the condition of a statement.
    fn is_condition(&self, end: usize) -> bool {
        let window = &self.text[self.floor.max(end.saturating_sub(BRACKETS))..end];
        let mut depth = 0;
        for (offset, byte) in window.iter().enumerate().rev() {
            match byte {
                b')' => depth += 1,
                b'(' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                let open = end - window.len() + offset;
                let before = self.text[self.floor..open].iter().rposition(|&b| !is_white(b));
                let Some(last) = before else { return false };
                let word = self.word_before(self.floor + last + 1);
                let owner = self.before(self.floor + last + 1 - word.len());
                return BEFORE_CONDITIONS.contains(&word) && owner != Some(b'.');
            }
        }
        false
    }
}

/// Whether a byte can be part of an element's name.
fn is_name(byte: u8) -> bool {
    super::literals::is_word(byte) || matches!(byte, b'.' | b':' | b'-' | b'$')
}
