//! Hostile requests on a real connection: their announced size costs no memory, and an interrupted one leaves nothing
//! behind.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::thread;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::memory::peak_mb;
use headway_testkit::home::{Home, LONG};

/// How many requests are sent at the same time.
const AT_ONCE: usize = 8;
/// How much memory one part may take: as sent, unpacked, and its items.
const PER_REQUEST_MAX_MB: u64 = 20;
/// How much a bomb unpacks to, in bytes: ten times what a request may take.
const BOMB_BYTES: usize = (PER_REQUEST_MAX_MB as usize * 10) << 20;

fn bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let blank = vec![b' '; 1 << 20];
    (0..BOMB_BYTES >> 20).for_each(|_| encoder.write_all(&blank).unwrap());
    encoder.finish().unwrap()
}

/// Sends a request whose length is announced as `promised`; closes the connection if there is a little less. Returns
/// the answer, if any.
pub(crate) fn exchange((url, token): (&str, &str), method: &str, path: &str, headers: &str, promised: usize, body: &[u8]) -> String {
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\nconnection: close\r\n{headers}content-length: {promised}\r\n\r\n",
        token
    );
    stream.write_all(head.as_bytes()).unwrap();
    // A server that has answered already may have stopped reading.
    let _ = stream.write_all(body);
    if body.len() < promised && promised < 1 << 20 {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn hostile_requests_take_limited_memory_and_leave_nothing() {
    const JSON: &str = "content-type: application/json\r\n";
    const PACKED: &str = "content-type: application/x-ndjson\r\ncontent-encoding: gzip\r\n";
    let home = Home::new();
    let server = home.serve(&["--memory"]);
    let open = br#"{"processor":"json-schema","params":{"schema":true},"sealed":false}"#;
    let to = (server.url.as_str(), server.token.as_str());
    let started = exchange(to, "POST", "/v1/jobs", JSON, open.len(), open);
    let job: Value = serde_json::from_str(started.rsplit("\r\n\r\n").next().unwrap()).unwrap();
    let id = job["id"].as_str().unwrap();
    let part = format!("/v1/jobs/{id}/parts/0?firstIndex=0");
    let bomb = bomb();
    let before = peak_mb(&server.serving.child).unwrap();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let answer = exchange(to, "PUT", &part, PACKED, bomb.len(), &bomb);
                assert!(answer.starts_with("HTTP/1.1 413"), "{answer:.300}");
                let answer = exchange(to, "POST", "/v1/jobs", JSON, usize::MAX >> 1, b"{}");
                assert!(answer.starts_with("HTTP/1.1 413"), "{answer:.300}");
                let answer = exchange(to, "POST", "/v1/jobs", JSON, open.len() + 1, open);
                assert!(!answer.starts_with("HTTP/1.1 2"), "it ends early: {answer:.300}");
            });
        }
    });
    let grown = peak_mb(&server.serving.child).unwrap() - before;
    assert!(grown <= AT_ONCE as u64 * PER_REQUEST_MAX_MB, "{grown} MB for {AT_ONCE} bombs of {} MB", BOMB_BYTES >> 20);
    let jobs = server.json(&home, &["list"]);
    assert_eq!(jobs["jobs"].as_array().unwrap().len(), 1, "{jobs}");
    let parts = server.json(&home, &["parts", id]);
    assert_eq!(parts["parts"], serde_json::json!([]));
}
