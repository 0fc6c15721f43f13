//! The worker's configuration: it could be deployed, and uses this table and these queues.

use std::collections::BTreeMap;

use chrono::Utc;
use headway_core::config::{HEADWAY_DEAD_LETTER_QUEUE_ARN, HEADWAY_QUEUE_URL, HEADWAY_TABLE};
use serde::Deserialize;

use super::queues::Queues;
use super::target::Deployment;
use super::unseen::unknown;
use crate::doctor::{Check, server};

const WORKER: &str = "worker";
const CLOCK: &str = "AWS clock";
/// The version of Lambda's API, used in its paths.
pub(super) const API: &str = "2015-03-31";

/// Lambda's description of the worker.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct WorkerConfiguration {
    function_name: String,
    #[serde(rename = "Timeout")]
    pub(super) timeout_seconds: u64,
    /// The ARN of its role.
    #[serde(default)]
    pub(super) role: String,
    /// The key that encrypts its variables, if it is not one of Lambda's own.
    #[serde(rename = "KMSKeyArn")]
    pub(super) key: Option<String>,
    #[serde(default)]
    pub(super) vpc_config: VpcConfig,
    #[serde(default)]
    pub(super) file_system_configs: Vec<FileSystemConfig>,
    #[serde(default)]
    state: String,
    #[serde(default)]
    state_reason: String,
    #[serde(default)]
    state_reason_code: String,
    #[serde(default)]
    last_update_status: String,
    #[serde(default)]
    last_update_status_reason: String,
    #[serde(default)]
    last_update_status_reason_code: String,
    #[serde(default)]
    environment: Environment,
}

/// Where its network interfaces are; without subnets it is in no VPC.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct VpcConfig {
    pub(super) vpc_id: String,
    pub(super) subnet_ids: Vec<String>,
    pub(super) security_group_ids: Vec<String>,
}

/// A file system that it mounts.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct FileSystemConfig {
    /// The ARN of an access point.
    pub(super) arn: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Environment {
    #[serde(default)]
    variables: BTreeMap<String, String>,
    error: Option<EnvironmentError>,
}

/// Lambda sends this in place of the variables if the caller may not use the key that encrypts them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EnvironmentError {
    error_code: String,
}

/// The worker with this name, and the checks.
pub(super) async fn look(deployment: &Deployment, queues: &Queues, name: &str, checks: &mut Vec<Check>) -> Option<WorkerConfiguration> {
    let asked = Utc::now();
    match deployment.lambda.get(&[API, "functions", name, "configuration"], &[]).await {
        Ok((headers, body)) => {
            checks.push(server::clock(CLOCK, &headers, asked..=Utc::now()));
            match serde_json::from_slice::<WorkerConfiguration>(&body) {
                Ok(worker) => {
                    checks.push(worker.look(deployment, queues));
                    Some(worker)
                }
                Err(error) => {
                    checks.push(Check::bad(WORKER, format!("not checked: {error}"), "run the check again"));
                    None
                }
            }
        }
        Err(error) => {
            checks.push(unknown(WORKER, "lambda:GetFunctionConfiguration", &error));
            None
        }
    }
}

impl WorkerConfiguration {
    /// The value of a variable.
    pub(super) fn told(&self, variable: &str) -> Option<&str> {
        self.environment.variables.get(variable).map(String::as_str)
    }

    /// True if it has a network interface in a VPC.
    pub(super) fn is_in_vpc(&self) -> bool {
        !self.vpc_config.subnet_ids.is_empty()
    }

    fn look(&self, deployment: &Deployment, queues: &Queues) -> Check {
        let name = &self.function_name;
        if let Some(fault) = self.not_deployed() {
            return fault;
        }
        if let Some(EnvironmentError { error_code }) = &self.environment.error {
            let key = self.key.as_deref().unwrap_or("its key");
            return Check::bad(
                WORKER,
                format!("not checked: these credentials may not read the variables of {name} ({error_code})"),
                format!(
                    "allow kms:Decrypt with {key} for these credentials, or use others (AWS_PROFILE); if the key is disabled, enable it"
                ),
            );
        }
        let wanted = [
            (HEADWAY_TABLE, Some(deployment.table.as_str())),
            (HEADWAY_QUEUE_URL, Some(deployment.queue_url.as_str())),
            (HEADWAY_DEAD_LETTER_QUEUE_ARN, queues.dead_letters_arn()),
        ];
        if let Some((variable, value)) = wanted.into_iter().find(|(variable, value)| self.told(variable) != *value) {
            let (told, value) = (self.told(variable).unwrap_or("nothing"), value.unwrap_or("nothing"));
            return Check::bad(WORKER, format!("{name} has {told} in {variable}, not {value}"), "deploy template.yaml again");
        }
        Check::good(WORKER, format!("{name} may run for {} s and uses this table and these queues", self.timeout_seconds))
    }

    /// What Lambda itself says about a function that it could not create or change.
    fn not_deployed(&self) -> Option<Check> {
        let name = &self.function_name;
        let (what, reason, code) = if !can_run(&self.state) {
            (format!("{name} is {}", self.state), &self.state_reason, &self.state_reason_code)
        } else if self.last_update_status == "Failed" {
            (format!("{name} could not be changed"), &self.last_update_status_reason, &self.last_update_status_reason_code)
        } else {
            return None;
        };
        let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        Some(Check::bad(WORKER, format!("{what}{reason}"), correction(code)))
    }
}

/// True if a function in this state can be called.
pub(super) fn can_run(state: &str) -> bool {
    matches!(state, "" | "Active" | "Inactive")
}

/// What to correct. Source: AWS Lambda API Reference, `StateReasonCode` and `LastUpdateStatusReasonCode`.
fn correction(code: &str) -> &'static str {
    match code {
        "Creating" | "Restoring" => "wait until it is Active",
        "EniLimitExceeded" => "ask AWS for more network interfaces (Service Quotas, AWS Lambda), or use other subnets; then deploy again",
        "SubnetOutOfIPAddresses" => "give it subnets with free addresses (WORKER_SUBNETS), and deploy again",
        "InvalidSubnet" => "give it subnets that exist (WORKER_SUBNETS), and deploy again",
        "InvalidSecurityGroup" => "give it security groups that exist (WORKER_SECURITY_GROUPS), and deploy again",
        "InsufficientRolePermissions" => "let its role use what it is given: deploy template.yaml again, and see the permissions boundary",
        "DisabledKMSKey" | "InvalidStateKMSKey" => "enable the key (aws kms enable-key --key-id ARN), and deploy again",
        "KMSKeyAccessDenied" => "let the account's roles use the key by its policy: docs/deploy.md, A key; then deploy again",
        "KMSKeyNotFound" => "give a key that exists (KMS_KEY), and deploy again",
        "EFSIOError" | "EFSMountConnectivityError" | "EFSMountFailure" | "EFSMountTimeout" => {
            "give the file system a mount target in each of the worker's availability zones, which lets its security group in on port \
             2049; then deploy again"
        }
        _ => "correct what the reason names, and deploy again",
    }
}
