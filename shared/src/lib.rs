//! Background jobs on AWS Lambda with exact progress: the rules and use-cases. This crate compiles without AWS.
//!
//! Its map:
//! - Traits and types for processors are in the crate `headway-processor` and are re-exported here.
//! - Data and pure rules: [`ids`], [`job`], [`part`], [`chunk`], [`split`], [`outcome`], [`corrections`], [`settlement`], [`waiting`],
//!   [`percentage`], [`quota`], [`limits`], [`prices`].
//! - Ports: [`ledger`] to the rows of jobs; [`jobs`], through which all writes to jobs and parts go; [`cupboard`] to
//!   small rows besides them; [`store`] to both; [`queue`] to the messages; [`notice`] to the targets of notices;
//!   [`clock`]. [`time`] is the time that waits take.
//! - Use-cases, which use only ports: [`submit`], [`work`] (one file for each stage), [`settle`], [`upward`], [`end`]
//!   (the only place where a job ends), [`due`] (asks for the notices that are due), [`rest`], [`cancel`], [`pause`], [`correct`],
//!   [`retry`], [`delete`], [`tokens`], [`status`], [`live_jobs`], [`records`], [`item_states`], [`outcome_rows`], [`sweep`], [`secret`].
//!   Parts of them: `admit` checks quotas, `item_id` reads item ids, [`known`] lists the processors.
//! - Notices of starts and ends. What is owed: `job/notice_kind` (the kinds and their targets), `job/notices` (tries and
//!   deliveries), `job/owed` (which ones a job owes). Asking for them: [`due`], `work/untried`, `work/asked_for`. Sending them:
//!   `work/notify`, `work/notice_places`, the port [`notice`].
//! - [`app`] is what every use-case works with; [`config`] reads it from the environment.
//! - [`access`] decides for whom a job exists. [`error`] has the errors, [`counted()`] numbers with their nouns for messages.
//!
//! `docs/glossary.md` defines the words.

pub mod access;
mod admit;
pub mod app;
pub mod cancel;
pub mod chunk;
pub mod clock;
pub mod config;
pub mod correct;
pub mod corrections;
mod counted;
pub mod cupboard;
pub mod delete;
pub mod due;
pub mod end;
pub mod error;
pub mod ids;
pub mod item_id;
pub mod item_states;
pub mod job;
pub mod jobs;
pub mod known;
pub mod ledger;
pub mod limits;
pub mod live_jobs;
pub mod notice;
pub mod outcome;
pub mod outcome_rows;
pub mod part;
pub mod pause;
pub mod percentage;
pub mod prices;
pub mod queue;
pub mod quota;
pub mod records;
pub mod rest;
pub mod retry;
pub mod secret;
pub mod settle;
pub mod settlement;
pub mod shortest;
pub mod split;
pub mod status;
pub mod store;
pub mod submit;
pub mod sweep;
pub mod time;
pub mod tokens;
pub mod upward;
pub mod waiting;
pub mod work;

pub use access::{OwnedJob, Viewer};
pub use app::App;
pub use clock::{Clock, SystemClock};
pub use counted::{counted, counted_are};
pub use cupboard::Cupboard;
pub use error::{Conflict, JobError, Violation, error_chain};
pub use headway_processor::{Item, ItemError, ItemProcessor, Options, Output, ProcessorInfo, Processors};
pub use ids::{ChunkId, JobId, PartId, UserId};
pub use job::{Ended, Ending, Job, JobStatus, ToleratedFailures};
pub use jobs::JobRepository;
pub use ledger::Ledger;
pub use percentage::Percentage;
pub use queue::ChunkQueue;
pub use store::Store;
