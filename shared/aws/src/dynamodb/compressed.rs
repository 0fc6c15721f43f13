//! Compressed JSON: records of a chunk resemble each other, and every kilobyte is a write unit.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;

use headway_core::error::Cause;

pub(super) fn compressed(records: &impl Serialize) -> Result<Vec<u8>, Cause> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&serde_json::to_vec(records)?)?;
    Ok(encoder.finish()?)
}

pub(super) fn uncompressed<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Cause> {
    let mut inflated = Vec::new();
    DeflateDecoder::new(bytes).read_to_end(&mut inflated)?;
    Ok(serde_json::from_slice(&inflated)?)
}
