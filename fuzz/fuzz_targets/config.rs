//! Bytes as a configuration's text.
#![no_main]

use unentropy_fuzz::configuration;

libfuzzer_sys::fuzz_target!(|data: &[u8]| configuration::checked(data));
