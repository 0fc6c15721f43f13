//! `watch`: follows a job to its end. It need not have been submitted by this command.

use std::time::Duration;

use clap::Args;
use tokio::sync::watch;
use uuid::Uuid;

use crate::bar::Bar;
use crate::context::Context;
use crate::duration;
use crate::error::{CommandError, Stopped};
use crate::exit::Exit;
use crate::follow;
use crate::job::JobView;

/// With a shorter `--timeout` one look is enough, and it may take its time: nothing is known before.
const FOLLOWED_MIN: Duration = Duration::from_secs(1);
/// How long that look may take.
const LOOK_MAX: Duration = Duration::from_secs(10);

/// The job to follow, and for how long.
#[derive(Debug, Args)]
pub struct Watch {
    /// The job's id
    id: Uuid,
    /// Stop following after this time, with exit code 124; the job continues. With less than a second it is looked at once
    #[arg(long, value_name = "TIME", value_parser = duration::parse)]
    timeout: Option<Duration>,
}

impl Watch {
    /// Follows the job.
    ///
    /// # Errors
    /// As [`crate::client::Client::call`], or [`Stopped`].
    pub async fn run(self, context: &Context) -> Result<Exit, CommandError> {
        let client = context.client()?;
        let id = self.id.to_string();
        let mut bar = Bar::new(context.out);
        let (seen, mut looked) = watch::channel(None);
        let following = follow::to_end(context, &client, &id, &mut bar, &seen, |told| {
            if context.out.json {
                context.out.json_line_if_read(&told.body)?;
            }
            Ok(())
        });
        let ended = match self.timeout {
            None => Ok(following.await),
            Some(limit) => {
                // A job that has ended is told in the moment of the first look.
                let until = async {
                    tokio::time::sleep(limit).await;
                    if limit < FOLLOWED_MIN {
                        let _ = tokio::time::timeout(LOOK_MAX, looked.wait_for(Option::is_some)).await;
                    }
                };
                tokio::select! {
                    biased;
                    ended = following => Ok(ended),
                    () = until => Err(limit),
                }
            }
        };
        bar.clear();
        match ended {
            // An error before the first look says nothing of the job, not even that there is one.
            Ok(Err(CommandError::Unfinished { cause, .. })) if seen.borrow().is_none() => Err(*cause),
            Ok(told) => Ok(follow::ending(context, &told?.view)),
            Err(limit) => Err(timed_out(context, &id, seen.borrow().as_ref(), limit).into()),
        }
    }
}

fn timed_out(context: &Context, id: &str, seen: Option<&JobView>, limit: Duration) -> Stopped {
    let limit = duration::show(limit);
    let what = match seen {
        None => format!("the server has not told anything of job {id} within {limit}"),
        Some(job) if job.status.is_terminal() => format!("job {id} {}", follow::goes_on(seen)),
        Some(_) => format!("job {id} has not ended within {limit}; it {}", follow::goes_on(seen)),
    };
    Stopped { exit: Exit::Timeout, what, job_id: Some(id.to_owned()), advice: follow::next_commands(context, id, seen, None) }
}
