//! Bytes as the image of a history.
#![no_main]

use unentropy_fuzz::history;

libfuzzer_sys::fuzz_target!(|data: &[u8]| history::opened(data));
