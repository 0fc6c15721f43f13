//! The header row: the columns' names, and mistakes about the whole file that show there.

use std::collections::BTreeSet;
use std::io::Read;

use headway_api::invisible;
use headway_core::counted;
use headway_core::limits::ITEM_BYTES_MAX;

use super::super::error::InputError;
use super::super::format::Delimiter;
use super::super::hint::begins_in_any_case;
use super::super::place::Place;
use super::conflict;
use super::delimiters::{DELIMITERS, is_control, option, shown};
use super::drawn::is_in_frame;
use super::rows::{Row, Rows};
use crate::shown_text::shown_text;

/// The columns' names.
pub(super) struct Header {
    /// `"name":` of each column, as JSON.
    keys: Vec<Vec<u8>>,
    /// The names as they are in the file.
    names: Vec<Vec<u8>>,
    has_quotes: bool,
    delimiter: u8,
    place: Place,
}

/// Commas and semicolons of other scripts, and the broken bar. `--delimiter` is one byte, as in RFC 4180.
const WIDE_DELIMITERS: [char; 7] = ['\u{ff0c}', '\u{ff1b}', '\u{3001}', '\u{60c}', '\u{61b}', '\u{ff5c}', '\u{a6}'];

/// Quotes that CSV does not know.
const OTHER_QUOTES: [(&str, &str); 8] = [("'", "'"), ("`", "`"), ("‘", "’"), ("“", "”"), ("„", "“"), ("«", "»"), ("»", "«"), ("＂", "＂")];

/// A title and what belongs to it is hardly ever longer than this.
pub(super) const TITLE_LINES_MAX: u64 = 10;

impl Header {
    /// Reads the first row that is not a blank line, and counts the blank lines before it.
    pub(super) fn read<R: Read>(rows: &mut Rows<R>, delimiter: Delimiter) -> Result<(Header, u64), InputError> {
        let (mut row, mut blank_lines) = (Row::with_places(), 0);
        loop {
            if !rows.next(&mut row)? {
                return Err(InputError::File("the file is empty: CSV needs a header row with the columns' names".to_owned()));
            }
            if !row.is_blank_line() {
                break;
            }
            blank_lines += 1;
        }
        check_delimiter(&row, rows.delimiter())?;
        let keys = keys(&row)?;
        if !delimiter.is_named() {
            check_other_quotes(&row, rows.delimiter())?;
            check_other_delimiters(&row, rows.delimiter())?;
        }
        if keys.iter().map(Vec::len).sum::<usize>() > ITEM_BYTES_MAX {
            let what = format!("the names of the columns alone are more than {ITEM_BYTES_MAX} bytes, the maximum for an item");
            return Err(InputError::at(row.place(), what));
        }
        let names = row.cells().map(<[u8]>::to_vec).collect();
        Ok((Header { keys, names, has_quotes: row.has_quotes(), delimiter: rows.delimiter(), place: row.place() }, blank_lines))
    }

    /// The columns' names.
    pub(super) fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.names.iter().map(Vec::as_slice)
    }

    /// How many columns there are.
    pub(super) fn width(&self) -> usize {
        self.names.len()
    }

    /// True if any name has quotes.
    pub(super) fn has_quotes(&self) -> bool {
        self.has_quotes
    }

    /// Where the header begins.
    pub(super) fn place(&self) -> Place {
        self.place
    }

    pub(super) fn check_width(&self, row: &Row) -> Result<(), InputError> {
        let (cells, columns) = (row.width(), self.keys.len());
        if cells == columns {
            return Ok(());
        }
        let remedy = if cells > columns {
            self.remedy_for_more(row)
        } else {
            "add the cells that are missing, or put a cell in quotes if a line break belongs to it".to_owned()
        };
        let what = format!("{}, but the header row has {}: {remedy}", counted(cells as u64, "cell"), counted(columns as u64, "cell"));
        Err(InputError::at(row.place(), what))
    }

    /// What to do about a row with more cells than the header row.
    fn remedy_for_more(&self, row: &Row) -> String {
        let more = row.width() - self.keys.len();
        if row.cells().skip(self.keys.len()).all(<[u8]>::is_empty) && !row.is_empty() {
            return match more {
                1 => "the last cell is empty: remove the delimiter at the end of the rows".to_owned(),
                _ => format!("the last {more} cells are empty: remove the delimiters at the end of the rows"),
            };
        }
        let quotes = format!("put a cell in quotes if {} belongs to it", shown(self.delimiter));
        let (first, last) = (self.place.line, row.place().line - 1);
        if self.keys.len() > 1 || last >= first + TITLE_LINES_MAX {
            return quotes;
        }
        match first == last {
            true => format!("is line {first} a title? Then remove it; otherwise {quotes}"),
            false => format!("are lines {first} to {last} a title? Then remove them; otherwise {quotes}"),
        }
    }

    /// Writes a row of the header's width as an object.
    pub(super) fn write(&self, row: &Row, item: &mut Vec<u8>) -> Result<(), InputError> {
        item.clear();
        for (n, (key, cell)) in self.keys.iter().zip(row.cells()).enumerate() {
            item.push(if n == 0 { b'{' } else { b',' });
            item.extend_from_slice(key);
            write_text(item, cell)?;
        }
        item.push(b'}');
        Ok(())
    }
}

/// Refuses a single column whose name contains another delimiter: most likely it is several columns.
fn check_delimiter(row: &Row, delimiter: u8) -> Result<(), InputError> {
    let Some(name) = row.cells().next() else { return Ok(()) };
    if begins_in_any_case(name, b"sep=") {
        let what = "`sep=` is Excel's hint about the delimiter, not a header: remove this line, and give the delimiter with --delimiter";
        return Err(InputError::at(row.place(), what));
    }
    if name.starts_with(b"#TYPE ") {
        let what = "`#TYPE` is a line of PowerShell, not a header: remove it, or export with `Export-Csv -NoTypeInformation`";
        return Err(InputError::at(row.place(), what));
    }
    if let Some(mark) = conflict::in_header(row) {
        return Err(mark);
    }
    if row.width() > 1 || row.has_quotes() {
        return Ok(());
    }
    if is_in_frame(name) {
        let what = "the header is a line of a table that is drawn with characters: export the table as CSV, or put the name in quotes if it \
                    is one column";
        return Err(InputError::at(row.place(), what));
    }
    if let Some(what) = of_no_csv(name) {
        return Err(InputError::at(row.place(), format!("{what}, or put the name in quotes if it is one column")));
    }
    if let Some(wide) = String::from_utf8_lossy(name).chars().find(|c| WIDE_DELIMITERS.contains(c)) {
        let what = format!(
            "the header has one column and contains `{wide}` (U+{:04X}), which cannot be a delimiter: replace it by a comma throughout, or \
             put the name in quotes if it is one column",
            u32::from(wide)
        );
        return Err(InputError::at(row.place(), what));
    }
    let control = name.iter().copied().filter(|byte| is_control(*byte));
    let Some(other) = DELIMITERS.into_iter().filter(|other| name.contains(other)).chain(control).find(|other| *other != delimiter) else {
        return Ok(());
    };
    let (option, shown) = (option(other), shown(other));
    let what =
        format!("the header has one column and contains {shown}: give --delimiter {option}, or put the name in quotes if it is one column");
    Err(InputError::at(row.place(), what))
}

/// What a header of one column is that no program writes as CSV: the names of columns that are aligned with blanks, and a comment such as
/// `#Fields: date time` and `##fileformat=VCFv4.3`.
fn of_no_csv(name: &[u8]) -> Option<&'static str> {
    if name.trim_ascii().windows(2).any(|pair| pair == b"  ") {
        return Some(
            "the header has one column with several blanks in sequence, as names of columns that are aligned with blanks: export the table as CSV",
        );
    }
    let comment = name.strip_prefix(b"#")?;
    let is_comment = comment.starts_with(b"#") || comment.windows(2).any(|pair| pair == b": ");
    is_comment.then_some("the header is a comment, as in the logs of servers: remove it, and export the table as CSV")
}

/// Refuses names that contain another delimiter at least as often as commas separate them: most likely that is the
/// delimiter, as in `article;price, net`.
fn check_other_delimiters(row: &Row, delimiter: u8) -> Result<(), InputError> {
    if row.width() == 1 || row.has_quotes() {
        return Ok(());
    }
    let commas = row.width() - 1;
    let often = |other: &u8| row.cells().map(|name| memchr::memchr_iter(*other, name).count()).sum::<usize>() >= commas;
    let Some(other) = DELIMITERS.into_iter().find(|other| *other != delimiter && often(other)) else { return Ok(()) };
    let what = format!(
        "the header contains {} at least as often as {}: give --delimiter {}, or --delimiter {} if it is right as it is",
        shown(other),
        shown(delimiter),
        option(other),
        option(delimiter)
    );
    Err(InputError::at(row.place(), what))
}

/// Refuses names that are all in other quotes than RFC 4180's, as sqlite and beeline write them: the quotes would be part of the names.
fn check_other_quotes(row: &Row, delimiter: u8) -> Result<(), InputError> {
    let is_in =
        |(open, close): &(&str, &str)| row.cells().all(|name| std::str::from_utf8(name).is_ok_and(|name| in_quotes(name, open, close)));
    let Some((open, close)) = OTHER_QUOTES.iter().find(|quotes| !row.has_quotes() && is_in(quotes)) else { return Ok(()) };
    let what = format!(
        "the names of the columns are in the quotes {open}…{close}: write \"…\" throughout, which CSV has (RFC 4180), or give --delimiter {} \
         if they belong to the names",
        option(delimiter)
    );
    Err(InputError::at(row.place(), what))
}

fn in_quotes(name: &str, open: &str, close: &str) -> bool {
    name.strip_prefix(open).and_then(|name| name.strip_suffix(close)).is_some_and(|name| !name.is_empty())
}

/// True if a name has no visible character.
fn is_blank(name: &[u8]) -> bool {
    std::str::from_utf8(name).is_ok_and(invisible::is_blank)
}

/// Refuses a name with a character that cannot be seen: everybody takes it for another name.
fn check_is_seen(name: &[u8], column: usize, place: Place) -> Result<(), InputError> {
    let name = String::from_utf8_lossy(name);
    let Some(hidden) = invisible::hidden_in_name(&name) else { return Ok(()) };
    let (code, shown) = (u32::from(hidden), shown_text(&name));
    let what = if invisible::is_invisible(hidden) {
        format!("the name of column {column}, {shown}, contains U+{code:04X}, which cannot be seen: remove that character")
    } else {
        format!("the name of column {column}, {shown}, begins or ends with the space U+{code:04X}: remove it")
    };
    Err(InputError::at(place, what))
}

fn keys(row: &Row) -> Result<Vec<Vec<u8>>, InputError> {
    let mut seen = BTreeSet::new();
    let mut keys = Vec::with_capacity(row.width());
    let named = row.cells().filter(|name| !is_blank(name)).count();
    let title = if named == 1 { "; if the line is a title, remove it" } else { "" };
    for (n, name) in row.cells().enumerate() {
        if is_blank(name) {
            let or =
                if n > 0 && n + 1 == row.width() { ", or remove the delimiter at the end of each row" } else { ", or remove the column" };
            let what = format!("column {} has no name: give it one in the header row{or}{title}", n + 1);
            return Err(InputError::at(row.place_of(n), what));
        }
        check_is_seen(name, n + 1, row.place_of(n))?;
        if !seen.insert(name) {
            let what = format!("two columns are named {}: rename one", shown_text(&String::from_utf8_lossy(name)));
            return Err(InputError::at(row.place_of(n), what));
        }
        let mut key = Vec::with_capacity(name.len() + 3);
        write_text(&mut key, name)?;
        key.push(b':');
        keys.push(key);
    }
    Ok(keys)
}

fn write_text(item: &mut Vec<u8>, cell: &[u8]) -> Result<(), InputError> {
    // The text is UTF-8, and cells are cut at ASCII characters.
    let text = std::str::from_utf8(cell).map_err(std::io::Error::other)?;
    serde_json::to_writer(item, text).map_err(|error| InputError::Read(error.into()))
}
