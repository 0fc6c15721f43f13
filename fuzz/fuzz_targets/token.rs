#![no_main]

libfuzzer_sys::fuzz_target!(|data: &str| headway_fuzz::token(data));
