//! The command line. Each command's own options are in its own file.

use clap::{CommandFactory as _, Parser, Subcommand};

use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::globals::Globals;
use crate::serve::{self, ServeArgs};
use crate::verbs::{
    act, completions, delete, doctor, estimate, failures, list, new, parts, processors, results, retry, status, submit, token, watch,
};

/// Background jobs with exact progress: run the server, submit jobs, follow them.
///
/// Without --url or HEADWAY_URL the server is http://127.0.0.1:7070, and the token is made with this machine's
/// development key. Otherwise the token comes from --token-file, HEADWAY_TOKEN or HEADWAY_TOKEN_COMMAND.
///
/// Exit codes: 0 success, 1 other errors, 2 wrong usage, 3 server not reached, 4 not allowed, 5 the job failed, 6 the
/// job was cancelled, 124 --timeout, 130 Ctrl-C.
#[derive(Debug, Parser)]
#[command(name = "headway", version, disable_help_subcommand = true)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub globals: Globals,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run everything in one process
    Serve(ServeArgs),
    /// Create a project of your own: a processor, its test, and all that runs and deploys it
    New(new::New),
    /// Submit a file of items as a job, and follow it to its end
    Submit(submit::Submit),
    /// Follow a job to its end
    Watch(watch::Watch),
    /// Show a job's status and counts
    Status(status::Status),
    /// List jobs, newest first
    List(list::List),
    /// Cancel a job
    Cancel(act::Act),
    /// Pause a job
    Pause(act::Act),
    /// Resume a paused job
    Resume(act::Act),
    /// Run an ended job's failed and pending items again
    Retry(retry::Retry),
    /// Delete an ended job
    Delete(delete::Delete),
    /// Show which items failed, and why
    Failures(failures::Failures),
    /// Print the outputs
    Results(results::Results),
    /// Show a job's parts
    Parts(parts::Parts),
    /// List the processors that jobs can use
    Processors(processors::ListProcessors),
    /// Estimate what a job would cost on AWS; nothing is sent
    Estimate(estimate::Estimate),
    /// Create a token for a server on this machine
    Token(token::MakeToken),
    /// Check the configuration, and say what to correct
    ///
    /// Checks this machine and the server; with --stack, or if HEADWAY_TABLE is set, a deployment. Nothing is changed.
    Doctor(doctor::Doctor),
    /// Print a completion script for a shell
    Completions(completions::Completions),
}

impl Command {
    /// Runs the command.
    ///
    /// # Errors
    ///
    /// The command's error; [`crate::report`] has the exit code for it.
    pub async fn run(self, context: &Context) -> Result<Exit, CommandError> {
        match self {
            Command::Serve(args) => {
                serve::run(&ServeArgs { json: context.out.json, ..args }).await?;
                Ok(Exit::Ok)
            }
            Command::New(verb) => verb.run(context),
            Command::Submit(verb) => verb.run(context).await,
            Command::Watch(verb) => verb.run(context).await,
            Command::Status(verb) => verb.run(context).await,
            Command::List(verb) => verb.run(context).await,
            Command::Cancel(verb) => verb.run(context, "cancel").await,
            Command::Pause(verb) => verb.run(context, "pause").await,
            Command::Resume(verb) => verb.run(context, "resume").await,
            Command::Retry(verb) => verb.run(context).await,
            Command::Delete(verb) => verb.run(context).await,
            Command::Failures(verb) => verb.run(context).await,
            Command::Results(verb) => verb.run(context).await,
            Command::Parts(verb) => verb.run(context).await,
            Command::Processors(verb) => verb.run(context).await,
            Command::Estimate(verb) => verb.run(context).await,
            Command::Token(verb) => verb.run(context),
            Command::Doctor(verb) => verb.run(context).await,
            Command::Completions(verb) => verb.run(context, &mut Cli::command()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
