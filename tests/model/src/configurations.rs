//! The models that are checked: each small enough to be explored to the end, together what the protocol has met.

use crate::bounds::{Begin, Bounds};
use crate::life::{Act, Sweep};
use crate::shape::Shape;

const ONE: &[&[u8]] = &[&[1]];
const PAIR: &[&[u8]] = &[&[2]];
const TWO_CHUNKS: &[&[u8]] = &[&[1, 1]];
const THREE_CHUNKS: &[&[u8]] = &[&[1, 1, 1]];
const TWO_PARTS: &[&[u8]] = &[&[1], &[1]];

/// A job that bears so many failures.
const fn shape(parts: &'static [&'static [u8]], tolerated: u64) -> Shape {
    Shape { parts, tolerated, attempts_max: 3 }
}

/// Those that take seconds.
pub fn fast() -> Vec<Bounds> {
    let mut models = settling();
    models.extend(ending());
    models.extend(retrying());
    models.extend(submitting());
    models
}

/// All of them.
pub fn whole() -> Vec<Bounds> {
    let mut models = fast();
    models.extend(larger());
    models.extend(larger_retries());
    models
}

fn settling() -> Vec<Bounds> {
    vec![
        Bounds {
            name: "three chunks, duplicate, crash",
            shape: shape(THREE_CHUNKS, 1),
            duplicates: 1,
            crashes: 1,
            fails: 1,
            ..Bounds::default()
        },
        Bounds {
            name: "two parts, duplicate, crash",
            shape: shape(TWO_PARTS, 1),
            duplicates: 1,
            crashes: 1,
            fails: 1,
            ..Bounds::default()
        },
        Bounds { name: "two parts, lost answers", shape: shape(TWO_PARTS, 0), begun: false, lost: 2, fails: 1, ..Bounds::default() },
        Bounds {
            name: "a chunk of two, some for now",
            shape: shape(PAIR, 1),
            duplicates: 1,
            crashes: 1,
            fails: 1,
            outputs: 1,
            fails_for_now: 1,
            ..Bounds::default()
        },
        Bounds {
            name: "rows read one by one, while somebody looks",
            shape: shape(TWO_PARTS, 1),
            torn_reads: true,
            fails: 1,
            acts: &[Act::Look],
            ..Bounds::default()
        },
        Bounds {
            name: "dead letters against a slow worker",
            shape: shape(PAIR, 2),
            begin: Begin::Queued { hops: 3 },
            dead_letters: 1,
            duplicates: 1,
            crashes: 1,
            fails: 1,
            ..Bounds::default()
        },
    ]
}

fn ending() -> Vec<Bounds> {
    vec![
        Bounds {
            name: "cancel, duplicate, crash",
            shape: shape(TWO_CHUNKS, 0),
            acts: &[Act::Cancel],
            duplicates: 1,
            crashes: 1,
            fails: 1,
            ..Bounds::default()
        },
        Bounds {
            name: "pause, resume, pause, resume",
            shape: shape(ONE, 0),
            acts: &[Act::Pause, Act::Resume, Act::Pause, Act::Resume],
            duplicates: 1,
            ..Bounds::default()
        },
        Bounds {
            name: "pause within a chunk",
            shape: shape(PAIR, 1),
            acts: &[Act::Pause, Act::Resume],
            slow: 1,
            fails: 1,
            ..Bounds::default()
        },
        Bounds {
            name: "sweeps beside workers",
            shape: shape(ONE, 0),
            sweeps: &[Sweep::Soon, Sweep::Hours],
            crashes: 2,
            fails: 1,
            ..Bounds::default()
        },
        Bounds {
            name: "deletion and a late duplicate",
            shape: shape(ONE, 0),
            acts: &[Act::Delete],
            sweeps: &[Sweep::Hours],
            duplicates: 1,
            fails: 1,
            ..Bounds::default()
        },
        Bounds {
            name: "deletion and a worker that stands still",
            shape: shape(ONE, 0),
            acts: &[Act::Delete],
            sweeps: &[Sweep::Hours],
            duplicates: 1,
            stalls: true,
            ..Bounds::default()
        },
    ]
}

fn retrying() -> Vec<Bounds> {
    vec![
        Bounds {
            name: "retry, duplicate, crash",
            shape: shape(ONE, 0),
            acts: &[Act::Retry(None)],
            duplicates: 1,
            crashes: 1,
            fails: 2,
            ..Bounds::default()
        },
        Bounds { name: "retry, lost answers", shape: shape(ONE, 0), acts: &[Act::Retry(None)], lost: 2, fails: 2, ..Bounds::default() },
        Bounds {
            name: "retry by two, duplicate",
            shape: shape(ONE, 0),
            callers: 2,
            acts: &[Act::Retry(Some(1)), Act::Retry(None)],
            duplicates: 1,
            fails: 2,
            ..Bounds::default()
        },
        Bounds {
            name: "retry, while somebody looks",
            shape: shape(ONE, 0),
            callers: 2,
            acts: &[Act::Retry(None), Act::Look],
            torn_reads: true,
            fails: 2,
            ..Bounds::default()
        },
        Bounds {
            name: "retry, while somebody lists",
            shape: shape(ONE, 0),
            callers: 2,
            acts: &[Act::Retry(None), Act::List],
            torn_reads: true,
            fails: 2,
            ..Bounds::default()
        },
        Bounds {
            name: "retry and cancel",
            shape: shape(ONE, 0),
            callers: 2,
            acts: &[Act::Retry(None), Act::Cancel],
            duplicates: 1,
            fails: 1,
            ..Bounds::default()
        },
        Bounds {
            name: "retry and delete",
            shape: shape(ONE, 0),
            callers: 2,
            acts: &[Act::Retry(None), Act::Delete],
            sweeps: &[Sweep::Hours],
            fails: 2,
            ..Bounds::default()
        },
    ]
}

fn submitting() -> Vec<Bounds> {
    vec![
        Bounds {
            name: "submission, crash, again",
            shape: shape(ONE, 0),
            begin: Begin::Empty,
            workers: 1,
            callers: 2,
            acts: &[Act::Submit, Act::Submit],
            crashes: 1,
            ..Bounds::default()
        },
        Bounds {
            name: "parts and seal",
            shape: shape(TWO_PARTS, 0),
            begin: Begin::Open,
            workers: 1,
            callers: 2,
            acts: &[Act::PutPart(0), Act::PutPart(1), Act::Seal(1), Act::Seal(2)],
            ..Bounds::default()
        },
    ]
}

fn larger() -> Vec<Bounds> {
    vec![
        Bounds {
            name: "three chunks, two duplicates, two crashes",
            shape: shape(THREE_CHUNKS, 1),
            duplicates: 2,
            crashes: 2,
            fails: 1,
            ..Bounds::default()
        },
        Bounds {
            name: "two parts of two chunks, duplicate, crash, lost answer",
            shape: shape(&[&[1, 1], &[1]], 1),
            begun: false,
            duplicates: 1,
            crashes: 1,
            lost: 1,
            fails: 1,
            ..Bounds::default()
        },
        Bounds {
            name: "a chunk of two, three workers",
            shape: shape(PAIR, 1),
            workers: 3,
            duplicates: 2,
            crashes: 1,
            fails: 2,
            outputs: 1,
            fails_for_now: 1,
            ..Bounds::default()
        },
        Bounds {
            name: "cancel of two parts",
            shape: shape(TWO_PARTS, 0),
            acts: &[Act::Cancel],
            duplicates: 1,
            crashes: 1,
            lost: 1,
            fails: 1,
            ..Bounds::default()
        },
        Bounds {
            name: "pause, resume, pause, resume, two chunks",
            shape: shape(TWO_CHUNKS, 0),
            acts: &[Act::Pause, Act::Resume, Act::Pause, Act::Resume],
            ..Bounds::default()
        },
        Bounds {
            name: "pause, resume, pause, resume, crash",
            shape: shape(ONE, 0),
            acts: &[Act::Pause, Act::Resume, Act::Pause, Act::Resume],
            duplicates: 1,
            crashes: 1,
            ..Bounds::default()
        },
        Bounds {
            name: "dead letters on their way",
            shape: shape(PAIR, 2),
            begin: Begin::Queued { hops: 2 },
            dead_letters: 2,
            duplicates: 1,
            crashes: 1,
            fails: 1,
            ..Bounds::default()
        },
        Bounds {
            name: "sweeps beside two chunks",
            shape: shape(TWO_CHUNKS, 0),
            sweeps: &[Sweep::Soon, Sweep::Hours],
            crashes: 1,
            fails: 1,
            ..Bounds::default()
        },
        Bounds {
            name: "submission, crash and lost answer, again",
            shape: shape(ONE, 0),
            begin: Begin::Empty,
            workers: 1,
            callers: 2,
            acts: &[Act::Submit, Act::Submit],
            crashes: 1,
            lost: 1,
            ..Bounds::default()
        },
        Bounds {
            name: "parts, seal, abandon",
            shape: shape(TWO_PARTS, 0),
            begin: Begin::Open,
            workers: 1,
            callers: 2,
            acts: &[Act::PutPart(0), Act::PutPart(1), Act::Seal(2)],
            sweeps: &[Sweep::Day],
            crashes: 1,
            ..Bounds::default()
        },
        Bounds {
            name: "deletion after a month, duplicate, crash",
            shape: shape(ONE, 0),
            acts: &[],
            sweeps: &[Sweep::Hours, Sweep::Month],
            duplicates: 1,
            crashes: 1,
            fails: 1,
            ..Bounds::default()
        },
    ]
}

fn larger_retries() -> Vec<Bounds> {
    vec![
        Bounds {
            name: "retry of two chunks, duplicate",
            shape: shape(TWO_CHUNKS, 0),
            acts: &[Act::Retry(None)],
            duplicates: 1,
            fails: 2,
            ..Bounds::default()
        },
        Bounds {
            name: "retry of two parts, duplicate",
            shape: shape(TWO_PARTS, 0),
            acts: &[Act::Retry(None)],
            duplicates: 1,
            fails: 2,
            ..Bounds::default()
        },
        Bounds {
            name: "retry of two parts, crash",
            shape: shape(TWO_PARTS, 0),
            acts: &[Act::Retry(None)],
            crashes: 1,
            fails: 2,
            ..Bounds::default()
        },
        Bounds {
            name: "retry of what completed",
            shape: shape(TWO_PARTS, 1),
            acts: &[Act::Retry(None)],
            duplicates: 1,
            crashes: 1,
            fails: 2,
            ..Bounds::default()
        },
        Bounds {
            name: "retry of a chunk of two",
            shape: shape(PAIR, 0),
            acts: &[Act::Retry(None)],
            duplicates: 1,
            crashes: 1,
            fails: 2,
            ..Bounds::default()
        },
        Bounds {
            name: "retry twice, duplicate, crash",
            shape: shape(ONE, 0),
            acts: &[Act::Retry(None), Act::Retry(None)],
            duplicates: 1,
            crashes: 1,
            fails: 3,
            ..Bounds::default()
        },
        Bounds {
            name: "retry by two, twice",
            shape: shape(ONE, 0),
            callers: 2,
            acts: &[Act::Retry(Some(1)), Act::Retry(Some(1)), Act::Retry(None)],
            duplicates: 1,
            fails: 3,
            ..Bounds::default()
        },
        Bounds {
            name: "retry by two, crash, lost answer",
            shape: shape(ONE, 0),
            callers: 2,
            acts: &[Act::Retry(Some(1)), Act::Retry(Some(1))],
            crashes: 1,
            lost: 1,
            fails: 2,
            ..Bounds::default()
        },
        Bounds {
            name: "retry, pause, resume, duplicate",
            shape: shape(ONE, 0),
            callers: 2,
            acts: &[Act::Retry(None), Act::Pause, Act::Resume],
            duplicates: 1,
            fails: 2,
            ..Bounds::default()
        },
        Bounds {
            name: "retry beside a sweep, crash",
            shape: shape(ONE, 0),
            acts: &[Act::Retry(None)],
            sweeps: &[Sweep::Soon],
            crashes: 1,
            fails: 2,
            ..Bounds::default()
        },
        Bounds {
            name: "retry beside a sweep after hours, crash",
            shape: shape(ONE, 0),
            acts: &[Act::Retry(None)],
            sweeps: &[Sweep::Hours],
            crashes: 1,
            fails: 2,
            ..Bounds::default()
        },
        Bounds {
            name: "retry, rows read one by one",
            shape: shape(ONE, 0),
            acts: &[Act::Retry(None)],
            torn_reads: true,
            duplicates: 1,
            fails: 2,
            ..Bounds::default()
        },
        Bounds {
            name: "retry of two parts, while somebody looks",
            shape: shape(TWO_PARTS, 0),
            workers: 1,
            callers: 2,
            acts: &[Act::Retry(None), Act::Look],
            torn_reads: true,
            fails: 2,
            ..Bounds::default()
        },
        Bounds {
            name: "retry of three chunks in two parts",
            shape: shape(&[&[1, 1], &[1]], 0),
            acts: &[Act::Retry(None)],
            fails: 2,
            ..Bounds::default()
        },
        Bounds {
            name: "retry with three workers",
            shape: shape(ONE, 0),
            workers: 3,
            acts: &[Act::Retry(None)],
            duplicates: 2,
            fails: 2,
            ..Bounds::default()
        },
        Bounds {
            name: "retry of dead letters",
            shape: shape(ONE, 0),
            begin: Begin::Queued { hops: 3 },
            acts: &[Act::Retry(None)],
            dead_letters: 1,
            duplicates: 1,
            fails: 1,
            ..Bounds::default()
        },
        Bounds {
            name: "retry of an abandoned submission",
            shape: shape(TWO_PARTS, 0),
            begin: Begin::Open,
            workers: 1,
            acts: &[Act::PutPart(0), Act::PutPart(1), Act::Seal(2), Act::Retry(None)],
            sweeps: &[Sweep::Day],
            ..Bounds::default()
        },
    ]
}
