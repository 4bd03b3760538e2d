//! JSON as benchmark tools write it: numbers keep their value exactly, `NaN` and `Infinity` (Python, asv) are numbers
//! that are none, and lists of raw samples are summed up instead of kept. Nothing here recurses: depth costs a counter.

use super::number::Summary;
use std::collections::HashMap;
use std::rc::Rc;

/// How deep a report may nest.
const DEPTH_MAX: usize = 100;

/// How many values a report may hold besides raw samples; a report of 50,000 benchmarks stays below it.
const VALUES_MAX: usize = 2_000_000;

/// Keys of lists of which only how many numbers they hold, and their spread, is of use.
const RAW: [&str; 10] = [
    "times",
    "exit_codes",
    "data",
    "rawData",
    "samples",
    "sample",
    "OriginalValues",
    "Measurements",
    "rawDataHistogram",
    "memory_usage_byte",
];

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Null,
    Bool(bool),
    /// Finite or not: `NaN`, `Infinity` and what is too large for a double come as such.
    Number(f64),
    Text(Box<str>),
    List(Vec<Node>),
    /// A list of raw samples.
    Raw(Summary),
    Object(Vec<(Rc<str>, Node)>),
}

/// Where reading stopped, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    /// Bytes before it.
    pub at: usize,
    pub cause: String,
}

impl Node {
    /// The value under a key; the last one where a key is given twice.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        match self {
            Node::Object(entries) => entries.iter().rev().find(|(name, _)| &**name == key).map(|it| &it.1),
            _ => None,
        }
    }

    /// The value at the end of several keys.
    pub(super) fn at(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Node::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// A whole number that is not negative.
    pub(super) fn count(&self) -> Option<u64> {
        self.number().filter(|n| *n >= 0.0 && n.fract() == 0.0 && *n < 1e15).map(|n| n as u64)
    }

    pub(super) fn list(&self) -> &[Node] {
        match self {
            Node::List(nodes) => nodes,
            _ => &[],
        }
    }

    pub(super) fn entries(&self) -> &[(Rc<str>, Node)] {
        match self {
            Node::Object(entries) => entries,
            _ => &[],
        }
    }

    pub(super) fn text_at(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Node::text)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// A value as a name shows it: parameters of a benchmark.
    pub(super) fn shown(&self) -> String {
        match self {
            Node::Null => "null".to_owned(),
            Node::Bool(value) => value.to_string(),
            Node::Number(number) => number.to_string(),
            Node::Text(text) => text.to_string(),
            Node::List(_) | Node::Raw(_) => "[..]".to_owned(),
            Node::Object(_) => "{..}".to_owned(),
        }
    }
}

/// Reads a document; nothing but white space may follow it.
pub(super) fn read(text: &[u8]) -> Result<Node, Broken> {
    let mut reader = Reader::new(text);
    let node = reader.document()?;
    reader.blank();
    if reader.at < text.len() {
        return Err(reader.broken("expected nothing more behind the end of the JSON document"));
    }
    Ok(node)
}

/// Reads the first document, and says where it ends.
pub(super) fn read_first(text: &[u8]) -> Result<(Node, usize), Broken> {
    let mut reader = Reader::new(text);
    Ok((reader.document()?, reader.at))
}

struct Frame {
    node: Node,
    key: Option<Rc<str>>,
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    keys: HashMap<Box<str>, Rc<str>>,
    values: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0, keys: HashMap::new(), values: 0 }
    }

    fn document(&mut self) -> Result<Node, Broken> {
        let mut open: Vec<Frame> = Vec::new();
        // How deep the list of raw samples is in which everything is only counted, and what it came to.
        let mut raw: Option<(usize, Summary)> = None;
        loop {
            self.blank();
            let Some(&byte) = self.text.get(self.at) else { return Err(self.cut_off()) };
            let mut value = match byte {
                b'{' | b'[' => {
                    if open.len() >= DEPTH_MAX {
                        return Err(
                            self.broken(&format!("expected at most {DEPTH_MAX} levels, found one more"))
                        );
                    }
                    let begins_raw = byte == b'['
                        && raw.is_none()
                        && open
                            .last()
                            .and_then(|frame| frame.key.as_deref())
                            .is_some_and(|key| RAW.contains(&key));
                    if begins_raw {
                        raw = Some((open.len(), Summary::default()));
                    }
                    self.at += 1;
                    let list = byte == b'[';
                    let node = if list { Node::List(Vec::new()) } else { Node::Object(Vec::new()) };
                    open.push(Frame { node, key: None });
                    self.blank();
                    let closes = if list { b']' } else { b'}' };
                    if self.text.get(self.at) == Some(&closes) {
                        self.at += 1;
                        self.close(&mut open, &mut raw)
                    } else {
                        if !list {
                            self.key(&mut open)?;
                        }
                        continue;
                    }
                }
                b'"' => Node::Text(self.string()?.into()),
                b't' if self.word(b"true") => Node::Bool(true),
                b'f' if self.word(b"false") => Node::Bool(false),
                b'n' if self.word(b"null") => Node::Null,
                b'N' if self.word(b"NaN") => Node::Number(f64::NAN),
                b'I' if self.word(b"Infinity") => Node::Number(f64::INFINITY),
                b'-' if self.word(b"-Infinity") => Node::Number(f64::NEG_INFINITY),
                b'-' | b'0'..=b'9' => Node::Number(self.digits()?),
                _ => return Err(self.broken("expected a value")),
            };
            self.values += 1;
            // A value is complete: into what is open, and what that completes.
            loop {
                let depth_now = open.len();
                let Some(frame) = open.last_mut() else { return Ok(value) };
                match (&mut raw, value) {
                    (Some((depth, summary)), value) if depth_now > *depth => {
                        if let Node::Number(number) = value {
                            summary.add(number);
                        }
                        self.values -= 1;
                    }
                    (_, value) => match &mut frame.node {
                        Node::List(nodes) => nodes.push(value),
                        Node::Object(entries) => {
                            if let Some(key) = frame.key.take() {
                                entries.push((key, value));
                            }
                        }
                        _ => {}
                    },
                }
                if self.values > VALUES_MAX {
                    return Err(self.broken(&format!("expected at most {VALUES_MAX} values, found more")));
                }
                self.blank();
                let list = matches!(open.last(), Some(Frame { node: Node::List(_), .. }));
                match self.text.get(self.at) {
                    None => return Err(self.cut_off()),
                    Some(b',') => {
                        self.at += 1;
                        self.blank();
                        if !list {
                            self.key(&mut open)?;
                        }
                        break;
                    }
                    Some(b']') if list => {
                        self.at += 1;
                        value = self.close(&mut open, &mut raw);
                    }
                    Some(b'}') if !list => {
                        self.at += 1;
                        value = self.close(&mut open, &mut raw);
                    }
                    Some(_) => {
                        let closes = if list { ']' } else { '}' };
                        return Err(self.broken(&format!("expected `,` or `{closes}`")));
                    }
                }
                self.values += 1;
            }
        }
    }

    /// Takes the innermost list or object as a value.
    fn close(&self, open: &mut Vec<Frame>, raw: &mut Option<(usize, Summary)>) -> Node {
        let node = open.pop().map_or(Node::Null, |frame| frame.node);
        match raw.take() {
            Some((depth, summary)) if depth == open.len() => Node::Raw(summary),
            other => {
                *raw = other;
                node
            }
        }
    }

    fn key(&mut self, open: &mut [Frame]) -> Result<(), Broken> {
        match self.text.get(self.at) {
            None => return Err(self.cut_off()),
            Some(b'"') => {}
            Some(_) => return Err(self.broken("expected a key in quotes")),
        }
        let name = self.string()?;
        self.blank();
        match self.text.get(self.at) {
            None => return Err(self.cut_off()),
            Some(b':') => self.at += 1,
            Some(_) => return Err(self.broken("expected `:` behind a key")),
        }
        let key = match self.keys.get(name.as_str()) {
            Some(key) => key.clone(),
            None => {
                let key: Rc<str> = name.as_str().into();
                self.keys.insert(name.into(), key.clone());
                key
            }
        };
        if let Some(frame) = open.last_mut() {
            frame.key = Some(key);
        }
        Ok(())
    }

    fn blank(&mut self) {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn word(&mut self, word: &[u8]) -> bool {
        let found = self.text[self.at..].starts_with(word);
        self.at += if found { word.len() } else { 0 };
        found
    }

    fn digits(&mut self) -> Result<f64, Broken> {
        let begin = self.at;
        let plausible = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E');
        let length = self.text[begin..].iter().take_while(|byte| plausible(byte)).count();
        let digits = str::from_utf8(&self.text[begin..begin + length]).unwrap_or_default();
        let whole = digits.strip_prefix('-').unwrap_or(digits);
        let begins = whole.starts_with(|c: char| c.is_ascii_digit());
        match digits.parse::<f64>() {
            Ok(number) if begins => {
                self.at += length;
                Ok(number)
            }
            _ if begin + length == self.text.len() => Err(self.cut_off()),
            _ => Err(self.broken("expected a number")),
        }
    }

    fn string(&mut self) -> Result<String, Broken> {
        self.at += 1;
        let mut bytes = Vec::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(plain) = memchr::memchr2(b'"', b'\\', rest) else {
                self.at = self.text.len();
                return Err(self.cut_off());
            };
            bytes.extend_from_slice(&rest[..plain]);
            self.at += plain + 1;
            if rest[plain] == b'"' {
                break;
            }
            let Some(&escaped) = self.text.get(self.at) else { return Err(self.cut_off()) };
            self.at += 1;
            match escaped {
                b'n' => bytes.push(b'\n'),
                b't' => bytes.push(b'\t'),
                b'r' => bytes.push(b'\r'),
                b'b' => bytes.push(8),
                b'f' => bytes.push(12),
                b'"' | b'\\' | b'/' => bytes.push(escaped),
                b'u' => {
                    let character = self.escape()?;
                    bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                _ => return Err(self.broken("expected an escape that JSON has")),
            }
        }
        Ok(String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
    }

    /// The character behind `\u`; half of a pair becomes the replacement character.
    fn escape(&mut self) -> Result<char, Broken> {
        let first = self.hexadecimal()?;
        if (0xd800..0xdc00).contains(&first) && self.text[self.at..].starts_with(b"\\u") {
            let before = self.at;
            self.at += 2;
            let second = self.hexadecimal()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or('\u{fffd}'));
            }
            self.at = before;
        }
        Ok(char::from_u32(first).unwrap_or('\u{fffd}'))
    }

    fn hexadecimal(&mut self) -> Result<u32, Broken> {
        let Some(digits) = self.text.get(self.at..self.at + 4) else { return Err(self.cut_off()) };
        let value = digits
            .iter()
            .try_fold(0, |value, digit| char::from(*digit).to_digit(16).map(|digit| value * 16 + digit));
        let value = value.ok_or_else(|| self.broken("expected four hexadecimal digits"))?;
        self.at += 4;
        Ok(value)
    }

    fn broken(&self, expected: &str) -> Broken {
        let found = match self.text.get(self.at) {
            Some(byte) if byte.is_ascii_graphic() && *byte != b'`' => {
                format!(", found `{}`", char::from(*byte))
            }
            _ => String::new(),
        };
        let cause =
            if expected.contains("found") { expected.to_owned() } else { format!("{expected}{found}") };
        Broken { at: self.at.min(self.text.len()), cause }
    }

    fn cut_off(&self) -> Broken {
        Broken {
            at: self.text.len(),
            cause: "the file ends inside the JSON document: it is cut off".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_they_say_and_raw_samples_are_only_counted() {
        let node = read(
            br#"{"mean": 2.1529678312000007, "times": [1, [3.5], {"a": 2}], "n": NaN, "ci": [-Infinity, 1e999],
                "s": "a\"\u00b5\ud83d\ude00\n", "e": [], "o": {}, "t": [true, false, null]}"#,
        )
        .unwrap();
        assert_eq!(node.get("mean"), Some(&Node::Number(2.1529678312000007)));
        let Some(Node::Raw(summary)) = node.get("times") else { panic!("{node:?}") };
        assert_eq!((summary.count(), summary.max()), (3, 3.5));
        assert!(node.get("n").unwrap().number().unwrap().is_nan());
        assert_eq!(node.get("ci").unwrap().list()[0], Node::Number(f64::NEG_INFINITY));
        assert_eq!(node.get("ci").unwrap().list()[1], Node::Number(f64::INFINITY));
        assert_eq!(node.text_at("s"), Some("a\"µ😀\n"));
        assert_eq!(node.get("e"), Some(&Node::List(vec![])));
        assert_eq!(node.get("o"), Some(&Node::Object(vec![])));
        assert_eq!(node.get("t").unwrap().list().len(), 3);
    }

    #[test]
    fn what_is_no_json_is_refused_where_it_stops_being_some() {
        for (text, at, cause) in [
            ("", 0, "cut off"),
            ("{\"a\": [1, 2", 11, "cut off"),
            ("{\"a\" 1}", 5, "`:`"),
            ("{a: 1}", 1, "a key in quotes, found `a`"),
            ("[1 2]", 3, "`,` or `]`, found `2`"),
            ("{\"a\": 1]", 7, "`,` or `}`, found `]`"),
            ("[1,]", 3, "expected a value, found `]`"),
            ("[.5]", 1, "expected a value"),
            ("[-]", 1, "expected a number"),
            ("[1] x", 4, "nothing more"),
            ("[\"\\x\"]", 4, "escape"),
            ("\"abc", 4, "cut off"),
        ] {
            let error = read(text.as_bytes()).unwrap_err();
            assert!(error.cause.contains(cause), "{text}: {error:?}");
            assert_eq!(error.at, at, "{text}: {error:?}");
        }
        let deep = "[".repeat(1_000_000);
        assert!(read(deep.as_bytes()).unwrap_err().cause.contains("at most 100 levels"));
    }
}
