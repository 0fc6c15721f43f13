//! Workers: processes that run invocations until they die, and the marks that they leave behind.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use headway_core::JobId;
use headway_core::time::Instant;
use headway_core::work::{Invocation, Worker};

use super::faults::Process;
use super::invariant::{Invariant, Violation};
use super::ops::Role;
use super::processor::{HERE, Preparing};
use super::theme::Theme;
use super::world::World;

/// One process after another.
pub(crate) async fn work(world: World) {
    loop {
        world.outage().await;
        let process = world.process(Role::Worker);
        let worker = Worker::new(world.app(&process), world.processors.clone())
            .with_stuck(process.stuck.clone())
            .named(world.faults.is_one_machine().then(|| world.server.starts(&process)))
            .ended_with_server(world.server.workers_ended())
            .preparing_beside(world.preparing(&process));
        // Large, and otherwise moved several times.
        let life = Box::pin(life(&world, &process, &worker));
        let life = HERE.scope(process.clone(), process.run(life));
        let ended_alone = match world.faults.is_one_machine() {
            true => world.server.run(life).await.is_some(),
            false => {
                life.await;
                true
            }
        };
        if ended_alone {
            world.left_marked(&process);
        }
        // Those of an invocation that came to no end. A server ends only by a fault.
        let by_chance = process.fails_by_chance() || (!ended_alone && process.killer().is_none());
        world.dead_letters.are_lost(process.leaves(), by_chance);
        world.server.ended(&process);
        headway_core::time::sleep(world.faults.span(Duration::from_secs(3))).await;
    }
}

/// A worker's process: it runs invocations until one is stopped, an outage begins, or it dies.
async fn life(world: &World, process: &Process, worker: &Worker) {
    for _ in 0..100 {
        world.parts.wait().await;
        world.outage().await;
        let visibility = if world.faults.strike("fault: visibility ran out", 30) { Duration::from_secs(1) } else { world.plan.visibility };
        let most = world.faults.theme().and_then(Theme::messages).unwrap_or_else(|| 1 + world.faults.pick(4));
        let batch = world.parts.receive(most, visibility).await;
        if batch.is_empty() {
            continue;
        }
        if world.faults.is_one_machine() {
            worker.hears_of(world.server.running_workers());
        }
        let began = Instant::now();
        let invocation = Invocation { began, deadline: began + world.plan.function_timeout };
        process.begins(&batch, world.dead_letters.receives(&batch), invocation.deadline);
        let ids: Vec<String> = batch.iter().map(|delivery| delivery.message_id.clone()).collect();
        let untold = world.untold_of(&batch).await;
        let Ok(worked) = headway_core::time::timeout_at(invocation.deadline, worker.work(batch, invocation)).await else {
            world.faults.saw("fault: function timed out");
            return;
        };
        world.left_marked(process);
        let (undone, done): (Vec<_>, Vec<_>) = process.leaves().into_iter().partition(|(id, _)| worked.undone.contains(id));
        done.iter().for_each(|(id, _)| world.dead_letters.is_finished(id));
        world.dead_letters.are_lost(undone, process.fails_by_chance());
        if worker.is_spent() {
            world.faults.saw("worker: ended itself for its stuck threads");
            return;
        }
        if world.faults.strike("fault: crash between work and delete", 15) {
            return;
        }
        for id in ids.iter().filter(|id| !worked.undone.contains(id)) {
            world.has_asked(id, &untold).await;
            if !world.faults.strike("fault: lost delete", 30) {
                world.parts.delete(id).await;
            }
        }
    }
}

impl World {
    /// Reports to the auditor which marks the process has left behind.
    fn left_marked(&self, process: &Process) {
        let killer = process.killer();
        for (id, marks) in std::mem::take(&mut *process.own.marks.lock().unwrap()) {
            for mark in marks {
                if mark.strikes > 0 && killer.is_some_and(|killer| killer != (id.job, mark.item)) {
                    let what = format!("{mark:?} of {id:?} gets another strike for the death of a process that {killer:?} killed");
                    self.faults.violated(Violation::new(Invariant::Alone, what));
                }
                self.calls.left_marked(id.job, mark, killer.is_some());
            }
        }
    }

    /// What happens while the process prepares a job, as the job's plan says.
    fn preparing(&self, process: &Process) -> Arc<dyn Fn(JobId) -> BoxFuture<'static, ()> + Send + Sync> {
        let (plan, ledger, process) = (self.plan.clone(), self.calm.ledger.clone(), process.clone());
        Arc::new(move |id| {
            if plan.jobs.iter().all(|job| job.preparing == Preparing::Harmless) {
                return std::future::ready(()).boxed();
            }
            let (plan, ledger, process) = (plan.clone(), ledger.clone(), process.clone());
            async move {
                let number = ledger.job(id).await.ok().flatten().and_then(|job| job.created_by.parse::<usize>().ok());
                if let Some(job) = number.and_then(|number| plan.jobs.get(number)) {
                    job.preparing.happens(&process, id).await;
                }
            }
            .boxed()
        })
    }
}
