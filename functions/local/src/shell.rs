//! Runs a command of the user in a shell, without waiting for it at the end of the process.

use std::io::{self, Read as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::oneshot;

/// A running command. It is killed when this is dropped, if it still writes.
struct Running(Arc<Mutex<Child>>);

impl Drop for Running {
    fn drop(&mut self) {
        // While its thread waits for its end, it has closed its output and ends by itself.
        if let Ok(mut child) = self.0.try_lock() {
            let _ = child.kill();
        }
    }
}

/// How the command ended, and what it wrote. The user sees its stderr. Its stdin is not the process's own, which may contain items.
///
/// # Errors
///
/// The shell cannot be run.
pub async fn output(command: &str) -> io::Result<(ExitStatus, Vec<u8>)> {
    let mut shell = Command::new("sh");
    let mut child = shell.arg("-c").arg(command).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut stdout = child.stdout.take().ok_or_else(|| io::Error::other("the shell has no output"))?;
    let running = Running(Arc::new(Mutex::new(child)));
    let child = Arc::clone(&running.0);
    let (ended, end) = oneshot::channel();
    // A thread of the runtime's own would keep the process from ending.
    thread::Builder::new().name("shell".to_owned()).spawn(move || {
        let mut output = Vec::new();
        let read = stdout.read_to_end(&mut output);
        let status = child.lock().unwrap_or_else(PoisonError::into_inner).wait();
        let _ = ended.send(read.and(status).map(|status| (status, output)));
    })?;
    end.await.map_err(io::Error::other)?
}
