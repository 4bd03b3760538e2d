//! JSON pulled value by value out of a report's bytes: nothing of it is built, so that a report takes no more memory than
//! what it measured. Knows nothing of coverage but how counts are spelled.
//!
//! A fault is kept in the reader and only its mark handed up: results stay small where millions of them are passed.

use super::number::{digits, hits};
use super::{refuse, refuse_at};
use crate::error::Error;
use std::borrow::Cow;

/// How many objects and lists may lie in each other. Real reports stay below a dozen.
const DEEPEST: u32 = 128;

/// The mark of a fault; [`Json::failure`] has its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stop;

/// What reading answers.
pub(super) type Step<T> = std::result::Result<T, Stop>;

/// A text of the file: borrowed, unless it holds escapes.
pub(super) type Text<'a> = Cow<'a, [u8]>;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    List,
    Text,
    Number,
    /// `true`, `false`
    Truth,
    Null,
}

/// A reader of one file.
pub(super) struct Json<'a> {
    text: &'a [u8],
    at: usize,
    depth: u32,
    name: &'a str,
    failure: Option<Error>,
}

impl<'a> Json<'a> {
    pub(super) fn new(text: &'a [u8], name: &'a str) -> Self {
        Self { text, at: 0, depth: 0, name, failure: None }
    }

    /// Reads the one value of the file, and that nothing stands behind it.
    ///
    /// # Errors
    /// What `read` refused, with the place.
    pub(super) fn whole<T>(mut self, read: impl FnOnce(&mut Self) -> Step<T>) -> Result<T, Error> {
        let found = read(&mut self).and_then(|value| {
            self.space();
            if self.at < self.text.len() { self.expected("the end of the file") } else { Ok(value) }
        });
        found.map_err(|Stop| {
            self.failure.take().unwrap_or_else(|| refuse(self.name, "the JSON text could not be read"))
        })
    }

    /// The offset of what comes next, for [`Json::refuse`].
    pub(super) fn place(&mut self) -> usize {
        self.space();
        self.at
    }

    /// Refuses the file for what is at an offset.
    #[cold]
    pub(super) fn refuse<T>(&mut self, at: usize, cause: &str) -> Step<T> {
        self.failure.get_or_insert_with(|| refuse_at(self.name, self.text, at, cause));
        Err(Stop)
    }

    /// What comes next.
    pub(super) fn kind(&mut self) -> Step<Kind> {
        self.space();
        match self.text.get(self.at) {
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::List),
            Some(b'"') => Ok(Kind::Text),
            Some(b't' | b'f') => Ok(Kind::Truth),
            Some(b'n') => Ok(Kind::Null),
            Some(b'-' | b'0'..=b'9' | b'N' | b'I') => Ok(Kind::Number),
            _ => self.expected("a value"),
        }
    }

    /// Reads an object: `each` is called with each key and must read or [`skip`](Json::skip) its value.
    pub(super) fn object(&mut self, mut each: impl FnMut(&mut Self, &[u8]) -> Step<()>) -> Step<()> {
        self.open(b'{', "an object")?;
        if self.take(b'}') {
            return self.close();
        }
        loop {
            let key = self.key()?;
            each(self, &key)?;
            if !self.more(b'}')? {
                return self.close();
            }
        }
    }

    /// Reads a list: `each` is called where each value begins and must read or [`skip`](Json::skip) it.
    pub(super) fn list(&mut self, mut each: impl FnMut(&mut Self) -> Step<()>) -> Step<()> {
        self.open(b'[', "a list")?;
        if self.take(b']') {
            return self.close();
        }
        loop {
            each(self)?;
            if !self.more(b']')? {
                return self.close();
            }
        }
    }

    /// A text, its escapes resolved. Bytes that are no UTF-8 stay what they are.
    pub(super) fn text(&mut self) -> Step<Text<'a>> {
        self.space();
        if self.text.get(self.at) != Some(&b'"') {
            return self.expected("a text");
        }
        let start = self.at + 1;
        let escaped = self.pass_text()?;
        let inner = &self.text[start..self.at - 1];
        Ok(if escaped { Cow::Owned(unescaped(inner)) } else { Cow::Borrowed(inner) })
    }

    /// How often something ran: up to `u32::MAX`, 0 for what is negative; 0 too for `null` and `NaN`, which JavaScript
    /// makes of a counter that was never set.
    #[inline]
    pub(super) fn hits(&mut self) -> Step<u32> {
        self.space();
        if let Some((value, next)) = digits(self.text, self.at)
            && !matches!(self.text[next], b'.' | b'e' | b'E')
            && (self.text[self.at] != b'0' || next == self.at + 1)
        {
            self.at = next;
            return Ok(value);
        }
        self.unusual_hits()
    }

    #[cold]
    fn unusual_hits(&mut self) -> Step<u32> {
        let start = self.at;
        match self.kind()? {
            Kind::Null => self.scalar().map(|()| 0),
            Kind::Number => {
                self.scalar()?;
                Ok(hits(&self.text[start..self.at]).unwrap_or(0))
            }
            _ => self.expected("a count"),
        }
    }

    /// A line or column: `None` for `null`, for what is negative and for what is no whole number of 32 bits.
    #[inline]
    pub(super) fn position(&mut self) -> Step<Option<u32>> {
        self.space();
        if let Some((value, next)) = digits(self.text, self.at)
            && !matches!(self.text[next], b'.' | b'e' | b'E')
            && (self.text[self.at] != b'0' || next == self.at + 1)
        {
            self.at = next;
            return Ok(Some(value));
        }
        let found = self.number()?;
        Ok(found.filter(|n| n.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(n)).map(|n| n as u32))
    }

    /// A total: a whole number from 0 on.
    pub(super) fn total(&mut self) -> Step<u64> {
        let at = self.place();
        match self.number()? {
            // From 2^53 on not every whole number can be told from its neighbors; no count comes near.
            Some(n) if n.fract() == 0.0 && (0.0..=9_007_199_254_740_992.0).contains(&n) => Ok(n as u64),
            _ => self.expected_at(at, "a whole number from 0 on"),
        }
    }

    /// A number that is finite; `None` for `null` and for those that are not.
    pub(super) fn number(&mut self) -> Step<Option<f64>> {
        let start = self.place();
        match self.kind()? {
            Kind::Null => self.scalar().map(|()| None),
            Kind::Number => {
                self.scalar()?;
                let text = str::from_utf8(&self.text[start..self.at]).unwrap_or_default();
                Ok(text.parse().ok().filter(|number: &f64| number.is_finite()))
            }
            _ => self.expected("a number"),
        }
    }

    /// `true` or `false`.
    pub(super) fn truth(&mut self) -> Step<bool> {
        match self.kind()? {
            Kind::Truth => {
                let yes = self.text[self.at] == b't';
                self.scalar().map(|()| yes)
            }
            _ => self.expected("`true` or `false`"),
        }
    }

    /// Passes over a value of any kind, without calling itself.
    pub(super) fn skip(&mut self) -> Step<()> {
        let outside = self.depth;
        // A bit for each level: whether it is an object.
        let mut objects = 0u128;
        'value: loop {
            self.space();
            match self.text.get(self.at) {
                Some(b'{') => {
                    self.open(b'{', "an object")?;
                    if self.take(b'}') {
                        self.close()?;
                    } else {
                        objects = objects << 1 | 1;
                        self.pass_key()?;
                        continue 'value;
                    }
                }
                Some(b'[') => {
                    self.open(b'[', "a list")?;
                    if self.take(b']') {
                        self.close()?;
                    } else {
                        objects <<= 1;
                        continue 'value;
                    }
                }
                Some(b'"') => {
                    self.pass_text()?;
                }
                _ => self.scalar()?,
            }
            while self.depth > outside {
                let object = objects & 1 == 1;
                if self.more(if object { b'}' } else { b']' })? {
                    if object {
                        self.pass_key()?;
                    }
                    continue 'value;
                }
                objects >>= 1;
                self.close()?;
            }
            return Ok(());
        }
    }

    #[inline]
    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.text.get(self.at) {
            self.at += 1;
        }
    }

    /// Takes a byte that may come next.
    #[inline]
    fn take(&mut self, byte: u8) -> bool {
        self.space();
        let found = self.text.get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    #[inline]
    fn open(&mut self, bracket: u8, what: &str) -> Step<()> {
        if !self.take(bracket) {
            return self.expected(what);
        }
        self.depth += 1;
        if self.depth > DEEPEST {
            let cause = format!("objects and lists lie in each other more than {DEEPEST} deep");
            return self.refuse(self.at - 1, &cause);
        }
        Ok(())
    }

    #[inline]
    fn close(&mut self) -> Step<()> {
        self.depth -= 1;
        Ok(())
    }

    /// Whether another value follows; takes the comma or the bracket.
    #[inline]
    fn more(&mut self, bracket: u8) -> Step<bool> {
        if self.take(b',') {
            return Ok(true);
        }
        if self.take(bracket) {
            return Ok(false);
        }
        self.expected(if bracket == b'}' { "`,` or `}`" } else { "`,` or `]`" })
    }

    #[inline]
    fn key(&mut self) -> Step<Text<'a>> {
        self.space();
        let start = self.at + 1;
        let escaped = self.pass_key()?;
        let Some(end) = self.text[start..self.at].iter().rposition(|&byte| byte == b'"') else {
            return self.expected("a key");
        };
        let inner = &self.text[start..start + end];
        Ok(if escaped { Cow::Owned(unescaped(inner)) } else { Cow::Borrowed(inner) })
    }

    /// Passes a key and its colon; whether the key holds escapes.
    #[inline]
    fn pass_key(&mut self) -> Step<bool> {
        self.space();
        if self.text.get(self.at) != Some(&b'"') {
            return self.expected("a key");
        }
        let escaped = self.pass_text()?;
        if !self.take(b':') {
            return self.expected("`:`");
        }
        Ok(escaped)
    }

    /// Passes the text that begins at the quote here; whether it holds escapes.
    #[inline]
    fn pass_text(&mut self) -> Step<bool> {
        const SHORT: usize = 24;
        let start = self.at;
        let mut at = start + 1;
        let mut escaped = false;
        loop {
            // Most are shorter than what calling a search costs.
            let near = self.text.len().min(at + SHORT);
            while at < near && !matches!(self.text[at], b'"' | b'\\' | 0..0x20) {
                at += 1;
            }
            if at == near && at < self.text.len() {
                let rest = &self.text[at..];
                let end = memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
                if let Some(control) = rest[..end].iter().position(|&byte| byte < 0x20) {
                    return self.refuse(at + control, "a text holds a control character");
                }
                at += end;
            }
            match self.text.get(at) {
                Some(b'"') => {
                    self.at = at + 1;
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    escaped = true;
                    at = self.pass_escape(at)?;
                }
                Some(_) => return self.refuse(at, "a text holds a control character"),
                None => return self.refuse(start, "the file ends within a text: it is cut off"),
            }
        }
    }

    /// The offset behind the escape at `at`.
    fn pass_escape(&mut self, at: usize) -> Step<usize> {
        match self.text.get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
            Some(b'u')
                if self.text.get(at + 2..at + 6).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) =>
            {
                Ok(at + 6)
            }
            _ => self.refuse(at, "a text holds an escape that JSON does not know"),
        }
    }

    /// Passes a number, a truth or nothing.
    fn scalar(&mut self) -> Step<()> {
        self.space();
        let rest = &self.text[self.at..];
        // The last three are what Python writes for numbers that JSON does not have.
        for word in [&b"null"[..], b"true", b"false", b"NaN", b"Infinity", b"-Infinity"] {
            if rest.starts_with(word) {
                self.at += word.len();
                return Ok(());
            }
        }
        match number_length(rest) {
            Some(length) => {
                self.at += length;
                Ok(())
            }
            None => self.expected("a value"),
        }
    }

    #[cold]
    fn expected<T>(&mut self, what: &str) -> Step<T> {
        self.space();
        self.expected_at(self.at, what)
    }

    #[cold]
    fn expected_at<T>(&mut self, at: usize, what: &str) -> Step<T> {
        let cause = match self.text.get(at) {
            None => format!("expected {what}, found the end of the file: it is cut off"),
            Some(_) => format!("expected {what}, found `{}`", super::glimpse(&self.text[at..])),
        };
        self.refuse(at, &cause)
    }
}

/// How long the number is that a text begins with, by JSON's grammar.
fn number_length(text: &[u8]) -> Option<usize> {
    let run = |from: usize| text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = usize::from(text.first() == Some(&b'-'));
    let whole = run(at);
    if whole == 0 || (whole > 1 && text[at] == b'0') {
        return None;
    }
    at += whole;
    if text.get(at) == Some(&b'.') {
        let part = run(at + 1);
        if part == 0 {
            return None;
        }
        at += 1 + part;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        let sign = usize::from(matches!(text.get(at + 1), Some(b'+' | b'-')));
        let part = run(at + 1 + sign);
        if part == 0 {
            return None;
        }
        at += 1 + sign + part;
    }
    Some(at)
}

/// A text without its escapes, which are known to be well formed.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut at = 0;
    let unit = |at: usize| {
        let hex = text.get(at..at + 6).filter(|it| it.starts_with(b"\\u"))?;
        u16::from_str_radix(str::from_utf8(&hex[2..]).ok()?, 16).ok()
    };
    while at < text.len() {
        if text[at] != b'\\' {
            plain.push(text[at]);
            at += 1;
            continue;
        }
        if let Some(first) = unit(at) {
            let pair = unit(at + 6).map_or([first, 0], |second| [first, second]);
            let (found, length) = match char::decode_utf16(pair).next() {
                Some(Ok(found)) => (found, if found.len_utf16() == 2 { 12 } else { 6 }),
                _ => (char::REPLACEMENT_CHARACTER, 6),
            };
            plain.extend_from_slice(found.encode_utf8(&mut [0; 4]).as_bytes());
            at += length;
            continue;
        }
        plain.push(match text.get(at + 1) {
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(&other) => other,
            None => b'\\',
        });
        at += 2;
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::de::IgnoredAny;

    fn skipped(text: &[u8]) -> Result<(), Error> {
        Json::new(text, "report").whole(Json::skip)
    }

    #[test]
    fn values_of_every_kind_are_passed_or_refused_with_their_place() {
        for text in [
            "0",
            "-1.5e+3",
            "null",
            "\"\\u00e9\\n\"",
            "[]",
            "{}",
            " [1, {\"a\" : [true]} ]\n",
            "NaN",
            "[-Infinity]",
        ] {
            assert!(skipped(text.as_bytes()).is_ok(), "{text}");
        }
        for (text, cause) in [
            ("", "found the end of the file: it is cut off"),
            ("[1,\n2", "line 2 (byte 5): expected `,` or `]`, found the end of the file"),
            ("{\"a\" 1}", "expected `:`, found `1}`"),
            ("{a: 1}", "expected a key"),
            ("[1,]", "expected a value, found `]`"),
            ("01", "expected a value, found `01`"),
            ("1 2", "expected the end of the file, found `2`"),
            ("[}", "expected a value"),
            ("\"a", "the file ends within a text"),
            ("\"\\x\"", "an escape that JSON does not know"),
            ("\"a\nb\"", "a control character"),
        ] {
            let error = skipped(text.as_bytes()).expect_err(text);
            assert!(error.message.contains(cause), "{text}: {}", error.message);
        }
    }

    #[test]
    fn nesting_has_a_limit_and_no_cost() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(skipped(nested(128).as_bytes()).is_ok());
        for depth in [129, 1_000_000] {
            let error = skipped(nested(depth).as_bytes()).expect_err("too deep");
            assert!(error.message.contains("more than 128 deep"), "{}", error.message);
        }
    }

    #[test]
    fn texts_lose_their_escapes() {
        for (text, expected) in [
            (r#""a\\b\/c""#, "a\\b/c"),
            (r#""\u0041\u00e9\ud83d\ude00""#, "Aé😀"),
            (r#""\ud83dx""#, "\u{fffd}x"),
            (r#""\ud83d\n""#, "\u{fffd}\n"),
        ] {
            let read = Json::new(text.as_bytes(), "report").whole(Json::text).expect("a text");
            assert_eq!(String::from_utf8_lossy(&read), expected, "{text}");
        }
    }

    #[test]
    fn counts_are_what_javascript_and_python_write() {
        for (text, expected) in [
            ("0", Some(0)),
            ("12", Some(12)),
            ("123456789012", Some(u32::MAX)),
            ("1e3", Some(1000)),
            ("2.5", Some(2)),
            ("-4", Some(0)),
            ("null", Some(0)),
            ("NaN", Some(0)),
            ("\"1\"", None),
            ("007", None),
        ] {
            // A count stands among others: near the end of a file another way is taken.
            let list = format!("[{text} ,  \"        \"]");
            let mut found = None;
            let read = Json::new(list.as_bytes(), "report").whole(|json| {
                json.list(|json| {
                    if found.is_none() { json.hits().map(|count| found = Some(count)) } else { json.skip() }
                })
            });
            assert_eq!(read.ok().and(found), expected, "{text}");
            let alone = Json::new(text.as_bytes(), "report").whole(Json::hits);
            assert_eq!(alone.ok(), expected, "{text} alone");
        }
    }

    fn json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            Just("null".to_owned()),
            any::<bool>().prop_map(|it| it.to_string()),
            any::<f64>().prop_filter("finite", |it| it.is_finite()).prop_map(|it| format!("{it:e}")),
            any::<i64>().prop_map(|it| it.to_string()),
            ".{0,40}".prop_map(|it| serde_json::to_string(&it).expect("a text")),
        ];
        leaf.prop_recursive(6, 60, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6)
                    .prop_map(|all| format!("[{}]", all.join(" ,"))),
                proptest::collection::vec((".{0,8}", inner), 0..6).prop_map(|all| {
                    let pairs: Vec<_> = all
                        .iter()
                        .map(|(key, value)| {
                            format!("{}:\t{value}", serde_json::to_string(key).expect("a text"))
                        })
                        .collect();
                    format!("{{{}}}", pairs.join(","))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_serde_json_reads_is_read_and_nothing_else(text in json(), edits in proptest::collection::vec((any::<proptest::sample::Index>(), proptest::sample::select(&b"{}[]\",:0-.eN\\u\n "[..])), 0..3)) {
            let mut bytes = text.into_bytes();
            for (place, byte) in edits {
                let at = place.index(bytes.len());
                bytes[at] = byte;
            }
            let theirs = serde_json::from_slice::<IgnoredAny>(&bytes).is_ok();
            prop_assert_eq!(skipped(&bytes).is_ok(), theirs, "{}", String::from_utf8_lossy(&bytes));
        }
    }
}
