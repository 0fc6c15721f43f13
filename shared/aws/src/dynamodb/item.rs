//! Reads and writes a row's attributes. Errors name what is wrong.

use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};

use super::key::Key;
use super::schema::{PK, SK};

/// A row as the SDK represents it.
pub(super) type Item = HashMap<String, AttributeValue>;

/// Why a row cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum RowFault {
    /// An attribute is missing.
    #[error("attribute {0} is missing")]
    Missing(&'static str),
    /// An attribute has another type or an impossible value.
    #[error("attribute {0} has another type or an invalid value")]
    Malformed(&'static str),
}

pub(super) fn number(value: impl Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn time(value: DateTime<Utc>) -> AttributeValue {
    number(value.timestamp_millis())
}

/// A row being written. Flags that are not set and values that are absent take no space.
#[derive(Debug, Clone)]
pub(super) struct Writer(Item);

impl Writer {
    pub(super) fn new(key: Key) -> Self {
        Self(key.into_item())
    }

    pub(super) fn value(mut self, name: &str, value: AttributeValue) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    pub(super) fn text(self, name: &str, value: impl Into<String>) -> Self {
        self.value(name, text(value))
    }

    pub(super) fn number(self, name: &str, value: impl Display) -> Self {
        self.value(name, number(value))
    }

    pub(super) fn time(self, name: &str, value: DateTime<Utc>) -> Self {
        self.value(name, time(value))
    }

    pub(super) fn binary(self, name: &str, value: Vec<u8>) -> Self {
        self.value(name, AttributeValue::B(Blob::new(value)))
    }

    pub(super) fn flag(self, name: &str, value: bool) -> Self {
        if value { self.value(name, AttributeValue::Bool(true)) } else { self }
    }

    pub(super) fn maybe<T>(self, name: &str, value: Option<T>, write: impl FnOnce(T) -> AttributeValue) -> Self {
        match value {
            Some(value) => self.value(name, write(value)),
            None => self,
        }
    }

    pub(super) fn into_item(self) -> Item {
        self.0
    }
}

/// A row being read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a Item);

impl<'a> Reader<'a> {
    pub(super) fn partition(self) -> Result<&'a str, RowFault> {
        self.text(PK)
    }

    pub(super) fn sort(self) -> Result<&'a str, RowFault> {
        self.text(SK)
    }

    pub(super) fn value(self, name: &str) -> Option<&'a AttributeValue> {
        self.0.get(name)
    }

    pub(super) fn text(self, name: &'static str) -> Result<&'a str, RowFault> {
        self.text_if_any(name)?.ok_or(RowFault::Missing(name))
    }

    pub(super) fn text_if_any(self, name: &'static str) -> Result<Option<&'a str>, RowFault> {
        let read = |value: &'a AttributeValue| value.as_s().map(String::as_str).map_err(|_| RowFault::Malformed(name));
        self.value(name).map(read).transpose()
    }

    pub(super) fn number<T: FromStr>(self, name: &'static str) -> Result<T, RowFault> {
        self.number_if_any(name)?.ok_or(RowFault::Missing(name))
    }

    pub(super) fn number_if_any<T: FromStr>(self, name: &'static str) -> Result<Option<T>, RowFault> {
        let read = |value: &AttributeValue| value.as_n().ok().and_then(|digits| digits.parse().ok());
        self.value(name).map(|value| read(value).ok_or(RowFault::Malformed(name))).transpose()
    }

    pub(super) fn time(self, name: &'static str) -> Result<DateTime<Utc>, RowFault> {
        self.time_if_any(name)?.ok_or(RowFault::Missing(name))
    }

    pub(super) fn time_if_any(self, name: &'static str) -> Result<Option<DateTime<Utc>>, RowFault> {
        let read = |ms| DateTime::from_timestamp_millis(ms).ok_or(RowFault::Malformed(name));
        self.number_if_any(name)?.map(read).transpose()
    }

    pub(super) fn binary(self, name: &'static str) -> Result<&'a [u8], RowFault> {
        let value = self.value(name).ok_or(RowFault::Missing(name))?;
        value.as_b().map(AsRef::as_ref).map_err(|_| RowFault::Malformed(name))
    }

    pub(super) fn flag(self, name: &str) -> bool {
        matches!(self.value(name), Some(AttributeValue::Bool(true)))
    }
}
