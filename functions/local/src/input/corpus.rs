//! Files written by others: csv-spectrum, and a corpus of damaged files from practice. Each is read exactly, or refused
//! with its place.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{InputError, Source};

/// csv-spectrum's files that are not CSV by RFC 4180: a cell has a quote but does not begin with one.
const REFUSED_BY_CHOICE: [&str; 1] = ["location_coordinates"];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn read(path: &Path) -> Result<(Vec<Value>, u64), InputError> {
    let opened = Source::of(path, None, None, None).unwrap().open()?;
    let (mut items, mut item, mut all) = (opened.first()?, Vec::new(), Vec::new());
    while items.next(&mut item)?.is_some() {
        all.push(serde_json::from_slice(&item).unwrap());
    }
    Ok((all, items.skipped_rows()))
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn csv_spectrum_is_read_as_its_authors_read_it() {
    let names = std::fs::read_dir(folder("csv-spectrum/csvs")).unwrap().map(|entry| entry.unwrap().path());
    let mut seen = 0;
    for path in names.filter(|path| path.extension().is_some_and(|extension| extension == "csv")) {
        let name = path.file_stem().unwrap().to_str().unwrap();
        seen += 1;
        if REFUSED_BY_CHOICE.contains(&name) {
            let error = read(&path).unwrap_err().to_string();
            assert!(error.starts_with("line 2, column 22: a quote in a cell"), "{name}: {error}");
            continue;
        }
        let (items, _) = read(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(Value::from(items), json(&folder("csv-spectrum/json").join(name).with_extension("json")), "{name}");
    }
    assert_eq!(seen, 12);
}

#[test]
fn the_corpus_is_read_exactly_or_refused_with_line_and_remedy() {
    let expected = json(&folder("corpus/expected.json"));
    for (name, expected) in expected.as_object().unwrap() {
        let read = read(&folder("corpus").join(name));
        match (read, &expected["refused"]) {
            (Ok((items, skipped)), Value::Null) => {
                assert_eq!(skipped, expected["skippedRows"].as_u64().unwrap_or(0), "{name}");
                if let Some(count) = expected["itemsCount"].as_u64() {
                    assert_eq!(items.len() as u64, count, "{name}");
                } else {
                    assert_eq!(Value::from(items), expected["items"], "{name}");
                }
            }
            (Err(InputError::At { place, what }), refused) if refused.is_object() => {
                assert_eq!(refused["line"], place.line, "{name}: {what}");
                assert!(what.contains(refused["says"].as_str().unwrap()), "{name}: {what}");
            }
            (read, _) => panic!("{name}: {read:?}"),
        }
    }
}
