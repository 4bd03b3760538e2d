//! Bytes as a language and a file in it.
#![no_main]

use unentropy_fuzz::loc;

libfuzzer_sys::fuzz_target!(|data: &[u8]| loc::counted(data));
