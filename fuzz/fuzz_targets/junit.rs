//! Bytes as test results of any format.
#![no_main]

use unentropy_fuzz::junit;

libfuzzer_sys::fuzz_target!(|data: &[u8]| junit::results(data));
