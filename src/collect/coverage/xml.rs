//! Walking through an XML report: elements and text in order, well-formedness, places for
//! messages. The reading is quick-xml's; this file adds what it leaves to its user (that every
//! element is closed, that there is one root) and two short cuts for the elements that reports
//! consist of. Entities other than XML's own five are refused, never expanded.

use super::number::digits;
use super::{doubt_at, glimpse, refuse_at};
use crate::error::{Error, Result};
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use std::borrow::Cow;
use std::io::BufRead;

/// One step through a document.
pub(in crate::collect) enum Step<'a> {
    /// An element opens; its content follows, then [`Step::Close`].
    Open(Element<'a>),
    /// The innermost open element closes.
    Close,
    /// Text that is not only white space, entities resolved.
    Text(Cow<'a, str>),
    /// The document is complete.
    End,
}

/// An element's name and attributes.
pub(in crate::collect) struct Element<'a> {
    tag: BytesStart<'a>,
    /// Where the tag begins in the document.
    pub at: usize,
}

impl Element<'_> {
    /// The element's name.
    pub(in crate::collect) fn name(&self) -> &str {
        self.tag.name().0
    }
}

/// A document being walked through.
pub(in crate::collect) struct Document<'a> {
    reader: Reader<&'a [u8]>,
    text: &'a [u8],
    name: &'a str,
    depth: usize,
    closing: bool,
    /// Whether the reader stands right behind a tag, the only place from which bytes may be taken past
    /// it: behind text it already counts on the `<` that follows.
    behind_tag: bool,
    rooted: bool,
    pattern: Option<Pattern<'a>>,
}

/// How an element with two numbers is written: all that is around them, byte for byte, with the white
/// space before the element.
#[derive(Clone, Copy)]
struct Pattern<'a> {
    before: &'a [u8],
    between: &'a [u8],
    after: &'a [u8],
    /// Whether the second of the two that [`Document::learn`] was given is written first.
    swapped: bool,
}

impl<'a> Document<'a> {
    /// The document in `text`, from the file called `name`.
    pub(in crate::collect) fn new(text: &'a [u8], name: &'a str) -> Self {
        let reader = Reader::from_reader(text);
        Self { reader, text, name, depth: 0, closing: false, behind_tag: false, rooted: false, pattern: None }
    }

    /// The next step. An empty element opens and closes like any other.
    pub(in crate::collect) fn step(&mut self) -> Result<Step<'a>> {
        if std::mem::take(&mut self.closing) {
            return Ok(Step::Close);
        }
        loop {
            let at = self.position();
            let event = self.reader.read_event().map_err(|error| self.broken(&error))?;
            self.behind_tag = matches!(event, Event::Start(_) | Event::Empty(_) | Event::End(_));
            match event {
                Event::Start(tag) => {
                    self.enter(&tag, at)?;
                    self.depth += 1;
                    return Ok(Step::Open(Element { tag, at }));
                }
                Event::Empty(tag) => {
                    self.enter(&tag, at)?;
                    self.closing = true;
                    return Ok(Step::Open(Element { tag, at }));
                }
                Event::End(_) => {
                    self.depth -= 1;
                    return Ok(Step::Close);
                }
                Event::Text(text) => {
                    let text = text.into_inner();
                    if !text.trim_ascii().is_empty() {
                        return self.content(text, at);
                    }
                }
                Event::CData(text) => return self.content(text.into_inner(), at),
                Event::GeneralRef(reference) => {
                    let text = format!("&{};", &*reference);
                    let text = unescape(&text).map_err(|_| self.unknown_entity(&text, at))?;
                    return self.content(Cow::Owned(text.into_owned()), at);
                }
                Event::Eof if self.depth > 0 => {
                    let cause =
                        format!("the file ends inside {} unclosed elements: it is cut off", self.depth);
                    return Err(self.refuse(self.text.len(), &cause).hint(
                        "Check that the step that writes the report ended before this one began and did not fail.",
                    ));
                }
                Event::Eof => return Ok(Step::End),
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) | Event::DocType(_) => {}
            }
        }
    }

    /// Consumes the next element and the white space before it if it is `<name .../>` without
    /// anything unusual: double quotes, plain ASCII, no entities. Each attribute goes to `note`.
    ///
    /// `false` leaves the element to [`Document::step`], though `note` may have been called: reports
    /// are almost nothing but such elements, and this walks over them once instead of four times.
    #[inline]
    pub(in crate::collect) fn plain_element(
        &mut self,
        name: &[u8],
        mut note: impl FnMut(&'a [u8], &'a [u8]),
    ) -> bool {
        if self.closing || !self.behind_tag {
            return false;
        }
        let rest: &'a [u8] = self.reader.get_ref();
        let Some(length) = scan_plain(rest, name, &mut note) else { return false };
        self.reader.stream().consume(length);
        true
    }

    /// Consumes the next element and the white space before it if it is `<name ..>` with nothing in it, whether it is written
    /// as one tag or two. Each attribute goes to `note`, raw.
    ///
    /// `false` leaves the element to [`Document::step`], though `note` may have been called.
    #[inline]
    pub(in crate::collect) fn leaf_element(
        &mut self,
        name: &[u8],
        mut note: impl FnMut(&'a [u8], &'a [u8]),
    ) -> bool {
        if self.closing || !self.behind_tag {
            return false;
        }
        let rest: &'a [u8] = self.reader.get_ref();
        let Some(length) = scan_leaf(rest, name, &mut note) else { return false };
        self.reader.stream().consume(length);
        true
    }

    /// Passes over text, CDATA and comments up to the next tag, for a reader that asks for none of it: what entities in it
    /// mean is not looked at.
    pub(in crate::collect) fn skip_text(&mut self) {
        if self.closing || !self.behind_tag {
            return;
        }
        let rest: &'a [u8] = self.reader.get_ref();
        self.reader.stream().consume(scan_text(rest));
    }

    /// Remembers how the plain element that was consumed last is written, if both values are digits:
    /// those that follow are nearly always written alike, see [`Document::repeated`]. `before` is where
    /// it began, white space included.
    pub(in crate::collect) fn learn(&mut self, before: usize, first: &[u8], second: &[u8]) {
        let element = self.text.get(before..self.position());
        self.pattern = element.and_then(|element| Pattern::of(element, first, second));
    }

    /// Consumes up to `most` elements that differ from the one learned in nothing but its two numbers,
    /// which go to `each`; how many there were. Whatever holds of the one learned holds of them.
    #[inline(always)]
    pub(in crate::collect) fn repeated(&mut self, most: usize, mut each: impl FnMut(u32, u32)) -> usize {
        let Some(pattern) = self.pattern else { return 0 };
        if self.closing || !self.behind_tag {
            return 0;
        }
        let rest: &'a [u8] = self.reader.get_ref();
        let (mut at, mut count) = (0, 0);
        while count < most
            && let Some((first, second, next)) = pattern.matched(rest, at)
        {
            each(first, second);
            at = next;
            count += 1;
        }
        self.reader.stream().consume(at);
        count
    }

    /// Lets `scan` look at what follows a tag, and consumes as much of it as it says: whole elements, nothing but.
    #[inline(always)]
    pub(super) fn take(&mut self, scan: impl FnOnce(&'a [u8]) -> usize) {
        if !self.closing && self.behind_tag {
            let length = scan(self.reader.get_ref());
            self.reader.stream().consume(length);
        }
    }

    /// Where the next step begins.
    pub(in crate::collect) fn position(&self) -> usize {
        self.reader.buffer_position() as usize
    }

    /// The attributes of an element, raw, each to `note`.
    pub(in crate::collect) fn attributes<'e>(
        &self,
        element: &'e Element<'a>,
        mut note: impl FnMut(&'e [u8], &'e [u8]),
    ) -> Result<()> {
        let mut attributes = quick_xml::events::attributes::Attributes::new(element.tag.attributes_raw(), 0);
        for attribute in attributes.with_checks(false) {
            let attribute = attribute.map_err(|error| self.refuse(element.at, &error.to_string()))?;
            if let Cow::Borrowed(value) = attribute.value {
                note(attribute.key.0.as_bytes(), value.as_bytes());
            }
        }
        Ok(())
    }

    /// The value of one attribute, entities resolved.
    pub(in crate::collect) fn attribute<'e>(
        &self,
        element: &'e Element<'a>,
        name: &str,
    ) -> Result<Option<Cow<'e, str>>> {
        let mut found: Option<&'e [u8]> = None;
        self.attributes(element, |key, value| {
            if key == name.as_bytes() {
                found = Some(value);
            }
        })?;
        let Some(raw) = found.and_then(|raw| str::from_utf8(raw).ok()) else { return Ok(None) };
        unescape(raw).map(Some).map_err(|_| self.unknown_entity(raw, element.at))
    }

    /// An error at a place in the document.
    pub(in crate::collect) fn refuse(&self, at: usize, cause: &str) -> Error {
        refuse_at(self.name, self.text, at, cause)
    }

    /// A warning about a place in the document.
    pub(super) fn doubt(&self, at: usize, cause: &str) -> Error {
        doubt_at(self.name, self.text, at, cause)
    }

    fn enter(&mut self, tag: &BytesStart<'_>, at: usize) -> Result<()> {
        if self.depth > 0 {
            return Ok(());
        }
        if std::mem::replace(&mut self.rooted, true) {
            let cause = format!("expected one root element, found `{}` as a second one", tag.name().0);
            return Err(self.refuse(at, &cause));
        }
        Ok(())
    }

    fn content(&self, text: Cow<'a, str>, at: usize) -> Result<Step<'a>> {
        if self.depth == 0 {
            let cause =
                format!("expected nothing outside the root element, found `{}`", glimpse(text.as_bytes()));
            return Err(self.refuse(at, &cause));
        }
        Ok(Step::Text(text))
    }

    fn unknown_entity(&self, text: &str, at: usize) -> Error {
        let cause = format!("unknown or malformed entity in `{}`", glimpse(text.as_bytes()));
        self.refuse(at, &cause).hint("Entities that a document declares itself are not expanded.")
    }

    fn broken(&self, error: &quick_xml::Error) -> Error {
        let at = match error {
            quick_xml::Error::Syntax(_) | quick_xml::Error::IllFormed(_) => {
                self.reader.error_position() as usize
            }
            _ => self.position(),
        };
        self.refuse(at, &error.to_string())
    }
}

impl<'a> Pattern<'a> {
    /// The pattern of an element, two of whose attributes have these values: slices of it.
    fn of(element: &'a [u8], first: &[u8], second: &[u8]) -> Option<Self> {
        let plain = |value: &[u8]| (1..=7).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
        if !plain(first) || !plain(second) {
            return None;
        }
        let offset = |value: &[u8]| value.as_ptr().addr().checked_sub(element.as_ptr().addr());
        let (a, b) = (offset(first)?, offset(second)?);
        let swapped = b < a;
        let ((a, first), (b, second)) =
            if swapped { ((b, second), (a, first)) } else { ((a, first), (b, second)) };
        Some(Self {
            before: element.get(..a)?,
            between: element.get(a + first.len()..b)?,
            after: element.get(b + second.len()..)?,
            swapped,
        })
    }

    /// The two numbers of such an element at `at`, and the offset behind it.
    #[inline(always)]
    fn matched(&self, text: &[u8], at: usize) -> Option<(u32, u32, usize)> {
        let at = behind(text, at, self.before)?;
        let (first, at) = digits(text, at)?;
        let at = behind(text, at, self.between)?;
        let (second, at) = digits(text, at)?;
        let at = behind(text, at, self.after)?;
        Some(if self.swapped { (second, first, at) } else { (first, second, at) })
    }
}

/// The offset behind `part` if the text has it at `at`. Compares in place, eight bytes at a time: wasm
/// has no instruction for more, and a call for a few bytes costs more than comparing them.
#[inline(always)]
pub(super) fn behind(text: &[u8], at: usize, part: &[u8]) -> Option<usize> {
    let end = at + part.len();
    let found = text.get(at..end)?;
    let same = match (found.last_chunk::<8>(), part.last_chunk::<8>()) {
        (Some(a), Some(b)) => {
            let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
            let (found, part) = (found.as_chunks::<8>().0, part.as_chunks::<8>().0);
            word(a) == word(b) && found.iter().zip(part).all(|(a, b)| word(a) == word(b))
        }
        _ => found.iter().zip(part).all(|(a, b)| a == b),
    };
    same.then_some(end)
}

/// The length of a plain element with the white space before it; see [`Document::plain_element`].
#[inline(always)]
fn scan_plain<'a>(text: &'a [u8], name: &[u8], note: &mut impl FnMut(&'a [u8], &'a [u8])) -> Option<usize> {
    let mut at = 0;
    while is_space(*text.get(at)?) {
        at += 1;
    }
    if text[at] != b'<' || !text[at + 1..].starts_with(name) {
        return None;
    }
    at += 1 + name.len();
    loop {
        let gap = at;
        while is_space(*text.get(at)?) {
            at += 1;
        }
        if text[at] == b'/' {
            return (text.get(at + 1) == Some(&b'>')).then_some(at + 2);
        }
        let key = at;
        while is_name(*text.get(at)?) {
            at += 1;
        }
        if gap == key || key == at || text[at] != b'=' || text.get(at + 1) != Some(&b'"') {
            return None;
        }
        let key = &text[key..at];
        at += 2;
        let value = at;
        loop {
            match *text.get(at)? {
                b'"' => break,
                b'<' | b'&' | 0x80.. => return None,
                _ => at += 1,
            }
        }
        note(key, &text[value..at]);
        at += 1;
    }
}

/// The length of an element with nothing in it and the white space before it; see [`Document::leaf_element`].
#[inline(always)]
fn scan_leaf<'a>(text: &'a [u8], name: &[u8], note: &mut impl FnMut(&'a [u8], &'a [u8])) -> Option<usize> {
    let mut at = 0;
    while is_space(*text.get(at)?) {
        at += 1;
    }
    if text[at] != b'<' || !text[at + 1..].starts_with(name) {
        return None;
    }
    at += 1 + name.len();
    loop {
        let gap = at;
        while is_space(*text.get(at)?) {
            at += 1;
        }
        match text[at] {
            b'/' => return (text.get(at + 1) == Some(&b'>')).then_some(at + 2),
            b'>' => {
                at += 1;
                while is_space(*text.get(at)?) {
                    at += 1;
                }
                let end = text[at..].strip_prefix(b"</")?.strip_prefix(name)?;
                return end.starts_with(b">").then(|| at + name.len() + 3);
            }
            _ => {}
        }
        let key = at;
        while is_name(*text.get(at)?) {
            at += 1;
        }
        if gap == key || key == at || text[at] != b'=' || text.get(at + 1) != Some(&b'"') {
            return None;
        }
        let key = &text[key..at];
        at += 2;
        let length = memchr::memchr2(b'"', b'<', &text[at..])?;
        if text[at + length] == b'<' {
            return None;
        }
        note(key, &text[at..at + length]);
        at += length + 1;
    }
}

/// The length of text, CDATA sections and comments up to the next tag; see [`Document::skip_text`]. What never ends is left to
/// whoever reports it.
fn scan_text(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'<', &text[at..]) {
        let tag = at + found;
        let rest = &text[tag..];
        let end: &[u8] = if rest.starts_with(b"<![CDATA[") {
            b"]]>"
        } else if rest.starts_with(b"<!--") {
            b"-->"
        } else {
            return tag;
        };
        match memchr::memmem::find(&rest[4..], end) {
            Some(length) => at = tag + 4 + length + end.len(),
            None => return tag,
        }
    }
    at
}

#[inline(always)]
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\t' | b'\r')
}

#[inline(always)]
fn is_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte == b'-' || byte.is_ascii_uppercase()
}
