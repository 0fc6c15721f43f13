#![no_main]

libfuzzer_sys::fuzz_target!(|data: &str| headway_fuzz::job_token(data));
