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

    /// The language of the file whose first `length` bytes are in the buffer, where its path left
    /// the question with this code open.
    pub fn detect_content(&self, code: u16, length: usize) -> Option<LanguageId> {
        match Detection::from_code(code) {
            Detection::ByContent(question) => detect_content(question, self.buffer.get(..length)?),
            Detection::Language(id) => Some(id),
            Detection::Unknown => None,
        }
    }

    /// Counts the file that fills the buffer's first `length` bytes. The inner error is a file
    /// without lines; the outer one, `INTERNAL`, is a length beyond the buffer.
    pub fn add(
        &mut self,
        language: LanguageId,
        length: usize,
    ) -> Result<std::result::Result<(), Uncountable>> {
        let Some(bytes) = self.buffer.get(..length) else {
            let message = format!("{length} bytes were announced, {} are reserved", self.buffer.len());
            return Err(Error::new(Code::Internal, message));
        };
        Ok(count(language, bytes).map(|counts| self.tally.add(language, counts)))
    }

    /// What was counted since the start or the last call.
    pub fn take(&mut self) -> Tally {
        std::mem::take(&mut self.tally)
    }
}
