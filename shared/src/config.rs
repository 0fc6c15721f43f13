//! Configuration from the environment.

use std::collections::BTreeSet;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use headway_processor::{NameError, ProcessorInfo, ProcessorsError};

use crate::limits::{ENDPOINT_NAME_CHARS_MAX, RETENTION_DAYS_DEFAULT, RETENTION_DAYS_RANGE};
use crate::quota::{NotQuotas, Quotas};

/// A bus's ARN, in characters. Source: EventBridge, `PutEventsRequestEntry`.
const EVENT_BUS_CHARS_MAX: usize = 1_600;

/// The table's name.
pub const HEADWAY_TABLE: &str = "HEADWAY_TABLE";
/// The queue's URL.
pub const HEADWAY_QUEUE_URL: &str = "HEADWAY_QUEUE_URL";
/// The ARN of the dead-letter queue, by which the worker recognises its messages.
pub const HEADWAY_DEAD_LETTER_QUEUE_ARN: &str = "HEADWAY_DEAD_LETTER_QUEUE_ARN";
/// How long ended jobs are kept, in days.
pub const HEADWAY_RETENTION_DAYS: &str = "HEADWAY_RETENTION_DAYS";
/// The quotas that differ from the defaults: `liveJobs=10,liveItems=1000000,startsPerMinute=6`.
pub const HEADWAY_QUOTAS: &str = "HEADWAY_QUOTAS";
/// The processors of a worker of one's own, whose code is not in the api: a JSON list.
pub const HEADWAY_PROCESSORS: &str = "HEADWAY_PROCESSORS";
/// The names of the endpoints that a job can name as its callback, separated by commas.
pub const HEADWAY_CALLBACKS: &str = "HEADWAY_CALLBACKS";
/// The EventBridge bus on which events of jobs are put: its name or ARN.
pub const HEADWAY_EVENT_BUS: &str = "HEADWAY_EVENT_BUS";
/// The file to which those events are appended instead, where there is no bus.
pub const HEADWAY_EVENT_LOG: &str = "HEADWAY_EVENT_LOG";
/// When the workers of earlier servers have ended for certain: see [`workers_ended`].
pub const HEADWAY_WORKERS_ENDED: &str = "HEADWAY_WORKERS_ENDED";
/// Where a server on this machine serves its table and queue to its workers. With it nothing of AWS's configuration is used for them.
pub const HEADWAY_LOOPBACK_AWS: &str = "HEADWAY_LOOPBACK_AWS";
/// How metrics are reported to operators: `emf`, or not at all.
pub const HEADWAY_METRICS: &str = "HEADWAY_METRICS";
/// The log filter, in the syntax of `tracing-subscriber`.
pub const HEADWAY_LOG: &str = "HEADWAY_LOG";

/// Every variable of this file. `headway doctor` reports others as misspelt.
pub const VARIABLES: &[&str] = &[
    HEADWAY_TABLE,
    HEADWAY_QUEUE_URL,
    HEADWAY_DEAD_LETTER_QUEUE_ARN,
    HEADWAY_RETENTION_DAYS,
    HEADWAY_QUOTAS,
    HEADWAY_PROCESSORS,
    HEADWAY_CALLBACKS,
    HEADWAY_EVENT_BUS,
    HEADWAY_EVENT_LOG,
    HEADWAY_WORKERS_ENDED,
    HEADWAY_LOOPBACK_AWS,
    HEADWAY_METRICS,
    HEADWAY_LOG,
];

/// The value of a variable, if it is set and not empty: [`optional`], or a map in tests.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A variable that is missing or not valid.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It has to be set.
    #[error("{0} is not set")]
    Missing(&'static str),
    /// Its value is not valid.
    #[error("{name} is {value:?}: {expected}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it must be.
        expected: String,
    },
    /// `HEADWAY_PROCESSORS` cannot be used.
    #[error(
        "HEADWAY_PROCESSORS is not a list of processors, such as \
         [{{\"name\": \"mine\", \"description\": \"…\", \"paramsSchema\": {{}}, \"chunkSize\": 100}}]"
    )]
    Processors(#[from] serde_json::Error),
    /// A name in `HEADWAY_PROCESSORS` that jobs cannot use, or a member that is out of its range.
    #[error("HEADWAY_PROCESSORS: {0}")]
    DescribedProcessor(ProcessorsError),
}

/// Where events of jobs go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventsTo {
    /// An EventBridge bus: its name or ARN.
    Bus(String),
    /// A file, to which each event is appended as a line of JSON.
    Log(PathBuf),
}

/// The variable's value, if it is set and not empty.
pub fn optional(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The variable's value.
///
/// # Errors
/// [`ConfigError::Missing`].
pub fn required(name: &'static str) -> Result<String, ConfigError> {
    optional(name).ok_or(ConfigError::Missing(name))
}

/// True if the environment names a table. Otherwise the embedded table and queue are used, where they are built in.
pub fn names_aws() -> bool {
    optional(HEADWAY_TABLE).is_some()
}

/// What is wrong with the variables whose values are read in this file: of each the first error.
pub fn problems(env: Env<'_>) -> Vec<ConfigError> {
    let errors = [
        retention_days(env).err(),
        callbacks(env).err(),
        events_to(env).err(),
        workers_ended(env).err(),
        quotas(env).err(),
        described_processors(env).err(),
    ];
    errors.into_iter().flatten().collect()
}

/// How long ended jobs are kept, in days, 1 to 365.
///
/// # Errors
/// [`ConfigError::Invalid`].
pub fn retention_days(env: Env<'_>) -> Result<u16, ConfigError> {
    let Some(value) = env(HEADWAY_RETENTION_DAYS) else { return Ok(RETENTION_DAYS_DEFAULT) };
    let days = value.parse().ok().filter(|days| RETENTION_DAYS_RANGE.contains(days));
    days.ok_or_else(|| ConfigError::Invalid { name: HEADWAY_RETENTION_DAYS, value, expected: "a whole number from 1 to 365".to_owned() })
}

/// The names of the endpoints that a job can name as its callback. Their addresses and secrets are only in the worker.
///
/// # Errors
/// [`ConfigError::Invalid`].
pub fn callbacks(env: Env<'_>) -> Result<Vec<String>, ConfigError> {
    let Some(value) = env(HEADWAY_CALLBACKS) else { return Ok(Vec::new()) };
    let names: Vec<String> = value.split(',').map(|name| name.trim().to_owned()).collect();
    let is_name = |name: &String| {
        (1..=ENDPOINT_NAME_CHARS_MAX).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    match names.iter().all(is_name) {
        true => Ok(names),
        false => {
            let expected = "names of endpoints, separated by commas, such as crm,reports".to_owned();
            Err(ConfigError::Invalid { name: HEADWAY_CALLBACKS, value, expected })
        }
    }
}

/// Where events of jobs go; `None`: there are no events.
///
/// # Errors
/// [`ConfigError::Invalid`].
pub fn events_to(env: Env<'_>) -> Result<Option<EventsTo>, ConfigError> {
    let invalid = |value, expected: &str| Err(ConfigError::Invalid { name: HEADWAY_EVENT_BUS, value, expected: expected.to_owned() });
    match (env(HEADWAY_EVENT_BUS), env(HEADWAY_EVENT_LOG)) {
        (Some(bus), Some(_)) => invalid(bus, "HEADWAY_EVENT_LOG is set as well: events go either to a bus or to a file"),
        (Some(bus), None) if is_bus(&bus) => Ok(Some(EventsTo::Bus(bus))),
        (Some(bus), None) => invalid(bus, "the name or the ARN of an EventBridge bus, not of a partner's"),
        (None, log) => Ok(log.map(|path| EventsTo::Log(path.into()))),
    }
}

/// Whether `PutEvents` takes this name or ARN. Only a partner's bus has a slash in its name, and nobody else can put events on it.
fn is_bus(bus: &str) -> bool {
    let has_only = |text: &str, others: &[u8]| text.bytes().all(|b| b.is_ascii_alphanumeric() || others.contains(&b));
    let (place, name) = bus.split_once(":event-bus/").unwrap_or(("arn:", bus));
    bus.len() <= EVENT_BUS_CHARS_MAX && place.starts_with("arn:") && has_only(place, b"-:") && !name.is_empty() && has_only(name, b".-_")
}

/// By when the workers of earlier servers had to end, as RFC 3339. `headway serve --worker` sets it for its own workers. `None`: workers
/// end one by one, as on Lambda.
///
/// # Errors
/// [`ConfigError::Invalid`].
pub fn workers_ended(env: Env<'_>) -> Result<Option<DateTime<Utc>>, ConfigError> {
    let Some(value) = env(HEADWAY_WORKERS_ENDED) else { return Ok(None) };
    let expected = "a time as in RFC 3339".to_owned();
    match DateTime::parse_from_rfc3339(&value) {
        Ok(time) => Ok(Some(time.to_utc())),
        Err(_) => Err(ConfigError::Invalid { name: HEADWAY_WORKERS_ENDED, value, expected }),
    }
}

/// The quotas of each owner.
///
/// # Errors
/// [`ConfigError::Invalid`], which says how to write them.
pub fn quotas(env: Env<'_>) -> Result<Quotas, ConfigError> {
    let Some(value) = env(HEADWAY_QUOTAS) else { return Ok(Quotas::default()) };
    value.parse().map_err(|expected: NotQuotas| ConfigError::Invalid { name: HEADWAY_QUOTAS, value, expected: expected.to_string() })
}

/// The processors that the operator describes. Those of a worker that announces its own need none.
///
/// # Errors
/// [`ConfigError::Processors`] and [`ConfigError::DescribedProcessor`].
pub fn described_processors(env: Env<'_>) -> Result<Vec<ProcessorInfo>, ConfigError> {
    let described: Vec<ProcessorInfo> = env(HEADWAY_PROCESSORS).map_or(Ok(Vec::new()), |list| serde_json::from_str(&list))?;
    check(&described).map_err(ConfigError::DescribedProcessor)?;
    Ok(described)
}

fn check(described: &[ProcessorInfo]) -> Result<(), ProcessorsError> {
    let mut names = BTreeSet::new();
    for info in described {
        let name = &info.name;
        NameError::of(name, |_| !names.insert(name)).map_or(Ok(()), Err)?;
        info.check().map_err(|wrong| ProcessorsError::Option { processor: name.clone(), wrong })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list that is not valid is reported at the start, not at the first job.
    #[test]
    fn only_a_list_of_processors_is_read() {
        let read = |list: &str| described_processors(&|_| Some(list.to_owned()));
        let infos = read(r#"[{"name": "mine", "chunkSize": 10}, {"name": "http", "description": "ours"}]"#).unwrap();
        let seen: Vec<_> = infos.iter().map(|info| (info.name.as_str(), info.description.as_str(), info.chunk_size)).collect();
        assert_eq!(seen, [("mine", "", 10), ("http", "ours", 250)]);
        assert!(described_processors(&|_| None).unwrap().is_empty());
        let nameless = [r#"[{"description": "nameless"}]"#, r#"[{"name": ""}]"#, r#"[{"name": "x"}, {"name": "x"}]"#];
        for list in nameless.into_iter().chain(["", "{}", r#"[{"name": "x", "colour": 1}]"#]) {
            assert!(read(list).is_err(), "{list}");
        }
        for (member, says) in [
            (r#""chunkSize": 0"#, "chunkSize is 0: use 1 to 250"),
            (r#""batch": 999"#, "batch is 999: use 1 to 250"),
            (r#""maxAttempts": 0"#, "maxAttempts is 0: use 1 to 1000"),
            (r#""paramsSchema": 7"#, "paramsSchema is a number: use a JSON object, {} for any params"),
        ] {
            let refused = read(&format!(r#"[{{"name": "x", {member}}}]"#)).unwrap_err();
            assert_eq!(refused.to_string(), format!("HEADWAY_PROCESSORS: the processor x: {says}"));
        }
    }

    #[test]
    fn callbacks_are_names() {
        let read = |list: &str| callbacks(&|_| Some(list.to_owned()));
        assert_eq!(read("crm, reports-2").unwrap(), ["crm", "reports-2"]);
        assert!(callbacks(&|_| None).unwrap().is_empty());
        for list in ["crm,", "https://example.com", "a b", ","] {
            assert!(read(list).is_err(), "{list}");
        }
    }

    #[test]
    fn events_go_to_a_bus_or_to_a_file() {
        let read = |bus: &'static str, log: &'static str| {
            events_to(&move |asked| {
                let value = match asked {
                    HEADWAY_EVENT_BUS => bus,
                    _ => log,
                };
                Some(value.to_owned()).filter(|value| !value.is_empty())
            })
        };
        let arn = "arn:aws:events:eu-central-1:123456789012:event-bus/jobs";
        assert_eq!(read(arn, "").unwrap(), Some(EventsTo::Bus(arn.to_owned())));
        assert_eq!((read("", "").unwrap(), read("", "e.ndjson").unwrap()), (None, Some(EventsTo::Log("e.ndjson".into()))));
        assert!(read("jobs", "e.ndjson").is_err());
        assert_eq!(read("team_jobs.2-a", "").unwrap(), Some(EventsTo::Bus("team_jobs.2-a".to_owned())));
        // Bug found: a partner's bus was accepted, and no event was ever put on it.
        for wrong in [
            "my bus",
            "team/jobs",
            "aws.partner/example.com/1",
            "arn:aws:events:eu-central-1:123456789012:event-bus/aws.partner/example.com/1",
            "arn:aws:events:eu-central-1:123456789012:event-bus/",
            "arn:aws:events:eu-central-1:123456789012:rule/jobs",
        ] {
            assert!(read(wrong, "").is_err(), "{wrong}");
        }
    }

    /// What cannot be read must not silently become the default.
    #[test]
    fn a_wrong_value_is_named() {
        let only = |name: &'static str| move |asked: &str| (asked == name).then(|| "many".to_owned());
        let refused = [
            (HEADWAY_QUOTAS, quotas(&only(HEADWAY_QUOTAS)).unwrap_err()),
            (HEADWAY_RETENTION_DAYS, retention_days(&only(HEADWAY_RETENTION_DAYS)).unwrap_err()),
        ];
        for (name, error) in refused {
            assert!(error.to_string().starts_with(&format!("{name} is \"many\": ")), "{error}");
            assert_eq!(problems(&only(name)).len(), 1, "{name}");
        }
        assert!(problems(&|_| None).is_empty());
        assert_eq!(quotas(&|_| None).unwrap(), Quotas::default());
        assert_eq!(retention_days(&|_| None).unwrap(), RETENTION_DAYS_DEFAULT);
    }
}
