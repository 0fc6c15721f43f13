//! Calls of the histories' processor with several items.

use headway_core::{Item, ItemError, Output};

use super::processor::{Fate, Scripted};

impl Scripted {
    /// Each item does what its fate says, one after the other. One that never returns takes the call with it, and one that
    /// miscounts spoils the results of all.
    pub(crate) async fn many(&self, items: Vec<Item>) -> Vec<Result<Output, ItemError>> {
        let begun: Vec<(Fate, u32)> = items.iter().map(|item| self.begin(item, items.len())).collect();
        if items.len() > 1 {
            self.faults.saw("call: several items");
        }
        if let Some((item, (fate, begun))) = items.iter().zip(&begun).find(|(_, (fate, _))| fate.spoils()) {
            self.faults.saw("call: spoilt by an item");
            // It never returns.
            return vec![self.answer(item, *fate, *begun).await];
        }
        let mut results = Vec::new();
        for (item, (fate, begun)) in items.iter().zip(&begun) {
            results.push(self.answer(item, *fate, *begun).await);
        }
        // Only one: two of them could return the right number of results, in wrong places, and nobody could tell.
        if let Some((place, (fate, _))) = begun.iter().enumerate().find(|(_, (fate, _))| fate.miscounts()) {
            self.faults.saw("call: another number of results");
            match fate {
                Fate::AnswersShort => drop(results.remove(place)),
                _ => results.insert(place, Ok(Output::None)),
            }
            return results;
        }
        items.iter().zip(&results).for_each(|(item, result)| self.note_answer(item, items.len(), result));
        results
    }
}
