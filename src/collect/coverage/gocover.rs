//! Go's cover profiles: `mode: set`, then a line for each block of statements, as `go test -coverprofile` and
//! `go tool covdata textfmt` write them. Only reads; what a measurement means is decided in `measure`.
//!
//! With `-coverpkg` each package's tests list all blocks again, and profiles are joined by writing one behind the other: a block
//! is known by its place, and was run when any of its entries was. A block has as many statements as it says; its
//! lines are those from its first to its last, except that a block without statements has no lines.

use super::kind::{CoverageKind, Summary};
use super::measure::{Coverage, Line, Unit};
use super::number::{digits, hits, whole};
use super::probe::Probe;
use super::{AT_A_TIME, CoverageFormat, apart, excerpt, path, refuse_at};
use crate::error::Result;
use memchr::{memchr, memrchr};
use std::collections::HashMap;

const MODE: &[u8] = b"mode:";

/// Whether a profile's first line is there.
pub(super) fn recognises(probe: &Probe<'_>) -> bool {
    probe.text.strip_prefix(MODE).is_some_and(|rest| {
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        matches!(rest[..end].trim_ascii(), b"set" | b"count" | b"atomic")
    })
}

/// Reads a whole profile.
pub(super) fn read(text: &[u8], name: &str) -> Result<Coverage> {
    let mut profile = Profile::default();
    let plain_blocks = apart::<fn(&mut Profile<'_>, &[u8], usize) -> usize>(plain_blocks);
    let mut at = 0;
    while at < text.len() {
        let next = plain_blocks(&mut profile, text, at);
        if next > at {
            at = next;
            continue;
        }
        let end = memchr(b'\n', &text[at..]).map(|length| at + length);
        let line = text[at..end.unwrap_or(text.len())].trim_ascii();
        if end.is_none() && !line.is_empty() {
            // Go ends every line; what else would be missing cannot be seen.
            let cause = format!("the file ends within the line `{}`: it is cut off", excerpt(line));
            return Err(refuse_at(name, text, at, &cause));
        }
        if !line.is_empty() && !line.starts_with(MODE) {
            let Some((source, block)) = block(line) else {
                let cause = format!(
                    "expected a block as in `example.com/m/a.go:3.10,5.2 1 0`, found `{}`",
                    excerpt(line)
                );
                return Err(refuse_at(name, text, at, &cause));
            };
            profile.enter(source);
            profile.add(block);
        }
        at = end.unwrap_or(text.len()) + 1;
    }
    profile.finish(text, name)
}

/// Takes blocks of the file that is being read without anything unusual about them, as far as they go but not forever;
/// the offset behind them.
#[inline(never)]
fn plain_blocks(profile: &mut Profile<'_>, text: &[u8], mut at: usize) -> usize {
    let source = profile.source;
    for _ in 0..AT_A_TIME {
        let Some((block, next)) = plain_block(text, at, source) else { break };
        profile.add(block);
        at = next;
    }
    at
}

/// A block of `source` at an offset, and the offset behind it.
#[inline(always)]
fn plain_block(text: &[u8], at: usize, source: &[u8]) -> Option<(Block, usize)> {
    let colon = at + source.len();
    if source.is_empty() || text.get(colon) != Some(&b':') || text[at..colon] != *source {
        return None;
    }
    let (line, at) = digits(text, colon + 1)?;
    let (column, at) = digits(text, behind(text, at, b'.')?)?;
    let (end_line, at) = digits(text, behind(text, at, b',')?)?;
    let (end_column, at) = digits(text, behind(text, at, b'.')?)?;
    let (statements, at) = digits(text, behind(text, at, b' ')?)?;
    let (hits, at) = digits(text, behind(text, at, b' ')?)?;
    let at = behind(text, at, b'\n')?;
    Some((Block { line, column, end_line: end_line.max(line), end_column, statements, hits }, at))
}

#[inline(always)]
fn behind(text: &[u8], at: usize, byte: u8) -> Option<usize> {
    (text.get(at) == Some(&byte)).then_some(at + 1)
}

/// `name.go:line.column,line.column statements count`: read from its end, because a name may hold anything.
fn block(line: &[u8]) -> Option<(&[u8], Block)> {
    let (rest, count) = cut_last(line, b' ')?;
    let (rest, statements) = cut_last(rest.trim_ascii_end(), b' ')?;
    let (source, place) = cut_last(rest.trim_ascii_end(), b':')?;
    let comma = memchr(b',', place)?;
    let point = |place: &[u8]| {
        let dot = memchr(b'.', place)?;
        Some((whole(&place[..dot])?, whole(&place[dot + 1..])?))
    };
    let (line, column) = point(&place[..comma])?;
    let (end_line, end_column) = point(&place[comma + 1..])?;
    let (statements, hits) = (whole(statements)?, hits(count)?);
    let block = Block { line, column, end_line: end_line.max(line), end_column, statements, hits };
    (!source.trim_ascii().is_empty()).then_some((source, block))
}

fn cut_last(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    memrchr(at, text).map(|found| (&text[..found], &text[found + 1..]))
}

/// A block of statements, from its first to its last character.
#[derive(Clone, Copy)]
struct Block {
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    statements: u32,
    hits: u32,
}

impl Block {
    fn place(&self) -> (u32, u32, u32, u32) {
        (self.line, self.column, self.end_line, self.end_column)
    }
}

/// The blocks of one file.
#[derive(Default)]
struct File {
    blocks: Vec<Block>,
    /// How many there were when they were last made unique.
    unique: usize,
}

impl File {
    /// Makes one of the blocks of each place.
    fn settle(&mut self) {
        if !self.blocks.is_sorted_by(|a, b| a.place() < b.place()) {
            self.blocks.sort_unstable_by_key(Block::place);
            self.blocks.dedup_by(|later, kept| {
                let same = later.place() == kept.place();
                if same {
                    kept.hits = kept.hits.saturating_add(later.hits);
                    kept.statements = kept.statements.max(later.statements);
                }
                same
            });
        }
        self.unique = self.blocks.len();
    }
}

/// The profile as far as it has been read.
#[derive(Default)]
struct Profile<'a> {
    files: Vec<File>,
    names: HashMap<&'a [u8], usize>,
    /// The file that the last block was in.
    source: &'a [u8],
    current: usize,
}

impl<'a> Profile<'a> {
    fn enter(&mut self, source: &'a [u8]) {
        if source != self.source {
            self.source = source;
            self.current = *self.names.entry(source).or_insert(self.files.len());
            if self.current == self.files.len() {
                self.files.push(File::default());
            }
        }
    }

    #[inline(always)]
    fn add(&mut self, block: Block) {
        const FEW: usize = 1024;
        let Some(file) = self.files.get_mut(self.current) else { return };
        // Memory follows the blocks that there are, however often a profile lists each.
        if file.blocks.len() > 2 * file.unique + FEW {
            file.settle();
        }
        file.blocks.push(block);
    }

    fn finish(mut self, text: &[u8], name: &str) -> Result<Coverage> {
        // A block claims lines by two numbers: more of them than any real profile has are no measurement, and would
        // take memory without end.
        let mut room = 10_000_000 + 20 * text.len() as u64;
        let mut coverage = Coverage::default();
        for (source, index) in self.names {
            let file = &mut self.files[index];
            file.settle();
            let mut lines = Vec::with_capacity(file.blocks.len() * 2);
            let mut statements = Vec::with_capacity(file.blocks.len());
            for block in &file.blocks {
                if block.statements == 0 {
                    continue;
                }
                statements.push(Unit {
                    kind: CoverageKind::Statement,
                    start: (block.line, block.column),
                    end: (block.end_line, block.end_column),
                    weight: block.statements,
                    hits: block.hits,
                });
                let count = u64::from(block.end_line - block.line) + 1;
                room = room.checked_sub(count).ok_or_else(|| {
                    let cause = format!(
                        "expected blocks of lines of source code, found one of {count} lines in `{}`",
                        excerpt(source)
                    );
                    refuse_at(name, text, offset(text, source), &cause)
                })?;
                lines.extend((block.line..=block.end_line).map(|number| Line { number, hits: block.hits }));
            }
            *file = File::default();
            let source = coverage.source(path::normalise(&String::from_utf8_lossy(source)));
            source.add_lines(&lines);
            source.add_units(CoverageFormat::Gocover, &mut statements);
        }
        Ok(coverage.finish(name, &Summary::default()))
    }
}

/// Where a part of a text begins in it.
fn offset(text: &[u8], part: &[u8]) -> usize {
    part.as_ptr().addr().saturating_sub(text.as_ptr().addr())
}
