//! AWS's prices, and how many billed units a job uses. Nowhere else is either written down.
//!
//! The API function's own time and status polls are left out: they depend on how often clients ask.

use crate::job::Job;
use crate::limits::{EXTRA_ROW_BYTES_MAX, ITEM_FRAME_BYTES, OUTCOME_ROW_BYTES_MAX};

/// The source of the prices.
pub const SOURCE: &str = "prices of us-east-1, arm64, on demand, without free tier, as of November 2026 (aws.amazon.com/*/pricing)";

/// Lambda, arm64: a GB-second.
const LAMBDA_GB_SECOND: f64 = 0.000_013_333_4;
/// Lambda: a request.
const LAMBDA_REQUEST: f64 = 0.20e-6;
/// SQS, standard queues: a request, of up to 64 KiB.
const SQS_REQUEST: f64 = 0.40e-6;
/// SQS: the surcharge for a request on a standard queue whose messages have a group ("fair queues"). Source: AWS's
/// price list, AWSQueueService, usage type `Requests-Fair`. No page says which requests are meant, so every request
/// that carries messages is counted: sends, receives and deletes. If only sends are meant, it is a third of that. See
/// docs/costs.md.
const SQS_GROUP_SURCHARGE: f64 = 0.10e-6;
/// DynamoDB: a write request unit, of up to 1 KiB.
const DYNAMODB_WRITE: f64 = 0.625e-6;
/// DynamoDB: a read request unit, of up to 4 KiB read consistently.
const DYNAMODB_READ: f64 = 0.125e-6;
/// HTTP API: a request, of up to 512 KiB.
const HTTP_REQUEST: f64 = 1.00e-6;

const SQS_UNIT_BYTES: f64 = 65_536.0;
const HTTP_UNIT_BYTES: f64 = 524_288.0;
const WRITE_UNIT_BYTES: f64 = 1_024.0;

/// The worker function's memory.
const WORKER_GB: f64 = 0.5;
/// How many chunks are sent, and received by a worker, at once, if their bytes allow it.
const CHUNKS_PER_BATCH: f64 = 10.0;
/// The bytes of messages that are sent or received at once. Source: Amazon SQS quotas.
const BATCH_BYTES_MAX: f64 = 1_048_576.0;
/// How many seconds a worker needs to settle a chunk.
const SETTLE_SECONDS: f64 = 0.005;
/// The bytes of a chunk's message besides its items.
const MESSAGE_FRAME_BYTES: f64 = 200.0;
/// Units written for a job as a whole: its owner's row, the job and its key in a transaction, first touch, seal and
/// end, with their index entries.
const WRITES_PER_JOB: f64 = 15.0;
/// Units written for a part: its items in the owner's row, its place in the job row (tried twice if it arrives out of
/// order), its own row, that it was sent, its roll-up.
const WRITES_PER_PART: f64 = 5.0;
/// Units read for a part: the owner's row.
const READS_PER_PART: f64 = 1.0;
/// Units read for a batch: the job row and the part row, once more after settling.
const READS_PER_BATCH: f64 = 4.0;
/// Calls that start and seal a job.
const CALLS_PER_JOB: f64 = 2.0;

/// The time for an item if none is given, in milliseconds.
pub const MS_PER_ITEM_DEFAULT: f64 = 1.0;
/// The size of an item if it is not known, in bytes.
pub const BYTES_PER_ITEM_DEFAULT: u64 = 200;

/// The work of a job.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Load {
    /// The number of items.
    pub items: u64,
    /// The bytes of all items as JSON.
    pub bytes: u64,
    /// The bytes of all items compressed, as they are sent.
    pub packed_bytes: u64,
    /// The number of chunks.
    pub chunks: u64,
    /// The number of parts.
    pub parts: u64,
    /// How long one item takes, in milliseconds.
    pub ms_per_item: f64,
    /// The bytes of all outputs, compressed, as they are kept; 0 if there are none.
    pub output_bytes: u64,
}

/// The billed units of the table and the queue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Units {
    /// Write units of the table, indexes included.
    pub writes: f64,
    /// Read units of the table.
    pub reads: f64,
    /// Requests of the queue, one for each 64 KiB.
    pub queue_requests: f64,
}

/// The bytes of the outputs of items with so many bytes, as far as that is known of the processor: `json-schema` returns each
/// item. Of others it is not known whether they give outputs, and 0 is assumed.
#[must_use]
pub fn output_bytes(processor: &str, item_bytes: u64) -> u64 {
    if processor == "json-schema" { item_bytes } else { 0 }
}

impl Load {
    /// The load as the job's row tells it. What it does not tell is assumed: items that take a millisecond, and small ones
    /// until the job is sealed.
    #[must_use]
    pub fn of_job(job: &Job) -> Load {
        let items = job.total_items;
        let parts = u64::from(job.parts_end());
        let (bytes, chunks) = match job.total_bytes {
            0 => (items * BYTES_PER_ITEM_DEFAULT, items.div_ceil(u64::from(job.split.items_per_chunk_max.max(1))).max(parts)),
            bytes => (bytes, u64::from(job.total_chunks)),
        };
        let output_bytes = output_bytes(&job.processor, bytes);
        Load { items, bytes, packed_bytes: bytes, chunks, parts, ms_per_item: MS_PER_ITEM_DEFAULT, output_bytes }
    }

    /// The cost in US dollars.
    #[must_use]
    pub fn usd(&self) -> f64 {
        self.usd_so_far(self.items)
    }

    /// The cost when all items have been sent and this many are handled.
    #[must_use]
    pub fn usd_so_far(&self, handled: u64) -> f64 {
        let (sent, worked) = (self.sent(), self.worked());
        let share = if self.items == 0 { 1.0 } else { handled as f64 / self.items as f64 };
        sent.usd() + self.http() + (worked.usd() + self.lambda()) * share
    }

    /// The units of the table and the queue. A test counts the same units at the adapters.
    #[must_use]
    pub fn units(&self) -> Units {
        let (sent, worked) = (self.sent(), self.worked());
        Units {
            writes: sent.writes + worked.writes,
            reads: sent.reads + worked.reads,
            queue_requests: sent.queue_requests + worked.queue_requests,
        }
    }

    /// The units for accepting the job: its parts and sending its chunks.
    fn sent(&self) -> Units {
        let parts = self.parts as f64;
        Units {
            writes: parts * WRITES_PER_PART + WRITES_PER_JOB,
            reads: parts * READS_PER_PART,
            queue_requests: self.batches() * self.queue_units_per_batch(),
        }
    }

    /// The units for the work on the job. Receiving messages counts by their bytes, deleting does not. A chunk settles in
    /// one unit. With outputs it looks for its outcome row, and writes them first.
    fn worked(&self) -> Units {
        Units {
            writes: self.chunks as f64 + self.output_writes(),
            reads: self.batches() * READS_PER_BATCH + if self.output_bytes > 0 { self.chunks as f64 } else { 0.0 },
            queue_requests: self.batches() * (self.queue_units_per_batch() + 1.0),
        }
    }

    /// The write units of the outcome rows and their extra rows: each row is rounded up to whole units. Large outputs are in
    /// extra rows, and then the outcome row only names them.
    fn output_writes(&self) -> f64 {
        if self.output_bytes == 0 {
            return 0.0;
        }
        let (chunks, bytes) = (self.chunks.max(1) as f64, self.output_bytes as f64);
        let bytes_per_chunk = bytes / chunks;
        let extra_rows_per_chunk =
            if bytes_per_chunk > OUTCOME_ROW_BYTES_MAX as f64 { (bytes_per_chunk / EXTRA_ROW_BYTES_MAX as f64).ceil() } else { 0.0 };
        bytes / WRITE_UNIT_BYTES + chunks * (1.0 + extra_rows_per_chunk)
    }

    fn batches(&self) -> f64 {
        (self.chunks as f64 / self.messages_per_batch()).ceil()
    }

    /// Ten, or as many as fit: three if each has an item of the largest size.
    fn messages_per_batch(&self) -> f64 {
        let bytes_per_message = self.message_bytes() / self.chunks.max(1) as f64;
        (BATCH_BYTES_MAX / bytes_per_message.max(1.0)).floor().clamp(1.0, CHUNKS_PER_BATCH)
    }

    fn queue_units_per_batch(&self) -> f64 {
        (self.message_bytes() / self.batches().max(1.0) / SQS_UNIT_BYTES).ceil()
    }

    /// The bytes of all messages.
    fn message_bytes(&self) -> f64 {
        self.bytes as f64 + self.items as f64 * ITEM_FRAME_BYTES as f64 + self.chunks as f64 * MESSAGE_FRAME_BYTES
    }

    fn lambda(&self) -> f64 {
        let seconds = self.items as f64 * self.ms_per_item / 1_000.0 + self.chunks as f64 * SETTLE_SECONDS;
        self.batches() * LAMBDA_REQUEST + seconds * WORKER_GB * LAMBDA_GB_SECOND
    }

    fn http(&self) -> f64 {
        let parts = self.parts as f64;
        let units_per_part = (self.packed_bytes as f64 / parts.max(1.0) / HTTP_UNIT_BYTES).ceil().max(1.0);
        (CALLS_PER_JOB + parts * units_per_part) * HTTP_REQUEST
    }
}

impl Units {
    fn usd(self) -> f64 {
        let queue = self.queue_requests * (SQS_REQUEST + SQS_GROUP_SURCHARGE);
        self.writes * DYNAMODB_WRITE + self.reads * DYNAMODB_READ + queue
    }
}

/// An amount of US dollars as a decimal number with six decimals, never rounded down.
#[must_use]
pub fn decimal(usd: f64) -> String {
    // Less than a millionth of a millionth is a rounding error of adding floats, not an amount.
    let millionths = (usd * 1e6 - 1e-6).ceil().max(0.0) as u64;
    format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{JobId, UserId};
    use crate::split::Split;

    fn million(output_bytes: u64) -> Load {
        let bytes = 200_000_000;
        Load { items: 1_000_000, bytes, packed_bytes: bytes, chunks: 4_000, parts: 50, ms_per_item: 1.0, output_bytes }
    }

    #[test]
    fn a_million_items_cost_what_the_units_say() {
        let load = million(0);
        // 1,020 s at 0.5 GB and 400 requests; 8 units sent, 8 received and a request to delete, 400 times, and their surcharge;
        // 4,265 writes and 1,650 reads; 402 units of HTTP.
        let by_hand = 0.006_800_034 + 0.000_08 + 0.002_72 + 0.000_68 + 0.002_665_625 + 0.000_206_25 + 0.000_402;
        assert!((load.usd() - by_hand).abs() < 1e-9, "{}", load.usd());
        assert!(load.usd() <= 0.013_6, "about twice the bare compute, $0.0067");
        assert!(million(200_000_000).usd() > 0.1, "outputs are written by the kilobyte");
    }

    #[test]
    fn items_that_nobody_has_started_cost_only_their_sending() {
        let load = million(0);
        // 8 units sent 400 times; 265 writes and 50 reads; 402 units of HTTP.
        let sent = 0.001_6 + 0.000_165_625 + 0.000_006_25 + 0.000_402;
        assert!((load.usd_so_far(0) - sent).abs() < 1e-9, "{}", load.usd_so_far(0));
        let half = (load.usd_so_far(0) + load.usd()) / 2.0;
        assert!((load.usd_so_far(500_000) - half).abs() < 1e-9);
        let none = Load { items: 0, bytes: 0, packed_bytes: 0, chunks: 0, parts: 0, ..load };
        assert!(none.usd() > 0.0 && none.usd_so_far(0) == none.usd(), "a job without items is billed, too");
    }

    #[test]
    fn the_load_is_computed_from_the_jobs_row() {
        let job = |items, parts, size| Job {
            sealed: true,
            parts,
            split: Split { items_per_chunk_max: size, ..Split::default() },
            ..Job::new(JobId(uuid::Uuid::nil()), UserId::new("u").unwrap(), items, chrono::DateTime::UNIX_EPOCH)
        };
        assert_eq!(Load::of_job(&job(1_000_000, 50, 250)), million(0));
        for (items, parts, size, chunks) in [(0, 0, 250, 0), (1, 1, 250, 1), (251, 1, 250, 2), (100, 1, 1, 100), (3, 3, 250, 3)] {
            assert_eq!(Load::of_job(&job(items, parts, size)).chunks, chunks, "{items} items in chunks of {size}");
        }
        let sealed = Job { total_bytes: 5_000, total_chunks: 7, ..job(10, 1, 250) };
        assert_eq!((Load::of_job(&sealed).bytes, Load::of_job(&sealed).chunks), (5_000, 7), "a sealed job knows both");
        let with_outputs = Load::of_job(&Job { processor: "json-schema".to_owned(), ..job(1, 1, 1) });
        assert_eq!(with_outputs.output_bytes, with_outputs.bytes);
    }

    #[test]
    fn amounts_are_decimal_and_never_zero_for_some_use() {
        assert_eq!(decimal(0.0), "0.000000");
        assert_eq!(decimal(1e-12), "0.000000", "below any rounding error of the calculation");
        assert_eq!(decimal(1.2e-9 + 1e-9), "0.000001");
        assert_eq!(decimal(0.012_834_1), "0.012835");
        assert_eq!(decimal(12.0), "12.000000");
    }
}
