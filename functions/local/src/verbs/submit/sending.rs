//! Sending a file to its job: perhaps the first items alone, then all of it, and the seal.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::sync::Arc;

use headway_core::{JobStatus, counted};

use super::Submit;
use super::canary::Trial;
use super::starting::Started;
use crate::bar::Bar;
use crate::client::{Client, ClientError, Patience};
use crate::context::Context;
use crate::error::{CommandError, Stopped};
use crate::follow::{self, Follower};
use crate::job::{FetchedJob, JobView};
use crate::sent_rows::SentRows;
use crate::server_part::ServerPart;
use crate::upload::Upload;

impl Submit {
    /// Sends everything and seals the job. Ctrl-C and errors say how to continue. If the job ends meanwhile, that is
    /// not an error here: following it shows the end.
    pub(super) async fn send(
        &self,
        context: &Context,
        client: &Arc<Client>,
        started: Started,
        bar: &mut Bar,
    ) -> Result<FetchedJob, CommandError> {
        let Started { told, opened, survey, items_per_chunk_max, cuts, first, is_new } = started;
        let id = told.view.id.clone();
        let (client, survey, sent_rows) = (Arc::clone(client), Arc::new(survey), Arc::new(SentRows::of(&id)));
        let upload = Upload { client, job_id: id.clone(), opened, survey, items_per_chunk_max, cuts, sent_rows };
        let client = &upload.client;
        let next_commands = || follow::next_commands(context, &id, None, Some(self.continuing(context, &id)));
        let (arrived, all) = (Cell::new(0), upload.survey.items);
        let (was_sealed, from_before, goes_on) = (told.view.sealed, told.view.total_items, follow::goes_on(Some(&told.view)));
        let stopped = || {
            let what = match was_sealed {
                true => format!("interrupted; job {id} {goes_on}"),
                false => self.unsent(&id, arrived.get().max(from_before), all),
            };
            Stopped::interrupted(what, Some(&id), next_commands())
        };
        let has_ended = told.view.status.is_terminal();
        let sending = async {
            if (was_sealed || has_ended) && upload.survey.sha256.is_some() {
                // The key is for exactly these items: there is nothing to compare, and nothing to send.
                return Ok(Some(told));
            }
            let told = match first.filter(|_| !told.view.sealed && !has_ended) {
                Some(first) if is_new || is_trial_open(&upload, &told, first, &arrived).await? => {
                    match self.canary.try_first(context, &upload, first, &arrived, bar, next_commands()).await? {
                        Trial::GoOn => told,
                        Trial::No => return Ok(None),
                        Trial::Ended(told) => return Ok(Some(*told)),
                    }
                }
                _ => told,
            };
            upload_all(&upload, told, is_new, &arrived, bar).await.map(Some)
        };
        let sent = match follow::or_interrupt(sending, &stopped).await {
            Ok(Some(told)) => Ok(told),
            Ok(None) => self.canary.cancel(context, &upload, bar).await,
            Err(error) => Err(error),
        };
        let sent = match sent {
            Err(error) if error.is_problem("job-ended") => {
                let call = client.get(&["jobs", &id]).patience(Patience::LONG);
                follow::or_interrupt(async { Ok(client.job(&call).await?) }, &stopped).await
            }
            sent => sent,
        };
        match sent {
            Ok(told) if is_closed_early(&told.view, all) => {
                let what = CommandError::Differs(format!(
                    "somebody sealed the job when {} of the file's {all} items had arrived, so the rest cannot be sent: submit the other items as a \
                     job of their own",
                    told.view.total_items
                ));
                Err(what.unfinished(&id, follow::next_commands(context, &id, None, None)))
            }
            Err(error) if is_new && error.is_refusal() => Err(withdraw(context, &upload, error).await),
            Err(error) if has_ended && error.is_refusal() => Err(error),
            // The same file would be refused again.
            Err(error) if error.is_refusal() => Err(error.unfinished(&id, follow::next_commands(context, &id, None, None))),
            sent => sent.map_err(|error| error.unfinished(&id, next_commands())),
        }
    }
}

/// True if the job gets no more items, though the file has more.
fn is_closed_early(job: &JobView, items: u64) -> bool {
    job.sealed && job.total_items < items && job.status != JobStatus::Cancelled
}

/// Uploads and seals, and shows the job's progress meanwhile.
async fn upload_all(
    upload: &Upload,
    told: FetchedJob,
    is_new: bool,
    arrived: &Cell<u64>,
    bar: &mut Bar,
) -> Result<FetchedJob, CommandError> {
    let uploading = async {
        if told.view.sealed && told.view.total_items != upload.survey.items {
            let (there, here) = (told.view.total_items, upload.survey.items);
            return Err(CommandError::Differs(format!(
                "all {there} items of the job have been sent, but the file has {here}: it is a different file"
            )));
        }
        let there = if is_new { Vec::new() } else { compare(upload, &told, arrived).await? };
        let rest = &upload.all() - &numbers(&there);
        let before = arrived.get();
        upload.send(rest, |items| arrived.set(before + items)).await?;
        if told.view.sealed {
            upload.sent_rows.complete();
            return Ok(told);
        }
        Ok(upload.seal().await?)
    };
    let mut follower = Follower::new(&upload.client, &upload.job_id);
    let showing = async {
        // Without an answer there is nothing to show. The upload finds out itself whether that matters.
        while let Ok((told, _)) = follow::wait_showing_retries(&upload.client, bar, follower.next()).await {
            bar.show(&told.view, Some(arrived.get()), upload.client.held_up_by().as_deref());
        }
        std::future::pending().await
    };
    tokio::select! {
        sealed = uploading => sealed,
        never = showing => never,
    }
}

/// True if nothing after the first items was sent before, so that the question is still open.
async fn is_trial_open(upload: &Upload, told: &FetchedJob, first: u64, arrived: &Cell<u64>) -> Result<bool, CommandError> {
    Ok(compare(upload, told, arrived).await?.iter().all(|part| part.end() <= first))
}

/// The parts that the job has. All of them must be the same in this file, and the file as long as at first, before anything
/// else is sent: the parts of two files would not make one job.
async fn compare(upload: &Upload, told: &FetchedJob, arrived: &Cell<u64>) -> Result<Vec<ServerPart>, CommandError> {
    let there = upload.check_places().await?;
    upload.send(numbers(&there), |items| arrived.set(items)).await?;
    match told.view.expected_items {
        Some(expected) if expected != upload.survey.items => Err(CommandError::Differs(format!(
            "{}: the job was started with a file of {}, and this one has {}: give the same file as at first, or start a new job",
            upload.opened.name(),
            counted(expected, "item"),
            upload.survey.items
        ))),
        _ => Ok(there),
    }
}

fn numbers(parts: &[ServerPart]) -> BTreeSet<u32> {
    parts.iter().map(|part| part.part).collect()
}

/// Deletes a new job that accepted no items, so that a refused submission leaves no job behind. Adds to the error what became of the job.
async fn withdraw(context: &Context, upload: &Upload, error: CommandError) -> CommandError {
    let (client, id) = (&upload.client, upload.job_id.as_str());
    let is_cancelled = Cell::new(false);
    let taking_back = async {
        if client.job(&client.get(&["jobs", id])).await?.view.total_items > 0 {
            return Ok(false);
        }
        client.job(&client.post(&["jobs", id, "cancel"])).await?;
        is_cancelled.set(true);
        client.delete(id).await?;
        Ok::<bool, ClientError>(true)
    };
    match taking_back.await {
        Ok(true) => {
            upload.sent_rows.forget();
            error.deleted(id)
        }
        _ if is_cancelled.get() => error.cancelled(id, vec![format!("delete:   {}", context.command(&["delete", id]))]),
        // The same file would be refused again.
        _ => error.unfinished(id, follow::next_commands(context, id, None, None)),
    }
}
