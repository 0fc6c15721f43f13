//! What a worker does with messages, one promise in each test: the real use-cases on a table in memory, in virtual
//! time.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod batches;
mod corrections;
mod dead_letters;
mod deadlines;
mod large;
mod limits;
mod many;
mod meanwhile;
mod notices;
mod poison;
mod prepare;
mod progress;
mod retries;
mod settling;
mod slices;
mod stalls;
mod stopping;
mod submissions;
mod threads;
mod threshold;
mod waits;
mod world;
