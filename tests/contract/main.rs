//! One contract a port, held over every implementation of it: in memory, production's adapter over the embedded parts,
//! and production's adapter over any endpoint given by the environment.
//!
//! For the last, set `HEADWAY_CONTRACT=endpoint` and what `aws-config` reads: `AWS_ENDPOINT_URL_DYNAMODB`,
//! `AWS_ENDPOINT_URL_SQS`, `AWS_REGION` and credentials. It makes tables and queues named `headway-contract-…` there.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where by panicking")]

mod damaged;
mod differential;
mod faults;
mod golden;
mod jobs;
mod ledger;
mod left_over;
mod lost_answers;
mod queue;
mod quotas;
mod sample;
mod subject;
mod table;
