//! `serve`: everything in one process, the same three handlers on the embedded table and queue.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use chrono::TimeDelta;
use clap::Args;
use headway_api::auth::{Authenticator, Host, hs256};
use headway_api::cors::Origins;
use headway_api::processors::{beside_described, with_described};
use headway_api::{AppState, router};
use headway_core::config::{self, EventsTo};
use headway_embedded::Hosted;
use headway_in_process::Functions;
use headway_lambda_host::CommandLine;
use headway_worker::Handler;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::{interrupt, local_token, number};

mod connections;
mod descriptors;
mod first_start;
mod head;
mod listener;
mod logs;
mod stop;
mod worker;

/// For how long the token in the printed address is valid.
const TOKEN_TTL: TimeDelta = TimeDelta::hours(12);

/// Options of `serve`.
#[derive(Clone, Debug, Args)]
pub struct ServeArgs {
    /// The address and port to listen on. Anything but loopback requires HEADWAY_AUTH=jwks
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7070")]
    pub listen: SocketAddr,
    /// The directory for the data
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Keep the data in memory only: it is gone when the process ends
    #[arg(long, conflicts_with = "data")]
    pub memory: bool,
    /// Run your own worker, a Lambda function's program such as target/debug/my-jobs, instead of the built-in one. It is
    /// restarted when the program changes
    #[arg(long, value_name = "COMMAND")]
    pub worker: Option<CommandLine>,
    /// How many processes of the worker run at the same time
    #[arg(long, value_name = "N", default_value_t = 2, requires = "worker", value_parser = number::from_to(1_u16, 64))]
    pub workers: u16,
    /// Append events of jobs to this file, a line of JSON for each start and end, as an EventBridge bus would get them
    /// [default: the file that HEADWAY_EVENT_LOG names, if it does]
    #[arg(long, value_name = "FILE")]
    pub event_log: Option<PathBuf>,
    /// The global option `--json`: the ready line and the logs are JSON.
    #[arg(skip)]
    pub json: bool,
}

/// What runs the jobs' items.
enum Worker {
    BuiltIn(Box<Handler>),
    /// The user's own, as processes.
    Own(CommandLine),
}

/// Serves until it is told to stop (Ctrl-C, SIGTERM, or the end of its terminal), and then finishes running work first.
///
/// # Errors
///
/// What keeps it from serving, and what to do.
pub async fn run(args: &ServeArgs) -> anyhow::Result<()> {
    let way = config::optional("HEADWAY_AUTH");
    let checked_outside = way.as_deref() == Some("jwks");
    ensure!(args.listen.ip().is_loopback() || checked_outside, "other machines can reach {}: set HEADWAY_AUTH=jwks first", args.listen);
    ensure!(
        way.as_deref() != Some("gateway"),
        "HEADWAY_AUTH=gateway lets API Gateway check tokens, but there is no API Gateway here: set it to jwks, or leave it out to use the development key"
    );
    logs::init(args.json);
    let hosted = Hosted::open(data(args)?).await?;
    let Some(_pump_lock) = hosted.embedded.take_over().await? else {
        bail!("another process is using this data directory: stop it, or choose another directory with --data");
    };
    let connections_max = descriptors::connections_max();
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("cannot listen on {}; choose another address with --listen", args.listen))?;
    let address = listener.local_addr()?;

    let events = events_to(args)?;
    let app = hosted.app.clone().with_events(events.is_some());
    let (app, worker) = match args.worker.clone() {
        Some(command) => {
            let known = with_described(Vec::new(), &config::optional).await?;
            (app.with_announced_processors(known), Worker::Own(command))
        }
        None => {
            let processors = headway_worker::processors::built_in().await?;
            let app = app.with_processors(beside_described(processors.infos(), &config::optional).await?);
            let handler = Functions::handler(&hosted.embedded, app.clone(), processors, events.clone()).alone().with_threads()?;
            (app, Worker::BuiltIn(Box::new(handler)))
        }
    };
    let auth = Authenticator::from_env(&config::optional, Host::Local, app.clock.clone())?;
    let state = AppState::new(app.clone(), auth).with_origins(Origins::from_env(&config::optional)?);
    let stopped = stop::when_asked().context("signals cannot be received")?;
    let (tried, first_start) = watch::channel(matches!(worker, Worker::BuiltIn(_)));
    let routes = first_start::awaited(router(Arc::new(state)), first_start);
    let served = listener::serve(listener, routes, connections_max, stopped.clone());
    // It is the first line: what the functions log comes after it.
    announce(args, address, checked_outside)?;
    let cleanup = Functions::cleanup(&hosted.embedded, app, stopped.clone());
    match worker {
        Worker::Own(command) => {
            let workers = worker::start(&hosted, command, args.workers, args.json, events, tried, stopped).await?;
            tokio::join!(served, workers.finished(), cleanup.finished());
        }
        Worker::BuiltIn(handler) => {
            let worker = Functions::worker(&hosted.embedded, *handler, stopped);
            tokio::join!(served, worker.finished(), cleanup.finished());
        }
    }
    Ok(())
}

/// Where events go: into the file that the option names, or to a bus that the environment names.
fn events_to(args: &ServeArgs) -> anyhow::Result<Option<EventsTo>> {
    let log = args.event_log.clone().or_else(|| config::optional(config::HEADWAY_EVENT_LOG).map(PathBuf::from));
    let log = log.map(std::path::absolute).transpose()?;
    let named = log.map(|path| path.to_string_lossy().into_owned());
    let events = config::events_to(&|name| if name == config::HEADWAY_EVENT_LOG { named.clone() } else { config::optional(name) })?;
    if let Some(EventsTo::Log(path)) = &events {
        let what = || format!("the event log {} cannot be written: choose another file with --event-log", path.display());
        try_event_log(path).with_context(what)?;
    }
    Ok(events)
}

/// Opens the event log once, so that a wrong path is told now and not at each job's end.
fn try_event_log(path: &Path) -> io::Result<()> {
    let is_other = std::fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir());
    if is_other || path.file_name().is_some_and(|name| name == "-") {
        return Err(io::Error::other("it is not a regular file"));
    }
    std::fs::OpenOptions::new().append(true).create(true).open(path).map(|_| ())
}

fn data(args: &ServeArgs) -> anyhow::Result<Option<PathBuf>> {
    if args.memory {
        return Ok(None);
    }
    match &args.data {
        Some(directory) => Ok(Some(directory.clone())),
        None => Ok(Some(hs256::path_from_env(&config::optional)?.with_file_name("data"))),
    }
}

/// Prints the address to open, with a token for a local user if the development key checks tokens.
fn announce(args: &ServeArgs, address: SocketAddr, checked_outside: bool) -> anyhow::Result<()> {
    let page = if checked_outside {
        format!("http://{address}/")
    } else {
        format!("http://{address}/#token={}", local_token::usual(TOKEN_TTL)?.text)
    };
    let says = if args.json {
        serde_json::json!({"event": "ready", "url": page}).to_string()
    } else {
        let how = if interrupt::is_ignored() { format!("kill {}", std::process::id()) } else { "Ctrl-C".to_owned() };
        format!("Headway is ready. The dashboard:\n  {page}\nStop it with {how}.")
    };
    // If stdout is closed nobody reads it, and the server runs all the same.
    let _ = writeln!(io::stdout(), "{says}");
    Ok(())
}
