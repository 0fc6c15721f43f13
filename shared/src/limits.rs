//! All limits of the system, with assertions about those that depend on each other.
//!
//! Bytes are bytes and never characters, unless the name says so. The HTTP API promises these limits.

use std::time::Duration;

use chrono::TimeDelta;

pub use headway_processor::limits::{ID_CHARS_MAX, ITEMS_PER_CHUNK_MAX, LIMIT_CHARS_MAX, PATIENCE_DEFAULT};

/// A JSON request body, in bytes.
pub const BODY_BYTES_MAX: usize = 3_000_000;
/// A part, as sent and unpacked, in bytes.
pub const PART_BYTES_MAX: usize = 4_500_000;
/// A page of a list as sent, in bytes.
pub const PAGE_BYTES_MAX: usize = 2_500_000;
/// Items in one request.
pub const ITEMS_PER_REQUEST_MAX: usize = 50_000;
/// Items in a job.
pub const ITEMS_PER_JOB_MAX: u64 = 10_000_000;
/// Parts of a job.
pub const PARTS_PER_JOB_MAX: u32 = 1_000;
/// Chunks of a part: with these its row fits into one write unit.
pub const CHUNKS_PER_PART_MAX: usize = 80;
/// Chunks cut from one job body.
pub const CHUNKS_PER_BODY_MAX: usize = 1_000;
/// About how many chunks a small job is cut into, so that they can run in parallel and progress is visible.
pub const CHUNKS_PER_SMALL_JOB: usize = 32;
/// Items' bytes in a chunk message, their framing included, except that a larger item has a message of its own. SQS
/// bills per 64 KiB.
pub const CHUNK_BYTES_MAX: usize = 60_000;
/// What an item adds to a message besides its own bytes: a comma.
pub const ITEM_FRAME_BYTES: usize = 1;
/// What an item's index adds to a message that carries only some of a chunk's items: eight digits and a comma.
pub const INDEX_BYTES_MAX: usize = 9;
/// Space for a chunk message's other members.
pub const MESSAGE_FRAME_BYTES_MAX: usize = 1_024;
/// An item, in bytes: 256 KiB.
pub const ITEM_BYTES_MAX: usize = 262_144;
/// Bytes of the items in one call of a processor with `Options::batch`, except that a larger item is alone in its call. What
/// carries them to another process has a limit.
pub const CALL_BYTES_MAX: usize = 1_900_000;
/// How deep an item may nest.
pub const ITEM_DEPTH_MAX: usize = 100;
/// How deep an output may nest: it is part of a page that others parse.
pub const OUTPUT_DEPTH_MAX: usize = ITEM_DEPTH_MAX;
/// An item's output, in bytes: 256 KiB. A larger one is omitted.
pub const OUTPUT_BYTES_MAX: usize = 262_144;
/// An error's code, in characters; a longer one is cut.
pub const ERROR_CODE_CHARS_MAX: usize = 64;
/// An error's message, in characters; a longer one is cut.
pub const ERROR_MESSAGE_CHARS_MAX: usize = 1_000;
/// A job's `errorMessage`, in bytes; a longer one is cut, so that the job row stays within a kilobyte.
pub const JOB_ERROR_BYTES_MAX: usize = 300;
/// A job's `params`, in bytes.
pub const PARAMS_BYTES_MAX: usize = 100_000;
/// A job's `title`, in characters.
pub const TITLE_CHARS_MAX: usize = 200;
/// Pairs of `metadata`.
pub const METADATA_PAIRS_MAX: usize = 20;
/// A key of `metadata`, in characters.
pub const METADATA_KEY_CHARS_MAX: usize = 40;
/// A text value of `metadata`, in characters.
pub const METADATA_VALUE_CHARS_MAX: usize = 500;
/// `metadata` as JSON, in bytes.
pub const METADATA_BYTES_MAX: usize = 2_000;
/// An `Idempotency-Key`, in visible ASCII characters.
pub const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;
/// How many jobs of an owner may be live, unless the operator sets another number.
pub const LIVE_JOBS_MAX: u32 = 100;
/// How many items an owner's live jobs may have, unless the operator sets another number.
pub const LIVE_ITEMS_MAX: u64 = 20_000_000;
/// How many jobs and rounds an owner may start within a minute, unless the operator sets another number.
pub const STARTS_PER_MINUTE_MAX: u32 = 60;
/// For how many days an ended job is kept, unless the operator sets another number.
pub const RETENTION_DAYS_DEFAULT: u16 = 30;
/// The fewest and the most days that an operator may set.
pub const RETENTION_DAYS_RANGE: std::ops::RangeInclusive<u16> = 1..=365;
/// How long a submission may stay open without a new part.
pub const OPEN_WITHOUT_PART_MAX: Duration = Duration::from_secs(24 * 3_600);
/// How long a job may be paused. Then it fails, and can be retried.
pub const PAUSED_MAX: Duration = Duration::from_secs(14 * 24 * 3_600);
/// After how many days DynamoDB deletes the rows below a job by itself, in case every sweep fails: the table's TTL. It counts from
/// the first write of a row, and each retry keeps the job for another retention, so it is far beyond any retention.
pub const TTL_DAYS: i64 = 3_650;
/// The longest a Lambda function runs. Source: AWS Lambda quotas.
pub const FUNCTION_TIMEOUT_MAX: Duration = Duration::from_secs(900);
/// How long after its end a job is left to workers that may still be running its items.
pub const RECONCILE_AFTER_END: Duration = Duration::from_secs(960);
/// A part whose row was not written for this long, and whose job was not retried or resumed within it, may have lost messages.
/// Longer than a message of it can be invisible while a worker has it.
pub const STANDS_STILL_AFTER: Duration = Duration::from_secs(6 * 900 + 300);
/// How much later the messages of a repeated request are sent than those of the first: if the first request is alive, its messages
/// have done everything by then.
pub const REPEAT_WAITS: Duration = Duration::from_secs(5);
/// How long after a part's row was put the request that put it is left alone to send the part's chunks.
pub const SENDING_TAKES_MAX: Duration = Duration::from_secs(2);
/// How long the rows of a job are kept after it is gone for everybody: longer than a worker that saw it before can
/// still write.
pub const DELETE_AFTER_GONE: Duration = Duration::from_secs(930);

/// The longest delay of a message. Source: Amazon SQS quotas.
pub const QUEUE_DELAY_MAX: Duration = Duration::from_secs(900);
/// Bytes of a table's row. Source: Amazon DynamoDB quotas (400 KB, of 1,024 bytes).
pub const TABLE_ROW_BYTES_MAX: usize = 400 * 1_024;
/// Bytes of the records in an extra row of an outcome, before they are compressed. The rest is room for other attributes
/// and for texts that grow when they are escaped.
pub const EXTRA_ROW_BYTES_MAX: usize = 380_000;
/// Bytes of the records in an outcome row, before they are compressed. It is written again at each checkpoint; with more
/// records than this they move to extra rows, which are written once.
pub const OUTCOME_ROW_BYTES_MAX: usize = 100_000;
/// Bytes of results that a running chunk holds before they are recorded at once, ahead of the next checkpoint.
pub const RESULTS_HELD_BYTES_MAX: usize = 1_000_000;
/// Bytes of a message. Source: Amazon SQS quotas (1 MiB since August 2025).
pub const MESSAGE_BYTES_MAX: usize = 1_048_576;
/// How many rows a use-case reads together.
pub const ROWS_PER_READ: usize = 100;

/// How long the queue and then the dead-letter queue keep a message, as the template sets it. A message that has not
/// been sent again for longer is in neither.
pub const MESSAGE_KEPT_MAX: Duration = Duration::from_secs((7 + 14) * 24 * 3_600);

/// A worker begins an item only within this time after the start of a consistent read of its job.
pub const LEASE: Duration = Duration::from_secs(1);
/// A cancel or a pause is answered this long after its write: the lease, and a little more.
pub const HELD_ANSWERS_AFTER: Duration = Duration::from_millis(1_200);
/// How often a running chunk shows its progress.
pub const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);
/// How long after its last read of a live job, or after it has said in an ended job's row that results come, a worker may write
/// results of a run that is not entered in any row.
pub const UNSEEN_RUN_MAX: Duration = Duration::from_secs(2);
/// How far the clocks of two functions usually differ: AWS keeps them within milliseconds of each other. A job is said to
/// be settled on this assumption.
pub const CLOCKS_DIFFER_USUALLY: Duration = Duration::from_millis(500);
/// How far two clocks may differ at the most. A worker counts as ended only this long after its deadline.
pub const CLOCKS_DIFFER_MAX: TimeDelta = TimeDelta::seconds(5);
/// How long the write that ends a job may take. Until it takes effect, workers may see the job live.
pub const END_WRITTEN_WITHIN: Duration = Duration::from_secs(1);
/// How long after a job's end, and after the last worker has said that results come, its numbers may be declared final: a run that
/// is not entered in any row has written its results by then, or never will.
pub const SETTLES_AFTER: Duration = Duration::from_millis(3_500);
/// How long before the function's deadline a worker begins nothing more and returns the rest.
pub const DEADLINE_MARGIN: Duration = Duration::from_secs(5);

/// An endpoint's name, in characters.
pub const ENDPOINT_NAME_CHARS_MAX: usize = 64;
/// How long an endpoint may take to accept a notice of an end.
pub const NOTICE_TIMEOUT: Duration = Duration::from_secs(10);

/// For how long a chunk begins items before it makes room for the next in the queue.
pub const SLICE: Duration = Duration::from_secs(10);

/// How often in a row a message may return without progress: no item recorded, no attempt charged, no wait begun. In
/// each of these rounds some other item of the same call began, so this many in a row do not happen by chance.
pub const RETURNS_MAX: u32 = 1_000;
/// In how many messages the rest of one message is returned at most.
pub const RETURNED_MESSAGES_MAX: usize = 10;

/// At most this many problems of a request are reported.
pub const VIOLATIONS_MAX: usize = 20;

const _: () = assert!(
    CHUNK_BYTES_MAX + ITEMS_PER_CHUNK_MAX * INDEX_BYTES_MAX + MESSAGE_FRAME_BYTES_MAX <= 64 * 1_024,
    "a chunk is billed as one SQS request"
);
const _: () = assert!(
    (ITEM_BYTES_MAX + 2).div_ceil(3) * 4 + INDEX_BYTES_MAX + MESSAGE_FRAME_BYTES_MAX <= TABLE_ROW_BYTES_MAX - 4_096,
    "the largest item's message can be parked in a row, in base64 too"
);
const _: () = assert!(TABLE_ROW_BYTES_MAX <= MESSAGE_BYTES_MAX, "what fits in a row fits in a message");
const _: () = assert!(
    ITEM_BYTES_MAX + 2 * 4 * (ERROR_MESSAGE_CHARS_MAX + ERROR_CODE_CHARS_MAX + ID_CHARS_MAX) + 100 <= EXTRA_ROW_BYTES_MAX,
    "the largest failure fits in a row"
);
const _: () = assert!(OUTPUT_BYTES_MAX + 2 * 4 * ID_CHARS_MAX + 40 <= EXTRA_ROW_BYTES_MAX, "the largest output fits in a row");
const _: () = assert!(EXTRA_ROW_BYTES_MAX + 20_000 <= TABLE_ROW_BYTES_MAX);
const _: () = assert!(ITEMS_PER_CHUNK_MAX <= 999, "a register counts to 999");
const _: () = assert!(RECONCILE_AFTER_END.as_secs() > FUNCTION_TIMEOUT_MAX.as_secs(), "no worker runs longer than the wait");
const _: () = assert!(LIVE_ITEMS_MAX >= ITEMS_PER_JOB_MAX, "an owner may have the largest job");
const _: () = assert!(DELETE_AFTER_GONE.as_secs() > FUNCTION_TIMEOUT_MAX.as_secs(), "no worker writes after the rows are deleted");
const _: () = assert!(SLICE.as_secs() > CHECKPOINT_EVERY.as_secs(), "a slice shows its progress before it ends");
const _: () = assert!(
    SETTLES_AFTER.as_millis() >= END_WRITTEN_WITHIN.as_millis() + UNSEEN_RUN_MAX.as_millis() + CLOCKS_DIFFER_USUALLY.as_millis(),
    "no result comes after the job is said to be settled"
);
const _: () = assert!(
    UNSEEN_RUN_MAX.as_millis() >= LEASE.as_millis() + CHECKPOINT_EVERY.as_millis(),
    "a run is entered before it would have to look at the job again"
);
const _: () = assert!(HELD_ANSWERS_AFTER.as_millis() > LEASE.as_millis(), "a cancel and a pause wait longer than every lease");
const _: () = assert!(
    ITEMS_PER_JOB_MAX <= PARTS_PER_JOB_MAX as u64 * CHUNKS_PER_PART_MAX as u64 * ITEMS_PER_CHUNK_MAX as u64,
    "the largest job has room"
);

/// The first `most` characters of `text`.
pub fn cut_to_chars(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end])
}
