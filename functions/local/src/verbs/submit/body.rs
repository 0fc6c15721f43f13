//! The body of the request that starts a job, from the options.

use std::collections::BTreeSet;
use std::path::PathBuf;

use bytes::Bytes;
use clap::Args;
use headway_core::Percentage;
use headway_core::limits::{ITEMS_PER_CHUNK_MAX, METADATA_PAIRS_MAX, TITLE_CHARS_MAX};
use headway_core::percentage::PercentageError;
use reqwest::header::{HeaderName, HeaderValue};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::params::Params;
use crate::error::CommandError;
use crate::number;
use crate::survey::Survey;

/// The header that makes starting a job safe to repeat.
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The name in `metadata` that makes the same idempotency key with another file a different request.
pub(super) const DIGEST: &str = "itemsSha256";
const KEY_CHARS_MAX: usize = headway_core::limits::IDEMPOTENCY_KEY_CHARS_MAX;

/// The options of a new job.
#[derive(Debug, Args)]
pub(super) struct JobOptions {
    /// The processor; `headway processors` lists them
    #[arg(long, value_name = "NAME", required_unless_present = "continue_id")]
    pub(super) processor: Option<String>,
    /// A JSON file with the processor's params
    #[arg(long, value_name = "FILE")]
    pub(super) params: Option<PathBuf>,
    /// The member of an item that is its id
    #[arg(long, value_name = "FIELD")]
    pub(super) id_field: Option<String>,
    /// The maximum number of items in a chunk
    #[arg(long, value_name = "N", value_parser = number::from_to(1_u16, ITEMS_PER_CHUNK_MAX as u16))]
    pub(super) chunk_size: Option<u16>,
    /// How many items may fail before the job does: a number, or a percentage like 5%
    #[arg(long, value_name = "N|P%", value_parser = Tolerance::parse)]
    pub(super) tolerate: Option<Tolerance>,
    /// A title for people, shown with the job
    #[arg(long, value_name = "TEXT", value_parser = title)]
    pub(super) title: Option<String>,
    /// A note kept with the job; may be given more than once
    #[arg(long, value_name = "KEY=VALUE", value_parser = Pair::parse)]
    pub(super) metadata: Vec<Pair>,
    /// The endpoint that is told when the job ends: one of those that the operator lists in HEADWAY_CALLBACKS
    #[arg(long, value_name = "NAME")]
    pub(super) callback: Option<String>,
}

/// How many failures are tolerated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Tolerance {
    /// This many items.
    Count(u64),
    /// This percentage of all items.
    Percentage(Percentage),
}

/// `KEY=VALUE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    key: String,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct JobBody<'a> {
    processor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<&'a RawValue>,
    sealed: bool,
    /// How many items will be sent, so that progress is relative to all of them from the first part on.
    expected_items: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tolerated_failures: Option<Tolerance>,
    #[serde(skip_serializing_if = "Option::is_none")]
    chunk_size: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    metadata: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback: Option<&'a str>,
}

impl JobOptions {
    /// Refuses options that contradict each other.
    pub(super) fn check(&self, keyed: bool) -> Result<(), CommandError> {
        let mut keys = BTreeSet::new();
        if let Some(twice) = self.metadata.iter().find(|pair| !keys.insert(&pair.key)) {
            return Err(CommandError::Usage(format!("--metadata {} is given twice: one value would be lost", twice.key)));
        }
        if keys.iter().any(|key| *key == DIGEST) {
            return Err(CommandError::Usage(format!("--metadata {DIGEST} is set by --idempotency-key: use another name")));
        }
        if keyed && self.metadata.len() >= METADATA_PAIRS_MAX {
            let most = METADATA_PAIRS_MAX - 1;
            return Err(CommandError::Usage(format!(
                "with --idempotency-key at most {most} pairs of --metadata are allowed, since it adds one itself"
            )));
        }
        Ok(())
    }

    /// The options of a new job that were given, by name. A job that exists keeps those it has.
    pub(super) fn of_start(&self) -> Vec<&'static str> {
        let given = [
            ("--params", self.params.is_some()),
            ("--id-field", self.id_field.is_some()),
            ("--tolerate", self.tolerate.is_some()),
            ("--title", self.title.is_some()),
            ("--metadata", !self.metadata.is_empty()),
            ("--callback", self.callback.is_some()),
        ];
        given.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect()
    }

    /// The note about failed items, if no tolerance was given.
    pub(super) fn tolerance_note(&self, asks: bool) -> Option<&'static str> {
        const PLAIN: &str = "no failure is tolerated: the first item that fails ends the job, and the rest waits for a retry; --tolerate N or P% \
                             lets it go on, and --canary N tries N items first";
        const WITH_CANARY: &str = "no failure is tolerated: the first item that fails ends the job, an item that --canary tries too, before the \
                                   rest is asked about; --tolerate N or P% lets it go on";
        self.tolerate.is_none().then_some(if asks { WITH_CANARY } else { PLAIN })
    }

    /// The body. The same items and options give the same bytes, as an idempotency key requires.
    pub(super) fn body(&self, survey: &Survey, params: Option<&Params>) -> Result<Bytes, CommandError> {
        let pairs = self.metadata.iter().map(|pair| (pair.key.clone(), Value::from(pair.value.clone())));
        let digest = survey.sha256.iter().map(|digest| (DIGEST.to_owned(), Value::from(digest.clone())));
        let body = JobBody {
            processor: self.processor.as_deref(),
            params: params.map(Params::json),
            sealed: false,
            expected_items: survey.items,
            id_field: self.id_field.as_deref(),
            tolerated_failures: self.tolerate,
            chunk_size: self.chunk_size,
            title: self.title.as_deref(),
            metadata: pairs.chain(digest).collect(),
            callback: self.callback.as_deref(),
        };
        Ok(serde_json::to_vec(&body).map_err(anyhow::Error::from)?.into())
    }
}

/// Checked before the file is read.
fn title(text: &str) -> Result<String, String> {
    let fits = !text.trim().is_empty() && text.chars().count() <= TITLE_CHARS_MAX;
    if fits { Ok(text.to_owned()) } else { Err(format!("a title has 1 to {TITLE_CHARS_MAX} characters and is not blank")) }
}

/// The most failures that the service counts.
const COUNT_MAX: u64 = i64::MAX as u64;

impl Tolerance {
    pub(super) fn parse(text: &str) -> Result<Tolerance, String> {
        let wrong = || format!("{text:?} is neither a number of items nor a percentage like 5%");
        match text.strip_suffix('%') {
            None if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => match text.parse() {
                Ok(count) if count <= COUNT_MAX => Ok(Tolerance::Count(count)),
                _ => Err(format!("{text:?} is too large: at most {COUNT_MAX} items; 100% tolerates every failure")),
            },
            None => Err(wrong()),
            Some(number) => match number.trim().parse() {
                Ok(percentage) => Ok(Tolerance::Percentage(percentage)),
                Err(PercentageError::NotANumber) => Err(wrong()),
                Err(error) => Err(format!("the percentage {error}")),
            },
        }
    }
}

impl std::fmt::Display for Tolerance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Tolerance::Count(count) => write!(f, "{count}"),
            Tolerance::Percentage(percentage) => write!(f, "{percentage}%"),
        }
    }
}

impl Pair {
    pub(super) fn parse(text: &str) -> Result<Pair, String> {
        match text.split_once('=') {
            Some((key, value)) if !key.is_empty() => Ok(Pair { key: key.to_owned(), value: value.to_owned() }),
            _ => Err(format!("{text:?} is not KEY=VALUE")),
        }
    }
}

pub(super) fn idempotency_key(text: &str) -> Result<HeaderValue, String> {
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    match HeaderValue::from_str(text) {
        Ok(value) if visible && (1..=KEY_CHARS_MAX).contains(&text.len()) => Ok(value),
        _ => Err(format!("a key is 1 to {KEY_CHARS_MAX} visible ASCII characters")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        job: JobOptions,
        #[arg(long = "continue")]
        continue_id: Option<String>,
    }

    fn body_of(words: &[&str], survey: &Survey, text: bool) -> String {
        let line = Line::try_parse_from(["x"].iter().chain(words)).unwrap();
        assert_eq!(line.continue_id, None);
        let params = Params::read(line.job.params.as_deref(), text).unwrap();
        String::from_utf8(line.job.body(survey, params.as_ref()).unwrap().to_vec()).unwrap()
    }

    fn body(words: &[&str]) -> String {
        body_of(words, &Survey::default(), false)
    }

    #[test]
    fn values_of_csv_are_text_unless_the_params_say_otherwise() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.json");
        let with = |params: &str| {
            std::fs::write(&path, params).unwrap();
            let body = body_of(&["--processor", "p", "--params", path.to_str().unwrap()], &Survey::default(), true);
            let body: BTreeMap<String, Box<RawValue>> = serde_json::from_str(&body).unwrap();
            body["params"].get().to_owned()
        };
        assert_eq!(
            with(r#" { "schema": {"minimum": 1.000000000000000000001}}"#),
            r#"{"text":true, "schema": {"minimum": 1.000000000000000000001}}"#
        );
        assert_eq!(with(r#"{"schema":{},"text":false}"#), r#"{"schema":{},"text":false}"#);
        assert_eq!(with("{ }"), r#"{"text":true}"#);
        assert_eq!(with("[1]"), "[1]", "not an object: the server reports the error");
        assert!(body_of(&["--processor", "p"], &Survey::default(), true).contains(r#""params":{"text":true}"#));
    }

    #[test]
    fn with_a_key_the_body_names_the_items_too() {
        let with = |digest: &str| {
            body_of(&["--processor", "p", "--metadata", "a=b"], &Survey { sha256: Some(digest.to_owned()), ..Survey::default() }, false)
        };
        assert_eq!(with("00ff"), r#"{"processor":"p","sealed":false,"expectedItems":0,"metadata":{"a":"b","itemsSha256":"00ff"}}"#);
        assert_ne!(with("00ff"), with("00fe"));
    }

    #[test]
    fn only_options_that_were_given_are_in_the_body() {
        assert_eq!(body(&["--processor", "p"]), r#"{"processor":"p","sealed":false,"expectedItems":0}"#);
        let dir = tempfile::tempdir().unwrap();
        let params = dir.path().join("p.json");
        std::fs::write(&params, "{\"limit\": 1.000000000000000000001}\n").unwrap();
        let all = body(&[
            "--processor",
            "p",
            "--params",
            params.to_str().unwrap(),
            "--id-field",
            "iata",
            "--tolerate",
            "2.5%",
            "--chunk-size",
            "9",
            "--title",
            "Airports, \"November\"",
            "--metadata",
            "file=a=b",
            "--metadata",
            "x=",
            "--callback",
            "crm",
        ]);
        assert_eq!(
            all,
            r#"{"processor":"p","params":{"limit": 1.000000000000000000001},"sealed":false,"expectedItems":0,"idField":"iata","#.to_owned()
                + r#""toleratedFailures":{"percentage":2.5},"chunkSize":9,"title":"Airports, \"November\"","metadata":{"file":"a=b","x":""},"callback":"crm"}"#
        );
    }

    #[test]
    fn a_title_is_a_short_text() {
        assert!(title(&"\u{fc}".repeat(200)).is_ok() && title("x").is_ok());
        for wrong in ["", " \t", &"x".repeat(201)] {
            assert!(title(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_tolerance_is_a_count_or_a_percentage() {
        assert_eq!(Tolerance::parse("100"), Ok(Tolerance::Count(100)));
        assert_eq!(Tolerance::parse("0.5%"), Ok(Tolerance::Percentage("0.5".parse().unwrap())));
        assert_eq!(Tolerance::parse("9223372036854775807"), Ok(Tolerance::Count(COUNT_MAX)));
        for large in ["9223372036854775808", "99999999999999999999"] {
            let refused = Tolerance::parse(large).unwrap_err();
            assert!(refused.contains("too large: at most 9223372036854775807 items"), "{refused}");
        }
        for wrong in ["", "%", "-1", "+1", "1.5", "101%", "0.0000000001%", "nan%", "five"] {
            assert!(Tolerance::parse(wrong).is_err(), "{wrong}");
        }
    }
}
