//! Durability: an answer is given only when its effect survives a power cut.
//!
//! SQLite commits without waiting for the disk (WAL, `synchronous=NORMAL`). A [`Barrier`] then lets all waiting callers
//! share one `fdatasync`. A [`WriteTurn`] lets only one process write at a time, and a [`Lane`] applies both to every access
//! to a store.

mod barrier;
mod files;
mod lane;
mod ours;
mod private;
mod write_turn;

pub(crate) use barrier::Barrier;
pub(crate) use files::{check_whole, log_sync, prepare_directory, sync_directory};
pub(crate) use lane::{Access, Lane};
pub(crate) use ours::{Kind, LockKind};
pub(crate) use private::{open_lock, private_database};
pub(crate) use write_turn::WriteTurn;
