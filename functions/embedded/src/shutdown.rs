//! Waits until the process is told to stop.

use tokio::sync::watch;

/// Returns when the value becomes true, or when nobody can change it any more.
pub async fn until(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
