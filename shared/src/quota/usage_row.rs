//! An owner's row in the table. Its starts are packed into 32 bytes each, so that 20 of them fit into a write unit.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::serde::ts_milliseconds_option;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Start, Usage};
use crate::cupboard::{Cupboard, KeptKey, KeptRow};
use crate::error::{Cause, JobError};
use crate::ids::{JobId, UserId};
use crate::ledger::Written;

/// A job's id, a time in milliseconds, a round and a number of items; big-endian.
const START_BYTES: usize = 16 + 8 + 4 + 4;
/// The value for the number of items if the round has ended.
const OVER: u32 = u32::MAX;

/// What the row's text contains, as JSON.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Packed {
    #[serde(rename = "lookedAt", with = "ts_milliseconds_option", default, skip_serializing_if = "Option::is_none")]
    all_checked_at: Option<DateTime<Utc>>,
    /// The starts in base64.
    starts: String,
}

impl Usage {
    /// The owner's row, if there is one.
    ///
    /// # Errors
    ///
    /// The store is not available, or the row cannot be read.
    pub async fn read(cupboard: &dyn Cupboard, user_id: &UserId) -> Result<Option<Self>, JobError> {
        let row = cupboard.kept(&key(user_id)).await?;
        let usage = |row: KeptRow| Self::from_text(user_id, row.version, &row.text).map_err(|e| JobError::corrupt("an owner's row", e));
        row.map(usage).transpose()
    }

    /// Writes the row if nobody else has written this version. Returns whether it did, or an earlier try had.
    ///
    /// # Errors
    ///
    /// The store is not available.
    pub async fn put(&self, cupboard: &dyn Cupboard) -> Result<bool, JobError> {
        let row = KeptRow { version: self.version, text: self.to_text()? };
        Ok(matches!(cupboard.put_kept(&key(&self.user_id), &row).await?, Written::Applied(_)))
    }

    fn to_text(&self) -> Result<String, JobError> {
        let starts: Vec<u8> = self.starts.iter().flat_map(packed).collect();
        let packed = Packed { all_checked_at: self.all_checked_at, starts: BASE64_STANDARD.encode(starts) };
        serde_json::to_string(&packed).map_err(|e| JobError::corrupt("an owner's row", e))
    }

    fn from_text(user_id: &UserId, version: u64, text: &str) -> Result<Self, Cause> {
        let Packed { all_checked_at, starts } = serde_json::from_str(text)?;
        let bytes = BASE64_STANDARD.decode(starts)?;
        let (starts, rest) = bytes.as_chunks::<START_BYTES>();
        if !rest.is_empty() {
            return Err("it ends within a start".into());
        }
        let starts = starts.iter().map(unpacked).collect::<Option<_>>().ok_or("a start has an impossible time")?;
        Ok(Self { user_id: user_id.clone(), version, all_checked_at, starts })
    }
}

fn key(user_id: &UserId) -> KeptKey {
    KeptKey::expiring(format!("OWNER#{user_id}"), "USAGE")
}

fn packed(start: &Start) -> Vec<u8> {
    let (at, items) = (start.at.timestamp_millis(), start.items.unwrap_or(OVER));
    [start.job.0.as_bytes(), at.to_be_bytes().as_slice(), &start.round.to_be_bytes(), &items.to_be_bytes()].concat()
}

fn unpacked(bytes: &[u8; START_BYTES]) -> Option<Start> {
    let (job, rest) = bytes.split_first_chunk()?;
    let (at, rest) = rest.split_first_chunk()?;
    let (round, rest) = rest.split_first_chunk()?;
    let items = u32::from_be_bytes(rest.try_into().ok()?);
    Some(Start {
        job: JobId(Uuid::from_bytes(*job)),
        round: u32::from_be_bytes(*round),
        at: DateTime::from_timestamp_millis(i64::from_be_bytes(*at))?,
        items: Some(items).filter(|items| *items != OVER),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(i: u32) -> Start {
        let at = DateTime::from_timestamp_millis(1_790_000_000_123 + i64::from(i)).unwrap();
        Start { job: JobId(Uuid::new_v4()), round: i + 1, at, items: (!i.is_multiple_of(3)).then_some(10_000_000) }
    }

    /// A row costs a write unit for each KB, and about 90 bytes are its keys and the names of its attributes.
    #[test]
    fn a_row_is_read_back_and_20_starts_cost_one_write_unit() {
        let user_id = UserId::new("auth0|64f0c1b2a3d4e5f60718293a").unwrap();
        for all_checked_at in [None, Some(start(0).at)] {
            let made = Usage { user_id: user_id.clone(), version: 9, all_checked_at, starts: (0..20).map(start).collect() };
            let text = made.to_text().unwrap();
            assert_eq!(Usage::from_text(&user_id, 9, &text).unwrap(), made);
            assert!(text.len() <= 1_024 - 110, "{}", text.len());
        }
    }

    #[test]
    fn an_invalid_row_is_refused() {
        let user_id = UserId::new("u").unwrap();
        let cut = BASE64_STANDARD.encode(&packed(&start(1))[..31]);
        for text in ["", "{}", r#"{"starts":"?"}"#, &format!(r#"{{"starts":"{cut}"}}"#)] {
            assert!(Usage::from_text(&user_id, 1, text).is_err(), "{text}");
        }
    }
}
