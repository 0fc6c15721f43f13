//! Names text that is another kind of file: a spreadsheet saved as XML or HTML, a pointer to a file that is kept elsewhere,
//! and text in encodings that switch between character sets.

use std::borrow::Cow;

use memchr::memmem;

use super::hint::{begins_in_any_case, is_markup};

const SPREADSHEET: &str =
    "the file is a spreadsheet or document that an Office program saved as XML or HTML: open it in that program and export it as CSV";
const WEB_ARCHIVE: &str =
    "the file is a web archive (MHTML), as Office programs and browsers save it: open it there and export the table as CSV";
const LFS_POINTER: &str = "the file is a pointer of Git LFS, not the file itself: get that with `git lfs pull`";
const ARMOR: &str = "the file is a certificate, a key or an encrypted message (PEM or PGP), not rows of items";
const PATCH: &str = "the file is a patch, as `diff` or `git diff` writes it: give the file that it changes";
const YAML: &str = "the file looks like YAML, which headway cannot read: convert it to JSON first, as with `yq -o json`";
const SQL: &str = "the file is a script of SQL: export the table itself as CSV";
const MAILED: &str = "the file is a mail: save what is attached to it";
const SAS: &str = "the file is a SAS transport file: export it as CSV";
const ANNEX_POINTER: &str = "the file is a pointer of git-annex, not the file itself: get that with `git annex get`";

/// Names of XML that only Office programs write.
const OFFICE: [&[u8]; 4] = [
    b"progid=\"excel.sheet\"",
    b"urn:schemas-microsoft-com:office:",
    b"urn:oasis:names:tc:opendocument:",
    b"schemas.openxmlformats.org/spreadsheetml/",
];

/// How scripts begin that write a table with statements.
const SQL_BEGINS: [&[u8]; 9] = [
    b"insert into ",
    b"create table ",
    b"drop table ",
    b"begin transaction;",
    b"pragma foreign_keys",
    b"-- mysql dump",
    b"-- mariadb dump",
    b"--\n-- postgresql database dump",
    b"--\r\n-- postgresql database dump",
];

/// How text begins that other programs exchange, and what it is. Its lines are no rows.
const EXCHANGED: [(&[u8], &str); 23] = [
    (b"BEGIN:VCARD", "contacts (vCard)"),
    (b"BEGIN:VCALENDAR", "a calendar (iCalendar)"),
    (b"OFXHEADER:", "a bank's statement (OFX)"),
    (b"!Type:", "a bank's statement (QIF)"),
    (b"!Account", "a bank's statement (QIF)"),
    (b":20:", "a bank's statement (MT940)"),
    (b"{1:F01", "a message of SWIFT"),
    (b"0 HEAD\n", "a family tree (GEDCOM)"),
    (b"0 HEAD\r", "a family tree (GEDCOM)"),
    (b"TY  - ", "a list of references (RIS)"),
    (b"@relation ", "a data set of Weka (ARFF)"),
    (b"ISA*", "an EDI message (X12)"),
    (b"UNA:+", "an EDI message (EDIFACT)"),
    (b"UNB+", "an EDI message (EDIFACT)"),
    (b"MSH|^~", "a message of HL7"),
    (b"ID;PWXL", "a spreadsheet in the format SYLK"),
    (b"ID;PSCALC3", "a spreadsheet in the format SYLK"),
    (b"TABLE\r\n0,1\r\n", "a spreadsheet in the format DIF"),
    (b"TABLE\n0,1\n", "a spreadsheet in the format DIF"),
    (b"#separator ", "a log of Zeek"),
    (b"#!/", "a script"),
    (b"HTTP/1.", "an answer of HTTP with its header"),
    (b"HTTP/2 ", "an answer of HTTP with its header"),
];
/// How a mail begins.
const MAIL: [&[u8]; 4] = [b"Return-Path: ", b"Received: ", b"Delivered-To: ", b"From: "];

/// Escape sequences that begin another character set. `ESC ( B`, which ends one, is also written by terminals.
const SHIFTS: [(&[u8], &str); 6] = [
    (b"\x1b$B", "iso-2022-jp"),
    (b"\x1b$@", "iso-2022-jp"),
    (b"\x1b$(D", "iso-2022-jp"),
    (b"\x1b(J", "iso-2022-jp"),
    (b"\x1b$)C", "iso-2022-kr"),
    (b"\x1b$)A", "iso-2022-cn"),
];

/// What a text is that no format of items can be, by its beginning, and what to do.
pub(super) fn other_file(head: &[u8]) -> Option<Cow<'static, str>> {
    let head = head.trim_ascii_start();
    if head.starts_with(b"version https://git-lfs.github.com/spec/") {
        return Some(LFS_POINTER.into());
    }
    if head.starts_with(b"/annex/objects/") {
        return Some(ANNEX_POINTER.into());
    }
    if begins_in_any_case(head, b"mime-version:") {
        return Some(WEB_ARCHIVE.into());
    }
    if let Some(what) = text_of_programs(head) {
        return Some(what.into());
    }
    if let Some((_, what)) = EXCHANGED.iter().find(|(begin, _)| begins_in_any_case(head, begin)) {
        return Some(format!("the file is {what}, not a table: export or convert it to CSV").into());
    }
    if !is_markup(head) {
        return None;
    }
    let lower = head.to_ascii_lowercase();
    OFFICE.into_iter().any(|mark| memmem::find(&lower, mark).is_some()).then_some(SPREADSHEET.into())
}

/// Text that programs write for other programs. Some of it could be read as CSV of one column, with all of its lines as items.
fn text_of_programs(head: &[u8]) -> Option<&'static str> {
    let (first, rest) = head.split_at(memchr::memchr2(b'\n', b'\r', head).unwrap_or(head.len()));
    let second = rest.trim_ascii_start();
    let begins = |marks: &[&[u8]]| marks.iter().any(|mark| head.starts_with(mark));
    // Commas and quotes are of a header with columns, in whose cells there may be anything.
    let is_one_column = !first.iter().any(|byte| b",;\t|\"{[".contains(byte));
    if begins(&[b"-----BEGIN ", b"age-encryption.org/"]) || is_one_column && memmem::find(head, b"\n-----BEGIN ").is_some() {
        return Some(ARMOR);
    }
    let is_header_of_patch = begins(&[b"--- ", b"Index: "]) && memmem::find(rest, b"\n+++ ").is_some();
    let is_of_git = is_hex_after(first, b"commit ") && second.starts_with(b"Author: ") || is_hex_after(first, b"From ");
    let is_plain = is_place_of_change(first) && (second.starts_with(b"< ") || second.starts_with(b"> "));
    if begins(&[b"diff --git ", b"diff -"]) || is_header_of_patch || is_of_git || is_plain {
        return Some(PATCH);
    }
    if SQL_BEGINS.iter().any(|begin| begins_in_any_case(head, begin)) {
        return Some(SQL);
    }
    if first.trim_ascii_end() == b"---" || begins(&[b"%YAML ", b"--- #", b"--- !"]) {
        return Some(YAML);
    }
    if MAIL.iter().any(|begin| begins_in_any_case(head, begin)) && is_one_column && second.iter().take(80).any(|byte| *byte == b':') {
        return Some(MAILED);
    }
    let is_list = first.strip_prefix(b"- ").is_some_and(is_member_of_yaml);
    if is_one_column && (is_list || is_member_of_yaml(first) && is_member_of_yaml(second)) {
        return Some(YAML);
    }
    begins(&[b"HEADER RECORD*******"]).then_some(SAS)
}

/// True if the name of a commit follows.
fn is_hex_after(line: &[u8], word: &[u8]) -> bool {
    let name = line.strip_prefix(word).and_then(|rest| rest.split(|byte| *byte == b' ').next());
    name.is_some_and(|name| name.len() >= 7 && name.iter().all(u8::is_ascii_hexdigit))
}

/// `5,7c8`, as `diff` begins a change.
fn is_place_of_change(line: &[u8]) -> bool {
    let mut sides = line.splitn(2, |byte| b"acd".contains(byte));
    let is_range = |side: Option<&[u8]>| {
        side.is_some_and(|side| {
            side.first().is_some_and(u8::is_ascii_digit) && side.iter().all(|byte| byte.is_ascii_digit() || *byte == b',')
        })
    };
    is_range(sides.next()) && is_range(sides.next())
}

/// `name: value`, where a text of one column hardly ever has two in sequence.
fn is_member_of_yaml(line: &[u8]) -> bool {
    let end = line.iter().position(|byte| !byte.is_ascii_alphanumeric() && !b"_-".contains(byte)).unwrap_or(line.len());
    line.first().is_some_and(u8::is_ascii_alphabetic) && line[end..].starts_with(b": ")
}

/// The first escape sequence that begins another character set, and the encoding that has it.
pub(super) fn shift(text: &[u8]) -> Option<(usize, &'static str)> {
    let mut at = 0;
    while let Some(escape) = memchr::memchr(0x1b, &text[at..]) {
        at += escape;
        if let Some((_, name)) = SHIFTS.iter().find(|(sequence, _)| text[at..].starts_with(sequence)) {
            return Some((at, name));
        }
        at += 1;
    }
    None
}

/// The error for such a sequence.
pub(super) fn shifted(name: &str) -> String {
    let remedy = match name {
        "iso-2022-jp" => "use --encoding iso-2022-jp".to_owned(),
        name => format!("convert it to UTF-8 first, as with `iconv -f {name} -t UTF-8`"),
    };
    format!("an escape sequence that begins another character set, as in {}: {remedy}", name.to_ascii_uppercase())
}
