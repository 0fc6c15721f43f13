//! NDJSON and JSON.

use super::*;

#[test]
fn ndjson_that_is_read() {
    let text = "{\"a\": 1.000,  \"b\":\"\u{2028}é\\u0000\"}\r\n\n  \t\r\n  12345678901234567890.10  \nnull\r\n\"last\"";
    assert_eq!(
        read(text, &NDJSON).unwrap().0,
        ["{\"a\": 1.000,  \"b\":\"\u{2028}é\\u0000\"}", "12345678901234567890.10", "null", "\"last\""]
    );
    for (text, items) in
        [("", &[][..]), ("\n\r\n", &[]), ("[1]\n[2]\n", &["[1]", "[2]"]), ("1\n[2]", &["1", "[2]"]), ("{\"a\":\r1}\n", &["{\"a\":\r1}"])]
    {
        assert_eq!(read(text, &NDJSON).unwrap().0, items, "{text:?}");
    }
}

#[test]
fn ndjson_that_is_refused_at_its_place() {
    let deep = format!("1\n{}{}", "[".repeat(ITEM_DEPTH_MAX + 1), "]".repeat(ITEM_DEPTH_MAX + 1));
    let deep_says = format!("line 2, column {}: not JSON that a job accepts (nested deeper", ITEM_DEPTH_MAX + 1);
    for (text, says) in [
        ("1 2\n", "put each value on a line of its own, as `jq -c .` writes them"),
        ("{\"a\":1}{\"a\":2}", "put each value on a line of its own"),
        ("{\"a\":1},{\"a\":2}", "put `[` before the first value and `]` after the last one and use --format json"),
        ("1\n{\"a\":1} # one\n", "line 2, column 9: not JSON that a job accepts (trailing characters; JSON has no comments: remove it)"),
        ("{\"a\":1} // one\n", "JSON has no comments: remove it"),
        ("# one\n1\n", "line 1, column 1: not JSON that a job accepts (expected value; JSON has no comments: remove it"),
        (
            "\u{1e}{\"a\":1}\n",
            "line 1, column 1: not JSON that a job accepts (expected value; JSON does not know the record separator (U+001E) of RFC 7464: remove",
        ),
        (
            "1\u{c}\n",
            "line 1, column 2: not JSON that a job accepts (trailing characters; JSON does not know the form feed (0x0C): remove it)",
        ),
        ("{\"a\":\u{a0}1}\n", "line 1, column 6: not JSON that a job accepts (expected value; JSON does not know the no-break space"),
        ("1\u{2003}\n", "JSON does not know this invisible character"),
        (
            "{\u{201c}a\u{201d}:1}\n",
            "line 1, column 2: not JSON that a job accepts (key must be a string; JSON has only the quotes \" \": replace it",
        ),
        ("1 x\n", "nothing but blanks may follow a value: remove it"),
        ("1\n\u{1a}", "line 2, column 1: the character 0x1A"),
        (
            "1\n{\"é\":\"\\ud800\"}\n",
            r"line 2, column 7: not JSON that a job accepts (\ud800 is half of a character, without its other half",
        ),
        (r#"{"a":"\u12g4"}"#, r"line 1, column 7: not JSON that a job accepts (four hex digits follow \u, not 12g4"),
        (r#"{"a":"\x41"}"#, r"line 1, column 7: not JSON that a job accepts (JSON has no escape \x)"),
        ("{\"a\":1},\n", "NDJSON has no commas between values: remove them, or put `[` before the first value"),
        ("{\"a\":1,}\n", "remove the comma"),
        ("1\r2\r", "lines of NDJSON end with LF or CRLF, not with CR alone"),
        ("{'a':1}\n", "line 1, column 2: not JSON that a job accepts (key must be a string; JSON puts texts and names in double quotes"),
        ("name,city\n1,2\n", "is the file CSV? Then use --format csv"),
        ("\"name\";\"city\"\n", "is the file CSV? Then use --format csv"),
        ("<html>\n", "the file looks like HTML or XML"),
        ("1\n\n{\"a\":1", "line 3, column 6: not JSON that a job accepts (EOF"),
        ("1 2\n", "line 1, column 3: not JSON that a job accepts (trailing characters"),
        ("1\r2\r", "line 2, column 1: not JSON that a job accepts (trailing characters"),
        ("1\n{\n}\n", "line 2, column 1: not JSON that a job accepts"),
        ("1\n{\n}\n", "each value is on one line"),
        ("nul\n", "line 1, column "),
        ("1\n\u{feff}2\n", "line 2, column 1: a byte-order mark within the file: were two files joined?"),
        ("1\n  {\"é\":1,}\n", "line 2, column 10: not JSON that a job accepts (trailing comma"),
        ("[1,]\n", "trailing comma"),
        ("1\n[7,-1e999]", "line 2, column 4: not JSON that a job accepts (number out of range"),
        (
            "1\n{\"é\\\"\":\"b\",\"a\":{\"x\":1,\"\\u0078\":2}}",
            "line 2, column 23: not JSON that a job accepts (the member \"x\" occurs twice",
        ),
        (&deep, &deep_says),
        ("{\"a\":NaN}", "line 1, column 6: not JSON that a job accepts (expected value; JSON has no such number: use null"),
        ("-Infinity", "JSON has no such number"),
        ("'a'", "line 1, column 1: not JSON"),
        ("\"a\tb\"", "control character"),
        ("{\"a\":1}{\"a\":2}", "line 1, column 8: not JSON that a job accepts (trailing characters"),
        // One JSON array, in one line and in several.
        ("[{\"a\":1},{\"a\":2}]", "line 1, column 1: the file is one JSON array: for its elements as items use --format json"),
        ("\n [1]\n\n", "line 2, column 2: the file is one JSON array"),
        ("[\n{\"a\":1},\n{\"a\":2}\n]", "if the file is one JSON array, use --format json"),
    ] {
        let error = refused(text, &NDJSON);
        assert!(error.contains(says), "{text:?}: {error}");
    }
}

#[test]
fn json_that_is_refused_at_its_place() {
    for (text, says) in [
        ("[1,\n 2,\n {\"a\":}\n]", "line 3, column 7: not JSON that a job accepts (expected value"),
        ("[1,\r 2,\r {\"a\":\r}\r]", "line 4, column 1: not JSON that a job accepts (expected value"),
        ("[\"漢漢\",\t{\"é\": nul}]", "line 1, column "),
        ("[1,\n2\n", "line 3, column 1: the array is cut off: `]` is missing"),
        ("[1,\n{\"a\":[1,", "line 2, column 9: the array is cut off"),
        ("[", "line 1, column 2: the array is cut off"),
        ("[1]\n\n[2]", "line 3, column 1: something follows the array's `]`; for one value on each line use --format ndjson"),
        ("[1]]", "line 1, column 4: something follows"),
        ("[1,\n{\"a\":1,\"a\":2}]", "line 2, column "),
        ("[1,]", "line 1, column 4: element 1 is missing: is there a comma too many?"),
        ("[,1]", "line 1, column 2: element 0 is missing"),
        ("[1,,2]", "element 1 is missing"),
        ("[1 2]", "line 1, column 4: not JSON that a job accepts (trailing characters"),
        ("[NaN]", "JSON has no such number"),
        ("", "line 1, column 1: the file is empty: an array without items is written []"),
        (" \n", "the file is empty"),
        (
            "{\"a\":1}\n{\"a\":2}\n",
            "line 1, column 1: not a JSON array: an array begins with `[`; for one value on each line use --format ndjson",
        ),
        (
            "{\"items\":[1,\n2]}",
            "line 1, column 1: not a JSON array: an array begins with `[`; give the array without the object around it",
        ),
        ("{\"a\":1}\n", "or put the object into `[ ]`"),
        ("{\"a\":1}{\"a\":2}", "put each on a line of its own, as `jq -c .` writes them, and use --format ndjson"),
        ("{\n\"a\":1\n}\n{\n\"a\":2\n}\n", "put each on a line of its own, as `jq -c .` writes them"),
        (
            "{\"a\":1},\n{\"a\":2}",
            "line 1, column 1: not a JSON array: an array begins with `[`; put `[` before the first value and `]` after the last one",
        ),
        ("1\n2\n", "for one value on each line use --format ndjson"),
        ("[1] # one", "line 1, column 5: something follows the array's `]`; JSON has no comments: remove it"),
        ("// one\n[1]", "line 1, column 1: not a JSON array: an array begins with `[`; JSON has no comments: remove it"),
        ("[1]\n\u{1a}", "line 2, column 1: the character 0x1A"),
        ("null", "line 1, column 1: not a JSON array: an array begins with `[`"),
        // An error inside something that seems cut off or endless.
        ("[1}", "line 1, column 3: not JSON that a job accepts (trailing characters"),
        ("[{\"a\":1,\n{\"a\":2}]", "line 2, column 1: not JSON that a job accepts (key must be a string"),
        ("[{\"a\":\"x},\n{\"b\":\"y\"}]", "line 1, column 11: not JSON that a job accepts (control character"),
        ("  7", "line 1, column 3: not a JSON array"),
        ("a,b\n1,2\n", "not a JSON array: an array begins with `[`; is the file CSV? Then use --format csv"),
        ("<!doctype html>", "the file looks like HTML or XML"),
        ("\u{feff}\u{feff}[1]", "line 1, column 1: a byte-order mark within the file"),
        ("[1,\n\u{feff}2]", "line 2, column 1: a byte-order mark within the file"),
        ("[1]\n\u{feff}[2]", "line 2, column 1: a byte-order mark within the file"),
    ] {
        let error = refused(text, &JSON);
        assert!(error.contains(says), "{text:?}: {error}");
    }
    assert_eq!(read("\t[ ] \n", &JSON).unwrap().0.len(), 0);
}
