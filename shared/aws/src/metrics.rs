//! Metrics for operators: one JSON line for each batch or run in CloudWatch's embedded metric format, from which
//! CloudWatch makes metrics without a call. Off unless configured.
//!
//! Every pair of metric and dimension is billed for each hour in which it is sent. So there is one dimension with few
//! values, counts of zero are not sent, and an idle function sends nothing.
//!
//! Source: Amazon CloudWatch, "Specification: Embedded metric format".

use std::io::Write as _;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use headway_core::config::{self, ConfigError};

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Headway";
/// The one dimension, as in AWS/Lambda: a stack's function, never a job or an owner.
const DIMENSION: &str = "FunctionName";
/// The variable in which Lambda gives every function its name.
const FUNCTION_NAME: &str = "AWS_LAMBDA_FUNCTION_NAME";
/// How many values of a metric one line may have: the format's limit, and ten times what a batch has.
const VALUES_MAX: usize = 100;

/// Where metrics go.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    /// `None`: metrics are not sent.
    function_name: Option<String>,
}

/// One metric of a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    name: &'static str,
    unit: &'static str,
    values: Vec<f64>,
}

impl Metrics {
    /// The metrics of this function, on stdout.
    pub fn of(function_name: impl Into<String>) -> Self {
        Self { function_name: Some(function_name.into()) }
    }

    /// As the variable says: `emf`, or none if it is not set.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] if it has another value, [`ConfigError::Missing`] outside Lambda.
    pub fn from_env(variable: &'static str) -> Result<Self, ConfigError> {
        match config::optional(variable).as_deref() {
            None => Ok(Self::default()),
            Some("emf") => config::required(FUNCTION_NAME).map(Self::of),
            Some(other) => Err(ConfigError::Invalid {
                name: variable,
                value: other.to_owned(),
                expected: "emf, or leave it out for no metrics".to_owned(),
            }),
        }
    }

    /// Writes a line, unless there are no values.
    pub fn send(&self, at: DateTime<Utc>, metrics: Vec<Metric>) {
        if let Some(line) = self.line(at, metrics) {
            // Fails if stdout is closed: nobody would read the line.
            let _ = writeln!(std::io::stdout(), "{line}");
        }
    }

    fn line(&self, at: DateTime<Utc>, metrics: Vec<Metric>) -> Option<Value> {
        let function_name = self.function_name.as_deref()?;
        let metrics: Vec<Metric> = metrics.into_iter().filter(|metric| !metric.values.is_empty()).collect();
        if metrics.is_empty() {
            return None;
        }
        let defined: Vec<Value> = metrics.iter().map(|metric| json!({"Name": metric.name, "Unit": metric.unit})).collect();
        let directive = json!({"Namespace": NAMESPACE, "Dimensions": [[DIMENSION]], "Metrics": defined});
        let mut line = Map::new();
        line.insert("_aws".to_owned(), json!({"Timestamp": at.timestamp_millis(), "CloudWatchMetrics": [directive]}));
        line.insert(DIMENSION.to_owned(), function_name.into());
        line.extend(metrics.into_iter().map(|metric| (metric.name.to_owned(), metric.value())));
        Some(Value::Object(line))
    }
}

impl Metric {
    /// A count. Zero is not sent.
    pub fn count(name: &'static str, count: usize) -> Self {
        let values = if count == 0 { Vec::new() } else { vec![count as f64] };
        Self { name, unit: "Count", values }
    }

    /// Durations, one for each time.
    pub fn time(name: &'static str, spans: impl IntoIterator<Item = Duration>) -> Self {
        let milliseconds = |span: Duration| (span.as_secs_f64() * 1e6).round() / 1e3;
        Self { name, unit: "Milliseconds", values: spans.into_iter().map(milliseconds).take(VALUES_MAX).collect() }
    }

    fn value(self) -> Value {
        match self.values[..] {
            [one] => one.into(),
            _ => self.values.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: DateTime<Utc> = DateTime::from_timestamp_millis(1_795_507_199_123).unwrap();

    #[test]
    fn a_line_follows_the_specification() {
        let metrics = vec![
            Metric::count("Items", 2_500),
            Metric::time("SettleTime", [Duration::from_micros(5_250), Duration::from_millis(7)]),
            Metric::count("Failed", 0),
        ];
        let line = Metrics::of("stack-Worker-1").line(AT, metrics).unwrap();
        let expected = json!({
            "_aws": {
                "Timestamp": 1_795_507_199_123_i64,
                "CloudWatchMetrics": [{
                    "Namespace": "Headway",
                    "Dimensions": [["FunctionName"]],
                    "Metrics": [{"Name": "Items", "Unit": "Count"}, {"Name": "SettleTime", "Unit": "Milliseconds"}],
                }],
            },
            "FunctionName": "stack-Worker-1",
            "Items": 2_500.0,
            "SettleTime": [5.25, 7.0],
        });
        assert_eq!(line, expected);
    }

    #[test]
    fn nothing_is_sent_without_values_or_a_function_name() {
        assert_eq!(Metrics::of("f").line(AT, vec![Metric::count("Items", 0), Metric::time("Time", [])]), None);
        assert_eq!(Metrics::default().line(AT, vec![Metric::count("Items", 1)]), None);
    }

    #[test]
    fn no_metric_has_more_values_than_the_format_allows() {
        let line = Metrics::of("f").line(AT, vec![Metric::time("Time", vec![Duration::ZERO; 1_000])]).unwrap();
        assert_eq!(line["Time"].as_array().unwrap().len(), 100);
    }
}
