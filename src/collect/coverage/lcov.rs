//! lcov trace files: the records of lcov 1 and 2 (geninfo(1), section FILES) and what imitating
//! tools make of them. Only reads; what a measurement means is decided in `measure`.
//!
//! A record block begins with `SF:` and ends with `end_of_record`. A block without its end is an
//! error: the file was cut off or two writers mixed, and what is left would look like a smaller
//! measurement. Records with unknown names are skipped. Summary counters (`LF`, `LH`, `BRF`, ...)
//! count only where the block holds no record of their kind.

use super::kind::{CoverageKind, Summary, Tally};
use super::measure::{
    Coverage, Edge, Function, Line, NamedEdge, settle_functions, tally_edges, tally_functions, tally_lines,
};
use super::number::{counter, digits, hits, newline, whole};
use super::probe::Probe;
use super::{AT_A_TIME, CoverageFormat, apart, doubt_at, excerpt, path, refuse, refuse_at};
use crate::error::{Error, Result};
use memchr::{memchr, memrchr};
use std::collections::HashSet;

/// Whether a trace file's first records stand near the beginning.
pub(super) fn recognises(probe: &Probe<'_>) -> bool {
    const ENOUGH: usize = 50;
    probe.xml.is_none()
        && probe
            .text
            .split(|&byte| byte == b'\n')
            .take(ENOUGH)
            .map(<[u8]>::trim_ascii_start)
            .any(|line| line.starts_with(b"SF:") || line.starts_with(b"TN:"))
}

/// Reads a whole trace file.
pub(super) fn read(text: &[u8], name: &str) -> Result<Coverage> {
    let mut coverage = Coverage::default();
    let mut block = Block::default();
    let mut any = false;
    let mut at = 0;
    let (mut left_out, mut first_left_out) = (0u64, None);
    let plain_records = apart::<fn(&mut Block<'_>, &[u8], usize) -> usize>(plain_records);
    while at < text.len() {
        if block.source.is_some() {
            let next = plain_records(&mut block, text, at);
            if next > at {
                at = next;
                continue;
            }
        }
        let end = memchr(b'\n', &text[at..]).map_or(text.len(), |length| at + length);
        let line = text[at..end].trim_ascii();
        if let Some(rest) = line.strip_prefix(b"end_of_record") {
            if block.source.is_none() {
                return Err(refuse_at(name, text, at, "`end_of_record` without an `SF` record before it"));
            }
            block.close(&mut coverage);
            any = true;
            // The next report is glued to one without a line feed at its end.
            if !rest.is_empty() {
                at = end - (text[at..end].trim_ascii_start().len() - END_OF_RECORD.len());
                continue;
            }
        } else if let Err(fault) = block.record(line, at) {
            match fault {
                Fault::Report(cause) => return Err(refuse_at(name, text, at, &cause)),
                Fault::Record(cause) => {
                    left_out += 1;
                    if first_left_out.is_none() {
                        first_left_out = Some((at, cause));
                    }
                }
            }
        }
        at = end + 1;
    }
    if let Some((source, started)) = block.source {
        let source = excerpt(source);
        let cause = format!("the file ends before the `end_of_record` of `{source}`: it is cut off");
        return Err(cut_off(refuse_at(name, text, started, &cause)));
    }
    if !any {
        return Err(refuse(name, "expected at least one `SF` record, found none")
            .hint("Check that the tests ran with coverage switched on and that the sources were found."));
    }
    if let Some((at, cause)) = first_left_out {
        let more = if left_out > 1 { format!(", and {} more like it", left_out - 1) } else { String::new() };
        coverage.warn(doubt_at(name, text, at, &format!("{cause}, left out{more}")));
    }
    Ok(coverage.finish(name, &Summary::default()))
}

fn cut_off(error: Error) -> Error {
    error.hint("Check that the step that writes the report ended before this one began and did not fail.")
}

/// Takes lines and branches without anything unusual about them, as far as they go but not forever;
/// the offset behind them.
#[inline(never)]
fn plain_records(block: &mut Block<'_>, text: &[u8], mut at: usize) -> usize {
    for _ in 0..AT_A_TIME {
        if let Some((line, next)) = plain_line(text, at) {
            block.lines.push(line);
            at = next;
        } else if let Some((edge, next)) = plain_branch(text, at) {
            block.edges.push(edge);
            at = next;
        } else {
            break;
        }
    }
    at
}

/// `DA:12,3` with nothing unusual about it: nearly every line of nearly every trace file.
///
/// The next line's beginning is looked for before the numbers are read, so that a processor can
/// start on the next line while it still works on this one. The same holds for branches.
#[inline(always)]
fn plain_line(text: &[u8], at: usize) -> Option<(Line, usize)> {
    const SHORTEST: usize = b"DA:1,1".len();
    if word(text, at)? << 40 != tag(b"DA:") << 40 {
        return None;
    }
    let end = newline(text, at + SHORTEST)?;
    let (number, at) = digits(text, at + 3)?;
    let (hits, at) = digits(text, comma(text, at)?)?;
    ends(text, at, end).then_some((Line { number, hits }, end + 1))
}

/// `BRDA:12,0,1,3` or `BRDA:12,0,1,-` with nothing unusual about it.
#[inline(always)]
fn plain_branch(text: &[u8], at: usize) -> Option<(Edge, usize)> {
    const SHORTEST: usize = b"BRDA:1,0,0,1".len();
    if word(text, at)? << 24 != tag(b"BRDA:") << 24 {
        return None;
    }
    let end = newline(text, at + SHORTEST).or_else(|| newline(text, at + SHORTEST + 8))?;
    let (line, at) = digits(text, at + 5)?;
    let (block, at) = digits(text, comma(text, at)?)?;
    let (branch, at) = digits(text, comma(text, at)?)?;
    let at = comma(text, at)?;
    let (taken, at) = if text.get(at) == Some(&b'-') { (0, at + 1) } else { digits(text, at)? };
    ends(text, at, end).then_some((Edge { line, block, branch, taken }, end + 1))
}

/// The eight bytes at `at` as one number, because wasm compares longer pieces by calling a function.
#[inline(always)]
fn word(text: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*text.get(at..)?.first_chunk()?))
}

/// A record's name as it is at the low end of such a number.
const fn tag(name: &[u8]) -> u64 {
    let (mut tag, mut n) = (0, name.len());
    while n > 0 {
        n -= 1;
        tag = tag << 8 | name[n] as u64;
    }
    tag
}

/// The offset behind a comma that stands at `at`.
#[inline(always)]
fn comma(text: &[u8], at: usize) -> Option<usize> {
    (text.get(at) == Some(&b',')).then_some(at + 1)
}

/// Whether a line whose content ends at `at` has its line feed at `end`.
#[inline(always)]
fn ends(text: &[u8], at: usize, end: usize) -> bool {
    at == end || (at + 1 == end && text[at] == b'\r')
}

const END_OF_RECORD: &[u8] = b"end_of_record";

/// What a record that cannot be understood costs.
enum Fault {
    /// The whole report: which lines there are is not known any more.
    Report(String),
    /// What the record says.
    Record(String),
}

/// The block being read. Its vectors are reused from block to block.
#[derive(Default)]
struct Block<'a> {
    /// The path and where the block begins; `None` between blocks.
    source: Option<(&'a [u8], usize)>,
    lines: Vec<Line>,
    edges: Vec<Edge>,
    named_edges: Vec<NamedEdge>,
    /// `FN`: name and line.
    declared: Vec<(&'a [u8], u32)>,
    /// `FNDA`: name and hits.
    called: Vec<(&'a [u8], u32)>,
    /// `FNL`: index and line.
    places: Vec<(u32, u32)>,
    /// `FNA`: index, name and hits.
    aliases: Vec<(u32, &'a [u8], u32)>,
    /// Found and hit, of lines, branches and functions.
    summary: [(Option<u64>, Option<u64>); 3],
}

impl<'a> Block<'a> {
    fn record(&mut self, line: &'a [u8], at: usize) -> std::result::Result<(), Fault> {
        let Some(colon) = memchr(b':', line) else { return Ok(()) };
        let (tag, value) = (&line[..colon], &line[colon + 1..]);
        if tag == b"SF" {
            let value = value.trim_ascii();
            if value.is_empty() {
                return Err(Fault::Report("`SF` without a path".to_owned()));
            }
            if let Some((open, _)) = self.source {
                return Err(Fault::Report(format!(
                    "expected the `end_of_record` of `{}`, found the next `SF` record",
                    excerpt(open)
                )));
            }
            self.source = Some((value, at));
            return Ok(());
        }
        let understood = match tag {
            b"DA" => self.line(value),
            b"BRDA" => self.branch(value),
            b"FN" => self.function(value),
            b"FNDA" => self.call(value),
            b"FNL" => pair(value).map(|place| self.places.push(place)),
            b"FNA" => self.alias(value),
            b"LF" => counter(value).map(|count| self.summary[0].0 = Some(count)),
            b"LH" => counter(value).map(|count| self.summary[0].1 = Some(count)),
            b"BRF" => counter(value).map(|count| self.summary[1].0 = Some(count)),
            b"BRH" => counter(value).map(|count| self.summary[1].1 = Some(count)),
            b"FNF" => counter(value).map(|count| self.summary[2].0 = Some(count)),
            b"FNH" => counter(value).map(|count| self.summary[2].1 = Some(count)),
            _ => return Ok(()),
        };
        let tag = || String::from_utf8_lossy(tag);
        if understood.is_none() {
            let cause = format!("expected `{}:{}`, found `{}`", tag(), form(&tag()), excerpt(line));
            return Err(if tag() == "DA" { Fault::Report(cause) } else { Fault::Record(cause) });
        }
        if self.source.is_none() {
            return Err(Fault::Report(format!("`{}` without an `SF` record before it", tag())));
        }
        Ok(())
    }

    /// `DA:line,hits[,checksum]`
    fn line(&mut self, value: &[u8]) -> Option<()> {
        let (number, rest) = cut(value)?;
        let count = cut(rest).map_or(rest, |(count, _checksum)| count);
        self.lines.push(Line { number: whole(number)?, hits: taken(count)? });
        Some(())
    }

    /// `BRDA:line,[e][f][U]block,branch,taken`, where `e` marks an exception's branch, `f` one that falls
    /// through and `U` one that cannot be reached, which is not counted. `branch` may be a piece of source text
    /// with commas of its own. The marks are no part of the identity.
    fn branch(&mut self, value: &[u8]) -> Option<()> {
        let (line, rest) = cut(value)?;
        let (block, rest) = cut(rest)?;
        let last = memrchr(b',', rest)?;
        let (branch, taken) = (rest[..last].trim_ascii(), rest[last + 1..].trim_ascii());
        let (line, mut block) = (place(line)?, block.trim_ascii());
        let taken = if taken == b"-" || taken.is_empty() { 0 } else { self::taken(taken)? };
        while let [mark @ (b'e' | b'f' | b'U'), digits @ ..] = block
            && !digits.is_empty()
        {
            if *mark == b'U' {
                return Some(());
            }
            block = digits;
        }
        match (whole(block), whole(branch)) {
            (Some(block), Some(branch)) => self.edges.push(Edge { line, block, branch, taken }),
            _ => {
                let name = [block, branch].map(String::from_utf8_lossy).join(",").into_boxed_str();
                self.named_edges.push(NamedEdge { line, name, taken });
            }
        }
        Some(())
    }

    /// `FN:line[,end],name`; names may hold commas.
    fn function(&mut self, value: &'a [u8]) -> Option<()> {
        let (line, rest) = cut(value)?;
        let name = match cut(rest) {
            Some((end, name)) if whole(end).is_some() => name,
            _ => rest,
        };
        self.declared.push((name, place(line)?));
        Some(())
    }

    /// `FNDA:hits,name`
    fn call(&mut self, value: &'a [u8]) -> Option<()> {
        let (count, name) = cut(value)?;
        self.called.push((name, taken(count)?));
        Some(())
    }

    /// `FNA:index,hits,name`
    fn alias(&mut self, value: &'a [u8]) -> Option<()> {
        let (index, rest) = cut(value)?;
        let (count, name) = cut(rest)?;
        self.aliases.push((whole(index)?, name, taken(count)?));
        Some(())
    }

    /// Hands the block's measurements over and empties it for the next.
    fn close(&mut self, coverage: &mut Coverage) {
        let Some((source, _)) = self.source.take() else { return };
        let mut grouped: Vec<u32> = self.places.iter().map(|(_, line)| *line).collect();
        let mut functions = self.functions();
        settle_functions(&mut functions);
        let stated = self.summary.map(|(found, hit)| Tally::new(hit?, found?));
        let by_name = {
            let grouped: HashSet<u32> = grouped.iter().copied().collect();
            tally_functions(&functions, |line| grouped.contains(&line))
        };
        if stated[2].is_some() && stated[2] != by_name {
            // lcov 2 counts the names of one function, such as a template's instances, as one.
            let by_line = tally_functions(&functions, |line| line > 0);
            if by_line == stated[2] {
                grouped = functions.iter().map(|function| function.line).filter(|line| *line > 0).collect();
            }
        }
        grouped.sort_unstable();
        grouped.dedup();
        let functions_listed = tally_functions(&functions, |line| grouped.binary_search(&line).is_ok());
        let source = coverage.source(path::normalise(&String::from_utf8_lossy(source)));
        source.state_part(CoverageKind::Line, stated[0], tally_lines(&self.lines));
        source.state_part(CoverageKind::Branch, stated[1], tally_edges(&self.edges, &self.named_edges));
        source.state_part(CoverageKind::Function, stated[2], functions_listed);
        source.add_lines(&self.lines);
        source.add_edges(CoverageFormat::Lcov, &self.edges);
        source.add_named_edges(CoverageFormat::Lcov, &mut self.named_edges);
        source.add_functions(CoverageFormat::Lcov, &mut functions);
        source.group_functions(CoverageFormat::Lcov, &grouped);
        self.lines.clear();
        self.edges.clear();
        self.summary = Default::default();
    }

    /// The block's functions: those declared by name, with the calls counted for that name, and
    /// those of lcov 2 declared by place, which any of their aliases covers.
    ///
    /// Namesakes (the `get` of two classes) are matched in order: the second call count of a name
    /// belongs to its second declaration, as the tools that write such names list them.
    fn functions(&mut self) -> Vec<Function> {
        let mut functions = Vec::with_capacity(self.declared.len() + self.places.len());
        let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned().into_boxed_str();
        // Nearly every tool lists both in one order, and then they are matched already.
        if self.declared.iter().map(|(name, _)| name).eq(self.called.iter().map(|(name, _)| name)) {
            let matched = self.declared.drain(..).zip(self.called.drain(..));
            functions.extend(matched.map(|((name, line), (_, hits))| Function {
                name: text(name),
                line,
                hits,
            }));
        }
        sort_by_name(&mut self.declared);
        sort_by_name(&mut self.called);
        let mut calls = self.called.drain(..).peekable();
        let mut previous: Option<&[u8]> = None;
        for (name, line) in self.declared.drain(..) {
            while let Some((surplus, hits)) = calls.next_if(|(called, _)| *called < name) {
                spill(&mut functions, previous, surplus, hits, text);
            }
            let hits = calls.next_if(|(called, _)| *called == name).map_or(0, |(_, hits)| hits);
            functions.push(Function { name: text(name), line, hits });
            previous = Some(name);
        }
        for (surplus, hits) in calls {
            spill(&mut functions, previous, surplus, hits, text);
        }
        self.places.sort_unstable();
        self.aliases.sort_unstable();
        let mut aliases = self.aliases.drain(..).peekable();
        for (index, line) in self.places.drain(..) {
            while aliases.next_if(|(alias, ..)| *alias < index).is_some() {}
            let mut any = false;
            while let Some((_, name, hits)) = aliases.next_if(|(alias, ..)| *alias == index) {
                functions.push(Function { name: text(name), line, hits });
                any = true;
            }
            if !any {
                functions.push(Function { name: Box::default(), line, hits: 0 });
            }
        }
        functions
    }
}

/// Sorts by name and keeps namesakes in their order. Compiled once for both lists.
#[inline(never)]
fn sort_by_name(list: &mut [(&[u8], u32)]) {
    list.sort_by_key(|(name, _)| *name);
}

/// A call count that found no declaration left: one more of the last declared namesake, else a
/// function of unknown place.
fn spill(
    functions: &mut Vec<Function>,
    previous: Option<&[u8]>,
    name: &[u8],
    hits: u32,
    text: impl Fn(&[u8]) -> Box<str>,
) {
    match functions.last_mut() {
        Some(last) if previous == Some(name) => last.hits = last.hits.saturating_add(hits),
        _ => functions.push(Function { name: text(name), line: 0, hits }),
    }
}

/// What stands before and behind the first comma.
fn cut(value: &[u8]) -> Option<(&[u8], &[u8])> {
    memchr(b',', value).map(|comma| (&value[..comma], &value[comma + 1..]))
}

/// A function's or branch's line; 0 where a tool does not know it, such as istanbul and those that write -1.
fn place(line: &[u8]) -> Option<u32> {
    match line.trim_ascii() {
        b"" | b"-1" | b"undefined" | b"null" | b"NaN" => Some(0),
        line => whole(line),
    }
}

/// A count; that of istanbul's `undefined + 1` is none.
fn taken(count: &[u8]) -> Option<u32> {
    hits(count).or_else(|| (count.trim_ascii() == b"NaN").then_some(0))
}

/// The first two numbers of `index,line[,end]`.
fn pair(value: &[u8]) -> Option<(u32, u32)> {
    let (first, rest) = cut(value)?;
    let second = cut(rest).map_or(rest, |(second, _)| second);
    Some((whole(first)?, whole(second)?))
}

/// How a record should look, for the error message.
fn form(tag: &str) -> &'static str {
    match tag {
        "DA" => "line,hits",
        "BRDA" => "line,block,branch,taken",
        "FN" => "line,name",
        "FNDA" => "hits,name",
        "FNL" => "index,line",
        "FNA" => "index,hits,name",
        _ => "count",
    }
}
