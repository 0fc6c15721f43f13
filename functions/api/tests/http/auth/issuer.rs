//! An issuer of tokens with its keys, and the check of its tokens.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use async_trait::async_trait;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use headway_api::auth::jwks::{Jwks, KeySource};
use headway_api::auth::{AuthError, Authenticator, Claims, KeysError};
use headway_testkit::HeldClock;
use http::Request;
use http::request::Parts;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::{AUDIENCE, ISSUER};

/// An issuer's current key set, and how often it was read.
#[derive(Debug, Default)]
pub(super) struct Issuer {
    pub(super) keys: Mutex<Option<Vec<Value>>>,
    pub(super) reads: AtomicUsize,
}

#[derive(Debug)]
pub(super) struct Published(pub(super) Arc<Issuer>);

#[async_trait]
impl KeySource for Published {
    async fn read(&self) -> Result<Vec<u8>, KeysError> {
        self.0.reads.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        let keys = self.0.keys.lock().unwrap().clone().ok_or(KeysError::TooLarge)?;
        Ok(serde_json::to_vec(&json!({ "keys": keys })).unwrap())
    }
}

impl Issuer {
    pub(super) fn publishes(&self, keys: Vec<Value>) {
        *self.keys.lock().unwrap() = Some(keys);
    }

    pub(super) fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }
}

/// A private key, with the algorithm that it signs with.
pub(super) struct Signer {
    pub(super) kid: &'static str,
    pub(super) algorithm: Algorithm,
    pub(super) key: EncodingKey,
}

impl Signer {
    pub(super) fn public(&self) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.key, self.algorithm).unwrap();
        jwk.common.key_id = Some(self.kid.to_owned());
        serde_json::to_value(jwk).unwrap()
    }

    pub(super) fn token(&self, claims: &Value) -> String {
        let mut header = Header::new(self.algorithm);
        header.kid = Some(self.kid.to_owned());
        self.token_with(&header, claims)
    }

    pub(super) fn token_with(&self, header: &Header, claims: &Value) -> String {
        encode(header, claims, &self.key).unwrap()
    }
}

pub(super) fn rsa(kid: &'static str, algorithm: Algorithm) -> Signer {
    let pair = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let pkcs8 = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    // PKCS#8 puts 26 bytes in front of the PKCS#1 key that the signer needs.
    Signer { kid, algorithm, key: EncodingKey::from_rsa_der(&pkcs8.as_ref()[26..]) }
}

pub(super) fn ec(kid: &'static str) -> Signer {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
    Signer { kid, algorithm: Algorithm::ES256, key: EncodingKey::from_ec_der(pkcs8.as_ref()) }
}

pub(super) fn ed(kid: &'static str) -> Signer {
    let pkcs8 = Ed25519KeyPair::generate().unwrap().to_pkcs8v1().unwrap();
    Signer { kid, algorithm: Algorithm::EdDSA, key: EncodingKey::from_ed_der(pkcs8.as_ref()) }
}

pub(super) static RSA: LazyLock<Signer> = LazyLock::new(|| rsa("rsa-1", Algorithm::RS256));

pub(super) struct Door {
    pub(super) clock: Arc<HeldClock>,
    pub(super) issuer: Arc<Issuer>,
    pub(super) door: Authenticator,
}

impl Door {
    pub(super) fn new(signers: &[&Signer]) -> Self {
        let (clock, issuer) = (HeldClock::new(), Arc::new(Issuer::default()));
        issuer.publishes(signers.iter().map(|signer| signer.public()).collect());
        let jwks = Jwks::new(Box::new(Published(issuer.clone())), ISSUER, vec![AUDIENCE.to_owned()]);
        Self { door: Authenticator::jwks(jwks, clock.clone()), clock, issuer }
    }

    /// Claims that are valid for an hour.
    pub(super) fn claims(&self) -> Value {
        let now = self.clock.seconds();
        json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "u-17", "iat": now, "nbf": now, "exp": now + 3600})
    }

    pub(super) fn claims_with(&self, changes: Value) -> Value {
        let mut claims = self.claims();
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => claims.as_object_mut().unwrap().remove(name),
                value => claims.as_object_mut().unwrap().insert(name.clone(), value.clone()),
            };
        }
        claims
    }

    pub(super) async fn enter(&self, token: &str) -> Result<Claims, AuthError> {
        self.door.claims(&request(token)).await
    }

    pub(super) async fn is_refused(&self, token: &str) -> bool {
        matches!(self.enter(token).await, Err(AuthError::Invalid(_) | AuthError::Claim(_)))
    }
}

pub(super) fn request(token: &str) -> Parts {
    Request::get("/v1/jobs").header("authorization", format!("Bearer {token}")).body(()).unwrap().into_parts().0
}

pub(super) fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).unwrap())
}
