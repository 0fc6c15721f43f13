//! What users do, at their own time and concurrently: submit, cancel, pause, correct, retry, delete, and try to read
//! what they may not.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use headway_core::cancel::cancel;
use headway_core::correct::{Correction, correct};
use headway_core::delete::delete;
use headway_core::pause::{pause, resume};
use headway_core::records::{self, Position};
use headway_core::retry::retry;
use headway_core::status;
use headway_core::submit::{put_part, seal};
use headway_core::time::Instant;
use headway_core::{Conflict, Job, JobError, JobId, UserId};
use serde_json::value::RawValue;

use super::invariant::{Invariant, Violation};
use super::theme::Theme;
use super::workload::JobPlan;
use super::world::{World, send_foreign};

mod lists;
mod submits;
mod tokens;

use lists::lists;
use submits::submit;
use tokens::ends_tokens;

/// How often a user who gets no answer asks again before giving up.
const PATIENCE: usize = 2_000;

/// How long a user waits for the end of a job, in units of the history's tempo.
const WAITS: Duration = Duration::from_secs(800);

/// How often a user reads a job until its numbers are final, and how long the user waits in between at most.
const LOOKS_MAX: usize = 60;
const LOOKS_WITHIN: Duration = Duration::from_secs(1);

/// How often corrections are refused before their user gives up.
const REFUSED_MAX: usize = 6;

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
    (0..job.corrections.min(2)).for_each(|_| world.spawn(corrects(world.clone(), job.clone())));
    if job.ends_tokens {
        world.spawn(ends_tokens(world.clone(), job.clone()));
    }
    if let Some(after) = job.delete_after {
        world.spawn(deletes(world.clone(), job.clone(), after));
    }
}

/// The id that was answered for the planned job, if it was answered.
fn id_of(world: &World, job: &JobPlan) -> Option<JobId> {
    world.books.borrow().iter().find(|(_, book)| book.number == Some(job.number)).map(|(id, _)| *id)
}

/// Waits some time for the job's id. Whoever waits sees it a moment after it was answered.
async fn id_when_known(world: &World, job: &JobPlan) -> Option<JobId> {
    let moment = Duration::from_millis(700) * world.plan.tempo.min(60);
    let known = async {
        loop {
            let answered = world.answered.notified();
            match id_of(world, job) {
                Some(id) => return id,
                None => answered.await,
            }
        }
    };
    let id = headway_core::time::timeout(moment * 300, known).await.ok()?;
    headway_core::time::sleep(world.faults.span(moment)).await;
    Some(id)
}

async fn cancels(world: World, job: Arc<JobPlan>, after: Duration) {
    headway_core::time::sleep(after).await;
    let Some(id) = id_when_known(&world, &job).await else { return };
    world.note(id, |book| book.cancels = true);
    for _ in 0..PATIENCE {
        match world.request(async |app| cancel(app, &world.users[job.owner], id).await).await {
            Some(Ok(_)) => {
                world.calls.cancelled(id);
                if world.faults.theme() == Some(Theme::Cancel) {
                    watches(&world, &world.users[job.owner], id).await;
                }
                return;
            }
            Some(Err(JobError::Conflict(_) | JobError::NotFound)) => return,
            _ => {}
        }
    }
}

/// Reads the ended job until its numbers are final, as a page does.
async fn watches(world: &World, user: &UserId, id: JobId) {
    for _ in 0..LOOKS_MAX {
        headway_core::time::sleep(world.faults.span(LOOKS_WITHIN)).await;
        match world.request(async |app| status::get(app, user, id).await).await {
            Some(Ok(job)) if job.is_settling() => {}
            Some(Err(JobError::Unavailable { .. })) | None => {}
            _ => return,
        }
    }
}

async fn pauses(world: World, job: Arc<JobPlan>, after: Duration) {
    headway_core::time::sleep(after).await;
    let Some(id) = id_when_known(&world, &job).await else { return };
    let user = &world.users[job.owner];
    // Whether it is paused, and whether an attempt to resume it was not answered.
    let (mut paused, mut is_lost) = (false, false);
    let mut rounds = 1 + world.faults.pick(4);
    for _ in 0..PATIENCE {
        let longer = if world.faults.one_in(4) { world.plan.tempo.min(60) } else { 1 };
        headway_core::time::sleep(world.faults.span(Duration::from_secs(4) * longer)).await;
        if paused && job.forgotten_pause && rounds == 1 {
            return world.faults.saw("job: forgotten while paused");
        }
        if paused {
            world.calls.may_go_on(id);
        }
        let answer = match paused {
            true => world.request(async |app| resume(app, user, id).await).await,
            false => world.request(async |app| pause(app, user, id).await).await,
        };
        match answer {
            Some(Ok(_)) if paused => {
                world.faults.saw("job: paused and resumed");
                if !is_lost {
                    world.calls.goes_on(id);
                }
                (paused, rounds) = (false, rounds - 1);
                if rounds == 0 {
                    return;
                }
            }
            Some(Err(JobError::Conflict(_) | JobError::NotFound)) => return,
            Some(Ok(_)) => {
                world.calls.paused(id);
                paused = true;
            }
            // A lost answer may have been that of a pause.
            _ => (paused, is_lost) = (true, is_lost || paused),
        }
    }
}

/// Retries the job when it has ended, several times.
async fn retries(world: World, job: Arc<JobPlan>) {
    let Some(id) = id_when_known(&world, &job).await else { return };
    let mut done = 0;
    for _ in 0..100 {
        if !has_ended(&world, id, WAITS).await {
            return;
        }
        headway_core::time::sleep(Duration::from_millis(100) + world.faults.span(Duration::from_secs(5) * world.plan.tempo)).await;
        let Some(known) = world.standing(id, Job::clone).await.filter(Job::is_terminal) else { continue };
        // A submission that nobody will finish would be abandoned a day after each retry.
        if !known.sealed && known.round > 1 {
            return;
        }
        let round = (!world.faults.one_in(4)).then_some(known.round);
        world.note(id, |book| book.retries += 1);
        world.calls.may_go_on(id);
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

/// Gives failed items of the ended job new values, and sometimes others, which is refused.
async fn corrects(world: World, job: Arc<JobPlan>) {
    let Some(id) = id_when_known(&world, &job).await else { return };
    let (mut done, mut refused) = (0, 0);
    for _ in 0..60 {
        headway_core::time::sleep(Duration::from_millis(100) + world.faults.span(Duration::from_secs(5) * world.plan.tempo)).await;
        let Some(known) = world.standing(id, Job::clone).await else { return };
        if !known.is_terminal() && !world.faults.one_in(8) {
            has_ended(&world, id, Duration::from_secs(20)).await;
            continue;
        }
        let failed = records::failures(&world.calm, &known, Position::default(), 1_000).await.map(|page| page.records);
        let failed: Vec<u64> = failed.unwrap_or_default().into_iter().map(|(index, _)| index).collect();
        let any = if failed.is_empty() || world.faults.one_in(8) { (0..job.fates.len() as u64).collect() } else { failed };
        if any.is_empty() {
            return;
        }
        let indexes: BTreeSet<u64> = (0..1 + world.faults.pick(3)).map(|_| any[world.faults.pick(any.len() as u64) as usize]).collect();
        if world.faults.one_in(3) {
            world.spawn(retries_now(world.clone(), job.clone(), id, known.round));
        }
        let answer = gives_values(&world, &job, id, &indexes).await;
        refused += usize::from(matches!(answer, Some(Err(JobError::Invalid(_) | JobError::Conflict(_)))));
        match answer {
            Some(Ok(_)) => {
                world.faults.saw("job: corrected");
                done += 1;
            }
            Some(Err(JobError::Invalid(_))) => world.faults.saw("job: correction of what has not failed"),
            Some(Err(JobError::Conflict(_))) => world.faults.saw("job: correction too late"),
            Some(Err(JobError::NotFound)) => return,
            _ => {}
        }
        if done == job.corrections || refused == REFUSED_MAX {
            return;
        }
    }
}

async fn gives_values(world: &World, job: &JobPlan, id: JobId, indexes: &BTreeSet<u64>) -> Option<Result<usize, JobError>> {
    let begins = |index: &u64| (*index, world.faults.fixes(|fixes| fixes.begins((id, *index), &job.item(*index))));
    let begun: Vec<_> = indexes.iter().map(begins).collect();
    let values = begun.iter().map(|(index, fix)| Correction { index: *index, item: RawValue::from_string(fix.value.clone()).unwrap() });
    let values: Vec<Correction> = values.collect();
    let answer = world.request(async |app| correct(app, &app.owned(&world.users[job.owner], id).await?, values).await).await;
    let answered = matches!(answer, Some(Ok(_)));
    let unanswered = matches!(answer, None | Some(Err(JobError::Unavailable { .. })));
    world.note(id, |book| book.corrects_unanswered |= unanswered);
    begun.iter().for_each(|(index, fix)| world.faults.fixes(|fixes| fixes.ends((id, *index), fix, answered)));
    answer
}

/// Retries the job once, while it is being corrected.
async fn retries_now(world: World, job: Arc<JobPlan>, id: JobId, round: u32) {
    headway_core::time::sleep(world.faults.span(Duration::from_millis(400))).await;
    world.note(id, |book| book.retries += 1);
    world.calls.may_go_on(id);
    let _ = world.request(async |app| retry(app, &app.owned(&world.users[job.owner], id).await?, Some(round)).await).await;
}

/// Deletes the job when it has ended; may then use its key again.
async fn deletes(world: World, job: Arc<JobPlan>, after: Duration) {
    let Some(id) = id_when_known(&world, &job).await else { return };
    // A worker that has just read the job, and a sweep that runs at once.
    let at_a_bad_time = world.faults.one_in(2) || world.faults.theme() == Some(Theme::Deletion);
    if !has_ended(&world, id, WAITS / 2).await && world.standing(id, |_| ()).await.is_none() {
        return;
    }
    if at_a_bad_time {
        until_told(&world, id, after).await;
    } else {
        headway_core::time::sleep(after).await;
    }
    world.note(id, |book| book.deletes = true);
    if at_a_bad_time {
        world.parts.hurry().await;
    }
    let mut pause = Duration::from_secs(60);
    for _ in 0..PATIENCE {
        match world.request(async |app| delete(app, &app.owned(&world.users[job.owner], id).await?).await).await {
            Some(Ok(())) => {
                world.notes.deleted(id);
                break;
            }
            Some(Err(JobError::NotFound)) => break,
            // It was retried, and may be live for days.
            Some(Err(JobError::Conflict(_))) => {
                headway_core::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(7_200));
            }
            _ => {}
        }
    }
    if world.standing(id, |_| ()).await.is_some() {
        return;
    }
    world.note(id, |book| book.deleted = true);
    if at_a_bad_time {
        world.sweep_now.notify_one();
    }
    world.faults.saw("job: deleted by its user");
    if let Some(next) = job.then {
        headway_core::time::sleep(world.faults.span(Duration::from_secs(2_000))).await;
        world.faults.saw("job: key used again after deletion");
        begin_job(&world, &world.plan.jobs[next]);
    }
}

/// Waits until the job has ended, but no longer than this in units of the history's tempo. False if it has not, or is gone.
async fn has_ended(world: &World, id: JobId, most: Duration) -> bool {
    let (until, ends) = (Instant::now() + most * world.plan.tempo, world.faults.ends());
    loop {
        let ended = ends.notified();
        match world.standing(id, Job::is_terminal).await {
            None => return false,
            Some(true) => return true,
            Some(false) if headway_core::time::timeout_at(until, ended).await.is_err() => return false,
            Some(false) => {}
        }
    }
}

/// Waits until the ends of the job are recorded as told, and no moment longer: other workers may be about to tell them once more.
async fn until_told(world: &World, id: JobId, most: Duration) {
    let (until, ends) = (Instant::now() + most, world.faults.ends());
    loop {
        let noted = ends.notified();
        let is_due = world.standing(id, |row| !row.due_notices().is_empty()).await == Some(true);
        if !is_due || headway_core::time::timeout_at(until, noted).await.is_err() {
            return;
        }
    }
}

/// Another owner tries every call with each job's id: for it none exists.
async fn intrudes(world: World) {
    for _ in 0..12 {
        headway_core::time::sleep(world.faults.span(Duration::from_secs(15) * world.plan.tempo)).await;
        let jobs: Vec<_> = world.books.borrow().iter().filter_map(|(id, book)| Some((*id, book.number?))).collect();
        if jobs.is_empty() {
            continue;
        }
        let (id, number) = jobs[world.faults.pick(jobs.len() as u64) as usize];
        let other = &world.users[1 - world.plan.jobs[number].owner];
        let (act, items) = (world.faults.pick(8), world.plan.jobs[number].items(0..1));
        let answer = world.request(async |app| match act {
            0 => cancel(app, other, id).await.map(drop),
            1 => pause(app, other, id).await.map(drop),
            2 => resume(app, other, id).await.map(drop),
            3 => retry(app, &app.owned(other, id).await?, None).await.map(drop),
            4 => delete(app, &app.owned(other, id).await?).await,
            5 => put_part(app, &app.owned(other, id).await?, 0, 0, items).await.map(drop),
            6 => correct(app, &app.owned(other, id).await?, Vec::new()).await.map(drop),
            _ => seal(app, &app.owned(other, id).await?, 1).await.map(drop),
        });
        match answer.await {
            Some(Err(JobError::NotFound)) => world.faults.saw("job: another owner asked for it"),
            Some(Err(JobError::Unavailable { .. })) | None => {}
            told => world.faults.violated(Violation::new(Invariant::OwnersAreApart, format!("another owner was told {told:?} of {id}"))),
        }
    }
}

/// An operator moves dead letters back into the queue.
async fn redrives(world: World) {
    for _ in 0..20 {
        headway_core::time::sleep(world.faults.span(Duration::from_secs(20) * world.plan.tempo)).await;
        if world.parts.redrive().await > 0 {
            world.faults.saw("fault: dead letter redriven");
        }
    }
}
