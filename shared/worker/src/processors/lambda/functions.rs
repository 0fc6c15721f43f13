//! The operator's functions, read once from the environment.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::function::Function;
use super::functions_error::FunctionsError;
use crate::processors::document::members::Members;

/// Functions by name.
#[derive(Debug, Clone, Default)]
pub struct Functions(Arc<BTreeMap<String, Arc<Function>>>);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Config {
    function: String,
    #[serde(default = "batch_default")]
    batch: u64,
    #[serde(default = "timeout_seconds_default")]
    timeout_seconds: u64,
    #[serde(default = "concurrency_default")]
    concurrency: usize,
    #[serde(default = "max_attempts_default")]
    max_attempts: u32,
}

impl Functions {
    /// The environment variable from which they are read.
    pub const VARIABLE: &str = "HEADWAY_LAMBDA_FUNCTIONS";

    /// Reads [`Self::VARIABLE`]; no functions if it is not set.
    ///
    /// # Errors
    ///
    /// What to change.
    pub fn from_env() -> Result<Self, FunctionsError> {
        match std::env::var(Self::VARIABLE) {
            Ok(text) => Self::parse(&text),
            Err(std::env::VarError::NotPresent) => Ok(Self::default()),
            Err(std::env::VarError::NotUnicode(_)) => Err(FunctionsError::NotText),
        }
    }

    /// Reads `{"resize": {"function": "name or ARN"}}`. Each function may have `batch` (1 to 250 items in a call, default 100),
    /// `timeoutSeconds` (1 to 900, default 60), `concurrency` (1 to 256, default 8) and `maxAttempts` (1 to 20, default 5).
    ///
    /// # Errors
    ///
    /// What to change.
    pub fn parse(json: &str) -> Result<Self, FunctionsError> {
        if json.trim().is_empty() {
            return Ok(Self::default());
        }
        let configured: Members<'_> = serde_json::from_str(json).map_err(FunctionsError::Json)?;
        let mut functions = BTreeMap::new();
        for (name, config) in configured.iter() {
            let function = Arc::new(read(name, config)?);
            if functions.insert(name.to_owned(), function).is_some() {
                return Err(FunctionsError::Twice(name.to_owned()));
            }
        }
        Ok(Self(Arc::new(functions)))
    }

    /// Their names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Each name that jobs use, and the function's name or ARN in AWS.
    pub fn in_aws(&self) -> impl Iterator<Item = (&str, &str)> {
        self.iter().map(|function| (function.name.as_str(), function.function.as_str()))
    }

    pub(super) fn get(&self, name: &str) -> Option<&Arc<Function>> {
        self.0.get(name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Function> {
        self.0.values().map(Arc::as_ref)
    }
}

fn read(name: &str, config: &RawValue) -> Result<Function, FunctionsError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !(1..=64).contains(&name.len()) || !name.chars().all(fits) {
        return Err(FunctionsError::Name(name.to_owned()));
    }
    let wrong = |reason: String| FunctionsError::Member { name: name.to_owned(), reason };
    let config: Config = serde_json::from_str(config.get()).map_err(|error| wrong(error.to_string()))?;
    config.check().map_err(wrong)?;
    Ok(Function {
        name: name.to_owned(),
        function: config.function,
        timeout: Duration::from_secs(config.timeout_seconds),
        concurrency: config.concurrency,
        attempts_max: config.max_attempts,
        batch: u16::try_from(config.batch).unwrap_or(u16::MAX),
    })
}

impl Config {
    fn check(&self) -> Result<(), String> {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.:$".contains(c);
        if !(1..=170).contains(&self.function.len()) || !self.function.chars().all(fits) {
            return Err("function must be the name or the ARN of a Lambda function, with its version or alias if there is one".to_owned());
        }
        if !(1..=250).contains(&self.batch) {
            return Err("batch must be 1 to 250".to_owned());
        }
        if !(1..=900).contains(&self.timeout_seconds) {
            return Err("timeoutSeconds must be 1 to 900".to_owned());
        }
        if !(1..=256).contains(&self.concurrency) {
            return Err("concurrency must be 1 to 256".to_owned());
        }
        if !(1..=20).contains(&self.max_attempts) {
            return Err("maxAttempts must be 1 to 20".to_owned());
        }
        Ok(())
    }
}

const fn batch_default() -> u64 {
    100
}

const fn timeout_seconds_default() -> u64 {
    60
}

const fn concurrency_default() -> usize {
    8
}

const fn max_attempts_default() -> u32 {
    5
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:lambda:eu-central-1:123456789012:function:resize:live";

    fn with(members: &str) -> Result<Functions, FunctionsError> {
        Functions::parse(&format!(r#"{{"resize": {{"function": "{ARN}"{members}}}}}"#))
    }

    #[test]
    fn reads_what_is_given_and_fills_in_the_rest() {
        let functions = with(r#", "timeoutSeconds": 300"#).unwrap();
        let resize = functions.get("resize").unwrap();
        assert_eq!((resize.function.as_str(), resize.timeout.as_secs(), resize.batch, resize.concurrency), (ARN, 300, 100, 8));
        assert_eq!(Functions::parse(" ").unwrap().names().count(), 0);
    }

    #[test]
    fn every_error_says_what_to_change() {
        let table = [
            (with(r#", "batch": 0"#), "function resize: batch must be 1 to 250"),
            (with(r#", "batch": 65537"#), "function resize: batch must be 1 to 250"),
            (with(r#", "timeoutSeconds": 901"#), "timeoutSeconds must be 1 to 900"),
            (with(r#", "concurrency": 0"#), "concurrency must be 1 to 256"),
            (with(r#", "maxAttempts": 21"#), "maxAttempts must be 1 to 20"),
            (with(r#", "timeout": 5"#), "unknown field `timeout`"),
            (with(r#", "batch": "5""#), "invalid type"),
            (Functions::parse(r#"{"resize": {}}"#), "missing field `function`"),
            (Functions::parse(r#"{"resize": {"function": ""}}"#), "function must be the name or the ARN"),
            (Functions::parse(r#"{"resize": {"function": "https://x/"}}"#), "function must be the name or the ARN"),
            (Functions::parse(r#"{"r e": {"function": "x"}}"#), "is not a valid name"),
            (Functions::parse(r#"["x"]"#), "must be a JSON object of functions by name"),
            (Functions::parse(r#"{"x": {"function": "x"}, "x": {"function": "x"}}"#), "function x is given twice"),
        ];
        for (parsed, expected) in table {
            let error = parsed.unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
