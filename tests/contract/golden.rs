//! What version 1 wrote, kept for ever. New code must read the messages and rows that exist when it is deployed, and so
//! must older code that still runs beside it. Entries are added here and never changed.

mod messages;
mod rows;
