//! Which tokens are accepted: real signatures, on a clock and a key set that the test controls.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{TimeDelta, Utc};
use headway_api::auth::hs256::DevelopmentKey;
use headway_api::auth::jwks::Jwks;
use headway_api::auth::{AuthConfigError, AuthError, Authenticator, Host, Scope};
use headway_api::problem::{ApiErrorResponse, ProblemType};
use headway_core::{Clock as _, UserId};
use headway_testkit::HeldClock;
use http::Request;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
mod issuer;

use issuer::*;

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "headway";

/// Every supported algorithm works, each with its own key.
#[tokio::test]
async fn tokens_of_every_kind_of_key_are_accepted() {
    let signers = [rsa("rs", Algorithm::RS256), rsa("ps", Algorithm::PS256), ec("ec"), ed("ed")];
    let world = Door::new(&signers.iter().collect::<Vec<_>>());
    for signer in &signers {
        let claims = world.enter(&signer.token(&world.claims())).await.unwrap();
        assert_eq!((claims.owner, claims.subject), (UserId::new("u-17").unwrap(), "u-17".to_owned()));
    }
    assert_eq!(world.issuer.reads(), 1);
}

/// The token's header must never choose how the token is checked.
#[tokio::test]
async fn the_key_decides_the_algorithm_not_the_token() {
    let world = Door::new(&[&RSA]);
    let claims = world.claims();
    let header = |alg: &str| part(&json!({"alg": alg, "typ": "JWT", "kid": "rsa-1"}));
    for alg in ["none", "None", "NONE", "", "HS256", "RS384", "ES256"] {
        assert!(world.is_refused(&format!("{}.{}.", header(alg), part(&claims))).await, "{alg} unsigned");
    }
    let jwk = RSA.public();
    let modulus = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
    let texts = [jwk.to_string().into_bytes(), modulus, jwk["n"].as_str().unwrap().as_bytes().to_vec()];
    for secret in texts {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some("rsa-1".to_owned());
        let token = encode(&header, &claims, &EncodingKey::from_secret(&secret)).unwrap();
        assert!(world.is_refused(&token).await, "signed with the public key as a secret");
    }
    for algorithm in [Algorithm::PS256, Algorithm::RS512] {
        let mut header = Header::new(algorithm);
        header.kid = Some("rsa-1".to_owned());
        assert!(world.is_refused(&RSA.token_with(&header, &claims)).await, "{algorithm:?} under an RS256 key");
    }
}

/// If the signature did not cover the whole token, claims could be changed.
#[tokio::test]
async fn no_bit_of_a_token_can_be_flipped() {
    let signer = ed("ed");
    let world = Door::new(&[&signer]);
    let token = signer.token(&world.claims());
    assert!(world.enter(&token).await.is_ok());
    for position in 0..token.len() {
        for bit in 0..8 {
            let mut bytes = token.clone().into_bytes();
            bytes[position] ^= 1 << bit;
            let Ok(text) = String::from_utf8(bytes) else { continue };
            if Request::get("/").header("authorization", format!("Bearer {text}")).body(()).is_err() {
                continue;
            }
            let entered = world.enter(&text).await;
            assert!(entered.is_err(), "bit {bit} of byte {position}: {text}");
        }
    }
    let cut = token.rsplit_once('.').unwrap().0;
    for text in [cut, &format!("{cut}."), &format!("{token}."), &format!("{token}.x"), "", "x", "..", "a.b.c"] {
        assert!(world.enter(text).await.is_err(), "{text}");
    }
}

/// Times, issuer, audience and owner, just inside and just outside of what is valid.
#[tokio::test]
async fn invalid_claims_are_refused() {
    let world = Door::new(&[&RSA]);
    let now = world.clock.seconds();
    let table = [
        (json!({}), true, "as it should be"),
        (json!({"exp": now - 9}), true, "expired within the leeway"),
        (json!({"exp": now - 10}), false, "expired"),
        (json!({"exp": 0}), false, "expired long ago"),
        (json!({"exp": null}), false, "for ever"),
        (json!({"exp": (now + 60).to_string()}), false, "exp is a text"),
        (json!({"nbf": now + 10}), true, "not valid yet, within the leeway"),
        (json!({"nbf": now + 11}), false, "not valid yet"),
        (json!({"nbf": "0"}), false, "nbf is a text"),
        (json!({"nbf": null}), true, "without nbf"),
        (json!({"iss": "https://issuer.example/"}), false, "another issuer"),
        (json!({"iss": null}), false, "no issuer"),
        (json!({"aud": "other"}), false, "another audience"),
        (json!({"aud": null}), false, "no audience"),
        (json!({"aud": []}), false, "an empty audience"),
        (json!({"aud": ["other", AUDIENCE]}), true, "several audiences"),
        (json!({"sub": null}), false, "no sub"),
        (json!({"sub": ""}), false, "an empty sub"),
        (json!({"sub": 17}), false, "a sub that is a number"),
        (json!({"sub": "é".repeat(128)}), true, "an owner of 128 characters"),
        (json!({"sub": "é".repeat(129)}), false, "an owner of 129 characters"),
    ];
    for (changes, taken, what) in table {
        let token = RSA.token(&world.claims_with(changes));
        assert_eq!(world.enter(&token).await.is_ok(), taken, "{what}");
    }
}

/// Nothing in a header may lead to a key of the caller's own.
#[tokio::test]
async fn a_hostile_header_is_refused() {
    let world = Door::new(&[&RSA]);
    let attacker = rsa("rsa-1", Algorithm::RS256);
    let claims = world.claims();
    let long = "k".repeat(10_000);
    for kid in ["../../../../dev/null", "rsa-1\0", "rsa-1' OR '1'='1", "https://evil.example/k", "", &long] {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(kid.to_owned());
        assert!(world.is_refused(&attacker.token_with(&header, &claims)).await, "kid {kid:.40}");
    }
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some("rsa-1".to_owned());
    header.jku = Some("https://evil.example/jwks".to_owned());
    header.x5u = Some("https://evil.example/cert".to_owned());
    header.jwk = Some(serde_json::from_value(attacker.public()).unwrap());
    assert!(world.is_refused(&attacker.token_with(&header, &claims)).await, "jku, x5u and jwk");
    header.crit = Some(vec!["b64".to_owned()]);
    assert!(world.is_refused(&RSA.token_with(&header, &claims)).await, "crit");
}

/// A new key works at once and a removed key stops working, both without a restart.
#[tokio::test]
async fn keys_rotate() {
    let world = Door::new(&[&RSA]);
    let (old, new) = (RSA.token(&world.claims()), ec("ec-2"));
    assert!(world.enter(&old).await.is_ok());

    world.clock.pass(TimeDelta::minutes(1));
    world.issuer.publishes(vec![new.public()]);
    assert!(world.enter(&new.token(&world.claims())).await.is_ok(), "the new key");
    assert!(world.is_refused(&old).await, "the removed key");

    world.issuer.publishes(vec![]);
    let token = new.token(&world.claims());
    assert!(world.enter(&token).await.is_ok(), "not asked again yet");
    world.clock.pass(TimeDelta::minutes(5));
    assert!(world.is_refused(&token).await, "removed, and nobody sent another key's token");
}

/// Many made-up key ids must not cause many requests to the issuer.
#[tokio::test]
async fn unknown_key_ids_cause_one_read_a_minute() {
    let world = Arc::new(Door::new(&[&RSA]));
    let claims = world.claims();
    assert!(world.enter(&RSA.token(&claims)).await.is_ok());
    for minute in 2..5 {
        world.clock.pass(TimeDelta::minutes(1));
        let flood = (0..100).map(|i| {
            let mut header = Header::new(Algorithm::RS256);
            header.kid = Some(format!("made-up-{i}"));
            let (world, token) = (world.clone(), RSA.token_with(&header, &claims));
            tokio::spawn(async move { world.is_refused(&token).await })
        });
        for refused in flood.collect::<Vec<_>>() {
            assert!(refused.await.unwrap());
        }
        assert_eq!(world.issuer.reads(), minute);
    }
    assert!(world.enter(&RSA.token(&claims)).await.is_ok(), "other tokens are still accepted");
}

/// If an issuer is down, known keys are used for a day. After that the answer is a fault of the service, not of the
/// caller.
#[tokio::test]
async fn an_issuer_that_is_down_is_not_the_callers_fault() {
    let world = Door::new(&[&RSA]);
    let token = |world: &Door| RSA.token(&world.claims());
    assert!(world.enter(&token(&world)).await.is_ok());
    *world.issuer.keys.lock().unwrap() = None;
    world.clock.pass(TimeDelta::hours(1));
    assert!(world.enter(&token(&world)).await.is_ok(), "keys of an hour ago");
    world.clock.pass(TimeDelta::hours(24));
    let error = world.enter(&token(&world)).await.unwrap_err();
    assert_eq!(ApiErrorResponse::from(error).problem_type(), ProblemType::Busy);
}

/// Keys that are not for signatures, and secret keys that any reader of the set could sign with, are not used.
#[tokio::test]
async fn only_public_signature_keys_are_used() {
    let world = Door::new(&[]);
    let mut encryption = RSA.public();
    encryption["use"] = "enc".into();
    let symmetric = json!({"kty": "oct", "kid": "oct", "alg": "HS256", "k": part(&json!("secret"))});
    world.issuer.publishes(vec![encryption, symmetric, json!({"kty": "RSA", "kid": "broken"}), json!(7)]);
    assert!(world.is_refused(&RSA.token(&world.claims())).await);
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some("oct".to_owned());
    let token = encode(&header, &world.claims(), &EncodingKey::from_secret(b"\"secret\"")).unwrap();
    assert!(world.is_refused(&token).await);
}

/// A team can share its jobs, and it is still known who started one.
#[tokio::test]
async fn the_owner_is_the_configured_claim() {
    let world = Door::new(&[&RSA]);
    let Door { clock, issuer, .. } = &world;
    let jwks = Jwks::new(Box::new(Published(issuer.clone())), ISSUER, vec![AUDIENCE.to_owned()]);
    let door = Authenticator::jwks(jwks, clock.clone()).with_owner_claim("org_id");
    let claims = door.claims(&request(&RSA.token(&world.claims_with(json!({"org_id": "acme"}))))).await.unwrap();
    assert_eq!((claims.owner.as_str(), claims.subject.as_str()), ("acme", "u-17"));
    assert!(claims.validate_user_id(&UserId::new("acme").unwrap()).is_ok());
    let refused = claims.validate_user_id(&UserId::new("u-17").unwrap()).unwrap_err();
    let absent = ApiErrorResponse::from(headway_core::JobError::NotFound);
    assert_eq!(refused.document("/v1/jobs/x", ""), absent.document("/v1/jobs/x", ""));

    let error = door.claims(&request(&RSA.token(&world.claims()))).await.unwrap_err();
    assert!(matches!(error, AuthError::Claim(name) if name == "org_id"));
}

/// Scopes are required only if that is configured; the operator's scope always is.
#[tokio::test]
async fn scopes_allow_only_their_own_calls() {
    let world = Door::new(&[&RSA]);
    let Door { clock, issuer, .. } = &world;
    let jwks = || Jwks::new(Box::new(Published(issuer.clone())), ISSUER, vec![AUDIENCE.to_owned()]);
    let lax = Authenticator::jwks(jwks(), clock.clone());
    let strict = Authenticator::jwks(jwks(), clock.clone()).with_scopes_required();
    let held = [
        (json!({}), [false, false, false]),
        (json!({"scope": "openid jobs:read"}), [true, false, false]),
        (json!({"scope": "jobs:readjobs:write"}), [false, false, false]),
        (json!({"scp": ["jobs:write", "jobs:operate"]}), [false, true, true]),
        (json!({"scope": "jobs:read", "scp": "jobs:write"}), [true, true, false]),
    ];
    for (changes, [read, write, operate]) in held {
        let token = RSA.token(&world.claims_with(changes.clone()));
        let claims = strict.claims(&request(&token)).await.unwrap();
        let allowed = [Scope::Read, Scope::Write, Scope::Operate].map(|scope| claims.require(scope).is_ok());
        assert_eq!(allowed, [read, write, operate], "{changes}");
        let claims = lax.claims(&request(&token)).await.unwrap();
        let allowed = [Scope::Read, Scope::Write, Scope::Operate].map(|scope| claims.require(scope).is_ok());
        assert_eq!(allowed, [true, true, operate], "{changes}, scopes not required");
    }
}

/// The gateway's claims come with the event. A header alone proves nothing.
#[tokio::test]
async fn the_gateways_claims_are_read_from_the_event_only() {
    let door = Authenticator::gateway(HeldClock::new());
    let event = |authorizer: Value| {
        json!({"version": "2.0", "rawPath": "/v1/jobs", "rawQueryString": "", "headers": {"authorization": "Bearer x"},
            "requestContext": {"stage": "$default", "authorizer": authorizer, "http": {"method": "GET", "path": "/v1/jobs"}},
            "isBase64Encoded": false})
        .to_string()
    };
    let claims = json!({"sub": "u-17", "org_id": "acme", "exp": "1.7E9", "scp": "[jobs:read jobs:operate]"});
    let parts = lambda_http::request::from_str(&event(json!({"jwt": {"claims": claims}}))).unwrap().into_parts().0;
    let claims = door.claims(&parts).await.unwrap();
    assert_eq!(claims.owner, UserId::new("u-17").unwrap());
    assert!(claims.has(Scope::Read) && claims.has(Scope::Operate) && !claims.has(Scope::Write));

    let none = lambda_http::request::from_str(&event(Value::Null)).unwrap().into_parts().0;
    assert!(matches!(door.claims(&none).await, Err(AuthError::Missing)));
    let token = DevelopmentKey::new([7; 32]).token("u-17", &[], Utc::now(), TimeDelta::hours(1)).unwrap().text;
    assert!(matches!(door.claims(&request(&token)).await, Err(AuthError::Missing)));
}

/// The development key accepts its own tokens and no others.
#[tokio::test]
async fn the_development_key_accepts_only_its_own_tokens() {
    let clock = HeldClock::new();
    let door = Authenticator::hs256(DevelopmentKey::new([7; 32]), clock.clone());
    let token = |key: u8| {
        let scopes = ["jobs:read".to_owned()];
        DevelopmentKey::new([key; 32]).token("u-17", &scopes, clock.now(), TimeDelta::hours(1)).unwrap().text
    };
    let claims = door.claims(&request(&token(7))).await.unwrap();
    assert!(claims.has(Scope::Read));
    assert!(door.claims(&request(&token(8))).await.is_err());
    let token = token(7);
    clock.pass(TimeDelta::seconds(3610));
    assert!(door.claims(&request(&token)).await.is_err(), "expired");
}

/// Which header is accepted as a token, and what the caller is told otherwise.
#[tokio::test]
async fn one_bearer_header_is_a_token() {
    let world = Door::new(&[&RSA]);
    let token = RSA.token(&world.claims());
    let enter = async |headers: &[String]| {
        let mut request = Request::get("/v1/jobs");
        for value in headers {
            request = request.header("authorization", value);
        }
        world.door.claims(&request.body(()).unwrap().into_parts().0).await
    };
    assert!(enter(&[format!("bearer {token}")]).await.is_ok(), "the scheme is case-insensitive");
    let bearer = format!("Bearer {token}");
    let refused: [&[String]; 6] = [
        &[],
        &[bearer.clone(), bearer],
        std::slice::from_ref(&token),
        &[format!("Basic {token}")],
        &["Bearer".to_owned()],
        &["Bearer ".to_owned()],
    ];
    for headers in refused {
        assert!(matches!(enter(headers).await, Err(AuthError::Missing)), "{headers:?}");
    }
    assert!(matches!(enter(&[format!("Bearer {}", "a".repeat(20_000))]).await, Err(AuthError::Invalid(_))));
}

/// A deployment whose configuration does not say who may call must not start.
#[test]
fn a_deployment_must_configure_authentication() {
    let build = |settings: &[(&str, &str)], host| {
        let env = |name: &str| settings.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        Authenticator::from_env(&env, host, HeldClock::new())
    };
    let lambda = |settings: &[(&str, &str)]| build(settings, Host::Lambda).unwrap_err().to_string();
    assert!(lambda(&[]).contains("HEADWAY_AUTH is not set"));
    assert!(lambda(&[("HEADWAY_AUTH", "")]).contains("HEADWAY_AUTH is not set"));
    assert!(lambda(&[("HEADWAY_AUTH", "hs256")]).contains("development only"));
    assert!(lambda(&[("HEADWAY_AUTH", "Gateway")]).contains("`Gateway`"));
    let jwks = [("HEADWAY_AUTH", "jwks"), ("HEADWAY_JWKS", "https://issuer.example/jwks"), ("HEADWAY_JWT_ISSUER", ISSUER)];
    assert!(lambda(&jwks[..1]).contains("HEADWAY_JWKS"));
    assert!(lambda(&jwks[..2]).contains("HEADWAY_JWT_ISSUER"));
    assert!(lambda(&jwks).contains("HEADWAY_JWT_AUDIENCE"));
    let mut whole = jwks.to_vec();
    whole.push(("HEADWAY_JWT_AUDIENCE", AUDIENCE));
    assert!(build(&whole, Host::Lambda).is_ok());
    whole.push(("HEADWAY_SCOPES", "yes"));
    assert!(matches!(build(&whole, Host::Lambda), Err(AuthConfigError::Scopes(_))));
    for address in ["http://issuer.example/jwks", "ftp://issuer.example/jwks", "https://"] {
        let settings = [("HEADWAY_AUTH", "jwks"), ("HEADWAY_JWKS", address)];
        assert!(matches!(build(&settings, Host::Lambda), Err(AuthConfigError::Jwks(_))), "{address}");
    }
    assert!(build(&[("HEADWAY_AUTH", "gateway")], Host::Lambda).is_ok());
}
