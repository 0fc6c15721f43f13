//! The outputs of a CloudFormation stack.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use aws_config::SdkConfig;
use roxmltree::Document;

use super::signed::{Signed, SignedError};
use super::xml;

/// A stack's outputs, by their keys in the template.
///
/// # Errors
///
/// If there is no such stack, or it cannot be read.
pub async fn outputs(config: &SdkConfig, stack: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let service = Signed::new(config, "cloudformation")?;
    let named = [("StackName".to_owned(), stack.to_owned())];
    let answer = match service.query("2010-05-15", "DescribeStacks", &named).await {
        Err(error @ SignedError::Refused { status: 400, .. }) if !error.is_denied() => {
            return Err(error).with_context(|| format!("there is no stack {stack:?} in this account and region"));
        }
        Err(error) if error.is_denied() => {
            return Err(error).context("these credentials may not call cloudformation:DescribeStacks");
        }
        answer => answer?,
    };
    let outputs = parse(&answer)?;
    if outputs.is_empty() {
        bail!("the stack {stack:?} has no outputs: is it one of Headway's, and has its deployment finished?");
    }
    Ok(outputs)
}

/// All pairs of `OutputKey` and `OutputValue` in the answer.
fn parse(answer: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let document = Document::parse(answer)?;
    let outputs = xml::listed(&document, "Outputs").into_iter();
    let pair = |output| (xml::text(output, "OutputKey").to_owned(), xml::text(output, "OutputValue").to_owned());
    Ok(outputs.map(pair).filter(|(key, _)| !key.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_found_in_the_answer() {
        let xml = "<DescribeStacksResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><DescribeStacksResult><Stacks>
            <member><StackName>jobs</StackName><Outputs><member><OutputKey>TableName</OutputKey><Description>x</Description>
            <OutputValue>jobs-Table-1</OutputValue></member><member><OutputValue>orphan</OutputValue></member><member>
            <OutputKey>QueueUrl</OutputKey><OutputValue>https://sqs/1/q</OutputValue></member></Outputs></member></Stacks>
            </DescribeStacksResult></DescribeStacksResponse>";
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(parse(xml).unwrap(), [pair("TableName", "jobs-Table-1"), pair("QueueUrl", "https://sqs/1/q")].into());
        assert!(parse("<a/>").is_ok_and(|outputs| outputs.is_empty()));
        assert!(parse("<a <").is_err());
    }
}
