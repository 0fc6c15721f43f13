//! Tokens that were made up: bearer tokens at the door, and page tokens, whole or spoilt ones of ours.

#![no_main]

use chrono::DateTime;
use headway::UserId;
use headway_api::page_token::{List, PageTokens};
use headway_fuzz::Service;
use http::Request;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &str| {
    let service = Service::new();
    let door = headway_api::auth::Authenticator::hs256(headway_fuzz::KEY, std::sync::Arc::new(headway::SystemClock));
    if let Ok(request) = Request::get("/").header("authorization", format!("Bearer {data}")).body(()) {
        let entered = service.block_on(door.claims(&request.into_parts().0));
        assert!(entered.is_err(), "a made-up token was taken");
    }
    let (owner, now) = (UserId::new("ann").expect("an owner"), DateTime::UNIX_EPOCH);
    let (tokens, list) = (PageTokens::new(b"key"), List { owner: &owner, kind: "jobs", of: &["Failed"] });
    assert!(tokens.open(list, data, now).is_err(), "a made-up page token was taken");
    let ours = tokens.issue(list, b"position", now).expect("a token");
    let spoilt: String = ours.chars().zip(data.chars().chain(std::iter::repeat('\0'))).map(|(a, b)| if b == '\0' { a } else { b }).collect();
    assert_eq!(tokens.open(list, &spoilt, now).is_ok(), spoilt == ours);
});
