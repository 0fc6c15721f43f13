//! What a deployment was given that exists outside of it: a VPC, a key, a secret, an event bus, a file system, functions to
//! invoke. There is a check for each that it uses, and none for the others.

use headway_core::config::HEADWAY_EVENT_BUS;
use headway_worker::processors::{Endpoints, Functions};

use super::queues::Queues;
use super::table;
use super::target::Deployment;
use super::worker::WorkerConfiguration;
use crate::doctor::Check;

mod arn;
mod bus;
mod files;
mod invoked;
mod key;
mod looked;
mod needs;
mod network;
mod permissions;
mod secret;

use looked::Looked;
use needs::Needs;

/// The checks of all that this worker uses.
pub(super) async fn look(
    deployment: &Deployment,
    table: Option<&table::Described>,
    queues: &Queues,
    worker: &WorkerConfiguration,
) -> Vec<Check> {
    let mut looked = Looked { deployment, worker, checks: Vec::new(), needs: Needs::default() };
    looked.needs.of_table_and_queues(table, queues);
    let secret = worker.told(Endpoints::SECRET_VARIABLE);
    let bus = worker.told(HEADWAY_EVENT_BUS);
    let functions = worker.told(Functions::VARIABLE).and_then(|text| Functions::parse(text).ok());
    for key in key::used(table, queues, worker) {
        key::look(&mut looked, &key).await;
    }
    if let Some(secret) = secret {
        secret::look(&mut looked, secret).await;
    }
    if let Some(bus) = bus {
        bus::look(&mut looked, bus).await;
    }
    if let Some(functions) = &functions {
        invoked::look(&mut looked, functions).await;
    }
    if worker.is_in_vpc() {
        let services = network::services(secret, bus, functions.as_ref());
        looked.checks.push(network::look(deployment, &worker.vpc_config, &services).await);
    }
    for files in &worker.file_system_configs {
        looked.checks.push(files::look(deployment, &worker.vpc_config, &files.arn).await);
    }
    let check = permissions::look(&looked).await;
    looked.checks.extend(check);
    looked.checks
}
