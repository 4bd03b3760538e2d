//! Bytes as a benchmark report.
#![no_main]

use unentropy_fuzz::bench;

libfuzzer_sys::fuzz_target!(|data: &[u8]| bench::report(data));
