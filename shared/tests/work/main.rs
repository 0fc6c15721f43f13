//! A worker's way with messages, one promise a test: the real use-cases over a table in memory, in virtual time.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod batches;
mod dead_letters;
mod deadlines;
mod limits;
mod poison;
mod prepare;
mod progress;
mod retries;
mod settling;
mod slices;
mod submissions;
mod threads;
mod threshold;
mod waits;
mod world;
