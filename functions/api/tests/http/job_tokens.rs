//! Job tokens: each is for one job, and for what it allows, however the tokens of users are checked.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use chrono::TimeDelta;
use headway_api::auth::jwks::{Jwks, KeySource};
use headway_api::auth::{Authenticator, KeysError};
use headway_api::{AppState, router};
use headway_core::cupboard::{KeptKey, KeptRow};
use http::Request;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::owners::{ACTS, CALLS};
use crate::world::{Answer, World};

/// The calls that every token allows. With `act` it allows those of [`ACTS`], too.
const READS: [(&str, &str); 7] = [
    ("GET", ""),
    ("HEAD", ""),
    ("GET", "/items"),
    ("GET", "/parts"),
    ("GET", "/failures?format=csv"),
    ("GET", "/failures/groups"),
    ("GET", "/results"),
];

/// The header of an answer to a token that is not valid.
const INVALID: &str = "Bearer realm=\"headway\", error=\"invalid_token\"";

#[derive(Debug)]
struct NoKeys;

#[async_trait]
impl KeySource for NoKeys {
    async fn read(&self) -> Result<Vec<u8>, KeysError> {
        Err(KeysError::NotYet)
    }
}

/// Other processes on the same table, one for each way of checking the tokens of users. None of them can check any.
fn processes(world: &World) -> Vec<Router> {
    let clock = || world.clock.clone();
    let ways = [
        Authenticator::hs256(crate::world::KEY, clock()),
        Authenticator::hs256(crate::world::KEY, clock()).with_scopes_required(),
        Authenticator::gateway(clock()),
        Authenticator::jwks(Jwks::new(Box::new(NoKeys), "https://issuer.example", vec!["headway".to_owned()]), clock()),
    ];
    ways.map(|auth| router(Arc::new(AppState::new(world.app.clone(), auth)))).into()
}

async fn make(world: &World, id: &str, allow: &str) -> String {
    let answer = world.post(&format!("/v1/jobs/{id}/tokens"), json!({"allow": allow}).to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.json()["token"].as_str().unwrap().to_owned()
}

async fn call(router: &Router, token: &str, base: &str, id: &str, this: (&str, &str, &str, &str)) -> Answer {
    let (method, path, media_type, body) = this;
    let request = Request::builder().method(method).uri(format!("{base}/v1/jobs/{id}{path}"));
    let request = request.header("authorization", format!("Bearer {token}")).header("content-type", media_type);
    Answer::of(router, request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn status(router: &Router, token: &str, id: &str) -> u16 {
    call(router, token, "/embed", id, CALLS[0]).await.status.as_u16()
}

/// Every call of the API on a job. An allowed one answers as it answers the owner; any other is refused. A token that
/// could do more would hand a page's visitor the account.
#[tokio::test(start_paused = true)]
async fn a_token_allows_its_calls_on_its_job_and_no_others() {
    let world = World::new();
    for (process, router) in processes(&world).iter().enumerate() {
        for allow in ["read", "act"] {
            for this in CALLS {
                let ended = json!([1, {"fail": "x"}]);
                let (mine, alike) = (world.start(ended.clone()).await, world.start(ended).await);
                world.work().await;
                let token = make(&world, &mine, allow).await;
                let answer = call(router, &token, "/embed", &mine, this).await;
                let is_allowed = READS.contains(&(this.0, this.1)) || (allow == "act" && ACTS.contains(&(this.0, this.1)));
                if is_allowed && this.2 != "text/plain" {
                    let owners = world.request("ann", this.0, &format!("/v1/jobs/{alike}{}", this.1)).header("content-type", this.2);
                    let owners = world.send(owners.body(Body::from(this.3)).unwrap()).await;
                    assert_eq!(answer.status, owners.status, "{process} {allow} {this:?}: {}", answer.body);
                    assert!(!matches!(answer.status.as_u16(), 401 | 403 | 404), "{process} {allow} {this:?}: {}", answer.body);
                } else if is_allowed {
                    assert_eq!(answer.status, 415, "{process} {allow} {this:?}: {}", answer.body);
                } else {
                    assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (403, "scope"), "{process} {allow} {this:?}");
                }
                for (base, id) in
                    [("/embed", alike.as_str()), ("/embed", "00000000-0000-4000-8000-000000000000"), ("/embed", "x"), ("", &mine)]
                {
                    let elsewhere = call(router, &token, base, id, this).await;
                    // Without keys the tokens of users cannot be checked.
                    let expected = if process == 3 && base.is_empty() { 503 } else { 401 };
                    assert_eq!(elsewhere.status, expected, "{process} {allow} {this:?} {base}/{id}");
                }
                world.call("ann", "DELETE", &format!("/v1/jobs/{alike}")).await;
                world.call("ann", "DELETE", &format!("/v1/jobs/{mine}")).await;
                world.clock.pass(TimeDelta::minutes(1));
            }
        }
    }
}

/// A token is for calls on a job alone. No list, and no other owner, can be reached.
#[tokio::test]
async fn a_token_opens_no_other_path() {
    let world = World::new();
    let id = world.start(json!([1])).await;
    let token = make(&world, &id, "act").await;
    let send = async |method: &str, path: &str, owner: Option<&str>| {
        let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {token}"));
        let request = owner.into_iter().fold(request, |request, owner| request.header("headway-owner", owner));
        world.send(request.body(Body::empty()).unwrap()).await.status.as_u16()
    };
    for (method, path) in [
        ("GET", "/embed/v1/jobs"),
        ("POST", "/embed/v1/jobs"),
        ("GET", "/embed/v1/processors"),
        ("GET", "/embed"),
        ("GET", "/embed/healthz"),
    ] {
        assert_eq!(send(method, path, None).await, 404, "{method} {path}");
    }
    assert_eq!(send("PUT", &format!("/embed/v1/jobs/{id}"), None).await, 405);
    for (method, path) in [("GET", "/v1/jobs"), ("POST", "/v1/jobs"), ("GET", "/v1/processors")] {
        assert_eq!(send(method, path, None).await, 401, "{method} {path}");
    }
    for owner in ["ann", "bob", ""] {
        assert_eq!(send("GET", &format!("/embed/v1/jobs/{id}"), Some(owner)).await, 403, "{owner}");
    }
    assert_eq!(send("GET", &format!("/embed/v1/jobs/{id}"), None).await, 200);
}

/// The tokens of users belong to the other routes: below `/embed` there is no authorizer in front.
#[tokio::test]
async fn the_token_of_a_user_is_not_taken() {
    let world = World::new();
    let id = world.start(json!([1])).await;
    make(&world, &id, "act").await;
    for router in processes(&world) {
        for scopes in [&[][..], &["jobs:read", "jobs:write", "jobs:operate", "jobs:delegate"]] {
            assert_eq!(status(&router, &world.token("ann", scopes), &id).await, 401);
        }
        let nobody = Answer::of(&router, Request::get(format!("/embed/v1/jobs/{id}")).body(Body::empty()).unwrap()).await;
        assert_eq!((nobody.status.as_u16(), nobody.header("www-authenticate")), (401, "Bearer realm=\"headway\""));
    }
}

/// The job's `actions` are what the bearer can do.
#[tokio::test]
async fn a_page_learns_what_its_token_can_do() {
    let world = World::new();
    let id = world.start(json!([1])).await;
    let [router, ..] = &processes(&world)[..] else { panic!() };
    for (allow, actions) in [("read", json!([])), ("act", json!(["cancel", "pause"]))] {
        let job = call(router, &make(&world, &id, allow).await, "/embed", &id, CALLS[0]).await.json();
        assert_eq!(job["actions"], actions, "{allow}");
    }
    assert_eq!(world.get(&format!("/v1/jobs/{id}")).await.json()["actions"], json!(["cancel", "pause"]));
}

/// A token ends at its time, and with its job.
#[tokio::test]
async fn a_token_expires() {
    let world = World::new();
    let id = world.start(json!([1])).await;
    let [router, ..] = &processes(&world)[..] else { panic!() };
    for (body, seconds) in [
        (json!({"allow": "read"}), 3_600),
        (json!({"allow": "read", "ttlSeconds": 60}), 60),
        (json!({"allow": "act", "ttlSeconds": 86_400}), 86_400),
    ] {
        let made = world.post(&format!("/v1/jobs/{id}/tokens"), body.to_string()).await;
        assert_eq!(made.header("cache-control"), "no-store");
        let made = made.json();
        let expires_at = world.clock.seconds() + seconds;
        assert_eq!(chrono::DateTime::parse_from_rfc3339(made["expiresAt"].as_str().unwrap()).unwrap().timestamp(), expires_at);
        let token = made["token"].as_str().unwrap();
        world.clock.pass(TimeDelta::seconds(seconds + 9));
        assert_eq!(status(router, token, &id).await, 200, "within the leeway");
        world.clock.pass(TimeDelta::seconds(1));
        let late = call(router, token, "/embed", &id, CALLS[0]).await;
        assert_eq!((late.status.as_u16(), &late.json()["detail"]), (401, &json!("the token has expired")));
    }
    let token = make(&world, &id, "act").await;
    world.call("ann", "POST", &format!("/v1/jobs/{id}/cancel")).await;
    assert_eq!(world.call("ann", "DELETE", &format!("/v1/jobs/{id}")).await.status, 204);
    assert_eq!(status(router, &token, &id).await, 404);
}

/// Every call on a job, so that none can forget to check it. What the token never allowed is refused as before.
#[tokio::test(start_paused = true)]
async fn ended_tokens_are_not_valid_any_more() {
    let world = World::new();
    let (id, other) = (world.start(json!([1, {"fail": "x"}])).await, world.start(json!([1])).await);
    world.work().await;
    let (ended, others) = (make(&world, &id, "act").await, make(&world, &other, "act").await);
    let end = format!("/v1/jobs/{id}/tokens");
    assert_eq!(world.call("bob", "DELETE", &end).await.status, 404);
    let [router, ..] = &processes(&world)[..] else { panic!() };
    assert_eq!(status(router, &ended, &id).await, 200);
    let before = world.get(&format!("/v1/jobs/{id}")).await;
    assert_eq!(world.call("ann", "DELETE", &end).await.status, 204);
    for this in CALLS {
        let answer = call(router, &ended, "/embed", &id, this).await;
        if READS.contains(&(this.0, this.1)) || ACTS.contains(&(this.0, this.1)) {
            assert_eq!((answer.status.as_u16(), answer.header("www-authenticate")), (401, INVALID), "{this:?}");
        } else {
            assert_eq!(answer.status, 403, "{this:?}");
        }
    }
    let after = world.get(&format!("/v1/jobs/{id}")).await;
    assert_eq!((after.body, after.headers.get("etag")), (before.body, before.headers.get("etag")), "the job itself is as it was");
    let new = make(&world, &id, "read").await;
    assert_eq!((status(router, &new, &id).await, status(router, &others, &other).await), (200, 200));
    world.post(&format!("/v1/jobs/{id}/retry"), "").await;
    assert_eq!((status(router, &new, &id).await, status(router, &ended, &id).await), (200, 401), "a new round changes nothing");
    world.call("ann", "DELETE", &end).await;
    assert_eq!((status(router, &new, &id).await, status(router, &ended, &id).await), (401, 401));
}

#[tokio::test]
async fn only_a_valid_wish_makes_a_token() {
    let world = World::new();
    let id = world.start(json!([1])).await;
    for (body, pointers) in [
        (json!({}), &["/allow"][..]),
        (json!({"allow": null}), &["/allow"]),
        (json!({"allow": "write"}), &["/allow"]),
        (json!({"allow": ["read"]}), &["/allow"]),
        (json!({"allow": "read", "ttlSeconds": 59}), &["/ttlSeconds"]),
        (json!({"allow": "read", "ttlSeconds": 86_401}), &["/ttlSeconds"]),
        (json!({"allow": "read", "ttlSeconds": 4_294_967_356_u64}), &["/ttlSeconds"]),
        (json!({"allow": "read", "ttlSeconds": -60}), &["/ttlSeconds"]),
        (json!({"allow": "read", "ttlSeconds": 60.5}), &["/ttlSeconds"]),
        (json!({"allow": "read", "ttlSeconds": "60"}), &["/ttlSeconds"]),
        (json!({"allow": "read", "owner": "bob"}), &["/owner"]),
        (json!({"allow": "x", "ttlSeconds": 0, "job": "x"}), &["/allow", "/ttlSeconds", "/job"]),
        (json!([]), &[""]),
    ] {
        let answer = world.post(&format!("/v1/jobs/{id}/tokens"), body.to_string()).await;
        assert_eq!((answer.status.as_u16(), answer.problem().as_str()), (422, "invalid"), "{body}");
        let found: Vec<Value> = answer.json()["errors"].as_array().unwrap().iter().map(|error| error["pointer"].clone()).collect();
        assert_eq!(found, pointers, "{body}");
    }
    for (body, status) in [("", 400), ("{", 400), (r#"{"allow":"read","allow":"act"}"#, 400)] {
        assert_eq!(world.post(&format!("/v1/jobs/{id}/tokens"), body).await.status, status, "{body}");
    }
}

/// Nothing in a token can be changed, and nobody else can make one.
#[tokio::test]
async fn a_token_cannot_be_forged() {
    let world = World::new();
    let (id, other) = (world.start(json!([1])).await, world.start(json!([1])).await);
    let token = make(&world, &id, "read").await;
    let [router, ..] = &processes(&world)[..] else { panic!() };
    for position in 0..token.len() {
        let mut bytes = token.clone().into_bytes();
        bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert_eq!(status(router, &changed, &id).await, 401, "byte {position}: {changed}");
    }
    let now = world.clock.seconds();
    let claims = json!({"iss": "headway", "aud": "headway-job", "sub": other, "owner": "ann", "generation": 0, "scope": "jobs:read", "exp": now + 60});
    for secret in [&b""[..], &[0; 32], &[7; 32], token.as_bytes(), other.as_bytes()] {
        let forged = encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(secret)).unwrap();
        assert_eq!(status(router, &forged, &other).await, 401);
    }
    for part in ["", ".", "..", "x.y.z", token.rsplit_once('.').unwrap().0] {
        assert_eq!(status(router, part, &id).await, 401, "{part}");
    }
}

/// An operator who removes the key makes all tokens invalid, everywhere, within a minute. New tokens work at once where
/// they are made, and within five seconds everywhere.
#[tokio::test]
async fn another_key_ends_all_tokens() {
    let world = World::new();
    let id = world.start(json!([1])).await;
    let [one, two, ..] = &processes(&world)[..] else { panic!() };
    let bytes = async |token: &str| [status(one, token, &id).await, status(two, token, &id).await];
    let key = KeptKey::lasting("SECRET#job-token", "SECRET");
    assert_eq!(bytes("x.y.z").await, [401, 401]);
    assert_eq!(world.app.cupboard.kept(&key).await.unwrap(), None, "only who makes a token makes the key");
    let old = make(&world, &id, "read").await;
    world.clock.pass(TimeDelta::seconds(5));
    assert_eq!(bytes(&old).await, [200, 200]);
    world.app.cupboard.put_kept(&key, &KeptRow { version: 2, text: "AAAA".to_owned() }).await.unwrap();
    world.clock.pass(TimeDelta::seconds(5));
    let new = make(&world, &id, "read").await;
    assert_eq!(bytes(&new).await, [200, 200], "the key is read again for a token that does not fit it");
    world.clock.pass(TimeDelta::minutes(1));
    assert_eq!(bytes(&old).await, [401, 401]);
    assert_eq!(bytes(&new).await, [200, 200]);
}
