//! Bytes as a history, configurations, measurements and facts to judge by.
#![no_main]

use unentropy_fuzz::gate;

libfuzzer_sys::fuzz_target!(|data: &[u8]| gate::judged(data));
