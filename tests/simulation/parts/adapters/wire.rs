//! The wire between a process and a service. A fault occurs once, or for some time: then the SDK's retries fail too,
//! and the adapters have to report it.

use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use tokio::time::{Duration, Instant, sleep};

use super::bodies::{self, Asked};
use super::fault::Fault;
use crate::faults::Process;
use crate::tally::Blow;

/// A process dies while its request is running.
pub(super) const ARRIVES_AFTER_DEATH: &str = "wire: request arrived after its sender's death";
/// Something is wrong with the wire or the service for seconds.
pub(super) const TROUBLE: &str = "wire: trouble for a while";

/// A page had more after it than it would have had.
pub(super) const SHORT_PAGE: &str = "wire: short page";
/// An index did not have an entry yet.
pub(super) const INDEX_BEHIND: &str = "wire: index behind";

/// How often a call begins a time in which most calls meet the same fault, per mille.
const FOR_A_WHILE: u64 = 12;
/// How many of the calls in such a time meet it, per mille.
const IN_TROUBLE: u64 = 850;
const TROUBLE_MS_MAX: u64 = 12_000;
/// Longer than any function may run in a history.
const SLOW_ANSWER: Duration = Duration::from_secs(25);
/// Longer than anybody waits.
const NO_ANSWER: Duration = Duration::from_secs(86_400);
/// How late a request may arrive whose sender considers the connection broken: retries are running by then.
const ARRIVES_LATE_MS_MAX: u64 = 400;

/// Is called for every request that has reached the service.
pub(super) type Arrived = Arc<dyn Fn(&Asked) + Send + Sync>;

/// A client whose requests go over a wire of this process to `inner`.
pub(super) fn http_client(process: Process, inner: SharedHttpClient, arrived: Arrived) -> SharedHttpClient {
    use aws_smithy_runtime_api::client::http::HttpClient as _;
    let trouble = Arc::default();
    http_client_fn(move |settings, components| {
        SharedHttpConnector::new(Wire {
            process: process.clone(),
            trouble: Arc::clone(&trouble),
            inner: inner.http_connector(settings, components),
            arrived: arrived.clone(),
            connect_timeout: settings.connect_timeout(),
            read_timeout: settings.read_timeout(),
        })
    })
}

/// The fault that lasts for some time.
#[derive(Debug, Clone, Copy)]
struct Trouble {
    fault: Fault,
    until: Instant,
}

#[derive(Clone)]
struct Wire {
    process: Process,
    trouble: Arc<Mutex<Option<Trouble>>>,
    inner: SharedHttpConnector,
    arrived: Arrived,
    connect_timeout: Option<Duration>,
    read_timeout: Option<Duration>,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wire")
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let wire = self.clone();
        HttpConnectorFuture::new(async move { wire.carry(request).await })
    }
}

impl Wire {
    async fn carry(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        self.process.late(None).await;
        self.may_die(Blow::CrashBefore).await;
        let asked = Asked::of(&request);
        let answer = match self.fault(&asked) {
            Some(fault) => self.strike(fault, &asked, request).await,
            None => self.arrive(&asked, request).await,
        };
        self.process.comes_back_late().await;
        answer
    }

    async fn may_die(&self, blow: Blow) {
        if self.process.faults.strike(blow.name(), blow.per_mille()) {
            self.process.die().await;
        }
    }

    /// The fault that this call meets, if any.
    fn fault(&self, asked: &Asked) -> Option<Fault> {
        let faults = &self.process.faults;
        if !faults.on() {
            return None;
        }
        let (of_any, own) = Fault::of(&asked.operation);
        let mut trouble = self.trouble.lock().unwrap();
        if let Some(Trouble { fault, .. }) = trouble.filter(|trouble| trouble.until > Instant::now()) {
            let meets = faults.pick(1_000) < IN_TROUBLE && (of_any.contains(&fault) || own.contains(&fault));
            meets.then(|| faults.saw(fault.name()));
            return Some(fault).filter(|_| meets);
        }
        let list = if own.is_empty() || faults.pick(2) == 0 { of_any } else { own };
        let fault = list[faults.pick(list.len() as u64) as usize];
        if faults.strike(TROUBLE, FOR_A_WHILE) {
            let until = Instant::now() + Duration::from_millis(faults.pick(TROUBLE_MS_MAX));
            *trouble = Some(Trouble { fault, until });
        }
        Some(fault).filter(|fault| faults.strike(fault.name(), once(asked)))
    }

    /// The request reaches the service.
    async fn arrive(&self, asked: &Asked, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let answer = self.inner.call(request).await;
        (self.arrived)(asked);
        self.may_die(Blow::CrashAfter).await;
        answer
    }

    async fn strike(&self, fault: Fault, asked: &Asked, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let broken = |what: &'static str| ConnectorError::io(what.into());
        match fault {
            Fault::Refused => Err(broken("connection refused")),
            Fault::ConnectTimeout => {
                sleep(self.connect_timeout.expect("the SDK limits how long it connects")).await;
                Err(ConnectorError::timeout("connecting timed out".into()))
            }
            Fault::ArrivesLate => {
                self.arrive_late(asked.clone(), request).await;
                Err(broken("connection reset"))
            }
            Fault::AnswerLost => self.arrive(asked, request).await.and(Err(broken("connection reset"))),
            Fault::AnswerCutOff => self.arrive(asked, request).await.map(bodies::cut_off),
            Fault::SlowAnswer | Fault::NoAnswer => {
                let answer = self.arrive(asked, request).await;
                self.silence(if fault == Fault::SlowAnswer { SLOW_ANSWER } else { NO_ANSWER }).await?;
                answer
            }
            Fault::ServerErrorAfter => self.arrive(asked, request).await.map(|_| bodies::server_error(asked)),
            Fault::ServerError | Fault::Unavailable | Fault::Throttled | Fault::ThrottledAsAccount => Ok(bodies::refusal(asked, fault)),
            Fault::TransactionConflict | Fault::TransactionThrottled | Fault::TransactionInProgress | Fault::ItemInTransaction => {
                Ok(bodies::refusal(asked, fault))
            }
            Fault::LeftOver | Fault::EntriesRefused => {
                let (share, left) = bodies::share(asked, request, |_| self.process.faults.pick(2) == 0);
                match share {
                    Some(share) => self.arrive(asked, share).await.map(|answer| left.told(answer)),
                    None => Ok(left.told_of_nothing_done()),
                }
            }
            Fault::ShortPage => {
                let answer = self.arrive(asked, bodies::asking_for_one(request)).await?;
                if bodies::has_more(&answer) {
                    self.process.faults.saw(SHORT_PAGE);
                }
                Ok(answer)
            }
            Fault::IndexBehind => {
                let answer = self.arrive(asked, request).await?;
                let count = bodies::items(&answer);
                if count == 0 || !asked.of_index {
                    return Ok(answer);
                }
                self.process.faults.saw(INDEX_BEHIND);
                Ok(bodies::without(&answer, self.process.faults.pick(count as u64) as usize))
            }
        }
    }

    /// Nothing arrives for this long, unless the client's read timeout ends first.
    async fn silence(&self, span: Duration) -> Result<(), ConnectorError> {
        match self.read_timeout.filter(|limit| *limit < span) {
            Some(limit) => {
                sleep(limit).await;
                Err(ConnectorError::timeout("reading timed out".into()))
            }
            None => {
                sleep(span).await;
                Ok(())
            }
        }
    }

    /// The request reaches the service when its sender has continued or is dead.
    async fn arrive_late(&self, asked: Asked, request: HttpRequest) {
        let wire = self.clone();
        let after = Duration::from_millis(self.process.faults.pick(ARRIVES_LATE_MS_MAX));
        tokio::spawn(async move {
            sleep(after).await;
            // Nobody waits for the answer.
            let _ = wire.inner.call(request).await;
            (wire.arrived)(&asked);
        });
        if self.process.faults.strike(ARRIVES_AFTER_DEATH, 250) {
            self.process.die().await;
        }
    }
}

/// How often a call meets a fault that affects only this call, per mille: the rarer the call, the more often.
fn once(asked: &Asked) -> u64 {
    match asked.operation.as_str() {
        "TransactWriteItems" => 400,
        "Query" if asked.of_index => 200,
        "SendMessageBatch" | "Query" | "BatchWriteItem" => 120,
        _ => 60,
    }
}
