#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| headway_fuzz::message(text));
