//! Every line of the tables in `docs/endpoints.md` as a case: what the endpoint does, and what happens to the item.

use headway_core::limits::OUTPUT_BYTES_MAX;

use crate::scripted::{Script, Step};

/// The time limit for slow cases.
pub(crate) const SHORT_SECONDS: u64 = 2;
/// The time limit for all others, which must not depend on the machine's speed.
pub(crate) const LONG_SECONDS: u64 = 30;

/// What happens to the item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Becomes {
    /// Processed, with this output.
    Done(Option<String>),
    /// Processed, with an output that is not kept.
    Omitted,
    /// Tried again: the code, and the seconds to wait if the endpoint says so.
    ForNow(String, Option<u64>),
    /// The call has no result for it: the code, and the seconds to wait.
    NoResult(String, Option<u64>),
    /// Waits, since no connection was opened: the code.
    Unreachable(String),
    /// Waits until the endpoint accepts items again: the code, and the seconds to wait if the endpoint says so.
    Throttled(String, Option<u64>),
    /// Failed: the code.
    ForGood(String),
}

/// A line of a table.
pub(crate) struct Case {
    /// The line's first cell.
    pub(crate) line: &'static str,
    /// What the endpoint does on each connection. Without any, nothing listens.
    pub(crate) scripts: Vec<Script>,
    /// How many items are sent one after another. The result of the last one counts; the others succeed.
    pub(crate) items: usize,
    /// Which attempt it is.
    pub(crate) attempt: u32,
    pub(crate) becomes: Becomes,
}

impl Case {
    fn new(line: &'static str, scripts: Vec<Script>, becomes: Becomes) -> Self {
        Self { line, scripts, items: 1, attempt: 1, becomes }
    }

    fn items(self, items: usize) -> Self {
        Self { items, ..self }
    }

    /// True if the call is ended by its time limit.
    pub(crate) fn is_slow(&self) -> bool {
        let waits = |step: &Step| matches!(step, Step::Drip(_) | Step::Silence);
        self.scripts.iter().flatten().any(waits)
    }

    fn attempt(self, attempt: u32) -> Self {
        Self { attempt, ..self }
    }
}

/// All lines.
pub(crate) fn all() -> Vec<Case> {
    [statuses(), waits(), connections(), heads(), bodies(), outputs()].into_iter().flatten().collect()
}

pub(crate) fn done(output: &str) -> Becomes {
    Becomes::Done(Some(output.to_owned()))
}

fn for_now(code: &str, wait: Option<u64>) -> Becomes {
    Becomes::ForNow(code.to_owned(), wait)
}

pub(crate) fn throttled(code: &str, wait: Option<u64>) -> Becomes {
    Becomes::Throttled(code.to_owned(), wait)
}

pub(crate) fn for_good(code: &str) -> Becomes {
    Becomes::ForGood(code.to_owned())
}

pub(crate) fn send(text: impl AsRef<[u8]>) -> Step {
    Step::Send(text.as_ref().to_vec())
}

/// An answer as bytes. Each of `headers` ends with `\r\n`.
pub(crate) fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Step {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 {status} -\r\n{headers}content-length: {}\r\n\r\n", body.len());
    send([head.as_bytes(), body].concat())
}

pub(crate) const JSON: &str = "content-type: application/json\r\n";

fn answered(line: &'static str, status: &str, headers: &str, body: impl AsRef<[u8]>, becomes: Becomes) -> Case {
    Case::new(line, vec![vec![Step::Request, answer(status, headers, body)]], becomes)
}

fn statuses() -> Vec<Case> {
    let status = |line: &'static str, becomes: Becomes| answered(line, line, JSON, "7", becomes);
    let mut cases: Vec<Case> = ["200", "201", "202", "203", "207", "208", "226", "299"].map(|line| status(line, done("7"))).into();
    cases.extend(["204", "205"].map(|line| {
        let head = format!("HTTP/1.1 {line} -\r\n{JSON}\r\n");
        Case::new(line, vec![vec![Step::Request, send(head)]], Becomes::Done(None))
    }));
    cases.push(status("206", Becomes::Done(None)));
    cases.push(answered("205 with a body", "205", JSON, "7", Becomes::Done(None)));
    for line in ["300", "301", "302", "303", "305", "307", "308", "399"] {
        cases.push(answered(line, line, "location: /elsewhere\r\n", "", for_good(&format!("http {line}"))));
    }
    cases.push(Case::new("304", vec![vec![Step::Request, send("HTTP/1.1 304 -\r\n\r\n")]], for_good("http 304")));
    for line in [
        "400", "401", "402", "403", "404", "405", "406", "407", "410", "411", "412", "413", "414", "415", "416", "417", "418", "422",
        "420", "424", "426", "428", "430", "431", "440", "449", "451", "460", "498", "499", "501", "505", "506", "508", "510",
    ] {
        cases.push(status(line, for_good(&format!("http {line}"))));
    }
    for line in ["408", "421", "500", "502", "503", "504", "507", "511", "520", "524", "529", "530", "599", "600", "999"] {
        cases.push(status(line, for_now(&format!("http {line}"), None)));
    }
    cases.push(status("429", throttled("http 429", None)));
    for line in ["409", "423", "425"] {
        cases.push(status(line, for_now(&format!("http {line}"), Some(1))));
    }
    cases.push(answered("409 at a later try", "409", "", "", for_now("http 409", Some(60))).attempt(3));
    let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 -\r\n\r\nHTTP/1.1 103 -\r\nlink: </a>\r\n\r\n".repeat(200);
    cases.push(Case::new("100, 102, 103 before", vec![vec![Step::Request, send(interim), answer("200", JSON, "7")]], done("7")));
    cases.push(Case::new(
        "101",
        vec![vec![Step::Request, send("HTTP/1.1 101 -\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n")]],
        for_good("http 101"),
    ));
    cases
}

fn waits() -> Vec<Case> {
    let wait = |line, status, value: &str, becomes| answered(line, status, &format!("retry-after: {value}\r\n"), "", becomes);
    vec![
        wait("seconds", "503", " 7 \t", throttled("http 503", Some(7))),
        wait("`0`", "503", "0", throttled("http 503", Some(0))),
        wait("a date that is past", "503", "Sun, 06 Nov 1994 08:49:37 GMT", throttled("http 503", Some(0))),
        wait("a date (IMF-fixdate)", "503", "Tue, 24 Nov 2026 08:01:30 GMT", throttled("http 503", Some(90))),
        wait("a date (RFC 850)", "503", "Tuesday, 24-Nov-26 08:01:30 GMT", throttled("http 503", Some(90))),
        wait("a date (asctime)", "503", "Tue Nov 24 08:01:30 2026", throttled("http 503", Some(90))),
        wait("more than a day", "503", "99999999999999999999", throttled("http 503", Some(86_400))),
        wait("several", "503", "5\r\nretry-after: Tue, 24 Nov 2026 08:01:30 GMT\r\nretry-after: soon", throttled("http 503", Some(90))),
        wait("several in one line", "503", "5, Tue, 24 Nov 2026 08:01:30 GMT, soon", throttled("http 503", Some(90))),
        wait("anything else", "503", "-5", for_now("http 503", None)),
        wait("with 429", "429", "7", throttled("http 429", Some(7))),
        wait("with 409", "409", "7", for_now("http 409", Some(7))),
        wait("with 413", "413", "7", for_now("http 413", Some(7))),
        wait("with 500", "500", "7", for_now("http 500", Some(7))),
        wait("with 2xx", "200", "7", Becomes::Done(None)),
        wait("with 3xx", "301", "7", for_good("http 301")),
        wait("with another 4xx", "404", "7", for_good("http 404")),
    ]
}

/// The connection of that first answer gets another request only if it is used again.
fn then_another(line: &'static str, first: &str) -> Case {
    let used_again = vec![Step::Request, send(first), Step::Request, answer("200", JSON, "1")];
    Case::new(line, vec![used_again, vec![Step::Request, answer("200", JSON, "7")]], done("7")).items(2)
}

/// A second answer on a connection, which is about its request. The first item is done.
fn second_answer(line: &'static str, headers: &str, wait: Option<u64>) -> Case {
    let steps = vec![Step::Request, answer("200", JSON, "1"), Step::Request, answer("408", headers, "")];
    Case::new(line, vec![steps], for_now("http 408", wait)).items(2)
}

fn connections() -> Vec<Case> {
    let whole = || answer("200", JSON, "7");
    let fresh = || vec![Step::Request, whole()];
    vec![
        Case::new("refused", vec![], Becomes::Unreachable("unreachable".to_owned())),
        Case::new("closed before the answer", vec![vec![Step::Request]], for_now("transport", None)),
        Case::new("reset before the answer", vec![vec![Step::Request, Step::Reset]], for_now("transport", None)),
        Case::new("closed within the head", vec![vec![Step::Request, send("HTTP/1.1 200 OK\r\ncontent-")]], for_now("transport", None)),
        Case::new("closed after an earlier answer", vec![vec![Step::Request, whole()], fresh()], done("7")).items(2),
        Case::new("closed at the second request", vec![vec![Step::Request, answer("200", JSON, "1"), Step::Request], fresh()], done("7"))
            .items(2),
        Case::new(
            "reset at the second request",
            vec![vec![Step::Request, answer("200", JSON, "1"), Step::Request, Step::Reset], fresh()],
            done("7"),
        )
        .items(2),
        Case::new(
            "`408` at the second request",
            vec![vec![Step::Request, answer("200", JSON, "1"), Step::Request, answer("408", "connection: close\r\n", "")], fresh()],
            done("7"),
        )
        .items(2),
        second_answer("`408` with `Retry-After` at the second request", "connection: close\r\nretry-after: 7\r\n", Some(7)),
        second_answer("`408` that does not close the connection, at the second request", "", None),
        then_another("`204` with a length at the request before", &format!("HTTP/1.1 204 -\r\n{JSON}content-length: 11\r\n\r\n")),
        then_another("`204`, chunked, at the request before", &format!("HTTP/1.1 204 -\r\n{JSON}transfer-encoding: chunked\r\n\r\n")),
        then_another(
            "chunked and a length at the request before",
            &format!("HTTP/1.1 200 -\r\n{JSON}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n3\r\n[7]\r\n0\r\n\r\n"),
        ),
        Case::new(
            "no HTTP at the second request",
            vec![vec![Step::Request, answer("200", JSON, "1"), Step::Request, send("{\"ok\":true}\r\n")], fresh()],
            done("7"),
        )
        .items(2),
        Case::new("silent", vec![vec![Step::Request, Step::Silence]], for_now("timeout", Some(SHORT_SECONDS))),
        Case::new(
            "more than one answer",
            vec![vec![Step::Request, send("HTTP/1.1 200 -\r\ncontent-length: 0\r\n\r\nHTTP/1.1 404 -\r\n\r\n")], fresh()],
            done("7"),
        )
        .items(2),
    ]
}

fn heads() -> Vec<Case> {
    let sends = |line, text: &str, becomes| Case::new(line, vec![vec![Step::Request, send(text)]], becomes);
    let many: String = (0..200).map(|n| format!("x-{n}: 1\r\n")).collect();
    let long = format!("HTTP/1.1 200 -\r\nx: {}\r\n\r\n", "x".repeat(1_000_000));
    vec![
        sends("HTTP/1.0", "HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n[7]", done("[7]")),
        sends("HTTP/1.0, chunked", "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", for_now("not-http", None)),
        sends("HTTP/1.2", "HTTP/1.2 200 OK\r\ncontent-length: 0\r\n\r\n", for_now("not-http", None)),
        sends("no reason", &format!("HTTP/1.1 200\r\n{JSON}content-length: 3\r\n\r\n[7]"), done("[7]")),
        sends("lines that end with LF", "HTTP/1.1 200 OK\ncontent-type: application/json\ncontent-length: 3\n\n[7]", done("[7]")),
        sends(
            "the same length twice",
            &format!("HTTP/1.1 200 -\r\n{JSON}content-length: 3, 3\r\ncontent-length: 3\r\n\r\n[7]"),
            done("[7]"),
        ),
        sends("a length that is none", "HTTP/1.1 200 -\r\ncontent-length: +1\r\n\r\n7", for_now("not-http", None)),
        sends("a length that is none", "HTTP/1.1 200 -\r\ncontent-length: 1.0\r\n\r\n7", for_now("not-http", None)),
        sends("a length that is none", "HTTP/1.1 200 -\r\ncontent-length: 18446744073709551614\r\n\r\n7", for_now("not-http", None)),
        sends("a length that is none", "HTTP/1.1 200 -\r\ncontent-length: 18446744073709551616\r\n\r\n7", for_now("not-http", None)),
        sends("a header over two lines", "HTTP/1.1 200 -\r\nx: 1\r\n 2\r\ncontent-length: 0\r\n\r\n", for_now("not-http", None)),
        sends("a space before a colon", "HTTP/1.1 200 -\r\nx : 1\r\ncontent-length: 0\r\n\r\n", for_now("not-http", None)),
        sends("HTTP/0.9, garbage", "<html>busy</html>", for_now("not-http", None)),
        sends("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", for_now("not-http", None)),
        sends("no status", "HTTP/1.1 000 -\r\n\r\n", for_now("not-http", None)),
        sends("two lengths", "HTTP/1.1 200 -\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n77", for_now("not-http", None)),
        sends("a huge head", &long, for_now("not-http", None)),
        sends("very many headers", &format!("HTTP/1.1 200 -\r\n{many}\r\n"), for_now("not-http", None)),
        Case::new(
            "a slow head",
            vec![vec![Step::Request, send("HTTP/1.1 200 -\r\n"), Step::Drip(b"x: 1\r\n")]],
            for_now("timeout", Some(SHORT_SECONDS)),
        ),
        Case::new(
            "endless interim answers",
            vec![vec![Step::Request, Step::Drip(b"HTTP/1.1 100 Continue\r\n\r\n")]],
            for_now("timeout", Some(SHORT_SECONDS)),
        ),
    ]
}

fn bodies() -> Vec<Case> {
    let sends = |line, text: &str, becomes| Case::new(line, vec![vec![Step::Request, send(text)]], becomes);
    let begun = |headers: &str, then: Step| vec![vec![Step::Request, send(format!("HTTP/1.1 200 -\r\n{JSON}{headers}\r\n")), then]];
    vec![
        sends("chunked", &format!("HTTP/1.1 200 -\r\n{JSON}transfer-encoding: chunked\r\n\r\n2\r\n[7\r\n1\r\n]\r\n0\r\n\r\n"), done("[7]")),
        sends(
            "chunked, with extensions and trailers",
            &format!("HTTP/1.1 200 -\r\n{JSON}transfer-encoding: chunked\r\n\r\n3;a=\"b\"\r\n[7]\r\n0\r\nretry-after: 60\r\n\r\n"),
            done("[7]"),
        ),
        sends(
            "chunked, and a length",
            &format!("HTTP/1.1 200 -\r\n{JSON}content-length: 900\r\ntransfer-encoding: chunked\r\n\r\n3\r\n[7]\r\n0\r\n\r\n"),
            done("[7]"),
        ),
        sends(
            "chunked, without the last line",
            &format!("HTTP/1.1 200 -\r\n{JSON}transfer-encoding: chunked\r\n\r\n3\r\n[7]\r\n0\r\n"),
            for_now("truncated", None),
        ),
        Case::new(
            "chunked, with endless extensions",
            begun("transfer-encoding: chunked\r\n", Step::Flood(b"1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")),
            for_now("truncated", None),
        ),
        sends("up to the close", &format!("HTTP/1.1 200 -\r\n{JSON}\r\n[7]"), done("[7]")),
        sends("shorter than its length", &format!("HTTP/1.1 200 -\r\n{JSON}content-length: 9\r\n\r\n[7]"), for_now("truncated", None)),
        sends(
            "shorter than its length",
            &format!("HTTP/1.1 200 -\r\n{JSON}content-length: 2500000\r\n\r\n[7]"),
            for_now("truncated", None),
        ),
        sends(
            "shorter than its length, not JSON",
            "HTTP/1.1 200 -\r\ncontent-type: text/plain\r\ncontent-length: 9\r\n\r\n[7]",
            for_now("truncated", None),
        ),
        sends(
            "chunked, cut off",
            &format!("HTTP/1.1 200 -\r\n{JSON}transfer-encoding: chunked\r\n\r\n2\r\n[7\r\n"),
            for_now("truncated", None),
        ),
        sends(
            "chunked, damaged",
            &format!("HTTP/1.1 200 -\r\n{JSON}transfer-encoding: chunked\r\n\r\nzz\r\n[7]\r\n"),
            for_now("truncated", None),
        ),
        Case::new("reset within the body", begun("content-length: 9\r\n", Step::Reset), for_now("truncated", None)),
        Case::new("slow without an end", begun("", Step::Drip(b" ")), for_now("timeout", Some(SHORT_SECONDS))),
        Case::new("endless", begun("", Step::Flood(&[b' '; 4_096])), Becomes::Omitted),
        Case::new("a huge length", begun("content-length: 1000000000000\r\n", Step::Flood(&[b' '; 4_096])), Becomes::Omitted),
        sends("a huge length, cut off", &format!("HTTP/1.1 200 -\r\n{JSON}content-length: 2500001\r\n\r\n[7]"), Becomes::Omitted),
        sends(
            "a huge length, cut off",
            &format!("HTTP/1.1 200 -\r\n{JSON}content-length: 18446744073709551613\r\n\r\n[7]"),
            Becomes::Omitted,
        ),
        sends(
            "a huge length, not JSON",
            "HTTP/1.1 200 -\r\ncontent-type: text/html\r\ncontent-length: 2500001\r\n\r\n[7]",
            Becomes::Done(None),
        ),
        sends("cut off, of a refusal", "HTTP/1.1 422 -\r\ncontent-length: 9\r\n\r\nno", for_good("http 422")),
        Case::new(
            "slow without an end, of a refusal",
            vec![vec![Step::Request, send("HTTP/1.1 422 -\r\n\r\n"), Step::Drip(b"no")]],
            for_good("http 422"),
        ),
    ]
}

fn outputs() -> Vec<Case> {
    let json = |line, body: &str, becomes| answered(line, "200", JSON, body, becomes);
    let typed = |line, kind: &str, body: &[u8], becomes| answered(line, "200", &format!("content-type: {kind}\r\n"), body, becomes);
    let utf_16: Vec<u8> = "[7]".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let deep = |depth| "[".repeat(depth) + &"]".repeat(depth);
    vec![
        json("JSON", " {\"a\": 1.10, \"b\": \"\\u00e9\"} \n", done("{\"a\": 1.10, \"b\": \"\\u00e9\"}")),
        json("JSON `null`", "null", done("null")),
        json("JSON with a member twice", r#"{"a": 1, "a": 2}"#, done(r#"{"a": 1, "a": 2}"#)),
        json("JSON after a byte order mark", "\u{feff}[7]", done("[7]")),
        json("JSON, 100 deep", &deep(100), done(&deep(100))),
        json("JSON, deeper", &deep(101), Becomes::Omitted),
        json("JSON, 200 deep", &deep(200), Becomes::Omitted),
        json(
            "JSON of 262,144 bytes",
            &format!("\"{}\"", "x".repeat(OUTPUT_BYTES_MAX - 2)),
            done(&format!("\"{}\"", "x".repeat(OUTPUT_BYTES_MAX - 2))),
        ),
        json("JSON, larger", &format!("\"{}\"", "x".repeat(OUTPUT_BYTES_MAX - 1)), Becomes::Omitted),
        json(
            "JSON of 262,144 bytes, space around it",
            &format!("\u{feff} \t\"{}\"\r\n\n", "x".repeat(OUTPUT_BYTES_MAX - 2)),
            done(&format!("\"{}\"", "x".repeat(OUTPUT_BYTES_MAX - 2))),
        ),
        json(
            "JSON of 262,144 bytes in its shortest form",
            &format!("[ \"\\u00e9{}\" , 1.10 ]", "x".repeat(OUTPUT_BYTES_MAX - 11)),
            done(&format!("[\"é{}\",1.10]", "x".repeat(OUTPUT_BYTES_MAX - 11))),
        ),
        json("JSON, larger in its shortest form", &format!("[ \"{}\" , 1.10 ]", "x".repeat(OUTPUT_BYTES_MAX - 8)), Becomes::Omitted),
        json(
            "JSON with an escape for each character",
            &format!("\"{}\"", "\\u0078".repeat(OUTPUT_BYTES_MAX - 2)),
            done(&format!("\"{}\"", "x".repeat(OUTPUT_BYTES_MAX - 2))),
        ),
        json("JSON after other space", "\u{a0}[7]\u{b}", Becomes::Omitted),
        json("JSON with a number that no double holds", "[1e999]", Becomes::Omitted),
        json("JSON with half a surrogate pair", r#"["\ud800"]"#, Becomes::Omitted),
        json("empty", "", Becomes::Done(None)),
        json("JSON that is none", "{oops", Becomes::Omitted),
        json("two JSON values", "1 2", Becomes::Omitted),
        typed("`application/vnd.api+json`", "application/vnd.api+json", b"[7]", done("[7]")),
        typed("`text/json`", "Text/JSON ; charset=utf-8", b"[7]", done("[7]")),
        typed("JSON in UTF-16", "application/json; charset=utf-16", &utf_16, Becomes::Omitted),
        typed("JSON in Latin-1", "application/json; charset=iso-8859-1", b"\"\xe9\"", Becomes::Omitted),
        typed("HTML", "text/html", b"<html>Please sign in</html>", Becomes::Done(None)),
        typed("text", "text/plain", b"[7]", Becomes::Done(None)),
        typed("`application/x-ndjson`", "application/x-ndjson", b"[7]\n[8]\n", Becomes::Done(None)),
        answered("no type", "200", "", "[7]", Becomes::Done(None)),
        answered("JSON, compressed", "200", &format!("{JSON}content-encoding: gzip\r\n"), b"\x1f\x8b\x08\0", Becomes::Omitted),
        Case::new(
            "JSON, in another transfer coding",
            vec![vec![
                Step::Request,
                send(format!("HTTP/1.1 200 -\r\n{JSON}transfer-encoding: gzip, chunked\r\n\r\n3\r\n[7]\r\n0\r\n\r\n")),
            ]],
            Becomes::Omitted,
        ),
        answered("JSON, `identity`", "200", &format!("{JSON}content-encoding: identity\r\n"), "[7]", done("[7]")),
    ]
}
