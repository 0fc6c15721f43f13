//! The child: sets its limits, then compiles and checks what it is given, until its parent closes the socket or dies.

use std::env;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::exit;
use std::thread;
use std::time::Instant;

use super::bounds::{PROGRAMS_MAX, STACK_BYTES, TELL_EVERY, TURN};
use super::child_position::ChildPosition;
use super::wire::{BatchFrame, put_record, read_frame, record};
use crate::program::{Program, Verdict};

mod limits;

use limits::Limits;

/// Set in a child's environment, and nothing else is.
pub(super) const MARK: &str = "HEADWAY_SCHEMA_CHILD";
/// Results are sent once they have this many bytes.
const TELL_BYTES: usize = 32 << 10;

pub(super) fn is_asked_for() -> bool {
    env::var_os(MARK).is_some()
}

/// Never returns. Any error ends the process, which the parent notices.
pub(super) fn run() -> ! {
    let served = Limits::set().and_then(|limits| {
        let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn(move || serve(limits))?;
        thread.join().unwrap_or_else(|_| Err(io::Error::other("panicked")))
    });
    exit(i32::from(served.is_err()));
}

fn serve(limits: Limits) -> io::Result<()> {
    // Problems of an item are reported, and so is a panic.
    std::panic::set_hook(Box::new(|_| {}));
    let mut child = Child { out: Out::new()?, programs: Vec::new(), limits };
    child.limits.nothing_more()?;
    let mut input = io::stdin().lock();
    while let Some(frame) = read_frame(&mut input)? {
        let batch = BatchFrame::decode(&frame).ok_or(io::ErrorKind::InvalidData)?;
        child.limits.extend_time()?;
        child.batch(&batch)?;
    }
    Ok(())
}

struct Child {
    out: Out,
    /// Compiled schemas, the most recently used one last.
    programs: Vec<(u64, Program)>,
    limits: Limits,
}

impl Child {
    fn batch(&mut self, batch: &BatchFrame<'_>) -> io::Result<()> {
        if let Some(at) = self.programs.iter().position(|(id, _)| *id == batch.source) {
            let program = self.programs.remove(at);
            self.programs.push(program);
            self.out.tell(record::COMPILED, b"")?;
        } else if let Some(schema) = batch.schema {
            if !self.compile(batch, schema)? {
                return Ok(());
            }
        } else {
            return self.out.tell(record::UNKNOWN, b"");
        }
        let Some((_, program)) = self.programs.last() else { return Ok(()) };
        if !batch.items.is_empty() && !self.out.check(program, &batch.items)? {
            // It panicked and may have left anything in memory.
            self.programs.clear();
        }
        Ok(())
    }

    /// Returns false if the schema cannot be used.
    fn compile(&mut self, batch: &BatchFrame<'_>, schema: &str) -> io::Result<bool> {
        if self.programs.len() >= PROGRAMS_MAX || self.limits.is_half_full() {
            self.programs.clear();
        }
        match catch_unwind(|| Program::compile(schema, batch.text)) {
            Ok(Ok(program)) => {
                self.programs.push((batch.source, program));
                self.out.tell(record::COMPILED, b"")?;
                Ok(true)
            }
            Ok(Err(refusals)) => {
                self.out.tell(record::REFUSED, &serde_json::to_vec(&refusals)?)?;
                Ok(false)
            }
            Err(_) => {
                self.out.tell(record::USELESS, b"")?;
                Ok(false)
            }
        }
    }
}

/// The output to the parent, with what has not been sent yet.
struct Out {
    socket: File,
    /// Where the parent sees which item is being checked.
    place: File,
    untold: Vec<u8>,
    told: Instant,
}

impl Out {
    fn new() -> io::Result<Self> {
        let socket = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        let place = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        Ok(Self { socket, place, untold: Vec::new(), told: Instant::now() })
    }

    /// Sends at once.
    fn tell(&mut self, kind: u8, payload: &[u8]) -> io::Result<()> {
        put_record(&mut self.untold, kind, payload);
        self.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.write_all(&self.untold)?;
        self.untold.clear();
        self.told = Instant::now();
        Ok(())
    }

    /// Checks items until all are checked or the turn is over. Returns false if one panicked.
    fn check(&mut self, program: &Program, items: &[&str]) -> io::Result<bool> {
        let began = Instant::now();
        for (at, item) in items.iter().enumerate() {
            let now = Instant::now();
            if at > 0 && now.duration_since(began) > TURN {
                self.tell(record::TURN_OVER, b"")?;
                return Ok(true);
            }
            if self.untold.len() > TELL_BYTES || now.duration_since(self.told) > TELL_EVERY {
                self.flush()?;
            }
            if !self.check_one(program, item, at)? {
                return Ok(false);
            }
        }
        self.flush()?;
        Ok(true)
    }

    fn check_one(&mut self, program: &Program, item: &str, index: usize) -> io::Result<bool> {
        ChildPosition { index, unfit: false }.write(&self.place)?;
        // Send what is known before trying more, since that may end this process.
        let mut unfit = || {
            let _ = ChildPosition { index, unfit: true }.write(&self.place);
        };
        match catch_unwind(AssertUnwindSafe(|| program.check(item, &mut unfit))) {
            Ok(Verdict::Fits) => put_record(&mut self.untold, record::FITS, b""),
            Ok(Verdict::Typed(item)) => put_record(&mut self.untold, record::TYPED, item.as_bytes()),
            Ok(Verdict::Misfit(misfit)) => put_record(&mut self.untold, record::MISFIT, &serde_json::to_vec(&misfit)?),
            Err(_) => {
                self.tell(record::PANICKED, b"")?;
                return Ok(false);
            }
        }
        Ok(true)
    }
}
