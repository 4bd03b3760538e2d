//! Bytes as paths and the beginning of a file.
#![no_main]

use unentropy_fuzz::loc;

libfuzzer_sys::fuzz_target!(|data: &[u8]| loc::detected(data));
