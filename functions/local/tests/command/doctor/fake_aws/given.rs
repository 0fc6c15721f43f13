//! What a deployment can be given that exists outside of it.

use serde_json::{Value, json};

use super::FakeAws;

pub(crate) const KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/k-1";
pub(crate) const SECRET: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:endpoints-a1B2c3";
const ACCESS_POINT: &str = "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-1";

/// An answer of a query API with this list.
pub(crate) fn listed(list: &str, items: &str) -> Value {
    Value::String(format!("<Response xmlns=\"http://aws.amazon.com/\"><Result><{list}>{items}</{list}></Result></Response>"))
}

/// What IAM's simulator says of an action.
pub(crate) fn decision(action: &str, decision: &str) -> String {
    format!("<member><EvalActionName>{action}</EvalActionName><EvalDecision>{decision}</EvalDecision></member>")
}

/// A policy of a key that names this principal.
pub(crate) fn key_policy(principal: &str) -> Value {
    json!({"Statement": [{"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "kms:*", "Resource": "*"}]}).to_string().into()
}

/// Descriptions of everything, all sound. Nothing of it is used before [`FakeAws::give_everything`].
pub(super) fn answers() -> [(&'static str, Value); 12] {
    let key = json!({"Arn": KEY, "KeyState": "Enabled", "KeyManager": "CUSTOMER", "KeySpec": "SYMMETRIC_DEFAULT"});
    let nat = "<item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock><natGatewayId>nat-1</natGatewayId><state>active</state></item>";
    let tables = format!(
        "<item><routeTableId>rtb-1</routeTableId><routeSet>{nat}</routeSet><associationSet><item><main>true</main></item></associationSet></item>"
    );
    let target = json!({"AvailabilityZoneId": "z1", "VpcId": "vpc-1", "LifeCycleState": "available"});
    [
        ("DescribeKey", json!({"KeyMetadata": key})),
        ("GetKeyPolicy", json!({"Policy": key_policy("arn:aws:iam::123456789012:root")})),
        ("DescribeSecret", json!({"ARN": SECRET, "KmsKeyId": KEY, "VersionIdsToStages": {"v1": ["AWSCURRENT"]}})),
        ("DescribeEventBus", json!({"Name": "jobs", "Arn": "arn:aws:events:us-east-1:123456789012:event-bus/jobs"})),
        (
            "GET /2015-03-31/functions/resizer/configuration",
            json!({"FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:resizer"}),
        ),
        ("DescribeRouteTables", listed("routeTableSet", &tables)),
        ("DescribeVpcEndpoints", listed("vpcEndpointSet", "")),
        (
            "DescribeSecurityGroups",
            listed("securityGroupInfo", "<item><ipPermissionsEgress><item><ipProtocol>-1</ipProtocol></item></ipPermissionsEgress></item>"),
        ),
        ("DescribeSubnets", listed("subnetSet", "<item><availabilityZoneId>z1</availabilityZoneId></item>")),
        ("GET /2015-02-01/access-points", json!({"AccessPoints": [{"FileSystemId": "fs-1", "LifeCycleState": "available"}]})),
        ("GET /2015-02-01/mount-targets", json!({"MountTargets": [target]})),
        ("SimulatePrincipalPolicy", listed("EvaluationResults", &decision("dynamodb:GetItem", "allowed"))),
    ]
}

impl FakeAws {
    /// From now on the deployment uses a key, a secret, a bus, a function, a VPC and a file system.
    pub(crate) fn give_everything(&self) {
        self.change("DescribeTable", |answer| answer["Table"]["SSEDescription"] = json!({"SSEType": "KMS", "KMSMasterKeyArn": KEY}));
        for queue in ["GetQueueAttributes queue", "GetQueueAttributes dead"] {
            self.change(queue, |answer| answer["Attributes"]["KmsMasterKeyId"] = json!(KEY));
        }
        self.change("GET configuration", |worker| {
            worker["KMSKeyArn"] = json!(KEY);
            worker["VpcConfig"] = json!({"VpcId": "vpc-1", "SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]});
            worker["FileSystemConfigs"] = json!([{"Arn": ACCESS_POINT, "LocalMountPath": "/mnt/files"}]);
            let variables = &mut worker["Environment"]["Variables"];
            variables["HEADWAY_HTTP_ENDPOINTS_SECRET"] = json!(SECRET);
            variables["HEADWAY_EVENT_BUS"] = json!("jobs");
            variables["HEADWAY_LAMBDA_FUNCTIONS"] = json!(r#"{"resize": {"function": "resizer"}}"#);
        });
    }
}
