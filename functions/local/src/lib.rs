//! The `headway` command: everything in one process, and a client of the HTTP API.
//!
//! | what | files |
//! | --- | --- |
//! | from the command line to the exit code | [`entry`], [`cli`], [`globals`], [`colors`], [`context`], [`error`], [`report`], [`exit`] |
//! | one file for each command | [`verbs`], [`serve`], [`doctor`] |
//! | calling the server | [`client`], [`credentials`], [`shell`], [`local_token`], [`problem`], [`pages`] |
//! | reading a file of items, checking it, and cutting it into parts | [`input`], [`survey`], [`ids`], [`schema_columns`], [`schema_texts`], [`cut`] |
//! | failed items and results as tables, and a file of corrected rows | [`records`], [`failure_groups`], [`corrected_rows`] |
//! | results joined to the file that was submitted | [`joined`], [`part_hash`], [`difference`] |
//! | sending the parts, and continuing after a break | [`upload`], [`server_part`], [`sent_rows`] |
//! | showing jobs | [`job`], [`processor`], [`follow`], [`bar`], [`table`], [`out`], [`duration`], [`interrupt`] |
//! | a project of one's own | [`new`] |
//! | what a job costs on AWS | [`cost`], [`headway_core::prices`] |

pub mod bar;
pub mod cli;
pub mod client;
pub mod colors;
pub mod context;
pub mod corrected_rows;
pub mod cost;
pub mod credentials;
pub mod cut;
pub mod difference;
pub mod doctor;
pub mod duration;
pub mod entry;
pub mod error;
pub mod exit;
pub mod failure_groups;
pub mod follow;
pub mod globals;
pub mod ids;
pub mod input;
pub mod interrupt;
pub mod job;
pub mod joined;
pub mod local_token;
pub mod new;
pub mod number;
pub mod on_a_thread;
pub mod out;
pub mod pages;
pub mod part_hash;
pub mod problem;
pub mod processor;
pub mod records;
pub mod report;
pub mod schema_columns;
pub mod schema_texts;
pub mod sent_rows;
pub mod serve;
pub mod server_part;
pub mod shell;
pub mod shown_text;
pub mod survey;
pub mod table;
pub mod upload;
pub mod verbs;

pub use entry::main;
