//! Bodies that start a job, read and refused.

use super::*;

fn wrong(body: &str) -> Vec<String> {
    let errors = read(body.as_bytes(), &[]).unwrap_err().document("", "").errors;
    errors.into_iter().map(|error| error.pointer).collect()
}

/// Items and params arrive exactly as they were sent, to the last digit.
#[test]
fn a_body_is_kept_byte_for_byte() {
    let body = r#"{"processor": "p", "params": {"a" : 1.0}, "items": [ {"n": 12345678901234567890.10} , "x"], "idField": null,
        "toleratedFailures": {"percentage": 1.5, "minimumSample": 10}, "chunkSize": 250, "metadata": {"k": 1, "t": "x"},
        "title": " Airports,\t\u00fc "}"#;
    let request = read(body.as_bytes(), &[]).unwrap();
    let items: Vec<_> = request.items.as_ref().unwrap().iter().map(|item| item.get()).collect();
    assert_eq!(items, [r#"{"n": 12345678901234567890.10}"#, r#""x""#]);
    assert_eq!((request.params.get(), request.id_field), (r#"{"a" : 1.0}"#, None));
    assert_eq!(request.tolerated_failures, ToleratedFailures::Percentage { percentage: "1.5".parse().unwrap(), minimum_sample: Some(10) });
    assert_eq!(request.title.as_deref(), Some(" Airports,\tü "));
    assert_eq!((request.chunk_size, request.metadata.as_deref()), (Some(250), Some(r#"{"k": 1, "t": "x"}"#)));
}

/// Bug found: what writes an escape for each character beyond ASCII had a third of the space.
#[test]
fn metadata_is_measured_in_its_shortest_form() {
    let read_metadata = |letters: usize| {
        let texts = ["a", "b"].map(|key| format!(r#""{key}": "{}""#, r"\u00fc".repeat(letters))).join(", ");
        read(format!(r#"{{"processor": "p", "items": [], "metadata": {{{texts}}}}}"#).as_bytes(), &[])
    };
    let short = format!(r#"{{"a":"{0}","b":"{0}"}}"#, "\u{fc}".repeat(490));
    assert_eq!(read_metadata(490).unwrap().metadata, Some(short));
    assert!(read_metadata(500).is_err());
}

/// The same for params, of which a schema may be a large part.
#[test]
fn params_are_measured_in_their_shortest_form() {
    let read_params = |letters: usize| {
        let body = format!(r#"{{"processor": "p", "items": [], "params": {{"a" : "{}"}}}}"#, r"\u00fc".repeat(letters));
        read(body.as_bytes(), &[])
    };
    assert_eq!(read_params(40_000).unwrap().params.get(), format!(r#"{{"a":"{}"}}"#, "\u{fc}".repeat(40_000)));
    assert!(read_params(50_000).is_err());
}

/// A caller can correct the body in one go instead of one mistake at a time.
#[test]
fn everything_wrong_is_reported_at_once() {
    let body = r#"{"params": 1, "items": {}, "sealed": "yes", "idField": "", "toleratedFailures": {"count": -1}, "chunkSize": 251,
        "metadata": {"k": [], "": 1}, "callback": "https://x.example", "extra": 1, "a/b~c": 2}"#;
    let mut pointers = wrong(body);
    pointers.sort();
    let expected = [
        "/a~1b~0c",
        "/callback",
        "/chunkSize",
        "/extra",
        "/idField",
        "/items",
        "/metadata/",
        "/metadata/k",
        "/params",
        "/processor",
        "/sealed",
        "/toleratedFailures/count",
    ];
    assert_eq!(pointers, expected);
}

/// Each single limit, just exceeded.
#[test]
fn limits_are_enforced() {
    let with = |member: &str| format!(r#"{{"processor": "p", "items": [], {member}}}"#);
    let table = [
        (r#""chunkSize": 0"#.to_owned(), "/chunkSize"),
        (r#""chunkSize": 1.5"#.to_owned(), "/chunkSize"),
        (r#""toleratedFailures": {"count": 1.5}"#.to_owned(), "/toleratedFailures/count"),
        (r#""toleratedFailures": {"count": 9223372036854775808}"#.to_owned(), "/toleratedFailures/count"),
        (r#""toleratedFailures": {"percentage": 1, "minimumSample": 9223372036854775808}"#.to_owned(), "/toleratedFailures/minimumSample"),
        (r#""toleratedFailures": {"percentage": 100.1}"#.to_owned(), "/toleratedFailures/percentage"),
        (r#""toleratedFailures": {"percentage": 0.0000000001}"#.to_owned(), "/toleratedFailures/percentage"),
        (r#""toleratedFailures": {"percentage": "5"}"#.to_owned(), "/toleratedFailures/percentage"),
        (r#""toleratedFailures": 5"#.to_owned(), "/toleratedFailures"),
        (r#""toleratedFailures": {"count": 1, "percentage": 1}"#.to_owned(), "/toleratedFailures"),
        (r#""toleratedFailures": {"percentage": 1, "minimumSample": 0}"#.to_owned(), "/toleratedFailures/minimumSample"),
        (r#""toleratedFailures": {}"#.to_owned(), "/toleratedFailures"),
        (format!(r#""params": {{"a": "{}"}}"#, "x".repeat(PARAMS_BYTES_MAX)), "/params"),
        (format!(r#""metadata": {{"{}": 1}}"#, "k".repeat(41)), &*format!("/metadata/{}", "k".repeat(41))),
        (format!(r#""metadata": {{"k": "{}"}}"#, "é".repeat(501)), "/metadata/k"),
        (r#""title": """#.to_owned(), "/title"),
        (r#""title": " \t\u00a0""#.to_owned(), "/title"),
        (r#""title": 7"#.to_owned(), "/title"),
        (r#""title": ["Airports"]"#.to_owned(), "/title"),
        (format!(r#""title": "{}""#, "é".repeat(201)), "/title"),
        (r#""sealed": false"#.to_owned(), "/items"),
        (r#""expectedItems": 1"#.to_owned(), "/expectedItems"),
    ]
    .map(|(member, pointer)| (member, pointer.to_owned()));
    for (member, pointer) in table {
        assert_eq!(wrong(&with(&member)), [pointer], "{member:.60}");
    }
    // Bug found: many programs write whole numbers so.
    let floats = with(r#""chunkSize": 25e1, "toleratedFailures": {"count": 1.0}"#);
    let request = read(floats.as_bytes(), &[]).unwrap();
    assert_eq!((request.chunk_size, request.tolerated_failures), (Some(250), ToleratedFailures::Count(1)));
    let pairs = (0..21).map(|i| format!("\"k{i}\": 1")).collect::<Vec<_>>().join(",");
    assert_eq!(wrong(&with(&format!("\"metadata\": {{{pairs}}}"))), ["/metadata"]);
    let longest = "\u{1F980}".repeat(200);
    assert_eq!(read(with(&format!(r#""title": "{longest}""#)).as_bytes(), &[]).unwrap().title, Some(longest));
    assert_eq!(wrong("[]"), [""]);
    assert_eq!(wrong(r#"{"processor": "p"}"#), ["/items"]);
    assert_eq!(wrong(r#"{"processor": "", "items": []}"#), ["/processor"]);
    assert_eq!(wrong(r#"{"processor": 1, "items": []}"#), ["/processor"]);
}

/// Bug found: a callback was refused without saying which there are, or any name was accepted.
#[test]
fn a_callback_is_one_of_those_that_the_operator_named() {
    let known = ["crm".to_owned(), "reports".to_owned()];
    let body = |name: &str| format!(r#"{{"processor": "echo", "items": [], "callback": {name}}}"#);
    let request = read(body(r#""crm""#).as_bytes(), &known).unwrap();
    assert_eq!(request.callback.as_deref(), Some("crm"));
    assert_eq!(read(body("null").as_bytes(), &known).unwrap().callback, None);
    for name in [r#""CRM""#, r#""""#, "7", r#""https://example.com""#] {
        let problem = read(body(name).as_bytes(), &known).unwrap_err().document("", "");
        assert!(problem.errors[0].pointer == "/callback" && problem.errors[0].detail.ends_with("crm, reports"), "{name}");
    }
    let problem = read(body(r#""crm""#).as_bytes(), &[]).unwrap_err().document("", "");
    assert!(problem.errors[0].detail.contains("HEADWAY_CALLBACKS"));
}
