//! What every handler works with.

use std::time::Duration;

use headway_core::access::OwnedJob;
use headway_core::secret::secret;
use headway_core::{App, JobError, JobId};
use tokio::sync::OnceCell;

use crate::auth::job_token::JobTokens;
use crate::auth::{Authenticator, Claims, Scope};
use crate::budget::Budget;
use crate::cors::Origins;
use crate::page_token::PageTokens;
use crate::params::ParamsSchemas;
use crate::problem::ApiErrorResponse;
use crate::random_key::random_key;

/// The longest that a request may take; after that the answer is `busy`. API Gateway gives up after 30 s.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(25);
/// The name under which the table keeps the key of the page tokens.
const PAGE_TOKEN_SECRET: &str = "page-token";

/// The domain's ports, authentication, and the operator's settings.
#[derive(Debug)]
pub struct AppState {
    /// The ports, and the operator's settings about jobs.
    pub app: App,
    /// Authentication.
    pub auth: Authenticator,
    /// Makes and checks tokens for one job.
    pub(crate) job_tokens: JobTokens,
    /// The origins whose web pages may call.
    pub origins: Origins,
    pub(crate) params_schemas: ParamsSchemas,
    page_tokens: OnceCell<PageTokens>,
    /// Limits the memory for large requests and answers.
    pub(crate) budget: Budget,
}

impl AppState {
    /// The job, for a call that needs this scope and that only the job's owner may make.
    ///
    /// # Errors
    ///
    /// The caller does not have the scope, or the job does not exist for the caller.
    pub(crate) async fn owned(&self, claims: &Claims, scope: Scope, job: JobId) -> Result<OwnedJob, ApiErrorResponse> {
        claims.require(scope)?;
        Ok(self.app.owned(claims.as_owner(), job).await?)
    }

    /// Without any other origins.
    pub fn new(app: App, auth: Authenticator) -> Self {
        Self {
            job_tokens: JobTokens::new(app.cupboard.clone(), app.clock.clone()),
            app,
            auth,
            origins: Origins::default(),
            params_schemas: ParamsSchemas::default(),
            page_tokens: OnceCell::new(),
            budget: Budget::new(),
        }
    }

    /// With these origins.
    #[must_use]
    pub fn with_origins(mut self, origins: Origins) -> Self {
        self.origins = origins;
        self
    }

    /// Issues and checks page tokens, with the key that the table keeps for all instances. The key is read once.
    pub(crate) async fn page_tokens(&self) -> Result<&PageTokens, JobError> {
        let read = || async { Ok(PageTokens::new(&secret(self.app.cupboard.as_ref(), PAGE_TOKEN_SECRET, &random_key()?).await?)) };
        self.page_tokens.get_or_try_init(read).await
    }
}
