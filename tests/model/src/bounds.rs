//! The size of a model: the job, the processes, and how often each fault may happen.

use crate::life::{Act, Sweep};
use crate::planted::Planted;
use crate::shape::Shape;

/// How a model begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// There is no job.
    Empty,
    /// An open job without parts.
    Open,
    /// A sealed job. All its messages are in the queue, and were moved back from the dead-letter queue this often.
    Queued {
        /// The count in the message.
        hops: u8,
    },
}

/// The bounds of one model.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Its name.
    pub name: &'static str,
    /// The job.
    pub shape: Shape,
    /// How it begins.
    pub begin: Begin,
    /// True if a queued job's first item began before.
    pub begun: bool,
    /// How many workers run at once.
    pub workers: usize,
    /// How many calls of the api run at once.
    pub callers: usize,
    /// What users ask for: each once, whenever it makes sense.
    pub acts: &'static [Act],
    /// How many sweeps run, besides those when everything is quiet.
    pub sweeps: &'static [Sweep],
    /// How many processes die, after any of their steps.
    pub crashes: u8,
    /// How many writes lose their answer.
    pub lost: u8,
    /// How many messages are delivered once more.
    pub duplicates: u8,
    /// How many messages are received from the dead-letter queue.
    pub dead_letters: u8,
    /// How many attempts fail permanently.
    pub fails: u8,
    /// How many attempts give an output.
    pub outputs: u8,
    /// How many attempts fail for now.
    pub fails_for_now: u8,
    /// How many attempts last longer than the lease.
    pub slow: u8,
    /// How many items a call of several has no result for.
    pub no_results: u8,
    /// How many calls of several items fail as a whole.
    pub spoilt: u8,
    /// True if rows that are read together are read one by one.
    pub torn_reads: bool,
    /// True if processes may be frozen for hours, which no function on Lambda is.
    pub stalls: bool,
    /// The planted bug.
    pub planted: Option<Planted>,
    /// True if processes forget what they do not read again. Without that, the same is shown with more states.
    pub forgets: bool,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            name: "",
            shape: Shape::of(&[&[1, 1]], 0),
            begin: Begin::Queued { hops: 0 },
            begun: true,
            workers: 2,
            callers: 1,
            acts: &[],
            sweeps: &[],
            crashes: 0,
            lost: 0,
            duplicates: 0,
            dead_letters: 0,
            fails: 0,
            outputs: 0,
            fails_for_now: 0,
            slow: 0,
            no_results: 0,
            spoilt: 0,
            torn_reads: false,
            stalls: false,
            planted: None,
            forgets: true,
        }
    }
}

impl Bounds {
    /// The same with an endpoint that is told of each end.
    pub fn tells(mut self) -> Self {
        self.shape.tells = true;
        self
    }

    /// The same with calls of up to this many items.
    pub fn batch(mut self, batch: u8) -> Self {
        self.shape.batch = batch;
        self
    }

    /// The same with records that are all in extra rows.
    pub fn moves_out(mut self) -> Self {
        self.shape.moves_out = true;
        self
    }

    /// The same with users who correct: otherwise nobody looks for corrections.
    pub fn corrects(mut self) -> Self {
        self.shape.corrects = true;
        self
    }
}

/// Makes a setter for each field, so that a model is one line.
macro_rules! setters {
    ($($field:ident: $type:ty),+ $(,)?) => {
        impl Bounds {
            $(
                #[doc = concat!("The same with other `", stringify!($field), "`.")]
                pub fn $field(self, $field: $type) -> Self {
                    Self { $field, ..self }
                }
            )+
        }
    };
}

setters! {
    begin: Begin, begun: bool, workers: usize, callers: usize, acts: &'static [Act], sweeps: &'static [Sweep], crashes: u8, lost: u8,
    duplicates: u8, dead_letters: u8, fails: u8, outputs: u8, fails_for_now: u8, slow: u8, no_results: u8, spoilt: u8, torn_reads: bool, stalls: bool,
}
