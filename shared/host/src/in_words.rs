//! Errors as `main` should show them.

use std::error::Error;
use std::fmt;

use headway_core::error_chain;

/// An error and its causes as one sentence, however it is printed.
#[derive(thiserror::Error)]
#[error("{0}")]
struct InWords(String);

impl fmt::Debug for InWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The error and its causes as one sentence, however it is printed: what `main` returns is shown by `Debug`, which is meant for
/// programmers.
///
/// ```
/// let wrong = "17x".parse::<u16>().unwrap_err();
/// assert_eq!(format!("{:?}", headway_host::in_words(wrong.into())), "invalid digit found in string");
/// ```
#[must_use]
pub fn in_words(error: Box<dyn Error + Send + Sync>) -> Box<dyn Error + Send + Sync> {
    InWords(error_chain(error.as_ref())).into()
}

#[cfg(test)]
mod tests {
    use headway_core::config::ConfigError;

    use super::*;

    /// Bug found: a function whose environment is wrong ended with the name of a type and escaped quotes.
    #[test]
    fn what_main_shows_is_a_sentence() {
        let wrong = ConfigError::Invalid { name: "HEADWAY_STORE", value: "disk".to_owned(), expected: "use \"dynamodb\"".to_owned() };
        assert_eq!(format!("Error: {:?}", in_words(wrong.into())), r#"Error: HEADWAY_STORE is "disk": use "dynamodb""#);
    }
}
