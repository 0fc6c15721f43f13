//! Mending an import: the bad rows are downloaded, corrected, and only they run again.

use headway_testkit::home::Home;

use crate::{counts, submit};

const ROWS: usize = 1_000;

/// A row in 33 has a price that is no number: 3 %.
fn is_bad(row: usize) -> bool {
    row % 33 == 7
}

fn prices() -> String {
    let row =
        |row: usize| format!("{row:05},\"Part, no. {row}\",{}\n", if is_bad(row) { "\"12,50\"".to_owned() } else { format!("{row}.25") });
    "sku,name,price\n".to_owned() + &(0..ROWS).map(row).collect::<String>()
}

const SCHEMA: &str = r#"{"schema": {"type": "object", "required": ["sku", "price"],
    "properties": {"sku": {"type": "string"}, "name": {"type": "string"}, "price": {"type": "number"}}}}"#;

/// Bug it would find: the advice to mend items and retry them ran the same bad values again.
#[test]
fn bad_rows_are_corrected_in_a_table_and_only_they_run_again() {
    let home = Home::new();
    let server = home.serve(&["--data", "data"]);
    let (file, schema) = (home.file("prices.csv", prices()), home.file("schema.json", SCHEMA));
    let job = server.json(&home, &submit(&file, &schema, &["--tolerate", "10%", "--id-field", "sku"]));
    let (id, bad) = (job["id"].as_str().unwrap(), (0..ROWS).filter(|row| is_bad(*row)).count() as u64);
    assert_eq!(counts(&job), [ROWS as u64, ROWS as u64 - bad, bad, 0]);

    let table = server.run(&home, &["failures", id, "--columns", "items"]).stdout;
    assert_eq!(table.lines().next(), Some("_index,_id,_error,sku,name,price"));
    assert!(table.contains("\"Part, no. 7\",\"12,50\"\r\n"), "{table}");
    assert_eq!(table.lines().count() as u64, 1 + bad);

    // What is wrong with the file is said before anything is sent.
    let wrong = home.file("wrong.csv", table.replacen("\r\n7,", "\r\n8,", 1));
    let refused = server.run(&home, &["retry", id, "--with", &wrong]);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stderr.contains("line 2, column 1: item 8 is not among the failed items"), "{}", refused.stderr);
    assert_eq!(server.json(&home, &["status", id])["round"], 1);

    // As a spreadsheet saves it, with one row left out.
    let kept: Vec<&str> = table.split_inclusive("\r\n").enumerate().filter(|(n, _)| *n != 2).map(|(_, row)| row).collect();
    let mended = format!("\u{feff}{}", kept.concat().replace(",\"12,50\"\r\n", ",12.50\r\n").replace("\r\n", "\n"));
    let mended = home.file("bad.csv", mended);
    let retried = server.run(&home, &["retry", id, "--with", &mended]);
    assert_eq!(retried.code, Some(0), "{retried:?}");
    assert!(retried.stderr.contains(&format!("{} of {bad} failed items run again with their new values, the other 1 as it was", bad - 1)));
    assert_eq!(server.run(&home, &["watch", id]).code, Some(0));
    let job = server.json(&home, &["status", id]);
    assert_eq!(counts(&job), [ROWS as u64, ROWS as u64 - 1, 1, 0]);
    assert_eq!(job["rounds"][1]["processedItems"], bad - 1, "only the failed items ran: {job}");
    assert!(server.run(&home, &["status", id]).stdout.contains("round 1"), "the rounds are shown");

    let results = server.run(&home, &["results", id, "--columns", "outputs"]).stdout;
    assert_eq!(results.lines().next(), Some("_index,_id,sku,name,price"));
    assert_eq!(results.lines().count(), ROWS, "every row but the one that was left out");
    assert!(results.contains("\r\n7,00007,00007,\"Part, no. 7\",12.50\r\n"), "the leading zeros are there");
}
