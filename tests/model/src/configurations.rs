//! The models that are checked. Each is small enough to be explored completely; together they cover everything in the
//! protocol.

use crate::bounds::{Begin, Bounds};
use crate::life::{Act, Sweep};
use crate::shape::Shape;

const ONE: &[&[u8]] = &[&[1]];
const PAIR: &[&[u8]] = &[&[2]];
const TRIPLE: &[&[u8]] = &[&[3]];
const TWO_CHUNKS: &[&[u8]] = &[&[1, 1]];
const THREE_CHUNKS: &[&[u8]] = &[&[1, 1, 1]];
const TWO_PARTS: &[&[u8]] = &[&[1], &[1]];

const RETRY: &[Act] = &[Act::Retry(None)];
const PAUSE_TWICE: &[Act] = &[Act::Pause, Act::Resume, Act::Pause, Act::Resume];

/// A model of a job with these chunks that tolerates this many failures.
fn model(name: &'static str, parts: &'static [&'static [u8]], tolerated: u64) -> Bounds {
    Bounds { name, shape: Shape::of(parts, tolerated), ..Bounds::default() }
}

/// The models that take seconds.
pub fn fast() -> Vec<Bounds> {
    let mut models = settling();
    models.extend(ending());
    models.extend(retrying());
    models.extend(submitting());
    models.extend(telling());
    models.extend(correcting());
    models.extend(batching());
    models.extend(moving_out());
    models
}

/// All models.
pub fn whole() -> Vec<Bounds> {
    let mut models = fast();
    models.extend(larger());
    models.extend(larger_retries());
    models.extend(larger_calls_and_rows());
    models
}

fn settling() -> Vec<Bounds> {
    vec![
        model("three chunks, duplicate, crash", THREE_CHUNKS, 1).duplicates(1).crashes(1).fails(1),
        model("two parts, duplicate, crash", TWO_PARTS, 1).duplicates(1).crashes(1).fails(1),
        model("two parts, lost answers", TWO_PARTS, 0).begun(false).lost(2).fails(1),
        model("a chunk of two, some for now", PAIR, 1).duplicates(1).crashes(1).fails(1).outputs(1).fails_for_now(1),
        model("rows read one by one, while somebody looks", TWO_PARTS, 1).torn_reads(true).fails(1).acts(&[Act::Look]),
        model("dead letters against a slow worker", PAIR, 2)
            .begin(Begin::Queued { hops: 3 })
            .dead_letters(1)
            .duplicates(1)
            .crashes(1)
            .fails(1),
    ]
}

fn ending() -> Vec<Bounds> {
    vec![
        model("cancel, duplicate, crash", TWO_CHUNKS, 0).acts(&[Act::Cancel]).duplicates(1).crashes(1).fails(1),
        model("pause, resume, pause, resume", ONE, 0).acts(PAUSE_TWICE).duplicates(1),
        model("pause within a chunk", PAIR, 1).acts(&[Act::Pause, Act::Resume]).slow(1).fails(1),
        model("sweeps beside workers", ONE, 0).sweeps(&[Sweep::Soon, Sweep::Hours]).crashes(2).fails(1),
        model("deletion and a late duplicate", ONE, 0).acts(&[Act::Delete]).sweeps(&[Sweep::Hours]).duplicates(1).fails(1),
        model("deletion and a worker that is frozen", ONE, 0).acts(&[Act::Delete]).sweeps(&[Sweep::Hours]).duplicates(1).stalls(true),
    ]
}

fn retrying() -> Vec<Bounds> {
    vec![
        model("retry, duplicate, crash", ONE, 0).acts(RETRY).duplicates(1).crashes(1).fails(2),
        model("retry, lost answers", ONE, 0).acts(RETRY).lost(2).fails(2),
        model("retry by two, duplicate", ONE, 0).callers(2).acts(&[Act::Retry(Some(1)), Act::Retry(None)]).duplicates(1).fails(2),
        model("retry, while somebody looks", ONE, 0).callers(2).acts(&[Act::Retry(None), Act::Look]).torn_reads(true).fails(2),
        model("retry, while somebody lists", ONE, 0).callers(2).acts(&[Act::Retry(None), Act::List]).torn_reads(true).fails(2),
        model("retry and cancel", ONE, 0).callers(2).acts(&[Act::Retry(None), Act::Cancel]).duplicates(1).fails(1),
        model("retry and delete", ONE, 0).callers(2).acts(&[Act::Retry(None), Act::Delete]).sweeps(&[Sweep::Hours]).fails(2),
    ]
}

fn submitting() -> Vec<Bounds> {
    vec![
        model("submission, crash, again", ONE, 0).begin(Begin::Empty).workers(1).callers(2).acts(&[Act::Submit, Act::Submit]).crashes(1),
        model("submission, while somebody seals", ONE, 0)
            .begin(Begin::Empty)
            .workers(1)
            .callers(2)
            .acts(&[Act::Submit, Act::Seal(0), Act::Submit])
            .crashes(1),
        model("parts and seal", TWO_PARTS, 0).begin(Begin::Open).workers(1).callers(2).acts(&[
            Act::PutPart(0),
            Act::PutPart(1),
            Act::Seal(1),
            Act::Seal(2),
        ]),
    ]
}

fn correcting() -> Vec<Bounds> {
    const CORRECT: &[Act] = &[Act::Correct(0), Act::Retry(None)];
    vec![
        model("corrected", ONE, 0).corrects().callers(2).acts(CORRECT).fails(2),
        model("corrected, duplicate", ONE, 0).corrects().acts(CORRECT).duplicates(1).fails(2),
        model("corrected, lost answer", ONE, 0).corrects().acts(CORRECT).lost(1).fails(2),
        model("corrected, crash", ONE, 0).corrects().acts(CORRECT).crashes(1).fails(2),
    ]
}

fn batching() -> Vec<Bounds> {
    vec![
        model("a call of three, halved", TRIPLE, 1).batch(3).spoilt(2).fails(1),
        model("a call of two, halved, duplicate, crash", PAIR, 1).batch(2).spoilt(1).no_results(1).duplicates(1).crashes(1),
        model("a call of two, some for now, some without result", PAIR, 1).batch(2).fails_for_now(1).no_results(2).outputs(1).crashes(1),
        model("calls of two, retry", TRIPLE, 0).batch(2).acts(RETRY).spoilt(1).fails(1),
    ]
}

fn moving_out() -> Vec<Bounds> {
    vec![
        model("outputs in extra rows, duplicate, crash", PAIR, 1).moves_out().outputs(2).fails(1).duplicates(1).crashes(1),
        model("failures in extra rows, retry, crash", ONE, 0).moves_out().acts(RETRY).fails(2).crashes(1),
        model("outputs in extra rows, lost answers", PAIR, 1).moves_out().outputs(2).lost(1),
        model("a call of two in extra rows, some for now", PAIR, 1).moves_out().batch(2).outputs(2).fails_for_now(1).crashes(1),
    ]
}

fn larger_calls_and_rows() -> Vec<Bounds> {
    vec![
        model("a call of three, halved, duplicate, crash", TRIPLE, 1).batch(3).spoilt(2).no_results(1).fails(1).duplicates(1).crashes(1),
        model("calls of two, retry, duplicate", TRIPLE, 0).batch(2).acts(RETRY).spoilt(1).fails(2).duplicates(1),
        model("failures in extra rows, retry of two", PAIR, 0).moves_out().acts(RETRY).fails(2).outputs(1).crashes(1).duplicates(1),
        model("extra rows, deletion", ONE, 0).moves_out().acts(&[Act::Delete]).sweeps(&[Sweep::Hours]).outputs(1).duplicates(1).crashes(1),
    ]
}

fn telling() -> Vec<Bounds> {
    vec![
        model("told, duplicate, crash", ONE, 0).tells().duplicates(1).crashes(1).fails(1),
        model("told of an end amid chunks, crash", TWO_CHUNKS, 0).tells().crashes(1).fails(1),
        model("told, lost messages and answers", ONE, 0).tells().lost(2).fails(1),
        model("told of each round, crash", ONE, 0).tells().acts(RETRY).crashes(1).fails(2),
    ]
}

fn larger() -> Vec<Bounds> {
    vec![
        model("three chunks, two duplicates, two crashes", THREE_CHUNKS, 1).duplicates(2).crashes(2).fails(1),
        model("two parts of two chunks, duplicate, crash, lost answer", &[&[1, 1], &[1]], 1)
            .begun(false)
            .duplicates(1)
            .crashes(1)
            .lost(1)
            .fails(1),
        model("a chunk of two, three workers", PAIR, 1).workers(3).duplicates(2).crashes(1).fails(2).outputs(1).fails_for_now(1),
        model("cancel of two parts", TWO_PARTS, 0).acts(&[Act::Cancel]).duplicates(1).crashes(1).lost(1).fails(1),
        model("pause, resume, pause, resume, two chunks", TWO_CHUNKS, 0).acts(PAUSE_TWICE),
        model("pause, resume, pause, resume, crash", ONE, 0).acts(PAUSE_TWICE).duplicates(1).crashes(1),
        model("dead letters on their way", PAIR, 2).begin(Begin::Queued { hops: 2 }).dead_letters(2).duplicates(1).crashes(1).fails(1),
        model("sweeps beside two chunks", TWO_CHUNKS, 0).sweeps(&[Sweep::Soon, Sweep::Hours]).crashes(1).fails(1),
        model("submission, crash and lost answer, again", ONE, 0)
            .begin(Begin::Empty)
            .workers(1)
            .callers(2)
            .acts(&[Act::Submit, Act::Submit])
            .crashes(1)
            .lost(1),
        model("parts, seal, abandon", TWO_PARTS, 0)
            .begin(Begin::Open)
            .workers(1)
            .callers(2)
            .acts(&[Act::PutPart(0), Act::PutPart(1), Act::Seal(2)])
            .sweeps(&[Sweep::Day])
            .crashes(1),
        model("deletion after a month, duplicate, crash", ONE, 0).sweeps(&[Sweep::Hours, Sweep::Month]).duplicates(1).crashes(1).fails(1),
    ]
}

fn larger_retries() -> Vec<Bounds> {
    vec![
        model("retry of two chunks, duplicate", TWO_CHUNKS, 0).acts(RETRY).duplicates(1).fails(2),
        model("retry of two parts, duplicate", TWO_PARTS, 0).acts(RETRY).duplicates(1).fails(2),
        model("retry of two parts, crash", TWO_PARTS, 0).acts(RETRY).crashes(1).fails(2),
        model("retry of what completed", TWO_PARTS, 1).acts(RETRY).duplicates(1).crashes(1).fails(2),
        model("retry of a chunk of two", PAIR, 0).acts(RETRY).duplicates(1).crashes(1).fails(2),
        model("retry twice, duplicate, crash", ONE, 0).acts(&[Act::Retry(None), Act::Retry(None)]).duplicates(1).crashes(1).fails(3),
        model("retry by two, twice", ONE, 0)
            .callers(2)
            .acts(&[Act::Retry(Some(1)), Act::Retry(Some(1)), Act::Retry(None)])
            .duplicates(1)
            .fails(3),
        model("retry by two, crash, lost answer", ONE, 0)
            .callers(2)
            .acts(&[Act::Retry(Some(1)), Act::Retry(Some(1))])
            .crashes(1)
            .lost(1)
            .fails(2),
        model("retry, pause, resume, duplicate", ONE, 0)
            .callers(2)
            .acts(&[Act::Retry(None), Act::Pause, Act::Resume])
            .duplicates(1)
            .fails(2),
        model("told beside sweeps", ONE, 0).tells().sweeps(&[Sweep::Soon, Sweep::Hours]).crashes(1).fails(1),
        model("told of each round, lost message", ONE, 0).tells().acts(RETRY).lost(1).fails(2),
        model("corrected by two", ONE, 0).corrects().callers(2).acts(&[Act::Correct(0), Act::Correct(0), Act::Retry(None)]).fails(2),
        model("corrected, retried twice", ONE, 0)
            .corrects()
            .callers(2)
            .acts(&[Act::Correct(0), Act::Retry(None), Act::Retry(None)])
            .fails(3),
        model("told of three rounds", ONE, 0).tells().acts(&[Act::Retry(None), Act::Retry(None)]).fails(3),
        model("retry beside a sweep, crash", ONE, 0).acts(RETRY).sweeps(&[Sweep::Soon]).crashes(1).fails(2),
        model("retry beside a sweep after hours, crash", ONE, 0).acts(RETRY).sweeps(&[Sweep::Hours]).crashes(1).fails(2),
        model("retry, rows read one by one", ONE, 0).acts(RETRY).torn_reads(true).duplicates(1).fails(2),
        model("retry of two parts, while somebody looks", TWO_PARTS, 0)
            .workers(1)
            .callers(2)
            .acts(&[Act::Retry(None), Act::Look])
            .torn_reads(true)
            .fails(2),
        model("retry of three chunks in two parts", &[&[1, 1], &[1]], 0).acts(RETRY).fails(2),
        model("retry with three workers", ONE, 0).workers(3).acts(RETRY).duplicates(2).fails(2),
        model("retry of dead letters", ONE, 0).begin(Begin::Queued { hops: 3 }).acts(RETRY).dead_letters(1).duplicates(1).fails(1),
        model("retry of an abandoned submission", TWO_PARTS, 0)
            .begin(Begin::Open)
            .workers(1)
            .acts(&[Act::PutPart(0), Act::PutPart(1), Act::Seal(2), Act::Retry(None)])
            .sweeps(&[Sweep::Day]),
    ]
}
