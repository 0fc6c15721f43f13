//! Any table and any JSON is read as the csv crate and serde_json read it.

use headway_api::json;
use headway_core::limits::ITEM_DEPTH_MAX;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::value::RawValue;

use super::*;

fn csv_by(delimiter: &str) -> Reading {
    Reading { delimiter: Delimiter::parse(delimiter).unwrap(), ..CSV }
}

fn in_encoding(reading: Reading, name: &str) -> Reading {
    Reading { encoding: Some(NamedEncoding::parse(name).unwrap()), ..reading }
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

/// What serde_json returns for the whole text, if a job accepts each element.
fn reference(text: &[u8]) -> Option<Vec<String>> {
    let elements: Vec<&RawValue> = serde_json::from_slice(text).ok()?;
    elements.iter().try_for_each(|element| json::check(element.get(), ITEM_DEPTH_MAX)).ok()?;
    let text = |element: &&RawValue| element.get().replace(['\n', '\r'], " ");
    (!text_has_nul(&elements)).then(|| elements.iter().map(text).collect())
}

fn text_has_nul(elements: &[&RawValue]) -> bool {
    elements.iter().any(|element| element.get().contains('\0'))
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,6}[\"\\\\,\\]\\[{}]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-z\",\\]]{0,3}", inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// The cells of each item, by the names `a`, `b` and `c`.
fn cells(items: &[String]) -> Vec<Vec<String>> {
    let object = |item: &String| serde_json::from_str::<serde_json::Map<String, Value>>(item).unwrap();
    items.iter().map(object).map(|item| ["a", "b", "c"].map(|key| item[key].as_str().unwrap().to_owned()).to_vec()).collect()
}

proptest! {
    #[test]
    fn any_table_is_read_back_unchanged(
        rows in proptest::collection::vec(proptest::collection::vec("\\PC{0,5}[\",;\t\n\r]{0,2}", 3), 0..12),
        step in 1usize..50,
        delimiter in prop_oneof![Just(","), Just(";"), Just("tab")],
        terminator in prop_oneof![Just(csv::Terminator::CRLF), Just(csv::Terminator::Any(b'\n')), Just(csv::Terminator::Any(b'\r'))],
        utf16le: bool,
    ) {
        let reading = csv_by(delimiter);
        let mut writer = csv::WriterBuilder::new().delimiter(reading.delimiter.byte()).terminator(terminator).from_writer(Vec::new());
        writer.write_record(["a", "b", "c"]).unwrap();
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let mut data = writer.into_inner().unwrap();
        if utf16le {
            data = [&b"\xff\xfe"[..], &utf16(&String::from_utf8(data).unwrap(), u16::to_le_bytes)].concat();
        }
        let (items, skipped) = read_all(&data, &reading, step).unwrap();
        let full: Vec<Vec<String>> = rows.iter().filter(|row| row.iter().any(|cell| !cell.is_empty())).cloned().collect();
        prop_assert_eq!(skipped as usize, rows.len() - full.len());
        prop_assert_eq!(cells(&items), full);
    }

    /// Strictness only refuses: what is accepted is read like a lenient reader reads it.
    #[test]
    fn what_is_read_is_what_the_csv_crate_reads(text in "(a,b,c\n)[ab\",\n\r]{0,24}", step in 1usize..9) {
        if let Ok((items, _)) = read_all(&text, &CSV, step) {
            let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
            let rows: Vec<Vec<String>> = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
            let full: Vec<Vec<String>> = rows.into_iter().filter(|row| row.iter().any(|cell| !cell.is_empty())).collect();
            prop_assert_eq!(cells(&items), full, "{}", text);
        }
    }

    #[test]
    fn any_array_is_read_as_serde_json_reads_it(values in proptest::collection::vec(value(), 0..8), pretty: bool, step in 1usize..40) {
        let write = if pretty { serde_json::to_vec_pretty } else { serde_json::to_vec };
        let text = write(&values).unwrap();
        prop_assert_eq!(read_all(&text, &JSON, step).unwrap().0, reference(&text).unwrap());
    }

    #[test]
    fn any_lines_are_read_as_serde_json_reads_them(values in proptest::collection::vec(value(), 2..8), crlf: bool, step in 1usize..40) {
        let lines: Vec<String> = values.iter().map(|value| serde_json::to_string(value).unwrap()).collect();
        let text = lines.join(if crlf { "\r\n" } else { "\n" });
        prop_assert_eq!(read_all(&text, &NDJSON, step).unwrap().0, lines);
    }

    #[test]
    fn what_serde_json_refuses_is_refused(text in "[\\[\\]{},:\"\\\\ \n1a0.-]{0,24}", step in 1usize..9) {
        let text = format!("[{text}");
        for text in [text.clone(), format!("{text}]"), format!("{text}\"]")] {
            prop_assert_eq!(read_all(&text, &JSON, step).ok().map(|read| read.0), reference(text.as_bytes()), "{}", text);
        }
    }

    #[test]
    fn damaged_arrays_are_judged_as_serde_json_judges_them(
        values in proptest::collection::vec(value(), 0..5), at: prop::sample::Index, byte in 1u8..,
    ) {
        let mut text = serde_json::to_vec(&values).unwrap();
        let at = at.index(text.len());
        text[at] = byte;
        prop_assert_eq!(read_all(&text, &JSON, 7).ok().map(|read| read.0), reference(&text));
    }

    /// Any bytes are read or refused, and a place is inside the text.
    #[test]
    fn no_bytes_are_too_strange(data in proptest::collection::vec(any::<u8>(), 0..60), step in 1usize..9) {
        for reading in [CSV, NDJSON, JSON, csv_by(";"), in_encoding(CSV, "shift_jis"), in_encoding(NDJSON, "utf-16le")] {
            if let Err(InputError::At { place, .. }) = read_all(&data, &reading, step) {
                prop_assert!(place.line as usize <= data.len() + 1 && place.column as usize <= data.len() + 1);
            }
        }
    }
}
