//! Runs the same random histories on the pure rules and on the table: every answer and every row must be equal. This
//! checks the conditions and effects in expressions against `admitted` and `apply`.

use std::collections::{BTreeMap, BTreeSet};

use headway_core::job::{
    Job, JobStatus, JobWrite, NoticeKind, NoticeState, Notices, RolledUp, RoundCounts, RoundNotice, SendResult, ToleratedFailures,
};
use headway_core::ledger::{Candidates, Written};
use headway_core::outcome::Outcome;
use headway_core::part::{Part, PartWrite, Register};
use headway_core::waiting::{Stall, WaitReason, WaitingFor};
use headway_core::{JobId, Ledger, PartId};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use tokio::runtime::Handle;
use uuid::Uuid;

use crate::sample::{at, outcome, owner, part, raw, retry};

/// Each seed gives other histories, always the same ones. A seed that found a bug is added and kept.
const SEEDS: &[u8] = &[1, 2, 3, 4];
const HISTORIES_PER_SEED: u32 = 60;
/// How many part and chunk numbers the writes use; few, so that they meet.
const NUMBERS: u16 = 3;

/// One operation. What it needs of the current row is read when it runs.
#[derive(Debug, Clone)]
enum Step {
    Job(JobWrite),
    /// A write that depends on the notices that the row has.
    AsRead(AsRead),
    Part(u32, PartWrite),
    /// A stamp with the registers that the part has.
    StampAsRead {
        part: u32,
        from_round: u32,
        registers: BTreeMap<u16, Register>,
    },
    PutPart(u32),
    PutOutcome {
        chunk: u16,
        version: u64,
    },
}

/// A write that is made from the row as it was read, or from another row, so that it is refused.
#[derive(Debug, Clone)]
struct AsRead {
    which: Which,
    round: u32,
    as_read: bool,
}

#[derive(Debug, Clone, Copy)]
enum Which {
    Reconcile,
    Retry,
    Note(Option<Outcomes>),
}

#[derive(Debug, Clone, Copy)]
enum Outcomes {
    Delivered,
    Refused,
    Failed,
}

impl AsRead {
    fn write(&self, row: &Job, number: i64) -> JobWrite {
        let other = row.notices.with(notice(7, number));
        let seen = match self.as_read {
            true => row.clone(),
            false if number % 2 == 0 => Job { notices: other, ..row.clone() },
            false => Job {
                late_results_at: Some(at(number)).filter(|at| row.late_results_at != Some(*at)),
                corrected: [(7, number as u32)].into(),
                ..row.clone()
            },
        };
        match self.which {
            Which::Reconcile => seen.reconcile(at(86_400)),
            Which::Retry => JobWrite::Retry {
                round: self.round,
                processed: 3,
                read: seen.notices.clone(),
                notices: seen.notices_left(at(number)),
                corrected: seen.corrected.clone(),
                rounds: Vec::new(),
            },
            Which::Note(outcome) => {
                let told = match outcome {
                    Some(Outcomes::Delivered) => SendResult::Delivered,
                    Some(Outcomes::Refused) => SendResult::Refused,
                    _ => SendResult::Failed("no".to_owned()),
                };
                let due = seen.due_notices().into_iter().next().filter(|_| outcome.is_some());
                seen.note(due.map_or(seen.notices.clone(), |due| seen.notices.with(due.after(&told, at(number)))))
            }
        }
    }
}

fn notice(round: u32, seconds: i64) -> RoundNotice {
    let kind = NoticeKind::ALL[seconds.unsigned_abs() as usize % NoticeKind::ALL.len()];
    RoundNotice { round, kind, state: NoticeState::Waiting, tries: 1, next_at: at(seconds), started_at: None, end: None }
}

#[tokio::test]
async fn the_embedded_table_does_what_the_rules_say() {
    let ledger = crate::subject::embedded().await;
    let compare_all = move || SEEDS.iter().for_each(|seed| compare(&*ledger, *seed, HISTORIES_PER_SEED));
    tokio::task::spawn_blocking(compare_all).await.unwrap();
}

#[tokio::test]
async fn the_endpoint_does_what_the_rules_say() {
    if let Some(ledger) = crate::subject::endpoint().await {
        tokio::task::spawn_blocking(move || compare(&*ledger, SEEDS[0], HISTORIES_PER_SEED / 4)).await.unwrap();
    }
}

/// Blocks, since proptest does: do not call it on the runtime's own thread.
fn compare(table: &dyn Ledger, seed: u8, histories: u32) {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let config = Config { cases: histories, failure_persistence: None, ..Config::default() };
    let histories = (jobs(), proptest::collection::vec(steps(), 1..25));
    let outcome = TestRunner::new_with_rng(config, rng).run(&histories, |(job, steps)| {
        // New for every run, so that shrinking also starts with an empty table.
        let job = Job { id: JobId(Uuid::new_v4()), user_id: owner(), ..job };
        Handle::current().block_on(history(table, &*crate::subject::memory(), job, steps))
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(why, (job, steps))) => panic!("seed {seed}: {why}\n{job:#?}\n{steps:#?}"),
        Err(TestError::Abort(why)) => panic!("seed {seed}: {why}"),
    }
}

async fn history(table: &dyn Ledger, rules: &dyn Ledger, job: Job, steps: Vec<Step>) -> Result<(), TestCaseError> {
    for ledger in [table, rules] {
        prop_assert_eq!(ledger.create(&job, &raw("null"), None, None).await.unwrap(), None);
    }
    for (number, step) in steps.iter().enumerate() {
        run(table, rules, job.id, step, number as i64).await?;
    }
    for ledger in [table, rules] {
        let found = ledger.jobs_of(&job.user_id, None, 10).await.unwrap();
        prop_assert_eq!(found.ids, [job.id]);
    }
    let watched = rows(rules, job.id).await.0[&job.id].is_watched();
    for (kind, expected) in [(Candidates::Watched, watched), (Candidates::Ended, !watched)] {
        prop_assert_eq!(is_candidate(table, kind, job.id).await, expected);
        prop_assert_eq!(is_candidate(rules, kind, job.id).await, expected);
    }
    Ok(())
}

async fn run(table: &dyn Ledger, rules: &dyn Ledger, id: JobId, step: &Step, number: i64) -> Result<(), TestCaseError> {
    let now = at(number);
    match step {
        Step::Job(write) => {
            let tells = rows(rules, id).await.0[&id].tells();
            let write = &match write.clone() {
                JobWrite::End { round, retention_days, .. } => JobWrite::End { round, retention_days, tells },
                other => other,
            };
            let written = table.update_job(id, write, now).await.unwrap();
            prop_assert_eq!(written, rules.update_job(id, write, now).await.unwrap());
        }
        Step::AsRead(as_read) => {
            let write = as_read.write(&rows(rules, id).await.0[&id], number);
            let written = table.update_job(id, &write, now).await.unwrap();
            prop_assert_eq!(written, rules.update_job(id, &write, now).await.unwrap());
        }
        Step::Part(part, write) => same_part_write(table, rules, (id, *part), write, number).await?,
        Step::StampAsRead { part, from_round, registers } => {
            let from = rows(rules, id).await.1.get(&(id, *part)).map(|part| part.registers.clone()).unwrap_or_default();
            let write = PartWrite::Stamp { from_round: *from_round, from, round: from_round + 1, registers: registers.clone() };
            same_part_write(table, rules, (id, *part), &write, number).await?;
        }
        Step::PutPart(number_of_part) => {
            let part = Part { updated_at: now, ..part(id, *number_of_part, NUMBERS) };
            prop_assert_eq!(table.put_part(&part).await.unwrap(), rules.put_part(&part).await.unwrap());
        }
        Step::PutOutcome { chunk, version } => {
            // No two puts are equal, as no two merges of different deliveries are.
            let put = Outcome { version: *version, first_index: number as u64, ..outcome(id, 0, *chunk) };
            prop_assert_eq!(table.put_outcome(&put).await.unwrap(), rules.put_outcome(&put).await.unwrap());
            let (one, other) = (table.outcome(put.id).await.unwrap(), rules.outcome(put.id).await.unwrap());
            prop_assert_eq!(format!("{one:?}"), format!("{other:?}"));
        }
    }
    prop_assert_eq!(rows(table, id).await, rows(rules, id).await);
    Ok(())
}

async fn same_part_write(table: &dyn Ledger, rules: &dyn Ledger, id: PartId, write: &PartWrite, number: i64) -> Result<(), TestCaseError> {
    let written: Written<Part> = table.update_part(id, write, at(number)).await.unwrap();
    prop_assert_eq!(written, rules.update_part(id, write, at(number)).await.unwrap());
    Ok(())
}

async fn rows(ledger: &dyn Ledger, id: JobId) -> (BTreeMap<JobId, Job>, BTreeMap<PartId, Part>) {
    let parts: Vec<PartId> = (0..=u32::from(NUMBERS)).map(|part| (id, part)).collect();
    let rows = ledger.rows(&[id], &parts).await.unwrap();
    (rows.jobs, rows.parts)
}

async fn is_candidate(ledger: &dyn Ledger, kind: Candidates, id: JobId) -> bool {
    let mut after = None;
    loop {
        let page = ledger.candidates(kind, at(10_000_000), after.as_deref(), 100).await.unwrap();
        after = page.next;
        if page.ids.contains(&id) || after.is_none() {
            return page.ids.contains(&id);
        }
    }
}

/// Rows in every state, also in those that no history leads to: a condition must be right for any row.
fn jobs() -> impl Strategy<Value = Job> {
    let status = prop_oneof![
        2 => Just(JobStatus::Pending), 4 => Just(JobStatus::Processing), 1 => Just(JobStatus::Completed),
        2 => Just(JobStatus::Failed), 1 => Just(JobStatus::Cancelled),
    ];
    let flags = (proptest::bool::weighted(0.2), any::<bool>(), proptest::bool::weighted(0.1), proptest::bool::weighted(0.1), any::<bool>());
    let numbers = || 0..=u32::from(NUMBERS);
    let rolled_up = (proptest::collection::btree_set(0..u32::from(NUMBERS), 0..4), 0u64..20, 0u64..3);
    let told = (any::<bool>(), proptest::collection::vec((1u32..3, 0i64..20), 0..3));
    (status, 1u32..3, flags, numbers(), proptest::option::of(numbers()), rolled_up, tolerated(), (parts_corrected(), told, rounds()))
        .prop_map(
            |(
                status,
                round,
                (paused, sealed, abandoned, deleting, reconciled),
                parts,
                top_part,
                (done, processed, failed),
                tolerated,
                (corrected, (calls_back, told), rounds),
            )| {
                let mut job = crate::sample::job();
                (job.status, job.round, job.parts, job.top_part, job.tolerated) = (status, round, parts, top_part, tolerated);
                (job.paused, job.sealed, job.abandoned, job.deleting, job.reconciled) = (paused, sealed, abandoned, deleting, reconciled);
                let (processed, failed) = if done.is_empty() { (0, 0) } else { (processed, failed) };
                if calls_back {
                    (job.labels.callback, job.labels.events) = (Some("crm".to_owned()), round % 2 == 0);
                    job.notices = told.iter().fold(Notices::default(), |notices, (round, seconds)| notices.with(notice(*round, *seconds)));
                }
                job.rolled_up = RolledUp { parts: done, processed, failed };
                (job.corrected, job.rounds) = (corrected, rounds);
                job.uncount();
                if status.is_terminal() {
                    (job.completed_at, job.expires_at) = (Some(at(-5)), Some(at(86_400)));
                    job.error_message = (status == JobStatus::Failed).then(|| "item 1: no".to_owned());
                }
                job
            },
        )
}

fn tolerated() -> impl Strategy<Value = ToleratedFailures> {
    prop_oneof![
        any::<u64>().prop_map(ToleratedFailures::Count),
        ((0u32..=100_000), proptest::option::of(any::<u64>())).prop_map(|(thousandths, minimum_sample)| {
            let percentage = format!("{thousandths}e-3").parse().unwrap();
            ToleratedFailures::Percentage { percentage, minimum_sample }
        }),
    ]
}

fn steps() -> impl Strategy<Value = Step> {
    let part = || 0..u32::from(NUMBERS);
    prop_oneof![
        6 => job_writes().prop_map(Step::Job),
        4 => as_read().prop_map(Step::AsRead),
        4 => (part(), part_writes()).prop_map(|(part, write)| Step::Part(part, write)),
        1 => (part(), 1u32..3, registers()).prop_map(|(part, from_round, registers)| Step::StampAsRead { part, from_round, registers }),
        2 => part().prop_map(Step::PutPart),
        2 => (0..NUMBERS, 0u64..4).prop_map(|(chunk, version)| Step::PutOutcome { chunk, version }),
    ]
}

fn as_read() -> impl Strategy<Value = AsRead> {
    let outcomes = prop_oneof![Just(Outcomes::Delivered), Just(Outcomes::Refused), Just(Outcomes::Failed)];
    let which = prop_oneof![
        1 => Just(Which::Reconcile), 1 => Just(Which::Retry), 2 => proptest::option::of(outcomes).prop_map(Which::Note),
    ];
    (which, 1u32..3, proptest::bool::weighted(0.8)).prop_map(|(which, round, as_read)| AsRead { which, round, as_read })
}

fn job_writes() -> impl Strategy<Value = JobWrite> {
    let round = || 1u32..3;
    let number = || 0..=u32::from(NUMBERS);
    let error = || prop_oneof![Just("no".to_owned()), Just("é".repeat(400)), Just(String::new())];
    prop_oneof![
        2 => Just(JobWrite::Begin),
        6 => (round(), number(), 0u64..20, 0u64..3)
            .prop_map(|(round, part, processed, failed)| JobWrite::RollUp { round, part, processed, failed }),
        3 => (0i64..5).prop_map(|seconds| JobWrite::AwaitResults { at: at(seconds) }),
        3 => round().prop_map(|round| JobWrite::End { round, retention_days: 30, tells: false }),
        1 => (round(), error()).prop_map(|(round, error)| JobWrite::Fail { round, error }),
        1 => Just(JobWrite::Cancel),
        2 => Just(JobWrite::Pause),
        2 => (0u64..30).prop_map(|handled| JobWrite::Resume { handled }),
        3 => (round(), 0u64..30).prop_map(|(round, processed)| {
            retry(round, processed, vec![RoundCounts { round, processed, failed: 1, corrected: 0 }])
        }),
        1 => (rounds(), rounds()).prop_map(|(read, rounds)| JobWrite::CountLate { read, rounds }),
        3 => (round(), parts_corrected(), parts_corrected())
            .prop_map(|(round, read, corrected)| JobWrite::Correct { round, read, corrected }),
        3 => number().prop_map(|part| JobWrite::Reserve { part }),
        1 => Just(JobWrite::Touch),
        4 => (number(), 0u64..30).prop_map(|(parts, total_items)| {
            JobWrite::Seal { parts, total_items, total_bytes: 9 * total_items, total_chunks: parts }
        }),
        2 => (-1i64..5).prop_map(|seconds| JobWrite::Abandon { untouched_since: at(seconds) }),
        1 => Just(JobWrite::EndTokens),
        1 => round().prop_map(|round| JobWrite::Delete { round }),
        1 => (0i64..25, -1i64..5)
            .prop_map(|(place, read)| JobWrite::Postpone { place: at(place), updated_at: at(read) }),
    ]
}

fn rounds() -> impl Strategy<Value = Vec<RoundCounts>> {
    let counts = |corrected| RoundCounts { round: 1, processed: 3, failed: 1, corrected };
    prop_oneof![Just(Vec::new()), Just(vec![counts(0)]), Just(vec![counts(1)])]
}

fn parts_corrected() -> impl Strategy<Value = BTreeMap<u32, u32>> {
    prop_oneof![2 => Just(BTreeMap::new()), 1 => Just(BTreeMap::from([(0, 2)])), 1 => Just(BTreeMap::from([(0, 2), (3, 1)]))]
}

fn part_writes() -> impl Strategy<Value = PartWrite> {
    prop_oneof![
        3 => (0..NUMBERS, 1u16..999).prop_map(|(chunk, items)| PartWrite::Clean { chunk, items }),
        5 => (0..NUMBERS, outcome_registers(), waits())
            .prop_map(|(chunk, register, waiting_for)| PartWrite::Shadow { chunk, register, waiting_for }),
        1 => (1u32..3, registers(), 1u32..4, registers())
            .prop_map(|(from_round, from, round, registers)| PartWrite::Stamp { from_round, from, round, registers }),
        1 => Just(PartWrite::Sent),
        2 => (0..NUMBERS, proptest::option::of(outcome_registers()), stalls())
            .prop_map(|(chunk, from, stall)| PartWrite::Stall { chunk, from, stall }),
    ]
}

fn registers() -> impl Strategy<Value = BTreeMap<u16, Register>> {
    let any = prop_oneof![(1u16..999).prop_map(|items| Register::Clean { items }), outcome_registers()];
    proptest::collection::btree_map(0..NUMBERS, any, 0..3)
}

fn outcome_registers() -> impl Strategy<Value = Register> {
    let version = prop_oneof![1u64..5, 9u64..12, Just(1_000_000)];
    (version, any::<bool>(), 0u16..=10, 0u16..=10, 0u16..=10).prop_map(|(version, running, a, b, c)| {
        let (processed, failed) = (a, b.min(10 - a));
        let left = 10 - processed - failed;
        Register::Outcome { version, full: left == 0, running: running && left > 0, retrying: c.min(left), processed, failed }
    })
}

fn waits() -> impl Strategy<Value = Option<WaitingFor>> {
    let reasons = prop_oneof![Just(WaitReason::Rate), Just(WaitReason::Throttled), Just(WaitReason::Unreachable), Just(WaitReason::Error)];
    let waits = (reasons, 0i64..3, proptest::option::of(Just("refused")));
    proptest::option::of(waits.prop_map(|(reason, seconds, error)| WaitingFor::new("crm", reason, at(seconds), error)))
}

fn stalls() -> impl Strategy<Value = Stall> {
    let reasons = prop_oneof![Just(WaitReason::Preparing), Just(WaitReason::WorkerEnded)];
    (reasons, 0i64..3, 0u64..5, proptest::option::of(Just("no connection"))).prop_map(|(reason, seconds, handled, error)| Stall {
        waiting_for: WaitingFor::new("invoices", reason, at(seconds), error),
        round: 1 + handled as u32 % 2,
        handled,
    })
}

/// The strategies produce every write, allowed and refused: comparing only refusals would prove little.
#[test]
fn every_write_is_tried_admitted_and_refused() {
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &[SEEDS[0]; 32]));
    let mut seen: BTreeSet<(String, bool)> = BTreeSet::new();
    for _ in 0..HISTORIES_PER_SEED * 100 {
        let (job, write, as_read) = (jobs(), job_writes(), as_read()).new_tree(&mut runner).unwrap().current();
        for write in [write, as_read.write(&job, 1)] {
            let name = format!("{write:?}").split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned();
            seen.insert((name, write.admitted(&job)));
        }
    }
    assert_eq!(seen.len(), 2 * 20, "{seen:?}");
}
