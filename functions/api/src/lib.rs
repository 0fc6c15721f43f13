//! The HTTP function: starts jobs and tells their state.
//!
//! The map: [`router`] over an [`AppState`]; [`edge`] is what every request passes, [`auth`] the one door to a caller's
//! claims, [`problem`] every refusal; [`body`], [`query`] and [`page_token`] read what callers send; then one file a
//! resource. The crate is a library: Lambda's runtime, a local server and tests call the same router.

pub mod auth;
pub mod base_path;
pub mod body;
mod budget;
pub mod cors;
mod csv;
pub mod dashboard;
pub mod docs;
pub mod edge;
pub mod failures;
pub mod health;
mod host;
mod html_page;
pub mod job_status;
pub mod jobs;
pub mod json;
mod json_answer;
mod jwt_extractor;
mod openapi;
pub mod page_token;
mod params;
pub mod parts;
pub mod path;
pub mod problem;
pub mod processors;
pub mod query;
pub mod quotas;
mod record_pages;
pub mod results;
mod router;
pub mod state;
mod unread;

pub use headway_schema::sandbox::{enter, use_program};
pub use host::{run, serve};
pub use jwt_extractor::JwtExtractor;
pub use router::{document, router};
pub use state::AppState;
