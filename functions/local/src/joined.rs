//! The results of a job joined to the file that was submitted: each row of the file with what became of its item.
//!
//! By line, the file has to be the one that was submitted, byte for byte as items; the parts' fingerprints show that. By
//! id, it may be another file with the same ids.

mod by_id;
mod by_line;
mod header;
mod outcome;
mod writer;

pub use by_id::{ByFile, ById};
pub use by_line::{ByLine, Compared, Sent, compare};
pub use header::RowColumns;
pub use outcome::{Counts, Joined, Outcome};
pub use writer::{JoinedWriter, Layout};
