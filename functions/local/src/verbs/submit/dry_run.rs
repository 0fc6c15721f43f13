//! `submit --dry-run`: everything is checked and nothing is made.

use headway_core::counted;
use headway_core::prices::MS_PER_ITEM_DEFAULT;
use reqwest::Method;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::Submit;
use super::body::IDEMPOTENCY_KEY;
use super::first_items;
use super::starting::Prepared;
use crate::bar::Bar;
use crate::client::{ClientError, Patience};
use crate::context::Context;
use crate::cost;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::follow;
use crate::input::{InputError, Source};

/// What a job costs, by the bytes of the file, and how long its items take if each takes [`MS_PER_ITEM_DEFAULT`].
#[derive(Serialize)]
struct Estimate {
    usd: String,
    seconds: f64,
}

/// The server's answer to a valid job.
#[derive(Deserialize)]
struct Valid {
    #[serde(rename = "chunks")]
    _chunks: IgnoredAny,
}

/// What would be made.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Plan {
    items: u64,
    bytes: u64,
    skipped_rows: u64,
    parts: usize,
    chunks: u64,
    chunk_size: u16,
    estimate: Estimate,
    /// What is probably wrong with the file's columns, the params, and the first items.
    warnings: Vec<String>,
}

impl Submit {
    /// Checks the file and the options, and prints what would be made.
    pub(super) async fn plan(&self, context: &Context, source: &Source) -> Result<Exit, CommandError> {
        let client = context.client()?;
        let mut bar = Bar::new(context.out);
        let prepared = follow::or_interrupt(self.prepare(context, &client, source, &mut bar), super::before_start).await;
        bar.clear();
        let Prepared { opened, survey, items_per_chunk_max: chunk_size, body, faults, warnings, schema, .. } = prepared?;
        let mut call = client.request(Method::POST, &["jobs"], &[("validateOnly", "true")]).json(body).patience(Patience::FIRST_CALL);
        if let Some(key) = &self.idempotency_key {
            call = call.header(IDEMPOTENCY_KEY, key.clone());
        }
        // First what the server says of the schema itself.
        client.call(&call).await?.json::<Valid>().map_err(ClientError::Answer)?;
        if faults.iter().any(|fault| fault.fails_every_row) {
            let words: Vec<String> = faults.into_iter().map(|fault| fault.words).collect();
            return Err(InputError::File(words.join("\n  ")).of_file(opened.name()).into());
        }
        let of_columns = faults.into_iter().map(|fault| format!("{}: {}", opened.name(), fault.words));
        let mut warnings: Vec<String> = of_columns.chain(warnings).collect();
        if let Some(schema) = schema {
            warnings.extend(first_items::warning(&opened, schema).await?);
        }
        let usd = cost::usd(&survey, self.job.processor.as_deref().unwrap_or_default(), MS_PER_ITEM_DEFAULT, None);
        let estimate = Estimate { usd, seconds: survey.items as f64 * MS_PER_ITEM_DEFAULT / 1_000.0 };
        let plan = Plan {
            items: survey.items,
            bytes: survey.bytes,
            skipped_rows: survey.skipped_rows,
            parts: survey.parts.len(),
            chunks: survey.chunks,
            chunk_size,
            estimate,
            warnings,
        };
        if context.out.json {
            context.out.json_line(&serde_json::to_vec(&plan).map_err(anyhow::Error::from)?)?;
        } else {
            context.out.lines(&plan.words())?;
            plan.warnings.iter().for_each(|warning| context.out.note(warning));
            self.job.tolerance_note(self.canary.of(survey.items).is_some()).into_iter().for_each(|note| context.out.note(note));
            context.out.note(match plan.warnings.as_slice() {
                [] => "the file and the options are valid; no job was created",
                _ => "apart from that the file and the options are valid; no job was created",
            });
        }
        Ok(Exit::Ok)
    }
}

impl Plan {
    fn words(&self) -> String {
        let Plan { items, bytes, parts, chunks, chunk_size, estimate: Estimate { usd, seconds }, .. } = self;
        let (items, bytes) = (counted(*items, "item"), counted(*bytes, "byte"));
        let (parts, chunks) = (counted(*parts as u64, "part"), counted(*chunks, "chunk"));
        let most = counted(u64::from(*chunk_size), "item");
        format!(
            "{items}, {bytes}, in {parts} and {chunks} of at most {most}\n\
             about ${usd} on AWS, and {seconds} s of work, if an item takes {MS_PER_ITEM_DEFAULT} ms (`headway estimate` takes other times, and outputs)"
        )
    }
}
