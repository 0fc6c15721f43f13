//! Reads all pages of a list and joins them.

use std::collections::{BTreeMap, HashSet};

use headway_api::MORE;
use reqwest::Method;
use reqwest::header::{CONTENT_ENCODING, LINK};
use serde_json::value::RawValue;

use crate::client::{Answer, Call, Client, ClientError};

/// The most elements of a page of jobs or parts.
pub const PAGE_SIZE_MAX: usize = 100;

/// How many pages in a row may be empty. Filters and items that are not settled make pages empty, but not so many.
const EMPTY_PAGES_MAX: u32 = 10_000;

/// The pages that were read of a list, so that one that repeats itself is not read for ever.
#[derive(Debug, Default)]
pub struct PagesRead {
    tokens: HashSet<String>,
    empty: u32,
}

impl PagesRead {
    /// Call it before the next page is read, with its token or query. `is_empty`: the page before had no elements.
    ///
    /// # Errors
    ///
    /// The list has no end.
    pub fn next(&mut self, token: &str, is_empty: bool) -> Result<(), ClientError> {
        self.empty = if is_empty { self.empty + 1 } else { 0 };
        if !self.tokens.insert(token.to_owned()) {
            return Err(ClientError::EndlessList("a page came again"));
        }
        if self.empty > EMPTY_PAGES_MAX {
            return Err(ClientError::EndlessList("page after page is empty"));
        }
        Ok(())
    }
}

/// The elements of a list, as received.
#[derive(Debug, Default)]
pub struct ListElements {
    /// The elements.
    pub elements: Vec<Box<RawValue>>,
    /// The token of the next page, if the list has more than the limit.
    pub next: Option<String>,
}

/// A page of a JSON list.
#[derive(Debug)]
pub struct ListPage {
    /// The elements.
    pub elements: Vec<Box<RawValue>>,
    /// The token of the next page.
    pub next: Option<String>,
}

impl ListPage {
    /// The page in an answer, whose list has this name.
    ///
    /// # Errors
    ///
    /// If there is no such list.
    pub fn of(answer: &Answer, name: &str) -> Result<ListPage, ClientError> {
        let members: BTreeMap<String, Box<RawValue>> = answer.json()?;
        let member = |name: &str| members.get(name).map_or("null", |raw| raw.get());
        let elements: Vec<Box<RawValue>> = serde_json::from_str(member(name)).map_err(ClientError::Answer)?;
        let next = serde_json::from_str(member("nextPageToken")).map_err(ClientError::Answer)?;
        Ok(ListPage { elements, next })
    }
}

/// The call for a page of a job's parts.
#[must_use]
pub fn parts_call(client: &Client, job_id: &str, token: Option<&str>, size: usize) -> Call {
    let size = size.to_string();
    let query: Vec<_> = [("pageSize", size.as_str())].into_iter().chain(token.map(|token| ("pageToken", token))).collect();
    client.request(Method::GET, &["jobs", job_id, "parts"], &query)
}

/// The elements of a list up to `limit`, read page by page. `page` makes the call for a page token and a page size.
///
/// # Errors
///
/// As [`Client::call`].
pub async fn read_all(
    client: &Client,
    name: &str,
    limit: usize,
    page: impl Fn(Option<&str>, usize) -> Call,
) -> Result<ListElements, ClientError> {
    let (mut all, mut read) = (ListElements::default(), PagesRead::default());
    while all.elements.len() < limit {
        let size = (limit - all.elements.len()).min(PAGE_SIZE_MAX);
        let answer = client.call(&page(all.next.as_deref(), size)).await?;
        let ListPage { elements, next } = ListPage::of(&answer, name)?;
        let is_empty = elements.is_empty();
        all.elements.extend(elements);
        all.next = next;
        match &all.next {
            Some(token) => read.next(token, is_empty)?,
            None => break,
        }
    }
    Ok(all)
}

impl ListElements {
    /// The list as one line of JSON, as if it had been one page.
    #[must_use]
    pub fn body(&self, name: &str) -> String {
        let elements: Vec<&str> = self.elements.iter().map(|raw| raw.get()).collect();
        let next = self.next.as_ref().map_or("null".to_owned(), |token| format!("{token:?}"));
        format!("{{\"{name}\":[{}],\"nextPageToken\":{next}}}", elements.join(","))
    }
}

/// The query of the next page, from `Link: <?…>; rel="next"`. `None` for the last page, which says that it is.
///
/// # Errors
///
/// There is no such header, and the page is not the last one: something on the way dropped the header. Or the page ends within a line: it
/// was cut off.
pub fn next_query(Answer { headers, body, .. }: &Answer) -> Result<Option<String>, ClientError> {
    if headers.contains_key(CONTENT_ENCODING) || !body.is_empty() && !body.ends_with(b"\n") {
        return Err(ClientError::CutPage);
    }
    let next = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok()).find_map(next_in);
    let is_last = || headers.get(MORE).is_some_and(|more| more == "false");
    if next.is_some() || is_last() { Ok(next) } else { Err(ClientError::CutList) }
}

fn next_in(mut links: &str) -> Option<String> {
    while let Some((_, rest)) = links.split_once('<') {
        let (target, rest) = rest.split_once('>')?;
        let parameters = &rest[..rest.find('<').unwrap_or(rest.len())];
        let is_next = parameters.split([';', ',']).any(|parameter| {
            let mut sides = parameter.splitn(2, '=').map(str::trim);
            sides.next() == Some("rel") && sides.next().is_some_and(|value| value.trim_matches('"') == "next")
        });
        if is_next {
            // Only the query is used, so that no answer can lead to another host.
            return target.split_once('?').map(|(_, query)| query.to_owned());
        }
        links = rest;
    }
    None
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;
    use reqwest::header::{HeaderMap, HeaderName};

    use super::*;

    fn page(headers: &[(HeaderName, &str)], body: &'static str) -> Answer {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
        Answer { status: StatusCode::OK, headers: HeaderMap::from_iter(headers), body: body.into() }
    }

    /// Bug found: a page that named itself as the next one was read again and again.
    #[test]
    fn a_list_that_repeats_itself_or_stays_empty_has_no_end() {
        let mut read = PagesRead::default();
        assert!(read.next("a", false).is_ok() && read.next("b", true).is_ok());
        assert!(matches!(read.next("a", false), Err(ClientError::EndlessList("a page came again"))));
        let mut read = PagesRead::default();
        let pages = (0..).take_while(|page| read.next(&page.to_string(), true).is_ok()).count();
        assert_eq!(pages, EMPTY_PAGES_MAX as usize);
    }

    #[test]
    fn the_next_page_is_found_among_links() {
        for (link, query) in [
            ("<?format=csv&pageToken=a,b;c>; rel=\"next\"", Some("format=csv&pageToken=a,b;c")),
            ("<?a=1>; rel=\"prev\", <?a=2>; title=\"x\"; rel=next", Some("a=2")),
            ("<https://elsewhere.test/x?a=3>; rel=\"next\"", Some("a=3")),
            ("<?a=1>; rel=\"prev\"", None),
            ("rel=\"next\"", None),
            ("<?a=1", None),
        ] {
            assert_eq!(next_query(&page(&[(LINK, link), (MORE, "false")], "")).unwrap().as_deref(), query, "{link}");
        }
    }

    /// Bug found: something on the way dropped `Link`, and a list ended after its first page.
    #[test]
    fn a_list_ends_only_where_the_server_says_so() {
        for headers in [&[][..], &[(MORE, "true")]] {
            assert!(matches!(next_query(&page(headers, "1\n")), Err(ClientError::CutList)), "{headers:?}");
        }
    }

    /// Bug found: a page that was cut off within a line counted as whole.
    #[test]
    fn a_page_ends_with_a_whole_line() {
        for (headers, body) in [(&[(MORE, "false")][..], "1\n2"), (&[(MORE, "false"), (CONTENT_ENCODING, "gzip")], "1\n")] {
            assert!(matches!(next_query(&page(headers, body)), Err(ClientError::CutPage)), "{body}");
        }
        assert!(matches!(next_query(&page(&[(MORE, "false")], "1\n2\n")), Ok(None)));
    }
}
