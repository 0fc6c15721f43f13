//! Which item of a batch a child is at, so that exactly that one is blamed when the child ends. The child tells its results
//! some at a time, for speed, so its answers do not say it.
//!
//! Parent and child share an open file, and with it its position: the child moves the position, the parent looks where it
//! is. Nothing is read or written, and one move takes less than a microsecond. What a dead child was at stays known.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};

/// Where a child is in its batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The item, counted from 0.
    pub(super) index: usize,
    /// It is known not to fit; why is being put into words.
    pub(super) unfit: bool,
}

impl Place {
    pub(super) fn read(mut file: &File) -> Option<Self> {
        let at = file.stream_position().ok().filter(|at| *at > 0)?;
        Some(Self { index: usize::try_from(at / 2).ok()? - 1, unfit: at % 2 == 1 })
    }

    pub(super) fn write(self, mut file: &File) -> io::Result<()> {
        let at = 2 * (self.index as u64 + 1) + u64::from(self.unfit);
        file.seek(SeekFrom::Start(at)).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_writes_the_other_reads() {
        let child = File::open("/proc/self/exe").unwrap();
        let parent = child.try_clone().unwrap();
        assert_eq!(Place::read(&parent), None);
        for (index, unfit) in [(0, false), (0, true), (1, false), (127, true)] {
            let place = Place { index, unfit };
            place.write(&child).unwrap();
            assert_eq!(Place::read(&parent), Some(place));
        }
    }
}
