//! What makes an answer mean that its effect survives a power cut.
//!
//! SQLite commits without waiting for the disk (WAL, `synchronous=NORMAL`); a [`Barrier`] then lets all who wait for
//! an answer share one `fdatasync`. A [`Turn`] keeps writers of several processes apart, and a [`Lane`] puts the
//! two around every piece of work on a store.

mod barrier;
mod files;
mod lane;
mod ours;
mod private;
mod turn;

pub(crate) use barrier::Barrier;
pub(crate) use files::{check_whole, log_sync, prepare_directory, sync_directory};
pub(crate) use lane::{Care, Lane};
pub(crate) use ours::{Kind, LockKind};
pub(crate) use private::{open_lock, private_database};
pub(crate) use turn::Turn;
