//! Bytes as the JSON of `llvm-cov export`.
#![no_main]

use unentropy::collect::coverage::CoverageFormat;
use unentropy_fuzz::coverage;

libfuzzer_sys::fuzz_target!(|data: &[u8]| coverage::named(CoverageFormat::Llvm, data));
