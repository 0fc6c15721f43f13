//! AWS's prices, and what a job uses of what is billed. The one place where either is written down.
//!
//! The API function's own time and status polls are left out: they depend on who asks how often.

use headway_core::limits::ITEM_FRAME_BYTES;

use crate::survey::Survey;

/// Where the prices are from.
pub const SOURCE: &str = "prices of us-east-1, arm64, on demand, without free tier, as of November 2026 (aws.amazon.com/*/pricing)";

/// Lambda, arm64: a GB-second.
const LAMBDA_GB_SECOND: f64 = 0.000_013_333_4;
/// Lambda: a request.
const LAMBDA_REQUEST: f64 = 0.20e-6;
/// SQS, standard queues: a request, of up to 64 KiB.
const SQS_REQUEST: f64 = 0.40e-6;
/// SQS: what a request costs more on a standard queue whose messages have a group ("fair queues"): AWS's price list,
/// AWSQueueService, usage type `Requests-Fair`. No page says which requests that means, so every one that carries messages is
/// counted: sent, received and deleted. If only sends are meant, it is a third. See docs/costs.md.
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
/// Chunks that a worker is handed at once, and that are sent at once.
const CHUNKS_PER_BATCH: f64 = 10.0;
/// What settling a chunk takes a worker, in seconds.
const SETTLE_SECONDS: f64 = 0.005;
/// A chunk message beside its items.
const MESSAGE_FRAME_BYTES: f64 = 200.0;
/// Units written for a job as a whole: its owner's row, job and key in a transaction, first touch, seal, end, with their
/// index entries.
const WRITES_PER_JOB: f64 = 15.0;
/// Units written for a part: its items in the owner's row, its place in the job row (twice asked for where it comes out of
/// order), its own row, that it was sent, its roll-up.
const WRITES_PER_PART: f64 = 5.0;
/// Units read for a part: the owner's row.
const READS_PER_PART: f64 = 1.0;
/// Units read for a batch: the job row and the part row, once more after settling.
const READS_PER_BATCH: f64 = 4.0;
/// Calls that start and seal a job.
const CALLS_PER_JOB: f64 = 2.0;

/// What a job uses.
#[derive(Clone, Debug)]
pub struct Usage {
    /// What it holds.
    pub survey: Survey,
    /// How long one item takes, in milliseconds.
    pub ms_per_item: f64,
    /// Whether each item gives an output of about its own size.
    pub outputs: bool,
}

/// What of it the table and the queue bill.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Units {
    /// Write units of the table, indexes included.
    pub writes: f64,
    /// Read units of the table.
    pub reads: f64,
    /// Requests of the queue, one for each 64 KiB.
    pub queue_requests: f64,
}

impl Usage {
    /// What that costs, in US dollars.
    #[must_use]
    pub fn usd(&self) -> f64 {
        let Units { writes, reads, queue_requests } = self.units();
        let queue = queue_requests * (SQS_REQUEST + SQS_GROUP_SURCHARGE);
        self.lambda() + self.http() + writes * DYNAMODB_WRITE + reads * DYNAMODB_READ + queue
    }

    /// What the table and the queue bill. A test counts the same at the adapters.
    #[must_use]
    pub fn units(&self) -> Units {
        Units { writes: self.writes(), reads: self.reads(), queue_requests: self.queue_requests() }
    }

    fn batches(&self) -> f64 {
        (self.survey.chunks as f64 / CHUNKS_PER_BATCH).ceil()
    }

    fn lambda(&self) -> f64 {
        let seconds = self.survey.items as f64 * self.ms_per_item / 1_000.0 + self.survey.chunks as f64 * SETTLE_SECONDS;
        self.batches() * LAMBDA_REQUEST + seconds * WORKER_GB * LAMBDA_GB_SECOND
    }

    /// Sent and received by their bytes, deleted without.
    fn queue_requests(&self) -> f64 {
        let Survey { items, bytes, chunks, .. } = &self.survey;
        let sent = *bytes as f64 + *items as f64 * ITEM_FRAME_BYTES as f64 + *chunks as f64 * MESSAGE_FRAME_BYTES;
        let units_per_batch = (sent / self.batches().max(1.0) / SQS_UNIT_BYTES).ceil();
        self.batches() * (2.0 * units_per_batch + 1.0)
    }

    /// A chunk settles in one unit; one with outputs writes them first, packed about as well as the items are.
    fn writes(&self) -> f64 {
        let (chunks, parts) = (self.survey.chunks as f64, self.survey.parts.len() as f64);
        let outputs = if self.outputs { self.survey.packed_bytes as f64 / WRITE_UNIT_BYTES + chunks } else { 0.0 };
        chunks + outputs + parts * WRITES_PER_PART + WRITES_PER_JOB
    }

    fn reads(&self) -> f64 {
        self.batches() * READS_PER_BATCH + self.survey.parts.len() as f64 * READS_PER_PART
    }

    fn http(&self) -> f64 {
        let parts = self.survey.parts.len() as f64;
        let units_per_part = (self.survey.packed_bytes as f64 / parts.max(1.0) / HTTP_UNIT_BYTES).ceil().max(1.0);
        (CALLS_PER_JOB + parts * units_per_part) * HTTP_REQUEST
    }
}

/// An amount of US dollars as a decimal string, to the millionth, never rounded down.
#[must_use]
pub fn decimal(usd: f64) -> String {
    // Less than a millionth of a millionth is what adding up floats leaves over, not an amount.
    let millionths = (usd * 1e6 - 1e-6).ceil().max(0.0) as u64;
    format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::survey::PartPlace;

    fn million(outputs: bool) -> Usage {
        let survey = Survey {
            items: 1_000_000,
            bytes: 200_000_000,
            packed_bytes: 200_000_000,
            chunks: 4_000,
            parts: vec![PartPlace::default(); 50],
            ..Survey::default()
        };
        Usage { survey, ms_per_item: 1.0, outputs }
    }

    #[test]
    fn a_million_items_cost_what_the_units_say() {
        let usage = million(false);
        // 1,020 s at 0.5 GB and 400 requests; 8 units sent, 8 received and a request to delete, 400 times, and their surcharge;
        // 4,265 writes and 1,650 reads; 402 units of HTTP.
        let by_hand = 0.006_800_034 + 0.000_08 + 0.002_72 + 0.000_68 + 0.002_665_625 + 0.000_206_25 + 0.000_402;
        assert!((usage.usd() - by_hand).abs() < 1e-9, "{}", usage.usd());
        assert!(usage.usd() <= 0.013_6, "about twice the bare compute, $0.0067");
        assert!(million(true).usd() > 0.1, "outputs are written by the kilobyte");
    }

    #[test]
    fn amounts_are_decimal_and_never_nothing_for_something() {
        assert_eq!(decimal(0.0), "0.000000");
        assert_eq!(decimal(1e-12), "0.000000", "below any rounding of the reckoning itself");
        assert_eq!(decimal(1.2e-9 + 1e-9), "0.000001");
        assert_eq!(decimal(0.012_834_1), "0.012835");
        assert_eq!(decimal(12.0), "12.000000");
    }
}
