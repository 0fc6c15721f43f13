//! Which URLs and addresses requests may be sent to: https and public addresses, unless the operator allows private
//! ones for an endpoint.

use std::net::IpAddr;

use reqwest::Url;

use crate::address::{Reach, reach};

/// The rule for one endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// True if http and private addresses are allowed too.
    pub allow_private: bool,
}

/// Why a URL or address is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// It is not a URL.
    #[error("the URL cannot be read: {0}")]
    Url(String),
    /// Neither https, nor http where private addresses are allowed.
    #[error("the URL must begin with https:// (http:// is for private addresses, with \"allowPrivate\": true)")]
    Scheme,
    /// `user:password@`.
    #[error("the URL must not contain a user or password: use \"headers\"")]
    UserInfo,
    /// `#…`, which is never sent.
    #[error("the URL must not contain a fragment (#…): it is not sent to the endpoint")]
    Fragment,
    /// An address in decimal, octal, hexadecimal or shortened form.
    #[error("the URL's host must be a name or an address as it is usually written")]
    Spelling,
    /// It has no allowed address.
    #[error("the host has no address that may be connected to (private ones need \"allowPrivate\": true)")]
    Address,
}

impl Rule {
    /// True if a connection to `address` is allowed.
    pub fn admits(self, address: IpAddr) -> bool {
        match reach(address) {
            Reach::Public => true,
            Reach::Private => self.allow_private,
            Reach::Never => false,
        }
    }

    /// Reads an endpoint's URL. Names are resolved only when connecting.
    ///
    /// # Errors
    ///
    /// The rule that it breaks; the error never repeats the URL.
    pub fn url(self, text: &str) -> Result<Url, RuleError> {
        let url = Url::parse(text).map_err(|e| RuleError::Url(e.to_string()))?;
        if !(url.scheme() == "https" || (self.allow_private && url.scheme() == "http")) {
            return Err(RuleError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
            return Err(RuleError::UserInfo);
        }
        if url.fragment().is_some() {
            return Err(RuleError::Fragment);
        }
        let host = url.host_str().unwrap_or_default();
        match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            Ok(IpAddr::V4(_)) if host_as_written(text) != host => Err(RuleError::Spelling),
            Ok(address) if !self.admits(address) => Err(RuleError::Address),
            _ => Ok(url),
        }
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
    use super::*;

    const PUBLIC_ONLY: Rule = Rule { allow_private: false };
    const PRIVATE_TOO: Rule = Rule { allow_private: true };

    #[test]
    fn urls_by_rule() {
        use RuleError::{Address, Fragment, Scheme, Spelling, UserInfo};
        let refused = [
            ("http://example.com/", Scheme),
            ("ftp://example.com/", Scheme),
            ("https://user@example.com/", UserInfo),
            ("https://user:secret@example.com/", UserInfo),
            ("https://@example.com/", UserInfo),
            ("https://example.com/in#f", Fragment),
            ("https://example.com/in?x=1#", Fragment),
            ("https://example.com#/in", Fragment),
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
            assert!(matches!(PUBLIC_ONLY.url(url), Err(RuleError::Url(_))), "{url}");
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
}
