//! Joining by id: the file may have other rows, in another order.
//!
//! A row never gets the outcome of another item. So an id is in the file once and in the job once, and where that cannot
//! be known, the file is refused. The server knows the ids of items that failed or have an output, and compares only the
//! ids of one part with each other. `unknown_ids` decides for which items that is enough.

mod unknown_ids;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher as _, RandomState};

use headway_core::counted;

use self::unknown_ids::UnknownIds;
use super::header::RowColumns;
use super::outcome::{Joined, Outcome};
use crate::error::CommandError;
use crate::ids::Ids;
use crate::input::{InputError, Opened, Source};
use crate::records::Records;
use crate::server_part::ServerPart;

/// A file whose rows have ids.
#[derive(Debug)]
pub struct ByFile {
    /// The file, to be read again.
    pub opened: Opened,
    /// Its columns.
    pub columns: RowColumns,
    /// How many rows were skipped because they are empty in every column.
    pub skipped_rows: u64,
    /// How many rows it has.
    pub rows: u64,
}

const TWICE: &str = "only one of the two rows can be the job's item. Remove the other one, or join by line, without --id-field";

impl ByFile {
    /// Reads the file to its end.
    ///
    /// # Errors
    ///
    /// The file cannot be read, a row has no id in this member, or two rows have the same; with the line.
    pub fn read(source: &Source, id_field: &str) -> Result<ByFile, CommandError> {
        let opened = source.open()?;
        let of_file = |error: InputError| error.of_file(opened.name());
        let (mut items, mut item) = (opened.first().map_err(of_file)?, Vec::new());
        let (mut columns, mut ids, mut rows) = (RowColumns::of(source.reading.format, &*items), Ids::new(id_field), 0);
        while let Some(place) = items.next(&mut item).map_err(of_file)? {
            ids.push_or(&item, place, &opened, TWICE).map_err(of_file)?;
            columns.add(&item).map_err(|error| of_file(InputError::At { place, what: error.to_string() }))?;
            rows += 1;
        }
        opened.check_unchanged()?;
        Ok(ByFile { columns, skipped_rows: items.skipped_rows(), rows, opened: opened.clone() })
    }
}

/// Where the outcome of each id is. Only hashes are kept, so that ten million ids take about 300 MB.
#[derive(Debug)]
pub struct ById<'a> {
    records: &'a Records,
    places: HashMap<u64, u64>,
    /// The places of ids whose hash another id has.
    others: HashMap<String, u64>,
    state: RandomState,
    unknown: UnknownIds<'a>,
}

impl<'a> ById<'a> {
    /// Reads the ids of the job's items.
    ///
    /// # Errors
    ///
    /// Two items have the same id, none has one, or the list cannot be read.
    pub fn read(records: &'a Records, parts: &'a [ServerPart]) -> Result<ById<'a>, CommandError> {
        let unknown = UnknownIds::of(parts);
        let mut by_id = ById { records, places: HashMap::new(), others: HashMap::new(), state: RandomState::new(), unknown };
        let mut pull = records.pull()?;
        loop {
            let place = pull.place();
            let Some(outcome) = pull.record::<Outcome>()? else { break };
            by_id.add(&outcome, place)?;
        }
        if by_id.places.is_empty() {
            let what = "no item of the job has an id: it was started without --id-field, or no item failed or has an output. Join by line, \
                        without --id-field";
            return Err(CommandError::Differs(what.to_owned()));
        }
        Ok(by_id)
    }

    fn add(&mut self, outcome: &Outcome, place: u64) -> Result<(), CommandError> {
        let Some(id) = &outcome.id else {
            self.unknown.add(outcome);
            return Ok(());
        };
        let first = match self.places.entry(self.state.hash_one(id)) {
            Entry::Vacant(entry) => {
                entry.insert(place);
                return Ok(());
            }
            Entry::Occupied(entry) => self.records.at::<Outcome>(*entry.get())?,
        };
        if first.id.as_ref() == Some(id) {
            return Err(same_id(&first, outcome, id));
        }
        // Only the hashes are the same.
        match self.others.insert(id.clone(), place) {
            Some(first) => Err(same_id(&self.records.at(first)?, outcome, id)),
            None => Ok(()),
        }
    }

    /// The outcome of the item with this id.
    ///
    /// # Errors
    ///
    /// The list cannot be read.
    pub fn find(&self, id: &str) -> Result<Joined, CommandError> {
        let Some(place) = self.places.get(&self.state.hash_one(id)) else { return Ok(Joined::NotFound) };
        let outcome: Outcome = self.records.at(*place)?;
        if outcome.id.as_deref() == Some(id) {
            return Ok(Joined::Item(outcome));
        }
        // Only the hashes are the same.
        self.others.get(id).map_or(Ok(Joined::NotFound), |place| Ok(Joined::Item(self.records.at(*place)?)))
    }

    /// Why this outcome might be that of another item than the row's, if it might: an item whose id is not known could
    /// have the same.
    #[must_use]
    pub fn doubt(&self, outcome: &Outcome) -> Option<String> {
        let others = self.unknown.that_may_have_the_id_of(outcome);
        (others > 0).then(|| {
            format!(
                "the row's id is that of item {}, but {} of the job could have the same: ids are not known of items that ran without \
                 a failure or an output or did not run, and the server compares ids only within a part. Join by line, without \
                 --id-field; or add --unique-ids if no id is in the job twice, as when one `submit --id-field` sent the whole file",
                outcome.index,
                counted(others, "other item"),
            )
        })
    }
}

fn same_id(first: &Outcome, second: &Outcome, id: &str) -> CommandError {
    CommandError::Differs(format!(
        "items {} and {} of the job have the same id {id:?}, so an id does not say which item a row is: join by line, without --id-field",
        first.index, second.index
    ))
}

#[cfg(test)]
mod tests;
