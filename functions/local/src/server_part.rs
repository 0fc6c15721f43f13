//! A part that a job has, as the server lists it.

use serde::Deserialize;

use crate::client::{Client, ClientError, Patience};
use crate::pages;

/// A part that the server has, as listed in the ledger.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerPart {
    /// Its number.
    pub part: u32,
    /// The index of its first item.
    pub first_index: u64,
    /// How many items it has.
    pub total_items: u64,
    /// The most items in a chunk of the job. 0 if an older server does not say it.
    #[serde(default)]
    pub chunk_size: u16,
    /// A hash of its items and of how they are cut into chunks.
    #[serde(default)]
    pub fingerprint: String,
    /// The chunks whose items are all recorded, as ranges.
    #[serde(default)]
    pub settled: String,
    /// How many chunks it has.
    #[serde(default)]
    pub chunks: u64,
}

impl ServerPart {
    /// The parts that the job has.
    ///
    /// # Errors
    ///
    /// As [`Client::call`].
    pub async fn of_job(client: &Client, job_id: &str) -> Result<Vec<ServerPart>, ClientError> {
        let page = |token: Option<&str>, size| pages::parts_call(client, job_id, token, size).patience(Patience::LONG);
        let list = pages::read_all(client, "parts", usize::MAX, page).await?;
        list.elements.iter().map(|raw| serde_json::from_str(raw.get()).map_err(ClientError::Answer)).collect()
    }

    /// The index after its last item.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.first_index + self.total_items
    }

    /// True if all items of this chunk are recorded.
    #[must_use]
    pub fn is_settled(&self, chunk: u64) -> bool {
        self.settled.split(',').any(|run| {
            let (first, last) = run.split_once('-').unwrap_or((run, run));
            first.parse().is_ok_and(|first| (first..=last.parse().unwrap_or(first)).contains(&chunk))
        })
    }

    /// True if all items are recorded.
    #[must_use]
    pub fn is_all_settled(&self) -> bool {
        (0..self.chunks).all(|chunk| self.is_settled(chunk))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settled_chunks_are_read_from_ranges() {
        let part = |settled: &str| -> ServerPart {
            let part = serde_json::json!({"part": 0, "firstIndex": 0, "totalItems": 5, "chunks": 5, "settled": settled});
            serde_json::from_value(part).unwrap()
        };
        for (settled, chunks) in [("", vec![]), ("3", vec![3]), ("0-2,4", vec![0, 1, 2, 4]), ("0-4", vec![0, 1, 2, 3, 4])] {
            assert_eq!((0..5).filter(|chunk| part(settled).is_settled(*chunk)).collect::<Vec<u64>>(), chunks, "{settled}");
            assert_eq!(part(settled).is_all_settled(), chunks.len() == 5, "{settled}");
        }
    }
}
