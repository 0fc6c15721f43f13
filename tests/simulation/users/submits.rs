//! A user submits a job, whole or in parts, until it is acknowledged.

use std::sync::Arc;
use std::time::Duration;

use headway_core::job::Labels;
use headway_core::submit::{RequestKey, Submission, put_part, seal, start_job};
use headway_core::{Conflict, Job, JobError, JobId};
use serde_json::value::RawValue;

use super::{PATIENCE, id_of};
use crate::invariant::{Invariant, Violation};
use crate::workload::JobPlan;
use crate::world::World;

/// The user's client: sends a request again if it was not answered and that is safe.
pub(super) async fn submit(world: World, job: Arc<JobPlan>, streams: bool) {
    headway_core::time::sleep(job.begins_after).await;
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
        if world.standing(before, |_| ()).await.is_some() {
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
        world.answered.notify_waiters();
    }
}

fn submission(world: &World, job: &JobPlan) -> Submission {
    let items = job.streamed.is_none().then(|| job.items(0..job.fates.len()));
    Submission {
        created_by: job.number.to_string(),
        params: Arc::from(RawValue::from_string(job.number.to_string()).unwrap()),
        tolerated: job.tolerated,
        chunk_size: job.chunk_size,
        labels: Labels { callback: job.callback.map(|_| "crm".to_owned()), ..Labels::default() },
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
    headway_core::time::sleep(job.hesitates).await;
    if !job.hesitates.is_zero() && world.faults.one_in(2) {
        world.sweep_begins.notified().await;
        headway_core::time::sleep(world.faults.span(Duration::from_millis(300))).await;
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
