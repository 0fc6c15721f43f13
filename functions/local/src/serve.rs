//! Everything in one process.

use crate::cli::ServeArgs;

/// Serves until it is told to stop.
///
/// # Errors
/// Always, so far: this build holds the client commands only.
pub async fn run(args: &ServeArgs) -> anyhow::Result<()> {
    anyhow::bail!("`headway serve --listen {}` is not built yet in this version", args.listen)
}
