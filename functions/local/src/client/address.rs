//! The server's address: whether it is valid, and whether it is this machine, to which a token may be sent over http.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::Url;

use super::error::ClientError;

/// Reads an address: http or https, with a host and perhaps a path, and nothing else.
pub(super) fn parse(text: &str) -> Result<Url, ClientError> {
    let wrong = |why: &str| ClientError::Address(format!("{text:?} is not a server's address: {why}"));
    let example = "write it like https://jobs.example.com or http://127.0.0.1:7070";
    if !text.contains("://") {
        return Err(wrong(example));
    }
    let url = Url::parse(text).map_err(|error| wrong(&format!("{error}; {example}")))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(wrong(example));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(ClientError::Address("an address must not contain a user or password: use HEADWAY_TOKEN".to_owned()));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("leave out what follows ? or #"));
    }
    Ok(url)
}

/// The addresses of a host that is this machine (for names see RFC 6761); `None` for any other host.
pub(super) fn loopback(url: &Url) -> Option<Vec<SocketAddr>> {
    let host = url.host_str()?;
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    let port = url.port_or_known_default().unwrap_or(80);
    let addresses: Vec<IpAddr> = if name == "localhost" || name.ends_with(".localhost") {
        vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
    } else {
        let address: IpAddr = host.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
        address.is_loopback().then(|| vec![address])?
    };
    Some(addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Client;
    use crate::credentials::TokenSource;

    fn client(base: &str) -> Result<Client, ClientError> {
        Client::new(base, TokenSource::Fixed("t".into()))
    }

    #[test]
    fn a_token_is_sent_unencrypted_to_this_machine_only() {
        for base in ["http://127.0.0.1:7070", "http://localhost", "http://[::1]:80/x", "http://a.localhost:1", "https://example.com"] {
            assert!(client(base).is_ok(), "{base}");
        }
        for base in [
            "http://example.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://10.0.0.1",
            "http://0.0.0.0",
            "http://notlocalhost",
        ] {
            assert!(matches!(client(base), Err(ClientError::PlainHttp { .. })), "{base}");
        }
        assert!(Client::new("http://example.com", TokenSource::None).is_ok());
    }

    #[test]
    fn an_invalid_address_is_refused() {
        for base in ["", "example.com", "ftp://x", "http://u:p@127.0.0.1", "http://127.0.0.1/?a=1", "http://127.0.0.1/#t", "file:///x"] {
            let Err(ClientError::Address(what)) = client(base) else { panic!("{base} is accepted") };
            assert!(!what.contains("relative URL"), "{base}: {what}");
        }
    }
}
