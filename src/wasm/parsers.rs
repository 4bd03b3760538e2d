//! The exports of `parsers.wasm`: coverage reports and lines of code, out of files that the host reads
//! straight into the module's memory.

use super::{JsResult, throw, to_js};
use crate::collect::coverage::{CoverageFormat, CoverageKind};
use crate::collect::{loc, measurement};
use crate::error::{Code, Error};
use wasm_bindgen::prelude::*;

/// Room inside the module that the host reads files into, without a copy on the way.
#[derive(Default)]
struct Room(Vec<u8>);

impl Room {
    fn reserve(&mut self, length: usize) -> *mut u8 {
        if self.0.len() < length {
            // Growing by copying would move bytes that nobody reads again.
            self.0 = Vec::new();
            // Whenever wasm's memory grows the host may collect its garbage, hundreds of times while a
            // large report becomes measurements: the room that those take, about as much again, is
            // asked for at once and the half that is not the file's given back to the allocator.
            let _ = self.0.try_reserve_exact(length.saturating_mul(2));
            self.0.resize(length, 0);
            self.0.shrink_to_fit();
        }
        self.0.as_mut_ptr()
    }

    fn bytes(&self, length: usize) -> &[u8] {
        &self.0[..length.min(self.0.len())]
    }
}

/// One run's coverage files.
#[wasm_bindgen]
pub struct Measurement {
    inner: measurement::Measurement,
    room: Room,
}

#[wasm_bindgen]
impl Measurement {
    #[wasm_bindgen(constructor)]
    pub fn new(root: &str) -> Self {
        Self { inner: measurement::Measurement::new(root), room: Room::default() }
    }

    pub fn reserve(&mut self, length: usize) -> *mut u8 {
        self.room.reserve(length)
    }

    #[wasm_bindgen(js_name = hasCoverage)]
    pub fn has_coverage(&self, path: &str, format: Option<String>) -> bool {
        self.inner.has_coverage(path, format_of(format.as_deref()))
    }

    #[wasm_bindgen(js_name = addCoverage)]
    pub fn add_coverage(&mut self, path: &str, format: Option<String>, length: usize) {
        self.inner.add_coverage(path, format_of(format.as_deref()), self.room.bytes(length));
    }

    #[wasm_bindgen(js_name = coverageSources)]
    pub fn coverage_sources(&self, paths: Vec<String>, format: Option<String>) -> JsResult<Vec<String>> {
        self.inner.coverage_sources(&paths, format_of(format.as_deref())).map_err(throw)
    }

    pub fn coverage(
        &self,
        paths: Vec<String>,
        of: &str,
        format: Option<String>,
        fallback: Option<f64>,
        keep: Option<Vec<String>>,
    ) -> JsResult<f64> {
        let of = CoverageKind::ALL.into_iter().find(|kind| kind.name() == of).unwrap_or(CoverageKind::Line);
        let format = format_of(format.as_deref());
        self.inner.coverage(&paths, of, format, fallback, keep).map_err(throw)
    }
}

/// Formats cross as the names that the engine itself gave out.
fn format_of(name: Option<&str>) -> Option<CoverageFormat> {
    name.and_then(CoverageFormat::from_name)
}

/// The line counter of one thread.
#[wasm_bindgen]
pub struct LineCounter(loc::Intake);

#[wasm_bindgen]
impl LineCounter {
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self(loc::Intake::new())
    }

    pub fn reserve(&mut self, length: usize) -> *mut u8 {
        self.0.reserve(length).as_mut_ptr()
    }

    pub fn detect(&self, paths: &str) -> Vec<u16> {
        loc::detect_many(paths)
    }

    #[wasm_bindgen(js_name = detectContent)]
    pub fn detect_content(&self, code: u16, length: usize) -> u16 {
        self.0.detect_content(code, length).map_or(loc::Detection::Unknown.to_code(), loc::LanguageId::index)
    }

    pub fn add(&mut self, language: u16, length: usize) -> JsResult<u8> {
        let Some(language) = loc::LanguageId::from_index(language) else {
            return Err(throw(Error::new(Code::Internal, format!("there is no language {language}"))));
        };
        Ok(match self.0.add(language, length).map_err(throw)? {
            Ok(()) => 0,
            Err(loc::Uncountable::Binary) => 1,
            Err(_) => 2,
        })
    }

    pub fn take(&mut self) -> Vec<f64> {
        self.0.take().to_numbers()
    }
}

/// Code lines by language name, from what the threads' counters gave.
#[wasm_bindgen(js_name = codeLines)]
pub fn code_lines(numbers: &[f64]) -> JsResult {
    let rows = loc::Tally::from_numbers(numbers).by_language();
    to_js(&rows.iter().map(|row| (row.language, row.counts.code)).collect::<Vec<_>>())
}
