//! Bytes as edits of a history's image.
#![no_main]

use unentropy_fuzz::history;

libfuzzer_sys::fuzz_target!(|data: &[u8]| history::edited(data));
