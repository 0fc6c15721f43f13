//! Whether the first items of a file fit the schema of their job, for `--dry-run`. What a schema means for all rows of a file
//! shows in a few of them, whatever keywords it has.

use std::sync::Arc;

use headway_schema::sandbox::{Checked, NoVerdict};
use headway_schema::{Sandbox, Source};
use serde_json::value::RawValue;

use crate::error::CommandError;
use crate::input::{Opened, Place};

/// So many items are looked at.
const ITEMS_MAX: usize = 20;

/// What to say if none of the first items fits.
pub(super) async fn warning(opened: &Opened, schema: Source) -> Result<Option<String>, CommandError> {
    let (places, items): (Vec<Place>, Vec<Box<RawValue>>) = first_items(opened)?.into_iter().unzip();
    let count = items.len();
    let verdicts = Sandbox::global().check_all("dry run", &Arc::new(schema), items).await;
    let reasons: Option<Vec<String>> = verdicts.into_iter().map(reason).collect();
    let Some((place, why)) = reasons.and_then(|reasons| Some((*places.first()?, reasons.into_iter().next()?))) else { return Ok(None) };
    let which = if count == 1 { "the first item does not fit".to_owned() } else { format!("none of the first {count} items fits") };
    Ok(Some(format!("{}: {which} the schema. The one on line {}: {why}", opened.name(), place.line)))
}

fn first_items(opened: &Opened) -> Result<Vec<(Place, Box<RawValue>)>, CommandError> {
    let (mut items, mut item, mut found) = (opened.again()?, Vec::new(), Vec::new());
    while found.len() < ITEMS_MAX
        && let Some(place) = items.next(&mut item)?
    {
        let text = std::str::from_utf8(&item).map_err(anyhow::Error::from)?;
        found.push((place, RawValue::from_string(text.to_owned()).map_err(anyhow::Error::from)?));
    }
    Ok(found)
}

/// Why an item will fail. `None` if it will not, or if that is not known.
fn reason(verdict: Result<Checked, NoVerdict>) -> Option<String> {
    match verdict {
        Ok(Checked::Misfit(misfit)) => Some(misfit.violations.first().map(ToString::to_string).unwrap_or_default()),
        Err(NoVerdict::LimitExceeded(exceeded)) => Some(exceeded.to_string()),
        _ => None,
    }
}
