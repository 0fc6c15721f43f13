//! `cancel`, `pause` and `resume`: one call each, safe to repeat, answered with the job.

use clap::Args;
use uuid::Uuid;

use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::follow;
use crate::job::FetchedJob;
use crate::out::Out;

/// The job to act on.
#[derive(Debug, Args)]
pub struct Act {
    /// The job's id
    id: Uuid,
}

impl Act {
    /// Makes the call `verb` for the job.
    ///
    /// # Errors
    ///
    /// As [`crate::client::Client::call`]; a job that has ended refuses.
    pub async fn run(self, context: &Context, verb: &str) -> Result<Exit, CommandError> {
        let client = context.client()?;
        let id = self.id.to_string();
        let call = client.post(&["jobs", &id, verb]);
        let told = follow::act(context, &client, (verb, &id), client.job(&call)).await?;
        show(context.out, &told)?;
        Ok(Exit::Ok)
    }
}

/// Prints the job.
pub(super) fn show(out: Out, told: &FetchedJob) -> Result<(), CommandError> {
    if out.json {
        out.json_line(&told.body)?;
    } else {
        out.line(&format!("{}  {}: {}", told.view.id, told.view.status_words(), told.view.counts()))?;
    }
    Ok(())
}
