//! Puts messages into batches, and converts delays into the queue's units.

use std::ops::Range;
use std::time::Duration;

use headway_core::limits::QUEUE_DELAY_MAX;

/// Entries of `SendMessageBatch`. Source: Amazon SQS quotas.
const QUEUE_BATCH_ENTRIES_MAX: usize = 10;
/// Bytes of a message, and of all entries of a batch together. Source: Amazon SQS quotas (1 MiB since August 2025).
const QUEUE_BATCH_BYTES_MAX: usize = 1_048_576;

const _: () = assert!(QUEUE_BATCH_ENTRIES_MAX * 64 * 1_024 * 4 / 3 <= QUEUE_BATCH_BYTES_MAX, "ten chunks fit in a batch, in base64 too");

/// Cuts messages of these sizes, in bytes, into batches of consecutive ones, each as full as the order and the queue's
/// limits allow. A message that is too large for any batch gets one of its own, and the queue refuses it.
pub(super) fn pack(sizes: impl IntoIterator<Item = usize>) -> Vec<Range<usize>> {
    let mut batches: Vec<Range<usize>> = Vec::new();
    let mut bytes = 0;
    for (place, size) in sizes.into_iter().enumerate() {
        match batches.last_mut() {
            Some(batch) if batch.len() < QUEUE_BATCH_ENTRIES_MAX && bytes + size <= QUEUE_BATCH_BYTES_MAX => {
                batch.end += 1;
                bytes += size;
            }
            _ => {
                batches.push(place..place + 1);
                bytes = size;
            }
        }
    }
    batches
}

/// Whole seconds, rounded up, at most the longest that the queue offers. `None` is the queue's own default.
pub(super) fn delay_seconds(delay: Duration) -> Option<i32> {
    let seconds = delay.min(QUEUE_DELAY_MAX).as_millis().div_ceil(1_000);
    i32::try_from(seconds).ok().filter(|seconds| *seconds > 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn batches_hold_every_message_once_in_order_within_the_limits(
            sizes in proptest::collection::vec(prop_oneof![1usize..100, 60_000usize..80_000, 100_000usize..=QUEUE_BATCH_BYTES_MAX], 0..80),
        ) {
            let batches = pack(sizes.iter().copied());
            prop_assert_eq!(batches.iter().flat_map(Clone::clone).collect::<Vec<_>>(), (0..sizes.len()).collect::<Vec<_>>());
            let bytes = |batch: &Range<usize>| sizes[batch.clone()].iter().sum::<usize>();
            for batch in &batches {
                prop_assert!((1..=QUEUE_BATCH_ENTRIES_MAX).contains(&batch.len()) && bytes(batch) <= QUEUE_BATCH_BYTES_MAX);
            }
            for pair in batches.windows(2) {
                let room = pair[0].len() < QUEUE_BATCH_ENTRIES_MAX && bytes(&pair[0]) + sizes[pair[1].start] <= QUEUE_BATCH_BYTES_MAX;
                prop_assert!(!room, "a batch was closed too early");
            }
        }
    }

    #[test]
    fn a_delay_is_rounded_up_and_bounded() {
        let seconds = |ms| delay_seconds(Duration::from_millis(ms));
        assert_eq!((seconds(0), seconds(1), seconds(1_000), seconds(1_001)), (None, Some(1), Some(1), Some(2)));
        assert_eq!(seconds(86_400_000), Some(900));
    }
}
