#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| superposed_corpus::fuzz::store_row(data));
