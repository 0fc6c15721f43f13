//! What a file's job would cost on AWS, calculated from the bytes of the file.

use headway_core::prices::{self, Load};

use crate::survey::Survey;

/// The cost in US dollars. The survey must have packed the parts. `output_bytes` is the size of an item's output; without it, it is what
/// is known of the processor.
#[must_use]
pub fn usd(survey: &Survey, processor: &str, ms_per_item: f64, output_bytes: Option<u32>) -> String {
    let Survey { items, bytes, chunks, packed_bytes, .. } = *survey;
    let output_bytes = match output_bytes {
        // How well they compress is not known.
        Some(bytes) => items * u64::from(bytes),
        None => prices::output_bytes(processor, packed_bytes),
    };
    let load = Load { items, bytes, packed_bytes, chunks, parts: survey.parts.len() as u64, ms_per_item, output_bytes };
    prices::decimal(load.usd())
}
