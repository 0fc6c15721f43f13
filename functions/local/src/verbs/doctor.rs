//! `doctor`: checks the configuration, and says what to correct.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::config::ProvideCredentials as _;
use clap::Args;
use headway_core::config;
use serde::Serialize;

use crate::context::Context;
use crate::doctor::deployment::Deployment;
use crate::doctor::{Check, configuration, machine, server, stack};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::out::{Out, OutError};

/// The deployment to check.
#[derive(Debug, Args)]
pub struct Doctor {
    /// The name of a deployed stack; without it, HEADWAY_TABLE and HEADWAY_QUEUE_URL name its table and queue. Uses the
    /// usual AWS credentials and region (AWS_PROFILE, AWS_REGION)
    #[arg(long, value_name = "NAME")]
    pub stack: Option<String>,
}

#[derive(Serialize)]
struct Report {
    ok: bool,
    checks: Vec<Check>,
}

/// What to check on AWS.
struct Target {
    table: String,
    queue_url: String,
    api_url: Option<String>,
}

impl Doctor {
    /// Runs the checks and prints them.
    ///
    /// # Errors
    ///
    /// If stdout cannot be written.
    pub async fn run(self, context: &Context) -> Result<Exit, CommandError> {
        let mut checks = configuration::look().await;
        if self.stack.is_some() || config::names_aws() || config::optional(config::HEADWAY_QUEUE_URL).is_some() {
            checks.extend(self.deployed(context).await);
        } else {
            if context.address().is_none() {
                checks.extend(machine::look());
            }
            checks.extend(server::look(context, None).await);
        }
        let report = Report { ok: checks.iter().all(|check| check.ok), checks };
        if context.out.json {
            context.out.json_line(&serde_json::to_vec(&report).map_err(anyhow::Error::from)?)?;
        } else {
            report.checks.iter().try_for_each(|check| show(context.out, check))?;
        }
        Ok(if report.ok { Exit::Ok } else { Exit::Error })
    }

    /// The checks of a deployment, and of its API if its address is known.
    async fn deployed(&self, context: &Context) -> Vec<Check> {
        let aws = aws_config::load_from_env().await;
        let access = access(&aws).await;
        if !access.ok {
            return vec![access];
        }
        let target = match self.target(&aws).await {
            Ok(target) => target,
            Err(error) => {
                let fix = "give --stack NAME, or HEADWAY_TABLE and HEADWAY_QUEUE_URL, in the stack's account and region";
                return vec![access, Check::bad("deployment", format!("{error:#}"), fix)];
            }
        };
        let mut checks = vec![access];
        match Deployment::new(&aws, target.table, target.queue_url) {
            Ok(deployment) => checks.extend(deployment.look().await),
            Err(error) => checks.push(Check::bad("deployment", format!("{error:#}"), "correct what the message names")),
        }
        if context.address().is_some() || target.api_url.is_some() {
            checks.extend(server::look(context, target.api_url.as_deref()).await);
        }
        checks
    }

    async fn target(&self, aws: &SdkConfig) -> anyhow::Result<Target> {
        let Some(name) = &self.stack else {
            let (table, queue_url) = (config::required(config::HEADWAY_TABLE)?, config::required(config::HEADWAY_QUEUE_URL)?);
            return Ok(Target { table, queue_url, api_url: None });
        };
        let mut outputs = stack::outputs(aws, name).await?;
        let mut output = |key: &str| outputs.remove(key).ok_or_else(|| anyhow::anyhow!("the stack {name:?} has no output {key}"));
        Ok(Target { table: output("TableName")?, queue_url: output("QueueUrl")?, api_url: Some(output("ApiUrl")?) })
    }
}

/// Checks that there are a region and credentials for AWS.
async fn access(aws: &SdkConfig) -> Check {
    let Some(region) = aws.region() else {
        return Check::bad("AWS", "no region is configured", "set AWS_REGION to the stack's region");
    };
    let found = match aws.credentials_provider() {
        Some(provider) => provider.provide_credentials().await.is_ok(),
        None => false,
    };
    let fix = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; after an SSO login: \
               eval \"$(aws configure export-credentials --format env)\"";
    let what = if found { "with credentials" } else { "but no credentials were found" };
    Check::of("AWS", found, format!("region {region}, {what}"), fix)
}

/// A check for people: what was found and, below it, what to do.
fn show(out: Out, check: &Check) -> Result<(), OutError> {
    let mark = if check.ok { console::style("✓").green() } else { console::style("✗").red() };
    out.marked_line(&mark, &format!(" {:<18} {}", check.name, check.detail))?;
    check.fix.iter().try_for_each(|fix| out.line(&format!("{:21}→ {fix}", "")))
}
