#![no_main]

libfuzzer_sys::fuzz_target!(|body: &[u8]| headway_fuzz::body(body));
