//! What is wrong with the name of a processor.

use std::fmt;

use crate::limits::PROCESSOR_NAME_CHARS_MAX;

/// What is wrong with the name of a processor, and what to do. It looks the same when a `main` returns it.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It is not 1 to 64 of `a-z A-Z 0-9 - _ .`.
    #[error("{0:?} is not a valid name for a processor: use 1 to {PROCESSOR_NAME_CHARS_MAX} letters, digits, -, _ and .")]
    Invalid(String),
    /// Two processors have it.
    #[error("two processors have the name {0:?}: give one of them another name")]
    Twice(String),
}

impl NameError {
    /// What is wrong with this name beside those that are taken, if anything is.
    pub fn of(name: &str, is_taken: impl FnOnce(&str) -> bool) -> Option<Self> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let is_valid = (1..=PROCESSOR_NAME_CHARS_MAX).contains(&name.len()) && name.bytes().all(fits);
        match is_valid {
            true => is_taken(name).then(|| Self::Twice(name.to_owned())),
            false => Some(Self::Invalid(name.to_owned())),
        }
    }
}

impl fmt::Debug for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use crate::{Item, ItemError, ItemProcessor, Output, Processors, async_trait};

    struct Nothing;

    #[async_trait]
    impl ItemProcessor for Nothing {
        async fn process(&self, _: Item) -> Result<Output, ItemError> {
            Ok(Output::None)
        }
    }

    /// Bug found: of two processors with one name the first was never called, and one without a name could be called by no job. Nobody
    /// was told.
    #[test]
    fn a_name_that_jobs_cannot_use_is_an_error_with_what_to_do() {
        let long = "n".repeat(65);
        let invalid = |name: &str| Some(format!("{name:?} is not a valid name for a processor: use 1 to 64 letters, digits, -, _ and ."));
        let cases: [(&[&str], Option<String>); 8] = [
            (&["invoices"], None),
            (&["a", "A", "json-schema", "my_jobs.v2", &long[1..]], None),
            (&[""], invalid("")),
            (&["a", "two words"], invalid("two words")),
            (&["a/b"], invalid("a/b")),
            (&["größe"], invalid("größe")),
            (&[&long], invalid(&long)),
            (&["a", "b", "a", ""], Some("two processors have the name \"a\": give one of them another name".to_owned())),
        ];
        for (names, fault) in cases {
            let processors = names.iter().fold(Processors::new(), |processors, name| processors.with(*name, Nothing));
            let found = processors.check().err();
            assert_eq!(found.as_ref().map(|fault| format!("{fault:?}")), fault, "{names:?}");
        }
    }
}
