//! One value out of a JSON file: strict JSON (RFC 8259) is read in one pass, and what does not lie on the pointer's path
//! (RFC 6901) is checked and skipped. Memory does not grow with the file, nothing recurses, and a number keeps its digits.

use crate::error::{Code, Error, Result};
use crate::text::{closest, list, plural, quote};
use memchr::memchr2;
use std::borrow::Cow;
use std::collections::HashSet;

/// Levels of nesting that are read.
const DEPTH_LIMIT: usize = 1000;
/// Tokens of a pointer.
const TOKENS_LIMIT: usize = 100;
/// Keys that a message lists.
const LISTED: usize = 12;
/// Whole numbers up to here are doubles: 2^53.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A JSON pointer, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    tokens: Vec<String>,
}

impl Pointer {
    /// Understands a pointer: empty for the whole document, else tokens that each begin with `/`, in which `~1` is a
    /// slash and `~0` a tilde.
    ///
    /// # Errors
    /// `COLLECTOR_USAGE`.
    pub fn parse(text: &str) -> Result<Self> {
        let usage = |message: String| Error::new(Code::CollectorUsage, message);
        let Some(rest) = text.strip_prefix('/') else {
            if text.is_empty() {
                return Ok(Self { tokens: Vec::new() });
            }
            let plain = text.trim_start_matches('#').trim_start_matches('$').trim_start_matches(['.', '/']);
            let meant = format!("/{}", plain.replace(['.', '['], "/").replace(']', ""));
            return Err(usage(format!("a JSON pointer begins with `/`, found {}", quote(text)))
                .hint(format!("Did you mean {}?", quote(&meant))));
        };
        let tokens = rest.split('/').map(|token| {
            let mut bare = token;
            while let Some(at) = bare.find('~') {
                bare = &bare[at + 1..];
                if !bare.starts_with(['0', '1']) {
                    let message = format!("`~` stands alone in the JSON pointer {}", quote(text));
                    return Err(
                        usage(message).hint("Write a tilde as `~0` and a slash within a key as `~1`.")
                    );
                }
            }
            Ok(token.replace("~1", "/").replace("~0", "~"))
        });
        let tokens = tokens.collect::<Result<Vec<_>>>()?;
        if tokens.len() > TOKENS_LIMIT {
            let message =
                format!("a JSON pointer of {} keys, at most {TOKENS_LIMIT} are followed", tokens.len());
            return Err(usage(message));
        }
        Ok(Self { tokens })
    }

    /// The first tokens as a pointer.
    fn to(&self, depth: usize) -> String {
        self.tokens[..depth].iter().map(|token| format!("/{}", escaped(token))).collect()
    }
}

fn escaped(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// A value that a pointer found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// A number as the file writes it, or a string's text.
    pub text: String,
    /// Whether it is a string.
    pub is_string: bool,
    /// Why the number that is kept of it is another one, where the file's needs more digits than a double has.
    pub inexact: Option<String>,
}

/// The value that `pointer` names in a JSON text, or with `count` how many elements or keys it has. `name` is the file's,
/// for messages.
///
/// A key on the pointer's way that stands twice in its object is an error: readers differ in which of the two they take.
///
/// # Errors
/// `COLLECTOR_FORMAT` for text that is not strict JSON in UTF-8, anywhere in the file; `COLLECTOR_NOTHING` where the pointer
/// leads to nothing or to no number or string, with what is there.
pub fn read(bytes: &[u8], name: &str, pointer: &Pointer, count: bool) -> Result<Found> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(broken(name, bytes, 0, "expected a JSON value, found an empty file"));
    }
    if let Err(error) = std::str::from_utf8(bytes) {
        return Err(broken(name, bytes, error.valid_up_to(), "expected UTF-8, found other bytes"));
    }
    let mut walk = Walk { text: bytes, at: 0, pointer, count, name, open: Vec::new() };
    let found = walk.document()?;
    found.map_err(|problem| {
        let line = problem.at.map_or(String::new(), |at| format!(":{}", place(bytes, at).0));
        Error::new(Code::CollectorNothing, format!("`{name}`{line}: {}", problem.message)).hint(problem.hint)
    })
}

/// Why a pointer gives no value, which is told when the whole file was found to be JSON.
struct Problem {
    /// Where in the text, if it is somewhere.
    at: Option<usize>,
    message: String,
    hint: String,
}

type Answer = std::result::Result<Found, Problem>;

fn nothing(at: usize, message: String, hint: impl Into<String>) -> Problem {
    Problem { at: Some(at), message, hint: hint.into() }
}

/// Text that is no JSON.
fn broken(name: &str, text: &[u8], at: usize, message: &str) -> Error {
    let (line, column) = place(text, at);
    Error::new(Code::CollectorFormat, format!("`{name}`:{line}:{column}: {message}"))
        .hint("`json` reads strict JSON: one value, without comments and trailing commas.")
}

/// Line and column, both from 1, the column in bytes.
fn place(text: &[u8], at: usize) -> (usize, usize) {
    let before = &text[..at.min(text.len())];
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let start = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
    (line, before.len() - start + 1)
}

/// What a container is that is open while something is skipped.
#[derive(Clone, Copy, PartialEq)]
enum Container {
    Object,
    Array,
}

struct Walk<'w> {
    text: &'w [u8],
    at: usize,
    pointer: &'w Pointer,
    count: bool,
    name: &'w str,
    /// Containers that are open within what is skipped.
    open: Vec<Container>,
}

impl<'w> Walk<'w> {
    fn document(&mut self) -> Result<Answer> {
        // One level of the path after the other, each remembering where its container goes on.
        let mut levels: Vec<Level> = Vec::new();
        let mut answer = self.value_on_path(&mut levels)?;
        while let Some(level) = levels.pop() {
            answer = self.rest_of(level, levels.len(), answer)?;
        }
        self.space();
        if self.at < self.text.len() {
            return Err(self.expected("the end of the file"));
        }
        Ok(answer)
    }

    /// Descends from the value at hand as far as the pointer leads.
    fn value_on_path(&mut self, levels: &mut Vec<Level>) -> Result<Answer> {
        loop {
            let depth = levels.len();
            self.space();
            let start = self.at;
            let pointer = self.pointer;
            let Some(token) = pointer.tokens.get(depth) else { return self.end(start) };
            match self.peek() {
                Some(b'{') => {
                    self.at += 1;
                    let mut keys = Keys::default();
                    if !self.descend_object(Some(token), &mut keys)? {
                        return Ok(Err(self.no_key(start, depth, &keys)));
                    }
                    levels.push(Level::Object { start });
                }
                Some(b'[') => {
                    self.at += 1;
                    let index = index_of(token);
                    let (is_there, seen) = self.descend_array(index)?;
                    if !is_there {
                        return Ok(Err(self.no_index(start, depth, seen)));
                    }
                    levels.push(Level::Array);
                }
                _ => {
                    let kind = self.kind_of()?;
                    let path = quote(&self.pointer.to(depth));
                    let message = format!("{path} is {kind}: there is nothing below it");
                    return Ok(Err(nothing(start, message, "Shorten the pointer.")));
                }
            }
        }
    }

    /// The pointer's last value.
    fn end(&mut self, start: usize) -> Result<Answer> {
        let path = quote(&self.pointer.to(self.pointer.tokens.len()));
        let plain = |text: String| Ok(Found { text, is_string: false, inexact: None });
        match self.peek() {
            Some(b'{') => {
                self.at += 1;
                let mut keys = Keys { all: self.count.then(HashSet::new), ..Keys::default() };
                self.descend_object(None, &mut keys)?;
                if let Some(twice) = keys.twice {
                    return Ok(Err(twice_there(start, &twice)));
                }
                if self.count {
                    return Ok(plain(keys.count.to_string()));
                }
                let message = format!("{path} is an object {}", keys.told());
                let hint = "Name one of its keys in the pointer, or count them with `--count`.";
                Ok(Err(nothing(start, message, hint)))
            }
            Some(b'[') => {
                self.at += 1;
                let (_, length) = self.descend_array(None)?;
                if self.count {
                    return Ok(plain(length.to_string()));
                }
                let message = format!("{path} is an array of {}", plural(length, "element", "elements"));
                let hint = "Name one of its elements by its index, from 0, or count them with `--count`.";
                Ok(Err(nothing(start, message, hint)))
            }
            _ if self.count => {
                let kind = self.kind_of()?;
                let message = format!("{path} is {kind}, `--count` needs an array or an object");
                Ok(Err(nothing(start, message, "Leave `--count` out, or shorten the pointer.")))
            }
            Some(b'"') => Ok(Ok(Found { text: self.string()?.into_owned(), is_string: true, inexact: None })),
            Some(b'-' | b'0'..=b'9') => {
                self.number()?;
                let text = String::from_utf8_lossy(&self.text[start..self.at]).into_owned();
                let number: f64 = text.parse().unwrap_or(f64::INFINITY);
                if !number.is_finite() {
                    let message =
                        format!("{path} is {}, which is larger than any number that is kept", quote(&text));
                    return Ok(Err(nothing(start, message, "Write it in a larger unit.")));
                }
                let inexact = inexact(&text, number).map(|kept| {
                    format!(
                        "`{}`: {path} is {text}, which is kept as {kept}: no whole number beyond 9,007,199,254,740,992 is \
                         sure to be exact",
                        self.name
                    )
                });
                Ok(Ok(Found { text, is_string: false, inexact }))
            }
            _ => {
                let kind = self.kind_of()?;
                let message = format!("{path} is {kind}, expected a number or a string");
                Ok(Err(nothing(
                    start,
                    message,
                    "Name another value, or let the program that writes the file write one.",
                )))
            }
        }
    }

    /// Reads an object's members up to the value of `key`, which comes next then. Gives whether there is one; without it
    /// the object is behind.
    fn descend_object(&mut self, key: Option<&str>, keys: &mut Keys<'w>) -> Result<bool> {
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(false);
        }
        loop {
            let own = self.key()?;
            if key.is_some_and(|key| own == key) {
                return Ok(true);
            }
            keys.add(own);
            self.skip()?;
            if !self.goes_on(b'}')? {
                return Ok(false);
            }
        }
    }

    /// Reads an array's elements up to that of `index`, which comes next then. Gives whether there is one, and how many
    /// elements are behind.
    fn descend_array(&mut self, index: Option<usize>) -> Result<(bool, usize)> {
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok((false, 0));
        }
        let mut seen = 0;
        loop {
            if index == Some(seen) {
                return Ok((true, seen));
            }
            self.skip()?;
            seen += 1;
            if !self.goes_on(b']')? {
                return Ok((false, seen));
            }
        }
    }

    /// Reads what is left of a container on the path, behind the value that was followed.
    fn rest_of(&mut self, level: Level, depth: usize, answer: Answer) -> Result<Answer> {
        let Level::Object { start } = level else {
            while self.goes_on(b']')? {
                self.skip()?;
            }
            return Ok(answer);
        };
        let pointer = self.pointer;
        let key = &pointer.tokens[depth];
        let mut is_twice = false;
        while self.goes_on(b'}')? {
            is_twice |= self.key()? == key.as_str();
            self.skip()?;
        }
        Ok(if is_twice { Err(twice_there(start, key)) } else { answer })
    }

    fn no_key(&self, start: usize, depth: usize, keys: &Keys) -> Problem {
        let token = &self.pointer.tokens[depth];
        let known: Vec<&str> = keys.first.iter().map(String::as_str).collect();
        let hint = match closest(token, &known) {
            Some(meant) => {
                format!("Did you mean {}?", quote(&format!("{}/{}", self.pointer.to(depth), escaped(meant))))
            }
            None => "Keys differ by case; write a slash within a key as `~1` and a tilde as `~0`.".to_owned(),
        };
        let message =
            format!("no key {} in the object{}: it {}", quote(token), self.under(depth), keys.has());
        nothing(start, message, hint)
    }

    fn no_index(&self, start: usize, depth: usize, length: usize) -> Problem {
        let token = &self.pointer.tokens[depth];
        let elements = plural(length, "element", "elements");
        let of = self.under(depth);
        if index_of(token).is_none() {
            let message = format!("{} is no index of the array{of}, which has {elements}", quote(token));
            return nothing(start, message, "An index is a whole number from 0, without leading zeros.");
        }
        let hint = match length {
            0 => "Count its elements with `--count` where it may be empty.".to_owned(),
            _ => format!("Its last one is {}.", quote(&format!("{}/{}", self.pointer.to(depth), length - 1))),
        };
        nothing(start, format!("no element {token} in the array{of}, which has {elements}"), hint)
    }

    fn under(&self, depth: usize) -> String {
        if depth == 0 { String::new() } else { format!(" {}", quote(&self.pointer.to(depth))) }
    }

    /// Reads the scalar at hand and names its kind.
    fn kind_of(&mut self) -> Result<String> {
        let start = self.at;
        self.skip()?;
        Ok(match self.text[start] {
            b'"' => "a string".to_owned(),
            b'[' => "an array".to_owned(),
            b'{' => "an object".to_owned(),
            b't' | b'f' | b'n' => format!("`{}`", String::from_utf8_lossy(&self.text[start..self.at])),
            _ => "a number".to_owned(),
        })
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// A key with its colon.
    fn key(&mut self) -> Result<Cow<'w, str>> {
        self.space();
        if self.peek() != Some(b'"') {
            return Err(self.expected("a key in double quotes"));
        }
        let key = self.string()?;
        self.space();
        if self.peek() != Some(b':') {
            return Err(self.expected("`:` after a key"));
        }
        self.at += 1;
        Ok(key)
    }

    /// Whether a container has another member, whose comma is behind then; without one it is behind itself.
    fn goes_on(&mut self, end: u8) -> Result<bool> {
        self.space();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                self.space();
                if self.peek() == Some(end) {
                    return Err(self.expected("another value after `,`"));
                }
                Ok(true)
            }
            Some(byte) if byte == end => {
                self.at += 1;
                Ok(false)
            }
            _ => Err(self.expected(if end == b'}' { "`,` or `}`" } else { "`,` or `]`" })),
        }
    }

    /// Checks a value and leaves it behind.
    fn skip(&mut self) -> Result<()> {
        self.open.clear();
        loop {
            self.space();
            match self.peek() {
                Some(b'"') => self.pass_string()?,
                Some(b'-' | b'0'..=b'9') => self.number()?,
                Some(b't') => self.word(b"true")?,
                Some(b'f') => self.word(b"false")?,
                Some(b'n') => self.word(b"null")?,
                Some(open @ (b'{' | b'[')) => {
                    if self.open.len() >= DEPTH_LIMIT {
                        let message = format!("nested deeper than {DEPTH_LIMIT} levels");
                        return Err(broken(self.name, self.text, self.at, &message));
                    }
                    self.at += 1;
                    self.space();
                    let (container, end) =
                        if open == b'{' { (Container::Object, b'}') } else { (Container::Array, b']') };
                    if self.peek() != Some(end) {
                        self.open.push(container);
                        self.member(container)?;
                        continue;
                    }
                    self.at += 1;
                }
                _ => return Err(self.expected("a value")),
            }
            // A value is behind, and with it perhaps what holds it.
            loop {
                let Some(&container) = self.open.last() else { return Ok(()) };
                if self.goes_on(if container == Container::Object { b'}' } else { b']' })? {
                    self.member(container)?;
                    break;
                }
                self.open.pop();
            }
        }
    }

    /// What stands before a member's value.
    fn member(&mut self, container: Container) -> Result<()> {
        if container == Container::Object {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(self.expected("a key in double quotes"));
            }
            self.pass_string()?;
            self.space();
            if self.peek() != Some(b':') {
                return Err(self.expected("`:` after a key"));
            }
            self.at += 1;
        }
        Ok(())
    }

    fn word(&mut self, word: &[u8]) -> Result<()> {
        if !self.text[self.at..].starts_with(word) {
            return Err(self.expected("a value"));
        }
        self.at += word.len();
        Ok(())
    }

    fn number(&mut self) -> Result<()> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(self.expected("a digit")),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<()> {
        let count = self.text[self.at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return Err(self.expected("a digit"));
        }
        self.at += count;
        Ok(())
    }

    /// Leaves a string behind.
    fn pass_string(&mut self) -> Result<()> {
        let opened = self.at;
        self.at += 1;
        loop {
            let Some(length) = memchr2(b'"', b'\\', &self.text[self.at..]) else {
                return Err(broken(self.name, self.text, opened, "a string is never closed"));
            };
            let piece = &self.text[self.at..self.at + length];
            if let Some(control) = piece.iter().position(|byte| *byte < b' ') {
                let at = self.at + control;
                return Err(broken(
                    self.name,
                    self.text,
                    at,
                    "a control character in a string, which has to be escaped",
                ));
            }
            self.at += length + 1;
            if self.text[self.at - 1] == b'"' {
                return Ok(());
            }
            match self.peek() {
                Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
                Some(b'u') if self.hex(self.at + 1).is_some() => self.at += 5,
                _ => {
                    return Err(broken(
                        self.name,
                        self.text,
                        self.at - 1,
                        "an escape that JSON does not know",
                    ));
                }
            }
        }
    }

    fn hex(&self, at: usize) -> Option<u16> {
        let digits = self.text.get(at..at + 4)?;
        let digits = digits.iter().all(u8::is_ascii_hexdigit).then(|| std::str::from_utf8(digits).ok())??;
        u16::from_str_radix(digits, 16).ok()
    }

    /// A string's text. Half of a surrogate pair becomes the replacement character.
    fn string(&mut self) -> Result<Cow<'w, str>> {
        let start = self.at + 1;
        self.pass_string()?;
        let raw = &self.text[start..self.at - 1];
        let raw = std::str::from_utf8(raw).unwrap_or_default();
        if !raw.contains('\\') {
            return Ok(Cow::Borrowed(raw));
        }
        let mut units: Vec<u16> = Vec::with_capacity(raw.len());
        let mut rest = raw.chars();
        let mut one = [0; 2];
        while let Some(character) = rest.next() {
            if character != '\\' {
                units.extend_from_slice(character.encode_utf16(&mut one));
                continue;
            }
            units.push(match rest.next().unwrap_or_default() {
                'b' => 8,
                'f' => 12,
                'n' => 10,
                'r' => 13,
                't' => 9,
                'u' => {
                    let (digits, behind) = rest.as_str().split_at(4);
                    rest = behind.chars();
                    u16::from_str_radix(digits, 16).unwrap_or_default()
                }
                other => other as u16,
            });
        }
        Ok(Cow::Owned(String::from_utf16_lossy(&units)))
    }

    fn expected(&self, what: &str) -> Error {
        let found =
            match self.text.get(self.at..).and_then(|rest| std::str::from_utf8(rest).ok()?.chars().next()) {
                Some(character) => quote(&character.to_string()),
                None => "the end of the file".to_owned(),
            };
        broken(self.name, self.text, self.at, &format!("expected {what}, found {found}"))
    }
}

/// A container on the pointer's path.
enum Level {
    Object { start: usize },
    Array,
}

/// Keys that were seen in one object.
#[derive(Default)]
struct Keys<'k> {
    count: usize,
    /// The first of them.
    first: Vec<String>,
    /// All of them, where they are counted.
    all: Option<HashSet<Cow<'k, str>>>,
    twice: Option<String>,
}

impl<'k> Keys<'k> {
    fn add(&mut self, key: Cow<'k, str>) {
        self.count += 1;
        if self.first.len() < LISTED {
            self.first.push(key.clone().into_owned());
        }
        if let Some(all) = &mut self.all
            && let Some(key) = all.replace(key)
        {
            self.twice.get_or_insert(key.into_owned());
        }
    }

    fn names(&self) -> String {
        let mut names: Vec<String> = self.first.iter().map(|key| quote(key)).collect();
        if self.count > names.len() {
            names.push(format!("{} more", self.count - names.len()));
        }
        list(&names)
    }

    fn told(&self) -> String {
        if self.count == 0 { "without keys".to_owned() } else { format!("with {}", self.names()) }
    }

    fn has(&self) -> String {
        if self.count == 0 { "has no keys".to_owned() } else { format!("has {}", self.names()) }
    }
}

fn twice_there(at: usize, key: &str) -> Problem {
    let message = format!("key {} stands twice in the same object", quote(key));
    nothing(
        at,
        message,
        "Which of the two counts is not defined; let the program that writes the file write it once.",
    )
}

/// The element that a token names.
fn index_of(token: &str) -> Option<usize> {
    let is_plain = token == "0" || !token.starts_with('0');
    (is_plain && !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| token.parse().ok())?
}

/// The digits of the double that a whole number becomes, where they differ from its own.
fn inexact(text: &str, number: f64) -> Option<String> {
    if number.abs() < EXACT || text.contains(['.', 'e', 'E']) {
        return None;
    }
    let kept = format!("{number:.0}");
    (kept != text).then_some(kept)
}
