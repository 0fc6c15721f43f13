//! The HTTP function: starts jobs, changes them and reports their state.
//!
//! The crate is a library: Lambda's runtime, a local server and the tests all call the same [`router`].
//!
//! | what | files |
//! | --- | --- |
//! | start on Lambda | `host` |
//! | all paths, and what every handler works with | `router`, [`state`] |
//! | what every request passes | [`edge`], [`base_path`], [`cors`], `budget`, `unread` |
//! | who is calling | [`auth`], `jwt_extractor`, `random_key` |
//! | reading requests | [`body`], [`json`], [`path`], [`query`], `unknown_parameters`, [`page_token`], `params` |
//! | jobs and parts | [`jobs`], [`job_status`], [`job_answer`], [`parts`] |
//! | failures, corrections, results, and every item | [`failures`], [`items`], [`results`], [`item_list`], `record_kind`, `record_pages`, `record_table`, [`columns`], [`csv`], [`invisible`], [`rewritten_cells`] |
//! | processors, health | [`processors`], [`health`] |
//! | answers and refusals | `json_answer`, `static_answer`, `etag`, [`problem`] |
//! | HTML pages and the OpenAPI document, whose examples are in `openapi/examples.json` | [`dashboard`], [`docs`], `embed`, `html_page`, `openapi` |

pub mod auth;
pub mod base_path;
pub mod body;
mod budget;
pub mod columns;
pub mod cors;
pub mod csv;
pub mod dashboard;
pub mod docs;
pub mod edge;
mod embed;
mod etag;
pub mod failures;
pub mod health;
mod host;
mod html_page;
pub mod invisible;
pub mod item_list;
pub mod items;
pub mod job_answer;
pub mod job_status;
pub mod jobs;
pub mod json;
mod json_answer;
mod jwt_extractor;
mod members;
pub mod normal_form;
mod openapi;
pub mod page_token;
mod params;
pub mod parts;
pub mod path;
pub mod problem;
pub mod processors;
pub mod query;
mod random_key;
mod record_kind;
mod record_pages;
mod record_table;
pub mod results;
pub mod rewritten_cells;
mod router;
pub mod state;
mod static_answer;
mod unknown_parameters;
mod unread;

pub use headway_schema::sandbox::{enter, use_program};
pub use host::{run, serve};
pub use jwt_extractor::JwtExtractor;
pub use record_pages::MORE;
pub use router::{document, router};
pub use state::AppState;
