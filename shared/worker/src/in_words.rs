//! Errors as `main` should show them: it prints what `Debug` says, which is meant for programmers.

use std::fmt;

use headway_core::error_chain;
use lambda_runtime::Error;

/// An error and its causes as one sentence, however it is printed.
#[derive(thiserror::Error)]
#[error("{0}")]
struct InWords(String);

impl fmt::Debug for InWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The error in words.
pub(crate) fn in_words(error: Error) -> Error {
    InWords(error_chain(error.as_ref())).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::announcement::AnnouncementError;

    /// Bug found: a worker with a `paramsSchema` that cannot be used ended with the name of a type and escaped quotes.
    #[test]
    fn what_main_shows_is_a_sentence() {
        let wrong = AnnouncementError::ParamsSchemas(vec![r#"/type: "objekt" is no type"#.to_owned()]);
        assert_eq!(format!("Error: {:?}", in_words(wrong.into())), r#"Error: /type: "objekt" is no type"#);
    }
}
