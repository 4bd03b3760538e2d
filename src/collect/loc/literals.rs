//! Literals that no pair of quotes describes: characters beside lifetimes and primes, and strings whose ends are made
//! from their starts. Each is found at its first quote, as letters and signs before it are too common to stop at.

use super::counter::Counter;
use super::syntax::Literal;
use memchr::memmem;

/// Bytes that the longest escape sequence of a character takes, and some more.
const ESCAPE: usize = 16;
/// Characters that C++ takes between the quote and the bracket of a raw string.
const DELIMITER: usize = 16;

impl Counter<'_> {
    /// The literal of that form that starts at a position: what follows it, or its second byte with its end in `until`.
    pub(super) fn raw(&mut self, literal: Literal, at: usize) -> Option<usize> {
        match literal {
            Literal::Character => self.character(at, false),
            Literal::Prime => self.character(at, true),
            Literal::Question => self.question(at),
            Literal::RawRust => self.raw_rust(at),
            Literal::RawCpp => self.raw_cpp(at),
            Literal::RawCSharp => self.raw_csharp(at),
            Literal::RawHashed => self.raw_hashed(at),
            Literal::RawLetter => self.raw_letter(at),
            Literal::LongBracket => self.long_bracket(at),
            _ => None,
        }
    }

    /// Takes everything up to the end that is sought from a position on as a string.
    pub(super) fn up_to(&mut self, at: usize, from: usize, end: &[u8]) -> Option<usize> {
        let window = self.text.get(from..self.limit)?;
        let found = if end.len() == 1 { memchr::memchr(end[0], window) } else { memmem::find(window, end) };
        self.until = found.map_or(self.limit, |offset| from + offset + end.len());
        Some(at + 1)
    }

    /// The byte before a position, if that is within the syntax.
    pub(super) fn before(&self, at: usize) -> Option<u8> {
        (at > self.floor).then(|| self.text[at - 1])
    }

    /// The name or number that ends right before a position; only its last bytes where it is long.
    pub(super) fn word_before(&self, at: usize) -> &[u8] {
        let window = &self.text[at.saturating_sub(64).max(self.floor)..at];
        let start = window.iter().rposition(|&b| !is_word(b)).map_or(0, |last| last + 1);
        &window[start..]
    }

    fn character(&self, at: usize, primes: bool) -> Option<usize> {
        let word = self.word_before(at);
        let first = word.first().copied();
        if first.is_some_and(|b| b.is_ascii_digit())
            || (primes && (!word.is_empty() || self.before(at) == Some(b'\'')))
        {
            return None;
        }
        let rest = &self.text[at..self.limit];
        if rest.get(1) == Some(&b'\\') {
            // What the backslash escapes may be the quote itself, but not the line's end.
            if matches!(rest.get(2), Some(b'\n' | b'\r')) {
                return None;
            }
            let window = rest.get(3..rest.len().min(3 + ESCAPE))?;
            let length = window.iter().position(|&b| b == b'\'' || b == b'\n')?;
            return (window[length] == b'\'').then_some(at + 3 + length + 1);
        }
        let length = match rest.get(1)? {
            b'\'' | b'\n' | b'\r' => return None,
            0..0xC0 => 1,
            0xC0..0xE0 => 2,
            0xE0..0xF0 => 3,
            _ => 4,
        };
        if rest.get(1 + length) == Some(&b'\'') {
            return Some(at + 2 + length);
        }
        // Several characters in one literal, as C has them; a lifetime or a symbol ends sooner.
        let window = &rest[1..rest.len().min(9)];
        let length = window.iter().position(|&b| b == b'\'' || b == b'\n' || b.is_ascii_whitespace())?;
        let signs = window[..length].iter().any(|b| matches!(b, b'"' | b'/' | b'*'));
        (!primes
            && window[length] == b'\''
            && signs
            && window[..length].iter().all(|b| *b != b',' && *b != b'>'))
        .then_some(at + 2 + length)
    }

    fn question(&self, at: usize) -> Option<usize> {
        if self.before(at).is_some_and(|b| is_word(b) || matches!(b, b')' | b']' | b'}' | b'"' | b'\'')) {
            return None;
        }
        let rest = &self.text[at..self.limit];
        match rest.get(1)? {
            b'\\' => matches!(rest.get(2), Some(b) if !b.is_ascii_whitespace()).then_some(at + 3),
            b if b.is_ascii_whitespace() => None,
            _ => (!rest.get(2).is_some_and(|&b| is_word(b))).then_some(at + 2),
        }
    }

    fn raw_rust(&mut self, at: usize) -> Option<usize> {
        let (hashes, letters) = self.hashes_before(at);
        if !matches!(self.word_before(letters), b"r" | b"br" | b"cr") {
            return None;
        }
        let end = [b"\"".as_slice(), &self.text[at - hashes..at]].concat();
        self.up_to(at, at + 1, &end)
    }

    fn raw_cpp(&mut self, at: usize) -> Option<usize> {
        if !matches!(self.word_before(at), b"R" | b"u8R" | b"uR" | b"UR" | b"LR") {
            return None;
        }
        let window = &self.text[at + 1..self.limit.min(at + 2 + DELIMITER)];
        let length = window.iter().position(|&b| b == b'(')?;
        let delimiter = &window[..length];
        if delimiter.iter().any(|&b| b.is_ascii_whitespace() || matches!(b, b')' | b'\\' | b'"')) {
            return None;
        }
        let end = [b")", delimiter, b"\""].concat();
        self.up_to(at, at + 2 + length, &end)
    }

    fn raw_csharp(&mut self, at: usize) -> Option<usize> {
        let rest = &self.text[at..self.limit];
        let quotes = rest.iter().take_while(|&&b| b == b'"').count();
        let window = &self.text[self.floor.max(at.saturating_sub(8))..at];
        if !window.iter().rev().take_while(|&&b| b == b'$' || b == b'@').any(|&b| b == b'@') {
            // Two quotes are an empty string, three and more are closed by as many.
            return if quotes < 3 { None } else { self.up_to(at, at + quotes, &vec![b'"'; quotes]) };
        }
        let mut from = at + 1;
        while let Some(offset) = memchr::memchr(b'"', &self.text[from..self.limit]) {
            let end = from + offset + 1;
            if self.text[..self.limit].get(end) != Some(&b'"') {
                self.until = end;
                return Some(at + 1);
            }
            from = end + 1;
        }
        self.until = self.limit;
        Some(at + 1)
    }

    fn raw_hashed(&mut self, at: usize) -> Option<usize> {
        let (hashes, _) = self.hashes_before(at);
        if hashes == 0 {
            return None;
        }
        let rest = &self.text[at..self.limit];
        let single = [b"\"", &self.text[at - hashes..at]].concat();
        // `#"""#` is one quote in a string of one line.
        let line = &rest[1..memchr::memchr(b'\n', rest).unwrap_or(rest.len()).max(1)];
        if !rest.starts_with(b"\"\"\"") || memmem::find(line, &single).is_some() {
            return self.up_to(at, at + 1, &single);
        }
        self.up_to(at, at + 3, &[b"\"\"", single.as_slice()].concat())
    }

    fn raw_letter(&mut self, at: usize) -> Option<usize> {
        if !matches!(self.word_before(at), b"r" | b"R") {
            return None;
        }
        let quote = self.text[at];
        let triple = [quote; 3];
        if self.text[at..self.limit].starts_with(&triple) {
            return self.up_to(at, at + 3, &triple);
        }
        let window = &self.text[at + 1..self.limit];
        let length = memchr::memchr2(quote, b'\n', window)?;
        (window[length] == quote).then_some(at + 2 + length)
    }

    fn long_bracket(&mut self, at: usize) -> Option<usize> {
        let dashes = if self.text[at] == b'-' { 2 } else { 0 };
        let rest = &self.text[at..self.limit];
        let level = rest.strip_prefix(&b"--"[..dashes])?.strip_prefix(b"[")?;
        let signs = level.iter().take_while(|&&b| b == b'=').count();
        if level.get(signs) != Some(&b'[') {
            return None;
        }
        if dashes > 0 {
            // A comment of the lowest level is in the table of pairs; others are as rare as they are long.
            return None;
        }
        let end = [b"]", &level[..signs], b"]"].concat();
        self.up_to(at, at + 2 + signs, &end)
    }

    /// How many signs are right before a position, and where they start.
    fn hashes_before(&self, at: usize) -> (usize, usize) {
        let window = &self.text[self.floor..at];
        let hashes = window.iter().rev().take_while(|&&b| b == b'#').count();
        (hashes, at - hashes)
    }
}

/// Whether a byte is part of a name or a number.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}
