//! Which connections requests use, and how often they are sent.

use std::process::Command;

use tokio::net::TcpListener;

use headway_core::ItemError;
use headway_worker::processors::{Endpoints, Http};

use crate::scripted::{Script, Scripted, Step};
use crate::{SECRET, http, run};

fn answers() -> Script {
    let answer = || Step::Send(b"HTTP/1.1 200 -\r\ncontent-length: 0\r\n\r\n".to_vec());
    vec![Step::Request, answer(), Step::Request, answer()]
}

/// Bug found: a request was sent twice although its connection was new, so that an endpoint that crashes on an item got
/// each attempt twice.
#[tokio::test]
async fn a_request_that_breaks_a_new_connection_is_sent_once() {
    let endpoint = Scripted::start(vec![vec![Step::Request, Step::Reset], answers()]).await;
    run(&http(endpoint.port, ""), "1").await.unwrap_err();
    assert_eq!(endpoint.requests().len(), 1);
}

/// Bug found: an idle connection that the endpoint closed cost an item one of its attempts.
#[tokio::test]
async fn a_request_that_breaks_a_used_connection_is_sent_again() {
    let dies = vec![Step::Request, Step::Send(b"HTTP/1.1 200 -\r\ncontent-length: 0\r\n\r\n".to_vec()), Step::Request];
    let endpoint = Scripted::start(vec![dies, answers()]).await;
    let http = http(endpoint.port, "");
    for item in ["1", "2", "3"] {
        run(&http, item).await.unwrap();
    }
    let requests = endpoint.requests();
    assert_eq!(requests.iter().map(|request| &request[request.len() - 1..]).collect::<Vec<_>>(), ["1", "2", "2", "3"]);
    assert_eq!(requests[1], requests[2], "the same request, to the byte");
}

/// Bug found: after four idle connections that had all been lost, as after a restart, a request was given up and cost the
/// item an attempt.
#[tokio::test]
async fn connections_that_all_break_at_once_cost_no_attempt() {
    let dies = || [answers()[..2].to_vec(), vec![Step::Request, Step::Reset]].concat();
    let endpoint = Scripted::start((0..12).map(|_| dies()).chain([answers()]).collect()).await;
    let http = http(endpoint.port, "");
    futures::future::join_all((0..12).map(|_| run(&http, "1"))).await.into_iter().for_each(|done| assert_eq!(done, Ok(None)));
    run(&http, "2").await.unwrap();
}

/// Bug found: an endpoint that wrote a body after the head of a 204 made other items fail. Their requests got that body as their
/// answer. Once it was seen, no connection carries a second request.
#[tokio::test]
async fn an_endpoint_that_sends_bytes_that_are_no_answer_gets_no_second_request_on_a_connection() {
    let answer = |n: u8| Step::Send(format!("HTTP/1.1 200 -\r\ncontent-type: application/json\r\ncontent-length: 1\r\n\r\n{n}").into());
    let stray = vec![Step::Request, answer(1), Step::Request, Step::Send(b"{\"ok\":true}\r\n".to_vec())];
    let twice = vec![Step::Request, answer(2), Step::Request, answer(3)];
    let endpoint = Scripted::start(vec![stray, twice]).await;
    let http = http(endpoint.port, "");
    for expected in ["1", "2", "2", "2"] {
        assert_eq!(run(&http, "0").await.unwrap().as_deref(), Some(expected));
    }
    assert_eq!(endpoint.requests().len(), 5, "one of them was sent again");
}

/// Bug found: an endpoint's last message on a connection that had been idle for too long counted as the answer to an item.
#[tokio::test]
async fn a_408_counts_if_it_is_the_connections_first_answer() {
    let answer = || Step::Send(b"HTTP/1.1 408 -\r\ncontent-length: 0\r\n\r\n".to_vec());
    let endpoint = Scripted::start(vec![vec![Step::Request, answer(), Step::Request, answer()]]).await;
    let http = http(endpoint.port, "");
    let error = run(&http, "1").await.unwrap_err();
    assert!(matches!(&error, ItemError::Retryable { code, .. } if code == "http 408"), "{error:?}");
    assert_eq!(endpoint.requests().len(), 1);
}

/// Without TLS nothing of an item is sent: an https endpoint that answers with something else counts as unreachable. Bug
/// found: for a firewall that resets connections the message said that its certificate was not accepted.
#[tokio::test]
async fn an_endpoint_without_tls_is_unreachable() {
    let table = [
        (Step::Send(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()), "its certificate or its TLS was not accepted"),
        (Step::Send(b"\x15\x03\x03\0\x02\x02\x28".to_vec()), "its certificate or its TLS was not accepted"),
        (Step::Send(Vec::new()), "the connection was closed before TLS was agreed on"),
        (Step::Reset, "connection reset"),
    ];
    for (step, why) in table {
        let endpoint = Scripted::start(vec![vec![Step::Read, step]]).await;
        let url = format!("https://127.0.0.1:{}/", endpoint.port);
        let crm = serde_json::json!({"crm": {"url": url, "secret": SECRET, "allowPrivate": true}});
        let error = run(&Http::new(Endpoints::parse(&crm.to_string()).unwrap()), "1").await.unwrap_err();
        assert_eq!(error, ItemError::unreachable(format!("endpoint crm: could not connect: {why}")));
        assert!(endpoint.requests().is_empty());
    }
}

/// Bug found: `HTTP_PROXY` in the environment would have received every item and every secret.
#[tokio::test]
async fn proxies_from_the_environment_are_not_used() {
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let mut again = Command::new(std::env::current_exe().unwrap());
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"] {
        again.env(name, &address);
    }
    let exit = again.args(["--exact", "connections::a_request_that_breaks_a_used_connection_is_sent_again"]).output().unwrap();
    assert!(exit.status.success(), "{}", String::from_utf8_lossy(&exit.stdout));
    assert!(String::from_utf8_lossy(&exit.stdout).contains("1 passed"), "the test was run");
}
