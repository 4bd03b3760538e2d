//! Bytes as a command's output.
#![no_main]

use unentropy_fuzz::words;

libfuzzer_sys::fuzz_target!(|data: &[u8]| words::printed(data));
