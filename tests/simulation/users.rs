//! What users do, at their own time and concurrently: submit, cancel, pause, retry, delete, and try to read what they
//! may not.

use std::sync::Arc;
use std::time::Duration;

use headway_core::cancel::cancel;
use headway_core::delete::delete;
use headway_core::pause::{pause, resume};
use headway_core::records::{self, Position};
use headway_core::retry::retry;
use headway_core::submit::{RequestKey, Submission, put_part, seal, start_job};
use headway_core::{Conflict, Job, JobError, JobId};
use serde_json::value::RawValue;

use super::invariant::{Invariant, Violation};
use super::workload::JobPlan;
use super::world::{World, send_foreign};

/// How often a user who gets no answer asks again before giving up.
const PATIENCE: usize = 2_000;

/// Everything that users will do.
pub(crate) fn begin(world: &World) {
    let plan = world.plan.clone();
    let later: Vec<usize> = plan.jobs.iter().filter_map(|job| job.then).collect();
    for job in plan.jobs.iter().filter(|job| !later.contains(&job.number)) {
        begin_job(world, job);
    }
    if plan.foreign_message {
        world.spawn(send_foreign(world.clone()));
    }
    if plan.redrives {
        world.spawn(redrives(world.clone()));
    }
    if plan.intruder {
        world.spawn(intrudes(world.clone()));
    }
    if plan.lists {
        world.spawn(lists(world.clone()));
    }
}

fn begin_job(world: &World, job: &JobPlan) {
    let job = Arc::new(job.clone());
    world.spawn(submit(world.clone(), job.clone(), true));
    if job.twins && job.key.is_some() {
        world.spawn(submit(world.clone(), job.clone(), false));
    }
    if let Some(after) = job.cancel_after {
        world.spawn(cancels(world.clone(), job.clone(), after));
    }
    if let Some(after) = job.pause_after {
        world.spawn(pauses(world.clone(), job.clone(), after));
    }
    let drivers = if job.retried_by_two { 2 } else { 1 };
    (0..if job.retries > 0 { drivers } else { 0 }).for_each(|_| world.spawn(retries(world.clone(), job.clone())));
    if let Some(after) = job.delete_after {
        world.spawn(deletes(world.clone(), job.clone(), after));
    }
}

/// The id that was answered for the planned job, if it was answered.
fn id_of(world: &World, job: &JobPlan) -> Option<JobId> {
    world.books.borrow().iter().find(|(_, book)| book.number == Some(job.number)).map(|(id, _)| *id)
}

/// Waits some time for the job's id.
async fn id_when_known(world: &World, job: &JobPlan) -> Option<JobId> {
    for _ in 0..300 {
        if let Some(id) = id_of(world, job) {
            return Some(id);
        }
        tokio::time::sleep(Duration::from_millis(700) * world.plan.tempo.min(60)).await;
    }
    None
}

/// The user's client: sends a request again if it was not answered and that is safe.
async fn submit(world: World, job: Arc<JobPlan>, streams: bool) {
    tokio::time::sleep(job.begins_after).await;
    let mut answered = None;
    for attempt in 0..PATIENCE {
        if attempt > 0 {
            world.faults.saw("job: submission sent again");
        }
        match world.request(async |app| start_job(app, submission(&world, &job)).await).await {
            Some(Ok(started)) => {
                answered = Some(started);
                break;
            }
            Some(Err(error @ (JobError::KeyReused | JobError::Conflict(_) | JobError::Invalid(_)))) => {
                world.faults.violated(Violation::new(Invariant::DurableBeforeForgotten, format!("a submission was refused: {error:?}")));
                return;
            }
            _ if job.key.is_some() => {}
            // Nothing was acknowledged. If there is a record, the sweep handles it.
            _ => return,
        }
        if attempt > 0 && job.chunk_size.is_none() {
            world.faults.saw("job: resubmitted after a deploy");
        }
    }
    let Some(started) = answered else { return };
    acknowledged(&world, &job, &started).await;
    if streams && job.streamed.is_some() {
        world.faults.saw("job: streamed in parts");
        stream(&world, &job, started.id).await;
    }
}

async fn acknowledged(world: &World, job: &JobPlan, started: &Job) {
    let before = id_of(world, job);
    if let Some(before) = before.filter(|before| *before != started.id) {
        // The key of a job that its user has deleted meanwhile is free again.
        if world.job(before).await.is_some() {
            let what = format!("two jobs under one key: {before} and {}", started.id);
            world.faults.violated(Violation::new(Invariant::DurableBeforeForgotten, what));
        }
    }
    if job.streamed.is_none() && !started.sealed && started.is_live() {
        let what = format!("a job was acknowledged that is not sealed: {started:?}");
        world.faults.violated(Violation::new(Invariant::DurableBeforeForgotten, what));
    }
    if before.is_some() {
        world.faults.saw("job: submitted by two at once");
    }
    if job.fates.is_empty() {
        world.faults.saw("job: without items");
    }
    if before.is_none() {
        world.note(started.id, |book| {
            book.number = Some(job.number);
            book.acknowledged = job.streamed.is_none();
        });
    }
}

fn submission(world: &World, job: &JobPlan) -> Submission {
    let items = job.streamed.is_none().then(|| job.items(0..job.fates.len()));
    Submission {
        created_by: job.number.to_string(),
        params: Arc::from(RawValue::from_string(job.number.to_string()).unwrap()),
        tolerated: job.tolerated,
        chunk_size: job.chunk_size,
        key: job.key.map(|key| RequestKey { key_hash: format!("k{key}"), fingerprint: format!("f{}", job.number) }),
        ..Submission::new(world.users[job.owner].clone(), "scripted", items)
    }
}

/// Sends the parts in any order, sometimes one of them twice at the same time, and seals the job.
async fn stream(world: &World, job: &Arc<JobPlan>, id: JobId) {
    let mut waiting = job.parts();
    let all = waiting.len() as u32;
    while !waiting.is_empty() {
        let part = waiting.swap_remove(world.faults.pick(waiting.len() as u64) as usize);
        if waiting.is_empty() {
            hesitate(world, job).await;
            if job.sealed_early && job.sealed_by_client && all > 0 {
                // If one part too few is counted, the seal may be answered before that part arrives, or refused.
                world.spawn(seals(world.clone(), job.clone(), id, all - 1, 3));
            }
        }
        if world.faults.one_in(6) {
            world.spawn(puts(world.clone(), job.clone(), id, part));
        }
        puts(world.clone(), job.clone(), id, part).await;
    }
    if job.sealed_by_client {
        if world.faults.one_in(3) {
            hesitate(world, job).await;
        }
        if world.faults.one_in(6) {
            world.spawn(seals(world.clone(), job.clone(), id, all, PATIENCE));
        }
        seals(world.clone(), job.clone(), id, all, PATIENCE).await;
    }
}

/// Waits before the last part or before the seal, perhaps until the sweep is about to abandon the submission.
async fn hesitate(world: &World, job: &JobPlan) {
    tokio::time::sleep(job.hesitates).await;
    if !job.hesitates.is_zero() && world.faults.one_in(2) {
        world.sweep_begins.notified().await;
        tokio::time::sleep(world.faults.span(Duration::from_millis(300))).await;
    }
}

async fn puts(world: World, job: Arc<JobPlan>, id: JobId, (number, start, len): (u32, usize, usize)) {
    let user = &world.users[job.owner];
    for _ in 0..PATIENCE {
        let items = job.items(start..start + len);
        match world.request(async |app| put_part(app, &app.owned(user, id).await?, number, start as u64, items).await).await {
            Some(Ok(_)) => {
                return world.note(id, |book| {
                    book.parts.insert(number);
                });
            }
            Some(Err(JobError::Conflict(Conflict::PartDiffers(_)) | JobError::Invalid(_))) => {
                let what = format!("part {number} of {id} was refused as another's");
                return world.faults.violated(Violation::new(Invariant::DurableBeforeForgotten, what));
            }
            Some(Err(JobError::Conflict(_) | JobError::NotFound)) => return,
            _ => {}
        }
    }
}

async fn seals(world: World, job: Arc<JobPlan>, id: JobId, parts: u32, patience: usize) {
    let user = &world.users[job.owner];
    for _ in 0..patience {
        match world.request(async |app| seal(app, &app.owned(user, id).await?, parts).await).await {
            Some(Ok(sealed)) => {
                if (parts as usize) < job.parts().len() {
                    world.faults.saw("job: sealed too early");
                }
                return world.note(id, |book| book.sealed_at = Some(sealed.parts));
            }
            Some(Err(JobError::Conflict(_) | JobError::NotFound)) => return,
            _ => {}
        }
    }
}

async fn cancels(world: World, job: Arc<JobPlan>, after: Duration) {
    tokio::time::sleep(after).await;
    let Some(id) = id_when_known(&world, &job).await else { return };
    world.note(id, |book| book.cancels = true);
    for _ in 0..PATIENCE {
        match world.request(async |app| cancel(app, &world.users[job.owner], id).await).await {
            Some(Ok(_)) => return world.calls.cancelled(id),
            Some(Err(JobError::Conflict(_) | JobError::NotFound)) => return,
            _ => {}
        }
    }
}

async fn pauses(world: World, job: Arc<JobPlan>, after: Duration) {
    tokio::time::sleep(after).await;
    let Some(id) = id_when_known(&world, &job).await else { return };
    let user = &world.users[job.owner];
    let mut paused = false;
    let mut rounds = 1 + world.faults.pick(4);
    for _ in 0..PATIENCE {
        let longer = if world.faults.one_in(4) { world.plan.tempo.min(60) } else { 1 };
        tokio::time::sleep(world.faults.span(Duration::from_secs(4) * longer)).await;
        if paused && job.forgotten_pause && rounds == 1 {
            return world.faults.saw("job: forgotten while paused");
        }
        let answer = match paused {
            true => world.request(async |app| resume(app, user, id).await).await,
            false => world.request(async |app| pause(app, user, id).await).await,
        };
        match answer {
            Some(Ok(_)) if paused => {
                world.faults.saw("job: paused and resumed");
                (paused, rounds) = (false, rounds - 1);
                if rounds == 0 {
                    return;
                }
            }
            Some(Err(JobError::Conflict(_) | JobError::NotFound)) => return,
            // A lost answer may have been that of a pause.
            _ => paused = true,
        }
    }
}

/// Retries the job when it has ended, several times.
async fn retries(world: World, job: Arc<JobPlan>) {
    let Some(id) = id_when_known(&world, &job).await else { return };
    let mut done = 0;
    for _ in 0..400 {
        tokio::time::sleep(Duration::from_millis(100) + world.faults.span(Duration::from_secs(5) * world.plan.tempo)).await;
        let Some(known) = world.job(id).await else { return };
        if !known.is_terminal() {
            continue;
        }
        // A submission that nobody will finish would be abandoned a day after each retry.
        if !known.sealed && known.round > 1 {
            return;
        }
        let round = (!world.faults.one_in(4)).then_some(known.round);
        world.note(id, |book| book.retries += 1);
        match world.request(async |app| retry(app, &app.owned(&world.users[job.owner], id).await?, round).await).await {
            Some(Ok(_)) => {
                done += 1;
                world.faults.saw(if done == 1 { "job: retried" } else { "job: retried twice" });
            }
            Some(Err(JobError::Conflict(Conflict::RoundDiffers(_) | Conflict::JobNotEnded(_)))) | None => {}
            Some(Err(JobError::Conflict(_) | JobError::NotFound)) => return,
            Some(Err(_)) => {}
        }
        if done == job.retries {
            return;
        }
    }
}

/// Deletes the job when it has ended; may then use its key again.
async fn deletes(world: World, job: Arc<JobPlan>, after: Duration) {
    let Some(id) = id_when_known(&world, &job).await else { return };
    for _ in 0..400 {
        tokio::time::sleep(Duration::from_secs(1) * world.plan.tempo).await;
        match world.job(id).await {
            None => return,
            Some(known) if known.is_terminal() => break,
            Some(_) => {}
        }
    }
    tokio::time::sleep(after).await;
    world.note(id, |book| book.deletes = true);
    // A worker that has just read the job, and a sweep that runs at once.
    let at_a_bad_time = world.faults.one_in(2);
    if at_a_bad_time {
        world.parts.hurry().await;
    }
    for _ in 0..PATIENCE {
        match world.request(async |app| delete(app, &app.owned(&world.users[job.owner], id).await?).await).await {
            Some(Ok(()) | Err(JobError::NotFound)) => break,
            Some(Err(JobError::Conflict(_))) => tokio::time::sleep(Duration::from_secs(60)).await,
            _ => {}
        }
    }
    if world.job(id).await.is_some() {
        return;
    }
    world.note(id, |book| book.deleted = true);
    if at_a_bad_time {
        world.sweep_now.notify_one();
    }
    world.faults.saw("job: deleted by its user");
    if let Some(next) = job.then {
        tokio::time::sleep(world.faults.span(Duration::from_secs(2_000))).await;
        world.faults.saw("job: key used again after deletion");
        begin_job(&world, &world.plan.jobs[next]);
    }
}

/// Another owner tries every call with each job's id: for it none exists.
async fn intrudes(world: World) {
    for _ in 0..12 {
        tokio::time::sleep(world.faults.span(Duration::from_secs(15) * world.plan.tempo)).await;
        let jobs: Vec<_> = world.books.borrow().iter().filter_map(|(id, book)| Some((*id, book.number?))).collect();
        if jobs.is_empty() {
            continue;
        }
        let (id, number) = jobs[world.faults.pick(jobs.len() as u64) as usize];
        let other = &world.users[1 - world.plan.jobs[number].owner];
        let (act, items) = (world.faults.pick(7), world.plan.jobs[number].items(0..1));
        let answer = world.request(async |app| match act {
            0 => cancel(app, other, id).await.map(drop),
            1 => pause(app, other, id).await.map(drop),
            2 => resume(app, other, id).await.map(drop),
            3 => retry(app, &app.owned(other, id).await?, None).await.map(drop),
            4 => delete(app, &app.owned(other, id).await?).await,
            5 => put_part(app, &app.owned(other, id).await?, 0, 0, items).await.map(drop),
            _ => seal(app, &app.owned(other, id).await?, 1).await.map(drop),
        });
        match answer.await {
            Some(Err(JobError::NotFound)) => world.faults.saw("job: another owner asked for it"),
            Some(Err(JobError::Unavailable { .. })) | None => {}
            told => world.faults.violated(Violation::new(Invariant::OwnersAreApart, format!("another owner was told {told:?} of {id}"))),
        }
    }
}

/// The owner lists jobs, and the failures of one: as many as the counts say, before and after.
async fn lists(world: World) {
    for _ in 0..12 {
        tokio::time::sleep(world.faults.span(Duration::from_secs(15) * world.plan.tempo)).await;
        let owner = &world.users[world.faults.pick(2) as usize];
        let query = headway_core::jobs::JobQuery { page_size: 10, ..Default::default() };
        let Some(Ok(page)) = world.request(async |app| app.jobs.get_by_user(owner, &query).await).await else { continue };
        for job in &page.jobs {
            if job.user_id != *owner || job.handled_items() + job.pending_items() != job.total_items {
                world.faults.violated(Violation::new(Invariant::OwnersAreApart, format!("listed for {owner}: {job:?}")));
            }
        }
        let Some(before) = page.jobs.first() else { continue };
        let Some(before) = world.job(before.id).await else { continue };
        let listed = world.request(async |app| records::failures(app, &before, Position::default(), 1_000).await).await;
        let (Some(Ok(listed)), Some(after)) = (listed, world.job(before.id).await) else { continue };
        world.faults.saw("job: listed");
        let between = (before.failed_items..=after.failed_items).contains(&(listed.records.len() as u64));
        if listed.next.is_none() && before.round == after.round && !between {
            let what = format!(
                "{} failures are listed, counted {} before and {} after: {after:?}",
                listed.records.len(),
                before.failed_items,
                after.failed_items
            );
            world.faults.violated(Violation::new(Invariant::ListsAndLedgerAgree, what));
        }
    }
}

/// An operator moves dead letters back into the queue.
async fn redrives(world: World) {
    for _ in 0..20 {
        tokio::time::sleep(world.faults.span(Duration::from_secs(20) * world.plan.tempo)).await;
        if world.parts.redrive().await > 0 {
            world.faults.saw("fault: dead letter redriven");
        }
    }
}
