//! Runs an unmodified Lambda worker as a process of this machine.
//!
//! - [`Workers`]: keeps a number of worker processes running and calls them with batches from the embedded queue
//! - `slot`: one process after another in the place of one worker; what Lambda calls an execution environment
//! - `runtime_api`: Lambda's Runtime API, as one process sees it
//! - `roster`: the numbers of the processes, and which of them run: each worker is told, since a mark of a process that has ended can be
//!   judged at once
//! - `aws`: the embedded table and queue in AWS's JSON protocol
//! - `process`, `command`, `binary`: the process, its command line, and whether its file has changed
//!
//! Both servers (`loopback`) listen on loopback only, below a random path. A user of the machine who may not read the data
//! directory does not know the path, and so cannot read the data through them.

pub mod aws;
mod binary;
mod command;
mod loopback;
mod process;
mod roster;
pub mod runtime_api;
mod slot;
mod workers;

pub use command::{CommandLine, CommandLineError};
pub use loopback::Loopback;
pub use process::{Line, LogSink, Stream};
pub use workers::{Workers, WorkersError};
