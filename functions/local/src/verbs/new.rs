//! `new`: writes a project of one's own.

use std::path::{Path, PathBuf};

use clap::Args;
use headway_core::counted;

use crate::context::{Context, shell_words};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::new::{Language, Name, Source, project};

/// The directory, the language, and where Headway's source is.
#[derive(Debug, Args)]
pub struct New {
    /// The directory to create. Its last part becomes the project's name
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// The language of the processor
    #[arg(long, value_enum, default_value_t = Language::Rust)]
    lang: Language,
    /// Headway's source: a checkout, or the address of a Git repository [default: the checkout that built this command]
    #[arg(long, value_name = "PATH|GIT")]
    source: Option<String>,
}

impl New {
    /// Writes the project and says what to do next.
    ///
    /// # Errors
    ///
    /// The name or the source cannot be used, the directory is in use, or it cannot be written.
    pub fn run(self, context: &Context) -> Result<Exit, CommandError> {
        let name = Name::of(&self.directory).map_err(|error| CommandError::Usage(error.to_string()))?;
        let source = Source::choose(self.source.as_deref()).map_err(|error| CommandError::Usage(error.to_string()))?;
        let created = project::write(&self.directory, self.lang, &name, &source).map_err(anyhow::Error::from)?;
        if context.out.json {
            context.out.line(&serde_json::json!({ "created": texts(&created) }).to_string())?;
            return Ok(Exit::Ok);
        }
        context.out.line(&format!("Created {name} in {}: {}", self.directory.display(), counted(created.len() as u64, "file")))?;
        context.out.line(&format!("Headway's source is {source}; README.md says where else it may be"))?;
        let enter = shell_words(&["cd", &self.directory.to_string_lossy()]);
        context.out.line(&format!("Next: {enter} && make test && make serve"))?;
        Ok(Exit::Ok)
    }
}

fn texts(paths: &[PathBuf]) -> Vec<std::borrow::Cow<'_, str>> {
    paths.iter().map(|path: &PathBuf| Path::to_string_lossy(path)).collect()
}
