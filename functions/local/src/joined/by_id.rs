//! Joining by id: the file may have other rows, in another order.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use super::header::RowColumns;
use super::outcome::{Joined, Outcome};
use crate::error::CommandError;
use crate::ids::Ids;
use crate::input::{InputError, Opened, Source};
use crate::records::Records;

/// A file whose rows have ids.
#[derive(Debug)]
pub struct ByFile {
    /// The file, to be read again.
    pub opened: Opened,
    /// Its columns.
    pub columns: RowColumns,
    /// How many rows were skipped because they are empty in every column.
    pub skipped_rows: u64,
}

impl ByFile {
    /// Reads the file to its end.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or a row has no id in this member; with the line.
    pub fn read(source: &Source, id_field: &str) -> Result<ByFile, CommandError> {
        let opened = source.open()?;
        let (mut columns, ids) = (RowColumns::of(source.reading.format), Ids::new(id_field));
        let of_file = |error: InputError| error.of_file(opened.name());
        let (mut items, mut item) = (opened.first().map_err(of_file)?, Vec::new());
        while let Some(place) = items.next(&mut item).map_err(of_file)? {
            ids.id(&item).map_err(|what| of_file(InputError::At { place, what }))?;
            columns.add(&item).map_err(|error| of_file(InputError::At { place, what: error.to_string() }))?;
        }
        opened.check_unchanged()?;
        Ok(ByFile { columns, skipped_rows: items.skipped_rows(), opened: opened.clone() })
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
    /// Items whose ids are not known: they succeeded without an output, or never ran.
    pub without_id: u64,
}

impl<'a> ById<'a> {
    /// Reads the ids of the job's items.
    ///
    /// # Errors
    ///
    /// Two items have the same id, none has one, or the list cannot be read.
    pub fn read(records: &'a Records) -> Result<ById<'a>, CommandError> {
        let mut by_id = ById { records, places: HashMap::new(), others: HashMap::new(), state: RandomState::new(), without_id: 0 };
        let mut pull = records.pull()?;
        loop {
            let place = pull.place();
            let Some(outcome) = pull.record::<Outcome>()? else { break };
            let Some(id) = &outcome.id else {
                by_id.without_id += 1;
                continue;
            };
            let Some(first) = by_id.places.get(&by_id.state.hash_one(id)) else {
                by_id.places.insert(by_id.state.hash_one(id), place);
                continue;
            };
            let first: Outcome = records.at(*first)?;
            if first.id.as_ref() == Some(id) || by_id.others.insert(id.clone(), place).is_some() {
                return Err(CommandError::Differs(format!(
                    "items {} and {} of the job have the same id {id:?}: join by line, without --id-field",
                    first.index, outcome.index
                )));
            }
        }
        if by_id.places.is_empty() {
            let what = "no item of the job has an id: it was started without --id-field, or no item failed or has an output. Join by line, \
                        without --id-field";
            return Err(CommandError::Differs(what.to_owned()));
        }
        Ok(by_id)
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
}
