//! `/`: a page with the caller's jobs, one job live, and a way to start one from a file. It calls the API like any
//! client, with a token that the caller provides.

use std::sync::LazyLock;

use axum::response::Response;
use headway_core::limits;
use http::HeaderMap;
use serde_json::json;

use crate::html_page::{HtmlPage, ITEM_ROWS, PREACT, STYLE, UPLOT, UPLOT_STYLE, VISIBLE};

const SCRIPTS: [&str; 57] = [
    ITEM_ROWS,
    VISIBLE,
    include_str!("dashboard/base.js"),
    include_str!("dashboard/focus.js"),
    include_str!("dashboard/words.js"),
    include_str!("dashboard/exact_json.js"),
    include_str!("dashboard/api.js"),
    include_str!("dashboard/live.js"),
    include_str!("dashboard/status.js"),
    include_str!("dashboard/notices.js"),
    include_str!("dashboard/records.js"),
    include_str!("dashboard/jobs_page.js"),
    include_str!("dashboard/ledger.js"),
    include_str!("dashboard/rate_chart.js"),
    include_str!("dashboard/drafts.js"),
    include_str!("dashboard/cell_field.js"),
    include_str!("dashboard/correct.js"),
    include_str!("dashboard/pasted_cells.js"),
    include_str!("dashboard/group_table.js"),
    include_str!("dashboard/failures.js"),
    include_str!("dashboard/spreadsheet_cells.js"),
    include_str!("dashboard/sent_file.js"),
    include_str!("dashboard/spreadsheet_rows.js"),
    include_str!("dashboard/joined_file.js"),
    include_str!("dashboard/downloads.js"),
    include_str!("dashboard/actions.js"),
    include_str!("dashboard/tell_me.js"),
    include_str!("dashboard/send_rest.js"),
    include_str!("dashboard/job_page.js"),
    include_str!("dashboard/file_problem.js"),
    include_str!("dashboard/file_kinds.js"),
    include_str!("dashboard/file_text.js"),
    include_str!("dashboard/csv_rows.js"),
    include_str!("dashboard/hidden_names.js"),
    include_str!("dashboard/other_delimiter.js"),
    include_str!("dashboard/drawn_table.js"),
    include_str!("dashboard/csv_table.js"),
    include_str!("dashboard/strict_json.js"),
    include_str!("dashboard/sources.js"),
    include_str!("dashboard/json_list.js"),
    include_str!("dashboard/survey.js"),
    include_str!("dashboard/item_ids.js"),
    include_str!("dashboard/schema_columns.js"),
    include_str!("dashboard/send.js"),
    include_str!("dashboard/sending_page.js"),
    include_str!("dashboard/form_errors.js"),
    include_str!("dashboard/column_check.js"),
    include_str!("dashboard/new_job_form.js"),
    include_str!("dashboard/new_job_page.js"),
    include_str!("dashboard/rewritten_numbers.js"),
    include_str!("dashboard/rewritten_dates.js"),
    include_str!("dashboard/rewritten_cells.js"),
    include_str!("dashboard/correction_table.js"),
    include_str!("dashboard/corrected_file.js"),
    include_str!("dashboard/other_tabs.js"),
    include_str!("dashboard/sign_in.js"),
    include_str!("dashboard/app.js"),
];

static PAGE: LazyLock<HtmlPage> = LazyLock::new(|| {
    let html = include_str!("dashboard/page.html").replacen("{limits}", &limits_known_to_the_page(), 1);
    let libraries = [&PREACT[..], &[UPLOT]].concat();
    HtmlPage::new(&html, &[UPLOT_STYLE, STYLE], &libraries, &SCRIPTS)
});

/// The page.
pub(crate) async fn page(headers: HeaderMap) -> Response {
    PAGE.answer(&headers)
}

/// What the page checks before it sends a file.
fn limits_known_to_the_page() -> String {
    let limits = json!({
        "itemBytes": limits::ITEM_BYTES_MAX,
        "itemDepth": limits::ITEM_DEPTH_MAX,
        "partBytes": limits::PART_BYTES_MAX,
        "chunkBytes": limits::CHUNK_BYTES_MAX,
        "chunksPerPart": limits::CHUNKS_PER_PART_MAX,
        "itemsPerRequest": limits::ITEMS_PER_REQUEST_MAX,
        "itemsPerJob": limits::ITEMS_PER_JOB_MAX,
        "titleChars": limits::TITLE_CHARS_MAX,
        "idChars": limits::ID_CHARS_MAX,
        "metadataValueChars": limits::METADATA_VALUE_CHARS_MAX,
        "metadataBytes": limits::METADATA_BYTES_MAX,
    });
    limits.to_string()
}
