//! `completions`: prints a completion script for a shell.

use clap::Args;
use clap_complete::Shell;

use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;

/// The shell to print for.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    /// Prints the script that completes `command`.
    ///
    /// # Errors
    /// If stdout cannot be written.
    pub fn run(self, context: &Context, command: &mut clap::Command) -> Result<Exit, CommandError> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, command, "headway", &mut script);
        context.out.bytes(&script)?;
        Ok(Exit::Ok)
    }
}
