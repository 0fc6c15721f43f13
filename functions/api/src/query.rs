//! Query parameters, read strictly: a value that is wrong, or a parameter that occurs twice, is refused by name.

use axum::extract::FromRequestParts;
use form_urlencoded::{Serializer, parse};
use http::request::Parts;

use crate::problem::ApiErrorResponse;

/// The name of the parameter that holds a page token.
const PAGE_TOKEN: &str = "pageToken";
/// The name of the parameter that holds a page's size.
const PAGE_SIZE: &str = "pageSize";

/// A request's query, decoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// The value of `name`, if it is present.
    ///
    /// # Errors
    ///
    /// `malformed` if it is empty, or occurs twice.
    pub fn get(&self, name: &str) -> Result<Option<&str>, ApiErrorResponse> {
        match self.only(name)? {
            // The caller probably forgot the value. Without the parameter the answer would be to another question.
            Some("") => Err(ApiErrorResponse::malformed(format!("{name} has no value: give it one, or leave it out"))),
            value => Ok(value),
        }
    }

    /// The value of `name`, empty or not.
    fn only(&self, name: &str) -> Result<Option<&str>, ApiErrorResponse> {
        let mut values = self.0.iter().filter(|(n, _)| n == name);
        let first = values.next();
        if values.next().is_some() {
            return Err(ApiErrorResponse::malformed(format!("the query parameter {name} occurs twice")));
        }
        Ok(first.map(|(_, value)| value.as_str()))
    }

    /// The value of `name`, a whole number written in digits only. A number that is too large becomes the largest
    /// possible one.
    ///
    /// # Errors
    ///
    /// `malformed` if it is anything else, or occurs twice.
    pub fn number(&self, name: &str) -> Result<Option<u64>, ApiErrorResponse> {
        let Some(text) = self.get(name)? else { return Ok(None) };
        if !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(ApiErrorResponse::malformed(format!("{name} must be a whole number, 0 or more")));
        }
        Ok(Some(text.parse().unwrap_or(u64::MAX)))
    }

    /// How many elements a page may have: `default` if absent or 0, and at most `max`.
    ///
    /// # Errors
    ///
    /// `malformed` if it is not a whole number.
    pub fn page_size(&self, default: usize, max: usize) -> Result<usize, ApiErrorResponse> {
        Ok(match self.number(PAGE_SIZE)? {
            None | Some(0) => default,
            Some(asked) => usize::try_from(asked).unwrap_or(max).min(max),
        })
    }

    /// True if `name` is `true`, false if it is `false` or absent.
    ///
    /// # Errors
    ///
    /// `malformed` if it is anything else, or occurs twice.
    pub fn flag(&self, name: &str) -> Result<bool, ApiErrorResponse> {
        match self.get(name)? {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(ApiErrorResponse::malformed(format!("{name} must be true or false"))),
        }
    }

    /// The page token, if there is one. An empty one is the first page, so that a loop can begin with it.
    ///
    /// # Errors
    ///
    /// `malformed` if it occurs twice.
    pub fn page_token(&self) -> Result<Option<&str>, ApiErrorResponse> {
        Ok(self.only(PAGE_TOKEN)?.filter(|token| !token.is_empty()))
    }

    /// True if there are no parameters.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names of the parameters, in the order of the query.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// This query with one more parameter.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let others = self.0.iter().filter(|(known, _)| known != name).cloned();
        Self(others.chain([(name.to_owned(), value.to_owned())]).collect())
    }

    /// This query, encoded, with another page token.
    pub fn with_page_token(&self, token: &str) -> String {
        let others = self.0.iter().filter(|(name, _)| name != PAGE_TOKEN);
        Serializer::new(String::new()).extend_pairs(others).append_pair(PAGE_TOKEN, token).finish()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = ApiErrorResponse;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query(parse(text.as_bytes()).into_owned().collect())
    }

    /// A size that cannot be read must not silently become another one.
    #[test]
    fn page_sizes() {
        let size = |text: &str| query(text).page_size(20, 100).ok();
        assert_eq!(size(""), Some(20));
        assert_eq!(size("pageSize=0"), Some(20));
        assert_eq!(size("pageSize=7"), Some(7));
        assert_eq!(size("pageSize=101"), Some(100));
        assert_eq!(size("pageSize=99999999999999999999999"), Some(100));
        for refused in ["", "-1", "%2B1", "1.0", "x", "%201", "1e2", "\u{661}"] {
            assert_eq!(size(&format!("pageSize={refused}")), None, "{refused}");
        }
        assert_eq!(size("pageSize=1&pageSize=1"), None);
    }

    /// Bug found: `status=` listed the jobs of every status.
    #[test]
    fn an_empty_value_is_refused() {
        for name in ["status", "format", "owner", "bom"] {
            assert!(query(&format!("{name}=")).get(name).is_err() && query(name).get(name).is_err(), "{name}");
            assert_eq!(query("").get(name).unwrap(), None);
        }
        assert!(query("validateOnly=").flag("validateOnly").is_err());
        assert_eq!(query("pageToken=").page_token().unwrap(), None);
    }

    /// The next page's query differs only in the token.
    #[test]
    fn the_next_query_keeps_all_parameters() {
        let next = query("format=csv&pageToken=old&pageSize=2&x=a%26b").with_page_token("new-_");
        assert_eq!(next, "format=csv&pageSize=2&x=a%26b&pageToken=new-_");
    }
}
