//! The `headway` command: everything in one process, and the client of the HTTP API.
//!
//! The map: [`cli`] is what can be typed, [`verbs`] holds one file a command, [`client`] speaks HTTP, [`credentials`]
//! and [`local_token`] prove who calls, [`input`], [`cut`] and [`upload`] turn a file of any size into parts,
//! [`follow`] and [`bar`] show a job until it ends, [`doctor`] looks for what is to be mended, [`report`] turns an
//! [`error`] into an exit code and words.

pub mod bar;
pub mod cli;
pub mod client;
pub mod context;
pub mod credentials;
pub mod cut;
pub mod doctor;
pub mod duration;
pub mod entry;
pub mod error;
pub mod exit;
pub mod follow;
pub mod globals;
pub mod ids;
pub mod input;
pub mod job;
pub mod local_token;
pub mod out;
pub mod pages;
pub mod problem;
pub mod processor;
pub mod report;
pub mod sent_rows;
pub mod serve;
pub mod survey;
pub mod table;
pub mod upload;
pub mod verbs;

pub use entry::main;
