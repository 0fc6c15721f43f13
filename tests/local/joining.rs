//! Results joined to the file that was submitted: each row with what became of it.

use headway_testkit::home::{Ended, Home};
use headway_testkit::server::Server;
use serde_json::Value;

use crate::submit;

/// A price that is no number is a failure.
const SCHEMA: &str = r#"{"schema": {"type": "object", "properties": {"price": {"type": "number"}}}}"#;

fn prices(rows: usize, bad: impl Fn(usize) -> bool) -> String {
    let row =
        |row: usize| format!("{row:05},\"Part, no. {row}\",{}\n", if bad(row) { "\"12,50\"".to_owned() } else { format!("{row}.25") });
    "sku,name,price\n".to_owned() + &(0..rows).map(row).collect::<String>()
}

fn joined(home: &Home, server: &Server, id: &str, file: &str, more: &[&str]) -> Ended {
    server.run(home, &[&["results", id, "--join", file][..], more].concat())
}

/// The whole way: each row has its outcome, before and after it was corrected.
#[test]
fn each_row_has_its_outcome_and_says_whether_it_was_corrected() {
    let home = Home::new();
    let server = home.serve(&["--data", "data"]);
    let (file, schema) = (home.file("prices.csv", prices(600, |row| row == 7 || row == 300)), home.file("schema.json", SCHEMA));
    let job = server.json(&home, &submit(&file, &schema, &["--tolerate", "10%", "--chunk-size", "50"]));
    let id = job["id"].as_str().unwrap();
    let table = joined(&home, &server, id, &file, &[]);
    assert_eq!(table.code, Some(0), "{table:?}");
    assert!(table.stderr.contains("600 rows: 598 Processed, 2 Failed"), "{}", table.stderr);
    let rows: Vec<&str> = table.stdout.split("\r\n").collect();
    assert_eq!(rows[0], "_index,sku,name,price,_status,_correction,_kind,_code,_error,_attempts,output.sku,output.name,output.price");
    assert_eq!(rows[1], "0,00000,\"Part, no. 0\",0.25,Processed,,,,,,00000,\"Part, no. 0\",0.25");
    assert!(rows[8].starts_with("7,00007,\"Part, no. 7\",\"12,50\",Failed,,Permanent,/price type,"), "{}", rows[8]);
    assert_eq!((rows.len(), rows[601]), (602, ""));

    let corrected = home.file("bad.ndjson", "{\"index\":7,\"item\":{\"sku\":\"00007\",\"price\":\"12.50\"}}\n");
    assert_eq!(server.run(&home, &["retry", id, "--with", &corrected]).code, Some(0));
    assert_eq!(server.run(&home, &["watch", id]).code, Some(0));
    let lines = joined(&home, &server, id, &file, &["--format", "ndjson"]).stdout;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 600);
    let of = |row: usize| {
        let line = &lines[row];
        let text = |name: &str| line[name].as_str().unwrap_or("-").to_owned();
        format!(
            "{} {} {} {} {} {}",
            line["index"],
            line["line"],
            text("status"),
            text("correction"),
            line["item"]["price"],
            line["output"]["price"]
        )
    };
    assert_eq!(of(7), "7 9 Processed Used \"12,50\" 12.5");
    assert_eq!(of(300), "300 302 Failed - \"12,50\" null");
    assert_eq!(of(599), "599 601 Processed - \"599.25\" 599.25");
}

/// A file that is not the submitted one is refused with the place, and nothing is printed.
#[test]
fn another_file_is_refused_with_the_place() {
    let home = Home::new();
    let server = home.serve(&["--data", "data"]);
    let text = prices(300, |_| false);
    let (file, schema) = (home.file("prices.csv", &text), home.file("schema.json", SCHEMA));
    let id = server.json(&home, &submit(&file, &schema, &["--id-field", "sku"]))["id"].as_str().unwrap().to_owned();
    for (name, other, says) in [
        ("edited.csv", text.replace("no. 200", "no. 2OO"), "edited.csv: the row on line 202 (item 200) differs from what was submitted"),
        ("shorter.csv", prices(299, |_| false), "shorter.csv: the file ends after 299 items, but the job has 300"),
        ("longer.csv", prices(301, |_| false), "longer.csv: the row on line 302 is one too many: the job has 300 items"),
        ("renamed.csv", text.replace("name", "nam"), "renamed.csv: the row on line 2 (item 0) differs from what was submitted"),
        ("ragged.csv", text.clone() + "1,2\n", "ragged.csv: line 302, column 1: 2 cells, but the header row has 3"),
    ] {
        let refused = joined(&home, &server, &id, &home.file(name, other), &[]);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{refused:?}");
        assert!(refused.stderr.contains(says), "{says}: {}", refused.stderr);
    }
    // On another machine, where nobody knows the rows that were sent.
    std::fs::remove_dir_all(home.path().join(".local/state/headway/submitted")).unwrap();
    let edited = joined(&home, &server, &id, &home.file("edited.csv", text.replace("no. 200", "no. 2OO")), &[]);
    assert!(edited.stderr.contains("a row from line 2 to line 301 (items 0 to 299) differs"), "{edited:?}");
    // By id, other rows in another order.
    let rows: Vec<&str> = text.lines().collect();
    let other = home.file("other.csv", format!("sku,note\n{},x\nnew,y\n{},z\n", &rows[300][..5], &rows[1][..5]));
    let by_id = joined(&home, &server, &id, &other, &["--id-field", "sku", "--cells", "raw", "--bom"]);
    assert_eq!(by_id.code, Some(0), "{by_id:?}");
    assert_eq!(
        by_id.stdout,
        "\u{feff}_index,sku,note,_status,_correction,_kind,_code,_error,_attempts,output.sku,output.name,output.price\r\n\
         299,00299,x,Processed,,,,,,00299,\"Part, no. 299\",299.25\r\n,new,y,NotFound,,,,,,,,\r\n0,00000,z,Processed,,,,,,00000,\"Part, no. 0\",0.25\r\n"
    );
    let strangers = home.file("strangers.csv", "sku,note\n7,x\n8,y\n");
    for (file, field, code, says) in [
        (&other, "note", 2, "the job's ids are in \"sku\", not in \"note\": give --id-field \"sku\""),
        (&strangers, "sku", 1, "no row's \"sku\" is the id of an item of the job"),
    ] {
        let refused = joined(&home, &server, &id, file, &["--id-field", field]);
        assert!(refused.code == Some(code) && refused.stdout.is_empty() && refused.stderr.contains(says), "{refused:?}");
    }
}

/// Read as it was for the submission: its delimiter and its encoding. What was not sent, or never ran, says so.
#[test]
fn files_are_read_as_submit_reads_them_and_what_did_not_run_is_marked() {
    let home = Home::new();
    let server = home.serve(&["--data", "data"]);
    let schema = home.file("schema.json", SCHEMA);
    let latin = home.file("latin.csv", b"name;price\nB\xfccher;1\n\nK\xe4se;x\n");
    let read = ["--delimiter", ";", "--encoding", "latin1"];
    let job = server.json(&home, &submit(&latin, &schema, &[&read[..], &["--tolerate", "9"]].concat()));
    let table = joined(&home, &server, job["id"].as_str().unwrap(), &latin, &read);
    assert!(table.stdout.contains("\r\n0,Bücher,1,Processed,,,,,,Bücher,1\r\n1,Käse,x,Failed,,Permanent,"), "{table:?}");
    assert!(table.stderr.contains("1 row is empty in every column and was skipped"), "{}", table.stderr);

    let array = home.file("rows.json", "[{\"price\": 1,\n \"a\": 2}, 7, {\"_status\": \"mine\"}]");
    let job = server.json(&home, &submit(&array, &schema, &["--tolerate", "9"]));
    let table = joined(&home, &server, job["id"].as_str().unwrap(), &array, &["--format", "csv"]);
    let expected = "_index,price,a,_status,_item,__status,_correction,";
    assert!(table.stdout.starts_with(expected) && table.stdout.contains("\r\n1,,,,7,Failed,"), "{table:?}");

    // An output that is null is no missing output.
    let (nulls, not_text) =
        (home.file("nulls.ndjson", "null\n\"text\"\n"), home.file("not_text.json", r#"{"schema": {"not": {"type": "string"}}}"#));
    let job = server.json(&home, &submit(&nulls, &not_text, &["--tolerate", "9"]));
    let lines = joined(&home, &server, job["id"].as_str().unwrap(), &nulls, &[]).stdout;
    let outputs: Vec<_> = lines.lines().map(|line| &line[line.find("\"output\"").unwrap()..]).collect();
    assert_eq!(
        outputs,
        ["\"output\":null,\"hasOutput\":true,\"outputOmitted\":false}", "\"output\":null,\"hasOutput\":false,\"outputOmitted\":false}"]
    );

    // It ends with the first failure, long before all of it has run.
    let early = home.file("early.csv", prices(30_000, |row| row == 3));
    let job = server.json(&home, &submit(&early, &schema, &["--chunk-size", "25"]));
    let lines = joined(&home, &server, job["id"].as_str().unwrap(), &early, &["--format", "ndjson"]).stdout;
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let count = |status: &str| lines.iter().filter(|line| line["status"] == status).count() as u64;
    assert_eq!((lines.len(), &lines[3]["status"]), (30_000, &"Failed".into()));
    let counts = ["Processed", "Failed", "Pending"].map(count);
    assert_eq!(counts, ["processedItems", "failedItems", "pendingItems"].map(|name| job[name].as_u64().unwrap()));
    assert_eq!(count("NotSent"), 30_000 - job["totalItems"].as_u64().unwrap());
}
