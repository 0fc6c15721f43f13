//! The final check of each job when nothing changes any more.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use headway_core::job::{LEFT_ROUNDS_MAX, NoticeKind, NoticeState};
use headway_core::jobs::JobQuery;
use headway_core::outcome::FailureKind;
use headway_core::records::{self, Position};
use headway_core::{Job, JobId, JobStatus, ToleratedFailures};

use super::recount::{Recount, read};
use super::{Book, item_list};
use crate::fixes;
use crate::invariant::{Violation, hold};
use crate::processor::{Fate, Preparing};
use crate::workload::JobPlan;
use crate::world::World;

/// More jobs than an owner has.
const LISTED_MAX: usize = 100;

/// Of a job that exists.
pub(super) async fn of_job(world: &World, job: &Job, book: &Book) -> Result<(), Violation> {
    // Its submission may have left a record although it was never answered.
    let number = job.created_by.parse().unwrap_or(usize::MAX);
    let plan = &world.plan.jobs[number];
    hold!(JobsEnd, job.is_terminal(), "it never ended: {job:?}");
    world.faults.saw(match job.status {
        JobStatus::Completed => "job: Completed",
        JobStatus::Failed => "job: Failed",
        _ => "job: Cancelled",
    });
    let recount = Recount::of(&world.calm, job, plan).await?;
    counts_agree(world, job, &recount).await?;
    is_listed_as_it_is(world, job).await?;
    item_list::agrees(world, job, &recount).await?;
    corrections_are_counted(world, job, book).await?;
    items_are_accounted_for(job, plan, book, &recount)?;
    items_came_out_as_they_may(world, job, plan, &recount)?;
    ended_for_a_reason(world, job, plan, &recount)?;
    ends_were_told(world, job, plan)?;
    events_were_put(world, job)?;
    note(world, job, &recount);
    Ok(())
}

/// Of a deleted job: none of its rows is left.
pub(super) async fn of_gone(world: &World, id: JobId, top_part: Option<u32>) -> Result<(), Violation> {
    let app = &world.calm;
    // Its rows remain until the sweep has deleted them.
    hold!(DeletedIsGone, world.row(id).await.is_none(), "the sweep never deleted {id}");
    hold!(DeletedIsGone, read(app.ledger.params(id).await)?.is_none(), "params of {id} are left");
    for part in 0..top_part.map_or(1, |top| top + 1) {
        let place = (id, part);
        let part_row = read(app.ledger.part(place).await)?;
        hold!(DeletedIsGone, part_row.is_none(), "a part row is left: {part_row:?}");
        let outcomes = read(app.ledger.outcomes(place, 0).await)?;
        hold!(DeletedIsGone, outcomes.is_empty(), "outcome rows are left: {outcomes:?}");
        let parked = read(app.ledger.parked(place).await)?;
        hold!(DeletedIsGone, parked.is_empty(), "kept messages are left: {parked:?}");
        let corrections = read(app.ledger.corrections(place, 0).await)?;
        hold!(DeletedIsGone, corrections.is_empty(), "corrections are left: {corrections:?}");
        for chunk in 0..16 {
            let care = read(app.ledger.care(headway_core::ChunkId { job: id, part, chunk }).await)?;
            hold!(DeletedIsGone, care.is_none(), "a mark is left: {care:?}");
        }
    }
    for (chunk, name) in world.faults.extra_rows_of(id) {
        let extra = read(app.ledger.extra(chunk, name).await)?;
        hold!(DeletedIsGone, extra.is_none(), "an extra row is left: {extra:?}");
    }
    world.faults.saw("job: deleted past retention");
    Ok(())
}

/// A message that is not Headway's is kept for people.
pub(super) async fn of_strays(world: &World) -> Result<(), Violation> {
    let kept = world.parts.strays().await;
    hold!(DurableBeforeForgotten, !world.plan.foreign_message || kept != Some(0), "a message that is not ours was not kept");
    Ok(())
}

/// Counts, lists, and the rows recomputed from scratch agree.
async fn counts_agree(world: &World, job: &Job, recount: &Recount) -> Result<(), Violation> {
    let (failed, processed) = (recount.failures.len() as u64, recount.processed.len() as u64);
    hold!(ListsAndLedgerAgree, failed == job.failed_items, "{failed} failures are in the rows: {job:?}");
    hold!(ListsAndLedgerAgree, processed == job.processed_items, "{processed} items are processed by the rows: {job:?}");
    let counted: u64 = recount.parts.values().map(|part| part.counts().processed).sum();
    hold!(ListsAndLedgerAgree, counted == job.processed_items, "{counted} items are processed by the registers: {job:?}");
    let listed = failed_listed(world, job).await?;
    let in_rows: Vec<u64> = recount.failures.keys().copied().collect();
    hold!(ListsAndLedgerAgree, listed == in_rows, "listed as failed are {listed:?}, in the rows {in_rows:?}: {job:?}");
    let listed = outputs_listed(world, job).await?;
    hold!(ListsAndLedgerAgree, listed == recount.outputs, "outputs listed {listed:?}, in the rows {:?}: {job:?}", recount.outputs);
    Ok(())
}

/// Of each round so many items were corrected as the rows say. A row says it of one round.
async fn corrections_are_counted(world: &World, job: &Job, book: &Book) -> Result<(), Violation> {
    let mut rows = Vec::new();
    for part in 0..job.parts_end() {
        rows.extend(read(world.calm.ledger.all_corrections((job.id, part)).await)?.into_values());
    }
    for counts in job.rounds_so_far() {
        let in_rows: u64 = rows.iter().map(|row| u64::from(row.count_in(counts.round))).sum();
        let counted = book.corrects_unanswered || counts.corrected >= in_rows;
        hold!(ListsAndLedgerAgree, counted, "{in_rows} items were corrected in a round, which counts {counts:?}: {job:?}");
    }
    Ok(())
}

/// An ended job is listed with the counts that it has when it is read alone.
async fn is_listed_as_it_is(world: &World, job: &Job) -> Result<(), Violation> {
    let query = JobQuery { page_size: LISTED_MAX, ..JobQuery::default() };
    let page = read(world.calm.jobs.get_by_user(&job.user_id, &query).await)?;
    let listed = page.jobs.iter().find(|listed| listed.id == job.id);
    let numbers = |job: &Job| (job.status, job.total_items, job.processed_items, job.failed_items, job.is_settling(), job.rounds_so_far());
    hold!(ListsAndLedgerAgree, listed.map(numbers) == Some(numbers(job)), "listed as {listed:?}, alone it is {job:?}");
    if job.parts_not_rolled_up().len() > 10 {
        world.faults.saw("job: listed with many unfinished parts");
    }
    Ok(())
}

/// Every acknowledged item is processed, failed, dropped by the cancel, or kept for a retry.
fn items_are_accounted_for(job: &Job, plan: &JobPlan, book: &Book, recount: &Recount) -> Result<(), Violation> {
    let taken = |start: usize, len: usize| start as u64..(start + len) as u64;
    let mut acknowledged: BTreeSet<u64> = BTreeSet::new();
    if book.acknowledged {
        acknowledged.extend(taken(0, plan.fates.len()));
    }
    for (_, start, len) in plan.parts().into_iter().filter(|(number, ..)| book.parts.contains(number)) {
        acknowledged.extend(taken(start, len));
    }
    if let Some(parts) = book.sealed_at {
        hold!(EndsAreFinal, job.sealed && job.parts == parts, "sealed with {parts} parts: {job:?}");
        let beyond = book.parts.iter().find(|part| **part >= parts);
        hold!(NoItemDisappears, beyond.is_none(), "part {beyond:?} was acknowledged, and the job sealed without it: {job:?}");
    }
    if job.status == JobStatus::Cancelled || recount.more_kept {
        return Ok(());
    }
    let known = |index: &u64| recount.failures.contains_key(index) || recount.kept.contains(index) || recount.processed.contains(index);
    let lost: Vec<u64> = acknowledged.into_iter().filter(|index| !known(index)).collect();
    hold!(NoItemDisappears, lost.is_empty(), "{lost:?} are nowhere: {job:?} {recount:?}");
    Ok(())
}

/// What is counted as processed did succeed, and what failed did so for a reason of its own.
fn items_came_out_as_they_may(world: &World, job: &Job, plan: &JobPlan, recount: &Recount) -> Result<(), Violation> {
    for index in &recount.processed {
        let seen = world.calls.of(job.id, *index);
        hold!(CountsAreDistinctItems, seen.succeeded > 0, "item {index} is counted as processed and never succeeded: {job:?}");
    }
    for (index, failure) in &recount.failures {
        let value = failure.item.get();
        let fate = fixes::fate_of(value).unwrap_or(plan.fates[*index as usize]);
        let seen = world.calls.of(job.id, *index);
        // A harmless item may have been running, or about to run, each time its worker was killed.
        // What it was when it was cleared last is forgotten: a correction may have mended what killed.
        let cleared_for = world.faults.cleared_for(job.id, *index);
        let left = seen.left.since(cleared_for);
        let unlucky = failure.kind == FailureKind::Crashed && left.excuses();
        let may_fail = fate.may_fail() || unlucky || failure.kind == FailureKind::DeadLettered;
        hold!(InnocentItemsDoNotFail, may_fail, "item {index} ({fate:?}, {seen:?}) failed: {failure:?} {job:?}");
        // No worker reached it for so long, only for faults.
        let given_up = failure.kind == FailureKind::DeadLettered && world.dead_letters.excuse(job.id, *index, cleared_for);
        hold!(
            Alone,
            !plan.is_neighbour || left.excuses() || given_up,
            "item {index} of a neighbour ({seen:?}) failed: {failure:?} {job:?}"
        );
        let at_work = seen.begun > 0 || left.marks > 0 || given_up;
        hold!(Alone, at_work || failure.kind != FailureKind::DeadLettered, "item {index} never began and failed: {failure:?} {job:?}");
        let begun = seen.begun > 0 || failure.kind == FailureKind::DeadLettered || unlucky;
        hold!(CountsAreDistinctItems, begun, "item {index} failed and was never begun: {failure:?}");
        // What began before the failures were cleared is not an attempt of this round.
        let tried = world.faults.cleared_at(job.id, *index).is_none_or(|cleared| seen.last_begun.is_some_and(|begun| begun >= cleared));
        let may_be_untried = matches!(failure.kind, FailureKind::DeadLettered | FailureKind::Crashed);
        hold!(CountsAreDistinctItems, tried || may_be_untried, "item {index} failed again without being tried: {failure:?} {job:?}");
        let kind_fits = fits(fate, failure.kind) || unlucky || failure.kind == FailureKind::DeadLettered;
        hold!(InnocentItemsDoNotFail, kind_fits, "item {index} ({fate:?}, {seen:?}) failed as {failure:?}");
        let known = value == plan.item(*index) || world.faults.fixes(|fixes| fixes.knows((job.id, *index), value));
        hold!(ListsAndLedgerAgree, known, "item {index} is listed as another: {failure:?}");
    }
    for index in &recount.outputs {
        let may_give = plan.fates[*index as usize].gives_output() || world.faults.fixes(|fixes| fixes.touched((job.id, *index)));
        let gives = may_give && recount.processed.contains(index);
        hold!(ListsAndLedgerAgree, gives, "an output of item {index}: {job:?}");
    }
    Ok(())
}

fn fits(fate: Fate, kind: FailureKind) -> bool {
    match fate {
        Fate::FailsForGood | Fate::Fickle | Fate::FailsForAWhile(_) => kind == FailureKind::Permanent,
        Fate::NeverSucceeds | Fate::NeverAnswered => kind == FailureKind::RetriesExhausted,
        Fate::AnswersShort | Fate::AnswersLong => kind == FailureKind::Crashed,
        Fate::Throttled(..) | Fate::NeverLetIn => kind == FailureKind::Throttled,
        Fate::Away(_) => kind == FailureKind::Unreachable,
        Fate::Hangs | Fate::Computes => kind == FailureKind::TimedOut,
        Fate::Panics | Fate::Kills => kind == FailureKind::Crashed,
        Fate::EatsMemory(_) => matches!(kind, FailureKind::TimedOut | FailureKind::Crashed),
        _ => false,
    }
}

fn ended_for_a_reason(world: &World, job: &Job, plan: &JobPlan, recount: &Recount) -> Result<(), Violation> {
    let exceeded = job.tolerated.exceeded(job.failed_items, job.handled_items(), job.sealed.then_some(job.total_items));
    match job.status {
        JobStatus::Completed => {
            hold!(NoItemDisappears, job.pending_items() == 0, "items disappeared: {job:?}");
            let all = if plan.streamed.is_some() {
                recount.parts.values().map(|part| u64::from(part.items)).sum()
            } else {
                plan.fates.len() as u64
            };
            hold!(NoItemDisappears, job.sealed && job.total_items == all, "not the items that were sent: {job:?}");
            hold!(EndsAreFinal, !exceeded, "completed with too many failures: {job:?}");
            let rolled_up = (job.rolled_up.parts.len(), job.rolled_up.processed, job.rolled_up.failed);
            hold!(
                ListsAndLedgerAgree,
                rolled_up == (job.parts as usize, job.processed_items, job.failed_items),
                "not what was rolled up: {job:?}"
            );
            let giving = recount.processed.iter().filter(|index| plan.fates[**index as usize].gives_output());
            let fixed = |index: &u64| world.faults.fixes(|fixes| fixes.touched((job.id, *index)));
            let missing = giving.filter(|index| !recount.outputs.contains(index) && !fixed(index)).count();
            hold!(ListsAndLedgerAgree, missing == 0, "outputs are missing: {recount:?}");
        }
        // A percentage that was exceeded may no longer be exceeded when the items in flight are counted.
        JobStatus::Failed => {
            let share = matches!(job.tolerated, ToleratedFailures::Percentage { .. }) && job.failed_items > 0;
            let paused = job.error_message.as_deref().is_some_and(|error| error.contains("paused")) && plan.forgotten_pause;
            let error = job.error_message.as_deref().unwrap_or_default();
            let unprepared = error.contains("died each time it prepared the processor");
            let left = world.calls.left_preparing(job.id, job.round);
            let to_blame = plan.preparing != Preparing::Harmless || left.excuses();
            hold!(Alone, !unprepared || to_blame, "nothing was to be said against its processor: {left:?} {job:?}");
            hold!(Alone, !plan.is_neighbour || unprepared || job.abandoned, "a neighbour failed: {job:?}");
            hold!(Alone, !unprepared || job.failed_items == 0 || job.round > 0, "items failed for their processor: {job:?}");
            hold!(EndsAreFinal, exceeded || share || job.abandoned || paused || unprepared, "failed without a reason: {job:?}");
        }
        _ => {}
    }
    Ok(())
}

/// Of so many rounds that a retry has left the job keeps the notices. Those of earlier ones may have been given up.
fn rounds_to_tell(job: &Job) -> RangeInclusive<u32> {
    job.round.saturating_sub(LEFT_ROUNDS_MAX as u32).max(1)..=job.round
}

/// Of each round that started there is an event, and of each that ended.
fn events_were_put(world: &World, job: &Job) -> Result<(), Violation> {
    let due = job.due_notices();
    hold!(EndsAreTold, due.is_empty(), "{due:?} wait for ever: {job:?}");
    let Some(manner) = world.plan.bus.filter(|manner| manner.accepts()) else { return Ok(()) };
    let has_started = |round: u32| round > 1 || world.faults.job_began(job.id);
    for round in rounds_to_tell(job) {
        let ended = world.notes.accepted(job.id, round, NoticeKind::JobEnded);
        let started = !has_started(round) || world.notes.accepted(job.id, round, NoticeKind::JobStarted);
        hold!(EndsAreTold, started && ended, "round {round}: start {started}, end {ended} ({manner:?}): {job:?}");
    }
    if job.round > 1 {
        world.faults.saw("event: of every round");
    }
    Ok(())
}

/// Each end of a round was told, whatever happened, if its endpoint accepts notices. Otherwise it was given up.
fn ends_were_told(world: &World, job: &Job, plan: &JobPlan) -> Result<(), Violation> {
    let Some(manner) = plan.callback else { return Ok(()) };
    let untold: Vec<u32> = rounds_to_tell(job).filter(|round| !world.notes.accepted(job.id, *round, NoticeKind::Callback)).collect();
    hold!(EndsAreTold, !manner.accepts() || untold.is_empty(), "nobody was told of the ends of rounds {untold:?} ({manner:?}): {job:?}");
    let expected = if manner.accepts() { NoticeState::Delivered } else { NoticeState::GivenUp };
    hold!(EndsAreTold, job.callback_state() == Some(expected), "it should be {expected:?} ({manner:?}): {job:?}");
    if job.round > 1 {
        world.faults.saw("notice: of every round");
    }
    Ok(())
}

/// Counts how the job ended.
fn note(world: &World, job: &Job, recount: &Recount) {
    if recount.parts.len() > 1 && world.plan.jobs.iter().any(|plan| plan.fates.len() > 80) {
        world.faults.saw("job: of several parts in one request");
    }
    for (index, failure) in &recount.failures {
        world.faults.saw("item: failed for good");
        match failure.kind {
            FailureKind::RetriesExhausted => world.faults.saw("item: RetriesExhausted"),
            FailureKind::TimedOut => world.faults.saw("item: TimedOut"),
            FailureKind::DeadLettered => world.faults.saw("item: DeadLettered"),
            FailureKind::Crashed => {
                world.faults.saw("item: Crashed");
                if job.status == JobStatus::Completed && recount.processed.contains(&(index + 1)) {
                    world.faults.saw("item: convicted while its neighbours complete");
                }
            }
            FailureKind::Throttled => world.faults.saw("item: Throttled"),
            FailureKind::Unreachable | FailureKind::Permanent => {}
        }
    }
}

async fn failed_listed(world: &World, job: &Job) -> Result<Vec<u64>, Violation> {
    let (app, mut all, mut from) = (&world.calm, Vec::new(), Position::default());
    loop {
        let page = read(records::failures(app, job, from, 3).await)?;
        all.extend(page.records.into_iter().map(|(index, _)| index));
        match page.next {
            Some(next) => from = next,
            None => return Ok(all),
        }
    }
}

async fn outputs_listed(world: &World, job: &Job) -> Result<BTreeSet<u64>, Violation> {
    let (app, mut all, mut from) = (&world.calm, BTreeSet::new(), Position::default());
    loop {
        let page = read(records::results(app, job, from, 3).await)?;
        for (index, record) in page.records {
            hold!(ListsAndLedgerAgree, all.insert(index), "output {index} is listed twice");
            let is_own = |output: &str| output == index.to_string() || fixes::is_output(output);
            let own = record.output.as_ref().is_some_and(|output| is_own(output.get()));
            hold!(ListsAndLedgerAgree, own, "item {index} has another output: {record:?}");
        }
        match page.next {
            Some(next) => from = next,
            None => return Ok(all),
        }
    }
}
