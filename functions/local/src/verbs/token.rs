//! `token`: creates a token for a server on this machine, signed with the development key.

use std::time::Duration;

use chrono::{Datelike as _, SecondsFormat, TimeDelta, Utc};
use clap::Args;

use crate::context::Context;
use crate::duration;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::local_token;

/// The last year that RFC 3339 can write.
const YEAR_MAX: i32 = 9_999;

/// The user, and what the token allows.
#[derive(Debug, Args)]
pub struct MakeToken {
    /// The user: the claim `sub`
    #[arg(long, value_name = "USER")]
    user: String,
    /// A scope that it allows: jobs:read, jobs:write or jobs:operate [default: the first two]; a server holds
    /// owners to the first two only with HEADWAY_SCOPES=required
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// How long it is valid
    #[arg(long, default_value = "1h", value_name = "TIME", value_parser = duration::parse)]
    ttl: Duration,
}

impl MakeToken {
    /// Prints the token.
    ///
    /// # Errors
    ///
    /// If there is no key, or the token would never be valid.
    pub fn run(self, context: &Context) -> Result<Exit, CommandError> {
        if self.user.is_empty() {
            return Err(CommandError::Usage("--user must not be empty".to_owned()));
        }
        if self.ttl < Duration::from_secs(1) {
            return Err(CommandError::Usage("--ttl is less than a second: the token would expire at once".to_owned()));
        }
        let ttl =
            TimeDelta::from_std(self.ttl).ok().filter(|ttl| Utc::now().checked_add_signed(*ttl).is_some_and(|end| end.year() <= YEAR_MAX));
        let ttl =
            ttl.ok_or_else(|| CommandError::Usage(format!("--ttl is too long: the token would be valid beyond the year {YEAR_MAX}")))?;
        let token = local_token::sign(&self.user, &self.scopes, ttl).map_err(anyhow::Error::from)?;
        if context.out.json {
            let expires_at = token.expires_at.to_rfc3339_opts(SecondsFormat::Millis, true);
            context.out.line(&serde_json::json!({"token": token.text, "expiresAt": expires_at}).to_string())?;
        } else {
            context.out.line(&token.text)?;
        }
        Ok(Exit::Ok)
    }
}
