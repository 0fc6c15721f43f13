//! A measurement rather than a test: how much memory `serve` and `submit` need for files of several sizes. By hand:
//! `cargo test --workspace --features embedded --test local -- --ignored --nocapture memory`, with
//! `HEADWAY_MEMORY_ROWS=30000,300000,3000000` for other sizes.

use std::fs;
use std::io::{BufWriter, Write};
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{counts, planes_schema, submit};
use headway_testkit::home::{Home, ended, example};

/// Rows of the files, unless `HEADWAY_MEMORY_ROWS` says otherwise.
const ROWS: &str = "30000,300000";
/// From the second size on, the server's peak may be this much above the first's, in MB: for four parts in flight and
/// the stores' caches, and nothing for each row.
const GROWTH_MAX_MB: u64 = 150;
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The most memory that one size took.
#[derive(Debug)]
struct Measured {
    serve_peak_mb: u64,
    submit_peak_mb: u64,
}

#[test]
#[ignore = "measures for a minute and more; see the head of the file"]
fn memory_does_not_grow_with_the_rows() {
    let sizes = std::env::var("HEADWAY_MEMORY_ROWS").unwrap_or_else(|_| ROWS.to_owned());
    let measured: Vec<Measured> = sizes.split(',').map(|rows| measure(rows.trim().parse().unwrap())).collect();
    let (first, rest) = measured.split_first().unwrap();
    for one in rest {
        assert!(one.serve_peak_mb <= first.serve_peak_mb + GROWTH_MAX_MB, "serve grows with its rows: {measured:?}");
        assert!(one.submit_peak_mb <= first.submit_peak_mb + GROWTH_MAX_MB, "submit grows with its rows: {measured:?}");
    }
}

fn measure(rows: u64) -> Measured {
    let home = Home::new();
    let server = home.serve(&["--data", "data"]);
    let (failed, schema) = (planes(&home, rows), planes_schema());
    let began = Instant::now();
    let mut client = server.client(&home, &submit("rows.csv", &schema, &["--tolerate", "100%", "--json"])).spawn().unwrap();
    let mut submit_peak_mb = 0;
    while client.try_wait().unwrap().is_none() {
        submit_peak_mb = peak_mb(&client).unwrap_or(submit_peak_mb);
        std::thread::sleep(LOOK_EVERY);
    }
    let seconds = began.elapsed().as_secs_f64();
    let submitted = ended(client);
    let job: Value = serde_json::from_str(submitted.stdout.trim()).unwrap_or_else(|_| panic!("{submitted:?}"));
    assert_eq!(counts(&job), [rows, rows - failed, failed, 0], "{job}");
    let data_mb = fs::read_dir(home.path().join("data")).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum::<u64>() >> 20;
    let serve_peak_mb = peak_mb(&server.serving.child).unwrap();
    println!("{rows} rows in {seconds:.1} s: serve {serve_peak_mb} MB, submit {submit_peak_mb} MB, files {data_mb} MB");
    Measured { serve_peak_mb, submit_peak_mb }
}

/// `examples/planes.csv` repeated as `rows.csv`. Returns how many rows have no year.
fn planes(home: &Home, rows: u64) -> u64 {
    let text = fs::read_to_string(example("planes.csv")).unwrap();
    let (header, body) = text.split_once('\n').unwrap();
    let mut file = BufWriter::new(fs::File::create(home.path().join("rows.csv")).unwrap());
    writeln!(file, "{header}").unwrap();
    let mut failed = 0;
    for row in body.lines().cycle().take(usize::try_from(rows).unwrap()) {
        failed += u64::from(row.split(',').nth(1) == Some("NA"));
        writeln!(file, "{row}").unwrap();
    }
    file.flush().unwrap();
    failed
}

/// The most memory that a process has used so far, as reported by Linux; `None` once it has ended.
pub(crate) fn peak_mb(process: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() >> 10)
}
