//! Parts of markup that have a syntax of their own: the elements of scripts, styles and templates, and which language
//! each is in.

use super::counter::is_white;
use super::machine::{Machine, machine};
use super::syntax::Kind;
use super::{LanguageId, lookup, named};

/// A part of a text that has a syntax of its own.
pub(super) struct Region {
    /// The syntax of what it holds.
    pub(super) machine: &'static Machine,
    /// Where its content starts.
    pub(super) start: usize,
    /// Where the tag that ends it starts.
    pub(super) end: usize,
}

impl Region {
    /// The region that the tag at a position opens. A tag without content, without an end, or of
    /// another name opens none; then the error is how many bytes were looked through.
    pub(super) fn open(tag: &str, text: &[u8], at: usize) -> Result<Self, usize> {
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
