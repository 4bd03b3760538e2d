//! xUnit.net's XML, version 2 and what version 3 adds to it: assemblies of collections of tests, and errors outside of
//! tests, such as those of a fixture that is cleaned up.

use super::super::coverage::xml::{Document, Element, Step};
use super::seconds::{Comma, seconds};
use super::tally::{Case, OpenSuite, Outcome, TestRun};
use crate::error::Result;

/// Reads a whole file.
pub(super) fn read(text: &[u8], name: &str) -> Result<TestRun> {
    let mut document = Document::new(text, name);
    let mut run = TestRun::default();
    let mut assembly: Option<OpenSuite> = None;
    let mut path: Vec<Tag> = Vec::new();
    loop {
        if !path.is_empty() {
            document.skip_text();
        }
        match document.step()? {
            Step::Open(element) => {
                let tag = match (path.last(), element.name(), &mut assembly) {
                    (None | Some(Tag::Root), "assembly", None) => {
                        assembly = Some(begun(&document, &element, &mut run)?);
                        Tag::Assembly
                    }
                    (None, _, _) => Tag::Root,
                    (Some(Tag::Assembly), "collection", _) => Tag::Collection,
                    (Some(Tag::Assembly), "errors", _) => Tag::Errors,
                    (Some(Tag::Collection), "test", Some(open)) => {
                        test(&document, &element, &mut run, open)?;
                        Tag::Other
                    }
                    (Some(Tag::Errors), "error", Some(open)) => {
                        error(&document, &element, &mut run, open)?;
                        Tag::Other
                    }
                    _ => Tag::Other,
                };
                path.push(tag);
            }
            Step::Close => {
                if let (Some(Tag::Assembly), Some(open)) = (path.pop(), assembly.take_if(|_| path.len() <= 1))
                {
                    run.close(open, None);
                }
            }
            Step::Text(_) => {}
            Step::End => return Ok(run),
        }
    }
}

/// The elements whose position matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tag {
    Root,
    Assembly,
    Collection,
    Errors,
    Other,
}

fn begun(document: &Document<'_>, element: &Element<'_>, run: &mut TestRun) -> Result<OpenSuite> {
    let mut words: [&[u8]; 4] = [b""; 4];
    document.attributes(element, |key, value| match key {
        b"name" => words[0] = value,
        b"run-date" => words[1] = value,
        b"run-time" => words[2] = value,
        b"environment" => words[3] = value,
        _ => {}
    })?;
    Ok(run.open(&words))
}

fn test(
    document: &Document<'_>,
    element: &Element<'_>,
    run: &mut TestRun,
    open: &mut OpenSuite,
) -> Result<()> {
    let (mut name, mut result, mut time): (&[u8], &[u8], &[u8]) = (b"", b"", b"");
    document.attributes(element, |key, value| match key {
        b"name" => name = value,
        b"result" => result = value,
        b"time" => time = value,
        _ => {}
    })?;
    let duration = seconds(time, || Comma::Decimal);
    if duration.is_none() && !time.is_empty() {
        run.odd_time(time);
    }
    let outcome = match result {
        b"Pass" => Outcome::Passed,
        b"Skip" | b"NotRun" => Outcome::Skipped,
        b"Fail" => Outcome::Failure,
        _ => Outcome::Error,
    };
    run.case(open, &Case { class: b"", name, outcome, time: duration });
    Ok(())
}

fn error(
    document: &Document<'_>,
    element: &Element<'_>,
    run: &mut TestRun,
    open: &mut OpenSuite,
) -> Result<()> {
    let (mut kind, mut name): (&[u8], &[u8]) = (b"", b"outside of a test");
    document.attributes(element, |key, value| match key {
        b"type" => kind = value,
        b"name" => name = value,
        _ => {}
    })?;
    run.error(open, kind, name);
    Ok(())
}
