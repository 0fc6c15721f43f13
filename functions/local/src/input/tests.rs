//! Many files of every kind: what is accepted is read exactly, and what is refused is refused at its place with advice.

use std::io::{self, Read};

use headway_api::json;
use headway_core::limits::{ITEM_BYTES_MAX, ITEM_DEPTH_MAX};
use proptest::prelude::*;
use serde_json::Value;
use serde_json::value::RawValue;

use super::item::UNENDED_BYTES_MAX;
use super::{Delimiter, Format, InputError, NamedEncoding, Reading, items};

const CSV: Reading = Reading { format: Format::Csv, delimiter: Delimiter::COMMA, encoding: None };
const NDJSON: Reading = Reading { format: Format::Ndjson, ..CSV };
const JSON: Reading = Reading { format: Format::Json, ..CSV };

/// Returns `step` bytes at each read, like a slow pipe.
struct Trickle {
    data: io::Cursor<Vec<u8>>,
    step: usize,
}

impl Read for Trickle {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(self.step);
        self.data.read(&mut buffer[..most])
    }
}

/// All items of a text that arrives `step` bytes at a time, and the number of skipped rows.
fn read_all(data: impl AsRef<[u8]>, reading: &Reading, step: usize) -> Result<(Vec<String>, u64), InputError> {
    let mut items = items(Trickle { data: io::Cursor::new(data.as_ref().to_vec()), step }, reading)?;
    let (mut all, mut item) = (Vec::new(), Vec::new());
    while items.next(&mut item)?.is_some() {
        all.push(String::from_utf8(item.clone()).unwrap());
    }
    Ok((all, items.skipped_rows()))
}

fn read(data: impl AsRef<[u8]>, reading: &Reading) -> Result<(Vec<String>, u64), InputError> {
    let data = data.as_ref();
    let whole = read_all(data, reading, usize::MAX);
    let trickled = read_all(data, reading, 1);
    assert_eq!(format!("{whole:?}"), format!("{trickled:?}"), "the result does not depend on how bytes arrive");
    whole
}

fn refused(data: impl AsRef<[u8]>, reading: &Reading) -> String {
    let data = data.as_ref();
    match read(data, reading) {
        Err(error) => error.to_string(),
        Ok(read) => panic!("{:?} was read: {read:?}", String::from_utf8_lossy(data)),
    }
}

fn csv_by(delimiter: &str) -> Reading {
    Reading { delimiter: Delimiter::parse(delimiter).unwrap(), ..CSV }
}

fn in_encoding(reading: Reading, name: &str) -> Reading {
    Reading { encoding: Some(NamedEncoding::parse(name).unwrap()), ..reading }
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(unit).collect()
}

#[test]
fn csv_that_is_read() {
    for (text, items, skipped) in [
        ("a,b\n1,2\n", &[r#"{"a":"1","b":"2"}"#][..], 0),
        ("z,a b\r\n\"1,\"\"2\"\"\n3\",007\r\n,NA", &[r#"{"z":"1,\"2\"\n3","a b":"007"}"#, r#"{"z":"","a b":"NA"}"#], 0),
        // Line ends: LF, CRLF, CR, and mixed.
        ("a,b\r1,2\r3,4\r", &[r#"{"a":"1","b":"2"}"#, r#"{"a":"3","b":"4"}"#], 0),
        ("a\n1\r\n2\r3\n4", &[r#"{"a":"1"}"#, r#"{"a":"2"}"#, r#"{"a":"3"}"#, r#"{"a":"4"}"#], 0),
        ("a\n\"x\r\ny\rz\n\"\n", &[r#"{"a":"x\r\ny\rz\n"}"#], 0),
        // Rows that are empty in every column.
        ("a,b\n,\n1,2\n\n\"\",\n,x\n\n", &[r#"{"a":"1","b":"2"}"#, r#"{"a":"","b":"x"}"#], 4),
        ("a\n\n1\n\"\"\n\n2\n", &[r#"{"a":"1"}"#, r#"{"a":"2"}"#], 3),
        ("a\r\r\n1\r\n\r\r", &[r#"{"a":"1"}"#], 3),
        ("\n\na,b\n1,2\n", &[r#"{"a":"1","b":"2"}"#], 2),
        // One column, a header alone, no line end at the end.
        ("a,b", &[], 0),
        ("a,b\n1,", &[r#"{"a":"1","b":""}"#], 0),
        ("a\n 1 \n", &[r#"{"a":" 1 "}"#], 0),
        // Values stay as they are; names too.
        ("a,A,a \n=1+1,-0,1e5\n", &[r#"{"a":"=1+1","A":"-0","a ":"1e5"}"#], 0),
        ("\"a;b\"\n1;2\n", &[r#"{"a;b":"1;2"}"#], 0),
        ("é\u{1},\"x\u{feff}\"\n漢\u{2028},\u{1f680}\n", &["{\"é\\u0001\":\"漢\u{2028}\",\"x\u{feff}\":\"\u{1f680}\"}"], 0),
        ("\"a;b\",c\n1;2,3\n", &[r#"{"a;b":"1;2","c":"3"}"#], 0),
        ("a;b,c,d\n1,2,3\n", &[r#"{"a;b":"1","c":"2","d":"3"}"#], 0),
        ("[id],<a>\n1,2\n", &[r#"{"[id]":"1","<a>":"2"}"#], 0),
        ("BM,MZ\n1,2\n", &[r#"{"BM":"1","MZ":"2"}"#], 0),
    ] {
        let read = read(text, &CSV).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!(read, (items.iter().map(|item| (*item).to_owned()).collect(), skipped), "{text:?}");
    }
}

#[test]
fn csv_that_is_refused_at_its_place() {
    for (text, says) in [
        // An unclosed quote.
        ("a,b\n1,\"x\n2,y\n3,z\n", "line 2, column 3: the quote that is opened here is never closed"),
        ("a,b\n1,\"x\"\"\n", "line 2, column 3: the quote"),
        ("a,b\n1,\"", "line 2, column 3: the quote"),
        ("\"a,b\n1,2\n", "line 1, column 1: the quote"),
        // Text after a closing quote.
        ("a,b\n1,\"5\" pipe\n", "line 2, column 6: text after the quote that closes the cell from line 2, column 3"),
        ("a,b\r\n1,\"x\r\ny\"z\r\n", "line 3, column 3: text after the quote that closes the cell from line 2, column 3"),
        ("a,b\n1,\"open\n2,\"def\"\n", "line 3, column 4: text after the quote that closes the cell from line 2, column 3"),
        ("\"a\";\"b\"\n1;2\n", "line 1, column 4: text after"),
        ("\"a\";\"b\"\n", "--delimiter ';'"),
        ("\"a\"\t\"b\"\n", "--delimiter tab"),
        // A quote in a cell without quotes.
        ("a,b\n1,5\" pipe\n", "line 2, column 4: a quote in a cell that does not begin with one"),
        ("a,b\n1, \"x\"\n", "line 2, column 4: a quote"),
        ("é漢,b\n\u{1f680}é\"\n", "line 2, column 3: a quote"),
        // Ragged rows, whatever ends lines.
        ("a,b\n1,2\n3\n", "line 3, column 1: 1 cell, but the header row has 2 cells: add the cells that are missing"),
        ("a,b\r\n1,2,3\r\n", "line 2, column 1: 3 cells, but the header row has 2 cells: put a cell in quotes if `,` belongs to it"),
        ("a\n1,2\n", "line 2, column 1: 2 cells, but the header row has 1 cell: put"),
        ("a,b\r1,2\r3,4,5\r6,7", "line 3, column 1: 3 cells, but"),
        ("a,b\n\"x\r\ry\",2\r\n1,2,3\n", "line 5, column 1: 3 cells, but"),
        ("a,b\n,,\n", "line 2, column 1: 3 cells, but"),
        ("a,b,c\n\"\"\n", "line 2, column 1: 1 cell, but"),
        ("a,b\n\n \n", "line 3, column 1: 1 cell, but"),
        // Header rows.
        ("", "the file is empty: CSV needs a header row"),
        ("\n\r\n", "the file is empty: CSV needs a header row"),
        ("a,b,a\n", "line 1, column 5: two columns are named \"a\""),
        ("a,,c\n", "line 1, column 3: column 2 has no name"),
        ("a,b,\n", "line 1, column 5: column 3 has no name: give it one in the header row, or remove the delimiter at the end"),
        ("a, \t\n", "line 1, column 3: column 2 has no name"),
        ("\n,\na,b\n", "line 2, column 1: column 1 has no name"),
        ("a;b\n1;2\n", "line 1, column 1: the header has one column and contains `;`: give --delimiter ';'"),
        ("a\tb\n", "give --delimiter tab"),
        ("a|b\n", "give --delimiter '|'"),
        // Several columns whose names another delimiter separates.
        ("article;price, net\n1;2,50\n", "line 1, column 1: the header contains `;` at least as often as `,`: give --delimiter ';'"),
        ("a\tb,c\td\n1\t2,3\t4\n", "give --delimiter tab, or --delimiter ',' if it is right as it is"),
        ("a,\u{a0}\u{3000}\n", "line 1, column 3: column 2 has no name"),
        ("a,\u{200b}\n", "line 1, column 3: column 2 has no name"),
        ("sep=;\na;b\n", "`sep=` is Excel's hint"),
        // A space after a closing quote.
        ("a,b\n\"1\" ,2\n", "line 2, column 4: a space after the quote that closes the cell from line 2, column 1: remove the space"),
        ("a,b\n1,\"2\"  \n", "line 2, column 6: a space after the quote"),
        ("a,b\n1,\"2\" ", "line 2, column 6: a space after the quote"),
        // Marks where files were joined.
        ("\u{feff}\u{feff}a\n1\n", "line 1, column 1: a byte-order mark within the file: were two files joined?"),
        ("a,b\n1,2\n\u{feff}a,b\n3,4\n", "line 3, column 1: a byte-order mark"),
        ("a,\u{feff}b\n", "line 1, column 3: a byte-order mark"),
        ("a,b\n1,\"\u{feff}2\"\n", "line 2, column 4: a byte-order mark"),
        // Other formats.
        ("{\"a\":1,\"b\":2}\n", "line 1, column 1: the file looks like JSON, not CSV: use --format ndjson"),
        ("[\n {\"a\":1}]\n", "the file looks like JSON, not CSV: use --format json"),
        ("[1, 2.5]\n", "the file looks like JSON, not CSV: use --format json"),
        ("<div>a</div>\n", "the file looks like HTML or XML"),
        ("\n<!DOCTYPE html><html lang=\"en\">", "the file looks like HTML or XML"),
        ("<?xml version=\"1.0\"?>", "the file looks like HTML or XML"),
        // Not text.
        ("a,b\n1,x\0y\n", "line 2, column 4: a NUL character: remove it, or give the file's encoding"),
        ("a\0", "line 1, column 2: a NUL character"),
        ("a\nb\n\0c\n", "line 3, column 1: a NUL character"),
        ("\0\0\0\0", "line 1, column 1: a NUL character"),
    ] {
        let error = refused(text, &CSV);
        assert!(error.contains(says), "{text:?}: {error}");
    }
}

#[test]
fn other_delimiters_are_named() {
    for (name, text) in [
        (";", "a;b\n1,5;\"2;\"\n"),
        ("tab", "a\tb\n1,5\t\"2;\"\n"),
        ("\\t", "a\tb\n1,5\t2;\n"),
        ("|", "a|b\n1,5|2;\n"),
        (" ", "a b\n1,5 2;\n"),
    ] {
        assert_eq!(read(text, &csv_by(name)).unwrap().0, [r#"{"a":"1,5","b":"2;"}"#], "{name}");
    }
    assert!(refused("a,b\n1,2\n", &csv_by(";")).contains("contains `,`: give --delimiter ','"));
    assert!(refused("\"a\",b\n", &csv_by(";")).contains("--delimiter ','"));
    let named = read("id,size (S|M|L)\n1,S\n", &csv_by(",")).unwrap().0;
    assert_eq!(named, [r#"{"id":"1","size (S|M|L)":"S"}"#], "who names the comma will know");
    for wrong in ["", ",,", "\"", "\n", "\r", "é", "\u{1}", "comma"] {
        assert!(Delimiter::parse(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn text_is_read_in_its_encoding() {
    let (text, item) = ("name\nZürich 漢\n", r#"{"name":"Zürich 漢"}"#);
    let (le, be) = (utf16(text, u16::to_le_bytes), utf16(text, u16::to_be_bytes));
    let marked = |mark: &[u8], data: &[u8]| [mark, data].concat();
    for (data, reading) in [
        (text.as_bytes().to_vec(), CSV),
        (marked(b"\xef\xbb\xbf", text.as_bytes()), CSV),
        (marked(b"\xff\xfe", &le), CSV),
        (marked(b"\xfe\xff", &be), CSV),
        (marked(b"\xff\xfe", &le), in_encoding(CSV, "utf-16le")),
        (marked(b"\xfe\xff", &be), in_encoding(CSV, "utf-16")),
        (le.clone(), in_encoding(CSV, "UTF-16LE")),
        (be.clone(), in_encoding(CSV, "utf-16be")),
        (marked(b"\xef\xbb\xbf", text.as_bytes()), in_encoding(CSV, "utf8")),
        (encoding_rs::GBK.encode(text).0.into_owned(), in_encoding(CSV, "gbk")),
    ] {
        assert_eq!(read(&data, &reading).unwrap().0, [item], "{data:?} {reading:?}");
    }
    assert_eq!(read(b"name\nZ\xfcrich\x80\n", &in_encoding(CSV, "latin1")).unwrap().0, [r#"{"name":"Zürich€"}"#]);
    assert_eq!(read(b"\xff\xfe[\0\x31\0]\0", &JSON).unwrap().0, ["1"]);
    assert_eq!(read(b"\xef\xbb\xbf1\n", &NDJSON).unwrap().0, ["1"]);
}

#[test]
fn what_is_no_text_is_named_as_what_it_is() {
    let utf32 = |unit: fn(u32) -> [u8; 4]| "a,b\n1,2\n".chars().flat_map(|c| unit(c as u32)).collect::<Vec<u8>>();
    let head = |bytes: &[u8]| [bytes, &[0; 300]].concat();
    let tar = [vec![b'a'; 100], vec![0; 157], b"ustar\x0000".to_vec(), vec![0; 247]].concat();
    for (data, says) in [
        (utf16("a,b\n1,2\n", u16::to_le_bytes), "looks like UTF-16LE without a byte-order mark: use --encoding utf-16le"),
        (utf16("a,b\n1,2\n", u16::to_be_bytes), "--encoding utf-16be"),
        (utf32(u32::to_le_bytes), "the file is UTF-32LE"),
        (utf32(u32::to_be_bytes), "the file is UTF-32BE"),
        ([&b"\xff\xfe\0\0"[..], &utf32(u32::to_le_bytes)].concat(), "the file is UTF-32LE"),
        ([&b"\0\0\xfe\xff"[..], &utf32(u32::to_be_bytes)].concat(), "iconv -f UTF-32BE -t UTF-8"),
        (head(b"PK\x03\x04\x14\0\x06\0[Content_Types].xml ... xl/workbook.xml"), "a spreadsheet (xlsx"),
        (head(b"PK\x03\x04\x14\0mimetypeapplication/vnd.oasis.opendocument.spreadsheet"), "a spreadsheet (xlsx"),
        (head(b"PK\x03\x04\x14\0\0\0rows.csv"), "a zip archive"),
        (head(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "an old Office file (xls"),
        (head(b"\x1f\x8b\x08\x00"), "compressed with gzip"),
        (b"%PDF-1.7\n%text alone\n".to_vec(), "a binary file (pdf)"),
        (head(b"\x89PNG\r\n\x1a\n"), "a binary file (png)"),
        (head(b"BZh91AY&SY"), "a binary file (bz2)"),
        (head(b"\x28\xb5\x2f\xfd"), "a binary file (zst)"),
        (head(b"\xfd7zXZ\0"), "a binary file (xz)"),
        (head(b"7z\xbc\xaf\x27\x1c"), "a binary file (7z)"),
        (head(b"SQLite format 3\0"), "a binary file (sqlite)"),
        (head(b"\x7fELF\x02\x01\x01"), "a binary file (elf)"),
        (tar, "a binary file (tar)"),
        (vec![0; 9_000], "line 1, column 1: a NUL character"),
        (b"PAR1\x15\x04\x15\x10\x00\x01".to_vec(), "a binary file (parquet)"),
        (b"ORC\x08\x03\x10\x02".to_vec(), "a binary file (orc)"),
        (b"Obj\x01\x04\x14avro.codec\x08null".to_vec(), "a binary file (avro)"),
        (b"ARROW1\0\0\xff\xff".to_vec(), "a binary file (arrow)"),
        (b"{\\rtf1\\ansi hello}".to_vec(), "a word processor's document (rtf)"),
        // A pickle, zlib, UTF-16 without a mark and without ASCII.
        (b"\x80\x04\x95\x1a\0\0\0\0\0\0\0]\x94(K\x01K\x02e.".to_vec(), "the file does not look like text"),
        (b"x\x9cK\xcbI,\x01\0\x06-\x02\x1c\x93\x11".to_vec(), "the file does not look like text"),
        (utf16(&"\u{8a9e}\u{4e01}".repeat(20), u16::to_le_bytes), "give its encoding, as in --encoding utf-16le"),
    ] {
        for reading in [CSV, NDJSON, JSON] {
            let error = refused(&data, &reading);
            assert!(error.contains(says), "{:?}: {error}", String::from_utf8_lossy(&data[..data.len().min(40)]));
        }
    }
    let random: Vec<u8> = (1..=255).collect();
    assert!(refused(&random, &in_encoding(CSV, "latin1")).contains("does not look like text"), "nor does an encoding make it text here");
    assert!(refused(b"\x1f\x8b\x08\x00\x00", &in_encoding(CSV, "latin1")).contains("gzip"), "an encoding does not make it text");
}

#[test]
fn text_in_another_encoding_is_refused_at_its_place() {
    for (data, reading, says) in [
        (&b"name\nZ\xfcrich\n"[..], CSV, "line 2, column 2: not UTF-8: give the file's encoding, as in --encoding windows-1252"),
        (b"a,b\r1,2\r3,\xe9\r", CSV, "line 3, column 3: not UTF-8"),
        (b"a\n\"\xe6\xbc\xa2\nx\xe6\xbc\"\n", CSV, "line 3, column 2: not UTF-8"),
        (b"name\n\xe6\xbc", CSV, "line 2, column 1: not UTF-8"),
        (b"1\n{\"a\":\"\xff\"}\n", NDJSON, "line 2, column 7: not UTF-8"),
        (b"[1,\n \"\xff\"]", JSON, "line 2, column 3: not UTF-8"),
        (b"a\n\x81\x20\n", in_encoding(CSV, "shift_jis"), "line 2, column 1: not Shift_JIS"),
        (b"\xff\xfea\0\n\0\x00\xd8x\0", CSV, "line 2, column 1: not UTF-16LE"),
        (b"\xff\xfea\0\n\0x", CSV, "line 2, column 1: not UTF-16LE"),
        // UTF-8 before bytes that are not: no encoding reads both.
        (
            "a\né\n\u{fffd}".as_bytes(),
            in_encoding(CSV, "windows-1252"),
            "the file is UTF-8 from beginning to end, but --encoding says windows-1252",
        ),
        ("[\"é\"]".as_bytes(), in_encoding(JSON, "koi8-r"), "but --encoding says KOI8-R: leave --encoding out"),
        (b"a\n\xc3\xa9\n\xe9\n", CSV, "line 3, column 1: not UTF-8, unlike the characters before it"),
        (b"{\"a\":\"\xe2\x82\xac\xe2\x82", NDJSON, "line 1, column 8: the file ends within a character: is it cut off?"),
        (b"\xef\xbb\xbfa\n1\n", in_encoding(CSV, "latin1"), "begins with the byte-order mark of UTF-8, but --encoding says windows-1252"),
        (b"a\0,\0b\0\n\0\x31\0", in_encoding(CSV, "utf-16be"), "the file looks like utf-16le, but --encoding says utf-16be"),
        (b"\0a\0,\0b\0\n\0\x31", in_encoding(CSV, "utf-16"), "the file looks like utf-16be, but --encoding says utf-16le"),
        (b"a\0b\0", in_encoding(CSV, "utf-16be"), "the file looks like utf-16le"),
        (
            "漢字\n".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>().leak(),
            in_encoding(CSV, "utf-16be"),
            "line 1, column 3: a line end with its two bytes swapped: the file is not utf-16be",
        ),
        (b"\x22\x6f\x22\x6f\x22\x6f\r\0", in_encoding(CSV, "utf-16be"), "try --encoding utf-16le"),
        (b"name\nrow\n", in_encoding(CSV, "utf-16le"), "the file looks like UTF-8, but --encoding says utf-16le: leave --encoding out"),
        (b"name\nrow\0 of a text\n", in_encoding(CSV, "utf-16be"), "the file looks like UTF-8"),
        (b"\xff\xfea\0", in_encoding(CSV, "utf-16be"), "begins with the byte-order mark of UTF-16LE"),
    ] {
        let error = refused(data, &reading);
        assert!(error.contains(says), "{:?}: {error}", String::from_utf8_lossy(data));
    }
    for unknown in ["", "utf-32", "klingon", "replacement", "iso-2022-cn"] {
        assert!(NamedEncoding::parse(unknown).is_err(), "{unknown}");
    }
}

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
        ("1 2\n", "put one value on each line, or use --format json"),
        (
            "1\n{\"é\":\"\\ud800\"}\n",
            r"line 2, column 7: not JSON that a job accepts (\ud800 is half of a character, without its other half",
        ),
        (r#"{"a":"\u12g4"}"#, r"line 1, column 7: not JSON that a job accepts (four hex digits follow \u, not 12g4"),
        (r#"{"a":"\x41"}"#, r"line 1, column 7: not JSON that a job accepts (JSON has no escape \x)"),
        ("{\"a\":1},\n", "NDJSON has no commas between values: put one value on each line, or use --format json"),
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

#[test]
fn an_endless_item_is_given_up_at_its_place() {
    let long = "x".repeat(3 * UNENDED_BYTES_MAX);
    for (reading, text, says) in [
        (
            CSV,
            format!("a\n1\n\"{long}"),
            "line 3, column 1: the cell that begins here goes on for more than 1,000,000 bytes: is its closing quote missing?",
        ),
        (CSV, format!("a\n1\n\"{long}\"\n"), "line 3, column 1: the cell that begins here goes on for more than 1,000,000 bytes"),
        (CSV, format!("a,b\n{},\"{long}\"\n", &long[..999_999]), "line 2, column 1000001: the cell that begins here goes on"),
        (CSV, format!("a\n1\n{long}"), "line 3, column 1: the item that begins here is larger"),
        (CSV, format!("a\n1\n{}", ",".repeat(3 * UNENDED_BYTES_MAX)), "line 3, column 1: the item that begins here is larger"),
        (CSV, format!("a\n\"{}\"\n", &long[..ITEM_BYTES_MAX]), "line 2, column 1: the item that begins here is larger"),
        (NDJSON, format!("1\n1\n\"{long}"), "line 3, column 1: the item that begins here is larger"),
        (
            CSV,
            format!("{}\n", (0..20_000).map(|n| format!("c{n}")).collect::<Vec<_>>().join(",")),
            "line 1, column 1: the names of the columns alone are more",
        ),
        (
            JSON,
            format!("[1,\n{{\"a\":1,\n{}]", "{\"a\":1},\n".repeat(UNENDED_BYTES_MAX)),
            "line 3, column 1: not JSON that a job accepts (key must be a string",
        ),
        (JSON, format!("[1,\n1,\n\"{long}"), "line 3, column 1: the item that begins here is larger"),
    ] {
        let error = read_all(&text, &reading, 10_000).unwrap_err().to_string();
        assert!(error.starts_with(says), "{error}");
    }
    let item = |len: usize| format!("\"{}\"", "x".repeat(len - 2));
    assert!(read_all(item(ITEM_BYTES_MAX), &NDJSON, 9_999).is_ok());
    assert!(read_all(item(ITEM_BYTES_MAX + 1), &NDJSON, 9_999).is_err());
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
    fn any_table_comes_out_as_it_went_in(
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

#[test]
fn the_extension_tells_the_format_and_stdin_has_none() {
    use super::Source;
    use std::path::Path;

    let of = |name: &str, format| Source::of(Path::new(name), format, None, None);
    for (name, format) in [("a/b.CSV", Format::Csv), ("b.jsonl", Format::Ndjson), ("b.ndjson", Format::Ndjson), ("b.json", Format::Json)] {
        assert_eq!(of(name, None).unwrap().reading.format, format, "{name}");
    }
    assert!(of("-", None).unwrap_err().contains("--format"));
    assert!(of("x.txt", None).unwrap_err().contains("--format"));
    assert!(of("x.tsv", None).unwrap_err().contains("--format csv --delimiter tab"));
    assert!(of("x.txt", Some(Format::Json)).is_ok());
    assert!(Source::of(Path::new("x.json"), None, Some(Delimiter::COMMA), None).unwrap_err().contains("--delimiter is for CSV"));
}
