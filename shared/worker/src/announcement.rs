//! A worker announces its processors when it starts.

use headway_core::cupboard::Cupboard;
use headway_core::known::{self, TooLarge};
use headway_core::{JobError, ProcessorInfo, Processors, error_chain};
use headway_schema::Sandbox;

/// Processors with which no job can be started: the worker does not start, so that whoever deploys it learns of it.
#[derive(Debug, thiserror::Error)]
pub enum AnnouncementError {
    /// Some have a `paramsSchema` that is not a JSON Schema, or not one that is checked in time.
    #[error("{}", .0.join("; "))]
    ParamsSchemas(Vec<String>),
    /// They cannot be kept for the API.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

/// Announces them to the API, if it does not know them yet. If the table cannot be reached, this is only logged: callers cannot use
/// a new processor yet, and those that are known already continue to run.
///
/// # Errors
///
/// [`AnnouncementError`].
pub async fn announce(cupboard: &dyn Cupboard, processors: &Processors) -> Result<(), AnnouncementError> {
    let infos = processors.infos();
    known::can_be_kept(&infos)?;
    let known = match known::announced(cupboard).await {
        Ok(known) => known,
        Err(error) => {
            not_announced(&error);
            Vec::new()
        }
    };
    if infos == known {
        return Ok(());
    }
    let is_new = |info: &&ProcessorInfo| !known.iter().any(|known| known.params_schema == info.params_schema);
    let new = infos.iter().filter(is_new).map(|info| (info.name.as_str(), &info.params_schema));
    let unusable = Sandbox::global().unusable(new).await;
    if !unusable.is_empty() {
        return Err(AnnouncementError::ParamsSchemas(unusable));
    }
    if let Err(error) = known::put_announced(cupboard, &infos).await {
        not_announced(&error);
    }
    Ok(())
}

fn not_announced(error: &JobError) {
    tracing::error!(error = error_chain(error), "this worker's processors could not be announced to the api");
}
