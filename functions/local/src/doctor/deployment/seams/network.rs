//! A worker in a VPC: it has a way from there to each service that it calls.
//!
//! Sources: AWS Lambda Developer Guide, "Giving Lambda functions access to resources in an Amazon VPC" (a function's network
//! interface has no public address, so an internet gateway alone leads nowhere); AWS PrivateLink Guide, gateway and interface endpoints.

mod topology;

use headway_worker::processors::Functions;

use crate::doctor::Check;
use crate::doctor::deployment::target::Deployment;
use crate::doctor::deployment::unseen::unknown;
use crate::doctor::deployment::worker::VpcConfig;
use crate::doctor::signed::{Signed, SignedError};
use topology::{Endpoint, RouteTable, Ways};

const NAME: &str = "network";
/// The version of EC2's API.
const API: &str = "2016-11-15";
const READS: &str = "ec2:DescribeRouteTables, ec2:DescribeVpcEndpoints and ec2:DescribeSecurityGroups";

/// The services that this worker calls, all in its own region, as endpoints name them.
pub(super) fn services(secret: Option<&str>, bus: Option<&str>, functions: Option<&Functions>) -> Vec<&'static str> {
    let mut services = vec!["dynamodb", "sqs"];
    services.extend(secret.map(|_| "secretsmanager"));
    services.extend(bus.map(|_| "events"));
    services.extend(functions.filter(|functions| functions.names().next().is_some()).map(|_| "lambda"));
    services
}

/// Checks all subnets, and that the security groups let calls out.
pub(super) async fn look(deployment: &Deployment, vpc: &VpcConfig, services: &[&'static str]) -> Check {
    match read(deployment, vpc).await {
        Ok(found) => judge(deployment.region(), vpc, services, &found),
        Err(error) => unknown(NAME, READS, &error),
    }
}

/// What EC2 says about the VPC.
#[derive(Debug)]
struct Found {
    tables: Vec<RouteTable>,
    endpoints: Vec<Endpoint>,
    lets_out: bool,
}

async fn read(deployment: &Deployment, vpc: &VpcConfig) -> Result<Found, SignedError> {
    let ec2 = Signed::new(&deployment.config, "ec2")?;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let of_vpc = [pair("Filter.1.Name", "vpc-id"), pair("Filter.1.Value.1", &vpc.vpc_id)];
    let groups = vpc.security_group_ids.iter().zip(1..).map(|(group, n)| (format!("GroupId.{n}"), group.clone()));
    let tables = ec2.query(API, "DescribeRouteTables", &of_vpc).await?;
    let endpoints = ec2.query(API, "DescribeVpcEndpoints", &of_vpc).await?;
    let groups = ec2.query(API, "DescribeSecurityGroups", &groups.collect::<Vec<_>>()).await?;
    let unread = |source: roxmltree::Error| SignedError::Unmade { service: "ec2", source: source.into() };
    Ok(Found {
        tables: topology::route_tables(&tables).map_err(unread)?,
        endpoints: topology::endpoints(&endpoints, &vpc.vpc_id).map_err(unread)?,
        lets_out: topology::lets_out(&groups).map_err(unread)?,
    })
}

fn judge(region: &str, vpc: &VpcConfig, services: &[&'static str], found: &Found) -> Check {
    if !found.lets_out {
        let groups = vpc.security_group_ids.join(", ");
        let fix = "add an outbound rule for TCP port 443 to one of them";
        return Check::bad(NAME, format!("the security groups {groups} let no call out on port 443"), fix);
    }
    let ways = Ways { region, tables: &found.tables, endpoints: &found.endpoints };
    let cut_off = services.iter().find_map(|service| {
        let subnet = vpc.subnet_ids.iter().find(|subnet| !ways.lead(subnet, service))?;
        Some((subnet, service))
    });
    let Some((subnet, service)) = cut_off else {
        let detail = format!("from {} there are ways to {}", vpc.subnet_ids.join(", "), services.join(", "));
        return Check::good(NAME, detail);
    };
    let why = match ways.lead_to_an_internet_gateway_only(subnet) {
        true => ": its route to an internet gateway does not help, since a function has no public address",
        false => "",
    };
    let kind = if *service == "dynamodb" {
        "a gateway endpoint for it in the subnet's route table"
    } else {
        "an interface endpoint with private DNS for it"
    };
    let fix = format!("add a route to a NAT gateway for the subnet, or {kind}; or use other subnets (WORKER_SUBNETS)");
    Check::bad(NAME, format!("no way leads from {subnet} to {service}{why}"), fix)
}

#[cfg(test)]
mod tests;
