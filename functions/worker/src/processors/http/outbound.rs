//! Where requests may go: https and public addresses, unless the operator allows private ones for an endpoint.
//!
//! A name is resolved once and only addresses that passed are connected to, so DNS that answers differently the
//! second time changes nothing. No redirects, no proxies from the environment.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Url};

/// The longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection idle for longer is not used again: a frozen function's peers have often hung up.
const POOL_IDLE_MAX: Duration = Duration::from_secs(20);

/// What an address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// A host on the internet.
    Public,
    /// This machine or its network: loopback, RFC 1918, carrier-grade NAT, unique local.
    Private,
    /// No endpoint of anyone's: link-local with the metadata services, multicast, unspecified, documentation,
    /// addresses that wrap another one.
    Never,
}

/// What an address is for. Source: the IANA special-purpose address registries.
pub fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => reach_v6(address),
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    match address.octets() {
        [10 | 127, ..] | [192, 168, ..] => Reach::Private,
        [172, second, ..] if (16..32).contains(&second) => Reach::Private,
        [100, second, ..] if (64..128).contains(&second) => Reach::Private,
        [0, ..] | [169, 254, ..] | [192, 0, 0 | 2, _] | [192, 88, 99, _] => Reach::Never,
        [198, 18 | 19, ..] | [198, 51, 100, _] | [203, 0, 113, _] | [224..=255, ..] => Reach::Never,
        _ => Reach::Public,
    }
}

/// Only 2000::/3 is given out; what is elsewhere is loopback, unique local, or wraps and translates IPv4.
fn reach_v6(address: Ipv6Addr) -> Reach {
    const METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    match address.segments() {
        _ if address == METADATA => Reach::Never,
        [0, 0, 0, 0, 0, 0, 0, 1] | [0xfc00..=0xfdff, ..] => Reach::Private,
        [0x2001, 0..=0x01ff, ..] | [0x2001, 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0x0fff, ..] => Reach::Never,
        [0x2000..=0x3fff, ..] => Reach::Public,
        _ => Reach::Never,
    }
}

/// The rule for one endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outbound {
    /// Whether http and private addresses are allowed as well.
    pub allow_private: bool,
}

/// Why an address is not one to send to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// It is no URL.
    #[error("the URL cannot be read: {0}")]
    Url(String),
    /// Neither https, nor http where private addresses are allowed.
    #[error("the URL must begin with https:// (http:// is for private addresses, with \"allowPrivate\": true)")]
    Scheme,
    /// `user:password@`.
    #[error("the URL must not hold a user or password: use \"headers\"")]
    UserInfo,
    /// An address in decimal, octal, hexadecimal or shortened.
    #[error("the URL's host must be a name or an address as it is usually written")]
    Spelling,
    /// Every address of the host is refused.
    #[error("the host has no address that may be connected to (private ones need \"allowPrivate\": true)")]
    Address,
}

impl Outbound {
    /// Whether a connection to `address` is allowed.
    pub fn admits(self, address: IpAddr) -> bool {
        match reach(address) {
            Reach::Public => true,
            Reach::Private => self.allow_private,
            Reach::Never => false,
        }
    }

    /// Reads an endpoint's URL. Names are looked up only when connecting.
    ///
    /// # Errors
    /// Says which rule it breaks; never repeats it.
    pub fn url(self, text: &str) -> Result<Url, OutboundError> {
        let url = Url::parse(text).map_err(|e| OutboundError::Url(e.to_string()))?;
        if !(url.scheme() == "https" || (self.allow_private && url.scheme() == "http")) {
            return Err(OutboundError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
            return Err(OutboundError::UserInfo);
        }
        let host = url.host_str().unwrap_or_default();
        match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            Ok(IpAddr::V4(_)) if host_as_written(text) != host => Err(OutboundError::Spelling),
            Ok(address) if !self.admits(address) => Err(OutboundError::Address),
            _ => Ok(url),
        }
    }

    /// A client that connects only where the rule allows, and times out after `timeout` in all.
    ///
    /// # Errors
    /// TLS cannot be set up, for instance without any root certificates.
    pub fn client(self, timeout: Duration) -> Result<Client, reqwest::Error> {
        self.client_resolving(timeout, Arc::new(SystemNames))
    }

    fn client_resolving(self, timeout: Duration, names: Arc<dyn Resolve>) -> Result<Client, reqwest::Error> {
        Client::builder()
            .user_agent(concat!("headway/", env!("CARGO_PKG_VERSION")))
            .https_only(!self.allow_private)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .dns_resolver(Checked { rule: self, names })
            .timeout(timeout)
            .connect_timeout(timeout.min(CONNECT_TIMEOUT))
            .pool_idle_timeout(POOL_IDLE_MAX)
            .build()
    }
}

/// Resolves names and keeps only the addresses that pass.
struct Checked {
    rule: Outbound,
    names: Arc<dyn Resolve>,
}

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let rule = self.rule;
        let found = self.names.resolve(name);
        Box::pin(async move {
            let admitted: Vec<SocketAddr> = found.await?.filter(|address| rule.admits(address.ip())).collect();
            if admitted.is_empty() {
                return Err(OutboundError::Address.into());
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

/// The part between `//` and the path, as written.
fn authority(text: &str) -> &str {
    let rest = text.split_once("//").map_or(text, |(_, rest)| rest);
    rest.split(['/', '\\', '?', '#']).next().unwrap_or_default()
}

fn host_as_written(text: &str) -> &str {
    let authority = authority(text);
    authority.rsplit_once(':').map_or(authority, |(host, _)| host)
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::error::Error as _;
    use std::net::TcpListener;
    use std::str::FromStr as _;
    use std::sync::Mutex;

    use super::*;

    const PUBLIC_ONLY: Outbound = Outbound { allow_private: false };
    const PRIVATE_TOO: Outbound = Outbound { allow_private: true };

    /// One wrong row and an endpoint's name can be made to lead into the operator's network.
    #[test]
    fn addresses_by_reach() {
        let table = [
            (Reach::Public, "1.1.1.1 93.184.216.34 100.63.255.255 100.128.0.0 172.15.0.1 172.32.0.1 192.0.1.1 223.255.255.255"),
            (Reach::Public, "2606:4700::1111 2a00:1450:4001::1 2001:200::1 2400::1"),
            (Reach::Private, "10.0.0.1 10.255.255.255 127.0.0.1 127.255.255.254 172.16.0.1 172.31.255.255 192.168.0.1"),
            (Reach::Private, "100.64.0.1 100.127.255.255 100.100.100.200 ::1 fc00::1 fd12:3456::1"),
            (Reach::Never, "0.0.0.0 0.1.2.3 169.254.169.254 169.254.170.2 192.0.0.1 192.0.2.1 198.51.100.1 203.0.113.1"),
            (Reach::Never, "198.18.0.1 198.19.255.255 192.88.99.1 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255"),
            (Reach::Never, ":: fe80::1 fec0::1 ff02::1 fd00:ec2::254 2001:db8::1 3fff::1 100::1 2001::1 2001:10::1 5f00::1"),
            (Reach::Never, "::ffff:8.8.8.8 ::ffff:127.0.0.1 ::ffff:169.254.169.254 ::127.0.0.1 2002:7f00:1::1"),
            (Reach::Never, "64:ff9b::7f00:1 64:ff9b::808:808 64:ff9b:1::1"),
        ];
        for (expected, addresses) in table {
            for address in addresses.split(' ') {
                assert_eq!(reach(address.parse().unwrap()), expected, "{address}");
            }
        }
    }

    #[test]
    fn urls_by_rule() {
        use OutboundError::{Address, Scheme, Spelling, UserInfo};
        let refused = [
            ("http://example.com/", Scheme),
            ("ftp://example.com/", Scheme),
            ("https://user@example.com/", UserInfo),
            ("https://user:secret@example.com/", UserInfo),
            ("https://@example.com/", UserInfo),
            ("https://127.0.0.1/", Address),
            ("https://10.1.2.3:8443/x", Address),
            ("https://169.254.169.254/latest", Address),
            ("https://[::1]/", Address),
            ("https://[::ffff:127.0.0.1]/", Address),
            ("https://[64:ff9b::7f00:1]/", Address),
            ("https://2130706433/", Spelling),
            ("https://0177.0.0.1/", Spelling),
            ("https://0x7f000001/", Spelling),
            ("https://127.1/", Spelling),
            ("https://134744072/", Spelling),
            ("https://127.0.0.1./", Spelling),
            ("https://１２７.0.0.1/", Spelling),
        ];
        for (url, expected) in refused {
            assert_eq!(PUBLIC_ONLY.url(url), Err(expected), "{url}");
        }
        for url in ["not a url", "https://", "https://exa mple.com", "https://999.1.1.1/"] {
            assert!(matches!(PUBLIC_ONLY.url(url), Err(OutboundError::Url(_))), "{url}");
        }
        for url in ["https://example.com/in?x=1", "https://8.8.8.8:8443/", "https://[2606:4700::1111]/"] {
            assert!(PUBLIC_ONLY.url(url).is_ok(), "{url}");
        }
        for url in ["http://127.0.0.1:8080/", "https://10.0.0.1/", "http://localhost/", "http://[::1]:80/"] {
            assert!(PRIVATE_TOO.url(url).is_ok(), "{url}");
        }
        for url in ["http://169.254.169.254/", "http://0.0.0.0/", "http://[::ffff:127.0.0.1]/", "http://[fd00:ec2::254]/"] {
            assert_eq!(PRIVATE_TOO.url(url), Err(Address), "{url}");
        }
    }

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

    /// What is handed to the connector is what was checked; a second, private answer is checked again.
    #[tokio::test]
    async fn only_checked_addresses_are_handed_on() {
        let names = scripted(&[&["10.0.0.1", "8.8.8.8", "::ffff:10.0.0.1"], &["10.0.0.1"], &[]]);
        let checked = Checked { rule: PUBLIC_ONLY, names };
        let look_up = || checked.resolve(Name::from_str("example.com").unwrap());
        let first: Vec<_> = look_up().await.unwrap().map(|address| address.ip().to_string()).collect();
        assert_eq!(first, ["8.8.8.8"]);
        for _ in 0..2 {
            let error = look_up().await.err().unwrap();
            assert_eq!(error.downcast_ref(), Some(&OutboundError::Address));
        }
    }

    /// The whole client: a public name whose DNS turns to this machine never reaches it.
    #[tokio::test]
    async fn a_name_that_turns_private_is_not_connected_to() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let client = PUBLIC_ONLY.client_resolving(Duration::from_secs(5), scripted(&[&["127.0.0.1"]])).unwrap();
        let error = client.get(format!("https://example.com:{port}/")).send().await.unwrap_err();
        let mut cause = error.source();
        while let Some(error) = cause.filter(|cause| !cause.is::<OutboundError>()) {
            cause = error.source();
        }
        assert!(cause.is_some(), "{error:?}");
        assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    }
}
