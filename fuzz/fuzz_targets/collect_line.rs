//! Bytes as an `@collect` line.
#![no_main]

use unentropy_fuzz::words;

libfuzzer_sys::fuzz_target!(|data: &[u8]| words::line(data));
