//! The server under siege: it is restarted when it ends, and its memory and that of its child processes are measured.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use headway_testkit::home::{Home, LONG};
use headway_testkit::serving::Serving;
use reqwest::{Client, Method};
use serde_json::Value;

use crate::MEMORY_MAX_MB;

const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Ports that no system assigns by itself; one of them is used for the whole run.
const PORTS: std::ops::Range<u16> = 15_000..25_000;

/// The server and its supervisor.
pub(crate) struct Stack {
    home: Arc<Home>,
    listen: String,
    over: Arc<AtomicBool>,
    watched: Mutex<Option<JoinHandle<Watched>>>,
}

/// A caller of the API.
pub(crate) struct Caller {
    http: Client,
    base: String,
    token: String,
}

/// What the supervisor has seen.
#[derive(Default)]
struct Watched {
    restarts: Vec<String>,
    peak_mb: u64,
    /// How much of the peak was the server's own memory.
    server_mb: u64,
    children: usize,
    warnings: BTreeMap<String, u64>,
}

/// How the server ended.
pub(crate) struct Ended {
    restarts: Vec<String>,
    pub(crate) peak_mb: u64,
    server_mb: u64,
    children: usize,
    warnings: BTreeMap<String, u64>,
    /// Files that other users of the machine may read.
    pub(crate) readable_by_others: Vec<String>,
    pub(crate) load: String,
}

impl Stack {
    /// Starts it with these endpoints of the processor `http`.
    pub(crate) fn start(endpoints: &str) -> Self {
        let home = Arc::new(Home::new());
        let port = std::iter::repeat_with(|| fastrand::u16(PORTS)).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap();
        let (listen, over) = (format!("127.0.0.1:{port}"), Arc::new(AtomicBool::new(false)));
        let (watching, endpoints) = ((Arc::clone(&home), listen.clone(), Arc::clone(&over)), endpoints.to_owned());
        let serve = move || {
            let (home, listen, _) = &watching;
            let mut command = home.command(&["serve", "--json", "--listen", listen, "--data", "data"]);
            command.env("HEADWAY_HTTP_ENDPOINTS", &endpoints);
            let mut serving = Serving::spawn(command);
            assert!(serving.wait_ready(LONG).is_some(), "the server did not start: {:?}", serving.kill());
            serving
        };
        let (first, told) = (serve(), Arc::clone(&over));
        let watched = std::thread::spawn(move || watch(first, serve, &told));
        Self { home, listen, over, watched: Mutex::new(Some(watched)) }
    }

    pub(crate) fn address(&self) -> &str {
        &self.listen
    }

    /// A caller of the API.
    pub(crate) fn caller(&self, user: &str) -> Caller {
        let http = Client::builder().timeout(Duration::from_secs(30)).no_proxy().build().unwrap();
        let token = self.home.command(&["token", "--user", user]).output().unwrap().stdout;
        Caller { http, base: format!("http://{}/v1", self.listen), token: String::from_utf8(token).unwrap().trim().to_owned() }
    }

    /// Ends the server; returns what was seen.
    pub(crate) fn end(&self) -> Ended {
        self.over.store(true, Ordering::Relaxed);
        let watched = self.watched.lock().unwrap().take().unwrap().join().unwrap();
        let Watched { restarts, peak_mb, server_mb, children, warnings } = watched;
        let readable_by_others = readable_by_others(&self.home.path().join("data"));
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default().trim().to_owned();
        Ended { restarts, peak_mb, server_mb, children, warnings, readable_by_others, load }
    }
}

impl Caller {
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// A call with a JSON body; its answer, if there was one.
    pub(crate) async fn call(&self, method: Method, path: &str, body: &str) -> Option<(u16, Value)> {
        self.send(method, path, [("content-type", "application/json")], body.as_bytes().to_vec()).await
    }

    /// The same with these headers.
    pub(crate) async fn send<'a>(
        &self,
        method: Method,
        path: &str,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
        body: Vec<u8>,
    ) -> Option<(u16, Value)> {
        let request = self.http.request(method, format!("{}/{path}", self.base)).bearer_auth(&self.token);
        let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        let response = request.body(body).send().await.ok()?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await.ok()?;
        Some((status, serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
    }
}

/// Supervises the server until the end: restarts it when it has ended, and ends it when it uses too much memory.
fn watch(mut serving: Serving, serve: impl Fn() -> Serving, over: &AtomicBool) -> Watched {
    let mut watched = Watched::default();
    while !over.load(Ordering::Relaxed) {
        std::thread::sleep(LOOK_EVERY);
        let memory = memory_of(serving.child.id());
        let total: u64 = memory.values().sum::<u64>() >> 10;
        if total > watched.peak_mb {
            let server = memory.get(&serving.child.id()).copied().unwrap_or_default() >> 10;
            (watched.peak_mb, watched.server_mb, watched.children) = (total, server, memory.len().saturating_sub(1));
        }
        let ended = serving.child.try_wait().unwrap();
        if ended.is_some() || total > MEMORY_MAX_MB {
            watched.restarts.push(ended.map_or(format!("{total} MB"), |status| status.to_string()));
            watched.take_in(serving.kill());
            serving = serve();
        }
    }
    watched.take_in(serving.kill());
    watched
}

impl Watched {
    fn take_in(&mut self, said: Vec<String>) {
        for line in said {
            let Ok(event) = serde_json::from_str::<Value>(&line) else { continue };
            if let Some("WARN" | "ERROR") = event["level"].as_str() {
                *self.warnings.entry(event["message"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
            }
        }
    }
}

/// The memory of a process and of those it has started, in KB.
fn memory_of(process: u32) -> BTreeMap<u32, u64> {
    let mut parents = BTreeMap::new();
    for number in fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok()) {
        let parent = fs::read_to_string(format!("/proc/{number}/stat"))
            .ok()
            .and_then(|stat| stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok());
        parents.extend(parent.map(|parent: u32| (number, parent)));
    }
    let own = parents.iter().filter(|(number, parent)| **number == process || **parent == process).map(|(number, _)| *number);
    own.map(|number| (number, resident_kb(number))).collect()
}

fn resident_kb(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}

fn readable_by_others(data: &Path) -> Vec<String> {
    let files = fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path()).chain([data.to_owned()]);
    let open = |path: &std::path::PathBuf| path.metadata().is_ok_and(|file| file.permissions().mode() & 0o077 != 0);
    files.filter(open).map(|path| path.display().to_string()).collect()
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { restarts, peak_mb, server_mb, children, warnings, .. } = self;
        write!(
            f,
            "at most {peak_mb} MB, {server_mb} of it without its {children} children; {} restarts {restarts:?}; logged: {warnings:#?}",
            restarts.len()
        )
    }
}
