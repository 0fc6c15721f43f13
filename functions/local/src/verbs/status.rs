//! `status`: shows a job once.

use clap::Args;
use headway_core::counted_are;
use uuid::Uuid;

use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::job::JobView;
use crate::out::printable;

/// The job to show.
#[derive(Debug, Args)]
pub struct Status {
    /// The job's id
    id: Uuid,
}

impl Status {
    /// Shows the job.
    ///
    /// # Errors
    /// As [`crate::client::Client::call`].
    pub async fn run(self, context: &Context) -> Result<Exit, CommandError> {
        let client = context.client()?;
        let told = client.job(&client.get(&["jobs", &self.id.to_string()])).await?;
        if context.out.json {
            context.out.json_line(&told.body)?;
        } else {
            context.out.lines(&page(&told.view))?;
        }
        Ok(Exit::Ok)
    }
}

fn page(job: &JobView) -> String {
    let mut lines = vec![("job", job.id.clone())];
    lines.extend(job.title.clone().map(|title| ("title", title)));
    lines.extend([
        ("status", job.status_words()),
        ("progress", job.progress_words()),
        ("counts", job.counts()),
        ("processor", format!("{}, round {}", job.processor, job.round)),
        ("submitted", job.created_at.clone()),
    ]);
    if job.rounds.len() > 1 {
        lines.extend(job.rounds.iter().map(|round| ("", format!("round {}: {}", round.round, round.words()))));
    } else if job.corrected_items > 0 {
        lines.push(("", format!("{} corrected: the next retry runs the new values", counted_are(job.corrected_items, "failed item"))));
    }
    lines.extend(job.items_per_second.filter(|rate| *rate > 0.0).map(|rate| ("rate", format!("{rate} items/s"))));
    lines.extend(job.waiting_words().into_iter().map(|words| ("waiting", words)));
    lines.extend(job.cost.as_ref().map(|cost| ("cost", format!("{}${}", if cost.estimated { "about " } else { "" }, cost.usd))));
    lines.extend(job.completed_at.clone().map(|at| ("ended", at)));
    lines.extend(job.callback_words().map(|words| ("told", words)));
    lines.extend(job.error_message.clone().map(|message| ("error", message)));
    lines.iter().map(|(name, value)| format!("{name:<10} {}", printable(value))).collect::<Vec<_>>().join("\n")
}
