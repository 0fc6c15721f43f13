//! Whether the worker's role may do what it has to: its policies and its permissions boundary, by IAM's policy simulator. Policies of
//! the resources themselves are not part of a simulation for a role.

use std::collections::BTreeSet;

use roxmltree::Document;

use super::looked::Looked;
use crate::doctor::deployment::unseen::unknown;
use crate::doctor::signed::{Signed, SignedError};
use crate::doctor::{Check, xml};

const NAME: &str = "permissions";
const ACTION: &str = "iam:SimulatePrincipalPolicy";
/// The version of IAM's API.
const API: &str = "2010-05-08";

/// The check. None if the caller may not simulate, and the stack has made all by itself.
pub(super) async fn look(looked: &Looked<'_>) -> Option<Check> {
    let iam = match Signed::new(&looked.deployment.config, "iam") {
        Ok(iam) => iam,
        Err(error) => return Some(unknown(NAME, ACTION, &error)),
    };
    let mut denied = Vec::new();
    for (resource, actions) in looked.needs.by_resource() {
        match simulated(&iam, &looked.worker.role, resource, actions).await {
            Ok(found) => denied.extend(found),
            Err(error) if error.is_denied() && !looked.needs.is_given() => return None,
            Err(error) => return Some(unknown(NAME, ACTION, &error)),
        }
    }
    let fix = "deploy template.yaml again; if a permissions boundary or an organization's policy forbids it, allow it there; for a secret's own \
               key and the like add a policy with WORKER_POLICIES";
    let detail = match denied.is_empty() {
        true => "the worker's role may do all that it has to".to_owned(),
        false => format!("the worker's role may not call {}", denied.join(", ")),
    };
    Some(Check::of(NAME, denied.is_empty(), detail, fix))
}

/// What is denied of these actions to the role.
async fn simulated(iam: &Signed, role: &str, resource: &str, actions: &BTreeSet<&'static str>) -> Result<Vec<String>, SignedError> {
    let named = actions.iter().zip(1..).map(|(action, n)| (format!("ActionNames.member.{n}"), (*action).to_owned()));
    let fixed = [("PolicySourceArn".to_owned(), role.to_owned()), ("ResourceArns.member.1".to_owned(), resource.to_owned())];
    let members: Vec<_> = fixed.into_iter().chain(named).collect();
    let answer = iam.query(API, "SimulatePrincipalPolicy", &members).await?;
    parse(&answer, resource).map_err(|source| SignedError::Unmade { service: "iam", source: source.into() })
}

/// A decision that depends on the context of a call (a condition) cannot be simulated, and is not reported.
fn parse(answer: &str, resource: &str) -> Result<Vec<String>, roxmltree::Error> {
    let document = Document::parse(answer)?;
    let results = xml::listed(&document, "EvaluationResults").into_iter();
    let is_denied = |result: &roxmltree::Node<'_, '_>| {
        xml::text(*result, "EvalDecision") != "allowed" && xml::children(*result, "MissingContextValues").next().is_none()
    };
    Ok(results.filter(is_denied).map(|result| format!("{} on {resource}", xml::text(result, "EvalActionName"))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_denied_for_sure_is_reported() {
        let result = |action: &str, decision: &str, missing: &str| {
            format!(
                "<member><EvalActionName>{action}</EvalActionName><EvalDecision>{decision}</EvalDecision>\
                 <MissingContextValues>{missing}</MissingContextValues></member>"
            )
        };
        let results = [
            result("a:Allowed", "allowed", ""),
            result("a:Boundary", "implicitDeny", ""),
            result("a:Denied", "explicitDeny", ""),
            result("a:Conditional", "implicitDeny", "<member>kms:ViaService</member>"),
        ];
        let answer = format!(
            "<SimulatePrincipalPolicyResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><SimulatePrincipalPolicyResult>\
             <EvaluationResults>{}</EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>",
            results.concat()
        );
        assert_eq!(parse(&answer, "r").unwrap(), ["a:Boundary on r", "a:Denied on r"]);
    }
}
