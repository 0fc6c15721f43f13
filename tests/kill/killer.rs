//! Starts the server and kills it, again and again, and leaves one running at the end.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use headway_testkit::home::{Home, LONG, kill};
use headway_testkit::serving::Serving;

use crate::endpoint::Endpoint;
use crate::host::Host;
use crate::plan::{Moment, Plan};

/// This many kills in a row may happen without progress: without any pause there would never be any.
const FRUITLESS_MAX: u32 = 4;
/// Ports that no system assigns by itself, so that one of them can be used for the whole run.
const PORTS: std::ops::Range<u16> = 15_000..25_000;

/// The data that outlives every server, and what the clients and the killer know of each other.
pub(crate) struct World {
    pub(crate) home: Home,
    pub(crate) url: String,
    pub(crate) token: String,
    endpoints: String,
    listen: String,
    host: Host,
    /// How many jobs are running.
    pub(crate) live: AtomicU64,
    /// Rises with every part, item and end that anybody has seen.
    pub(crate) progress: AtomicU64,
}

impl World {
    pub(crate) fn new(endpoint: &Endpoint, host: Host) -> World {
        let home = Home::new();
        let port = std::iter::repeat_with(|| fastrand::u16(PORTS)).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap();
        // For longer than any campaign takes.
        let token = home.command(&["token", "--user", "dev", "--ttl", "7d"]).output().unwrap().stdout;
        let listen = format!("127.0.0.1:{port}");
        World {
            url: format!("http://{listen}"),
            token: String::from_utf8(token).unwrap().trim().to_owned(),
            endpoints: endpoint.configuration(),
            home,
            listen,
            host,
            live: AtomicU64::new(0),
            progress: AtomicU64::new(0),
        }
    }

    /// The file to which events of jobs are appended.
    pub(crate) fn event_log(&self) -> PathBuf {
        self.home.path().join("events.ndjson")
    }

    fn command(&self) -> Command {
        let mut command = self.home.command(&["serve", "--json", "--listen", &self.listen, "--data", "data"]);
        command
            .args(self.host.words())
            .env("HEADWAY_HTTP_ENDPOINTS", &self.endpoints)
            .env("HEADWAY_CALLBACKS", "told")
            .env("HEADWAY_EVENT_LOG", self.event_log())
            .env("HEADWAY_QUOTAS", "startsPerMinute=1000000");
        command
    }

    /// A server that is ready.
    pub(crate) fn serve(&self) -> Serving {
        let mut serving = Serving::spawn(self.command());
        assert!(serving.wait_ready(LONG).is_some(), "the server did not start on what the one before had left: {:?}", serving.kill());
        if self.host == Host::Processes {
            self.wait_for_first_worker();
        }
        serving
    }

    /// Calls of the API wait until a worker has started. On a busy machine that takes longer than a server lives here, and no call would
    /// ever be answered.
    fn wait_for_first_worker(&self) {
        let mut stream = TcpStream::connect(&self.listen).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        let request = format!("GET /v1/processors HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.listen);
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.home.dir.disable_cleanup(true);
            eprintln!("the data directory is kept: {}", self.home.path().join("data").display());
        }
    }
}

/// When the kills happened, and what the killed servers had logged.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    kills: u64,
    workers: usize,
    pub(crate) starting: u64,
    pub(crate) mid_job: u64,
    waited: u64,
    errors: BTreeMap<String, u64>,
}

/// The thread that kills.
pub(crate) struct Killer {
    thread: Option<JoinHandle<Option<(Serving, Tally)>>>,
    given_up: Arc<AtomicBool>,
}

impl Killer {
    pub(crate) fn start(plan: Plan, world: Arc<World>) -> Killer {
        let given_up = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&given_up);
        Killer { thread: Some(std::thread::spawn(move || kill_all(plan, &world, &told))), given_up }
    }

    /// True if all kills have happened.
    pub(crate) fn is_done(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// The server left running.
    pub(crate) fn finish(&mut self) -> (Serving, Tally) {
        self.thread.take().unwrap().join().unwrap().unwrap()
    }
}

impl Drop for Killer {
    fn drop(&mut self) {
        self.given_up.store(true, SeqCst);
        if let Some(thread) = self.thread.take() {
            // Its panic has been reported already.
            let _ = thread.join();
        }
    }
}

fn kill_all(plan: Plan, world: &World, given_up: &AtomicBool) -> Option<(Serving, Tally)> {
    let mut tally = Tally::default();
    let (mut seen, mut fruitless) = (0, 0);
    for moment in plan.moments() {
        if given_up.load(SeqCst) {
            eprintln!("until then: {tally}");
            return None;
        }
        let mut serving = match moment {
            Moment::Starting(_) if fruitless < FRUITLESS_MAX => Serving::spawn(world.command()),
            _ => world.serve(),
        };
        let (Moment::Starting(life) | Moment::Serving(life)) = moment;
        // A worker process dies first, and the server has started another one, or not yet, when it dies itself.
        sleep(life / 2);
        tally.workers += serving.children().into_iter().take(1).filter(|pid| kill(*pid)).count();
        sleep(life / 2);
        if fruitless >= FRUITLESS_MAX {
            wait_for_progress(world, seen, given_up);
            tally.waited += 1;
        }
        let strikes_a_job = match moment {
            Moment::Starting(_) => world.live.load(SeqCst) > 0,
            Moment::Serving(_) => wait_for_a_job(world, given_up),
        };
        let progress = world.progress.load(SeqCst);
        fruitless = if progress > seen { 0 } else { fruitless + 1 };
        seen = progress;
        tally.mid_job += u64::from(strikes_a_job);
        tally.starting += u64::from(matches!(moment, Moment::Starting(_)));
        tally.kills += 1;
        tally.take_in(serving.kill());
    }
    Some((world.serve(), tally))
}

/// Without a job under way a kill would show nothing. The clients begin another one when all have ended. False if the campaign is
/// given up before.
fn wait_for_a_job(world: &World, given_up: &AtomicBool) -> bool {
    let until = Instant::now() + LONG;
    while world.live.load(SeqCst) == 0 {
        if given_up.load(SeqCst) {
            return false;
        }
        assert!(Instant::now() < until, "no client has a job under way: after {LONG:?} still none");
        sleep(Duration::from_millis(1));
    }
    true
}

fn wait_for_progress(world: &World, seen: u64, given_up: &AtomicBool) {
    let until = Instant::now() + LONG;
    while world.progress.load(SeqCst) == seen && world.live.load(SeqCst) > 0 && !given_up.load(SeqCst) {
        assert!(Instant::now() < until, "nothing gets on, though nobody kills: after {LONG:?} the counts are as before");
        sleep(Duration::from_millis(5));
    }
}

impl Tally {
    /// Servers log what went wrong; the rest of their output is not needed.
    fn take_in(&mut self, said: Vec<String>) {
        for line in said {
            let Ok(event) = serde_json::from_str::<serde_json::Value>(&line) else { continue };
            if let Some("WARN" | "ERROR") = event["level"].as_str() {
                let what = format!("{} {}", event["message"].as_str().unwrap_or_default(), event["error"].as_str().unwrap_or_default());
                *self.errors.entry(what).or_default() += 1;
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { kills, workers, starting, mid_job, waited, errors } = self;
        write!(
            f,
            "{kills} kills and {workers} of workers, {starting} at the start, {mid_job} with jobs running, {waited} delayed until there was progress; logged: {errors:?}"
        )
    }
}
