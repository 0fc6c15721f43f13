//! Harmful endpoints, and what they are sent.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::scripted::{Scripted, Step};
use crate::stack::Stack;

const SECRET: &str = "s3cr3tTokenOfTheDownstream42";
const SECRET_IN_BASE64: &str = "czNjcjN0VG9rZW5PZlRoZURvd25zdHJlYW00Mg";
const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";

/// All running endpoints.
pub(crate) struct Downstreams {
    endpoints: Vec<(&'static str, Scripted)>,
    slow: u16,
    echo: u16,
}

impl Downstreams {
    pub(crate) async fn start() -> Self {
        let text = |text: String| Step::Send(text.into_bytes());
        let scripts = [
            ("silent", vec![Step::Request, Step::Silence]),
            ("flood", vec![Step::Request, text(format!("{HEAD}transfer-encoding: chunked\r\n\r\n")), Step::Flood(b"5\r\n11111\r\n")]),
            ("drip", vec![Step::Request, text(format!("{HEAD}content-length: 1000\r\n\r\n")), Step::Drip(b" ")]),
            ("head", vec![Step::Request, text(HEAD.to_owned()), Step::Flood(b"x: y\r\n")]),
            ("bomb", vec![Step::Request, Step::Send(bomb())]),
            ("reset", vec![Step::Request, text(format!("{HEAD}content-length: 1000\r\n\r\n{{")), Step::Reset]),
            ("wait", vec![Step::Request, text("HTTP/1.1 503 Busy\r\nretry-after: 86400\r\ncontent-length: 0\r\n\r\n".to_owned())]),
            (
                "redirect",
                vec![
                    Step::Request,
                    text("HTTP/1.1 302 There\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n".to_owned()),
                ],
            ),
        ];
        let mut endpoints = Vec::new();
        for (name, script) in scripts {
            endpoints.push((name, Scripted::start(vec![script]).await));
        }
        Self { endpoints, slow: answering(Duration::from_secs(1), false).await, echo: answering(Duration::ZERO, true).await }
    }

    /// The value of `HEADWAY_HTTP_ENDPOINTS`.
    pub(crate) fn configuration(&self) -> String {
        let endpoint = |port: u16| {
            json!({"url": format!("http://127.0.0.1:{port}/"), "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "allowPrivate": true,
                "timeoutSeconds": 5, "headers": {"Authorization": format!("Bearer {SECRET}")}})
        };
        let scripted = self.endpoints.iter().map(|(name, scripted)| (*name, scripted.port));
        // Nobody listens on the discard port.
        let all = scripted.chain([("slow", self.slow), ("echo", self.echo), ("gone", 9)]);
        Value::Object(all.map(|(name, port)| (name.to_owned(), endpoint(port))).collect()).to_string()
    }

    /// In how many of the attackers' lists the secret occurs, as it is or in base64.
    pub(crate) async fn secrets_shown(&self, stack: &Stack) -> usize {
        let mut shown = 0;
        for number in 0..6 {
            let caller = stack.caller(&format!("mallory{number}"));
            let Some((_, page)) = caller.call(Method::GET, "jobs?pageSize=100", "").await else { continue };
            for job in page["jobs"].as_array().into_iter().flatten().filter(|job| job["processor"] == "http") {
                for list in ["failures", "results"] {
                    let path = format!("jobs/{}/{list}", job["id"].as_str().unwrap_or_default());
                    let text = caller.call(Method::GET, &path, "").await.map(|(_, body)| body.to_string()).unwrap_or_default();
                    shown += usize::from(text.contains(SECRET) || text.contains(SECRET_IN_BASE64));
                }
            }
        }
        shown
    }
}

fn bomb() -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![b' '; 50_000_000]).unwrap();
    let body = encoder.finish().unwrap();
    [format!("{HEAD}content-encoding: gzip\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes(), body].concat()
}

/// Answers each request after that time; if it echoes, with everything that it was sent.
async fn answering(after: Duration, echoes: bool) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, after, echoes));
        }
    });
    port
}

async fn answer(mut stream: TcpStream, after: Duration, echoes: bool) {
    let mut asked = vec![0; 16_000];
    let Ok(read) = stream.read(&mut asked).await else { return };
    tokio::time::sleep(after).await;
    let body = if echoes {
        json!({"padding": "x".repeat(200), "told": String::from_utf8_lossy(&asked[..read])}).to_string()
    } else {
        "{}".to_owned()
    };
    // The client may be gone.
    let _ = stream.write_all(format!("{HEAD}connection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes()).await;
}
