//! Opens the file with the items once and reads it twice; both readings give the same bytes.
//!
//! The first reading checks everything before anything is sent. Input that can be read only once (stdin, a pipe) is
//! copied to a temporary file for the second. That file has no name, so it is gone when the process ends.

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Write};
use std::os::fd::AsFd as _;
use std::os::unix::fs::{FileExt as _, FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use super::error::InputError;
use super::format::{Delimiter, Format, NamedEncoding, Reading};
use super::items::Items;
use super::open::items;
use super::place::Place;
use super::record_max::RecordMax;

/// A file of items or stdin, and how to read it.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file; `None` is stdin.
    pub path: Option<PathBuf>,
    /// How to read it.
    pub reading: Reading,
}

/// A source that was opened.
#[derive(Clone, Debug)]
pub struct Opened {
    reading: Reading,
    name: String,
    kept: Kept,
}

#[derive(Clone, Debug)]
enum Kept {
    /// A regular file, with its state when it was opened.
    File { file: Arc<File>, bytes: u64, modified: Option<SystemTime> },
    /// Input that can be read once, and its copy.
    Spool { once: Arc<File>, spool: Arc<File>, bytes: Arc<AtomicU64> },
}

impl Source {
    /// The source for `FILE` (`-` is stdin) and the options.
    ///
    /// # Errors
    ///
    /// The format is not known; the error says which option to add. Or an option does not fit the format.
    pub fn of(
        file: &Path,
        format: Option<Format>,
        delimiter: Option<Delimiter>,
        encoding: Option<NamedEncoding>,
    ) -> Result<Source, String> {
        let stdin = file.as_os_str() == "-";
        let path = (!stdin).then(|| file.to_owned());
        let extension = || file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let format = match format.or_else(|| path.as_deref().and_then(Format::of)) {
            Some(format) => format,
            None if stdin => return Err("give the format of stdin: --format csv, ndjson or json".to_owned()),
            None if matches!(extension().to_ascii_lowercase().as_str(), "xlsx" | "xls" | "xlsm" | "xlsb" | "ods" | "numbers") => {
                return Err(format!("{} is a spreadsheet: save it as CSV, and give that file", file.display()));
            }
            None if matches!(extension(), "tsv" | "tab") => return Err(format!("{}: use --format csv --delimiter tab", file.display())),
            None => return Err(format!("the name {} does not show the format: give --format csv, ndjson or json", file.display())),
        };
        if delimiter.is_some() && format != Format::Csv {
            return Err("--delimiter is for CSV only".to_owned());
        }
        Ok(Source {
            path,
            reading: Reading { format, delimiter: delimiter.unwrap_or(Delimiter::COMMA), encoding, record_max: RecordMax::ITEM },
        })
    }

    /// The same, for records with an item and what else is known of it, in columns that this program named: their names
    /// tell nothing about the delimiter.
    #[must_use]
    pub fn around_items(mut self) -> Source {
        self.reading.delimiter = self.reading.delimiter.named();
        self.reading.record_max = RecordMax::AROUND_AN_ITEM;
        self
    }

    /// Opens the source. Nothing is read yet.
    ///
    /// # Errors
    ///
    /// It cannot be opened, or no temporary file can be created.
    pub fn open(&self) -> Result<Opened, InputError> {
        let name = self.path.as_deref().map_or_else(|| "stdin".to_owned(), |path| path.display().to_string());
        let failed = |source| InputError::Open { name: name.clone(), source };
        let file = match &self.path {
            Some(path) => File::open(path),
            // Not /dev/stdin: that would read a redirected file from its beginning.
            None => io::stdin().as_fd().try_clone_to_owned().map(File::from),
        };
        let file = Arc::new(file.map_err(failed)?);
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        if self.path.is_none() && is_null(&metadata) {
            return Err(failed(io::Error::other("it is closed, or /dev/null: pipe the items in, or name a file")));
        }
        // Files of the kernel (/proc) have no length.
        let kept = if self.path.is_some() && metadata.is_file() && metadata.len() > 0 {
            Kept::File { file, bytes: metadata.len(), modified: metadata.modified().ok() }
        } else {
            Kept::Spool { once: file, spool: Arc::new(tempfile::tempfile().map_err(spool_error)?), bytes: Arc::default() }
        };
        Ok(Opened { reading: self.reading, name, kept })
    }
}

/// True for `/dev/null`, which is also in the place of a stdin that is closed.
fn is_null(metadata: &Metadata) -> bool {
    metadata.file_type().is_char_device() && fs::metadata("/dev/null").is_ok_and(|null| null.rdev() == metadata.rdev())
}

impl Opened {
    /// The file's name, for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The items, read for the first time.
    ///
    /// # Errors
    ///
    /// As for [`items`].
    pub fn first(&self) -> Result<Box<dyn Items>, InputError> {
        match &self.kept {
            Kept::File { .. } => self.again(),
            Kept::Spool { once, spool, bytes } => {
                let (once, spool, bytes) = (Arc::clone(once), Arc::clone(spool), Arc::clone(bytes));
                items(Copying { once, spool, bytes }, &self.reading)
            }
        }
    }

    /// The items again, after they have been read to their end.
    ///
    /// # Errors
    ///
    /// As for [`items`].
    pub fn again(&self) -> Result<Box<dyn Items>, InputError> {
        let (file, bytes) = match &self.kept {
            Kept::File { file, bytes, .. } => (file, *bytes),
            Kept::Spool { spool, bytes, .. } => (spool, bytes.load(Ordering::Acquire)),
        };
        items(Positioned { file: Arc::clone(file), at: 0, bytes }, &self.reading)
    }

    /// Checks that the file has not changed since it was opened.
    ///
    /// # Errors
    ///
    /// It has been written to.
    pub fn check_unchanged(&self) -> Result<(), InputError> {
        let Kept::File { file, bytes, modified } = &self.kept else { return Ok(()) };
        let now: Metadata = file.metadata()?;
        if now.len() == *bytes && now.modified().ok() == *modified {
            return Ok(());
        }
        Err(InputError::File(format!("{} changed while it was read: submit it once it is complete", self.name)))
    }

    /// Where the item with this index begins.
    ///
    /// # Errors
    ///
    /// The file can no longer be read.
    pub fn place_of(&self, index: u64) -> Result<Option<Place>, InputError> {
        let (mut items, mut item) = (self.again()?, Vec::new());
        for _ in 0..index {
            if items.next(&mut item)?.is_none() {
                return Ok(None);
            }
        }
        items.next(&mut item)
    }
}

/// Reads a file from its beginning to the length that it had, whatever its position is.
struct Positioned {
    file: Arc<File>,
    at: u64,
    bytes: u64,
}

impl Read for Positioned {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.bytes - self.at).unwrap_or(usize::MAX);
        let most = buffer.len().min(left);
        let read = self.file.read_at(&mut buffer[..most], self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// Reads input that can be read only once, and copies it.
struct Copying {
    once: Arc<File>,
    spool: Arc<File>,
    bytes: Arc<AtomicU64>,
}

impl Read for Copying {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.once.as_ref().read(buffer)?;
        self.spool.as_ref().write_all(&buffer[..read]).map_err(|error| io::Error::other(spool_error(error)))?;
        self.bytes.fetch_add(read as u64, Ordering::Release);
        Ok(read)
    }
}

fn spool_error(source: io::Error) -> InputError {
    InputError::Spool { directory: std::env::temp_dir().display().to_string(), source }
}

#[cfg(test)]
mod tests {
    use std::io::{Seek as _, SeekFrom};

    use super::*;

    fn opened(content: &str) -> (tempfile::NamedTempFile, Opened) {
        let mut file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
        file.write_all(content.as_bytes()).unwrap();
        let opened = Source::of(file.path(), None, None, None).unwrap().open().unwrap();
        (file, opened)
    }

    fn count(mut items: Box<dyn Items>) -> usize {
        let mut item = Vec::new();
        std::iter::from_fn(|| items.next(&mut item).unwrap()).count()
    }

    #[test]
    fn a_file_that_grows_or_is_written_over_is_noticed() {
        let (mut file, opened) = opened("a\n1\n2\n");
        assert_eq!(count(opened.first().unwrap()), 2);
        opened.check_unchanged().unwrap();
        file.write_all(b"3\n").unwrap();
        assert_eq!(count(opened.again().unwrap()), 2, "what is added later is not read");
        assert!(opened.check_unchanged().unwrap_err().to_string().contains("changed while it was read"));
        file.as_file_mut().set_len(6).unwrap();
        file.seek(SeekFrom::Start(2)).unwrap();
        file.write_all(b"9").unwrap();
        assert!(opened.check_unchanged().is_err(), "same length, but different content");
    }

    #[test]
    fn a_file_that_is_replaced_is_read_as_it_was() {
        let (file, opened) = opened("a\n1\n2\n");
        let path = file.into_temp_path();
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "a\n3\n").unwrap();
        assert_eq!(count(opened.first().unwrap()), 2);
        opened.check_unchanged().unwrap();
        assert_eq!(opened.place_of(1).unwrap(), Some(Place { line: 3, column: 1 }));
        assert_eq!(opened.place_of(2).unwrap(), None);
    }
}
