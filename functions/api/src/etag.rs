//! Whether the caller has a state already: `If-None-Match`, compared weakly.

use http::HeaderMap;
use http::header::{HeaderValue, IF_NONE_MATCH};

/// True if the request's `If-None-Match` names `mine`, or any state.
pub(crate) fn is_known(asked: &HeaderMap, mine: &HeaderValue) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let mine = mine.to_str().map(opaque).unwrap_or_default();
    let lists = asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|tag| tag.trim() == "*" || opaque(tag) == mine)
}
