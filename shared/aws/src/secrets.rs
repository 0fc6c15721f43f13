//! Secrets in AWS Secrets Manager.

use aws_sdk_secretsmanager::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;

/// Why a secret has no text. No message contains the secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// AWS refused to tell it, or could not be asked.
    #[error("the secret {arn} cannot be read: {advice}")]
    NotRead {
        /// The secret's ARN.
        arn: String,
        /// What to do.
        advice: &'static str,
        /// The cause.
        source: Box<SdkError<GetSecretValueError>>,
    },
    /// It was stored as bytes.
    #[error("the secret {0} holds bytes, not text: store it with --secret-string")]
    NotText(String),
}

/// Reads the current version of a secret, as the environment configures AWS.
///
/// # Errors
///
/// [`SecretError`].
pub async fn read(arn: &str) -> Result<String, SecretError> {
    let client = aws_sdk_secretsmanager::Client::new(&aws_config::load_from_env().await);
    let answer = client.get_secret_value().secret_id(arn).send().await.map_err(|error| SecretError::NotRead {
        arn: arn.to_owned(),
        advice: advice(error.code()),
        source: Box::new(error),
    })?;
    answer.secret_string.ok_or_else(|| SecretError::NotText(arn.to_owned()))
}

fn advice(code: Option<&str>) -> &'static str {
    match code {
        Some("ResourceNotFoundException") => "there is none with this ARN in this region, or it has no value",
        Some("AccessDeniedException") => "allow secretsmanager:GetSecretValue on it, and kms:Decrypt with its key if that is your own",
        Some("InvalidRequestException") => "it is marked for deletion: restore it, or give another",
        Some("DecryptionFailure") => "its key is disabled, or may not be used",
        Some(_) => "see the cause",
        None => "AWS could not be reached: in a VPC, the function needs a way to Secrets Manager",
    }
}
