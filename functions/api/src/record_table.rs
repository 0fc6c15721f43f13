//! CSV pages whose values are in columns of their own. All pages of a list have the same columns: the first page finds
//! them, in a bounded number of records, and the link to the next page names them.

use headway_core::Job;
use headway_core::records::Position;

use crate::columns::{Columns, REST};
use crate::csv::Cells;
use crate::problem::ApiErrorResponse;
use crate::query::Query;
use crate::record_kind::Records;
use crate::state::AppState;

const NAMES: &str = "names";
/// In how many records columns are looked for.
const RECORDS_MAX: usize = 10_000;
/// How many of them are read at a time.
const RECORDS_AT_ONCE: usize = 1_000;
/// The most columns, and the most bytes of their names: they have to fit into an address.
const COLUMNS_MAX: usize = 100;
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

/// The columns that the first records need. What has none goes into `_item`, so that column is there unless these are
/// all records there are.
async fn found<R: Records>(state: &AppState, job: &Job) -> Result<Columns, ApiErrorResponse> {
    let mut columns = Columns::at_most(COLUMNS_MAX, NAMES_BYTES_MAX);
    let (mut next, mut seen) = (Some(Position::default()), 0);
    while let Some(from) = next.filter(|_| seen < RECORDS_MAX) {
        let page = R::page(state, job, from, RECORDS_AT_ONCE).await?;
        page.records.iter().filter_map(|(_, record)| R::value(record)).for_each(|value| columns.add(value));
        if page.records.is_empty() && job.is_live() {
            // There is nothing more yet.
            break;
        }
        seen += page.records.len();
        next = page.next;
    }
    columns.has_rest |= next.is_some();
    Ok(columns)
}

fn read_names(text: &str) -> Result<Vec<String>, ApiErrorResponse> {
    let refused = || ApiErrorResponse::malformed(format!("names must be a JSON array of at most {} different names", COLUMNS_MAX + 1));
    let names: Vec<String> = serde_json::from_str(text).map_err(|_| refused())?;
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    if sorted.len() == names.len() && names.len() <= COLUMNS_MAX + 1 { Ok(names) } else { Err(refused()) }
}
