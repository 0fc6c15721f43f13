//! What version 1 wrote, kept for ever: messages and rows that are under way while new code is deployed must be read by
//! it, and by older code beside it. Entries here are added, never edited.

mod messages;
mod rows;
