use super::*;

fn source() -> Arc<Source> {
    Arc::new(Source::new("{}", false))
}

fn item(owner: &str, source: &Arc<Source>, bytes: usize) -> (Request, oneshot::Receiver<Answer>) {
    let item = RawValue::from_string(format!("\"{}\"", "x".repeat(bytes.saturating_sub(2)))).unwrap();
    let (reply, answer) = oneshot::channel();
    (Request::new(owner.into(), source, Work::Item(item), Reply::Async(reply)), answer)
}

/// Adds items and keeps the receivers of their answers.
fn add(scheduler: &mut Scheduler, owner: &str, source: &Arc<Source>, count: usize) -> Vec<oneshot::Receiver<Answer>> {
    let one = |_| {
        let (request, answer) = item(owner, source, 10);
        scheduler.add(vec![request]);
        answer
    };
    (0..count).map(one).collect()
}

fn next(scheduler: &mut Scheduler) -> Option<(String, u64, usize)> {
    let batch = scheduler.next()?;
    scheduler.over(&batch.owner, batch.counted_suspect(), Duration::ZERO);
    Some((batch.owner.to_string(), batch.source.id, batch.requests.len()))
}

/// One owner's thousand items, in however many jobs, do not come before another owner's single item.
#[test]
fn owners_take_turns_and_their_jobs_do() {
    let mut scheduler = Scheduler::new(3);
    let (a, b, c) = (source(), source(), source());
    let _waiting = [add(&mut scheduler, "ann", &a, 300), add(&mut scheduler, "ann", &b, 1), add(&mut scheduler, "bob", &c, 1)];
    let mut order = Vec::new();
    while let Some((owner, source, count)) = next(&mut scheduler) {
        order.push((owner, source, count));
    }
    let expected = [("ann", a.id, 128), ("bob", c.id, 1), ("ann", b.id, 1), ("ann", a.id, 128), ("ann", a.id, 44)];
    assert_eq!(order, expected.map(|(owner, source, count)| (owner.to_owned(), source, count)));
    assert!(scheduler.owners.is_empty() && scheduler.ring.is_empty(), "nothing is kept of owners without requests");
}

/// Bug found: of several owners, all but one had turns that were cut off after a second, and that one's turns took no
/// time. Turn by turn, it waited for a second of each of the others before each turn of its own.
#[test]
fn the_owner_who_has_taken_less_time_is_next_and_idle_time_gives_no_credit() {
    let mut scheduler = Scheduler::new(4);
    let attackers: Vec<_> = (0..6).map(|n| (format!("mallory{n}"), source())).collect();
    let mut waiting: Vec<_> = attackers.iter().map(|(name, source)| add(&mut scheduler, name, source, 2_000)).collect();
    let bob = source();
    for _ in 0..50 {
        let batch = scheduler.next().unwrap();
        scheduler.over(&batch.owner, batch.counted_suspect(), Duration::from_secs(1));
    }
    for round in 0..20 {
        waiting.push(add(&mut scheduler, "bob", &bob, 1));
        let batch = scheduler.next().unwrap();
        assert_eq!(&*batch.owner, "bob", "in round {round}");
        scheduler.over(&batch.owner, batch.counted_suspect(), Duration::from_millis(1));
    }
    waiting.push(add(&mut scheduler, "bob", &bob, 40 * BATCH_ITEMS_MAX));
    let mut bobs = 0;
    for _ in 0..40 {
        let batch = scheduler.next().unwrap();
        bobs += usize::from(&*batch.owner == "bob");
        scheduler.over(&batch.owner, batch.counted_suspect(), Duration::from_secs(1));
    }
    assert!((5..=8).contains(&bobs), "of seven owners it has had {bobs} of 40 turns that all took as long");
}

/// However much one owner has, a child is left for others.
#[test]
fn an_owner_never_has_all_children() {
    let mut scheduler = Scheduler::new(3);
    let (a, b) = (source(), source());
    let _waiting = [add(&mut scheduler, "ann", &a, 1_000), add(&mut scheduler, "bob", &b, 1)];
    let first = scheduler.next().unwrap();
    let other = scheduler.next().unwrap();
    let second = scheduler.next().unwrap();
    assert_eq!([&*first.owner, &*other.owner, &*second.owner], ["ann", "bob", "ann"]);
    scheduler.over(&other.owner, false, TURN);
    assert!(scheduler.next().is_none(), "ann has two of three");
    scheduler.over(&first.owner, false, TURN);
    assert_eq!(&*scheduler.next().unwrap().owner, "ann");
    assert!(Scheduler::new(1).next().is_none());
}

/// Jobs that had items cut off never have all children either, even of different owners.
#[test]
fn suspects_never_have_all_children() {
    let mut scheduler = Scheduler::new(2);
    let sources = [source(), source(), source()];
    sources[..2].iter().for_each(|source| source.note_cut());
    let _waiting = [
        add(&mut scheduler, "ann", &sources[0], 1),
        add(&mut scheduler, "bob", &sources[1], 1),
        add(&mut scheduler, "cat", &sources[2], 1),
    ];
    let first = scheduler.next().unwrap();
    let second = scheduler.next().unwrap();
    assert_eq!([&*first.owner, &*second.owner], ["ann", "cat"]);
    assert!(scheduler.next().is_none());
    scheduler.over(&first.owner, first.counted_suspect(), TURN);
    assert_eq!(&*scheduler.next().unwrap().owner, "bob");
}

/// What broke it: new jobs without end, each of which took a second before it was cut off, had all children.
#[test]
fn owners_whose_turns_take_long_never_have_all_children() {
    let mut scheduler = Scheduler::new(3);
    let mut waiting = Vec::new();
    for owner in ["ann", "bob", "cat"] {
        waiting.push(add(&mut scheduler, owner, &source(), 1));
        let batch = scheduler.next().unwrap();
        scheduler.over(&batch.owner, batch.counted_suspect(), Duration::from_secs(1));
        waiting.push(add(&mut scheduler, owner, &source(), 1));
    }
    let batches = [scheduler.next().unwrap(), scheduler.next().unwrap()];
    assert!(scheduler.next().is_none(), "a child is left");
    waiting.push(add(&mut scheduler, "dan", &source(), 1));
    assert_eq!(&*scheduler.next().unwrap().owner, "dan");
    scheduler.over(&batches[0].owner, batches[0].counted_suspect(), TURN);
    assert!(scheduler.next().is_some());
}

/// A caller must be able to give up while others of the batch are being checked.
#[test]
fn an_item_in_a_batch_is_not_being_checked_yet() {
    let (mut scheduler, source, call_items) = (Scheduler::new(1), source(), Arc::new(CallItems::new(3)));
    let null = || Work::Item(RawValue::NULL.to_owned());
    scheduler.add((0..3).map(|at| Request::new("ann".into(), &source, null(), Reply::OfCall(call_items.clone(), at))).collect());
    let batch = scheduler.next().unwrap();
    batch.requests[1].begins();
    call_items.give_up_waiting(|| NoVerdict::Unavailable("late".into()));
    assert_eq!([0, 1, 2].map(|at| call_items.is_wanted(at)), [false, true, false]);
    scheduler.put_back(batch.requests);
    scheduler.over(&batch.owner, false, TURN);
    assert_eq!(scheduler.next().unwrap().requests.len(), 1, "what was given up is not checked any more");
}

#[test]
fn a_batch_is_bounded_and_a_suspect_goes_alone() {
    let mut scheduler = Scheduler::new(1);
    let a = source();
    let mut waiting = Vec::new();
    for bytes in [100_000, 20_000, 20_000, 10] {
        let (request, answer) = item("ann", &a, bytes);
        scheduler.add(vec![request]);
        waiting.push(answer);
    }
    assert_eq!(next(&mut scheduler).unwrap().2, 2);
    let mut rest = scheduler.next().unwrap();
    assert_eq!(rest.requests.len(), 2);
    rest.requests[0].suspect = true;
    scheduler.over(&rest.owner, false, TURN);
    waiting.extend(add(&mut scheduler, "ann", &a, 2));
    scheduler.put_back(rest.requests);
    assert_eq!([next(&mut scheduler).unwrap().2, next(&mut scheduler).unwrap().2], [1, 3]);
    a.note_cut();
    a.note_cut();
    waiting.extend(add(&mut scheduler, "ann", &a, 2));
    assert_eq!([next(&mut scheduler).unwrap().2, next(&mut scheduler).unwrap().2], [1, 1], "after two cuts all of the job do");
}

/// Items whose job was cancelled, or whose time is over, are no longer checked.
#[test]
fn requests_without_a_caller_are_dropped() {
    let mut scheduler = Scheduler::new(1);
    let a = source();
    drop(add(&mut scheduler, "ann", &a, 5));
    let _waiting = add(&mut scheduler, "ann", &a, 1);
    assert_eq!(next(&mut scheduler).unwrap().2, 1);
    drop(add(&mut scheduler, "ann", &a, 5));
    assert!(next(&mut scheduler).is_none() && scheduler.owners.is_empty());
}
