//! One contract for each port, checked for every implementation: in memory, production's adapter on the embedded table
//! and queue, and production's adapter on any endpoint given in the environment.
//!
//! For the last, set `HEADWAY_CONTRACT=endpoint` and what `aws-config` reads: `AWS_ENDPOINT_URL_DYNAMODB`,
//! `AWS_ENDPOINT_URL_SQS`, `AWS_REGION` and credentials. It creates tables and queues named `headway-contract-…` there.

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
