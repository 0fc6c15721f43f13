//! The `headway` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    headway_api::enter();
    headway_local::main()
}
