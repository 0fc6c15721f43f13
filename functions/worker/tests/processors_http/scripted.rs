//! An endpoint that plays scripts over plain TCP: it sends exactly the bytes that a real one may send, including broken
//! ones.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What the endpoint does next on a connection. After the last step it closes the connection.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Reads a whole request.
    Request,
    /// Reads something, whatever it is.
    Read,
    /// Writes these bytes.
    Send(Vec<u8>),
    /// Writes these bytes again and again, without a pause, until the other side closes.
    Flood(&'static [u8]),
    /// The same with pauses.
    Drip(&'static [u8]),
    /// Does nothing until the other side closes.
    Silence,
    /// Ends the connection with a reset instead of an orderly close.
    Reset,
}

/// Steps on one connection.
pub(crate) type Script = Vec<Step>;

/// A running endpoint.
pub(crate) struct Scripted {
    pub(crate) port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Scripted {
    /// The first connection gets the first script, and so on; all further ones get the last script.
    pub(crate) async fn start(scripts: Vec<Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&requests);
        tokio::spawn(async move {
            for n in 0.. {
                let Ok((stream, _)) = listener.accept().await else { return };
                let script = scripts[n.min(scripts.len() - 1)].clone();
                tokio::spawn(play(stream, script, Arc::clone(&noted)));
            }
        });
        Self { port, requests }
    }

    /// The requests that were read, head and body.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

async fn play(mut stream: TcpStream, script: Script, requests: Arc<Mutex<Vec<String>>>) {
    for step in script {
        match step {
            Step::Request => match read_request(&mut stream).await {
                Some(request) => requests.lock().unwrap().push(request),
                None => return,
            },
            Step::Read => {
                if stream.read(&mut [0; 4_096]).await.is_err() {
                    return;
                }
            }
            Step::Send(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Step::Flood(bytes) => while stream.write_all(bytes).await.is_ok() {},
            Step::Drip(bytes) => {
                while stream.write_all(bytes).await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            Step::Silence => while stream.read(&mut [0; 1_024]).await.is_ok_and(|read| read > 0) {},
            Step::Reset => {
                stream.set_zero_linger().unwrap();
                return;
            }
        }
    }
    let _ = stream.shutdown().await;
    // Unread data would turn the close into a reset.
    while stream.read(&mut [0; 1_024]).await.is_ok_and(|read| read > 0) {}
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).and_then(|length| length.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some(text.into_owned());
            }
        }
        let mut buffer = [0; 4_096];
        let read = stream.read(&mut buffer).await.ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&buffer[..read]);
    }
}
