//! The values that items have now. A message from before a retry carries values that may have been corrected since.

use serde_json::value::RawValue;

use super::worker::Worker;
use crate::chunk::ChunkMessage;
use crate::error::JobError;
use crate::outcome::{Again, Outcome};
use crate::outcome_rows::OutcomeReader;

impl Worker {
    /// The chunk's outcome row, with the values of this message's items that have to run again, also if those are in
    /// extra rows.
    pub(super) async fn outcome_for(&self, message: &ChunkMessage) -> Result<Option<Outcome>, JobError> {
        let Some(mut outcome) = self.app.ledger.outcome(message.id).await? else { return Ok(None) };
        let mut reader = OutcomeReader::new(&self.app, outcome.clone());
        for (index, _) in &message.items {
            let Some(round) = outcome.elsewhere.get(index).and_then(|there| there.holds.again()) else { continue };
            // If it is not there any more, it has been recorded meanwhile, and no further result of it counts.
            if let Some(item) = reader.take_again(*index).await? {
                outcome.again.insert(*index, Again { round, item });
            }
        }
        Ok(Some(outcome))
    }
}

/// The value that an item has now: the one to run again if there is one, otherwise the one that was sent.
pub(super) fn value_now(recorded: Option<&Outcome>, index: u64, sent: &RawValue) -> Box<RawValue> {
    let again = recorded.and_then(|outcome| outcome.again.get(&index));
    again.map_or(sent, |again| &again.item).to_owned()
}
