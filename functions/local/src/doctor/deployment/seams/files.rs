//! A file system: it is mounted over the network, from where the worker runs.
//!
//! Source: AWS Lambda Developer Guide, "Configuring file system access": there has to be a mount target in every availability zone of
//! the function's subnets.

use std::collections::BTreeSet;

use roxmltree::Document;
use serde::Deserialize;

use crate::doctor::deployment::target::Deployment;
use crate::doctor::deployment::unseen::unknown;
use crate::doctor::deployment::worker::VpcConfig;
use crate::doctor::signed::{Signed, SignedError};
use crate::doctor::{Check, xml};

const NAME: &str = "file system";
const READS: &str = "elasticfilesystem:DescribeAccessPoints, elasticfilesystem:DescribeMountTargets and ec2:DescribeSubnets";
/// The version of EFS's API, used in its paths.
const API: &str = "2015-02-01";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AccessPoints {
    access_points: Vec<AccessPoint>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AccessPoint {
    file_system_id: String,
    #[serde(default)]
    life_cycle_state: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MountTargets {
    mount_targets: Vec<MountTarget>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MountTarget {
    #[serde(default)]
    availability_zone_id: String,
    #[serde(default)]
    vpc_id: String,
    #[serde(default)]
    life_cycle_state: String,
}

/// Checks the access point with this ARN.
pub(super) async fn look(deployment: &Deployment, vpc: &VpcConfig, access_point: &str) -> Check {
    match read(deployment, vpc, access_point).await {
        Ok(check) => check,
        Err(error) if error.is_missing() => missing(access_point),
        Err(error) => unknown(NAME, READS, &error),
    }
}

async fn read(deployment: &Deployment, vpc: &VpcConfig, access_point: &str) -> Result<Check, SignedError> {
    let efs = Signed::new(&deployment.config, "elasticfilesystem")?;
    let id = access_point.rsplit('/').next().unwrap_or(access_point);
    let AccessPoints { access_points } = efs.read(&[API, "access-points"], &[("AccessPointId", id)]).await?;
    let Some(found) = access_points.into_iter().next() else { return Ok(missing(access_point)) };
    if !matches!(found.life_cycle_state.as_str(), "" | "available") {
        return Ok(Check::bad(
            NAME,
            format!("{id} is {}", found.life_cycle_state),
            "wait until it is available, or give another (WORKER_FILE_SYSTEM)",
        ));
    }
    let MountTargets { mount_targets } = efs.read(&[API, "mount-targets"], &[("FileSystemId", &found.file_system_id)]).await?;
    Ok(judge(&found.file_system_id, &vpc.vpc_id, &zones(deployment, vpc).await?, &mount_targets))
}

fn missing(access_point: &str) -> Check {
    let fix = "give the ARN of an access point that exists (WORKER_FILE_SYSTEM), and deploy again";
    Check::bad(NAME, format!("there is no access point {access_point}"), fix)
}

/// The availability zones of the worker's subnets.
async fn zones(deployment: &Deployment, vpc: &VpcConfig) -> Result<BTreeSet<String>, SignedError> {
    let named = vpc.subnet_ids.iter().zip(1..).map(|(subnet, n)| (format!("SubnetId.{n}"), subnet.clone()));
    let answer = Signed::new(&deployment.config, "ec2")?.query("2016-11-15", "DescribeSubnets", &named.collect::<Vec<_>>()).await?;
    let document = Document::parse(&answer).map_err(|source| SignedError::Unmade { service: "ec2", source: source.into() })?;
    let subnets = xml::listed(&document, "subnetSet").into_iter();
    Ok(subnets.map(|subnet| xml::text(subnet, "availabilityZoneId").to_owned()).filter(|zone| !zone.is_empty()).collect())
}

fn judge(file_system: &str, vpc: &str, zones: &BTreeSet<String>, targets: &[MountTarget]) -> Check {
    let usable = targets.iter().filter(|target| target.vpc_id == vpc && target.life_cycle_state == "available");
    let reached: BTreeSet<&str> = usable.map(|target| target.availability_zone_id.as_str()).collect();
    let without: Vec<&str> = zones.iter().map(String::as_str).filter(|zone| !reached.contains(zone)).collect();
    let fix = format!(
        "aws efs create-mount-target --file-system-id {file_system} for a subnet in each, with a security group that lets the worker's in on \
         port 2049; or use other subnets (WORKER_SUBNETS)"
    );
    let detail = match without.is_empty() {
        true => format!("{file_system} has a mount target in each of the worker's availability zones"),
        false => format!("{file_system} has no mount target that can be used in {} of {vpc}", without.join(", ")),
    };
    Check::of(NAME, without.is_empty(), detail, fix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_zone_needs_a_mount_target_that_is_ready() {
        let target = |zone: &str, vpc: &str, state: &str| MountTarget {
            availability_zone_id: zone.to_owned(),
            vpc_id: vpc.to_owned(),
            life_cycle_state: state.to_owned(),
        };
        let zones: BTreeSet<String> = ["z1", "z2"].map(str::to_owned).into();
        let both = [target("z1", "vpc-1", "available"), target("z2", "vpc-1", "available"), target("z3", "vpc-1", "deleting")];
        assert!(judge("fs-1", "vpc-1", &zones, &both).ok);
        for second in [target("z2", "vpc-2", "available"), target("z2", "vpc-1", "creating"), target("z3", "vpc-1", "available")] {
            let check = judge("fs-1", "vpc-1", &zones, &[target("z1", "vpc-1", "available"), second]);
            assert!(!check.ok && check.detail.contains("in z2 of vpc-1"), "{check:?}");
        }
    }
}
