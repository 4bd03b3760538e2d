//! Bytes as an lcov trace file.
#![no_main]

use unentropy::collect::coverage::Format;
use unentropy_fuzz::coverage;

libfuzzer_sys::fuzz_target!(|data: &[u8]| coverage::named(Format::Lcov, data));
