//! What in a file looks as if nobody had meant it.

use super::*;

/// Bug found: rows that were sorted without the column `_index` gave items each other's values.
#[test]
fn a_row_at_another_items_index_is_refused() {
    let items: Vec<(u64, String)> = (0..6).map(|index| (index, format!("{{\"zip\":\"800{index}\",\"ok\":\"yes\"}}"))).collect();
    let items: Vec<(u64, &str)> = items.iter().map(|(index, item)| (*index, item.as_str())).collect();
    let given = |id: fn(u64) -> String, zip: fn(u64) -> u64| {
        let rows = (0..6).map(|index| format!("{index},{},no,800{},yes\n", id(index), zip(index)));
        changes(&format!("_index,_id,_error,zip,ok\n{}", rows.collect::<String>()), ".csv", &items)
    };
    let none = |_| String::new();
    // No cell can begin with the ids' byte-order mark.
    let own = |index: u64| format!("\u{fffd}{index}");
    for (id, zip, expected) in [
        (own as fn(u64) -> String, (|index| index) as fn(u64) -> u64, None),
        (own, |index| 9 - index, None),
        (
            |index| format!("A{index}"),
            |index| index,
            Some("line 2, column 1: the row says that item 0 is \"A0\", but item 0 of the job is"),
        ),
        (none, |index| 5 - index, Some("the column \"zip\" has the same values as before, but in other rows")),
        (none, |index| (index + 1) % 6, Some("--rewritten keep takes them")),
        (none, |index| index + 1, Some("were the rows sorted without the column _index?")),
        (none, |index| index + 6, None),
        (none, |index| if index == 1 { 2 } else { index }, None),
    ] {
        let given = given(id, zip);
        match expected {
            None => assert!(given.is_ok(), "{given:?}"),
            Some(expected) => assert!(given.clone().unwrap_err().contains(expected), "{given:?}"),
        }
    }
    // Bug found: so were a few rows of many, two rows, and columns with few values.
    let items = [(0, r#"{"a":"x","b":1}"#), (1, r#"{"a":"y","b":1}"#), (2, r#"{"a":"x","b":2}"#), (3, "\"t\""), (4, "\"u\"")];
    for (rows, is_refused) in [
        ("0,y,1,\n1,x,1,\n2,x,2,\n", true),
        ("0,x,2,\n2,x,1,\n", true),
        ("3,,,u\n4,,,t\n", true),
        ("0,y,1,\n1,x,2,\n", false),
        ("0,y,1,\n1,y,1,\n", false),
        ("0,x,1,\n1,y,1,\n", false),
    ] {
        let given = changes(&format!("_index,a,b,_item\n{rows}"), ".csv", &items);
        let says = given.as_ref().err().map(|error| error.contains("the changed rows have the same values as before, but in other rows"));
        assert_eq!(says, is_refused.then_some(true), "{rows}: {given:?}");
    }
    let line = |id: &str| changes(&format!("{{\"index\":3,\"id\":{id},\"item\":1}}\n"), ".ndjson", &items);
    assert!(line("\"4\"").unwrap_err().contains("item 3 is \"4\", but"));
    assert!(line("\"\\ufeff3\"").is_ok() && line("null").is_ok());
}

/// Bug found: what a spreadsheet did to cells that nobody had changed became their items' new values.
#[test]
fn what_a_spreadsheet_rewrote_is_no_correction_unless_that_is_said() {
    let items = [(3, r#"{"zip":"00123","price":"12,50","n":1.5}"#), (5, r#"{"zip":"8001","price":"x","n":2}"#)];
    // As LibreOffice in German saves it: a mark, `;`, CRLF, quotes around text, and numbers as it shows them.
    let saved = "\u{feff}_index;_id;_error;zip;price;n\r\n3;;\"no\";123;12.50;1,5\r\n5;;\"no\";8001;\"9\";2\r\n";
    let given = |rewritten| {
        let (_path, mut source) = source(saved, ".csv");
        source.reading.delimiter = crate::input::Delimiter::parse(";").unwrap();
        CorrectedRows::read(source).unwrap().changes(&failed(&items), rewritten, false)
    };
    let values = |rewritten| given(rewritten).unwrap().values.iter().map(|value| value.item.get().to_owned()).collect::<Vec<_>>();
    let refused = given(None).unwrap_err().to_string();
    for expected in ["\"zip\" in 1 row: \"00123\" is now \"123\" in line 2", "\"n\" in 1 row: \"1.5\" is now \"1,5\"", "--rewritten undo"] {
        assert!(refused.contains(expected) && !refused.contains("price"), "{refused}");
    }
    let undone = [r#"{"zip":"00123","price":"12.50","n":1.5}"#, r#"{"zip":"8001","price":"9","n":2}"#];
    assert_eq!(values(Some(Rewritten::Undo)), undone);
    let words = given(Some(Rewritten::Undo)).unwrap().columns.words().unwrap();
    assert_eq!(words, "\"price\" in 2 rows: \"12,50\" is now \"12.50\" in line 2");
    let kept = given(Some(Rewritten::Keep)).unwrap_err().to_string();
    assert!(kept.contains("line 2, column 1: its \"n\" is now \"1,5\", but it was \"1.5\": write 1.5"), "{kept}");
    let texts = [(3, r#"{"zip":"00123"}"#), (5, r#"{"zip":"0"}"#)];
    let (_path, source) = source("_index,zip\n3,123\n", ".csv");
    let changes = CorrectedRows::read(source).unwrap().changes(&failed(&texts), Some(Rewritten::Keep), false).unwrap();
    assert_eq!(changes.values.iter().map(|value| value.item.get()).collect::<Vec<_>>(), [r#"{"zip":"123"}"#]);
    assert_eq!(changes.columns.words().as_deref(), Some("\"zip\" in 1 row: \"00123\" is now \"123\" in line 2"));
}

/// What tools change as well as people is a correction only in a column that the item's error names.
#[test]
fn a_doubtful_change_is_a_correction_only_where_the_error_names_the_column() {
    let line = r#"{"index":3,"id":null,"message":"/price: more than 2 decimals: 3.14159","corrected":false,"item":{"price":"3.14159","area":"NA"}}"#;
    let failed = Records::of_lines(&format!("{line}\n")).unwrap();
    let given = |cells: &str| {
        let (_path, source) = source(&format!("_index,price,area\n3,{cells}\n"), ".csv");
        let changes = CorrectedRows::read(source).and_then(|rows| rows.changes(&failed, None, false)).map_err(|error| error.to_string())?;
        Ok::<_, String>(changes.values.into_iter().map(|value| value.item.get().to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(given("3.14,NA"), Ok(vec![r#"{"price":"3.14","area":"NA"}"#.to_owned()]));
    let refused = given("3.14,").unwrap_err();
    assert!(refused.contains(r#""area" in 1 row: "NA" is now """#) && !refused.contains("price"), "{refused}");
}

/// Bug found: only ten columns were named.
#[test]
fn all_columns_with_rewritten_cells_are_named() {
    let names: Vec<String> = (0..60).map(|number| format!("c{number}")).collect();
    let item = format!("{{{}}}", names.iter().map(|name| format!("\"{name}\":\"007\"")).collect::<Vec<_>>().join(","));
    let file = format!("_index,{}\n3{}\n", names.join(","), ",7".repeat(60));
    let error = changes(&file, ".csv", &[(3, &item)]).unwrap_err();
    assert!(names.iter().all(|name| error.contains(&format!("\"{name}\" in 1 row"))), "{error}");
}

/// Bug found: the table of an earlier round took back the corrections of the rounds since.
#[test]
fn a_table_with_other_errors_is_not_of_this_round() {
    let items = [(3, r#"{"a":"x"}"#), (5, r#"{"a":"y"}"#), (7, r#"{"a":"z"}"#)];
    let given = |errors: [&str; 3], rewritten| {
        let rows = items.iter().zip(errors).map(|((index, _), error)| format!("{index},\"{error}\",w\n"));
        let (_path, source) = source(&format!("_index,_error,a\n{}", rows.collect::<String>()), ".csv");
        CorrectedRows::read(source).unwrap().changes(&failed(&items), rewritten, false).map_err(|error| error.to_string())
    };
    for errors in [["no", "", "fixed"], ["no", "no", "fixed"], ["", "", ""], ["no", " no ", "#NAME?"], ["n\u{f6}o", "no!", "'no"]] {
        assert_eq!(given(errors, None).unwrap().values.len(), 3, "{errors:?}");
    }
    for errors in [["bad", "bad", "bad"], ["bad", "no", "bad"], ["", "", "bad"]] {
        let error = given(errors, None).unwrap_err();
        assert!(error.contains("is the file of an earlier round or of another job?"), "{errors:?}: {error}");
        assert_eq!(given(errors, Some(Rewritten::Keep)).unwrap().values.len(), 3);
    }
}

/// A value that is replaced in the whole table is replaced in the errors that quote it.
#[test]
fn an_error_with_a_replaced_value_is_of_this_round() {
    let line = r#"{"index":3,"id":null,"message":"/plan: not one of \"free\": \"gold\"","corrected":false,"item":{"plan":"gold"}}"#;
    let failed = Records::of_lines(&format!("{line}\n")).unwrap();
    let (_path, source) = source("_index,_error,plan\n3,\"/plan: not one of \"\"free\"\": \"\"pro\"\"\",pro\n", ".csv");
    let changes = CorrectedRows::read(source).unwrap().changes(&failed, None, false).unwrap();
    assert_eq!(changes.values[0].item.get(), r#"{"plan":"pro"}"#);
}

/// Bug found: numbers that a program had rewritten became new values, those with many digits too.
#[test]
fn numbers_that_a_program_rewrote_are_no_corrections() {
    let items =
        [(3, r#"{"e":"x","n":1.50,"id":12345678901234567890,"in":[{"k":2E2}]}"#), (5, "[7.0,12345678901234567890]"), (7, r#"{"a": "y"}"#)];
    let given = |lines: &str, rewritten| {
        let (_path, source) = source(lines, ".ndjson");
        let changes = CorrectedRows::read(source).unwrap().changes(&failed(&items), rewritten, false).map_err(|error| error.to_string())?;
        let values = changes.values.iter().map(|value| (value.index, value.item.get().to_owned())).collect::<Vec<_>>();
        Ok::<_, String>((values, changes.columns.words().unwrap_or_default()))
    };
    // Nothing but the spelling differs.
    let same = "{\"index\":3,\"item\":{\"e\":\"\\u0078\",\"n\":1.5,\"id\":12345678901234567890,\"in\":[{\"k\":200}]}}\n{\"index\":5,\"item\":[7,12345678901234567890]}\n{\"index\":7,\"item\":{\"a\":\"y\"}}\n";
    assert_eq!(given(same, None), Ok((vec![], String::new())));
    let changed = "{\"index\":3,\"item\":{\"e\":\"\",\"n\":1.5,\"id\":12345678901234567890,\"in\":[{\"k\":200}]}}\n";
    let value = (3, r#"{"e":"","n":1.50,"id":12345678901234567890,"in":[{"k":2E2}]}"#.to_owned());
    assert_eq!(given(changed, None), Ok((vec![value.clone()], r#""e" in 1 row: "x" is now "" in line 1"#.to_owned())));
    let lost = changed.replace("567890,", "567000,");
    let error = given(&lost, None).unwrap_err();
    assert!(error.contains(r#""id" in 1 row: "12345678901234567890" is now "12345678901234567000" in line 1"#), "{error}");
    assert_eq!(given(&lost, Some(Rewritten::Undo)).unwrap().0, [value]);
    let kept = r#"{"e":"","n":1.50,"id":12345678901234567000,"in":[{"k":2E2}]}"#;
    assert_eq!(given(&lost, Some(Rewritten::Keep)).unwrap().0, [(3, kept.to_owned())]);
    let nested = "{\"index\":5,\"item\":[8,12345678901234567000]}\n";
    assert!(given(nested, None).unwrap_err().contains("_item"));
    assert_eq!(given(nested, Some(Rewritten::Undo)).unwrap().0, [(5, "[8,12345678901234567890]".to_owned())]);
    // Those are corrections.
    for item in [r#"{"a":1}"#, r#"{"a": "z"}"#, r#"{"b":"y"}"#, "1"] {
        assert_eq!(given(&format!("{{\"index\":7,\"item\":{item}}}\n"), None).unwrap().0, [(7, item.to_owned())]);
    }
    let other = "{\"index\":7,\"message\":\"of another round\",\"item\":{\"a\":\"z\"}}\n";
    assert!(given(other, None).unwrap_err().contains("is the file of an earlier round"));
}
