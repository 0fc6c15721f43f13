//! Under `headway serve` a worker ends with its server. On Lambda nothing tells a worker of its end.

use std::io;
use std::net::TcpStream;
use std::thread;

use headway_core::config;
use rustix::process::{Signal, kill_current_process_group};

/// Ends this process, and all that it started, as soon as the server has ended, however that ended and whatever an item does
/// here: the next server runs the same items again.
///
/// The server gave the process a group of its own. It holds a connection to the server, on which neither sends anything: the system
/// closes it when the server's process is gone.
///
/// # Errors
///
/// The server cannot be reached, or the system refuses a thread.
pub(crate) fn end_with_server() -> io::Result<()> {
    let Some(url) = config::optional(config::HEADWAY_LOOPBACK_AWS) else { return Ok(()) };
    let mut server = TcpStream::connect(host_and_port(&url))?;
    thread::Builder::new().name("server's end".to_owned()).spawn(move || {
        // Nothing is expected; what comes all the same does not close it, and neither does a signal.
        let _ = io::copy(&mut server, &mut io::sink());
        // It kills this process, too, unless the system forbids it.
        let _ = kill_current_process_group(Signal::KILL);
    })?;
    Ok(())
}

/// `127.0.0.1:40123` of `http://127.0.0.1:40123/…`.
fn host_and_port(url: &str) -> &str {
    let rest = url.strip_prefix("http://").unwrap_or(url);
    rest.split('/').next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_what_is_before_the_path() {
        for (url, expected) in [("http://127.0.0.1:40123/0f0f", "127.0.0.1:40123"), ("http://127.0.0.1:1", "127.0.0.1:1")] {
            assert_eq!(host_and_port(url), expected);
        }
    }
}
