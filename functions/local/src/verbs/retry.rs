//! `retry`: the next round. The round that is left is named, so that a repeated call starts no second one.

use clap::Args;
use uuid::Uuid;

use super::act;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;

/// Which job to run again.
#[derive(Debug, Args)]
pub struct Retry {
    /// The job's id
    id: Uuid,
}

impl Retry {
    /// Starts the job's next round.
    ///
    /// # Errors
    /// As [`crate::client::Client::call`]; a job that has not ended, or has nothing to retry, refuses.
    pub async fn run(self, context: &Context) -> Result<Exit, CommandError> {
        let client = context.client()?;
        let id = self.id.to_string();
        let now = client.job(&client.get(&["jobs", &id])).await?;
        let body = format!("{{\"round\":{}}}", now.view.round);
        let told = client.job(&client.post(&["jobs", &id, "retry"]).json(body.into())).await?;
        act::show(context.out, &told)?;
        if !told.view.sealed {
            context.out.note(&format!("the job is open for parts again: {}", context.command(&["submit", "FILE", "--continue", &id])));
        }
        Ok(Exit::Ok)
    }
}
