//! TRX, the results of Visual Studio and `dotnet test`. A result with inner results (a test with several rows of data) counts
//! as those.

use super::super::coverage::xml::{Document, Element, Step};
use super::seconds::clock;
use super::tally::{Case, OpenSuite, Outcome, TestRun};
use crate::error::Result;

/// Reads a whole file.
pub(super) fn read(text: &[u8], name: &str) -> Result<TestRun> {
    let mut document = Document::new(text, name);
    let mut run = TestRun::default();
    let mut suite: Option<OpenSuite> = None;
    let mut path: Vec<Tag> = Vec::new();
    // The innermost result last; what is below it may show that it is none itself.
    let mut results: Vec<Reading> = Vec::new();
    loop {
        if !path.is_empty() {
            document.skip_text();
        }
        match document.step()? {
            Step::Open(element) => {
                let open = match &mut suite {
                    Some(open) => open,
                    None => suite.insert(begun(&document, &element, &mut run)?),
                };
                let tag = match (path.last(), local(element.name())) {
                    (Some(Tag::Results | Tag::InnerResults), "InnerResults") => Tag::Other,
                    (_, "Results") if path.len() == 1 => Tag::Results,
                    (Some(Tag::Results | Tag::InnerResults), name) if name.ends_with("Result") => {
                        results.push(Reading::of(&document, &element, &mut run)?);
                        Tag::Result
                    }
                    (Some(Tag::Result), "InnerResults") => {
                        results.iter_mut().for_each(|result| result.has_inner = true);
                        Tag::InnerResults
                    }
                    (_, "RunInfo") => {
                        if attribute(&document, &element, b"outcome")? == b"Error" {
                            run.error(open, b"", b"outside of a test case");
                        }
                        Tag::Other
                    }
                    _ => Tag::Other,
                };
                path.push(tag);
            }
            Step::Close => {
                if let (Some(Tag::Result), Some(open)) = (path.pop(), &mut suite)
                    && let Some(Reading { name, outcome, time, has_inner: false }) = results.pop()
                {
                    run.case(open, &Case { class: b"", name: &name, outcome, time });
                }
            }
            Step::Text(_) => {}
            Step::End => {
                if let Some(open) = suite {
                    run.close(open, None);
                }
                return Ok(run);
            }
        }
    }
}

/// The elements whose position matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tag {
    Results,
    Result,
    InnerResults,
    Other,
}

/// A result that is being read.
struct Reading {
    name: Vec<u8>,
    outcome: Outcome,
    time: Option<u64>,
    has_inner: bool,
}

impl Reading {
    fn of(document: &Document<'_>, element: &Element<'_>, run: &mut TestRun) -> Result<Self> {
        let (mut name, mut said, mut time): (&[u8], &[u8], &[u8]) = (b"", b"", b"");
        document.attributes(element, |key, value| match key {
            b"testName" => name = value,
            b"outcome" => said = value,
            b"duration" => time = value,
            _ => {}
        })?;
        let duration = clock(time);
        if duration.is_none() && !time.is_empty() {
            run.odd_time(time);
        }
        let outcome = match said {
            b"Passed" | b"PassedButRunAborted" | b"Completed" | b"Warning" => Outcome::Passed,
            b"Failed" => Outcome::Failure,
            b"NotExecuted" | b"Inconclusive" | b"Pending" | b"InProgress" => Outcome::Skipped,
            // Error, Timeout, Aborted, NotRunnable, Disconnected; where the writer leaves it out it means an error.
            _ => Outcome::Error,
        };
        Ok(Self { name: name.to_vec(), outcome, time: duration, has_inner: false })
    }
}

fn begun(document: &Document<'_>, root: &Element<'_>, run: &mut TestRun) -> Result<OpenSuite> {
    let id = attribute(document, root, b"id")?;
    Ok(run.open(&[&id]))
}

fn attribute(document: &Document<'_>, element: &Element<'_>, name: &[u8]) -> Result<Vec<u8>> {
    let mut found = Vec::new();
    document.attributes(element, |key, value| {
        if key == name {
            found = value.to_vec();
        }
    })?;
    Ok(found)
}

/// An element's name without its namespace's prefix.
fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}
