//! Bugs planted into the protocol. The model must find each of them: a check that cannot fail shows nothing.

use headway_model::{AGREES, Act, Begin, Bounds, ENDS, HOLDS, Planted, Shape, Sweep, TOLD, TOLD_UNAIDED, UNAIDED, check};

/// More states than any of these models has.
const STATES_MAX: usize = 3_000_000;

const ONE: &[&[u8]] = &[&[1]];
const PAIR: &[&[u8]] = &[&[2]];
const TWO_CHUNKS: &[&[u8]] = &[&[1, 1]];
const TWO_PARTS: &[&[u8]] = &[&[1], &[1]];

/// Without the bug the model finds nothing; with it `invariant` is violated.
#[track_caller]
fn finds(bug: Planted, invariant: &str, bounds: Bounds) {
    let bounds = Bounds { planted: Some(bug), ..bounds };
    let report = check(&bounds, 1, STATES_MAX);
    let (name, path) = report.broken.first().unwrap_or_else(|| panic!("{bug:?} is not found in {} states", report.unique));
    println!("{bug:?} breaks \"{name}\" ({} states):\n{path}", report.unique);
    assert!(report.broken.iter().any(|(name, _)| *name == invariant), "{bug:?} breaks {name}");
}

fn shape(parts: &'static [&'static [u8]], tolerated: u64) -> Shape {
    Shape::of(parts, tolerated)
}

fn retried(parts: &'static [&'static [u8]], tolerated: u64) -> Bounds {
    Bounds { shape: shape(parts, tolerated), acts: &[Act::Retry(None)], duplicates: 1, fails: 2, ..Bounds::default() }
}

#[test]
fn upward_writes_of_an_older_round_land() {
    finds(Planted::RollUpOfAnyRound, AGREES, retried(ONE, 1));
    finds(Planted::FailOfAnyRound, HOLDS, retried(ONE, 0));
}

#[test]
fn counts_are_added_to_instead_of_set() {
    finds(Planted::BareAdd, HOLDS, Bounds { shape: shape(ONE, 0), duplicates: 1, ..Bounds::default() });
}

#[test]
fn a_clean_settle_ignores_the_outcome_row() {
    finds(Planted::CleanOverOutcome, HOLDS, Bounds { shape: shape(PAIR, 1), duplicates: 1, fails_for_now: 2, ..Bounds::default() });
}

#[test]
fn who_parks_does_not_look_again() {
    let bounds = Bounds { shape: shape(ONE, 0), acts: &[Act::Pause, Act::Resume], ..Bounds::default() };
    finds(Planted::ParkWithoutLooking, UNAIDED, bounds);
}

#[test]
fn a_delayed_clear_forgets_a_failure_of_this_round() {
    finds(Planted::ClearOfAnyRound, HOLDS, Bounds { callers: 2, acts: &[Act::Retry(Some(1)), Act::Retry(Some(1))], ..retried(ONE, 0) });
}

#[test]
fn a_part_is_stamped_though_it_changed() {
    finds(Planted::StampBlindly, HOLDS, retried(TWO_CHUNKS, 0));
}

#[test]
fn a_retry_leaves_the_roll_ups() {
    finds(Planted::RetryKeepsRollUps, UNAIDED, retried(ONE, 0));
}

#[test]
fn who_finds_a_chunk_settled_does_not_look_upward() {
    finds(Planted::NoLookWhenSettled, UNAIDED, Bounds { shape: shape(ONE, 0), crashes: 1, ..Bounds::default() });
}

#[test]
fn a_message_is_acknowledged_before_it_is_worked_on() {
    finds(Planted::AcknowledgeFirst, HOLDS, Bounds { shape: shape(ONE, 0), crashes: 1, fails: 1, ..Bounds::default() });
}

#[test]
fn kept_messages_share_a_place_or_are_forgotten_too_early() {
    let bounds = Bounds { shape: shape(ONE, 0), acts: &[Act::Pause, Act::Resume, Act::Pause], ..Bounds::default() };
    finds(Planted::OneParkKey, HOLDS, bounds.clone());
    finds(Planted::UnparkBeforeSend, HOLDS, bounds);
}

#[test]
fn a_record_that_is_seen_is_not_shown() {
    let bounds = Bounds { shape: shape(ONE, 1), crashes: 1, fails: 1, ..Bounds::default() };
    finds(Planted::ShowOnlyChanges, UNAIDED, bounds);
    let bounds = Bounds { shape: shape(TWO_CHUNKS, 0), crashes: 1, fails: 2, ..Bounds::default() };
    finds(Planted::NoReconcile, AGREES, bounds);
}

#[test]
fn an_outcome_row_is_overwritten() {
    finds(Planted::MergeBlindly, HOLDS, Bounds { shape: shape(PAIR, 2), duplicates: 1, fails: 2, ..Bounds::default() });
}

#[test]
fn a_result_older_than_the_clear_counts() {
    finds(Planted::MergeOldResults, HOLDS, retried(ONE, 0));
}

#[test]
fn a_seal_and_a_part_do_not_meet() {
    let bounds = Bounds {
        shape: shape(TWO_PARTS, 0),
        begin: Begin::Open,
        workers: 1,
        callers: 2,
        acts: &[Act::PutPart(0), Act::PutPart(1), Act::Seal(1)],
        ..Bounds::default()
    };
    finds(Planted::SealWithoutTop, HOLDS, bounds);
}

#[test]
fn a_seal_and_a_whole_submission_do_not_meet() {
    let bounds = Bounds {
        shape: shape(ONE, 0),
        begin: Begin::Empty,
        workers: 1,
        callers: 2,
        acts: &[Act::Submit, Act::Seal(0)],
        ..Bounds::default()
    };
    finds(Planted::CreateReservesNothing, HOLDS, bounds);
}

#[test]
fn the_sweep_and_a_submission_do_not_meet() {
    let bounds = Bounds {
        shape: shape(ONE, 0),
        begin: Begin::Open,
        workers: 1,
        acts: &[Act::PutPart(0), Act::Seal(1)],
        sweeps: &[Sweep::Day],
        ..Bounds::default()
    };
    finds(Planted::SealAbandoned, HOLDS, bounds.clone());
    finds(Planted::AbandonTouched, HOLDS, bounds);
}

#[test]
fn what_was_accepted_in_part_is_acknowledged() {
    let bounds =
        Bounds { shape: shape(TWO_CHUNKS, 0), begin: Begin::Empty, workers: 1, acts: &[Act::Submit], lost: 1, ..Bounds::default() };
    finds(Planted::PartialSendIsDone, HOLDS, bounds);
}

#[test]
fn deletion_meets_a_late_message_or_a_retry() {
    let bounds =
        Bounds { shape: shape(ONE, 0), acts: &[Act::Delete], sweeps: &[Sweep::Hours], duplicates: 1, stalls: true, ..Bounds::default() };
    finds(Planted::UpdateCreates, HOLDS, bounds);
    finds(Planted::DeleteOfAnyRound, HOLDS, Bounds { callers: 2, acts: &[Act::Retry(None), Act::Delete], ..retried(ONE, 0) });
}

#[test]
fn nobody_is_told_of_an_end() {
    finds(Planted::RetryForgetsNotices, TOLD, Bounds { duplicates: 0, ..retried(ONE, 0) }.tells());
    finds(Planted::LostNoticesAreNotMissed, ENDS, Bounds { shape: shape(ONE, 0), lost: 1, ..Bounds::default() }.tells());
    let amid_chunks = Bounds { shape: shape(TWO_CHUNKS, 0), crashes: 1, fails: 1, ..Bounds::default() };
    finds(Planted::MetEndsAreNotAnnounced, TOLD_UNAIDED, amid_chunks.tells());
    let twice = Bounds { acts: &[Act::Retry(None), Act::Retry(None)], duplicates: 0, fails: 3, ..retried(ONE, 0) };
    finds(Planted::NoteOverOthers, TOLD_UNAIDED, twice.tells());
}

#[test]
fn corrections_do_not_count() {
    let acts: &[Act] = &[Act::Correct(0), Act::Retry(None)];
    let bounds = Bounds { acts, callers: 2, ..retried(ONE, 0) }.corrects();
    finds(Planted::CorrectionsAreNotRead, HOLDS, bounds.clone());
    finds(Planted::CorrectAfterTheRetry, HOLDS, bounds.clone());
    finds(Planted::OldMessagesRunOldValues, HOLDS, bounds);
}

#[test]
fn calls_of_several_items_mix_them_up() {
    let pair = |tolerated| Bounds { shape: shape(PAIR, tolerated), ..Bounds::default() }.batch(2);
    finds(Planted::HalvesAreAdded, HOLDS, Bounds { fails_for_now: 2, ..pair(0) });
    finds(Planted::ResultsOfOtherItems, HOLDS, Bounds { fails: 1, ..pair(1) });
    finds(Planted::TooFewResultsAreCompleted, HOLDS, Bounds { spoilt: 1, ..pair(0) });
}

#[test]
fn records_in_extra_rows_are_lost() {
    let bounds = Bounds { shape: shape(PAIR, 0), outputs: 2, ..Bounds::default() }.moves_out();
    finds(Planted::AnExtraRowIsLost, HOLDS, bounds.clone());
    let differing = Bounds { shape: Shape { tolerated: 1, ..bounds.shape.clone() }, duplicates: 1, fails: 1, ..bounds };
    finds(Planted::SecondWriterForgetsAll, HOLDS, differing);
}

/// Shows that a job that never ends is found: with this bug and no sweep there is one.
#[test]
fn what_never_ends_is_seen() {
    let bounds = Bounds { shape: shape(ONE, 1), crashes: 1, fails: 1, ..Bounds::default() };
    let report = check(&Bounds { planted: Some(Planted::NeverEnds), ..bounds }, 1, STATES_MAX);
    assert!(report.broken.iter().any(|(name, _)| *name == ENDS || *name == UNAIDED), "{:?}", report.broken);
}
