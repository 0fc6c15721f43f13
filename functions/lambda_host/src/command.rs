//! The command line that starts a worker.

use std::path::{Path, PathBuf};

/// A program and its arguments, as a user writes them in one argument: `target/debug/my-jobs --fast`. Words are split as a
/// POSIX shell splits them; nothing is expanded.
///
/// ```
/// use headway_lambda_host::CommandLine;
///
/// let line: CommandLine = "'my jobs' --fast".parse()?;
/// assert_eq!((line.program.as_str(), line.arguments.as_slice()), ("my jobs", ["--fast".to_owned()].as_slice()));
/// assert!("'open".parse::<CommandLine>().is_err());
/// # Ok::<(), headway_lambda_host::CommandLineError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// The program: a path, or a name that is looked up in `PATH`.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
}

/// What is wrong with a command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommandLineError {
    /// There is no word in it.
    #[error("the command is empty: name the worker's program, such as target/debug/my-jobs")]
    Empty,
    /// A quote is not closed, or the line ends with a backslash.
    #[error("a quote is not closed, or nothing follows the last backslash")]
    Unfinished,
}

impl std::str::FromStr for CommandLine {
    type Err = CommandLineError;

    fn from_str(line: &str) -> Result<Self, CommandLineError> {
        let mut words = shlex::split(line).ok_or(CommandLineError::Unfinished)?.into_iter();
        let program = words.next().filter(|program| !program.is_empty()).ok_or(CommandLineError::Empty)?;
        Ok(Self { program, arguments: words.collect() })
    }
}

impl CommandLine {
    /// The file of the program, if it is found.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        if self.program.contains('/') {
            return Some(PathBuf::from(&self.program));
        }
        let directories = std::env::var_os("PATH")?;
        std::env::split_paths(&directories).map(|directory| directory.join(&self.program)).find(|file| file.is_file())
    }

    /// The program's name without its directories.
    pub(crate) fn name(&self) -> &str {
        Path::new(&self.program).file_name().and_then(|name| name.to_str()).unwrap_or(&self.program)
    }
}
