//! Shows which item of a batch a child is at, so that exactly this item is blamed if the child ends. The child sends
//! its results several at a time, for speed, so its answers do not show it.
//!
//! Parent and child share an open file and so its position: the child moves the position, the parent reads it. Nothing
//! is read from or written to the file, and moving takes less than a microsecond. The position is still known after the
//! child has died.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};

/// Where a child is in its batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ChildPosition {
    /// The item, counted from 0.
    pub(super) index: usize,
    /// True if it is known not to fit and the reasons are being collected.
    pub(super) unfit: bool,
}

impl ChildPosition {
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
    fn what_the_child_writes_the_parent_reads() {
        let child = File::open("/proc/self/exe").unwrap();
        let parent = child.try_clone().unwrap();
        assert_eq!(ChildPosition::read(&parent), None);
        for (index, unfit) in [(0, false), (0, true), (1, false), (127, true)] {
            let place = ChildPosition { index, unfit };
            place.write(&child).unwrap();
            assert_eq!(ChildPosition::read(&parent), Some(place));
        }
    }
}
