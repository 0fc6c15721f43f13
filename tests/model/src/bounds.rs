//! How large a model is: the job, who is at work, and how often what may go wrong.

use crate::life::{Act, Sweep};
use crate::planted::Planted;
use crate::shape::Shape;

/// How a model begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// Nothing is there.
    Empty,
    /// An open job without parts.
    Open,
    /// A sealed job, all its messages in the queue, which came back from the dead-letter queue so often.
    Queued {
        /// As the message says.
        hops: u8,
    },
}

/// The bounds of one model.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// What it is called.
    pub name: &'static str,
    /// The job.
    pub shape: Shape,
    /// How it begins.
    pub begin: Begin,
    /// Whether a queued job's first item was begun before.
    pub begun: bool,
    /// Workers at once.
    pub workers: usize,
    /// Calls of the api at once.
    pub callers: usize,
    /// What users ask for, each once, whenever it makes sense.
    pub acts: &'static [Act],
    /// Sweeps beside those that come when everything is quiet.
    pub sweeps: &'static [Sweep],
    /// Processes that die, after any of their steps.
    pub crashes: u8,
    /// Writes whose answer is lost.
    pub lost: u8,
    /// Messages that are delivered once more.
    pub duplicates: u8,
    /// Messages that come by the dead-letter queue.
    pub dead_letters: u8,
    /// Tries that fail for good.
    pub fails: u8,
    /// Tries that give an output.
    pub outputs: u8,
    /// Tries that fail for now.
    pub fails_for_now: u8,
    /// Tries that outlast the lease.
    pub slow: u8,
    /// Whether rows that are read together are read one by one.
    pub torn_reads: bool,
    /// Whether processes may stand still for hours, which no function on Lambda does.
    pub stalls: bool,
    /// What is broken.
    pub planted: Option<Planted>,
    /// Whether processes forget what they do not look at; without, the same is shown over more states.
    pub forgets: bool,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            name: "",
            shape: Shape { parts: &[&[1, 1]], tolerated: 0, attempts_max: 3 },
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
            torn_reads: false,
            stalls: false,
            planted: None,
            forgets: true,
        }
    }
}

/// Makes a setter of each field, so that a model is one line.
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
    duplicates: u8, dead_letters: u8, fails: u8, outputs: u8, fails_for_now: u8, slow: u8, torn_reads: bool, stalls: bool,
}
