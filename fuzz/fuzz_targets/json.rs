//! Bytes as a JSON pointer, a NUL and a JSON file.
#![no_main]

use unentropy_fuzz::words;

libfuzzer_sys::fuzz_target!(|data: &[u8]| words::value_of_json(data));
