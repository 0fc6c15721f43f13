//! Reads an answer's body within limits.

use reqwest::Response;

use crate::no_answer::NoAnswer;

/// An answer's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// The complete body.
    Whole(Vec<u8>),
    /// It is longer than the limit; the rest is not read.
    Longer,
}

/// Reads a body of at most `bytes_max` bytes, in the time that is left for the call.
///
/// # Errors
///
/// It was cut off, or did not end in time.
pub async fn read(response: &mut Response, bytes_max: usize) -> Result<Body, NoAnswer> {
    if response.content_length().is_some_and(|length| length > bytes_max as u64) {
        return Ok(Body::Longer);
    }
    let mut body = Vec::new();
    while let Some(bytes) = response.chunk().await.map_err(|error| NoAnswer::in_the_body(&error))? {
        if body.len() + bytes.len() > bytes_max {
            return Ok(Body::Longer);
        }
        body.extend_from_slice(&bytes);
    }
    Ok(Body::Whole(body))
}
