//! Calls of AWS services for which there is no SDK here: a GET, or a POST of JSON, with an AWS Signature Version 4. The SDKs of
//! all these services would take longer to build than the rest of the command, for a call or two each.

mod error;

use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::config::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::{Method, Url};
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use error::SignedError;

/// A service in a region, and the credentials for it.
#[derive(Debug)]
pub struct Signed {
    http: reqwest::Client,
    credentials: SharedCredentialsProvider,
    region: String,
    service: &'static str,
    endpoint: Url,
}

impl Signed {
    /// The service at the address that the SDKs would use: `AWS_ENDPOINT_URL_<SERVICE>`, the configuration's endpoint,
    /// or the region's. IAM has one region for all.
    ///
    /// # Errors
    ///
    /// [`SignedError::Unmade`] if the configuration has no region, no credentials, or an invalid endpoint.
    pub fn new(config: &SdkConfig, service: &'static str) -> Result<Self, SignedError> {
        let unmade = |source| SignedError::Unmade { service, source };
        let region = config.region().ok_or_else(|| unmade("no region is configured".into()))?.to_string();
        let credentials = config.credentials_provider().ok_or_else(|| unmade("no credentials are configured".into()))?;
        let variable = |name: &str| std::env::var(name).ok().filter(|url| !url.is_empty());
        let (region, host) = place(service, &region);
        let endpoint = variable(&format!("AWS_ENDPOINT_URL_{}", service.to_uppercase()))
            .or_else(|| config.endpoint_url().map(str::to_owned))
            .unwrap_or_else(|| format!("https://{host}"));
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
        let mut url = self.endpoint.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.send(Method::GET, url, &[], Vec::new()).await
    }

    /// The XML that answers an action of a service with a query API, in this version of it.
    ///
    /// # Errors
    /// [`SignedError`].
    pub async fn query(&self, version: &str, action: &str, members: &[(String, String)]) -> Result<String, SignedError> {
        let fixed = [("Action", action), ("Version", version)].into_iter();
        let all: Vec<_> = fixed.chain(members.iter().map(|(name, value)| (name.as_str(), value.as_str()))).collect();
        let (_, body) = self.get(&[], &all).await?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    /// What answers an operation of a service with a JSON API: `TrentService.DescribeKey`.
    ///
    /// # Errors
    /// [`SignedError`].
    pub async fn json<T: DeserializeOwned>(&self, target: &str, input: &Value) -> Result<T, SignedError> {
        let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target)];
        let (_, body) = self.send(Method::POST, self.endpoint.clone(), &headers, input.to_string().into_bytes()).await?;
        self.parsed(&body)
    }

    /// The JSON that answers `GET /<segments>?<query>`.
    ///
    /// # Errors
    /// [`SignedError`].
    pub async fn read<T: DeserializeOwned>(&self, segments: &[&str], query: &[(&str, &str)]) -> Result<T, SignedError> {
        let (_, body) = self.get(segments, query).await?;
        self.parsed(&body)
    }

    fn parsed<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, SignedError> {
        serde_json::from_slice(body).map_err(|error| SignedError::Unmade { service: self.service, source: error.into() })
    }

    async fn send(&self, method: Method, url: Url, headers: &[(&str, &str)], body: Vec<u8>) -> Result<(HeaderMap, Bytes), SignedError> {
        let service = self.service;
        let signature = self.signature(&method, &url, headers, &body).await;
        let signature = signature.map_err(|source| SignedError::Unmade { service, source })?;
        let request =
            headers.iter().fold(self.http.request(method, url).body(body), |request, (name, value)| request.header(*name, *value));
        let request = signature.iter().fold(request, |request, (name, value)| request.header(name, value));
        let unreached = |error: reqwest::Error| SignedError::Unreached { service, source: error.without_url() };
        let response = request.send().await.map_err(unreached)?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.map_err(unreached)?;
        if status.is_success() { Ok((headers, body)) } else { Err(SignedError::refused(service, status.as_u16(), &headers, &body)) }
    }

    /// The header fields that identify the caller.
    async fn signature(
        &self,
        method: &Method,
        url: &Url,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Vec<(String, String)>, Box<dyn std::error::Error + Send + Sync>> {
        let identity = self.credentials.provide_credentials().await?.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let request = SignableRequest::new(method.as_str(), url.as_str(), headers.iter().copied(), SignableBody::Bytes(body))?;
        let (instructions, _) = sign(request, &params)?.into_parts();
        Ok(instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }
}

/// The region that a call is signed for, and the service's host. Source: AWS General Reference, IAM endpoints.
fn place(service: &str, region: &str) -> (String, String) {
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    match service {
        "iam" if region.starts_with("cn-") => ("cn-north-1".to_owned(), "iam.cn-north-1.amazonaws.com.cn".to_owned()),
        "iam" if region.starts_with("us-gov-") => ("us-gov-west-1".to_owned(), "iam.us-gov.amazonaws.com".to_owned()),
        "iam" => ("us-east-1".to_owned(), "iam.amazonaws.com".to_owned()),
        _ => (region.to_owned(), format!("{service}.{region}.{suffix}")),
    }
}
