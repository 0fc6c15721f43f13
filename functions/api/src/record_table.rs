//! CSV pages whose values are in columns of their own. All pages of a list have the same columns: the first page finds
//! them, in a bounded number of records, and the link to the next page names them.

use headway_core::Job;
use headway_core::records::Position;
use serde_json::value::RawValue;

use crate::columns::{Columns, REST};
use crate::csv::Cells;
use crate::problem::ApiErrorResponse;
use crate::query::Query;
use crate::record_kind::Records;
use crate::state::AppState;

/// The parameter that names the columns.
pub(crate) const NAMES: &str = "names";
/// Columns are looked for in at most this many records and this many pages: pages with large records are short.
const RECORDS_MAX: usize = 50_000;
const PAGES_MAX: usize = 60;
/// How many records are read at a time.
const RECORDS_AT_ONCE: usize = 1_000;
/// The most columns, and the most bytes of their names: they have to fit into an address.
const COLUMNS_MAX: usize = 100;
/// The most columns that a request may name: one is for what has no other.
pub(crate) const NAMES_MAX: usize = COLUMNS_MAX + 1;
const NAMES_BYTES_MAX: usize = 2_000;

/// How a CSV page is written.
#[derive(Debug)]
pub(crate) struct Table {
    /// What has columns of its own; `None` for the fixed columns.
    values: Option<String>,
    /// The names of these columns, if the request has them.
    names: Option<Vec<String>>,
    pub(crate) written: Cells,
    /// True if the first page begins with a byte-order mark.
    pub(crate) mark: bool,
}

impl Table {
    pub(crate) fn asked(query: &Query, is_csv: bool) -> Result<Self, ApiErrorResponse> {
        let values = query.get("columns")?.map(str::to_owned);
        let names = query.get(NAMES)?.map(read_names).transpose()?;
        let written = match query.get("cells")? {
            None => Cells::Harmless,
            Some("raw") => Cells::Raw,
            Some(_) => return Err(ApiErrorResponse::malformed("cells must be raw, or be left out")),
        };
        let mark = query.flag("bom")?;
        if !is_csv && (values.is_some() || names.is_some() || written == Cells::Raw || mark) {
            return Err(ApiErrorResponse::malformed("columns, names, cells and bom are for format=csv"));
        }
        if names.is_some() && values.is_none() {
            return Err(ApiErrorResponse::malformed("names is for columns"));
        }
        Ok(Self { values, names, written, mark })
    }

    /// The query of the next page: it names the columns.
    pub(crate) fn naming(&self, query: &Query, columns: &Columns) -> Query {
        let names = serde_json::Value::from(columns.header(&[]).into_iter().map(str::to_owned).collect::<Vec<_>>());
        query.with(NAMES, &names.to_string())
    }
}

/// The columns of the values, if they are asked for.
pub(crate) async fn columns<R: Records>(state: &AppState, job: &Job, table: &Table) -> Result<Option<Columns>, ApiErrorResponse> {
    match (&table.values, &table.names) {
        (None, _) => Ok(None),
        (Some(values), _) if values != R::VALUES => {
            Err(ApiErrorResponse::malformed(format!("columns must be {}, or be left out", R::VALUES)))
        }
        (Some(_), Some(names)) => {
            let (rest, names): (Vec<_>, Vec<_>) = names.iter().cloned().partition(|name| name == REST);
            Ok(Some(Columns::named(names, !rest.is_empty())))
        }
        (Some(_), None) => found::<R>(state, job).await.map(Some),
    }
}

/// The columns that the first records need.
async fn found<R: Records>(state: &AppState, job: &Job) -> Result<Columns, ApiErrorResponse> {
    let mut search = Search::new();
    while let Some((from, limit)) = search.next_page() {
        let page = R::page(state, job, from, limit).await?;
        search.add(page.records.iter().map(|(_, record)| R::value(record)), page.next);
        if page.records.is_empty() && !job.is_settled() {
            // There is nothing more yet.
            break;
        }
    }
    Ok(search.columns(!job.is_settled()))
}

/// The search for the columns of a list.
struct Search {
    columns: Columns,
    records: usize,
    pages: usize,
    next: Option<Position>,
    /// True if there are records in which it has not looked.
    has_more: bool,
}

impl Search {
    fn new() -> Self {
        let columns = Columns::at_most(COLUMNS_MAX, NAMES_BYTES_MAX);
        Self { columns, records: 0, pages: 0, next: Some(Position::default()), has_more: false }
    }

    /// Where the next page begins, and how many records it is to have. After the last record in which it looks it asks for
    /// one more, to know whether there is one.
    fn next_page(&self) -> Option<(Position, usize)> {
        let from = self.next.filter(|_| !self.has_more && self.pages < PAGES_MAX)?;
        Some((from, (RECORDS_MAX - self.records).clamp(1, RECORDS_AT_ONCE)))
    }

    fn add<'a>(&mut self, values: impl Iterator<Item = Option<&'a RawValue>>, next: Option<Position>) {
        (self.pages, self.next) = (self.pages + 1, next);
        for value in values {
            if self.records == RECORDS_MAX {
                self.has_more = true;
                return;
            }
            self.records += 1;
            value.into_iter().for_each(|value| self.columns.add(value));
        }
    }

    /// The columns. A record in which it has not looked may have a member without a column, which goes into `_item`. So that
    /// column is there if there are such records or may be some later, even if it stays empty: the header comes first.
    fn columns(mut self, may_grow: bool) -> Columns {
        self.columns.has_rest |= self.has_more || self.next.is_some() || may_grow;
        self.columns
    }
}

fn read_names(text: &str) -> Result<Vec<String>, ApiErrorResponse> {
    let refused = || ApiErrorResponse::malformed(format!("names must be a JSON array of at most {NAMES_MAX} different names"));
    let names: Vec<String> = serde_json::from_str(text).map_err(|_| refused())?;
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    if sorted.len() == names.len() && names.len() <= NAMES_MAX { Ok(names) } else { Err(refused()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The columns for a list of so many records, in pages of at most so many.
    fn found(records: u64, page_records: usize, value: impl Fn(u64) -> String, may_grow: bool) -> String {
        let mut search = Search::new();
        while let Some((from, limit)) = search.next_page() {
            let until = records.min(from.index + limit.min(page_records) as u64);
            let values: Vec<_> = (from.index..until).map(|index| RawValue::from_string(value(index)).unwrap()).collect();
            // The end is known only from an empty page, as it can be with a real list.
            let next = (from.index < records).then_some(Position { index: until, ..from });
            search.add(values.iter().map(|value| Some(&**value)), next);
        }
        search.columns(may_grow).header(&[]).join(",")
    }

    /// Bug found: a list of 10,000 records had a column `_item`, which stayed empty, if the search ended with its last
    /// record. And a table of a running job had none, so what came later was lost.
    #[test]
    fn members_without_a_column_have_a_place_if_there_can_be_any() {
        let same = |_| r#"{"a":1}"#.to_owned();
        let most = RECORDS_MAX as u64;
        for records in [0, 1, 10_000, most - 1, most] {
            assert_eq!(found(records, 1_000, same, false), if records == 0 { "" } else { "a" }, "{records}");
        }
        assert_eq!(found(most + 1, 1_000, same, false), "a,_item", "one record was not looked at");
        assert_eq!(found(3, 1_000, same, true), "a,_item", "more may come");
        let last = |index: u64| if index + 1 == most { r#"{"b":1}"#.to_owned() } else { same(index) };
        assert_eq!(found(most, 900, last, false), "a,b");
        assert_eq!(found(PAGES_MAX as u64 + 1, 1, same, false), "a,_item", "large records: it gives up");
        assert_eq!(found(2, 1, |index| if index == 0 { same(0) } else { "7".to_owned() }, false), "a,_item");
    }
}
