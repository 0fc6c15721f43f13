//! A local record of the rows that were sent to an open job. If somebody continues with an edited file, it tells which
//! row differs.
//!
//! The server compares a part's bytes and can only say that some row in it differs. The record is a file with eight
//! bytes a row, beside the development key. A large one is removed once the job is sealed, any other after a month.
//! Without it (on another machine, or without a home directory) everything works, but only the part's rows are named.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use headway_api::auth::hs256;
use headway_core::config;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

const DIRECTORY: &str = "submitted";
const ROW_BYTES: usize = 8;
/// The largest record, in bytes, that is kept after its job is sealed: 125,000 rows.
const SEALED_BYTES_MAX: u64 = 1_000_000;
/// How long a record is kept.
const KEPT: Duration = Duration::from_secs(30 * 86_400);

/// A row's digest. Never zero, which is how a hole in the file reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowDigest([u8; ROW_BYTES]);

/// The record of one job. If it cannot be written or read, the submission continues without it.
#[derive(Debug)]
pub struct SentRows {
    place: Option<(PathBuf, File)>,
}

impl RowDigest {
    /// The digest of a row, given as JSON.
    #[must_use]
    pub fn of(row: &[u8]) -> RowDigest {
        let digest = Sha256::digest(row);
        let mut bytes = [0; ROW_BYTES];
        bytes.copy_from_slice(&digest[..ROW_BYTES]);
        bytes[0] |= 1;
        RowDigest(bytes)
    }
}

impl SentRows {
    /// The record of a job; it is created if it does not exist.
    #[must_use]
    pub fn of(job_id: &str) -> SentRows {
        let directory = hs256::path_from_env(&config::optional).ok().map(|key| key.with_file_name(DIRECTORY));
        // The id is the server's own text. If it is not a UUID, it must not be used in a path.
        let place = directory.zip(Uuid::parse_str(job_id).ok());
        SentRows { place: place.and_then(|(directory, id)| open(&directory, id).ok()) }
    }

    /// The record of a job, if there is one.
    #[must_use]
    pub fn recorded(job_id: &str) -> Option<SentRows> {
        let directory = hs256::path_from_env(&config::optional).ok()?.with_file_name(DIRECTORY);
        let path = directory.join(Uuid::parse_str(job_id).ok()?.to_string());
        let file = File::open(&path).ok()?;
        Some(SentRows { place: Some((path, file)) })
    }

    /// Records the rows of a part that is about to be sent, where nothing is recorded yet.
    pub fn begin(&self, first_index: u64, rows: &[RowDigest]) {
        let known = self.known(first_index, rows.len());
        let merged = known.iter().zip(rows).map(|(known, row)| known.unwrap_or(*row));
        self.write(first_index, merged);
    }

    /// Records the rows of a part that the server accepted, or already had.
    pub fn confirm(&self, first_index: u64, rows: &[RowDigest]) {
        self.write(first_index, rows.iter().copied());
    }

    /// The digests of the rows from this index on, as far as they are known.
    #[must_use]
    pub fn known(&self, first_index: u64, rows: usize) -> Vec<Option<RowDigest>> {
        let mut bytes = vec![0; rows * ROW_BYTES];
        if let Some((_, file)) = &self.place {
            // If the file is shorter or cannot be read, nothing is known about these rows.
            let _ = file.read_exact_at(&mut bytes, first_index * ROW_BYTES as u64);
        }
        let (rows, _) = bytes.as_chunks::<ROW_BYTES>();
        rows.iter().map(|row| (row != &[0; ROW_BYTES]).then_some(RowDigest(*row))).collect()
    }

    /// Everything has been sent: removes the record if it is large. A small one is kept and can still name a row,
    /// should somebody continue with another file.
    pub fn complete(&self) {
        if let Some((_, file)) = &self.place
            && file.metadata().is_ok_and(|metadata| metadata.len() > SEALED_BYTES_MAX)
        {
            self.forget();
        }
    }

    /// Removes the record.
    pub fn forget(&self) {
        if let Some((path, _)) = &self.place {
            let _ = fs::remove_file(path);
        }
    }

    fn write(&self, first_index: u64, rows: impl Iterator<Item = RowDigest>) {
        if let Some((_, file)) = &self.place {
            let bytes: Vec<u8> = rows.flat_map(|row| row.0).collect();
            let _ = file.write_all_at(&bytes, first_index * ROW_BYTES as u64);
        }
    }
}

fn open(directory: &Path, id: Uuid) -> io::Result<(PathBuf, File)> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    remove_old(directory);
    let path = directory.join(id.to_string());
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path)?;
    Ok((path, file))
}

fn remove_old(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let age = entry.metadata().and_then(|metadata| metadata.modified()).ok().and_then(|at| at.elapsed().ok());
        if age.is_some_and(|age| age > KEPT) {
            let _ = fs::remove_file(entry.path());
        }
    }
}
