//! What a deployment was given: each fault of it is found, named and comes with what to do.

use serde_json::{Value, json};

use super::fake_aws::FakeAws;
use super::fake_aws::given::{KEY, SECRET, decision, key_policy, listed};
use super::{deployed, failing};

async fn given() -> FakeAws {
    let aws = FakeAws::start().await;
    aws.give_everything();
    aws
}

#[tokio::test]
async fn everything_that_is_given_is_looked_at_and_only_read() {
    let aws = given().await;
    let ended = deployed(&aws, &[]).await;
    assert_eq!(failing(&ended), [""; 0], "{}", ended.stdout);
    for name in ["key", "secret", "event bus", "functions", "network", "file system", "permissions"] {
        assert!(ended.stdout.contains(&format!("{{\"name\":\"{name}\"")), "{name}: {}", ended.stdout);
    }
    let reads = ["Describe", "Get", "GET ", "Simulate"];
    assert!(aws.asked().iter().all(|call| reads.iter().any(|read| call.starts_with(read))), "{:?}", aws.asked());
    assert!(!aws.asked().iter().any(|call| call == "GetSecretValue"), "no secret is read");
}

/// If the stack was given none of these, the check needs no permission for them.
#[tokio::test]
async fn what_is_not_given_is_not_asked_for() {
    let aws = FakeAws::start().await;
    aws.refuse("SimulatePrincipalPolicy", 403, "AccessDenied");
    assert_eq!(failing(&deployed(&aws, &[]).await), [""; 0]);
    let asked = aws.asked();
    for call in ["DescribeKey", "DescribeSecret", "DescribeEventBus", "DescribeRouteTables", "GET /2015-02-01/access-points"] {
        assert!(!asked.iter().any(|one| one == call), "{call}");
    }
}

#[tokio::test]
async fn faults_of_what_is_given_are_found() {
    type Break = fn(&mut Value);
    let cases: [(&str, &str, Break, &str, &str); 23] = [
        ("a disabled key", "DescribeKey", |a| a["KeyMetadata"]["KeyState"] = json!("Disabled"), "key", "aws kms enable-key"),
        ("a key to be deleted", "DescribeKey", |a| a["KeyMetadata"]["KeyState"] = json!("PendingDeletion"), "key", "cancel-key-deletion"),
        ("a key for signatures", "DescribeKey", |a| a["KeyMetadata"]["KeySpec"] = json!("RSA_2048"), "key", "SYMMETRIC_DEFAULT"),
        ("a key of others", "GetKeyPolicy", |a| a["Policy"] = key_policy("arn:aws:iam::123456789012:user/x"), "key", "IAM policies do not"),
        ("a secret that ends", "DescribeSecret", |a| a["DeletedDate"] = json!(1.5e9), "secret", "restore-secret"),
        ("a secret without a value", "DescribeSecret", |a| a["VersionIdsToStages"] = json!({}), "secret", "put-secret-value"),
        (
            "a secret far away",
            "GET configuration",
            |a| a["Environment"]["Variables"]["HEADWAY_HTTP_ENDPOINTS_SECRET"] = json!(SECRET.replace("us-east-1", "eu-west-1")),
            "secret",
            "another region",
        ),
        (
            "a bus far away",
            "GET configuration",
            |a| a["Environment"]["Variables"]["HEADWAY_EVENT_BUS"] = json!("arn:aws:events:eu-west-1:123456789012:event-bus/jobs"),
            "event bus",
            "A rule on it can send the events on to eu-west-1",
        ),
        (
            "a bus of another account",
            "GET configuration",
            |a| a["Environment"]["Variables"]["HEADWAY_EVENT_BUS"] = json!("arn:aws:events:us-east-1:210987654321:event-bus/jobs"),
            "",
            "is in another account, and was not looked at",
        ),
        (
            "a function that could not be made",
            "GET /2015-03-31/functions/resizer/configuration",
            |a| a["State"] = json!("Failed"),
            "functions",
            "resizer is Failed",
        ),
        ("no way out", "DescribeRouteTables", |a| *a = listed("routeTableSet", ""), "network", "no way leads from subnet-1 to dynamodb"),
        ("closed groups", "DescribeSecurityGroups", |a| *a = listed("securityGroupInfo", ""), "network", "outbound rule"),
        (
            "a zone without files",
            "DescribeSubnets",
            |a| *a = listed("subnetSet", "<item><availabilityZoneId>z2</availabilityZoneId></item>"),
            "file system",
            "create-mount-target",
        ),
        ("no access point", "GET /2015-02-01/access-points", |a| a["AccessPoints"] = json!([]), "file system", "WORKER_FILE_SYSTEM"),
        (
            "a role that may not",
            "SimulatePrincipalPolicy",
            |a| *a = listed("EvaluationResults", &decision("kms:Decrypt", "implicitDeny")),
            "permissions",
            "may not call kms:Decrypt on",
        ),
        (
            "variables that nobody here may read",
            "GET configuration",
            |a| a["Environment"] = json!({"Error": {"ErrorCode": "AccessDeniedException", "Message": "no"}}),
            "worker",
            "allow kms:Decrypt with",
        ),
        (
            "a worker that could not be made",
            "GET configuration",
            |a| {
                (a["State"], a["StateReasonCode"], a["StateReason"]) =
                    (json!("Failed"), json!("SubnetOutOfIPAddresses"), json!("It is full."))
            },
            "worker",
            "It is full.",
        ),
        (
            "a change that failed",
            "GET configuration",
            |a| (a["LastUpdateStatus"], a["LastUpdateStatusReasonCode"]) = (json!("Failed"), json!("KMSKeyAccessDenied")),
            "worker",
            "docs/deploy.md, A key",
        ),
        (
            "a table that lost its key",
            "DescribeTable",
            |a| a["Table"]["TableStatus"] = json!("INACCESSIBLE_ENCRYPTION_CREDENTIALS"),
            "table",
            "KMS key again",
        ),
        (
            "keys that are numbers",
            "DescribeTable",
            |a| a["Table"]["AttributeDefinitions"][1]["AttributeType"] = json!("N"),
            "table",
            "both text",
        ),
        (
            "an index by other keys",
            "DescribeTable",
            |a| a["Table"]["GlobalSecondaryIndexes"][0]["KeySchema"][0]["AttributeName"] = json!("pk"),
            "indexes",
            "owner has other keys",
        ),
        (
            "an index by numbers",
            "DescribeTable",
            |a| a["Table"]["AttributeDefinitions"][4]["AttributeType"] = json!("N"),
            "indexes",
            "sweep has other keys",
        ),
        ("a key of AWS", "DescribeKey", |a| a["KeyMetadata"]["KeyManager"] = json!("AWS"), "", ""),
    ];
    for (case, call, broken, check, word) in cases {
        let aws = given().await;
        aws.change(call, broken);
        let ended = deployed(&aws, &[]).await;
        assert_eq!(failing(&ended), [check].into_iter().filter(|check| !check.is_empty()).collect::<Vec<_>>(), "{case}: {}", ended.stdout);
        assert!(ended.stdout.contains(word), "{case}: {}", ended.stdout);
    }
}

#[tokio::test]
async fn a_missing_resource_is_named() {
    for (call, code, check, word) in [
        ("DescribeKey", "NotFoundException", "key", KEY),
        ("DescribeSecret", "ResourceNotFoundException", "secret", SECRET),
        ("DescribeEventBus", "ResourceNotFoundException", "event bus", "create-event-bus --name jobs"),
        ("GET /2015-03-31/functions/resizer/configuration", "ResourceNotFoundException", "functions", "there is no function resizer"),
        ("GET /2015-02-01/access-points", "AccessPointNotFound", "file system", "fsap-1"),
    ] {
        let aws = given().await;
        aws.refuse(call, 404, code);
        let ended = deployed(&aws, &[]).await;
        assert_eq!(failing(&ended), [check], "{call}");
        assert!(ended.stdout.contains(word), "{call}: {}", ended.stdout);
    }
}

/// Services with a JSON API refuse with 400.
#[tokio::test]
async fn a_permission_that_is_missing_for_it_is_named() {
    for (call, action, check) in [
        ("DescribeKey", "kms:DescribeKey", "key"),
        ("GetKeyPolicy", "kms:GetKeyPolicy", "key"),
        ("DescribeSecret", "secretsmanager:DescribeSecret", "secret"),
        ("DescribeEventBus", "events:DescribeEventBus", "event bus"),
        ("GET /2015-03-31/functions/resizer/configuration", "lambda:GetFunctionConfiguration", "functions"),
        ("DescribeVpcEndpoints", "ec2:DescribeVpcEndpoints", "network"),
        ("GET /2015-02-01/mount-targets", "elasticfilesystem:DescribeMountTargets", "file system"),
        ("SimulatePrincipalPolicy", "iam:SimulatePrincipalPolicy", "permissions"),
    ] {
        let aws = given().await;
        aws.refuse(call, 400, "AccessDeniedException");
        let ended = deployed(&aws, &[]).await;
        assert_eq!(failing(&ended), [check], "{call}");
        assert!(ended.stdout.contains("not checked") && ended.stdout.contains(action), "{call}: {}", ended.stdout);
    }
}
