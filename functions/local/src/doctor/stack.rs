//! The outputs of a CloudFormation stack.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use aws_config::SdkConfig;
use xmlparser::{Token, Tokenizer};

use super::signed::{Signed, SignedError};

/// A stack's outputs, by their keys in the template.
///
/// # Errors
///
/// If there is no such stack, or it cannot be read.
pub async fn outputs(config: &SdkConfig, stack: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let service = Signed::new(config, "cloudformation")?;
    let asked = [("Action", "DescribeStacks"), ("Version", "2010-05-15"), ("StackName", stack)];
    let answer = match service.get(&[], &asked).await {
        Err(error @ SignedError::Refused { status: 400, .. }) => {
            return Err(error).with_context(|| format!("there is no stack {stack:?} in this account and region"));
        }
        Err(error) if error.is_denied() => {
            return Err(error).context("these credentials may not call cloudformation:DescribeStacks");
        }
        answer => answer?.1,
    };
    let outputs = parse(std::str::from_utf8(&answer)?)?;
    if outputs.is_empty() {
        bail!("the stack {stack:?} has no outputs: is it one of Headway's, and has its deployment finished?");
    }
    Ok(outputs)
}

/// All pairs of `OutputKey` and `OutputValue` in the answer.
fn parse(xml: &str) -> anyhow::Result<BTreeMap<String, String>> {
    let (mut element, mut key, mut outputs) = ("", None, BTreeMap::new());
    for token in Tokenizer::from(xml) {
        match token? {
            Token::ElementStart { local, .. } => element = local.as_str(),
            Token::ElementEnd { end: xmlparser::ElementEnd::Close(..), .. } => element = "",
            Token::Text { text } if element == "OutputKey" => key = Some(text.to_string()),
            Token::Text { text } if element == "OutputValue" => {
                outputs.extend(key.take().map(|key| (key, text.to_string())));
            }
            _ => {}
        }
    }
    Ok(outputs)
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
        assert!(parse("<a>").is_ok_and(|outputs| outputs.is_empty()));
        assert!(parse("<a <").is_err());
    }
}
