//! Counting for a host that puts files' bytes straight into the engine's memory: one buffer that
//! is used again and again, and the tally of what went through it. Which files, and how they are
//! read, is the host's business.

use super::{Detection, LanguageId, Tally, Uncountable, count, detect_content};
use crate::error::{Code, Error, Result};

/// A buffer to read files into, and the tally of those counted.
#[derive(Debug, Default)]
pub struct Intake {
    buffer: Vec<u8>,
    tally: Tally,
}

impl Intake {
    /// An intake with no buffer yet and nothing counted.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes room for so many bytes and returns them for writing. The address holds until the next
    /// call of `reserve`; bytes already written stay.
    pub fn reserve(&mut self, length: usize) -> &mut [u8] {
        if self.buffer.len() < length {
            self.buffer.resize(length, 0);
        }
        &mut self.buffer
    }

    /// The languages of files whose paths left the questions with these codes open, and whose starts lie one behind the
    /// other in the buffer: a language's number each, or the code of [`Detection::Unknown`].
    pub fn detect_contents(&self, codes: &[u16], lengths: &[u32]) -> Vec<u16> {
        let mut start = 0;
        let language = |(&code, &length): (&u16, &u32)| {
            let head = self.buffer.get(start..start + length as usize)?;
            start += length as usize;
            match Detection::from_code(code) {
                Detection::ByContent(question) => detect_content(question, head),
                Detection::Language(id) => Some(id),
                Detection::Unknown => None,
            }
        };
        let found: Vec<_> = codes.iter().zip(lengths).map(language).collect();
        found.into_iter().map(|id| id.map_or(Detection::Unknown.to_code(), LanguageId::index)).collect()
    }

    /// Counts files that lie one behind the other, each of a language: 0 for one that was counted, 1 for a binary
    /// file, 2 for one that is called a notebook and is none.
    ///
    /// # Errors
    /// `INTERNAL` for a length beyond the buffer and a number without a language.
    pub fn add_all(&mut self, languages: &[u16], lengths: &[u32]) -> Result<Vec<u8>> {
        let mut start = 0;
        let mut reasons = Vec::with_capacity(languages.len());
        for (&index, &length) in languages.iter().zip(lengths) {
            let end = start + length as usize;
            let Some(language) = LanguageId::from_index(index) else {
                return Err(Error::new(Code::Internal, format!("there is no language {index}")));
            };
            let Some(bytes) = self.buffer.get(start..end) else {
                let message = format!("{end} bytes were announced, {} are reserved", self.buffer.len());
                return Err(Error::new(Code::Internal, message));
            };
            start = end;
            reasons.push(match count(language, bytes) {
                Ok(counts) => {
                    self.tally.add(language, counts);
                    0
                }
                Err(Uncountable::Binary) => 1,
                Err(Uncountable::Notebook) => 2,
            });
        }
        Ok(reasons)
    }

    /// What was counted since the start or the last call.
    pub fn take(&mut self) -> Tally {
        std::mem::take(&mut self.tally)
    }
}
