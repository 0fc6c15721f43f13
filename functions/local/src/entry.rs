//! The process, from its command line to its exit code.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{Arg, ColorChoice, CommandFactory as _, FromArgMatches as _};

use crate::cli::Cli;
use crate::colors;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::interrupt;
use crate::out::visible;
use crate::problem::Problem;
use crate::report::{Report, error_label};

/// Parses the command line, runs the command on a tokio runtime, and reports its result.
#[must_use]
pub fn main() -> ExitCode {
    let Cli { globals, command } = match parse() {
        Ok(cli) => cli,
        Err(exit) => return ExitCode::from(exit as u8),
    };
    let json = globals.json;
    if let Some(name) = variable_without_text(std::env::vars_os()) {
        return report(&CommandError::Usage(format!("the variable {name} is not text (UTF-8): correct it, or unset it")), json);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(&CommandError::Other(error.into()), json),
    };
    let context = Context::new(globals);
    let ended = runtime.block_on(async {
        interrupt::survive_file_limit().map_err(anyhow::Error::from)?;
        command.run(&context).await
    });
    // Reading stdin or running a token command may never return. It must not keep the process from ending.
    runtime.shutdown_background();
    match ended {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(error) if error.reader_left() => ExitCode::SUCCESS,
        Err(error) => report(&error, json),
    }
}

/// Reads the command line. Help, version and usage errors are printed here.
fn parse() -> Result<Cli, Exit> {
    let words: Vec<OsString> = std::env::args_os().collect();
    let color = if colors::choose(colors::asked(&words)) { ColorChoice::Always } else { ColorChoice::Never };
    let mut command = Cli::command().color(color).mut_subcommands(|verb| verb.mut_args(told_negative_numbers));
    let matches = command.try_get_matches_from_mut(&words);
    let parsed = matches.and_then(|matches| Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command)));
    parsed.map_err(|error| {
        if !error.use_stderr() {
            return printed(error.print());
        }
        let text = error.render().to_string();
        let detail = text.trim().trim_start_matches("error: ");
        // It repeats words of the command line, which may contain control characters.
        say(&if words.iter().any(|word| word == "--json") {
            visible(&Problem::usage(detail).line())
        } else {
            format!("{} {}", error_label(), visible(detail))
        });
        Exit::Usage
    })
}

/// An option whose own parser says what is wrong with `-1`. Otherwise it is taken for an unknown option.
fn told_negative_numbers(option: Arg) -> Arg {
    let has_value = option.get_action().takes_values();
    option.allow_negative_numbers(has_value)
}

/// A variable of Headway's whose value is not text. It would be read as if it were not set, so a command would go to
/// another server, or without a token.
fn variable_without_text(mut variables: impl Iterator<Item = (OsString, OsString)>) -> Option<String> {
    let is_ours = |name: &OsString| name.as_encoded_bytes().starts_with(b"HEADWAY_");
    let wrong = variables.find(|(name, value)| is_ours(name) && value.to_str().is_none());
    wrong.map(|(name, _)| name.to_string_lossy().into_owned())
}

/// The exit code after help or the version was printed. It is not an error if the reader of stdout has gone away.
fn printed(written: std::io::Result<()>) -> Exit {
    match written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            say(&format!("error: cannot write to stdout: {error}"));
            Exit::Error
        }
        _ => Exit::Ok,
    }
}

fn report(error: &CommandError, json: bool) -> ExitCode {
    let report = Report::of(error);
    say(&report.text(json));
    ExitCode::from(report.exit as u8)
}

fn say(text: &str) {
    // If even stderr is closed, nothing can be said.
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt as _;

    use super::*;

    #[test]
    fn a_variable_that_is_not_text_does_not_count_as_not_set() {
        let of = |name: &str, value: &[u8]| variable_without_text([(name.into(), OsString::from_vec(value.to_vec()))].into_iter());
        assert_eq!(of("HEADWAY_URL", b"http://\xff/").as_deref(), Some("HEADWAY_URL"));
        assert_eq!((of("HEADWAY_URL", b"http://a/"), of("PATH", b"\xff")), (None, None));
    }
}
