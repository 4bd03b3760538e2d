//! Bytes as builds that are recorded, folded and merged.
#![no_main]

use unentropy_fuzz::rows;

libfuzzer_sys::fuzz_target!(|data: &[u8]| rows::recorded(data));
