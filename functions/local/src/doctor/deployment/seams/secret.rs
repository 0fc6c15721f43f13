//! The secret with the endpoints of `http`. Only its description is read, never its value.

use serde::Deserialize;
use serde_json::{Value, json};

use super::arn::Arn;
use super::looked::Looked;
use crate::doctor::Check;
use crate::doctor::deployment::unseen::unknown;

const NAME: &str = "secret";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Description {
    deleted_date: Option<Value>,
    kms_key_id: Option<String>,
    #[serde(default)]
    version_ids_to_stages: Value,
}

/// Checks that there is a value to read, and asks for the worker's permission to read it.
pub(super) async fn look(looked: &mut Looked<'_>, secret: &str) {
    let asked = json!({"SecretId": secret});
    let check = match looked.deployment.json::<Description>("secretsmanager", "secretsmanager.DescribeSecret", &asked).await {
        Ok(description) => {
            looked.needs.add(secret, &["secretsmanager:GetSecretValue"]);
            let key = description.kms_key_id.as_deref().filter(|key| Arn::parse(key).is_some_and(|key| key.resource.starts_with("key/")));
            if let Some(key) = key {
                looked.needs.add(key, &["kms:Decrypt"]);
            }
            judge(secret, looked.deployment.region(), &description)
        }
        Err(error) if error.is_missing() => Check::bad(
            NAME,
            format!("there is no secret {secret} in this region"),
            "give the whole ARN of one that exists here (HTTP_ENDPOINTS_SECRET), and deploy again: until then no worker starts",
        ),
        Err(error) => unknown(NAME, "secretsmanager:DescribeSecret", &error),
    };
    looked.checks.push(check);
}

fn judge(secret: &str, region: &str, description: &Description) -> Check {
    if Arn::parse(secret).is_some_and(|arn| arn.region != region) {
        let fix = "give a secret of this region, such as a replica (HTTP_ENDPOINTS_SECRET): the worker reads it here";
        return Check::bad(NAME, format!("{secret} is in another region"), fix);
    }
    if description.deleted_date.is_some() {
        let fix = format!("aws secretsmanager restore-secret --secret-id {secret}, or give another: until then no worker starts");
        return Check::bad(NAME, format!("{secret} is marked for deletion"), fix);
    }
    let stages = description.version_ids_to_stages.as_object().into_iter().flat_map(|versions| versions.values());
    let is_current = stages.filter_map(Value::as_array).flatten().any(|stage| stage == "AWSCURRENT");
    let fix = format!("aws secretsmanager put-secret-value --secret-string file://endpoints.json --secret-id {secret}");
    let detail = if is_current { format!("{secret} has a value") } else { format!("{secret} has no value: no worker starts") };
    Check::of(NAME, is_current, detail, fix)
}
