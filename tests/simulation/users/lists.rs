//! The owner lists jobs, and the failures and items of one, while others work on it.

use std::time::Duration;

use headway_core::item_states::{ItemStatus, item_states};
use headway_core::records::{self, Position};
use headway_core::{Job, JobError};

use crate::invariant::{Invariant, Violation};
use crate::world::World;

/// More than any job has, so that a list is one page.
const ALL: usize = 1_000;

/// Lists from time to time.
pub(super) async fn lists(world: World) {
    for _ in 0..12 {
        headway_core::time::sleep(world.faults.span(Duration::from_secs(15) * world.plan.tempo)).await;
        let owner = &world.users[world.faults.pick(2) as usize];
        let query = headway_core::jobs::JobQuery { page_size: 10, ..Default::default() };
        let Some(Ok(page)) = world.request(async |app| app.jobs.get_by_user(owner, &query).await).await else { continue };
        for job in &page.jobs {
            if job.user_id != *owner || job.handled_items() + job.pending_items() != job.total_items {
                world.faults.violated(Violation::new(Invariant::OwnersAreApart, format!("listed for {owner}: {job:?}")));
            }
        }
        let Some(first) = page.jobs.first() else { continue };
        let Some(before) = world.job(first.id).await else { continue };
        let Some(Ok(Some(listed))) = world.request(async |app| Listed::of(app, &before, world.faults.one_in(2)).await).await else {
            continue;
        };
        let Some(after) = world.job(before.id).await else { continue };
        world.faults.saw("job: listed");
        if before.round == after.round && !listed.may_be(&before, &after) {
            let what = format!("listed are {listed:?}, before it was {before:?}, then {after:?}");
            world.faults.violated(Violation::new(Invariant::ListsAndLedgerAgree, what));
        }
    }
}

/// How many items a list has of each kind.
#[derive(Debug)]
struct Listed {
    failed: u64,
    /// Processed, and those that are processed or pending; `None` if only failures were listed.
    processed: Option<(u64, u64)>,
}

impl Listed {
    /// Lists all items, or only failures; `None` if there are further pages.
    async fn of(app: &headway_core::App, job: &Job, only_failures: bool) -> Result<Option<Self>, JobError> {
        if only_failures {
            let page = records::failures(app, job, Position::default(), ALL).await?;
            return Ok(page.next.is_none().then_some(Self { failed: page.records.len() as u64, processed: None }));
        }
        let page = item_states(app, job, Position::default(), ALL).await?;
        let count = |status| page.records.iter().filter(|(_, state)| state.status == status).count() as u64;
        let processed = Some((count(ItemStatus::Processed), count(ItemStatus::Unknown)));
        Ok(page.next.is_none().then_some(Self { failed: count(ItemStatus::Failed), processed }))
    }

    /// True if the counts of the job were these at some time between both.
    fn may_be(&self, before: &Job, after: &Job) -> bool {
        let failed = (before.failed_items..=after.failed_items).contains(&self.failed);
        let processed =
            self.processed.is_none_or(|(known, unknown)| known <= after.processed_items && known + unknown >= before.processed_items);
        failed && processed
    }
}
