//! `list`: jobs, newest first.

use clap::Args;
use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser, TypedValueParser};
use reqwest::Method;

use crate::client::ClientError;
use crate::context::Context;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::job::JobView;
use crate::number;
use crate::pages;
use crate::table;

const TITLES: [&str; 9] = ["!id", "status", ">done", ">items", ">processed", ">failed", "processor", "submitted", "title"];

const STATUSES: [&str; 5] = ["Pending", "Processing", "Completed", "Failed", "Cancelled"];

/// Which jobs to list.
#[derive(Debug, Args)]
pub struct List {
    /// Only jobs with this status
    #[arg(long, value_name = "STATUS", ignore_case = true, value_parser = status_parser())]
    status: Option<&'static str>,
    /// The maximum number of jobs to list
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = number::at_least(1_u32))]
    limit: u32,
    /// Jobs of this owner, or `*` for all jobs that have not ended (operators only)
    #[arg(long, value_name = "USER", value_parser = NonEmptyStringValueParser::new())]
    owner: Option<String>,
}

impl List {
    /// Lists the jobs.
    ///
    /// # Errors
    /// As [`crate::client::Client::call`].
    pub async fn run(self, context: &Context) -> Result<Exit, CommandError> {
        if let (Some("*"), Some(status @ ("Completed" | "Failed" | "Cancelled"))) = (self.owner.as_deref(), self.status) {
            return Err(CommandError::Usage(format!(
                "--owner '*' lists the jobs that have not ended, and none of them is {status}: name an owner, or leave --status out"
            )));
        }
        let client = context.client()?;
        let list = pages::read_all(&client, "jobs", self.limit as usize, |token, size| {
            let size = size.to_string();
            let filters = [("status", self.status), ("owner", self.owner.as_deref()), ("pageToken", token)];
            let mut query = vec![("pageSize", size.as_str())];
            query.extend(filters.into_iter().filter_map(|(name, value)| Some((name, value?))));
            client.request(Method::GET, &["jobs"], &query)
        })
        .await?;
        if context.out.json {
            context.out.json_line(list.body("jobs").as_bytes())?;
            return Ok(Exit::Ok);
        }
        let rows = list.elements.iter().map(|raw| serde_json::from_str(raw.get()).map(|job: JobView| row(&job)));
        let rows = rows.collect::<Result<Vec<_>, _>>().map_err(ClientError::Answer)?;
        context.out.lines(&table::render(&TITLES, &rows, context.out.columns()))?;
        if list.next.is_some() {
            context.out.note(&format!("there are more: --limit {}", self.limit.saturating_mul(10)));
        }
        Ok(Exit::Ok)
    }
}

/// Accepts any upper or lower case, and sends the API's spelling.
fn status_parser() -> impl TypedValueParser<Value = &'static str> {
    let spelt = |typed: String| STATUSES.iter().copied().find(|status| status.eq_ignore_ascii_case(&typed));
    PossibleValuesParser::new(STATUSES).try_map(move |typed| spelt(typed).ok_or("no such status"))
}

fn row(job: &JobView) -> Vec<String> {
    vec![
        job.id.clone(),
        job.status_words(),
        if job.knows_its_share() { job.percent() } else { "-".to_owned() },
        // More items may follow.
        if job.is_open() { format!("{}+", job.total_items) } else { job.total_items.to_string() },
        job.processed_items.to_string(),
        job.failed_items.to_string(),
        job.processor.clone(),
        job.created_at.clone(),
        job.title.clone().unwrap_or_default(),
    ]
}
