//! `retry`: starts the next round, perhaps with corrected items. The call names the round that it leaves, so that a
//! repeated call does not start another.

use std::path::PathBuf;

use clap::Args;
use headway_core::JobStatus;
use reqwest::Method;
use serde::Deserialize;
use uuid::Uuid;

use super::act;
use crate::bar::Bar;
use crate::client::{Client, ClientError, Patience};
use crate::context::Context;
use crate::corrected_rows::{Changes, CorrectedRows, NewValue, Rewritten};
use crate::cut::Part;
use crate::error::{CommandError, Stopped};
use crate::exit::Exit;
use crate::follow;
use crate::input::{Delimiter, Format, NamedEncoding, Source};
use crate::job::JobView;
use crate::records::Records;

/// How many items are corrected in a call, and the bytes of its body.
const ROWS_PER_CALL_MAX: usize = 2_000;
const BYTES_PER_CALL_MAX: usize = 1_000_000;

/// The job to retry.
#[derive(Debug, Args)]
pub struct Retry {
    /// The job's id
    id: Uuid,
    /// A file of corrected items: rows of `failures --columns items` with changed cells, or lines `{"index": 17, "item": …}`.
    /// Failed items that are not in it, or not changed, run again as they were
    #[arg(long = "with", value_name = "FILE")]
    with: Option<PathBuf>,
    /// The file's format [default: by its extension]
    #[arg(long, requires = "with")]
    format: Option<Format>,
    /// The delimiter of CSV: one character, or tab [default: ,]
    #[arg(long, value_name = "C", value_parser = Delimiter::parse, requires = "with")]
    delimiter: Option<Delimiter>,
    /// The file's encoding, such as windows-1252 [default: UTF-8, or UTF-16 if it begins with a byte-order mark]
    #[arg(long, value_name = "NAME", value_parser = NamedEncoding::parse, requires = "with")]
    encoding: Option<NamedEncoding>,
    /// What to do with cells that look as if a spreadsheet had rewritten them, such as 00123 as 123, 12.5 as 12,5 or 2026-11-24
    /// as 24.11.26. Without it such a file is refused
    #[arg(long, value_enum, requires = "with")]
    rewritten: Option<Rewritten>,
    /// Replace new values that failed items have already, from the page or from somebody else, also by rows that were not
    /// changed. Without it they stay, and a file with other values for these items is refused
    #[arg(long, requires = "with")]
    replace: bool,
}

impl Retry {
    /// Starts the job's next round.
    ///
    /// # Errors
    /// As [`Client::call`]; a job that has not ended, or has nothing to retry, refuses. Errors of the file come before
    /// anything is sent.
    pub async fn run(self, context: &Context) -> Result<Exit, CommandError> {
        let rows = self.corrected_rows()?;
        let client = context.client()?;
        let id = self.id.to_string();
        let correcting = self.correct(context, &client, &id, rows);
        let (round, changes) = follow::or_interrupt(correcting, || self.not_retried(&id)).await?;
        let call = client.post(&["jobs", &id, "retry"]).json(format!("{{\"round\":{round}}}").into());
        let told = follow::act(context, &client, ("retry", &id), client.job(&call)).await?;
        changes.iter().for_each(|changes| context.out.note(&said(changes)));
        act::show(context.out, &told)?;
        if !told.view.sealed {
            context.out.note(&format!("the job accepts parts again: {}", context.command(&["submit", "FILE", "--continue", &id])));
        }
        Ok(Exit::Ok)
    }

    /// The error after Ctrl-C before the retry was requested. Some items may have got their new values.
    fn not_retried(&self, id: &str) -> Stopped {
        let again = if self.with.is_some() { "; some items may have their new values: the same command again sets all" } else { "" };
        let what = format!("interrupted; job {id} is not retried{again}");
        Stopped::interrupted(what, Some(id), Vec::new())
    }

    /// Gives the items their new values. Returns the round that they failed in, and what was changed.
    async fn correct(
        &self,
        context: &Context,
        client: &Client,
        id: &str,
        rows: Option<CorrectedRows>,
    ) -> Result<(u64, Option<Changes>), CommandError> {
        let job = client.job(&client.get(&["jobs", id])).await?.view;
        let round = job.round;
        let Some(rows) = rows else { return Ok((round, None)) };
        if let Some(what) = not_correctable(context, &job) {
            return Err(anyhow::anyhow!(what).into());
        }
        let failed = Records::read(client, id, "failures", &mut Bar::new(context.out)).await?;
        let changes = rows.changes(&failed, self.rewritten, self.replace)?;
        // Before anything is sent, so that a wrong file can still be seen.
        told(&changes).into_iter().for_each(|line| context.out.note(&line));
        let conditions = [("round", round.to_string()), ("replace", self.replace.to_string())];
        send(client, id, &changes.values, &conditions).await.map_err(|unsent| {
            let kept = (unsent.before > 0).then(|| still_kept(unsent.before, changes.values.len()));
            explained(unsent.of_file(&rows, &changes.values), context, id, kept)
        })?;
        Ok((round, Some(changes)))
    }

    fn corrected_rows(&self) -> Result<Option<CorrectedRows>, CommandError> {
        let Some(file) = &self.with else { return Ok(None) };
        let source = Source::of(file, self.format, self.delimiter, self.encoding).map_err(CommandError::Usage)?;
        CorrectedRows::read(source).map(Some)
    }
}

/// A call with new values that failed, after as many values had been accepted.
struct Unsent {
    error: ClientError,
    before: usize,
}

impl Unsent {
    /// The error about the lines of the file, where the server names those of the call.
    fn of_file(self, rows: &CorrectedRows, values: &[NewValue]) -> CommandError {
        let Unsent { mut error, before } = self;
        if let ClientError::Refused(refusal) = &mut error
            && let Some(problem) = &mut refusal.problem
        {
            for entry in &mut problem.errors {
                let place = entry.pointer.strip_prefix('/').and_then(|place| place.parse::<usize>().ok());
                let line = place.and_then(|place| rows.line_of(values.get(before + place)?.index));
                if let (Some(line), Some((_, detail))) = (line, entry.detail.strip_prefix("line ").and_then(|rest| rest.split_once(": "))) {
                    (entry.pointer, entry.detail) = (String::new(), format!("line {line} of the file: {detail}"));
                }
            }
        }
        error.into()
    }
}

/// The answer to new values.
#[derive(Deserialize)]
struct Corrected {
    corrected: usize,
}

/// What is left of a file that was refused in the middle.
fn still_kept(before: usize, all: usize) -> String {
    format!(
        "{before} of its {all} new values had been accepted before, and the next retry runs them: give the corrected file with --replace"
    )
}

/// Gives the items their new values. Safe to repeat.
async fn send(client: &Client, id: &str, values: &[NewValue], conditions: &[(&str, String); 2]) -> Result<(), Unsent> {
    let query = conditions.each_ref().map(|(name, value)| (*name, value.as_str()));
    let (mut ndjson, mut rows) = (Vec::new(), 0);
    for (place, NewValue { index, item }) in values.iter().enumerate() {
        ndjson.extend_from_slice(format!("{{\"index\":{index},\"item\":").as_bytes());
        // A line break in an item is white space between its tokens, never inside a text.
        ndjson.extend(item.get().bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
        ndjson.extend_from_slice(b"}\n");
        rows += 1;
        if rows == ROWS_PER_CALL_MAX || ndjson.len() >= BYTES_PER_CALL_MAX || place + 1 == values.len() {
            let packed = Part { ndjson: std::mem::take(&mut ndjson), ..Part::default() }.pack();
            let call = client.request(Method::PATCH, &["jobs", id, "items"], &query).part(packed.body, packed.gzip);
            let before = place + 1 - rows;
            let unsent = |error| Unsent { error, before };
            let answer = client.call(&call.patience(Patience::LONG)).await.map_err(unsent)?;
            let Corrected { corrected } = answer.json().map_err(|error| unsent(ClientError::Answer(error)))?;
            if corrected != rows {
                return Err(unsent(ClientError::OtherCount { sent: rows, told: corrected }));
            }
            rows = 0;
        }
    }
    Ok(())
}

/// Why no item of the job can get a new value now.
fn not_correctable(context: &Context, job: &JobView) -> Option<String> {
    let id = job.id.as_str();
    if job.status == JobStatus::Cancelled {
        return Some(format!("job {id} was cancelled, and such a job is not retried: submit the corrected rows as a new job"));
    }
    if job.status.is_terminal() {
        return None;
    }
    let remedy = match job.paused {
        true => format!("resume it first: {}", context.command(&["resume", id])),
        false => format!("wait for its end: {}", context.command(&["watch", id])),
    };
    Some(format!("job {id} has not ended, and items get new values only then; {remedy}"))
}

/// If somebody else corrects the job too, or some values were accepted: what can be done.
fn explained(error: CommandError, context: &Context, id: &str, kept: Option<String>) -> CommandError {
    let advised = |error: CommandError, advice: Vec<String>| if advice.is_empty() { error } else { error.unfinished(id, advice) };
    let CommandError::Client(ClientError::Refused(refusal)) = &error else { return advised(error, kept.into_iter().collect()) };
    let problem = refusal.problem.as_ref();
    let is_taken = problem.is_some_and(|problem| problem.errors.iter().any(|entry| entry.detail.contains("another new value already")));
    let is_retried = problem.is_some_and(|problem| problem.is("round-differs") || problem.is("job-not-ended"));
    let advice = match (is_taken, is_retried) {
        (true, _) => vec![
            "somebody else has corrected these items, or you did before: nothing was retried".to_owned(),
            format!("to run the new values that they have: {}", context.command(&["retry", id])),
            "to run this file's values instead: the same command with --replace".to_owned(),
        ],
        (_, true) => vec![
            "somebody has retried the job meanwhile, so the values of this file were not all used".to_owned(),
            format!("when it has ended, download the failures again: {}", context.command(&["failures", id, "--columns", "items"])),
        ],
        _ => kept.into_iter().collect(),
    };
    advised(error, advice)
}

/// The columns with changed cells, a line for each.
fn told(changes: &Changes) -> Vec<String> {
    let columns = changes.columns.words().map(|columns| format!("changed cells:\n  {columns}"));
    columns.iter().flat_map(|columns| columns.lines()).map(str::to_owned).collect()
}

fn said(changes: &Changes) -> String {
    let (corrected, failed) = (changes.values.len() as u64, changes.failed);
    let rest = match (corrected, failed - corrected) {
        (0, 1) => "the row was not changed: the failed item runs again as it was".to_owned(),
        (0, _) => format!("no row was changed: all {failed} failed items run again as they were"),
        (1, 0) => "the failed item runs again with its new value".to_owned(),
        (_, 0) => format!("all {failed} failed items run again with their new values"),
        (_, rest) => {
            let runs = if corrected == 1 { "runs again with its new value" } else { "run again with their new values" };
            let were = if rest == 1 { "it was" } else { "they were" };
            format!("{corrected} of {failed} failed items {runs}, the other {rest} as {were}")
        }
    };
    match changes.kept {
        0 => rest,
        1 => format!("{rest}, but 1 with the new value that it got before"),
        kept => format!("{rest}, but {kept} with the new values that they got before"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_again_is_said() {
        let value = |index| NewValue { index, item: serde_json::value::RawValue::NULL.to_owned() };
        for (corrected, failed, kept, words) in [
            (0, 1, 0, "the row was not changed: the failed item runs again as it was"),
            (0, 3, 1, "no row was changed: all 3 failed items run again as they were, but 1 with the new value that it got before"),
            (2, 2, 0, "all 2 failed items run again with their new values"),
            (1, 2, 0, "1 of 2 failed items runs again with its new value, the other 1 as it was"),
            (
                2,
                5,
                2,
                "2 of 5 failed items run again with their new values, the other 3 as they were, but 2 with the new values that they got before",
            ),
        ] {
            let changes = Changes { values: (0..corrected).map(value).collect(), failed, kept, ..Changes::default() };
            assert_eq!(said(&changes), words);
        }
    }
}
