//! Builds the app from the environment variables. Every function on Lambda gets its app here, and every host chooses its store here.
//!
//! Its map: [`store_from_env`] is the only place that chooses a store; [`app_from_env`] is the app on that store and AWS's queue; [`in_words`] is
//! what a function's `main` says of an error.

mod app;
mod in_words;
mod store;

pub use app::app_from_env;
pub use in_words::in_words;
pub use store::{HEADWAY_STORE, StoreKind, store_from_env};
