//! A fuzzer chooses what strangers send: see `storagerent_tests::hostile`.

#![no_main]

use storagerent_tests::hostile::{Target, guided};

libfuzzer_sys::fuzz_target!(|chosen: &[u8]| guided(Target::File, chosen));
