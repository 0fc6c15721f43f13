//! Pages of records as JSON, NDJSON or CSV, limited in bytes as sent.

use std::borrow::Cow;

use axum::response::{IntoResponse as _, Response};
use headway_core::OwnedJob;
use headway_core::limits::PAGE_BYTES_MAX;
use headway_core::records::Position;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, LINK};
use strum::VariantArray;

use crate::auth::{Claims, Scope};
use crate::columns::Columns;
use crate::csv::{self, Cells};
use crate::json_answer::JSON;
use crate::jwt_extractor::JwtExtractor;
use crate::page_token::List;
use crate::path::JobPath;
use crate::problem::ApiErrorResponse;
use crate::query::Query;
use crate::record_kind::Records;
use crate::record_table::{Table, columns};
use crate::state::AppState;

/// What every list of records takes, as the OpenAPI document says it.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only the document reads it: the query itself is read with what has to be refused in it")]
pub(crate) struct RecordPageParams {
    /// json (default), ndjson or csv; for ndjson and csv the next page is in the header `Link`
    format: Option<String>,
    /// csv: `raw` leaves out the apostrophe before cells that a spreadsheet would run as a formula
    cells: Option<String>,
    /// csv: true begins the first page with a byte-order mark, for Excel
    bom: Option<bool>,
    /// Default 100, at most 1,000
    #[param(rename = "pageSize")]
    page_size: Option<u64>,
    /// The token from the page before; valid until a retry
    #[param(rename = "pageToken", max_length = 500)]
    page_token: Option<String>,
}

/// The header that says whether a page of ndjson or csv has a next one. A client that misses `Link` knows by it whether something on the
/// way dropped that.
pub const MORE: HeaderName = HeaderName::from_static("headway-more");

const PAGE_SIZE_DEFAULT: usize = 100;
const PAGE_SIZE_MAX: usize = 1_000;

/// The format of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, VariantArray)]
pub(crate) enum Format {
    Json,
    Ndjson,
    Csv,
}

impl Format {
    pub(crate) const ALL: &'static [Self] = Self::VARIANTS;

    fn asked(query: &Query) -> Result<Self, ApiErrorResponse> {
        let Some(asked) = query.get("format")? else { return Ok(Self::Json) };
        let format = Self::ALL.iter().copied().find(|format| format.name() == asked);
        let names = || Self::ALL.iter().map(|format| format.name()).collect::<Vec<_>>().join(", ");
        format.ok_or_else(|| ApiErrorResponse::malformed(format!("format must be one of {}", names())))
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
        }
    }

    const fn media_type(self) -> HeaderValue {
        match self {
            Self::Json => JSON,
            Self::Ndjson => HeaderValue::from_static("application/x-ndjson"),
            Self::Csv => HeaderValue::from_static("text/csv; charset=utf-8"),
        }
    }
}

/// What the request asks for.
pub(crate) struct Asked {
    claims: Claims,
    job: OwnedJob,
    query: Query,
    format: Format,
    table: Table,
    page_size: usize,
}

impl Asked {
    pub(crate) async fn read(
        state: &AppState,
        JwtExtractor(claims): JwtExtractor,
        JobPath(id): JobPath,
        query: Query,
    ) -> Result<Self, ApiErrorResponse> {
        let job = state.owned(&claims, Scope::Read, id).await?;
        let format = Format::asked(&query)?;
        let table = Table::asked(&query, format == Format::Csv)?;
        let page_size = query.page_size(PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)?;
        Ok(Self { claims, job, query, format, table, page_size })
    }
}

/// Answers with a page of records.
pub(crate) async fn answer<R: Records>(state: &AppState, asked: Asked) -> Result<Response, ApiErrorResponse> {
    let Asked { claims, job, query, format, table, page_size } = &asked;
    let (tokens, now) = (state.page_tokens().await?, state.app.clock.now());
    let (id, round) = (job.id.to_string(), job.round.to_string());
    let list = List { owner: &claims.owner, kind: R::KIND, of: &[&id, &round, format.name()] };
    let token = query.page_token()?.map(|token| tokens.open(list, token, now)).transpose()?;
    let is_first = token.is_none();
    let from = token.map_or_else(|| Ok(Position::default()), |bytes| position(&bytes))?;
    let room = state.budget.room(&claims.owner, PAGE_BYTES_MAX).await?;
    let columns = columns::<R>(state, job, table).await?;
    let page = R::page(state, job, from, *page_size).await?;
    let query = &columns.as_ref().map_or_else(|| query.clone(), |columns| table.naming(query, columns));
    let (mut written, mut next) = (PageWriter::new::<R>(*format, table.written, columns, is_first, table.mark), page.next);
    let fitted = written.push_all::<R>(&page.records)?;
    if fitted < page.records.len() {
        // Quoting made the page larger than estimated. It ends earlier now, and only the ledger knows the position of
        // that end.
        next = R::page(state, job, from, fitted).await?.next;
    }
    let next = next.map(|next| tokens.issue(list, &bytes(next), now)).transpose()?;
    Ok(room.until_sent(written.answer::<R>(query, next)?))
}

/// A page as far as it has been written.
struct PageWriter {
    format: Format,
    written: Cells,
    columns: Option<Columns>,
    body: Vec<u8>,
    records: usize,
}

impl PageWriter {
    fn new<R: Records>(format: Format, written: Cells, columns: Option<Columns>, is_first: bool, mark: bool) -> Self {
        let mut body = if is_first && mark { "\u{feff}".as_bytes().to_vec() } else { Vec::new() };
        match format {
            Format::Json => body.extend_from_slice(format!("{{\"{}\":[", R::KIND).as_bytes()),
            Format::Csv if is_first => match &columns {
                Some(columns) => csv::push_row(&mut body, &columns.header(R::BEFORE_VALUES), written),
                None => csv::push_row(&mut body, R::COLUMNS, written),
            },
            Format::Csv | Format::Ndjson => {}
        }
        Self { format, written, columns, body, records: 0 }
    }

    /// Writes records as long as they fit, but at least one. Returns how many.
    fn push_all<R: Records>(&mut self, records: &[(u64, R::Record)]) -> Result<usize, ApiErrorResponse> {
        for (index, record) in records {
            let before = self.body.len();
            self.push::<R>(*index, record)?;
            if self.body.len() > PAGE_BYTES_MAX && self.records > 0 {
                self.body.truncate(before);
                break;
            }
            self.records += 1;
        }
        Ok(self.records)
    }

    fn push<R: Records>(&mut self, index: u64, record: &R::Record) -> Result<(), ApiErrorResponse> {
        match self.format {
            Format::Json => {
                if self.records > 0 {
                    self.body.push(b',');
                }
                self.body.extend(R::json(index, record).map_err(ApiErrorResponse::internal)?);
            }
            Format::Ndjson => {
                // Items are kept as submitted. A line break in one is white space between its tokens, never inside a
                // text.
                let line = R::json(index, record).map_err(ApiErrorResponse::internal)?;
                self.body.extend(line.into_iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
                self.body.push(b'\n');
            }
            Format::Csv => match &self.columns {
                Some(columns) => {
                    let mut cells: Vec<Cow<'_, str>> = R::before_value(index, record).into_iter().map(Cow::Owned).collect();
                    cells.extend(columns.cells(R::value(record)));
                    csv::push_row(&mut self.body, &cells, self.written);
                }
                None => R::push_cells(&mut self.body, index, record, self.written),
            },
        }
        Ok(())
    }

    fn answer<R: Records>(mut self, query: &Query, next: Option<String>) -> Result<Response, ApiErrorResponse> {
        if self.format == Format::Json {
            let next = serde_json::to_string(&next).map_err(ApiErrorResponse::internal)?;
            self.body.extend_from_slice(format!("],\"nextPageToken\":{next}}}").as_bytes());
        }
        let is_json = self.format == Format::Json;
        let mut response = ([(CONTENT_TYPE, self.format.media_type())], self.body).into_response();
        if is_json {
            return Ok(response);
        }
        response.headers_mut().insert(MORE, HeaderValue::from_static(if next.is_some() { "true" } else { "false" }));
        if let Some(token) = next {
            let link = format!("<?{}>; rel=\"next\"", query.with_page_token(&token));
            response.headers_mut().insert(LINK, HeaderValue::try_from(link).map_err(ApiErrorResponse::internal)?);
        }
        Ok(response)
    }
}

fn bytes(position: Position) -> [u8; 22] {
    let mut bytes = [0; 22];
    bytes[..4].copy_from_slice(&position.part.to_be_bytes());
    bytes[4..6].copy_from_slice(&position.chunk.to_be_bytes());
    bytes[6..14].copy_from_slice(&position.index.to_be_bytes());
    bytes[14..].copy_from_slice(&position.chunk_begins.to_be_bytes());
    bytes
}

fn position(bytes: &[u8]) -> Result<Position, ApiErrorResponse> {
    let read = || {
        let (part, rest) = bytes.split_first_chunk()?;
        let (chunk, rest) = rest.split_first_chunk()?;
        let (index, rest) = rest.split_first_chunk()?;
        let (part, chunk, index) = (u32::from_be_bytes(*part), u16::from_be_bytes(*chunk), u64::from_be_bytes(*index));
        Some(Position { part, chunk, index, chunk_begins: u64::from_be_bytes(rest.try_into().ok()?) })
    };
    read().ok_or_else(|| ApiErrorResponse::internal("a page token has a position that is not of this list"))
}
