//! Many files of every kind: what is accepted is read exactly, and what is refused is refused at its place with advice.

use std::io::{self, Read};

use headway_core::limits::{ITEM_BYTES_MAX, ITEM_DEPTH_MAX};

use super::record_max::{RecordMax, UNENDED_BYTES_MAX};
use super::{Delimiter, Format, InputError, NamedEncoding, Reading, items};

mod encodings;
mod json;
mod properties;

const CSV: Reading = Reading { format: Format::Csv, delimiter: Delimiter::COMMA, encoding: None, record_max: RecordMax::ITEM };
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
        // Delimiters in the text of one column.
        ("a\nx;\ny\nz;\nu;v;w\n", &[r#"{"a":"x;"}"#, r#"{"a":"y"}"#, r#"{"a":"z;"}"#, r#"{"a":"u;v;w"}"#], 0),
        ("a\n\"x;y\"\n\"x;y\"\n", &[r#"{"a":"x;y"}"#, r#"{"a":"x;y"}"#], 0),
        ("é,x\n漢\u{2028}\u{1},\"\u{1f680}\u{feff}\"\n", &["{\"é\":\"漢\u{2028}\\u0001\",\"x\":\"\u{1f680}\u{feff}\"}"], 0),
        ("می\u{200c}خواهم,price (EUR) \n1,2\n", &["{\"می\u{200c}خواهم\":\"1\",\"price (EUR) \":\"2\"}"], 0),
        ("a\n\"x;y\"\n\"x;y\"\n\"x;y\"\n", &[r#"{"a":"x;y"}"#; 3], 0),
        // Lists in the text of a column among several.
        (
            "id,tags\n1,a;b;c\n2,d;e;f\n3,g;h;i\n",
            &[r#"{"id":"1","tags":"a;b;c"}"#, r#"{"id":"2","tags":"d;e;f"}"#, r#"{"id":"3","tags":"g;h;i"}"#],
            0,
        ),
        ("id, tags\n1, a|b\n2, c|d\n", &[r#"{"id":"1"," tags":" a|b"}"#, r#"{"id":"2"," tags":" c|d"}"#], 0),
        ("from,to\na;b,c;d\ne;f,g;h\n", &[r#"{"from":"a;b","to":"c;d"}"#, r#"{"from":"e;f","to":"g;h"}"#], 0),
        // Names in quotes, with values in quotes or without.
        ("\"a,b\"\n\"1,2\"\n3\n", &[r#"{"a,b":"1,2"}"#, r#"{"a,b":"3"}"#], 0),
        ("\"a,b\"\n", &[], 0),
        // Signs that seldom separate.
        ("x^2\n9\n", &[r#"{"x^2":"9"}"#], 0),
        ("\"a~b\"\n1~2\n", &[r#"{"a~b":"1~2"}"#], 0),
        // A value that is the name of its column.
        ("a\na\n", &[r#"{"a":"a"}"#], 0),
        ("a,b\na,c\n", &[r#"{"a":"a","b":"c"}"#], 0),
        ("\"a;b\",c\n1;2,3\n", &[r#"{"a;b":"1;2","c":"3"}"#], 0),
        ("a;b,c,d\n1,2,3\n", &[r#"{"a;b":"1","c":"2","d":"3"}"#], 0),
        ("[id],<a>\n1,2\n", &[r#"{"[id]":"1","<a>":"2"}"#], 0),
        ("BM,MZ\n1,2\n", &[r#"{"BM":"1","MZ":"2"}"#], 0),
        ("a\n\u{1a}\u{1a}x\n\u{1b}[1mx\u{1b}(B\n", &["{\"a\":\"\\u001a\\u001ax\"}", "{\"a\":\"\\u001b[1mx\\u001b(B\"}"], 0),
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
        (
            "a\n1,2\n",
            "line 2, column 1: 2 cells, but the header row has 1 cell: is line 1 a title? Then remove it; otherwise put a cell in quotes",
        ),
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
        // Bugs found: these became one column.
        (
            "名前，年齢\n太郎，5\n",
            "line 1, column 1: the header has one column and contains `，` (U+FF0C), which cannot be a delimiter: replace",
        ),
        ("a\u{60c}b\n1\u{60c}2\n", "contains `\u{60c}` (U+060C), which cannot be a delimiter"),
        ("+----+------+\n| id | name |\n+----+------+\n|  1 | Ann  |\n", "line 1, column 1: the header is a line of a table that is drawn"),
        ("a,b\u{85}1,2\u{85}\n", "line 1, column 3: the name of column 2, \"b\\u{85}1\", contains U+0085, which cannot be seen"),
        ("a|b\n", "give --delimiter '|'"),
        // Several columns whose names another delimiter separates.
        ("article;price, net\n1;2,50\n", "line 1, column 1: the header contains `;` at least as often as `,`: give --delimiter ';'"),
        ("a\tb,c\td\n1\t2,3\t4\n", "give --delimiter tab, or --delimiter ',' if it is right as it is"),
        ("a,\u{a0}\u{3000}\n", "line 1, column 3: column 2 has no name"),
        ("a,\u{200b}\n", "line 1, column 3: column 2 has no name"),
        ("a,\u{3164}\n", "line 1, column 3: column 2 has no name"),
        // Names that look like others.
        (
            "sku,pri\u{200b}ce\n1,2\n",
            "line 1, column 5: the name of column 2, \"pri\\u{200b}ce\", contains U+200B, which cannot be seen: remove that character",
        ),
        ("\"\u{202a}sku\u{202c}\",b\n1,2\n", "line 1, column 1: the name of column 1, \"\\u{202a}sku\\u{202c}\", contains U+202A"),
        ("a,sku\u{feff}\n1,2\n", "line 1, column 3: the name of column 2, \"sku\\u{feff}\", contains U+FEFF"),
        ("a,sku\u{a0}\n1,2\n", "line 1, column 3: the name of column 2, \"sku\\u{a0}\", begins or ends with the space U+00A0: remove it"),
        ("sep=;\na;b\n", "`sep=` is Excel's hint"),
        ("SEP=;\na;b\n", "`sep=` is Excel's hint"),
        ("\"Sep=,\"\na,b\n", "`sep=` is Excel's hint"),
        // Titles above the header.
        ("Umsatz 2026\nKunde;Betrag\nA;1\n", "line 2, column 1: the table has one column, but each row from here contains `;` equally"),
        ("Umsatz\nStand: heute\nKunde\tBetrag\nA\t1\nB\t2\nC\n", "line 3, column 1: the table has one column, but each row"),
        ("a\n1|2|3\n4|5|6\n7|8|9\n", "give --delimiter '|', and remove what is above the names"),
        // A title that has as many commas as the rows have decimals.
        (
            "Umsatz, netto\nMüller;1,50;x\nMeier;2,50;y\n",
            "line 2, column 1: each row from here contains `;` equally often, and more often than `,`: give --delimiter ';', and remove what is \
             above the names of the columns; or give --delimiter ',' if it is right as it is",
        ),
        ("Umsatz, netto\nMüller;x;1,50\nMeier;y;2,50\n", "line 2, column 1: each row from here contains `;`"),
        ("Umsatz,netto\nMüller\t1,50\tx\nMeier\t2,50\ty\nX\t3,50\tz\nY,Z\n", "give --delimiter tab, and remove what is above"),
        ("a,b,c\nx|1,5|2,5|y\nx|3,5|4,5|y\n", "line 2, column 1: each row from here contains `|` equally often"),
        // Rows in quotes as a whole.
        (
            "\"id,\"\"name\"\",\"\"city\"\"\"\n\"1,\"\"Ann\"\",\"\"Rome\"\"\"\n",
            "line 1, column 1: the table has one column, but the header and each row are one cell in quotes that contains `,` equally often: \
             remove the quotes around each row, and write one quote for two within; or give --delimiter ',' if it is one column",
        ),
        ("\"id,name\"\n\"1,Ann\"\n\"2,\"\"Bob, Jr\"\"\"\n\"3,C\"\n4\n", "line 1, column 1: the table has one column, but the header and"),
        ("\"a;b\"\n\"1;2\"\n", "one cell in quotes that contains `;` equally often"),
        // Delimiters that are rare.
        (
            "a^b^c\n1^2^3\n",
            "line 2, column 1: the table has one column, but the header and this row contain `^` equally often: give --delimiter '^'",
        ),
        ("a~b\n1~2\n", "give --delimiter '~'; or give --delimiter ',' if it is one column"),
        (
            "a\u{1}b\n1\u{1}2\n",
            "line 1, column 1: the header has one column and contains the control character U+0001: give --delimiter '\\x01'",
        ),
        ("a\u{1f}b\u{1f}c\n", "give --delimiter '\\x1f'"),
        // Joined files.
        ("a,b\n1,2\na,b\n3,4\n", "line 3, column 1: the row repeats the header of line 1: were two files joined? Then remove it"),
        ("\n\"a\",b\n1,2\n\na,\"b\"\n", "line 5, column 1: the row repeats the header of line 2"),
        (
            "Umsatz 2026\nKunde,Betrag\nA,1\nB,2",
            "line 2, column 1: 2 cells, but the header row has 1 cell: is line 1 a title? Then remove it",
        ),
        (
            "Umsatz\nStand: heute\n\nKunde,Betrag\nA,1\n",
            "line 4, column 1: 2 cells, but the header row has 1 cell: are lines 1 to 3 a title?",
        ),
        ("\n# made by x\n\na,b\n1,2\n", "line 4, column 1: 2 cells, but the header row has 1 cell: are lines 2 to 3 a title?"),
        (
            "Umsatz 2026,,\nKunde,Betrag,Ort\n",
            "line 1, column 13: column 2 has no name: give it one in the header row, or remove the column; if the line is a title, remove it",
        ),
        ("a\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1\n1,2\n", "line 12, column 1: 2 cells, but the header row has 1 cell: put a cell in quotes"),
        // Delimiters at the end of rows.
        (
            "a,b\n1,2,\n3,4,",
            "line 2, column 1: 3 cells, but the header row has 2 cells: the last cell is empty: remove the delimiter at the end",
        ),
        ("a\n1,\n", "line 2, column 1: 2 cells, but the header row has 1 cell: the last cell is empty: remove the delimiter at the end"),
        ("a,b\n1,2,,\n", "the last 2 cells are empty: remove the delimiters at the end of the rows"),
        ("a,b\n1,2,,3\n", "put a cell in quotes"),
        // The end mark of DOS.
        ("a\n1\n\u{1a}", "line 3, column 1: the character 0x1A, with which old DOS programs end a file: remove it"),
        ("a\n1\u{1a}", "line 2, column 2: the character 0x1A"),
        ("\u{1a}", "line 1, column 1: the character 0x1A"),
        // Another character set.
        (
            "a\n\u{1b}$B4A;z\u{1b}(B\n",
            "line 2, column 1: an escape sequence that begins another character set, as in ISO-2022-JP: use --encoding iso-2022-jp",
        ),
        (
            "a\n\u{1b}[1m\u{1b}$)C7Q\n",
            "line 2, column 5: an escape sequence that begins another character set, as in ISO-2022-KR: convert it to UTF-8 first",
        ),
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
        ("\u{1f}", "a\u{1f}b\n1,5\u{1f}2;\n"),
        ("\\x01", "a\u{1}b\n1,5\u{1}2;\n"),
        ("\\x7C", "a|b\n1,5|2;\n"),
    ] {
        assert_eq!(read(text, &csv_by(name)).unwrap().0, [r#"{"a":"1,5","b":"2;"}"#], "{name}");
    }
    assert_eq!(Delimiter::parse("\u{1}").unwrap().to_string(), "\\x01", "what is shown can be given");
    assert!(refused("a,b\n1,2\n", &csv_by(";")).contains("contains `,`: give --delimiter ','"));
    assert!(refused("\"a\",b\n", &csv_by(";")).contains("--delimiter ','"));
    let wrapped = "\"id,name\"\n\"1,Ann\"\n\"2,Bob\"\n";
    assert_eq!(read(wrapped, &csv_by(",")).unwrap().0.len(), 2, "a column of such cells");
    assert_eq!(read("Umsatz, netto\nM;1,50;x\nN;2,50;y\n", &csv_by(",")).unwrap().0.len(), 2);
    assert_eq!(read("a^b\n1^2\n", &csv_by(",")).unwrap().0, [r#"{"a^b":"1^2"}"#]);
    let named = read("id,size (S|M|L)\n1,S\n", &csv_by(",")).unwrap().0;
    assert_eq!(named, [r#"{"id":"1","size (S|M|L)":"S"}"#], "who names the comma will know");
    for wrong in ["", ",,", "\"", "\n", "\r", "é", "\0", "comma", "\\x00", "\\x0a", "\\x22", "\\x80", "\\x+1", "\\x1"] {
        assert!(Delimiter::parse(wrong).is_err(), "{wrong:?}");
    }
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
            format!("{}\n", (0..ITEM_BYTES_MAX / 4).map(|n| format!("c{n}")).collect::<Vec<_>>().join(",")),
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

#[test]
fn the_extension_tells_the_format_and_stdin_has_none() {
    use super::Source;
    use std::path::Path;

    let of = |name: &str, format| Source::of(Path::new(name), format, None, None);
    for (name, format) in [("a/b.CSV", Format::Csv), ("b.jsonl", Format::Ndjson), ("b.ndjson", Format::Ndjson), ("b.json", Format::Json)] {
        assert_eq!(of(name, None).unwrap().reading.format, format, "{name}");
    }
    assert!(of("-", None).unwrap_err().contains("--format"));
    assert!(of("x.XLSX", None).unwrap_err().contains("save it as CSV"));
    assert!(of("x.txt", None).unwrap_err().contains("--format"));
    assert!(of("x.tsv", None).unwrap_err().contains("--format csv --delimiter tab"));
    assert!(of("x.txt", Some(Format::Json)).is_ok());
    assert!(Source::of(Path::new("x.json"), None, Some(Delimiter::COMMA), None).unwrap_err().contains("--delimiter is for CSV"));
}
