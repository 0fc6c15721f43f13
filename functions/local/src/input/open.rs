//! Reads the items from a reader, by their format.

use std::io::Read;

use super::csv::CsvItems;
use super::error::InputError;
use super::format::{Format, Reading};
use super::items::Items;
use super::json_array::ArrayItems;
use super::ndjson::NdjsonItems;
use super::text::Text;

/// The items from a reader.
///
/// # Errors
///
/// The first bytes are wrong for the format or the encoding.
pub fn items(reader: impl Read + 'static, reading: &Reading) -> Result<Box<dyn Items>, InputError> {
    let text = Text::new(reader, reading)?;
    Ok(match reading.format {
        Format::Csv => Box::new(CsvItems::new(text, reading.delimiter, reading.record_max)?),
        Format::Ndjson => Box::new(NdjsonItems::new(text, reading.record_max)),
        Format::Json => Box::new(ArrayItems::new(text, reading.record_max)),
    })
}
