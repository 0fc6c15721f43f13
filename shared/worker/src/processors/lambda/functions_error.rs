//! What can be wrong with the functions' configuration.

/// What is wrong with the functions' configuration.
#[derive(Debug, thiserror::Error)]
pub enum FunctionsError {
    /// It is not JSON, or not an object of functions.
    #[error("HEADWAY_LAMBDA_FUNCTIONS must be a JSON object of functions by name, {{\"resize\": {{\"function\": \"name or ARN\"}}}}: {0}")]
    Json(serde_json::Error),
    /// It is not UTF-8.
    #[error("HEADWAY_LAMBDA_FUNCTIONS is not UTF-8")]
    NotText,
    /// A name that is not 1 to 64 of `a-z A-Z 0-9 - _`.
    #[error("HEADWAY_LAMBDA_FUNCTIONS: {0:?} is not a valid name for a function: use 1 to 64 letters, digits, - and _")]
    Name(String),
    /// A name occurs twice.
    #[error("HEADWAY_LAMBDA_FUNCTIONS: function {0} is given twice")]
    Twice(String),
    /// A member is missing, unknown, of another type or out of range.
    #[error("HEADWAY_LAMBDA_FUNCTIONS: function {name}: {reason}")]
    Member {
        /// The function.
        name: String,
        /// What to change.
        reason: String,
    },
}
