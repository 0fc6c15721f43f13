//! KMS keys that encrypt the table, the queues or the worker's variables.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::arn::Arn;
use super::looked::Looked;
use crate::doctor::Check;
use crate::doctor::deployment::queues::Queues;
use crate::doctor::deployment::table;
use crate::doctor::deployment::unseen::unknown;
use crate::doctor::deployment::worker::WorkerConfiguration;
use crate::doctor::signed::SignedError;

const NAME: &str = "key";
const READ: &str = "kms:DescribeKey";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Description {
    key_metadata: Metadata,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    arn: String,
    #[serde(default)]
    key_state: String,
    #[serde(default)]
    key_manager: String,
    #[serde(default)]
    key_spec: String,
}

/// The keys that the table, the queues and the worker name, each once.
pub(super) fn used(table: Option<&table::Described>, queues: &Queues, worker: &WorkerConfiguration) -> BTreeSet<String> {
    let of_table = table.and_then(|table| table.key.as_deref());
    of_table.into_iter().chain(queues.keys()).chain(worker.key.as_deref()).map(str::to_owned).collect()
}

/// Checks that it can be used, and asks for the worker's permission to use it.
pub(super) async fn look(looked: &mut Looked<'_>, key: &str) {
    let answer = looked.deployment.json("kms", "TrentService.DescribeKey", &json!({"KeyId": key})).await;
    let described = match answer {
        Ok(Description { key_metadata }) => key_metadata,
        Err(error) => return looked.checks.push(not_described(key, &error)),
    };
    // AWS's own keys let each service use them for everybody who may use the service.
    if described.key_manager == "AWS" {
        return;
    }
    looked.needs.add(&described.arn, &["kms:Decrypt", "kms:GenerateDataKey"]);
    let check = match state(&described) {
        Some(fault) => fault,
        None => policy(looked, &described.arn).await,
    };
    looked.checks.push(check);
}

fn not_described(key: &str, error: &SignedError) -> Check {
    if error.is_missing() {
        let fix =
            "give a key that exists (KMS_KEY), and deploy again; a table that was encrypted with a deleted key cannot be read any more";
        return Check::bad(NAME, format!("there is no key {key}"), fix);
    }
    unknown(NAME, READ, error)
}

/// Why nothing can be encrypted with it, if that is so.
fn state(key: &Metadata) -> Option<Check> {
    let Metadata { arn, key_state, key_spec, .. } = key;
    let fix = match key_state.as_str() {
        "" | "Enabled" if matches!(key_spec.as_str(), "" | "SYMMETRIC_DEFAULT") => return None,
        "" | "Enabled" => {
            let detail = format!("{arn} is {key_spec}: DynamoDB, SQS and Lambda encrypt with symmetric keys only");
            return Some(Check::bad(NAME, detail, "give a key of the kind SYMMETRIC_DEFAULT (KMS_KEY), and deploy again"));
        }
        "Disabled" => format!("aws kms enable-key --key-id {arn}"),
        "PendingDeletion" => {
            format!("aws kms cancel-key-deletion --key-id {arn}, and then aws kms enable-key: after the deletion all is lost")
        }
        "PendingImport" => format!("import its key material: aws kms import-key-material --key-id {arn}"),
        _ => "wait until it is Enabled; a key of a key store needs its connection".to_owned(),
    };
    Some(Check::bad(NAME, format!("{arn} is {key_state}: the table, the queues and the worker cannot be used"), fix))
}

/// Whether the key's own policy lets anybody in that the worker's role may be. IAM policies count only if it names the account.
async fn policy(looked: &Looked<'_>, arn: &str) -> Check {
    let (Some(key), Some(role)) = (Arn::parse(arn), Arn::parse(&looked.worker.role)) else {
        return Check::good(NAME, format!("{arn} is enabled"));
    };
    if key.account != role.account {
        return Check::good(NAME, format!("{arn} is enabled; its policy, in another account, was not looked at"));
    }
    let asked = json!({"KeyId": arn, "PolicyName": "default"});
    match looked.deployment.json::<Value>("kms", "TrentService.GetKeyPolicy", &asked).await {
        Ok(answer) => {
            let policy = answer["Policy"].as_str().and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Value::Null);
            let fix = "add the statement that the default policy has: Allow kms:* on * to arn:aws:iam::ACCOUNT:root (docs/deploy.md, A key), \
                       or give the functions' roles a grant";
            let detail = format!("{arn} is enabled, and its policy names the account or the role");
            let shut = format!("the policy of {arn} names neither the account nor the worker's role: IAM policies do not count for it");
            let is_open = lets_in(&policy, key.account, &looked.worker.role);
            Check::of(NAME, is_open, if is_open { detail } else { shut }, fix)
        }
        Err(error) => unknown(NAME, "kms:GetKeyPolicy", &error),
    }
}

/// True if a statement allows something to the account, to this role or to everybody. Conditions are not evaluated.
fn lets_in(policy: &Value, account: &str, role: &str) -> bool {
    let listed = |value: &Value| match value {
        Value::Array(values) => values.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    };
    let is_one = |principal: &Value| {
        let principal = principal.as_str().unwrap_or_default();
        principal == "*" || principal == account || principal == role || principal.ends_with(&format!(":iam::{account}:root"))
    };
    listed(&policy["Statement"]).iter().any(|statement| {
        let principals = if statement["Principal"].is_string() { &statement["Principal"] } else { &statement["Principal"]["AWS"] };
        statement["Effect"] == "Allow" && (!statement["NotPrincipal"].is_null() || listed(principals).iter().any(is_one))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_lets_in_whom_it_names() {
        let role = "arn:aws:iam::123456789012:role/worker";
        let allow = |principal: Value| json!({"Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"});
        for (statements, open) in [
            (json!([allow(json!({"AWS": "arn:aws:iam::123456789012:root"}))]), true),
            (allow(json!({"AWS": "arn:aws-cn:iam::123456789012:root"})), true),
            (json!([allow(json!({"AWS": ["arn:aws:iam::210987654321:root", role]}))]), true),
            (json!([allow(json!({"AWS": "123456789012"}))]), true),
            (json!([allow(json!("*"))]), true),
            (json!([allow(json!({"AWS": "arn:aws:iam::123456789012:user/admin"}))]), false),
            (json!([allow(json!({"AWS": "arn:aws:iam::210987654321:root"}))]), false),
            (json!([allow(json!({"Service": "sns.amazonaws.com"}))]), false),
            (json!([{"Effect": "Deny", "Principal": {"AWS": role}, "Action": "kms:*"}]), false),
            (json!([]), false),
            (Value::Null, false),
        ] {
            assert_eq!(lets_in(&json!({"Statement": statements}), "123456789012", role), open, "{statements}");
        }
    }
}
