//! Which items a file gives which new values.

use std::io::Write as _;

use proptest::prelude::*;

use super::*;

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
];

#[test]
fn what_is_not_changed_keeps_its_json() {
    for written in [csv::Cells::Harmless, csv::Cells::Raw] {
        let file = downloaded(ITEMS, written);
        assert_eq!(changes(&file, ".csv", ITEMS), Ok(vec![]), "{file}");
        // As a spreadsheet saves it again.
        let saved = format!("\u{feff}{}", file.replace("\r\n", "\n").replace(",true,", ",TRUE,").replace("1.0e2", "100"));
        assert_eq!(changes(&saved, ".csv", ITEMS), Ok(vec![]), "{saved}");
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
