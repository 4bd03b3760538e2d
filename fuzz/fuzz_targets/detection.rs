//! Bytes as coverage reports whose format nobody named.
#![no_main]

use unentropy_fuzz::coverage;

libfuzzer_sys::fuzz_target!(|data: &[u8]| coverage::detected(data));
