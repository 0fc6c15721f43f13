//! The fuzzed functions, called with damaged variants of good examples: cut, doubled, spliced, bytes changed. `make
//! fuzz` lets libFuzzer find its own input. `HEADWAY_FUZZED` changes how many there are.

#[expect(unreachable_pub, reason = "a crate of its own, where it is fuzzed")]
#[path = "../../fuzz/src/lib.rs"]
mod fuzz;

const TIMES: usize = 400;

const BODIES: [&str; 4] = [
    r#"{"processor": "echo", "params": {"a" : 1.0}, "items": [{"id": "a", "n": 1e308}, {"id": 2}, [], null, "é\u2028"], "idField": null}"#,
    r#"{"processor":"echo","items":[{"id":"a"},{"id":"b"}],"idField":"id","chunkSize":250,"toleratedFailures":{"percentage":1.5,"minimumSample":10}}"#,
    r#"{"processor":"echo","sealed":false,"metadata":{"k":1,"t":"x"},"toleratedFailures":{"count":3},"callback":null}"#,
    r#"{"processor":"echo","items":[[[[[[[[]]]]]]]],"extra":1}"#,
];
const PARTS: [&str; 3] = ["0{\"a\": 1.50}\r\n\n \t\r\n\"\u{2028}\u{feff}\\u0000\"\n[1,\r2]\n-0", "01\n2\n3", "1\u{1f}\u{8b}\u{8}\0"];
const CURSORS: [&str; 5] = [
    "0\nstatus=Failed&pageSize=2&pageToken=AAAA",
    "1\npageSize=0&pageToken=%41",
    "2\nformat=csv&pageSize=999&x=%00",
    "3\nformat=ndjson&pageToken=",
    "/v1/jobs/{id}/failures/groups\n",
];
const TOKENS: [&str; 3] = [
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbm4iLCJpc3MiOiJoZWFkd2F5LWRldiIsImF1ZCI6ImhlYWR3YXkiLCJleHAiOjk5OTk5OTk5OTl9.c2lnbmF0dXJl",
    "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
];
const JOB_TOKENS: [&str; 3] = [
    "eyJzdWIiOiI3YzllNjY3OS03NDI1LTQwZGUtOTQ0Yi1lMDdmYzFmOTBhZTciLCJnZW5lcmF0aW9uIjowLCJzY29wZSI6ImpvYnM6cmVhZCJ9",
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0A",
    "",
];
const MESSAGES: [&str; 2] = [
    r#"{"v":1,"kind":"chunk","job":"7c9e6679-7425-40de-944b-e07fc1f90ae7","part":0,"round":1,"chunk":3,"n":2,"first":6,"items":[{"a":1.0},"x"],"attempt":0,"hops":0,"nonce":"7c9e6679-7425-40de-944b-e07fc1f90ae7","careful":false}"#,
    r#"{"v":1,"kind":"revive","job":"7c9e6679-7425-40de-944b-e07fc1f90ae7","part":7,"round":2}"#,
];
const FILES: [&str; 4] = [
    "\0id,name,\"a \"\"b\"\"\"\r\n1,x,\"line\nbreak\"\r\n2,\u{feff},=1+1\n",
    "\u{1}{\"a\":1}\n\n[1,2]\r\n\"\u{2028}\"\n",
    "\u{2}[ {\"a\": [1, {\"b\": \"]\\\"\"}]}, 1e5 ,\n\"x\" ]",
    "\u{2}[]",
];

/// Bytes with a meaning to some parser.
const MARKS: &[u8] = b"\"\\{}[]:,\n\r\t \0\x1f\x7f\xef\xbb\xbf\xc3\xff%&=#/+-.eE019._~";

fn spoilt(dice: &mut fastrand::Rng, examples: &[&str]) -> Vec<u8> {
    let mut bytes = dice.choice(examples).unwrap().as_bytes().to_vec();
    for _ in 0..dice.usize(..5) {
        let at = dice.usize(..=bytes.len());
        match dice.u8(..6) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, *dice.choice(MARKS).unwrap()),
            2 if at < bytes.len() => bytes[at] = *dice.choice(MARKS).unwrap(),
            3 if at < bytes.len() => bytes[at] ^= 1 << dice.u8(..8),
            4 => {
                let other = dice.choice(examples).unwrap().as_bytes();
                bytes.splice(at.., other[dice.usize(..=other.len())..].iter().copied());
            }
            _ => {
                let end = (at + dice.usize(..20)).min(bytes.len());
                let run = bytes[at..end].to_vec();
                bytes.splice(at..at, run);
            }
        }
    }
    bytes
}

fn fuzzed(examples: &[&str], target: impl Fn(&[u8])) {
    let times = std::env::var("HEADWAY_FUZZED").map_or(TIMES, |times| times.parse().unwrap());
    let mut dice = fastrand::Rng::with_seed(7);
    examples.iter().for_each(|example| target(example.as_bytes()));
    (0..times).for_each(|_| target(&spoilt(&mut dice, examples)));
}

fn as_text(target: impl Fn(&str)) -> impl Fn(&[u8]) {
    move |bytes| target(&String::from_utf8_lossy(bytes))
}

#[test]
fn bodies() {
    fuzzed(&BODIES, fuzz::body);
}

#[test]
fn parts() {
    fuzzed(&PARTS, fuzz::part);
}

#[test]
fn cursors() {
    fuzzed(&CURSORS, as_text(fuzz::cursor));
}

#[test]
fn tokens() {
    fuzzed(&TOKENS, as_text(fuzz::token));
}

#[test]
fn job_tokens() {
    fuzzed(&JOB_TOKENS, as_text(fuzz::job_token));
}

#[test]
fn messages() {
    fuzzed(&MESSAGES, as_text(fuzz::message));
}

#[test]
fn files() {
    fuzzed(&FILES, fuzz::input);
}
