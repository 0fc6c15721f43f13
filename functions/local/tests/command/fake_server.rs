//! A fake server with a few routes, which records its requests and fails on demand.

use std::collections::{BTreeMap, VecDeque};
use std::io::Read;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::watch;

pub(crate) const TOKEN: &str = "good-token";
pub(crate) const ID: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

type Headers = Vec<(&'static str, String)>;

/// A request that was received.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What to answer instead.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// This status, with these headers and this body.
    Answer(u16, Headers, String),
    /// The request takes effect, but its answer is lost.
    Lost,
    /// The request takes effect, and is answered only after [`FakeServer::release`].
    Held,
}

#[derive(Default)]
pub(crate) struct World {
    pub(crate) asked: Vec<Asked>,
    /// Faults by `METHOD /path` prefix, used up one by one.
    pub(crate) faults: Vec<(String, VecDeque<Fault>)>,
    pub(crate) parts: BTreeMap<u32, (u64, Vec<String>)>,
    /// For each idempotency key, the first body that was sent with it.
    pub(crate) keys: BTreeMap<String, Bytes>,
    /// For how many more requests the ended job is still settling.
    pub(crate) settling_looks: u64,
    /// More members of the job.
    pub(crate) more: serde_json::Map<String, Value>,
    /// The most items in a chunk, if the list of parts says it.
    pub(crate) chunk_size: Option<u16>,
    /// The params schema of the processor `json-schema`, if the server has it.
    pub(crate) json_schema: Option<Value>,
    /// Parts that have a row but have not been dispatched.
    pub(crate) undispatched: Vec<u32>,
    pub(crate) exists: bool,
    pub(crate) deleted: bool,
    pub(crate) sealed: bool,
    /// Somebody else seals the job when it has so many parts.
    pub(crate) sealed_at: Option<usize>,
    /// The status of the job once sealed.
    pub(crate) ends_as: Option<&'static str>,
    /// Fixed answers, by path and query.
    pub(crate) canned: BTreeMap<String, (Headers, String)>,
    /// Answers that need no token, by path.
    pub(crate) open: BTreeMap<String, (Headers, String)>,
}

#[derive(Clone)]
pub(crate) struct FakeServer {
    pub(crate) url: String,
    pub(crate) world: Arc<Mutex<World>>,
    count: watch::Receiver<usize>,
    released: Arc<watch::Sender<bool>>,
}

#[derive(Clone)]
struct Shared {
    world: Arc<Mutex<World>>,
    count: Arc<watch::Sender<usize>>,
    released: watch::Receiver<bool>,
}

impl FakeServer {
    pub(crate) async fn start() -> FakeServer {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let world = Arc::new(Mutex::new(World { ends_as: Some("Completed"), ..World::default() }));
        let (sender, count) = watch::channel(0);
        let (release, released) = watch::channel(false);
        let shared = Shared { world: world.clone(), count: Arc::new(sender), released };
        let app = Router::new().fallback(answer).layer(DefaultBodyLimit::disable()).with_state(shared);
        tokio::spawn(async move { axum::serve(listener, app).await });
        FakeServer { url, world, count, released: Arc::new(release) }
    }

    /// Lets the answers go that are held.
    pub(crate) fn release(&self) {
        self.released.send_replace(true);
    }

    pub(crate) fn fault(&self, route: &str, faults: impl IntoIterator<Item = Fault>) {
        self.world.lock().unwrap().faults.push((route.to_owned(), faults.into_iter().collect()));
    }

    pub(crate) fn can(&self, target: &str, headers: &[(&'static str, &str)], body: &str) {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.world.lock().unwrap().canned.insert(target.to_owned(), (headers, body.to_owned()));
    }

    /// Answers this path without a token.
    pub(crate) fn open(&self, path: &str, body: &str) {
        self.open_at(path, &[], body);
    }

    /// The same, with these headers.
    pub(crate) fn open_at(&self, path: &str, headers: &[(&'static str, &str)], body: &str) {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.world.lock().unwrap().open.insert(path.to_owned(), (headers, body.to_owned()));
    }

    /// The requests, as `METHOD target`.
    pub(crate) fn log(&self) -> Vec<String> {
        self.world.lock().unwrap().asked.iter().map(|asked| format!("{} {}", asked.method, asked.target)).collect()
    }

    pub(crate) fn count(&self, route: &str) -> usize {
        self.log().iter().filter(|line| line.starts_with(route)).count()
    }

    /// The body that started the job.
    pub(crate) fn start_body(&self) -> Value {
        let world = self.world.lock().unwrap();
        let start = world.asked.iter().rfind(|asked| asked.method == "POST" && asked.target == "/v1/jobs").unwrap();
        serde_json::from_slice(&start.body).unwrap()
    }

    /// All items of the job, in order.
    pub(crate) fn items(&self) -> Vec<String> {
        self.world.lock().unwrap().parts.values().flat_map(|(_, items)| items.clone()).collect()
    }

    /// Waits until this many requests have been received.
    pub(crate) async fn asked_at_least(&self, requests: usize) {
        self.count.clone().wait_for(|count| *count >= requests).await.unwrap();
    }
}

pub(crate) fn busy(status: u16) -> Fault {
    Fault::Answer(status, vec![("retry-after", "0".to_owned())], "{\"message\": \"later\"}".to_owned())
}

pub(crate) fn problem(status: u16, short: &str, detail: &str) -> Fault {
    let (headers, body) = problem_parts(short, detail, status);
    Fault::Answer(status, headers, body)
}

fn problem_parts(short: &str, detail: &str, status: u16) -> (Headers, String) {
    let body = json!({"type": format!("urn:headway:problem:{short}"), "title": "Refused", "status": status, "detail": detail,
        "instance": "/v1", "errors": []});
    (vec![("content-type", "application/problem+json".to_owned())], body.to_string())
}

async fn answer(State(mut shared): State<Shared>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let (answered, is_held) = answer_now(&shared.world, &method, &uri, &headers, &body);
    shared.count.send_modify(|count| *count += 1);
    if is_held {
        let _ = shared.released.wait_for(|released| *released).await;
    }
    answered
}

/// The answer, and whether it is held.
fn answer_now(world: &Mutex<World>, method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> (Response, bool) {
    let target = uri.path_and_query().map_or_else(|| uri.path().to_owned(), |target| target.to_string());
    let mut world = world.lock().unwrap();
    world.asked.push(Asked { method: method.clone(), target: target.clone(), headers: headers.clone(), body: body.clone() });
    let route = format!("{method} {target}");
    let fault = world.faults.iter_mut().find(|(prefix, faults)| route.starts_with(prefix) && !faults.is_empty());
    let fault = fault.and_then(|(_, faults)| faults.pop_front());
    let is_held = matches!(fault, Some(Fault::Held));
    let answered = match fault {
        Some(Fault::Answer(status, headers, body)) => reply(status, &headers, body),
        Some(Fault::Lost) => {
            world.answer(method, uri, &target, headers, body);
            // The client takes this as an answer that is not Headway's, and repeats the call.
            reply(502, &[("retry-after", "0".to_owned())], String::new())
        }
        Some(Fault::Held) | None => world.answer(method, uri, &target, headers, body),
    };
    (answered, is_held)
}

fn reply(status: u16, headers: &[(&'static str, String)], body: String) -> Response {
    let mut response = (StatusCode::from_u16(status).unwrap(), body).into_response();
    for (name, value) in headers {
        response.headers_mut().insert(*name, value.parse().unwrap());
    }
    response
}

impl World {
    fn answer(&mut self, method: &Method, uri: &Uri, target: &str, headers: &HeaderMap, body: &Bytes) -> Response {
        if let Some((headers, body)) = self.open.get(target) {
            return reply(200, headers, body.clone());
        }
        let token = headers.get("authorization").and_then(|value| value.to_str().ok());
        if token != Some(&format!("Bearer {TOKEN}")) {
            return refuse(401, "unauthenticated", "no good token");
        }
        let known = headers.get("idempotency-key").and_then(|key| self.keys.get(key.to_str().ok()?));
        if method == Method::POST && uri.path() == "/v1/jobs" && known.is_some_and(|known| known != body) {
            return refuse(422, "idempotency-key-reused", "another request has this key");
        }
        if let Some((headers, body)) = self.canned.get(target) {
            let mut response = reply(200, headers, body.clone());
            let has_more = response.headers().contains_key("link");
            response.headers_mut().insert("headway-more", HeaderValue::from_static(if has_more { "true" } else { "false" }));
            return response;
        }
        let segments: Vec<&str> = uri.path().trim_start_matches("/v1/").split('/').collect();
        match (method.as_str(), segments.as_slice()) {
            ("GET", ["processors"]) => ok(json!({"processors": self.processors()})),
            ("POST", ["jobs"]) => {
                let key = headers["idempotency-key"].to_str().unwrap().to_owned();
                self.keys.entry(key).or_insert_with(|| body.clone());
                let start: Value = serde_json::from_slice(body).unwrap();
                self.more.extend(["metadata", "expectedItems"].map(|name| (name.to_owned(), start[name].clone())));
                self.exists = true;
                self.job(202, headers)
            }
            (_, ["jobs", ID, ..]) if !self.exists || self.deleted => refuse(404, "not-found", "no such job"),
            ("GET", ["jobs", ID]) => {
                let answer = self.job(200, headers);
                self.settling_looks = self.settling_looks.saturating_sub(u64::from(self.ended().is_some()));
                answer
            }
            ("GET", ["jobs", ID, "parts"]) => ok(json!({"parts": self.part_list(), "nextPageToken": null})),
            ("PUT", ["jobs", ID, "parts", number]) => self.put(number.parse().unwrap(), uri.query().unwrap(), headers, body),
            ("POST", ["jobs", ID, "seal"]) => self.seal(headers, body),
            ("POST", ["jobs", ID, "cancel"]) => {
                self.ends_as = Some("Cancelled");
                self.job(200, headers)
            }
            ("POST", ["jobs", ID, _]) => self.job(200, headers),
            ("DELETE", ["jobs", ID]) => {
                self.deleted = true;
                reply(204, &[], String::new())
            }
            _ => refuse(404, "not-found", "no such path"),
        }
    }

    fn job(&self, status: u16, headers: &HeaderMap) -> Response {
        let ended = self.ended();
        let settling = ended.is_some() && self.settling_looks > 0;
        let items: Vec<&String> = self.parts.values().flat_map(|(_, items)| items).collect();
        let failed = items.iter().filter(|item| item.contains("bad")).count();
        let unsettled = if settling { (items.len() - failed).min(1) } else { 0 };
        let done = if ended.is_some() { items.len() - failed - unsettled } else { 0 };
        let failed = if ended.is_some() { failed } else { 0 };
        let actions = if ended.is_some() { json!([]) } else { json!(["pause", "cancel"]) };
        let mut body = json!({"id": ID, "status": ended.unwrap_or("Processing"), "progressPercentage": 0.0, "totalItems": items.len(),
            "processedItems": done, "errorMessage": (ended == Some("Failed")).then_some("item 1: bad"), "createdAt": "2026-11-24T08:00:00.000Z",
            "completedAt": null, "failedItems": failed, "pendingItems": items.len() - done - failed, "processor": "p", "round": 1,
            "sealed": self.sealed, "paused": false, "itemsPerSecond": null, "settling": settling, "actions": actions, "metadata": null,
            "newField": {"of": "a later version"}});
        body.as_object_mut().unwrap().extend(self.more.clone());
        let etag = format!("W/\"{}-{}-{settling}\"", items.len(), self.sealed);
        if headers.get("if-none-match").is_some_and(|known| known == etag.as_str()) {
            return reply(304, &[("etag", etag), ("retry-after", "0".to_owned())], String::new());
        }
        let mut response = reply(status, &[("etag", etag), ("retry-after", "0".to_owned())], body.to_string());
        response.headers_mut().insert("content-type", "application/json".parse().unwrap());
        response
    }

    fn ended(&self) -> Option<&'static str> {
        self.ends_as.filter(|_| self.sealed || self.ends_as == Some("Cancelled"))
    }

    fn processors(&self) -> Vec<Value> {
        let processor = |name: &str, schema: &Value| json!({"name": name, "description": "d", "paramsSchema": schema, "chunkSize": 2, "batch": 25, "maxAttempts": 5, "itemTimeoutSeconds": 30});
        let schema = self.json_schema.iter().map(|schema| processor("json-schema", schema));
        std::iter::once(processor("p", &json!({}))).chain(schema).collect()
    }

    fn put(&mut self, number: u32, query: &str, headers: &HeaderMap, body: &Bytes) -> Response {
        let first: u64 = query.strip_prefix("firstIndex=").unwrap().parse().unwrap();
        let mut text = String::new();
        if headers.get("content-encoding").is_some_and(|encoding| encoding == "gzip") {
            flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut text).unwrap();
        } else {
            text = String::from_utf8(body.to_vec()).unwrap();
        }
        assert_eq!(headers["content-type"], "application/x-ndjson");
        let items: Vec<String> = text.lines().map(str::to_owned).collect();
        self.undispatched.retain(|part| *part != number);
        match self.parts.get(&number) {
            Some(known) if *known != (first, items.clone()) => refuse(409, "part-differs", "other bytes"),
            Some(_) => ok(json!({})),
            None => {
                self.parts.insert(number, (first, items));
                self.sealed |= self.sealed_at == Some(self.parts.len());
                reply(201, &[], "{}".to_owned())
            }
        }
    }

    fn seal(&mut self, headers: &HeaderMap, body: &Bytes) -> Response {
        let parts: Value = serde_json::from_slice(body).unwrap();
        let missing =
            (0..parts["parts"].as_u64().unwrap() as u32).find(|part| !self.parts.contains_key(part) || self.undispatched.contains(part));
        if let Some(part) = missing {
            return refuse(409, "part-missing", &format!("part {part} is missing"));
        }
        self.sealed = true;
        self.job(200, headers)
    }

    fn part_list(&self) -> Vec<Value> {
        let part = |(number, (first, items)): (&u32, &(u64, Vec<String>))| {
            json!({"part": number, "firstIndex": first, "totalItems": items.len(), "chunkSize": self.chunk_size.unwrap_or(0), "chunks": 1, "settled": "", "open": "",
                "parked": "", "processedItems": 0, "failedItems": 0, "updatedAt": "2026-11-24T08:00:00.000Z"})
        };
        self.parts.iter().map(part).collect()
    }
}

fn ok(body: Value) -> Response {
    reply(200, &[("content-type", "application/json".to_owned())], body.to_string())
}

fn refuse(status: u16, short: &str, detail: &str) -> Response {
    let (headers, body) = problem_parts(short, detail, status);
    reply(status, &headers, body)
}
