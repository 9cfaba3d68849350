#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| superposed_shared::rows::fuzz(data));
