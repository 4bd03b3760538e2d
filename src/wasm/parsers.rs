//! The exports of `parsers.wasm`: reports of coverage and lines of code, out of files that the host reads
//! straight into the module's memory.

use super::{JsResult, from_js, throw, to_js};
use crate::collect::coverage::locate::FileList;
use crate::collect::measurement::{self, ReportFile, ReportQuestion};
use crate::collect::{bench, loc};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str =
    r#"import type { FileList, OpenReport, ReportAnswer, ReportFile, ReportQuestion } from "../types.js";"#;

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

/// One run's report files.
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

    #[wasm_bindgen(unchecked_return_type = "OpenReport[]")]
    pub fn open(
        &mut self,
        length: usize,
        #[wasm_bindgen(unchecked_param_type = "ReportFile[]")] files: JsValue,
    ) -> JsResult {
        let files: Vec<ReportFile> = from_js(files, "the list of files")?;
        to_js(&self.inner.open(self.room.bytes(length), &files))
    }

    pub fn place(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "FileList")] list: JsValue,
    ) -> JsResult<()> {
        let list: FileList = from_js(list, "the repository's files")?;
        self.inner.place(list);
        Ok(())
    }

    #[wasm_bindgen(unchecked_return_type = "ReportAnswer[]")]
    pub fn answer(
        &mut self,
        length: usize,
        #[wasm_bindgen(unchecked_param_type = "ReportFile[]")] files: JsValue,
        #[wasm_bindgen(unchecked_param_type = "ReportQuestion[]")] questions: JsValue,
    ) -> JsResult {
        let files: Vec<ReportFile> = from_js(files, "the list of files")?;
        let questions: Vec<ReportQuestion> = from_js(questions, "the list of questions")?;
        to_js(&self.inner.answer(self.room.bytes(length), &files, &questions))
    }
}

/// Of files that a pattern or a directory gave, those that `bench` reads.
#[wasm_bindgen(js_name = benchFiles)]
pub fn bench_files(paths: Vec<String>) -> Vec<String> {
    bench::wanted(paths)
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

    #[wasm_bindgen(js_name = detectContents)]
    pub fn detect_contents(&self, codes: &[u16], lengths: &[u32]) -> Vec<u16> {
        self.0.detect_contents(codes, lengths)
    }

    #[wasm_bindgen(js_name = addAll)]
    pub fn add_all(&mut self, languages: &[u16], lengths: &[u32]) -> JsResult<Vec<u8>> {
        self.0.add_all(languages, lengths).map_err(throw)
    }

    pub fn take(&mut self) -> Vec<f64> {
        self.0.take().to_numbers()
    }
}

/// Code lines by language name, from what the threads' counters gave.
#[wasm_bindgen(js_name = codeLines, unchecked_return_type = "[language: string, lines: number][]")]
pub fn code_lines(numbers: &[f64]) -> JsResult {
    let rows = loc::Tally::from_numbers(numbers).by_language();
    to_js(&rows.iter().map(|row| (row.language, row.counts.code)).collect::<Vec<_>>())
}
