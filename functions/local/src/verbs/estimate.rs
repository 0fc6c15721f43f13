//! `estimate`: what a file's job would cost on AWS, calculated here from the price list. Nothing is sent.

use std::path::PathBuf;

use clap::Args;
use headway_core::counted;
use headway_core::limits::{FUNCTION_TIMEOUT_MAX, ITEMS_PER_CHUNK_MAX, OUTPUT_BYTES_MAX};
use headway_core::prices;

use crate::context::Context;
use crate::cost;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::input::{Delimiter, Format, NamedEncoding, Source};
use crate::number;
use crate::survey::{Survey, SurveyOptions};

const CHUNK_SIZE_DEFAULT: u16 = 250;

/// What to estimate.
#[derive(Debug, Args)]
pub struct Estimate {
    /// The file of items, `-` for stdin
    file: PathBuf,
    /// The processor. The outputs of json-schema are as large as the items; others have none unless --output-bytes is given
    #[arg(long, value_name = "NAME")]
    processor: String,
    /// How long one item takes, in milliseconds
    #[arg(long, default_value_t = prices::MS_PER_ITEM_DEFAULT, value_name = "MS", value_parser = milliseconds)]
    ms_per_item: f64,
    /// How many bytes an item's output has on average, as JSON
    #[arg(long, value_name = "BYTES", value_parser = number::from_to(0, OUTPUT_BYTES_MAX as u32))]
    output_bytes: Option<u32>,
    /// The file's format [default: by its extension]
    #[arg(long)]
    format: Option<Format>,
    /// The delimiter of CSV: one character, or tab [default: ,]
    #[arg(long, value_name = "C", value_parser = Delimiter::parse)]
    delimiter: Option<Delimiter>,
    /// The file's encoding, such as windows-1252 [default: UTF-8, or UTF-16 if it begins with a byte-order mark]
    #[arg(long, value_name = "NAME", value_parser = NamedEncoding::parse)]
    encoding: Option<NamedEncoding>,
    /// The maximum number of items in a chunk [default: 250]
    #[arg(long, value_name = "N", value_parser = number::from_to(1_u16, ITEMS_PER_CHUNK_MAX as u16))]
    chunk_size: Option<u16>,
}

impl Estimate {
    /// Reads the file and calculates.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or does not fit into a job.
    pub async fn run(self, context: &Context) -> Result<Exit, CommandError> {
        let source = Source::of(&self.file, self.format, self.delimiter, self.encoding).map_err(CommandError::Usage)?;
        let chunk_size = self.chunk_size.unwrap_or(CHUNK_SIZE_DEFAULT);
        let (_, survey) = Survey::of(&source, SurveyOptions { pack: true, ..SurveyOptions::of(chunk_size) }).await?;
        let [items, bytes, chunks, parts] = [survey.items, survey.bytes, survey.chunks, survey.parts.len() as u64];
        let usd = cost::usd(&survey, &self.processor, self.ms_per_item, self.output_bytes);
        if context.out.json {
            let body = format!("{{\"items\":{items},\"bytes\":{bytes},\"chunks\":{chunks},\"parts\":{parts},\"usd\":\"{usd}\"}}");
            context.out.line(&body)?;
        } else {
            context.out.line(&format!(
                "{}, {}, {}, {}: about ${usd}",
                counted(items, "item"),
                counted(bytes, "byte"),
                counted(chunks, "chunk"),
                counted(parts, "part")
            ))?;
            context.out.note(&format!("  {}", prices::SOURCE));
        }
        Ok(Exit::Ok)
    }
}

fn milliseconds(text: &str) -> Result<f64, String> {
    let most = FUNCTION_TIMEOUT_MAX.as_millis();
    match text.parse::<f64>() {
        Ok(ms) if ms > most as f64 => Err(format!("use at most {most}: no Lambda function runs longer")),
        Ok(ms) if ms >= 0.0 => Ok(ms),
        _ => Err(format!("{text:?} is not a number of milliseconds")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_takes_no_longer_than_a_function_runs() {
        for (text, ms) in
            [("0", Some(0.0)), ("1.5", Some(1.5)), ("900000", Some(900_000.0)), ("900001", None), ("1e300", None), ("inf", None)]
        {
            assert_eq!(milliseconds(text).ok(), ms, "{text}");
        }
        for text in ["-5", "NaN", "", "1 s"] {
            assert_eq!(milliseconds(text), Err(format!("{text:?} is not a number of milliseconds")));
        }
    }
}
