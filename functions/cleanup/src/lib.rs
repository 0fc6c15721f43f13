//! The cleanup function: deletes what is past retention and repairs what stands still.
