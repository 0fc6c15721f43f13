//! Which rows get whose outcome, and which files are refused.

use std::io::Write as _;

use super::*;

/// Items as the server lists them: index, id, status and correction; `-` is none.
fn records(items: &str) -> Records {
    let line = |item: &str| {
        let word = |place: usize| match item.split(' ').nth(place) {
            None | Some("-") => serde_json::Value::Null,
            Some(word) => word.into(),
        };
        let index: u64 = item.split(' ').next().unwrap().parse().unwrap();
        let record = serde_json::json!({"index": index, "id": word(1), "status": word(2), "correction": word(3), "kind": null, "code": null,
            "message": null, "attempts": null, "output": null, "outputOmitted": false});
        format!("{record}\n")
    };
    Records::of_lines(&items.split(", ").map(line).collect::<String>()).unwrap()
}

/// Parts of ten items each.
fn parts(count: u32) -> Vec<ServerPart> {
    let part = |part: u32| serde_json::json!({"part": part, "firstIndex": part * 10, "totalItems": 10});
    (0..count).map(|number| serde_json::from_value(part(number)).unwrap()).collect()
}

/// Which item each id of the file is, or why that is not certain.
fn joined(items: &str, parts_count: u32, ids: &[&str]) -> Result<String, String> {
    let (records, parts) = (records(items), parts(parts_count));
    let by_id = ById::read(&records, &parts).map_err(|error| error.to_string())?;
    let of = |id: &&str| match by_id.find(id).map_err(|error| error.to_string())? {
        Joined::Item(outcome) => by_id.doubt(&outcome).map_or_else(|| Ok(outcome.index.to_string()), Err),
        other => Ok(other.status().to_owned()),
    };
    Ok(ids.iter().map(of).collect::<Result<Vec<_>, String>>()?.join(" "))
}

/// Bug found: with two items of one id, of which only one failed, both rows got the failure.
#[test]
fn a_row_never_gets_the_outcome_of_another_item() {
    let certain = |items: &str, parts: u32, ids: &[&str], expected: &str| {
        assert_eq!(joined(items, parts, ids).as_deref(), Ok(expected), "{items}");
    };
    certain("0 a Failed, 1 b Processed, 12 c Processed", 2, &["b", "c", "a", "d"], "1 12 0 NotFound");
    certain("0 a Failed, 1 - Processed, 2 - Pending", 1, &["a", "b"], "0 NotFound");
    certain("0 a Failed, 1 - Processed, 12 - Processed", 2, &["b"], "NotFound");
    // Each of these is an id of its own.
    certain("0 1 Failed, 1 01 Failed, 2 1.0 Failed", 1, &["01", "1", "1.0", "001", "+1", " 1"], "1 0 2 NotFound NotFound NotFound");
    certain("0 a Failed, 1 A Failed", 1, &["A", "a"], "1 0");

    for (items, parts, id, others) in [
        ("0 a Failed, 12 - Processed", 2, "a", "1 other item of the job"),
        ("0 a Failed, 1 - Processed, 12 - Pending, 21 - Processed", 3, "a", "2 other items"),
        // The id of a corrected value may be that of any other item.
        ("0 a Failed Used, 1 - Processed, 2 - Processed", 1, "a", "2 other items"),
        ("0 a Failed, 1 - Processed Used, 2 - Processed", 1, "a", "1 other item"),
        ("0 a Failed, 1 - Processed", 0, "a", "1 other item"),
    ] {
        let refused = joined(items, parts, &[id]).unwrap_err();
        assert!(refused.contains(others) && refused.contains("item 0") && refused.contains("--unique-ids"), "{items}: {refused}");
    }
    certain("0 a Failed Waiting, 1 - Processed, 2 - Processed", 1, &["a"], "0");
}

#[test]
fn a_job_in_which_an_id_is_known_twice_is_refused_with_both_items() {
    for items in ["0 a Failed, 7 a Processed", "0 a Processed, 1 b Failed, 7 a Failed Used, 8 a Failed"] {
        let refused = joined(items, 1, &["b"]).unwrap_err();
        assert!(refused.contains("items 0 and 7 of the job have the same id \"a\"") && refused.contains("join by line"), "{refused}");
    }
    let refused = joined("0 - Processed, 1 - Pending", 1, &[]).unwrap_err();
    assert!(refused.contains("no item of the job has an id"), "{refused}");
}

#[test]
fn a_file_with_an_id_twice_or_without_one_is_refused_with_the_line() {
    let read = |content: &str, extension: &str| {
        let mut file = tempfile::Builder::new().suffix(extension).tempfile().unwrap();
        file.write_all(content.as_bytes()).unwrap();
        let source = Source::of(file.path(), None, None, None).unwrap();
        ByFile::read(&source, "id").map(|file| file.rows).map_err(|error| error.to_string())
    };
    assert_eq!(read("id,x\n1,a\n01,a\n1.0,a\n\"1 \",a\n", ".csv"), Ok(4));
    assert_eq!(read("id,x\n", ".csv"), Ok(0));
    for (content, extension, expected) in [
        ("id,x\na,1\nb,2\n\na,3\n", ".csv", "line 5, column 1: the item's \"id\" is \"a\", the same as that of the item at line 2"),
        ("id,x\na,1\nb,2\na,3\n", ".csv", "Remove the other one, or join by line, without --id-field"),
        ("{\"id\":1}\n{\"id\":\"1\"}\n", ".ndjson", "line 2, column 1: the item's \"id\" is \"1\", the same"),
        ("id,x\n,1\n", ".csv", "line 2, column 1: the item's \"id\" is empty"),
        ("x,y\n1,1\n", ".csv", "the item has no \"id\""),
        ("[{\"id\": 1.0}]", ".json", "the item's \"id\" is 1.0, but an id is a string or an integer"),
    ] {
        let error = read(content, extension).unwrap_err();
        assert!(error.contains(expected), "{content:?}: {error}");
    }
}
