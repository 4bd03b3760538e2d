//! The first look at a report: enough of its beginning for a format to recognise itself, and
//! for an error to say what was found instead. Nothing past the root's first child is read.

use super::glimpse;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

/// The root elements of files that `junit` reads.
const TEST_RESULTS: [&str; 5] = ["testsuites", "testsuite", "TestRun", "assemblies", "assembly"];

/// The beginning of a JSON document: its first keys with their depth, 1 being the root's.
#[derive(Default)]
pub(super) struct Head(Vec<(u32, String)>);

impl Head {
    /// How much of the file is looked at.
    const LENGTH: usize = 16 * 1024;

    /// Whether there is such a key so deep, among the first.
    pub(super) fn has(&self, depth: u32, key: &str) -> bool {
        self.0.iter().any(|(at, found)| *at == depth && found == key)
    }

    /// The first key so deep.
    pub(super) fn first(&self, depth: u32) -> Option<&str> {
        self.0.iter().find(|(at, _)| *at == depth).map(|(_, key)| key.as_str())
    }

    /// Whether some key, however deep, is of that kind.
    pub(super) fn any(&self, is: impl Fn(&str) -> bool) -> bool {
        self.0.iter().any(|(_, key)| is(key))
    }

    /// Objects have depths, lists do not: `[{"a": 1}]` has `a` at 1.
    fn of(text: &[u8]) -> Head {
        let text = &text[..text.len().min(Self::LENGTH)];
        let (mut head, mut depth, mut at) = (Head::default(), 0u32, 0);
        // Where the last text began and ended: a key is one that a colon follows.
        let mut last = None;
        while let Some(byte) = text.get(at) {
            match byte {
                b'{' => depth += 1,
                b'}' => depth = depth.saturating_sub(1),
                b'"' => {
                    let start = at + 1;
                    at = start;
                    while text.get(at).is_some_and(|&byte| byte != b'"') {
                        at += if text[at] == b'\\' { 2 } else { 1 };
                    }
                    last = text.get(start..at);
                }
                b':' => {
                    if let Some(key) = last.take() {
                        head.0.push((depth, String::from_utf8_lossy(key).into_owned()));
                    }
                }
                _ => {}
            }
            at += 1;
        }
        head
    }
}

/// The beginning of a report.
pub(super) struct Probe<'a> {
    /// Everything, from the first byte that is not white space.
    pub text: &'a [u8],
    /// How the document opens, when the text is XML.
    pub xml: Option<Opening>,
    /// How the document opens, when the text is JSON.
    pub json: Option<Head>,
}

/// The beginning of an XML document, as far as it could be read.
#[derive(Default)]
pub(super) struct Opening {
    /// The name of the root element; empty when there is none.
    pub root: String,
    /// The names of the root's attributes.
    pub attributes: Vec<String>,
    /// The root's first child element.
    pub child: Option<String>,
}

impl Opening {
    /// Whether the root has an attribute of that name.
    pub(super) fn has(&self, attribute: &str) -> bool {
        self.attributes.iter().any(|name| name == attribute)
    }

    fn of(text: &[u8]) -> Opening {
        let mut opening = Opening::default();
        let mut reader = Reader::from_reader(text);
        loop {
            match reader.read_event() {
                Ok(Event::Start(element)) if opening.root.is_empty() => opening.enter(&element),
                Ok(Event::Empty(element)) if opening.root.is_empty() => {
                    opening.enter(&element);
                    return opening;
                }
                Ok(Event::Start(element) | Event::Empty(element)) => {
                    opening.child = Some(element.name().as_ref().to_owned());
                    return opening;
                }
                Ok(Event::Eof | Event::End(_)) | Err(_) => return opening,
                Ok(_) => {}
            }
        }
    }

    fn enter(&mut self, root: &BytesStart<'_>) {
        self.root = root.name().as_ref().to_owned();
        let mut attributes = root.attributes();
        self.attributes =
            attributes.with_checks(false).flatten().map(|it| it.key.as_ref().to_owned()).collect();
    }
}

impl<'a> Probe<'a> {
    /// Looks at a report's text.
    pub(super) fn of(text: &'a [u8]) -> Self {
        let text = text.trim_ascii_start();
        let xml = text.starts_with(b"<").then(|| Opening::of(text));
        let json = matches!(text.first(), Some(b'{' | b'[')).then(|| Head::of(text));
        Self { text, xml, json }
    }

    /// Whether there is nothing but white space.
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// What the file is, for a message about it being no report.
    pub(super) fn description(&self) -> String {
        if self.is_empty() {
            return "the file is empty".to_owned();
        }
        match &self.xml {
            Some(Opening { root, child, .. }) if root == "coverage" => {
                let found = child.as_ref().map_or("nothing".to_owned(), |name| format!("`{name}`"));
                format!(
                    "not a coverage report: expected `sources`, `packages` or `project` below the root \
                     element `coverage`, found {found}"
                )
            }
            Some(Opening { root, .. }) if TEST_RESULTS.contains(&root.as_str()) => {
                format!("these are test results, found by the root element `{root}`: use `@collect junit`")
            }
            Some(Opening { root, child, .. }) if root == "report" => {
                let found = child.as_ref().map_or("nothing".to_owned(), |name| format!("`{name}`"));
                format!(
                    "not a coverage report: expected `sessioninfo`, `group` or `package` below the root element \
                     `report`, found {found}"
                )
            }
            Some(Opening { root, .. }) if !root.is_empty() => format!(
                "not a coverage report: expected the root element `coverage`, `report` or `CoverageSession`, found \
                 `{root}`"
            ),
            _ => format!("not a coverage report: it starts with `{}`", glimpse(self.text)),
        }
    }
}
