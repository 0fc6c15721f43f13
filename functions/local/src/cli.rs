//! What can be typed. Each verb's own options stand beside its code.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::context::Context;
use crate::exit::Exit;
use crate::problem::Problem;
use crate::verbs::{
    act, completions, delete, doctor, estimate, failures, list, parts, processors, results, retry, status, submit, token, watch,
};

/// Background jobs with exact progress: run them here, submit to them, follow them.
///
/// Without --url or HEADWAY_URL the server is http://127.0.0.1:7070, and the token is made from this machine's
/// development key. Tokens come from HEADWAY_TOKEN, --token-file or HEADWAY_TOKEN_COMMAND.
///
/// Exit codes: 0 ok, 1 other errors, 2 usage, 3 server not reached, 4 not allowed, 5 the job failed, 6 the job was
/// cancelled, 124 --timeout, 130 Ctrl-C.
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

/// Options of every command.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Globals {
    /// The server's address [env: HEADWAY_URL] [default: http://127.0.0.1:7070]
    #[arg(long, global = true, value_name = "URL")]
    pub url: Option<String>,
    /// A file that holds the token
    #[arg(long, global = true, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Print JSON on stdout, and errors as one problem object on stderr
    #[arg(long, global = true)]
    pub json: bool,
    /// Print nothing but data and errors
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// When to use colours; NO_COLOR is heeded
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: ColorWhen,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run everything in one process
    Serve(ServeArgs),
    /// Submit a file of items as a job, and follow it to its end
    Submit(submit::Submit),
    /// Follow a job to its end
    Watch(watch::Watch),
    /// Show where a job stands
    Status(status::Status),
    /// List jobs, newest first
    List(list::List),
    /// End a job as Cancelled, now
    Cancel(act::Act),
    /// Hold a job
    Pause(act::Act),
    /// Let a held job go on
    Resume(act::Act),
    /// Run an ended job's failed and pending items again
    Retry(retry::Retry),
    /// Forget an ended job
    Delete(delete::Delete),
    /// Show which items failed, and why
    Failures(failures::Failures),
    /// Print the outputs
    Results(results::Results),
    /// Show a job's ledger
    Parts(parts::Parts),
    /// Show what jobs can be started with
    Processors(processors::ListProcessors),
    /// Reckon what a job would cost on AWS; nothing is sent
    Estimate(estimate::Estimate),
    /// Make a token for a local server
    Token(token::MakeToken),
    /// Check the configuration, and say what to mend
    ///
    /// This machine and the server, or a deployment: with --stack, or where HEADWAY_TABLE names a table. Nothing is changed.
    Doctor(doctor::Doctor),
    /// Print a shell's completion script
    Completions(completions::Completions),
}

/// Options of `serve`.
#[derive(Clone, Debug, Args)]
pub struct ServeArgs {
    /// Where to listen. Not on loopback: only with HEADWAY_AUTH=jwks
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7070")]
    pub listen: SocketAddr,
    /// Where to keep the data
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Keep nothing beyond the process
    #[arg(long, conflicts_with = "data")]
    pub memory: bool,
    /// The global `--json`: the ready line and logs are JSON.
    #[arg(skip)]
    pub json: bool,
}

/// Reads the process's command line. Help and version are printed here, as are mistakes.
///
/// # Errors
/// What to exit with at once.
pub fn parse() -> Result<Cli, Exit> {
    let words: Vec<OsString> = std::env::args_os().collect();
    Cli::try_parse_from(&words).map_err(|error| {
        if !error.use_stderr() {
            // A closed stdout: nobody reads the help.
            let _ = error.print();
            return Exit::Ok;
        }
        if words.iter().any(|word| word == "--json") {
            let text = error.render().to_string();
            eprintln!("{}", Problem::usage(text.trim().trim_start_matches("error: ")).line());
        } else {
            let _ = error.print();
        }
        Exit::Usage
    })
}

impl Command {
    /// Does what was asked for.
    ///
    /// # Errors
    /// Of the verb; [`crate::exit::code`] tells what to exit with.
    pub async fn run(self, context: &Context) -> anyhow::Result<Exit> {
        match self {
            Command::Serve(args) => {
                crate::serve::run(&ServeArgs { json: context.out.json, ..args }).await?;
                Ok(Exit::Ok)
            }
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
            Command::Completions(verb) => verb.run(context),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
