//! The processor of the histories: each item does what its fate says, and every call is recorded.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use headway_core::limits::LEASE;
use headway_core::time::Instant;
use headway_core::{Item, ItemError, ItemProcessor, JobId, Options, Output};

use super::calls::Calls;
use super::faults::{Faults, Process};
use super::fixes;
use super::invariant::{Invariant, Violation};
use super::runtime;
use super::workload::Plan;

tokio::task_local! {
    /// The process that is running.
    pub(crate) static HERE: Process;
}

/// The message of a scripted panic.
pub(crate) const PANIC: &str = "scripted panic";
/// The attempts that the processor allows.
const ATTEMPTS: u32 = 4;
/// How long an item may wait for its downstream.
const PATIENCE: Duration = Duration::from_secs(90);
/// How often an item may begin in a round. With its attempts, its patience, deliveries and deaths of workers it is 10 to 20
/// times for each message that carries it.
const BEGUN_MAX: u32 = 500;
/// How often it may begin for each copy of its message, if there were many. A delivery that comes twice makes two messages of
/// one; so does a worker that dies after it has returned the rest. An item that waits for its downstream is returned a dozen
/// times, so there may be hundreds of copies. None lives longer than the item's attempts and patience, which the message counts.
const BEGUN_PER_COPY_MAX: u32 = 100;

/// What an item does when it is processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Succeeds,
    GivesOutput,
    FailsForGood,
    FailsAtFirst(u32),
    /// It says when to try again, in seconds.
    FailsOnceSaying(u64),
    /// It has a new outcome at every call: two deliveries of it may disagree.
    Fickle,
    /// It fails permanently in its first calls: a retry may help.
    FailsForAWhile(u32),
    NeverSucceeds,
    /// Its downstream asks to wait in its first calls, for this many seconds if that is not zero.
    Throttled(u32, u64),
    /// Its downstream cannot be reached in its first calls.
    Away(u32),
    /// Its downstream always asks to wait.
    NeverLetIn,
    /// A call with it and others returns no result for it, so the results after it are one place too early.
    AnswersShort,
    /// A call with it and others returns one result more, in its place.
    AnswersLong,
    /// Its first calls have no result for it.
    LeftOut(u32),
    /// No call ever has a result for it.
    NeverAnswered,
    Panics,
    TakesLong(u64),
    Hangs,
    /// It never yields: its thread is lost.
    Computes,
    Kills,
    /// It never yields, and after this many milliseconds its process has no memory left, even if nobody waits for it
    /// any more.
    EatsMemory(u64),
}

/// What a job does to the process that prepares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Preparing {
    Harmless,
    Kills,
    /// It never returns: the function's time runs out.
    Computes,
    /// After this many milliseconds its process has no memory left.
    EatsMemory(u64),
}

impl Preparing {
    pub(crate) fn of(faults: &Faults) -> Self {
        match faults.pick(24) {
            0 => Self::Kills,
            1 => Self::Computes,
            2 => Self::EatsMemory(faults.pick(6_000)),
            _ => Self::Harmless,
        }
    }

    /// Does it.
    pub(crate) async fn happens(self, process: &Process, job: JobId) {
        match self {
            Self::Harmless => return,
            Self::Kills => process.faults.saw("job: killed its worker when it was prepared"),
            Self::Computes => {
                process.faults.saw("job: never came back when it was prepared");
                process.will_be_killed((job, None));
                std::future::pending::<()>().await;
            }
            Self::EatsMemory(ms) => {
                process.faults.saw("job: ate its worker's memory when it was prepared");
                headway_core::time::sleep(Duration::from_millis(ms)).await;
            }
        }
        process.is_killed((job, None));
        std::future::pending::<()>().await;
    }
}

/// A call that never yields. The caller stops waiting, but its thread is lost.
struct Stuck(Process);

impl Drop for Stuck {
    fn drop(&mut self) {
        self.0.stuck.fetch_add(1, Ordering::Relaxed);
    }
}

impl Fate {
    pub(crate) fn of(faults: &Faults, unruly: bool) -> Self {
        match faults.pick(if unruly { 31 } else { 400 }) {
            0 | 1 => Self::FailsForGood,
            2 => Self::Panics,
            3 => Self::NeverSucceeds,
            4 | 5 => Self::FailsAtFirst(1 + faults.pick(3) as u32),
            6 | 7 => Self::TakesLong(faults.pick(4_000)),
            8 => Self::Hangs,
            9..=12 => Self::GivesOutput,
            13 | 14 => Self::FailsForAWhile(1 + faults.pick(3) as u32),
            15 if faults.pick(3) == 0 => Self::Kills,
            16..=18 => Self::Fickle,
            20 | 21 => Self::Throttled(1 + faults.pick(6) as u32, faults.pick(20)),
            22 | 23 => Self::Away(1 + faults.pick(6) as u32),
            24 => Self::NeverLetIn,
            25 => Self::attack(faults),
            26 => [Self::AnswersShort, Self::AnswersLong][faults.pick(2) as usize],
            27 => Self::LeftOut(1 + faults.pick(3) as u32),
            28 if faults.pick(3) == 0 => Self::NeverAnswered,
            19 => Self::FailsOnceSaying(1 + faults.pick(30)),
            _ => Self::Succeeds,
        }
    }

    /// True if it takes threads, memory or the whole process.
    pub(crate) fn attack(faults: &Faults) -> Self {
        match faults.pick(5) {
            0 => Self::Kills,
            1 | 2 => Self::Computes,
            _ => Self::EatsMemory(faults.pick(12_000)),
        }
    }

    /// True if it has an output whenever it succeeds.
    pub(crate) fn gives_output(self) -> bool {
        matches!(self, Self::GivesOutput | Self::Fickle)
    }

    /// True if it may be listed as failed. Any item may be, if a dead letter says so.
    pub(crate) fn may_fail(self) -> bool {
        use Fate::{Computes, EatsMemory, FailsForAWhile, FailsForGood, Fickle, Hangs, Kills, NeverAnswered, NeverSucceeds, Panics};
        let wrong = matches!(self, FailsForGood | Fickle | FailsForAWhile(_) | NeverSucceeds | NeverAnswered | Panics | Hangs);
        wrong || self.may_wait() || self.miscounts() || matches!(self, Computes | Kills | EatsMemory(_))
    }

    /// True if calls with it return another number of results than they got items.
    pub(crate) fn miscounts(self) -> bool {
        matches!(self, Self::AnswersShort | Self::AnswersLong)
    }

    /// True if a call with it never returns any results.
    pub(crate) fn spoils(self) -> bool {
        matches!(self, Self::Panics | Self::Hangs | Self::Computes | Self::Kills | Self::EatsMemory(_))
    }

    /// True if it never fails for now in a way that is charged: whatever its neighbours do, it is on its first attempt.
    fn is_never_charged(self) -> bool {
        use Fate::{FailsAtFirst, FailsOnceSaying, LeftOut, NeverAnswered, NeverSucceeds};
        !matches!(self, FailsAtFirst(_) | FailsOnceSaying(_) | LeftOut(_) | NeverAnswered | NeverSucceeds)
    }

    /// True if its downstream may ask it to wait, or may be unreachable.
    pub(crate) fn may_wait(self) -> bool {
        matches!(self, Self::Throttled(..) | Self::Away(_) | Self::NeverLetIn)
    }
}

/// The processor that follows the fates and reports every call to the auditor.
pub(crate) struct Scripted {
    pub(crate) plan: Arc<Plan>,
    pub(crate) calls: Arc<Calls>,
    pub(crate) faults: Faults,
}

#[async_trait]
impl ItemProcessor for Scripted {
    async fn process(&self, item: Item) -> Result<Output, ItemError> {
        let (fate, begun) = self.begin(&item, 1);
        let answer = self.answer(&item, fate, begun).await;
        self.note_answer(&item, 1, &answer);
        answer
    }

    async fn process_many(&self, items: Vec<Item>) -> Vec<Result<Output, ItemError>> {
        self.many(items).await
    }

    fn options(&self) -> Options {
        Options {
            batch: self.plan.batch,
            concurrency: 3,
            item_timeout: Duration::from_secs(6),
            attempts_max: ATTEMPTS,
            patience: PATIENCE,
            chunk_size: Some(4),
            ..Options::default()
        }
    }
}

impl Scripted {
    /// Notes that the item begins in a call with so many items, and checks that it may. Returns its fate, and how often it
    /// has begun.
    pub(crate) fn begin(&self, item: &Item, size: usize) -> (Fate, u32) {
        self.no_suspect_is_beside(item);
        let (round_began, mut begun_in_round, mut alone) = (self.faults.round_began(item.job_id), 0, 0);
        let begun = self.calls.note(item.job_id, item.index, |seen| {
            begun_in_round = if seen.last_begun < round_began.map(|(earliest, _)| earliest) { 1 } else { seen.begun_in_round + 1 };
            (seen.begun, seen.begun_in_round, seen.last_begun) = (seen.begun + 1, begun_in_round, Some(Instant::now()));
            alone = seen.alone;
            seen.alone += u32::from(size == 1);
        });
        // For as long as a lease a worker may not know that its job is in another round.
        let knows_its_round = round_began.is_none_or(|(_, latest)| latest.elapsed() > LEASE);
        if item.attempt > begun_in_round && knows_its_round {
            let what =
                format!("item {} of {}: attempt {}, begun {begun_in_round} times in this round", item.index, item.job_id, item.attempt);
            self.faults.violated(Violation::new(Invariant::AttemptsAreItsOwn, what));
        }
        if begun_in_round > BEGUN_MAX.max(BEGUN_PER_COPY_MAX * self.faults.copies(item.job_id, item.index)) {
            let what = format!("item {} of {} was begun {begun_in_round} times in this round", item.index, item.job_id);
            self.faults.violated(Violation::new(Invariant::JobsEnd, what));
        }
        (self.check(item, alone, knows_its_round), begun)
    }

    /// Nothing else begins in the process while the mark of a suspect is in place: the next death would be its second strike.
    fn no_suspect_is_beside(&self, item: &Item) {
        let this = (item.job_id, Some(item.index));
        let beside = HERE.with(|here| {
            let marks = here.own.marks.lock().unwrap();
            let all = marks.iter().flat_map(|(id, marks)| marks.iter().map(move |mark| ((id.job, mark.item), *mark)));
            all.filter(|(marked, mark)| mark.strikes > 0 && *marked != this).map(|(_, mark)| mark).next()
        });
        if let Some(mark) = beside {
            let what = format!("item {} of {} began while a suspect was marked in its process: {mark:?}", item.index, item.job_id);
            self.faults.violated(Violation::new(Invariant::Alone, what));
        }
    }

    /// Notes the answer for an item in a call of this size, right before the worker gets it.
    pub(crate) fn note_answer(&self, item: &Item, size: usize, answer: &Result<Output, ItemError>) {
        self.calls.note(item.job_id, item.index, |seen| seen.succeeded += u32::from(answer.is_ok()));
        let is_charged = match answer {
            Err(ItemError::Retryable { .. }) => true,
            Err(ItemError::NoResult { .. }) => size == 1,
            _ => false,
        };
        if is_charged {
            HERE.with(|here| here.own.charges.lock().unwrap().charge(item));
        }
    }

    /// Checks that the item is one of its job's, as it was submitted, and that its job
    /// is not cancelled. Returns its fate.
    fn check(&self, item: &Item, alone: u32, knows_its_round: bool) -> Fate {
        let job = item.params.get().parse().ok().and_then(|number: usize| self.plan.jobs.get(number));
        let fate = job.and_then(|job| job.fates.get(item.index as usize)).copied();
        let as_submitted = job.is_some_and(|job| job.item(item.index) == item.value.get());
        let fixed = fixes::fate_of(item.value.get())
            .filter(|_| self.faults.fixes(|fixes| fixes.knows((item.job_id, item.index), item.value.get())));
        if fixed.is_some() {
            self.faults.saw("item: ran corrected");
        }
        if fate.is_none() || !(as_submitted || fixed.is_some()) {
            let what = format!("an item of another job, or changed: {item:?}");
            self.faults.violated(Violation::new(Invariant::CountsAreDistinctItems, what));
        }
        if self.calls.began_while_held(item.job_id) {
            let what = format!("item {} of {} began after the cancel or the pause was acknowledged", item.index, item.job_id);
            self.faults.violated(Violation::new(Invariant::NothingBeginsWhileHeld, what));
        }
        let fate = fixed.or(fate).unwrap_or(Fate::Succeeds);
        if fate.may_wait() && item.attempt > 1 {
            let what = format!("item {} of {} was charged for waiting: attempt {}", item.index, item.job_id, item.attempt);
            self.faults.violated(Violation::new(Invariant::WaitingIsNotFailing, what));
        }
        let is_left_out = matches!(fate, Fate::LeftOut(_) | Fate::NeverAnswered);
        // A corrected value may meet a message of the round before, which carries attempts of the value before.
        let is_charged = fate.is_never_charged() && item.attempt > 1 && (fixed.is_none() || knows_its_round);
        if is_charged || (is_left_out && item.attempt > 1 + alone) {
            let what =
                format!("item {} of {} ({fate:?}) was charged for its neighbours: attempt {}", item.index, item.job_id, item.attempt);
            self.faults.violated(Violation::new(Invariant::OnlyTheCulpritIsCharged, what));
        }
        fate
    }

    pub(crate) async fn answer(&self, item: &Item, fate: Fate, begun: u32) -> Result<Output, ItemError> {
        let (here, killer) = (HERE.with(Process::clone), (item.job_id, Some(item.index)));
        if here.has_no_thread() {
            std::future::pending::<()>().await;
        }
        let later = |retry_after| ItemError::Retryable { code: "later".to_owned(), message: "not now".to_owned(), retry_after };
        match fate {
            Fate::FailsForAWhile(times) if begun <= times => Err(ItemError::permanent("no", "will not do yet")),
            Fate::Fickle if self.faults.pick(2) == 0 => Err(ItemError::permanent("no", "will not do this time")),
            Fate::FailsForGood => Err(ItemError::permanent("no", "will not do")),
            Fate::NeverSucceeds => Err(later(None)),
            Fate::FailsAtFirst(times) if item.attempt <= times => Err(later(None)),
            Fate::FailsOnceSaying(seconds) if item.attempt == 1 => Err(later(Some(Duration::from_secs(seconds)))),
            Fate::Throttled(times, after) if begun <= times => {
                self.faults.saw("item: throttled");
                Err(ItemError::throttled("busy", "not now", (after > 0).then(|| Duration::from_secs(after))))
            }
            Fate::NeverLetIn => Err(ItemError::throttled("busy", "never", None)),
            Fate::Away(times) if begun <= times => {
                self.faults.saw("item: unreachable");
                Err(ItemError::unreachable("nobody is there"))
            }
            Fate::LeftOut(times) if begun <= times => Err(ItemError::no_result("no-result", "left out")),
            Fate::NeverAnswered => Err(ItemError::no_result("no-result", "never answered")),
            Fate::Panics => std::panic::panic_any(PANIC),
            Fate::TakesLong(ms) => {
                headway_core::time::sleep(Duration::from_millis(ms)).await;
                Ok(Output::None)
            }
            Fate::Hangs => std::future::pending().await,
            Fate::Computes => {
                self.faults.saw("item: never yielded");
                let _thread = Stuck(here);
                std::future::pending().await
            }
            Fate::Kills => {
                self.faults.saw("item: killed its worker");
                here.is_killed(killer);
                std::future::pending().await
            }
            Fate::EatsMemory(ms) => {
                self.faults.saw("item: ate its worker's memory");
                let _thread = Stuck(here.clone());
                runtime::spawn(async move {
                    headway_core::time::sleep(Duration::from_millis(ms)).await;
                    here.is_killed(killer);
                });
                std::future::pending().await
            }
            _ if fate.gives_output() => Output::json(&fixes::output_of(item.value.get()).unwrap_or(item.index)),
            _ => Ok(Output::None),
        }
    }
}
