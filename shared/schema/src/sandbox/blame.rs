//! Decides what is to blame for the end of a child: the schema, one of the items, or neither.

use std::collections::VecDeque;
use std::time::Instant;

use super::bounds::KILLS_UNTIL_BLAMED;
use super::cause::{Limit, LimitExceeded, Unusable};
use super::child_position::ChildPosition;
use super::scheduler::Request;
use super::source::Source;
use super::verdict::NoVerdict;

/// Blames the item that was being checked when a child ended. That is certain if nothing else was in the child,
/// or if the limit was time, which counts for each item separately. Otherwise the item is tried again, alone. All other items
/// continue.
pub(super) fn blame(requests: &mut VecDeque<Request>, limit: Limit, compiling: bool, at: Option<ChildPosition>, alone_with_child: bool) {
    if compiling && (alone_with_child || limit == Limit::Time) {
        return useless(requests, Unusable::LimitExceeded(LimitExceeded { limit, unfit: false }));
    }
    let Some(ChildPosition { index, unfit }) = at else {
        return requests.iter_mut().for_each(|request| request.suspect = true);
    };
    if limit == Limit::Time || (alone_with_child && requests.len() == 1) {
        if let Some(request) = requests.remove(index) {
            request.answer(Err(NoVerdict::LimitExceeded(LimitExceeded { limit, unfit })));
        }
    } else if let Some(request) = requests.get_mut(index) {
        request.suspect = true;
    }
}

/// Something else on the machine killed a child that was started at this time. No item and no schema is to blame, so all
/// requests wait again. But if several children, one after the other, were killed at the same item or schema, that is blamed: it
/// may be what makes the machine short of memory.
pub(super) fn blame_if_killed_again(
    source: &Source,
    requests: &mut VecDeque<Request>,
    spawned: Instant,
    compiling: bool,
    at: Option<ChildPosition>,
    alone_with_child: bool,
) {
    let kills = match at.and_then(|at| requests.get_mut(at.index)) {
        Some(request) => request.note_kill(),
        None => source.note_kill(spawned),
    };
    tracing::warn!(kills, compiling, "a child process that checks items was killed by another program, or by a machine short of memory");
    if kills >= KILLS_UNTIL_BLAMED {
        source.note_cut();
        blame(requests, Limit::Crash, compiling, at, alone_with_child);
    }
}

pub(super) fn useless(requests: &mut VecDeque<Request>, unusable: Unusable) {
    let Some(source) = requests.front().map(|request| request.source.clone()) else { return };
    let unusable = source.unusable.get_or_init(|| unusable).clone();
    answer_all(requests, &NoVerdict::Schema(unusable));
}

/// A panic is always caused by its own item.
pub(super) fn panicked(requests: &mut VecDeque<Request>) {
    if let Some(request) = requests.pop_front() {
        request.source.note_cut();
        let exceeded = LimitExceeded { limit: Limit::Crash, unfit: false };
        request.answer(Err(NoVerdict::LimitExceeded(exceeded)));
    }
}

pub(super) fn answer_all(requests: &mut VecDeque<Request>, answer: &NoVerdict) {
    requests.drain(..).for_each(|request| request.answer(Err(answer.clone())));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::value::RawValue;

    use super::super::scheduler::{Reply, Work};
    use super::*;

    /// A slow item is run once, and the others are not suspected. Any other item that ends a child is tried alone
    /// first.
    #[test]
    fn only_the_item_that_a_child_was_at_is_blamed() {
        let table = [(Limit::Time, 3, Some(2), 2, vec![]), (Limit::Memory, 3, None, 3, vec![2]), (Limit::Memory, 1, Some(0), 0, vec![])];
        for (limit, count, convicted, left, suspects) in table {
            let source = Arc::new(Source::new("{}", false));
            let (mut requests, answers): (VecDeque<_>, Vec<_>) = (0..count)
                .map(|_| {
                    let (reply, answer) = std::sync::mpsc::sync_channel(1);
                    (Request::new("ann".into(), &source, Work::Item(RawValue::NULL.to_owned()), Reply::Blocking(reply)), answer)
                })
                .unzip();
            blame(&mut requests, limit, false, Some(ChildPosition { index: count - 1, unfit: false }), true);
            let cut: Vec<_> = (0..count).filter(|at| matches!(answers[*at].try_recv(), Ok(Err(NoVerdict::LimitExceeded(_))))).collect();
            assert_eq!((cut, requests.len()), (convicted.into_iter().collect(), left), "{limit:?}");
            assert_eq!((0..left).filter(|at| requests[*at].suspect).collect::<Vec<_>>(), suspects, "{limit:?}");
        }
    }

    /// What the machine does to children blames nothing, unless it happens at the same item again and again.
    #[test]
    fn an_item_is_blamed_for_the_third_kill_in_a_row() {
        let source = Arc::new(Source::new("{}", false));
        let (reply, answer) = std::sync::mpsc::sync_channel(1);
        let request = Request::new("ann".into(), &source, Work::Item(RawValue::NULL.to_owned()), Reply::Blocking(reply));
        let mut requests = VecDeque::from([request]);
        let at = Some(ChildPosition { index: 0, unfit: false });
        for kills in 1..=KILLS_UNTIL_BLAMED {
            assert_eq!(requests.len(), 1, "it waits to be tried again, alone, before kill {kills}");
            blame_if_killed_again(&source, &mut requests, Instant::now(), false, at, true);
            assert!(requests.iter().all(|request| request.suspect));
        }
        assert!(matches!(answer.try_recv(), Ok(Err(NoVerdict::LimitExceeded(exceeded))) if exceeded.code() == "schema crash"));
        assert!(requests.is_empty());
    }
}
