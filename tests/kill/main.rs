//! `headway serve` is killed with -9 at random moments while four kinds of jobs run, and started again. So are its worker
//! processes, if it has any (`serve --worker`).
//!
//! In the end every count is exact, nothing acknowledged is lost, progress never decreased, and every end was told. The moments come from a
//! seed, which is printed; `HEADWAY_KILL_SEED=n` repeats them as far as a real machine repeats itself. A campaign:
//! `HEADWAY_KILLS=1000 HEADWAY_KILL_ITEMS=100000 cargo test --workspace --features embedded --test kill -- --nocapture`

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod api;
mod auditor;
mod endpoint;
mod host;
mod killer;
mod plan;
mod told;
mod workload;

use std::sync::Arc;

use api::Api;
use endpoint::Endpoint;
use host::Host;
use killer::{Killer, World};
use plan::Plan;
use tokio::sync::Mutex;

/// One campaign at a time: each needs the machine for itself.
static ALONE: Mutex<()> = Mutex::const_new(());

/// Bugs found: a write was acknowledged before it was durable; a count was incremented instead of derived; a message
/// was deleted before its results were durable; a start could not use the data of a killed process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_it_continues_with_exact_counts() {
    campaign(Host::InProcess).await;
}

/// Would find a message of a killed worker that is never delivered again, and results of a worker that outlives its
/// server and are counted twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_with_its_worker_processes_it_continues_with_exact_counts() {
    campaign(Host::Processes).await;
}

async fn campaign(host: Host) {
    let _alone = ALONE.lock().await;
    let plan = Plan::from_env(host);
    println!("{plan}");
    let endpoint = Endpoint::start().await;
    let world = Arc::new(World::new(&endpoint, host));
    let api = Api::new(&world);
    until_processors_are_known(&world, &api).await;
    let mut killer = Killer::start(plan, Arc::clone(&world));
    let mut jobs = Vec::new();
    while jobs.is_empty() || !killer.is_done() {
        jobs.extend(workload::round(&api, &world, &endpoint, plan, jobs.len() as u64).await);
    }
    let (serving, tally) = killer.finish();
    println!("{tally}; {} jobs, {}, {}", jobs.len(), api.troubles(), endpoint.tally());
    auditor::audit(&api, &jobs, &endpoint, plan.kills).await;
    let (status, said) = serving.terminate();
    assert!(status.success(), "the server did not stop well: {status}: {said:?}");
    let serving = world.serve();
    auditor::audit(&api, &jobs, &endpoint, plan.kills).await;
    drop(serving);
    assert!(tally.mid_job + tally.starting >= plan.kills, "too few kills struck a job under way: {tally}");
}

/// Bugs found: an end was not told because the server died between the end and its notice; a notice was told of a job whose
/// deletion had been answered. The same of events.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_moment_it_tells_every_end() {
    let _alone = ALONE.lock().await;
    let plan = Plan::from_env(Host::InProcess);
    println!("{plan}");
    let endpoint = Endpoint::start().await;
    let world = Arc::new(World::new(&endpoint, Host::InProcess));
    let mut killer = Killer::start(plan, Arc::clone(&world));
    let api = Api::new(&world);
    let mut ends = told::Ends::new();
    while ends.is_empty() || !killer.is_done() {
        told::job(&api, &world, &endpoint, ends.len() as u64, &mut ends).await;
    }
    let (serving, tally) = killer.finish();
    told::audit(&api, &world, &ends, &endpoint).await;
    println!("{tally}; {} jobs, {}, {}", ends.len(), api.troubles(), endpoint.notices());
    drop(serving);
}

/// Worker processes announce their processors when they first start. The table keeps what they said.
async fn until_processors_are_known(world: &World, api: &Api) {
    let _serving = world.serve();
    while api.get("processors").await.body["processors"].as_array().is_none_or(Vec::is_empty) {
        tokio::time::sleep(workload::LOOK_EVERY).await;
    }
}
