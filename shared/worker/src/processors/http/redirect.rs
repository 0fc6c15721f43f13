//! Where a redirect leads, for people: often only a slash is missing in the endpoint's URL.

use headway_outbound::Endpoint;
use reqwest::header::LOCATION;
use reqwest::{Response, Url};

use crate::processors::one_line::one_line;

/// What the message of a refusal says of a redirect; empty if the answer is none.
pub(super) fn note(endpoint: &Endpoint, signature: &str, response: &Response) -> String {
    // The others of this class lead nowhere: a 304 says that nothing has changed.
    if !matches!(response.status().as_u16(), 300..=303 | 307 | 308) {
        return String::new();
    }
    let location = response.headers().get(LOCATION).filter(|location| {
        // The whole of it is checked, before anything is left out.
        !endpoint.is_repeated_in(location.as_bytes(), signature)
    });
    match location.and_then(|location| place(response.url(), location.to_str().ok()?)) {
        Some(place) => format!(" (it leads to {place:?}, and redirects are not followed)"),
        None => " (redirects are not followed)".to_owned(),
    }
}

/// The place without user, query and fragment, which may be confidential. Within the endpoint's host only the path is shown, since
/// the host is the operator's to know.
fn place(from: &Url, location: &str) -> Option<String> {
    let to = from.join(location).ok().filter(|to| matches!(to.scheme(), "http" | "https"))?;
    let origin = if to.origin() == from.origin() { String::new() } else { to.origin().ascii_serialization() };
    Some(one_line(&format!("{origin}{}", to.path())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::processors::one_line::CHARS_MAX;

    #[test]
    fn the_place_is_shown_without_what_may_be_confidential() {
        let from = Url::parse("https://crm.example/hooks/items?key=1").unwrap();
        for (location, expected) in [
            ("/hooks/items/", Some("/hooks/items/")),
            ("items/?token=t#f", Some("/hooks/items/")),
            ("https://crm.example/hooks/items/", Some("/hooks/items/")),
            ("http://crm.example/x", Some("http://crm.example/x")),
            ("//me:secret@other.example:81/a%20b?c", Some("https://other.example:81/a%20b")),
            ("https:\\\\me:secret@other.example\\a", Some("https://other.example/a")),
            ("/a\"b\u{202e}c", Some("/a%22b%E2%80%AEc")),
            ("", Some("/hooks/items")),
            ("javascript:alert(1)", None),
            ("https://", None),
        ] {
            assert_eq!(place(&from, location).as_deref(), expected, "{location}");
        }
        assert_eq!(place(&from, &"a".repeat(1_000)).map(|place| place.chars().count()), Some(CHARS_MAX + 1));
    }
}
