//! What every handler works with.

use std::time::Duration;

use headway_core::{App, JobError};
use tokio::sync::OnceCell;

use crate::auth::Authenticator;
use crate::budget::Budget;
use crate::cors::Origins;
use crate::page_token::PageTokens;
use crate::params::ParamsSchemas;

/// The longest a request may take; then `busy`. API Gateway gives up after 30 s.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(25);
/// The name under which the table keeps the key of page tokens.
const PAGE_TOKEN_SECRET: &str = "page-token";

/// The use-cases' ports, the way callers are known, and the operator's choices about browsers.
#[derive(Debug)]
pub struct AppState {
    /// The ports, and the operator's choices about jobs.
    pub app: App,
    /// Who is calling.
    pub auth: Authenticator,
    /// Which pages of other origins may call.
    pub origins: Origins,
    pub(crate) params_schemas: ParamsSchemas,
    page_tokens: OnceCell<PageTokens>,
    /// Room for large requests and answers.
    pub(crate) budget: Budget,
}

impl AppState {
    /// With no other origins.
    pub fn new(app: App, auth: Authenticator) -> Self {
        let params_schemas = ParamsSchemas::new(&app.processors);
        Self { app, auth, origins: Origins::default(), params_schemas, page_tokens: OnceCell::new(), budget: Budget::new() }
    }

    /// With these origins.
    #[must_use]
    pub fn with_origins(mut self, origins: Origins) -> Self {
        self.origins = origins;
        self
    }

    /// Makes and checks page tokens, with the key that the table keeps for all instances; read once.
    pub(crate) async fn page_tokens(&self) -> Result<&PageTokens, JobError> {
        let read = || async {
            let mut fresh = [0; 32];
            getrandom::fill(&mut fresh).map_err(|e| JobError::unavailable("the source of randomness", e))?;
            Ok(PageTokens::new(&self.app.cupboard.secret(PAGE_TOKEN_SECRET, &fresh).await?))
        };
        self.page_tokens.get_or_try_init(read).await
    }
}
