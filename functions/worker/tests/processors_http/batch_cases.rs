//! Every line of the table about batches in `docs/endpoints.md` as a case: what the endpoint does, and what happens to two items
//! that share a request, and to an item that is alone in one.

use crate::cases::{Becomes, JSON, SHORT_SECONDS, answer, done, for_good, send, throttled};
use crate::scripted::{Script, Step};

/// The name of every request in these cases.
pub(crate) const BATCH: &str = "batch_5f0c2f3e-9a53-4d3c-8d0e-0d1f6a1d9b7c";

/// A line of the table.
pub(crate) struct BatchCase {
    /// The line's first cell.
    pub(crate) line: &'static str,
    /// What the endpoint does on every connection; `None` if nothing listens.
    pub(crate) script: Option<Script>,
    /// What happens to the items 17 and 18 in one request.
    pub(crate) several: [Becomes; 2],
    /// What happens to the item 18 in a request of its own.
    pub(crate) alone: Becomes,
}

fn no_result(code: &str, wait: Option<u64>) -> Becomes {
    Becomes::NoResult(code.to_owned(), wait)
}

fn results(entries: &str) -> String {
    format!(r#"{{"batch":"{BATCH}","results":[{entries}]}}"#)
}

/// All items alike.
fn alike(line: &'static str, script: Script, becomes: Becomes) -> BatchCase {
    BatchCase { line, script: Some(script), several: [becomes.clone(), becomes.clone()], alone: becomes }
}

/// The item 17 is done; what becomes of the item 18.
fn of_18(line: &'static str, entries: &str, becomes: Becomes) -> BatchCase {
    let entries = results(&format!(r#"{{"index":17,"output":7}}{entries}"#));
    let script = vec![Step::Request, answer("200", JSON, entries)];
    BatchCase { line, script: Some(script), several: [done("7"), becomes.clone()], alone: becomes }
}

fn status(line: &'static str, status: &str, headers: &str, becomes: Becomes) -> BatchCase {
    alike(line, vec![Step::Request, answer(status, headers, "")], becomes)
}

/// All lines.
pub(crate) fn all() -> Vec<BatchCase> {
    let invalid = || no_result("invalid-answer", None);
    let good = results(r#"{"index":17,"output":7},{"index":18,"output":8}"#);
    let mut cases = vec![
        of_18("a result for each item", r#",{"index":18,"output":{"a": 1.10}}"#, done(r#"{"a": 1.10}"#)),
        of_18("an error for an item", r#",{"index":18,"error":{"kind":"permanent","code":"closed"}}"#, for_good("closed")),
        of_18("an item left out", "", no_result("no-result", None)),
        of_18("an item with two results", r#",{"index":18,"output":1},{"index":18,"output":1}"#, no_result("doubled-result", None)),
        of_18("a result that is not valid", r#",{"index":18,"outptu":1}"#, no_result("invalid-result", None)),
        of_18("a result for another item", r#",{"index":19,"output":1}"#, no_result("no-result", None)),
        of_18("an output that repeats a secret", r#",{"index":18,"output":"sk_live_4eC39HqLyjWDarjtT1"}"#, Becomes::Omitted),
        alike("an answer to another batch", vec![Step::Request, answer("200", JSON, good.replace("5f0c", "0000"))], invalid()),
        alike("an answer without results", vec![Step::Request, answer("200", JSON, "7")], invalid()),
        alike("an answer that is not JSON", vec![Step::Request, answer("200", "content-type: text/html\r\n", &good)], invalid()),
        alike("a compressed answer", vec![Step::Request, answer("200", &format!("{JSON}content-encoding: gzip\r\n"), &good)], invalid()),
        alike("an answer of more than 2,500,000 bytes", vec![Step::Request, answer("200", JSON, " ".repeat(2_500_001))], invalid()),
        alike("an answer without a body", vec![Step::Request, send("HTTP/1.1 204 -\r\n\r\n")], invalid()),
        alike(
            "an answer that is cut off",
            vec![Step::Request, send(format!("HTTP/1.1 200 -\r\n{JSON}content-length: 9999\r\n\r\n{good}"))],
            no_result("truncated", None),
        ),
        alike("an answer that takes too long", vec![Step::Request, Step::Silence], no_result("timeout", Some(SHORT_SECONDS))),
        alike("a connection that breaks", vec![Step::Request], no_result("transport", None)),
        BatchCase { script: None, ..alike("no connection", vec![], Becomes::Unreachable("unreachable".to_owned())) },
    ];
    for code in ["400", "413", "422"] {
        let of = status("a status that may be an item's fault", code, "", for_good(&format!("http {code}")));
        cases.push(BatchCase { several: [(); 2].map(|()| no_result(&format!("http {code}"), None)), ..of });
    }
    for code in ["301", "401", "403", "404", "405", "501"] {
        cases.push(status("another status that fails an item", code, "", for_good(&format!("http {code}"))));
    }
    for code in ["408", "421", "500", "503", "599"] {
        cases.push(status("a status after which an item is tried again", code, "", no_result(&format!("http {code}"), None)));
    }
    cases.push(status("a status with a wait", "500", "retry-after: 7\r\n", no_result("http 500", Some(7))));
    for code in ["409", "423", "425"] {
        cases.push(status("a status that says that it is in progress", code, "", no_result(&format!("http {code}"), Some(1))));
    }
    cases.push(status("a status that asks all to wait", "429", "", throttled("http 429", None)));
    cases.push(status("a status that asks all to wait", "503", "retry-after: 7\r\n", throttled("http 503", Some(7))));
    cases
}
