//! Reading that may take long, or never end, as of a pipe to which nobody writes.

use tokio::sync::oneshot;

use crate::error::CommandError;

/// Runs this where it does not hold up the runtime, so that Ctrl-C still works.
///
/// # Errors
///
/// Its own, or the system refuses a thread.
pub async fn on_a_thread<T: Send + 'static>(read: impl FnOnce() -> Result<T, CommandError> + Send + 'static) -> Result<T, CommandError> {
    let (tell, told) = oneshot::channel();
    let thread = std::thread::Builder::new().name("read".to_owned()).spawn(move || {
        // Fails if the command was interrupted and nobody waits any more.
        let _ = tell.send(read());
    });
    thread.map_err(anyhow::Error::from)?;
    told.await.map_err(anyhow::Error::from)?
}
