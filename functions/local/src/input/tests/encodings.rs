//! Texts in other encodings, and what is no text.

use super::*;

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
    let japanese = encoding_rs::ISO_2022_JP.encode("name\n漢\n").0;
    assert_eq!(read(&japanese, &in_encoding(CSV, "iso-2022-jp")).unwrap().0, ["{\"name\":\"漢\"}"]);
    assert_eq!(read(b"\xff\xfe[\0\x31\0]\0", &JSON).unwrap().0, ["1"]);
    assert_eq!(read(b"\xef\xbb\xbf1\n", &NDJSON).unwrap().0, ["1"]);
}

#[test]
fn a_file_that_is_not_text_is_refused_with_its_kind() {
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
    for (text, says) in [
        (
            "<?xml version=\"1.0\"?>\n<?mso-application progid=\"Excel.Sheet\"?>\n<Workbook/>",
            "a spreadsheet or document that an Office program saved",
        ),
        ("<html xmlns:o=\"x\"\nxmlns:x=\"urn:schemas-microsoft-com:office:excel\"><table>", "open it in that program and export it as CSV"),
        ("<?xml version=\"1.0\"?><office:document xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\">", "a spreadsheet"),
        ("MIME-Version: 1.0\r\nContent-Type: multipart/related\r\n", "a web archive (MHTML)"),
        (
            "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n",
            "a pointer of Git LFS, not the file itself: get that with `git lfs pull`",
        ),
        ("/annex/objects/MD5-s7--00\n", "a pointer of git-annex"),
    ] {
        for reading in [CSV, NDJSON, JSON] {
            for data in [text.as_bytes().to_vec(), [&b"\xff\xfe"[..], &utf16(text, u16::to_le_bytes)].concat()] {
                let error = refused(&data, &reading);
                assert!(error.contains(says), "{text:?}: {error}");
            }
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
        (b"a,b\n1,\xed\xa0\xbd\xed\xb8\x80\n", CSV, "line 2, column 3: not UTF-8: half of a surrogate pair, as CESU-8 has it"),
        (b"[\"\xc3\xbc\xed\xb8\x80\"]", JSON, "line 1, column 4: not UTF-8: half of a surrogate pair, as CESU-8 has it"),
        (b"a\nx\xc0\x80", CSV, "line 2, column 2: not UTF-8: a character with more bytes than it needs"),
        (b"a\nx\xe0\x80\xafy\n", CSV, "line 2, column 2: not UTF-8: a character with more bytes than it needs"),
        (b"a\nx\xf0\x80\x80\xafy\n", CSV, "line 2, column 2: not UTF-8: a character with more bytes than it needs"),
        (b"a\n\xed\xa0 \n", CSV, "line 2, column 1: not UTF-8: give the file's encoding, as in --encoding windows-1252"),
        (b"a\n\xc0 la carte\n", CSV, "line 2, column 1: not UTF-8: give the file's encoding, as in --encoding windows-1252"),
        (
            b"\xff\xfea\0\n\0b\0\n\0\n",
            CSV,
            "line 3, column 1: the file ends within a character: is it cut off, or is there a byte too many?",
        ),
        (b"\xff\xfea\0\n\0\x3d\xd8", CSV, "line 2, column 1: the file ends within a character: is it cut off"),
        (
            b"\xff\xfea\0\n\0\x3d\xd8b\0\n\0",
            CSV,
            "line 2, column 1: not UTF-16LE: half of a surrogate pair, which is no character: the file is damaged here",
        ),
        (b"\0a\0\n\xdc\0\0b", in_encoding(CSV, "utf-16be"), "the file is damaged here, or the encoding is another one"),
        (b"name\n\xe6\xbc", CSV, "line 2, column 1: the file ends within a character: is it cut off?"),
        (b"name\nMuller\n\xe2\x82", CSV, "line 3, column 1: the file ends within a character: is it cut off?"),
        (
            b"name\nCaf\xe9",
            CSV,
            "not UTF-8: is the file cut off within a character? Otherwise give its encoding, as in --encoding windows-1252",
        ),
        (b"name\nCaf\xfc", CSV, "not UTF-8: give the file's encoding, as in --encoding windows-1252"),
        (b"\"Caf\xe9", NDJSON, "line 1, column 5: the file ends within a character: is it cut off?"),
        (b"[\"Caf\xe9\"]", JSON, "line 1, column 6: not UTF-8, as JSON always is: the file is damaged here"),
        (b"[\"Caf\xe9\"]", in_encoding(JSON, "shift_jis"), "not Shift_JIS: give the file's encoding with --encoding"),
        (b"1\n{\"a\":\"\xff\"}\n", NDJSON, "line 2, column 7: not UTF-8"),
        (b"[1,\n \"\xff\"]", JSON, "line 2, column 3: not UTF-8"),
        (b"a\n\x81\x20\n", in_encoding(CSV, "shift_jis"), "line 2, column 1: not Shift_JIS"),
        (b"\xff\xfea\0\n\0\x00\xd8x\0", CSV, "line 2, column 1: not UTF-16LE"),
        (b"\xff\xfea\0\n\0x", CSV, "line 2, column 1: the file ends within a character: is it cut off, or is there a byte too many?"),
        // UTF-8 before bytes that are not: no encoding reads both.
        (
            "a\né\n\u{fffd}".as_bytes(),
            in_encoding(CSV, "windows-1252"),
            "the file is UTF-8 from beginning to end, but --encoding says windows-1252",
        ),
        ("[\"é\"]".as_bytes(), in_encoding(JSON, "koi8-r"), "but --encoding says KOI8-R: leave --encoding out"),
        (b"a\n\xc3\xa9\n\xe9\n", CSV, "line 3, column 1: not UTF-8, unlike the characters before it"),
        // Bugs found: text in GBK and in EUC-JP whose first characters are UTF-8 by chance was only called damaged.
        (b"\xd6\xb5,\xcb\xb5\xc3\xf7\n5,\xba\xc3\n", CSV, "joined; if those are wrong too, give the file's encoding, as in --encoding gbk"),
        (b"\xcc\xbe\xc1\xb0,\xbb\xd4\n", CSV, "export the file as UTF-8, or give its encoding, as in --encoding euc-jp"),
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
