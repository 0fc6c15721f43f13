//! Which items a file gives which new values.

use std::io::Write as _;

use proptest::prelude::*;

use super::*;

mod suspicions;

/// The failures of a job as the server lists them: index and item.
fn failed(items: &[(u64, &str)]) -> Records {
    let lines = items.iter().map(|(index, item)| {
        // No cell can have the character NUL.
        let message = if *index == 0 { "no\\u0000" } else { "no" };
        format!("{{\"index\":{index},\"id\":\"\\ufeff{index}\",\"message\":\"{message}\",\"corrected\":false,\"item\":{item}}}\n")
    });
    Records::of_lines(&lines.collect::<String>()).unwrap()
}

fn source(content: &str, extension: &str) -> (tempfile::TempPath, Source) {
    let mut file = tempfile::Builder::new().suffix(extension).tempfile().unwrap();
    file.write_all(content.as_bytes()).unwrap();
    let path = file.into_temp_path();
    let source = Source::of(&path, None, None, None).unwrap();
    (path, source)
}

fn changes(content: &str, extension: &str, items: &[(u64, &str)]) -> Result<Vec<(u64, String)>, String> {
    let (_path, source) = source(content, extension);
    let changes = CorrectedRows::read(source).and_then(|rows| rows.changes(&failed(items), None, false));
    let said = |value: NewValue| (value.index, value.item.get().to_owned());
    changes.map(|changes| changes.values.into_iter().map(said).collect()).map_err(|error| error.to_string())
}

/// The file that the command itself would give for these items.
fn downloaded(items: &[(u64, &str)], written: csv::Cells) -> String {
    let failed = failed(items);
    let mut text = Vec::new();
    csv::push_row(&mut text, &failed.columns.header(&SHOWN), written);
    failed
        .each(|record| {
            let mut cells = shown_cells(&record);
            cells.extend(failed.columns.cells(record.value()).into_iter().map(|cell| cell.into_owned()));
            csv::push_row(&mut text, &cells, written);
            Ok(())
        })
        .unwrap();
    String::from_utf8(text).unwrap()
}

/// Items of many kinds, with the texts that CSV and spreadsheets trip over.
const ITEMS: &[(u64, &str)] = &[
    (0, r#"{"name":"=1+1","zip":"00123","n":1.0e2,"ok":true,"tags":["a", "b"],"none":null}"#),
    (3, r#"{"name":"'=1+1","zip":"","n":-0.50,"extra":{"x":1}}"#),
    (4, r#"{"name":"a\nb,\"c\"","zip":" 7 ","n":12345678901234567890}"#),
    (5, r#"{"_index":9,"name":"'","é":"漢"}"#),
    (7, "\"only a text\""),
    (8, "[1,2]"),
    (9, "{}"),
    (10, r#"{"name":"a\r\nb"}"#),
];

#[test]
fn what_is_not_changed_keeps_its_json() {
    for written in [csv::Cells::Harmless, csv::Cells::Raw] {
        let file = downloaded(ITEMS, written);
        assert_eq!(changes(&file, ".csv", ITEMS), Ok(vec![]), "{file}");
        // As a spreadsheet saves it again.
        for line_end in ["\n", "\r"] {
            let lines = file.replace("\r\n", "\n").replace('\n', line_end);
            let saved = format!("\u{feff}{}", lines.replace(",true,", ",TRUE,").replace("1.0e2", "100"));
            assert_eq!(changes(&saved, ".csv", ITEMS), Ok(vec![]), "{saved:?}");
        }
    }
}

/// A text that no cell can have is JSON in the last column, and can be corrected there.
#[test]
fn texts_that_cannot_be_cells_can_be_corrected() {
    let items = [(0, r#"{"a":"x\u0000","b":"y"}"#), (1, r#"{"a":"x"}"#), (2, r#""\u0000""#)];
    let file = downloaded(&items, csv::Cells::Harmless);
    assert_eq!(changes(&file, ".csv", &items), Ok(vec![]), "{file}");
    let mended = file.replace(r"\u0000", "0");
    assert_eq!(changes(&mended, ".csv", &items), Ok(vec![(0, r#"{"b":"y","a":"x0"}"#.to_owned()), (2, r#""0""#.to_owned())]), "{mended}");
}

/// JSON of every kind, with the texts and names that CSV and spreadsheets trip over.
fn any_item() -> impl Strategy<Value = serde_json::Value> {
    let text = "[a=+@;|,\"'\\\\ \t\n\r\u{0}\u{1b}$B\u{1a}\u{feff}\u{a0}{}\\[\\]1.-]{0,5}";
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        text.prop_map(serde_json::Value::from)
    ];
    let value = leaf.prop_recursive(2, 8, 3, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(serde_json::Value::from),
            proptest::collection::btree_map(text, inner, 0..4).prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    });
    prop_oneof![
        value.clone(),
        proptest::collection::btree_map(text, value, 0..4).prop_map(|map| serde_json::Value::Object(map.into_iter().collect()))
    ]
}

proptest! {
    /// What the command writes it reads again, whatever the items are, and nothing in it counts as a correction.
    #[test]
    fn any_items_come_back_unchanged(items in proptest::collection::vec(any_item(), 1..5), raw: bool, bom: bool) {
        let items: Vec<(u64, String)> = items.iter().map(serde_json::Value::to_string).enumerate().map(|(place, item)| (place as u64, item)).collect();
        let items: Vec<(u64, &str)> = items.iter().map(|(index, item)| (*index, item.as_str())).collect();
        let file = downloaded(&items, if raw { csv::Cells::Raw } else { csv::Cells::Harmless });
        let file = if bom { format!("\u{feff}{file}") } else { file };
        prop_assert_eq!(changes(&file, ".csv", &items), Ok(vec![]), "{}", file);
    }
}

#[test]
fn a_changed_cell_becomes_what_its_value_was() {
    let mend = |item: &str, from: &str, to: &str| {
        let items = [(0, r#"{"t":"x","n":1,"b":true,"o":{"a":1},"z":null}"#), (1, item)];
        let file = downloaded(&items, csv::Cells::Harmless).replace(from, to);
        changes(&file, ".csv", &items).map(|changes| changes.into_iter().map(|(_, item)| item).collect::<Vec<_>>().join(" "))
    };
    for (item, from, to, expected) in [
        (r#"{"t":"bad"}"#, "bad", "007", r#"{"t":"007"}"#),
        (r#"{"t":"bad","k":1}"#, "bad", "", r#"{"t":"","k":1}"#),
        (r#"{"n":77}"#, "77", "7.50", r#"{"n":7.50}"#),
        (r#"{"n":77}"#, "77", "", "{}"),
        (r#"{"n":77}"#, "77", "\"\"\"7,5\"\"\"", r#"{"n":"7,5"}"#),
        (r#"{"n":77}"#, "77", "\"\"\"7\"\"\"", r#"{"n":"7"}"#),
        (r#"{"b":false}"#, "false", "TRUE", r#"{"b":true}"#),
        (r#"{"o":[8]}"#, "[8]", "[9]", r#"{"o":[9]}"#),
        (r#"{"t":"bad"}"#, "bad", "'=A1", r#"{"t":"=A1"}"#),
        ("88", "88", "89", "89"),
    ] {
        assert_eq!(mend(item, from, to).as_deref(), Ok(expected), "{item} with {to} for {from}");
    }
}

/// Bug found: a number of JSON whose cell got a decimal comma, or `true` that became a word, was sent as a text.
#[test]
fn a_value_that_was_no_text_does_not_become_one_by_accident() {
    let items = [(3, r#"{"n":12.5,"b":true,"o":[1],"z":null}"#), (4, r#"{"n":1,"b":true,"o":[1],"z":7}"#), (5, "8")];
    let given = |row: &str| changes(&format!("_index,n,b,o,z,_item\n{row}\n"), ".csv", &items).unwrap_err();
    for (row, expected) in [
        ("3,\"13,5\",true,[1],,", "line 2, column 1: its \"n\" is now \"13,5\", but it was \"12.5\": write 13.5; to send it as a text"),
        ("3,many,true,[1],,", "write a number such as 13.5"),
        ("3,12.5,no,[1],,", "its \"b\" is now \"no\", but it was \"true\": write true or false"),
        ("3,12.5,true,1;2,,", "its \"o\" is now \"1;2\", but it was \"[1]\": write it as JSON"),
        ("3,12.5,true,[1],x,", "its \"z\" is now \"x\", but it was \"null\""),
        ("5,,,,,x", "its \"_item\" is now \"x\", but it was \"8\""),
    ] {
        let error = given(row);
        assert!(error.contains(expected), "{row}: {error}");
    }
}

#[test]
fn without_failures_there_is_nothing_to_retry() {
    let error = changes("_index,a\n3,x\n", ".csv", &[]).unwrap_err();
    assert!(error.contains("there is nothing to retry with new values"), "{error}");
}

#[test]
fn a_member_that_was_missing_takes_the_columns_kind() {
    let items = [(0, r#"{"a":1,"t":"x"}"#), (1, r#"{"z":"q"}"#)];
    let row = |row: &str| changes(&format!("_index,_id,_error,a,t,z\r\n{row}\r\n"), ".csv", &items);
    assert_eq!(row("1,,,5,07,q"), Ok(vec![(1, r#"{"z":"q","a":5,"t":"07"}"#.to_owned())]));
    assert_eq!(row("1,,,,,q"), Ok(vec![]));
}

/// Bug found: where no failed item has a value, a number became a text.
#[test]
fn a_column_of_nulls_takes_json() {
    let items = [(0, r#"{"a":null,"b":1}"#), (1, r#"{"a":null,"b":1}"#), (2, "null")];
    for (cell, expected) in [
        ("5", r#"{"a":5,"b":1}"#),
        ("TRUE", r#"{"a":true,"b":1}"#),
        ("[1]", r#"{"a":[1],"b":1}"#),
        ("007", r#"{"a":"007","b":1}"#),
        ("Z\u{fc}rich", "{\"a\":\"Z\u{fc}rich\",\"b\":1}"),
        (r#""""5""""#, r#"{"a":"5","b":1}"#),
    ] {
        let given = changes(&format!("_index,a,b,_item\n1,{cell},1,\n2,,,null\n"), ".csv", &items);
        assert_eq!(given, Ok(vec![(1, expected.to_owned())]), "{cell}");
    }
    assert_eq!(changes("_index,a,b,_item\n2,,,8\n", ".csv", &items), Ok(vec![(2, "8".to_owned())]));
}

/// Bug found: a row that nobody had changed took back the new value that its item had got on the page.
#[test]
fn a_row_that_was_not_changed_leaves_an_earlier_correction() {
    let line = |index: u64| {
        format!("{{\"index\":{index},\"id\":null,\"message\":\"no\",\"corrected\":{},\"item\":{{\"a\":\"x\"}}}}\n", index != 9)
    };
    let failed = Records::of_lines(&[3, 5, 7, 9].map(line).concat()).unwrap();
    let given = |replace| {
        let (_path, source) = source("_index,a\n3,x\n5,y\n9,x\n", ".csv");
        let changes = CorrectedRows::read(source).unwrap().changes(&failed, None, replace).unwrap();
        let values: Vec<_> = changes.values.iter().map(|value| (value.index, value.item.get().to_owned())).collect();
        (values, changes.kept)
    };
    let (x, y) = (r#"{"a":"x"}"#.to_owned(), r#"{"a":"y"}"#.to_owned());
    assert_eq!(given(false), (vec![(5, y.clone())], 2));
    assert_eq!(given(true), (vec![(3, x), (5, y)], 1));
}

/// Bug found: a table of many failures downloaded over HTTP was refused for its column `_item`.
#[test]
fn a_table_from_the_api_is_taken_too() {
    let items = [(3, r#"{"a":"x","b":1}"#), (5, r#"{"a":"y","late":"z","b":2}"#), (7, "[1]")];
    let mend = |rows: &str| changes(&format!("_index,_id,_error,a,b,_item\r\n{rows}"), ".csv", &items);
    let late = r#""{""late"":""z""}""#;
    assert_eq!(mend(&format!("3,,no,x,1,\r\n5,,no,y,2,{late}\r\n7,,no,,,[1]\r\n")), Ok(vec![]));
    assert_eq!(mend("3,,no,w,1,\r\n"), Ok(vec![(3, r#"{"a":"w","b":1}"#.to_owned())]));
    assert_eq!(mend(r#"5,,no,y,2,"{""late"":""q""}""#), Ok(vec![(5, r#"{"a":"y","b":2,"late":"q"}"#.to_owned())]));
    assert_eq!(mend("7,,no,,,[2]\r\n"), Ok(vec![(7, "[2]".to_owned())]));
    for (rows, expected) in [
        ("5,,no,y,2,\r\n", "line 2, column 1: its \"late\" is neither in a column of its own nor in _item"),
        ("3,,no,x,1,7\r\n", "line 2, column 1: its column _item is no JSON object"),
        ("7,,no,,5,[1]\r\n", "line 2, column 1: the item is no object, so it has no \"b\""),
    ] {
        let error = mend(rows).unwrap_err();
        assert!(error.contains(expected), "{rows:?}: {error}");
    }
    let without = changes("_index,a,_item\r\n3,x,\r\n", ".csv", &items).unwrap_err();
    assert!(without.contains("its \"b\" is neither in a column"), "a removed column is no removed value: {without}");
}

#[test]
fn every_error_comes_before_anything_is_sent_and_names_its_line() {
    let items = [(3, r#"{"a":"x"}"#), (5, r#"{"a":"y"}"#)];
    for (file, expected) in [
        ("_index,a\n3,z\n4,z\n", "line 3, column 1: item 4 is not among the failed items"),
        ("_index,a\n3,z\n\n3,w\n", "line 4, column 1: item 3 is also in line 2"),
        ("_index,a\n3,z\nx,w\n", "line 3, column 1: its _index is \"x\""),
        ("_index,a\n3.0,z\n", "its _index is \"3.0\""),
        ("index,a\n3,z\n", "there is no column _index"),
        ("_index,b\n3,z\n", "there is a column \"b\""),
        ("_index,_error\n3,z\n", "the column \"a\" is missing"),
        ("_index;a\n3;z\n", "--delimiter ';'"),
        ("_index,a\n", "it has no rows"),
        ("_index,a\n3,z,w\n", "line 2, column 1: 3 cells"),
    ] {
        let error = changes(file, ".csv", &items).unwrap_err();
        assert!(error.contains(expected), "{file:?}: {error}");
    }
    let item = text_of(ITEM_BYTES_MAX + 1);
    for (file, expected) in [
        (r#"{"index":3}"#, "a row must be"),
        (r#"{"index":"3","item":1}"#, "a row must be"),
        (&format!("{{\"index\":3,\"item\":{item}}}"), "larger than"),
    ] {
        let error = changes(file, ".ndjson", &items).unwrap_err();
        assert!(error.contains("line 1, column 1") && error.contains(expected), "{file:.60}: {error}");
    }
}

/// A JSON text of that many bytes.
fn text_of(bytes: usize) -> String {
    format!("\"{}\"", "x".repeat(bytes - 2))
}

/// Bug found: the limits for an item were applied to its whole row, so an item near them could not be corrected.
#[test]
fn an_item_at_its_limits_can_be_corrected() {
    let deep = "[".repeat(ITEM_DEPTH_MAX) + &"]".repeat(ITEM_DEPTH_MAX);
    for item in [text_of(ITEM_BYTES_MAX), deep] {
        let row = format!("{{\"index\":3,\"id\":null,\"code\":\"{}\",\"item\":{item}}}", "no ".repeat(300));
        assert_eq!(changes(&(row.clone() + "\n"), ".ndjson", &[(3, "1")]), Ok(vec![(3, item.clone())]));
        assert_eq!(changes(&format!("[{row}]"), ".json", &[(3, "1")]), Ok(vec![(3, item)]));
    }
    let object = format!("{{\"a\":{}}}", text_of(ITEM_BYTES_MAX - "{\"a\":}".len()));
    let written = downloaded(&[(3, &object)], csv::Cells::Raw);
    let mended = object.replacen('x', "y", 1);
    assert_eq!(changes(&written.replacen("xx", "yx", 1), ".csv", &[(3, &object)]), Ok(vec![(3, mended)]));
}

#[test]
fn ndjson_is_taken_as_it_is() {
    let items = [(3, r#"{"a":"x"}"#), (5, r#"{"a":"y"}"#)];
    let file = "{\"index\":5,\"item\":{\"a\": 1.0}}\n{\"index\":3,\"id\":null,\"kind\":\"Permanent\",\"item\":{\"a\":\"x\"}}\n";
    assert_eq!(changes(file, ".ndjson", &items), Ok(vec![(5, "{\"a\": 1.0}".to_owned())]));
}
