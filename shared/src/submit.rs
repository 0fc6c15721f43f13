//! Submitting: a job with all its items at once, or an unsealed job with its items in parts, followed by a seal.
//!
//! Nothing is acknowledged before the queue has accepted every chunk that it covers. Everything before that is safe to send
//! again, and is cut the same way again, since the job row pins how.

mod check;
mod dispatch;
mod part_items;
mod put_part;
mod seal;
mod start;
mod submission;
mod validate;

pub(crate) use check::check as check_items;
pub use put_part::{PartPut, put_part};
pub use seal::seal;
pub use start::{start_job, start_with};
pub use submission::{RequestKey, Submission};
pub use validate::{Planned, validate};
