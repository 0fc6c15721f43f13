//! The contract of [`Ledger`](headway_core::Ledger), one file for each kind of row.

mod corrections;
mod create;
mod delete;
mod extra_rows;
mod find;
mod job_rows;
mod kept;
mod outcome_rows;
mod part_rows;
mod usage;
