//! The first reading of a file. It finds everything that is wrong with the file before anything is sent.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hasher as _};

use headway_core::limits::{ITEMS_PER_JOB_MAX, PARTS_PER_JOB_MAX};
use sha2::{Digest as _, Sha256};

use crate::cut::{Part, PartCutter};
use crate::error::CommandError;
use crate::ids::Ids;
use crate::input::{Items, Opened, Source};
use crate::on_a_thread::on_a_thread;

/// How much a file contains.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// How many items.
    pub items: u64,
    /// Their bytes as JSON.
    pub bytes: u64,
    /// How many chunks they are cut into.
    pub chunks: u64,
    /// Their bytes as sent, compressed; 0 unless requested.
    pub packed_bytes: u64,
    /// How many rows were skipped because they are empty in every column.
    pub skipped_rows: u64,
    /// A digest of the items in hexadecimal. It is the same on every machine and however they are cut. `None` unless
    /// requested.
    pub sha256: Option<String>,
    /// The names of the columns, if the file has a header row.
    pub columns: Vec<String>,
    /// The parts in which they are sent.
    pub parts: Vec<PartPlace>,
}

/// One part of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartPlace {
    /// The index of its first item.
    pub first_index: u64,
    /// How many items it has.
    pub items: u64,
    /// A checksum, with which this process sees that the file has not changed.
    pub checksum: u64,
}

/// What a survey computes besides counting the items.
#[derive(Clone, Debug)]
pub struct SurveyOptions {
    /// The most items in a chunk.
    pub items_per_chunk_max: u16,
    /// The member that contains an item's id.
    pub id_field: Option<String>,
    /// Whether to compress the parts, which takes longer.
    pub pack: bool,
    /// Whether to compute [`Survey::sha256`].
    pub digest: bool,
    /// Where a part ends in any case, as for [`PartCutter::new`].
    pub cuts: BTreeSet<u64>,
}

impl SurveyOptions {
    /// The items alone.
    #[must_use]
    pub fn of(items_per_chunk_max: u16) -> SurveyOptions {
        SurveyOptions { items_per_chunk_max, id_field: None, pack: false, digest: false, cuts: BTreeSet::new() }
    }
}

impl Survey {
    /// Reads the source to its end, on a thread of its own so that Ctrl-C still works.
    ///
    /// # Errors
    ///
    /// If anything is wrong with the file, or it does not fit into a job.
    pub async fn of(source: &Source, ask: SurveyOptions) -> Result<(Opened, Survey), CommandError> {
        let source = source.clone();
        on_a_thread(move || read(&source, &ask)).await
    }

    /// Reads again what was read to its end, to cut it in another way.
    ///
    /// # Errors
    ///
    /// As [`Survey::of`].
    pub async fn again(opened: &Opened, ask: SurveyOptions) -> Result<Survey, CommandError> {
        let opened = opened.clone();
        on_a_thread(move || survey(&opened, opened.again()?, &ask)).await
    }

    fn check(&self, items_per_chunk_max: u16) -> Result<(), CommandError> {
        if self.items > ITEMS_PER_JOB_MAX {
            return Err(CommandError::TooMuch(format!("more than the {ITEMS_PER_JOB_MAX} items of one job: split the file")));
        }
        if self.parts.len() > PARTS_PER_JOB_MAX as usize {
            return Err(CommandError::TooMuch(format!(
                "in chunks of up to {items_per_chunk_max} items this is more than the {PARTS_PER_JOB_MAX} parts of one job: split the \
                 file, or give a larger --chunk-size if items are small"
            )));
        }
        Ok(())
    }

    fn count(&mut self, part: Part, pack: bool) {
        self.chunks += part.chunks as u64;
        self.parts.push(PartPlace { first_index: part.first_index, items: part.items, checksum: checksum(&part) });
        if pack {
            self.packed_bytes += part.pack().body.len() as u64;
        }
    }
}

/// A part's checksum, for [`PartPlace`].
#[must_use]
pub fn checksum(part: &Part) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(&part.ndjson);
    hasher.finish()
}

fn read(source: &Source, ask: &SurveyOptions) -> Result<(Opened, Survey), CommandError> {
    let opened = source.open()?;
    let survey = opened.first().map_err(CommandError::from).and_then(|items| survey(&opened, items, ask)).map_err(|error| match error {
        CommandError::Input(error) => error.of_file(opened.name()).into(),
        CommandError::TooMuch(what) => CommandError::TooMuch(format!("{}: {what}", opened.name())),
        other => other,
    })?;
    opened.check_unchanged()?;
    Ok((opened, survey))
}

fn survey(opened: &Opened, mut items: Box<dyn Items>, ask: &SurveyOptions) -> Result<Survey, CommandError> {
    let mut cutter = PartCutter::new(ask.items_per_chunk_max, ask.cuts.clone());
    let mut ids = ask.id_field.as_deref().map(Ids::new);
    let mut digest = ask.digest.then(Sha256::new);
    let (mut survey, mut item) = (Survey::default(), Vec::new());
    while let Some(place) = items.next(&mut item)? {
        survey.items += 1;
        survey.bytes += item.len() as u64;
        if let Some(ids) = &mut ids {
            ids.push(&item, place, opened)?;
        }
        if let Some(digest) = &mut digest {
            digest.update(&item);
            digest.update(b"\n");
        }
        if let Some(part) = cutter.push(&item) {
            survey.count(part, ask.pack);
        }
        survey.check(ask.items_per_chunk_max)?;
    }
    if let Some(part) = cutter.finish() {
        survey.count(part, ask.pack);
    }
    survey.check(ask.items_per_chunk_max)?;
    survey.skipped_rows = items.skipped_rows();
    survey.columns = items.columns();
    survey.sha256 = digest.map(|digest| headway_core::split::hex(&digest.finalize()));
    Ok(survey)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn survey(rows: u64, ask: SurveyOptions) -> Result<Survey, CommandError> {
        let mut file = tempfile::Builder::new().suffix(".ndjson").tempfile().unwrap();
        (0..rows).for_each(|row| writeln!(file, "{row}").unwrap());
        let source = Source::of(file.path(), None, None, None).unwrap();
        read(&source, &ask).map(|(_, survey)| survey)
    }

    #[test]
    fn a_file_too_large_for_a_job_is_refused_before_the_job_exists() {
        let (items_max, ask) = (u64::from(PARTS_PER_JOB_MAX) * 80, SurveyOptions::of(1));
        assert_eq!(survey(items_max, ask.clone()).unwrap().parts.len(), PARTS_PER_JOB_MAX as usize);
        let error = survey(items_max + 1, ask).unwrap_err().to_string();
        assert!(error.contains("more than the 1000 parts of one job") && error.contains("--chunk-size"), "{error}");
    }

    #[test]
    fn the_digest_depends_on_the_items_only() {
        let digest = |rows, chunk| survey(rows, SurveyOptions { digest: true, ..SurveyOptions::of(chunk) }).unwrap().sha256.unwrap();
        assert_eq!(digest(500, 1), digest(500, 250), "however they are cut");
        assert_ne!(digest(500, 1), digest(499, 1));
        assert_eq!(digest(1, 1), headway_core::split::hex(&Sha256::digest(b"0\n")), "SHA-256 of the items as NDJSON");
    }
}
