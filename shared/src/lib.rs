//! Background jobs on AWS Lambda with exact progress.
//!
//! The map: [`ids`] name things; [`job`], [`part`], [`chunk`], [`split`] and [`outcome`] are nouns and pure rules; [`ledger`] is the port to the rows,
//! [`jobs`] the repository over it, [`queue`] the port to the queue; [`submit`], [`work`], [`settle`], [`cancel`],
//! [`pause`], [`retry`], [`delete`], [`status`], [`records`] and [`sweep`] are the use-cases, which know ports only. [`access`] decides
//! for whom a job exists. [`quota`] has the
//! rules of what an owner may have. [`processor`] is what a user writes.

pub mod access;
mod admit;
pub mod app;
pub mod cancel;
pub mod chunk;
pub mod clock;
pub mod config;
pub mod delete;
pub mod end;
pub mod error;
pub mod ids;
pub mod item_id;
pub mod job;
pub mod jobs;
pub mod ledger;
pub mod limits;
pub mod live_jobs;
pub mod metrics;
pub mod outcome;
pub mod part;
pub mod pause;
pub mod percentage;
pub mod processor;
pub mod queue;
pub mod quota;
pub mod records;
pub mod rest;
pub mod retry;
pub mod settle;
pub mod settlement;
pub mod split;
pub mod status;
pub mod submit;
pub mod sweep;
pub mod telemetry;
pub mod upward;
pub mod waiting;
pub mod work;

pub use access::{OwnedJob, Viewer};
pub use app::App;
pub use clock::{Clock, SystemClock};
pub use error::{Conflict, JobError, Violation, error_chain};
pub use ids::{ChunkId, JobId, PartId, UserId};
pub use job::{Ended, Ending, Job, JobStatus, ToleratedFailures};
pub use jobs::JobRepository;
pub use ledger::Ledger;
pub use percentage::Percentage;
pub use processor::{Item, ItemError, ItemProcessor, Options, Output, ProcessorInfo, Processors};
pub use queue::ChunkQueue;
