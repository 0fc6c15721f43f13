//! The host of the command: a runtime, and the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    headway_api::enter();
    headway_local::main()
}
