//! Files that the command reads: CSV, NDJSON and JSON. Every item it gives is JSON of a size that a job takes.

#![no_main]

use std::io::Cursor;

use headway::limits::ITEM_BYTES_MAX;
use headway_local::input::{Format, items};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let Some((format, file)) = data.split_first() else { return };
    let format = [Format::Csv, Format::Ndjson, Format::Json][usize::from(format % 3)];
    let Ok(mut items) = items(Cursor::new(file.to_vec()), format) else { return };
    let mut item = Vec::new();
    while let Ok(true) = items.next(&mut item) {
        assert!(item.len() <= ITEM_BYTES_MAX);
        if let Err(error) = serde_json::from_slice::<Value>(&item) {
            panic!("{format:?}: {error}: {}", String::from_utf8_lossy(&item));
        }
    }
});
