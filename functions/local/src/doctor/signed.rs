//! Calls of AWS services for which there is no SDK here: a GET with an AWS Signature Version 4. The SDKs of Lambda and
//! CloudFormation would take longer to build than the rest of the command, for three calls.

use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::config::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use reqwest::Url;
use reqwest::header::HeaderMap;

/// A service in a region, and the credentials for it.
#[derive(Debug)]
pub struct Signed {
    http: reqwest::Client,
    credentials: SharedCredentialsProvider,
    region: String,
    service: &'static str,
    endpoint: Url,
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum SignedError {
    /// The service refused or failed.
    #[error("{service} answered {status}: {message}")]
    Refused {
        /// The service.
        service: &'static str,
        /// The HTTP status.
        status: u16,
        /// Its message.
        message: String,
    },
    /// The service could not be reached.
    #[error("{service} cannot be reached")]
    Unreached {
        /// The service.
        service: &'static str,
        /// The cause.
        source: reqwest::Error,
    },
    /// The call could not be made.
    #[error("{service} cannot be called")]
    Unmade {
        /// The service.
        service: &'static str,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl SignedError {
    /// True if the caller lacks the permission.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Refused { status: 401 | 403, .. })
    }
}

impl Signed {
    /// The service at the address that the SDKs would use: `AWS_ENDPOINT_URL_<SERVICE>`, the configuration's endpoint,
    /// or the region's.
    ///
    /// # Errors
    ///
    /// [`SignedError::Unmade`] if the configuration has no region, no credentials, or an invalid endpoint.
    pub fn new(config: &SdkConfig, service: &'static str) -> Result<Self, SignedError> {
        let unmade = |source| SignedError::Unmade { service, source };
        let region = config.region().ok_or_else(|| unmade("no region is configured".into()))?.to_string();
        let credentials = config.credentials_provider().ok_or_else(|| unmade("no credentials are configured".into()))?;
        let variable = |name: &str| std::env::var(name).ok().filter(|url| !url.is_empty());
        let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
        let endpoint = variable(&format!("AWS_ENDPOINT_URL_{}", service.to_uppercase()))
            .or_else(|| config.endpoint_url().map(str::to_owned))
            .unwrap_or_else(|| format!("https://{service}.{region}.amazonaws.com{suffix}"));
        let endpoint = Url::parse(&endpoint).map_err(|error| unmade(error.into()))?;
        let http = reqwest::Client::builder().timeout(std::time::Duration::from_secs(10)).build();
        let http = http.map_err(|error| unmade(error.into()))?;
        Ok(Self { http, credentials, region, service, endpoint })
    }

    /// The answer to `GET /<segments>?<query>`.
    ///
    /// # Errors
    /// [`SignedError`].
    pub async fn get(&self, segments: &[&str], query: &[(&str, &str)]) -> Result<(HeaderMap, Bytes), SignedError> {
        let service = self.service;
        let mut url = self.endpoint.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let headers = self.signature(&url).await.map_err(|source| SignedError::Unmade { service, source })?;
        let request = headers.iter().fold(self.http.get(url), |request, (name, value)| request.header(name, value));
        let unreached = |error: reqwest::Error| SignedError::Unreached { service, source: error.without_url() };
        let response = request.send().await.map_err(unreached)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.map_err(unreached)?;
        if status.is_success() {
            return Ok((headers, body));
        }
        let message = String::from_utf8_lossy(&body).chars().take(300).collect();
        Err(SignedError::Refused { service, status: status.as_u16(), message })
    }

    /// The header fields that identify the caller.
    async fn signature(&self, url: &Url) -> Result<Vec<(String, String)>, Box<dyn std::error::Error + Send + Sync>> {
        let identity = self.credentials.provide_credentials().await?.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let request = SignableRequest::new("GET", url.as_str(), std::iter::empty(), SignableBody::Bytes(&[]))?;
        let (instructions, _) = sign(request, &params)?.into_parts();
        Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}
