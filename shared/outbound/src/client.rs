//! HTTP clients that connect only to addresses that a [`Rule`] allows.
//!
//! A name is resolved once for a connection, and only addresses that were checked are used. So a DNS server that gives
//! another answer the second time gains nothing. Redirects are not followed, and proxies in the environment are not
//! used.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::ClientBuilder;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::connections::Connections;
use crate::rule::{Rule, RuleError};

/// The longest wait for a connection. It is always shorter than the call's time limit, so that an endpoint that accepts
/// no connection can be distinguished from one that does not answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection idle for longer is not reused: while a function is frozen, the other side has often closed it.
const POOL_IDLE_MAX: Duration = Duration::from_secs(20);

/// The clients created so far. Creating one takes tens of milliseconds, for reading certificates, so endpoints share
/// them where they can.
#[derive(Default)]
pub(crate) struct Clients(BTreeMap<(bool, Duration), Arc<Client>>);

/// A client that keeps connections open for the next request, and one for hosts whose connections cannot be used again.
#[derive(Debug)]
pub(crate) struct Client {
    rule: Rule,
    connect_timeout: Duration,
    keeping: reqwest::Client,
    closing: OnceLock<reqwest::Client>,
    /// What is known of the connections.
    pub(crate) connections: Connections,
}

impl Client {
    /// The client that keeps connections open.
    pub(crate) fn keeping(&self) -> &reqwest::Client {
        &self.keeping
    }

    /// The client that uses each connection once. It is created when it is first needed, which is rare.
    ///
    /// # Errors
    ///
    /// TLS cannot be set up.
    pub(crate) fn closing(&self) -> Result<&reqwest::Client, reqwest::Error> {
        if let Some(client) = self.closing.get() {
            return Ok(client);
        }
        let client = self.rule.client(self.connect_timeout, Arc::new(SystemNames)).pool_max_idle_per_host(0).build()?;
        Ok(self.closing.get_or_init(|| client))
    }
}

impl Clients {
    /// A client that connects only where the rule allows.
    ///
    /// # Errors
    ///
    /// TLS cannot be set up, for example without any root certificates.
    pub(crate) fn get(&mut self, rule: Rule, timeout: Duration) -> Result<Arc<Client>, reqwest::Error> {
        let connect_timeout = timeout.mul_f64(0.75).min(CONNECT_TIMEOUT);
        let key = (rule.allow_private, connect_timeout);
        if let Some(made) = self.0.get(&key) {
            return Ok(Arc::clone(made));
        }
        let keeping = rule.client(connect_timeout, Arc::new(SystemNames)).build()?;
        let made = Arc::new(Client { rule, connect_timeout, keeping, closing: OnceLock::new(), connections: Connections::default() });
        self.0.insert(key, Arc::clone(&made));
        Ok(made)
    }
}

impl Rule {
    fn client(self, connect_timeout: Duration, names: Arc<dyn Resolve>) -> ClientBuilder {
        reqwest::Client::builder()
            .user_agent(concat!("headway/", env!("CARGO_PKG_VERSION")))
            .https_only(!self.allow_private)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .dns_resolver(Checked { rule: self, names })
            .connect_timeout(connect_timeout)
            .pool_idle_timeout(POOL_IDLE_MAX)
    }
}

/// Resolves names and returns only the addresses that are allowed.
struct Checked {
    rule: Rule,
    names: Arc<dyn Resolve>,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let rule = self.rule;
        let found = self.names.resolve(name);
        Box::pin(async move {
            let admitted: Vec<SocketAddr> = found.await?.filter(|address| rule.admits(address.ip())).collect();
            if admitted.is_empty() {
                return Err(RuleError::Address.into());
            }
            Ok(Box::new(admitted.into_iter()) as Addrs)
        })
    }
}

struct SystemNames;

impl Resolve for SystemNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(Box::new(addresses.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::error::Error as _;
    use std::net::TcpListener;
    use std::str::FromStr as _;
    use std::sync::Mutex;

    use super::*;

    const PUBLIC_ONLY: Rule = Rule { allow_private: false };

    /// Answers each look-up with the next list.
    struct Scripted(Mutex<VecDeque<Vec<&'static str>>>);

    fn scripted(answers: &[&[&'static str]]) -> Arc<dyn Resolve> {
        Arc::new(Scripted(Mutex::new(answers.iter().map(|answer| answer.to_vec()).collect())))
    }

    impl Resolve for Scripted {
        fn resolve(&self, _: Name) -> Resolving {
            let answer = self.0.lock().unwrap().pop_front().unwrap_or_default();
            let addresses: Vec<_> = answer.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect();
            Box::pin(async move { Ok(Box::new(addresses.into_iter()) as Addrs) })
        }
    }

    /// Only checked addresses are connected to, and a second, private answer is checked again.
    #[tokio::test]
    async fn only_checked_addresses_are_used() {
        let names = scripted(&[&["10.0.0.1", "8.8.8.8", "::ffff:10.0.0.1"], &["10.0.0.1"], &[]]);
        let checked = Checked { rule: PUBLIC_ONLY, names };
        let look_up = || checked.resolve(Name::from_str("example.com").unwrap());
        let first: Vec<_> = look_up().await.unwrap().map(|address| address.ip().to_string()).collect();
        assert_eq!(first, ["8.8.8.8"]);
        for _ in 0..2 {
            let error = look_up().await.err().unwrap();
            assert_eq!(error.downcast_ref(), Some(&RuleError::Address));
        }
    }

    /// The whole client: a public name whose DNS changes to this machine never reaches it.
    #[tokio::test]
    async fn a_name_that_turns_private_is_not_connected_to() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let client = PUBLIC_ONLY.client(Duration::from_secs(5), scripted(&[&["127.0.0.1"]])).build().unwrap();
        let error = client.get(format!("https://example.com:{port}/")).send().await.unwrap_err();
        let mut cause = error.source();
        while let Some(error) = cause.filter(|cause| !cause.is::<RuleError>()) {
            cause = error.source();
        }
        assert!(cause.is_some(), "{error:?}");
        assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    }
}
