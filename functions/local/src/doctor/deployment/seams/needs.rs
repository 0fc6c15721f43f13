//! What the worker's role has to be allowed.

use std::collections::{BTreeMap, BTreeSet};

use crate::doctor::deployment::queues::Queues;
use crate::doctor::deployment::table;

/// What the role needs: actions by resource.
#[derive(Debug, Default)]
pub(super) struct Needs {
    actions: BTreeMap<String, BTreeSet<&'static str>>,
    /// True if something is needed that the stack did not make itself.
    is_given: bool,
}

impl Needs {
    /// These actions on this resource, which exists outside of the stack.
    pub(super) fn add(&mut self, resource: &str, actions: &[&'static str]) {
        self.actions.entry(resource.to_owned()).or_default().extend(actions);
        self.is_given = true;
    }

    /// What every worker needs.
    pub(super) fn of_table_and_queues(&mut self, table: Option<&table::Described>, queues: &Queues) {
        if let Some(table) = table.filter(|table| !table.arn.is_empty()) {
            self.actions.entry(table.arn.clone()).or_default().extend([
                "dynamodb:BatchGetItem",
                "dynamodb:DeleteItem",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:Query",
                "dynamodb:UpdateItem",
            ]);
        }
        self.actions.entry(queues.queue.arn().to_owned()).or_default().extend([
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
            "sqs:SendMessage",
        ]);
    }

    /// The actions by resource.
    pub(super) fn by_resource(&self) -> impl Iterator<Item = (&String, &BTreeSet<&'static str>)> {
        self.actions.iter()
    }

    /// True if something is needed that the stack did not make itself.
    pub(super) fn is_given(&self) -> bool {
        self.is_given
    }
}
