//! Connections that send nothing, send half of what they announced, or never end: the server serves the others, with
//! limited memory, and stops when it is told to.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use crate::memory::peak_mb;
use headway_testkit::home::{Home, LONG, signal, wait};
use headway_testkit::server::{Server, eventually};

/// The size of one upload in bytes: nearly the largest part.
const UPLOAD_BYTES: usize = 4_400_000;
const UPLOADS: usize = 100;
/// How much memory unfinished uploads may take: the limit for requests, and the connections themselves.
const UPLOADS_MAX_MB: u64 = 160;

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(server.url.strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream
}

fn send(server: &Server, text: &str) -> TcpStream {
    let mut stream = connect(server);
    stream.write_all(text.as_bytes()).unwrap();
    stream
}

/// Begins an upload and waits to be told to continue. Once it is, the server is processing it.
fn half_upload(server: &Server) -> TcpStream {
    let head = format!(
        "POST /v1/jobs HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: 100\r\nexpect: 100-continue\r\n\r\n",
        server.token
    );
    let mut stream = send(server, &head);
    let mut go_on = [0; 12];
    stream.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100");
    stream
}

/// Bug found: one half-sent head, and neither SIGTERM nor Ctrl-C ended the server.
#[test]
fn open_connections_do_not_keep_it_from_stopping() {
    for name in ["TERM", "INT"] {
        let home = Home::new();
        let server = home.serve(&["--memory"]);
        let _open = ["", "GET / HTT", "GET /v1/jobs HTTP/1.1\r\nhost: x\r\n", "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"]
            .map(|text| send(&server, text));
        let _upload = half_upload(&server);
        let Server { mut serving, .. } = server;
        signal(name, &serving.child);
        let status = wait(&mut serving.child, LONG).unwrap_or_else(|| panic!("SIG{name} does not stop it: {:?}", serving.kill()));
        assert!(status.success(), "SIG{name}: {status}");
    }
}

/// While a request is running that would have some seconds more.
#[test]
fn the_second_signal_ends_it_at_once() {
    for (name, code) in [("TERM", 143), ("INT", 130)] {
        let home = Home::new();
        let mut server = home.serve(&["--data", "data"]);
        let _upload = half_upload(&server);
        signal(name, &server.serving.child);
        eventually("it says that it stops", || server.has_said("Stopping").then_some(()));
        signal(name, &server.serving.child);
        let status = wait(&mut server.serving.child, LONG).unwrap_or_else(|| panic!("it does not end: {:?}", server.serving.kill()));
        assert_eq!(status.code(), Some(code), "SIG{name}");
        drop(home.serve(&["--data", "data"]));
    }
}

/// Bug found: 1,010 connections that sent nothing kept everybody else out for ever.
#[test]
fn idle_connections_do_not_block_new_ones() {
    const SOFT: u32 = 64;
    const HARD: u32 = 400;
    let home = Home::new();
    let words = ["serve", "--json", "--listen", "127.0.0.1:0", "--memory"];
    let direct = home.command(&words);
    let mut command = Command::new("sh");
    command.args(["-c", &format!("ulimit -S -n {SOFT} && ulimit -H -n {HARD} && exec \"$0\" \"$@\"")]);
    command.arg(direct.get_program()).args(direct.get_args()).envs(direct.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.current_dir(home.path()).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let server = home.ready(command);
    let idle: Vec<TcpStream> = (0..HARD + 100).map(|_| send(&server, "GET / HTTP/1.1\r\n")).collect();
    assert_eq!(server.json(&home, &["list"])["jobs"].as_array().unwrap().len(), 0);
    let open = || idle.iter().filter(|stream| is_open(stream)).count();
    eventually("the idlest are closed, the others kept", || (SOFT as usize * 2..HARD as usize).contains(&open()).then_some(()));
    assert!(is_open(idle.last().unwrap()), "the newest is not the idlest");
}

fn is_open(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let looked = stream.peek(&mut [0]);
    matches!(looked, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
}

/// Bug found: 300 unfinished uploads took 1.3 GB. One owner's uploads do not affect another.
#[test]
fn unfinished_uploads_take_limited_memory_and_delay_no_other_caller() {
    let home = Home::new();
    let server = home.serve(&["--memory"]);
    let job = server.json(&home, &["list"]);
    assert_eq!(job["jobs"].as_array().unwrap().len(), 0);
    let started = post(&server, &server.token, br#"{"processor":"json-schema","params":{"schema":true},"sealed":false}"#);
    let id = started.rsplit_once("\"id\":\"").unwrap().1[..36].to_owned();
    let before = peak_mb(&server.serving.child).unwrap();
    let body = vec![b' '; UPLOAD_BYTES];
    let uploads: Vec<TcpStream> = (0..UPLOADS)
        .map(|n| {
            let head = format!(
                "PUT /v1/jobs/{id}/parts/{n}?firstIndex=0 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
                 content-type: application/x-ndjson\r\ncontent-length: {}\r\n\r\n",
                server.token,
                UPLOAD_BYTES + 1
            );
            let mut stream = send(&server, &head);
            // The server accepts what it has room for; the rest waits here.
            stream.set_write_timeout(Some(Duration::from_millis(20))).unwrap();
            let _ = stream.write_all(&body);
            stream
        })
        .collect();
    let other = server.run(&home, &["token", "--user", "other"]).stdout;
    let items = "\"x\",".repeat(500_000);
    let body = format!(r#"{{"processor":"json-schema","params":{{"schema":true}},"items":[{}]}}"#, &items[..items.len() - 1]);
    let answer = post(&server, other.trim(), body.as_bytes());
    assert!(answer.starts_with("HTTP/1.1 422"), "another's large request is read, and has too many items: {answer:.300}");
    assert_eq!(server.json(&home, &["list"])["jobs"].as_array().unwrap().len(), 1, "its owner's small ones are answered");
    let grown = peak_mb(&server.serving.child).unwrap() - before;
    assert!(grown <= UPLOADS_MAX_MB, "{grown} MB for {UPLOADS} uploads");
    let mut busy = 0;
    for mut stream in uploads {
        let mut answer = String::new();
        // Connections that are closed early may be reset.
        let _ = stream.read_to_string(&mut answer);
        busy += usize::from(answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after: ") && answer.contains("problem:busy"));
    }
    assert!(busy > UPLOADS / 2, "those without room are told to come back: {busy}");
}

fn post(server: &Server, token: &str, body: &[u8]) -> String {
    let head = format!(
        "POST /v1/jobs HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = send(server, &head);
    stream.write_all(body).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
