//! Texts that a line of code announces and other lines hold: here-documents, the blocks of YAML, documentation between
//! lines that start with `=`, and the markup around code; and the quoting operators of Ruby and Perl.

use super::counter::{Counter, is_white};
use super::literals::is_word;
use super::syntax::Kind;

impl Counter<'_> {
    /// Whether nothing but white space is before a position on its line.
    pub(super) fn starts_line(&self, at: usize) -> bool {
        let before = self.text[self.floor..at].iter().rposition(|&b| !is_white(b) || b == b'\n');
        before.is_none_or(|last| self.text[self.floor + last] == b'\n')
    }

    /// Whether documentation starts here: its mark is the first of the line, and whole.
    pub(super) fn starts_pod(&self, start: &[u8], line_start: usize, at: usize) -> bool {
        let only = self.text[line_start..at].iter().all(|&b| is_white(b));
        let next = self.text.get(at + start.len());
        only && (start.len() == 1 && next.is_some_and(u8::is_ascii_lowercase)
            || start.len() > 1 && !next.is_some_and(|&b| is_word(b)))
    }

    /// `<<WORD`, `<<-WORD`, `<<~WORD`, `<<<WORD`, also with the word in quotes: what follows it. The lines up to the
    /// word are text; where no line is the word there is a shift or a comparison.
    pub(super) fn heredoc(&mut self, at: usize) -> Option<usize> {
        let rest = &self.text[at..self.limit];
        let php = self.machine.syntax.kind == Kind::Php;
        let mut next = if php { rest.strip_prefix(b"<<<")? } else { rest.strip_prefix(b"<<")? };
        if let [b'-' | b'~', after @ ..] = next {
            next = after;
        }
        let blanks = next.iter().take_while(|&&b| b == b' ' || b == b'\t').count();
        if blanks > 0 && !(php || self.machine.syntax.kind == Kind::Words) {
            return None;
        }
        next = &next[blanks..];
        let (quote, body) = match next {
            [quote @ (b'"' | b'\'' | b'`'), body @ ..] => (Some(*quote), body),
            [b'\\', body @ ..] => (None, body),
            body => (None, body),
        };
        let length = match quote {
            Some(quote) => body.iter().position(|&b| b == quote || b == b'\n')?,
            None => body.iter().take_while(|&&b| is_word(b)).count(),
        };
        let word = &body[..length];
        if word.is_empty() || body.get(length).is_some_and(|&b| quote.is_some() && Some(b) != quote) {
            return None;
        }
        if quote.is_none() && word[0].is_ascii_digit() || !self.may_seek() {
            return None;
        }
        let end = rest.len() - body.len() + length + usize::from(quote.is_some());
        let text = match self.later {
            Some(until) => until,
            None => at + memchr::memchr(b'\n', rest)?,
        };
        let mut start = text + 1;
        while start < self.limit {
            let stop = memchr::memchr(b'\n', &self.text[start..self.limit])
                .map_or(self.limit, |length| start + length);
            let line = self.text[start..stop].trim_ascii();
            let is_end = line.strip_prefix(word).is_some_and(|rest| match rest {
                [] => true,
                [next, ..] => php && !is_word(*next),
            });
            if is_end {
                self.later = Some(stop);
                return Some(at + end);
            }
            start = stop + 1;
        }
        self.sought += self.limit.saturating_sub(text);
        None
    }

    /// The text in brackets or other delimiters that starts with the one at a position: what follows its end.
    fn delimited(&self, at: usize) -> Option<usize> {
        let open = *self.text.get(at)?;
        let close = match open {
            b'(' => b')',
            b'[' => b']',
            b'{' => b'}',
            b'<' => b'>',
            other => other,
        };
        let mut depth = 1;
        let mut next = at + 1;
        while let Some(&byte) = self.text[..self.limit].get(next) {
            if byte == b'\\' {
                next += 1;
            } else if byte == close {
                depth -= 1;
                if depth == 0 {
                    return Some(next + 1);
                }
            } else if byte == open {
                depth += 1;
            }
            next += 1;
        }
        None
    }

    /// Takes everything up to there as a string.
    fn take_to(&mut self, at: usize, end: usize) -> Option<usize> {
        self.until = end.min(self.limit);
        Some(at + 1)
    }

    /// `%w[…]` and its kin.
    pub(super) fn percent(&mut self, at: usize) -> Option<usize> {
        let rest = &self.text[at + 1..self.limit];
        let letter = usize::from(matches!(
            rest.first()?,
            b'q' | b'Q' | b'w' | b'W' | b'i' | b'I' | b'r' | b'x' | b's'
        ));
        let &open = rest.get(letter)?;
        let brackets = matches!(open, b'(' | b'[' | b'{' | b'<');
        if !(brackets || letter == 1 && matches!(open, b'/' | b'|' | b'!' | b'-')) || !self.may_seek() {
            return None;
        }
        if !self.expects_value(at) && !self.is_argument(at) {
            return None;
        }
        match self.delimited(at + 1 + letter) {
            Some(end) => self.take_to(at, end),
            None => {
                self.sought += self.limit - at;
                None
            }
        }
    }

    /// `q(…)`, `s{…}{…}` and their kin.
    pub(super) fn quote_like(&mut self, at: usize) -> Option<usize> {
        if self.before(at).is_some_and(|b| is_word(b) || matches!(b, b'$' | b'@' | b'%' | b'&' | b'>' | b'-'))
        {
            return None;
        }
        let rest = &self.text[at..self.limit];
        let length = rest.iter().take(3).take_while(|&&b| is_word(b)).count();
        let parts = match &rest[..length] {
            b"q" | b"qq" | b"qw" | b"qr" | b"qx" | b"m" => 1,
            b"s" | b"tr" | b"y" => 2,
            _ => return None,
        };
        let blanks = rest[length..].iter().take_while(|&&b| b == b' ').count();
        let mut next = at + length + blanks;
        let open = *self.text[..self.limit].get(next)?;
        let brackets = matches!(open, b'(' | b'[' | b'{' | b'<');
        let sign =
            matches!(open, b'/' | b'|' | b'!' | b'~' | b'\'' | b'"' | b'^') || open == b'#' && blanks == 0;
        // `{s}` and `y =>` are words.
        if !(brackets || sign) || !self.may_seek() {
            return None;
        }
        for part in 0..parts {
            if part == 1 {
                next = if brackets {
                    next + self.text[next..self.limit].iter().take_while(|&&b| is_white(b)).count()
                } else {
                    // The delimiter between both parts ends one and starts the other.
                    next - 1
                };
            }
            let Some(end) = self.delimited(next) else {
                self.sought += self.limit - at;
                return None;
            };
            next = end;
        }
        self.take_to(at, next)
    }

    /// `$'`, `$"` and their kin.
    pub(super) fn dollar(&self, at: usize) -> Option<usize> {
        let next = self.text[..self.limit].get(at + 1)?;
        let next = *next;
        matches!(next, b'\'' | b'"' | b'`' | b'#' | b'/' | b'<').then_some(at + 2)
    }

    /// The markup after `?>`.
    pub(super) fn markup(&mut self, at: usize) -> Option<usize> {
        if !self.text[at..self.limit].starts_with(b"?>") {
            return None;
        }
        self.markup_from(at);
        Some(at + 1)
    }

    /// Takes what is before the next code as markup.
    pub(super) fn markup_from(&mut self, at: usize) {
        let mut from = at;
        // What has no code at all is a piece of code.
        self.until = if at == 0 { 0 } else { self.limit };
        while let Some(found) = memchr::memmem::find(&self.text[from..self.limit], b"<?") {
            let next = &self.text[from + found + 2..self.limit];
            if !next.starts_with(b"xml") {
                self.until = from + found + 2;
                break;
            }
            from += found + 2;
        }
        self.loose = true;
    }

    /// Whether a line of that indentation goes on with a block of text.
    pub(super) fn in_block(&mut self, indentation: usize) -> bool {
        let Some((parent, blanks)) = self.block else { return false };
        if indentation <= parent {
            self.block = None;
            return false;
        }
        self.take_blanks(blanks);
        self.block = Some((parent, 0));
        true
    }

    /// Notes where a line of YAML announces a block of text.
    pub(super) fn opens_block(&mut self, start: usize, end: usize) {
        let line = &self.text[start..end];
        let Some(sign) = line.iter().rposition(|&b| b == b'|' || b == b'>') else { return };
        let tail = &line[sign + 1..];
        let extra = tail.iter().take_while(|&&b| b == b'+' || b == b'-' || b.is_ascii_digit()).count();
        let rest = tail[extra..].trim_ascii();
        let head = line[..sign].trim_ascii_end();
        let announced = matches!(head.last(), Some(b':' | b'-'))
            || head
                .rsplit(|&b| b == b' ')
                .next()
                .is_some_and(|word| word.starts_with(b"!") || word.starts_with(b"&"));
        if !(rest.is_empty() || rest[0] == b'#')
            || !announced
            || line[..sign].last().is_none_or(|&b| !is_white(b))
        {
            return;
        }
        let mut parent = line.iter().take_while(|&&b| b == b' ').count();
        let first = parent;
        // The mapping of a list's item is indented by its dash.
        while line[parent..].starts_with(b"- ") && head.last() == Some(&b':') {
            parent += 2 + line[parent + 2..].iter().take_while(|&&b| b == b' ').count();
        }
        if line.get(first) != Some(&b'#') {
            self.block = Some((parent, 0));
        }
    }
}
