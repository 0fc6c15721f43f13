//! A client of the api function, with a token made from the development key like that of `headway token`.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::Utc;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

/// Much longer than anything here takes on a busy machine.
const WITHIN: Duration = Duration::from_secs(600);
/// The pause between two looks at another process.
const LOOK_EVERY: Duration = Duration::from_millis(50);

pub(crate) struct Api {
    client: Client,
    url: String,
    token: String,
}

impl Api {
    /// Polls until the api function answers. The first request starts it, and it answers when it is ready.
    pub(crate) async fn ready(port: u16, state: &Path) -> Self {
        let client = Client::builder().no_proxy().timeout(WITHIN).build().unwrap();
        let url = format!("http://127.0.0.1:{port}");
        let since = Instant::now();
        let answer = loop {
            match client.get(format!("{url}/healthz")).send().await {
                Err(error) if error.is_connect() && since.elapsed() < WITHIN => tokio::time::sleep(LOOK_EVERY).await,
                answer => break answer.unwrap(),
            }
        };
        assert_eq!(answer.status(), 200);
        Self { client, url, token: token(&state.join("headway/dev.key")) }
    }

    /// Starts a job and returns its id.
    pub(crate) async fn start(&self, path: &str, job: &Value) -> String {
        let request = self.request(Method::POST, path).header("content-type", "application/json").body(job.to_string());
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 202);
        let job: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        job["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.request(Method::GET, path).send().await.unwrap();
        let status = answer.status();
        let body = answer.text().await.unwrap();
        assert_eq!(status, 200, "{path}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// The job's status, and how many items are processed, failed and pending.
    pub(crate) async fn counts(&self, job: &str) -> (String, [u64; 3]) {
        let job = self.get(&format!("/v1/jobs/{job}")).await;
        let count = |name: &str| job[name].as_u64().unwrap();
        let counts = [count("processedItems"), count("failedItems"), count("pendingItems")];
        assert_eq!(counts.iter().sum::<u64>(), count("totalItems"));
        (job["status"].as_str().unwrap().to_owned(), counts)
    }

    pub(crate) async fn until_ended(&self, job: &str) {
        let since = Instant::now();
        loop {
            let counts = self.counts(job).await;
            if !matches!(counts.0.as_str(), "Pending" | "Processing") {
                return;
            }
            assert!(since.elapsed() < WITHIN, "job {job} has not ended: {counts:?}");
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token)
    }
}

fn token(key: &Path) -> String {
    let key = EncodingKey::from_base64_secret(fs::read_to_string(key).unwrap().trim()).unwrap();
    let now = Utc::now().timestamp();
    let claims = json!({"iss": "headway-dev", "aud": "headway", "sub": "me", "iat": now, "exp": now + 3600});
    encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap()
}
