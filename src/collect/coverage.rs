//! Coverage reports: which format a file is in, and what it measured. The formats live in one
//! file each and meet in the table below; what they measure is a [`Coverage`], which knows how to
//! merge and count. Which files to read and which sources to keep is the caller's business.

mod clover;
mod cobertura;
mod coveragepy;
pub(super) mod encoding;
mod gcovr;
mod gocover;
mod istanbul;
mod jacoco;
mod json;
mod kind;
mod lcov;
mod llvm;
pub mod locate;
mod measure;
mod number;
mod opencover;
mod path;
mod probe;
mod share;
mod simplecov;
mod xccov;
pub(super) mod xml;

use crate::error::{Code, Error, Result};
use crate::text;
use probe::Probe;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

pub use kind::CoverageKind;
pub use measure::{Counted, Coverage, Line};

macro_rules! formats {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $module:ident, [$($kind:ident),+];)+) => {
        /// A coverage format that can be read.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(test, derive(ts_rs::TS))]
        pub enum CoverageFormat {
            $($(#[doc = $doc])+ #[serde(rename = $name)] $variant,)+
        }

        impl CoverageFormat {
            /// Every format, in the order in which detection asks them.
            pub const ALL: &'static [CoverageFormat] = &[$(CoverageFormat::$variant,)+];

            /// The name users write, as in `--format lcov`.
            pub fn name(self) -> &'static str {
                match self { $(CoverageFormat::$variant => $name,)+ }
            }

            /// What it can say, what it counts unless `--type` says otherwise first.
            pub fn kinds(self) -> &'static [CoverageKind] {
                match self { $(CoverageFormat::$variant => &[$(CoverageKind::$kind,)+],)+ }
            }

            fn recognises(self, probe: &Probe<'_>) -> bool {
                match self { $(CoverageFormat::$variant => $module::recognises(probe),)+ }
            }

            fn read(self, text: &[u8], name: &str) -> Result<Coverage> {
                let read = match self { $(CoverageFormat::$variant => $module::read(text, name),)+ };
                read.map(|mut coverage| {
                    coverage.is_of(self);
                    coverage
                })
            }
        }
    };
}

formats! {
    /// The trace files of lcov 1 and 2, and of everything that imitates them.
    Lcov = "lcov", lcov, [Line, Branch, Function];
    /// Clover XML as written by OpenClover, PHPUnit and istanbul.
    Clover = "clover", clover, [Line, Branch, Function, Statement];
    /// Cobertura XML as written by Cobertura, coverage.py, coverlet, gcovr and many more.
    Cobertura = "cobertura", cobertura, [Line, Branch, Function];
    /// JaCoCo XML, of one module or of several.
    Jacoco = "jacoco", jacoco, [Line, Branch, Instruction, Method, Class, Complexity, Function];
    /// The cover profiles of `go test -coverprofile`.
    Gocover = "gocover", gocover, [Statement, Line];
    /// OpenCover XML as written by OpenCover, coverlet and AltCover.
    Opencover = "opencover", opencover, [Line, Branch, Function];
    /// gcovr's JSON reports and summaries.
    Gcovr = "gcovr", gcovr, [Line, Branch, Function];
    /// The JSON of `llvm-cov export`, from clang, Swift and Rust.
    Llvm = "llvm", llvm, [Line, Region, Function, Branch];
    /// Istanbul's JSON as nyc, c8, jest and vitest write it.
    Istanbul = "istanbul", istanbul, [Line, Statement, Branch, Function];
    /// The JSON report of coverage.py.
    CoveragePy = "coveragepy", coveragepy, [Line, Branch, Combined];
    /// Xcode's coverage as `xccov view --report --json` prints it.
    Xccov = "xccov", xccov, [Line, Function];
    /// SimpleCov's result sets and last runs.
    SimpleCov = "simplecov", simplecov, [Line, Branch];
}

impl CoverageFormat {
    /// The format of that name, exactly as [`CoverageFormat::name`] spells it.
    pub fn from_name(name: &str) -> Option<CoverageFormat> {
        CoverageFormat::ALL.iter().copied().find(|format| format.name() == name)
    }
}

/// The format of a report, judged by its content alone: byte order marks, an XML prolog, comments
/// and a DOCTYPE may stand before what tells. `None` when no format claims it.
pub fn detect(bytes: &[u8]) -> Option<CoverageFormat> {
    let text = encoding::decode(bytes).ok()?;
    claimed_by(&Probe::of(&text))
}

/// Reads a report whose format the user named. `name` is the file's name; it appears in messages
/// and keeps apart the totals of reports that hold nothing but totals.
///
/// # Errors
/// `COLLECTOR_FORMAT` with the line when the content is not a whole report of that format.
pub fn parse(format: CoverageFormat, bytes: &[u8], name: &str) -> Result<Coverage> {
    let text = encoding::decode(bytes).map_err(|cause| refuse(name, &cause))?;
    let probe = Probe::of(&text);
    if !format.recognises(&probe) {
        if let Some(other) = claimed_by(&probe) {
            return Err(refuse(name, &format!("expected {}, found {}", format.name(), other.name()))
                .hint(format!("Name the format `{}`, or leave it out to have it detected.", other.name())));
        }
        return Err(unknown(&probe, name));
    }
    read_text(format, &text, name)
}

/// Reads a report of whatever format it turns out to be in; the rest is as for [`parse`].
///
/// # Errors
/// `COLLECTOR_FORMAT` when no format claims the content, saying what was found instead.
pub fn parse_detected(bytes: &[u8], name: &str) -> Result<Coverage> {
    let text = encoding::decode(bytes).map_err(|cause| refuse(name, &cause))?;
    let probe = Probe::of(&text);
    match claimed_by(&probe) {
        Some(format) => read_text(format, &text, name),
        None => Err(unknown(&probe, name)),
    }
}

/// Whether reports of a format have a kind; the end of a sentence about it where they do not.
pub(super) fn has_kind(format: CoverageFormat, kind: CoverageKind) -> std::result::Result<(), String> {
    match format.kinds().contains(&kind) {
        true => Ok(()),
        false => Err(format!("{} reports do not have", format.name())),
    }
}

/// The kinds that reports of a format have, as a sentence.
pub(super) fn kinds_hint(format: CoverageFormat) -> String {
    let names: Vec<_> = format.kinds().iter().map(|kind| text::quote(kind.name())).collect();
    format!("They have {}.", text::list(&names))
}

/// Reads a report, also one with a name in it that is no text: file names are bytes on most systems, and one of them is no
/// reason to lose the others.
fn read_text(format: CoverageFormat, text: &[u8], name: &str) -> Result<Coverage> {
    format.read(text, name).or_else(|error| match String::from_utf8_lossy(text) {
        Cow::Owned(readable) => format.read(readable.as_bytes(), name).map_err(|_| error),
        Cow::Borrowed(_) => Err(error),
    })
}

/// How many records a hot loop takes in one call.
pub(super) const AT_A_TIME: usize = 4096;

/// Keeps a hot loop a function of its own, whatever the optimisers think of it.
///
/// JavaScript engines run wasm as quickly compiled code first and put well compiled code in its place
/// when a function is *called* again: a loop that reads a whole file in one call would stay slow to
/// its end, several times slower. So hot loops end now and then, and are called through a pointer that
/// no optimiser sees through, because one that did would make one function of caller and loop.
pub(super) fn apart<F>(hot: F) -> F {
    std::hint::black_box(hot)
}

fn claimed_by(probe: &Probe<'_>) -> Option<CoverageFormat> {
    CoverageFormat::ALL.iter().copied().find(|format| format.recognises(probe))
}

fn unknown(probe: &Probe<'_>, name: &str) -> Error {
    let known: Vec<_> = CoverageFormat::ALL.iter().map(|format| format.name()).collect();
    let hint = if probe.is_empty() {
        "Check that the step that writes the report ran and succeeded.".to_owned()
    } else {
        format!("Give a coverage report in one of these formats: {}.", known.join(", "))
    };
    refuse(name, &probe.description()).hint(hint)
}

/// The one shape of a complaint about a whole file.
pub(super) fn refuse(name: &str, cause: &str) -> Error {
    Error::new(Code::CollectorFormat, format!("cannot read `{}`: {}", shown(name), brief(cause)))
}

/// The one shape of a complaint about a place in a file; `offset` counts bytes of `text`.
pub(super) fn refuse_at(name: &str, text: &[u8], offset: usize, cause: &str) -> Error {
    let offset = offset.min(text.len());
    let line = memchr::memchr_iter(b'\n', &text[..offset]).count() + 1;
    refuse(name, &format!("line {line} (byte {offset}): {cause}")).hint(
        "Check that the step that writes the report ended well, and that nothing else writes this file.",
    )
}

/// The one shape of a warning about a place in a file; `offset` counts bytes of `text`.
fn doubt_at(name: &str, text: &[u8], offset: usize, cause: &str) -> Error {
    let line = memchr::memchr_iter(b'\n', &text[..offset.min(text.len())]).count() + 1;
    Error::new(Code::CoverageRecord, format!("`{}` line {line}: {}", shown(name), brief(cause)))
        .hint("Other figures of the report are not affected. Check the tool that writes it.")
}

/// A cause fit for a log: the names of a report's elements are as long as whoever wrote it likes.
fn brief(cause: &str) -> String {
    const LONGEST: usize = 300;
    let mut text = shown(cause);
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// A text of a file on one line: nothing in it can begin another one, move the cursor or turn what is shown around.
pub(super) fn shown(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || crate::text::is_invisible(c) { '\u{fffd}' } else { c })
        .collect()
}

/// What an error message quotes of a file that may be no report at all: enough to tell its kind by, and too little for
/// what a file of secrets holds behind a name.
pub(super) fn glimpse(bytes: &[u8]) -> String {
    const LONGEST: usize = 12;
    let mut quoted = excerpt(&bytes[..bytes.len().min(LONGEST)]);
    if bytes.len() > LONGEST && !bytes[..LONGEST].contains(&b'\n') {
        quoted.push('…');
    }
    quoted
}

/// What an error message quotes of a file: the beginning, on one line, without control characters.
fn excerpt(bytes: &[u8]) -> String {
    const LONGEST: usize = 40;
    let head = &bytes[..bytes.len().min(LONGEST * 4)];
    let text = String::from_utf8_lossy(head);
    let head: String = text.chars().take_while(|c| !matches!(c, '\n' | '\r')).take(LONGEST).collect();
    let mut quoted = shown(&head).replace('`', "\u{fffd}");
    if text.chars().take_while(|c| !matches!(c, '\n' | '\r')).nth(LONGEST).is_some() {
        quoted.push('…');
    }
    quoted
}
