//! Errors under the names that SQS gives them.

use headway_core::error::StorageFault;
use serde_json::json;

use crate::{error::Unavailable, http::Answer};

/// SQS's name for an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    BatchEntryIdsNotDistinct,
    BatchRequestTooLong,
    EmptyBatchRequest,
    InternalError,
    InvalidAttributeName,
    InvalidAttributeValue,
    InvalidBatchEntryId,
    InvalidMessageContents,
    InvalidParameterValue,
    MessageNotInflight,
    MissingParameter,
    QueueDoesNotExist,
    QueueNameExists,
    ReceiptHandleIsInvalid,
    StorageBroken,
    StorageFull,
    TooManyEntriesInBatchRequest,
    UnsupportedOperation,
}

impl Kind {
    /// The shape's name in the JSON protocol.
    fn shape(self) -> String {
        format!("{self:?}")
    }

    /// The error's code in the query protocol. The SDK still reads it, and failed batch entries carry it.
    pub(crate) fn code(self) -> String {
        match self {
            Self::BatchEntryIdsNotDistinct
            | Self::BatchRequestTooLong
            | Self::EmptyBatchRequest
            | Self::InvalidBatchEntryId
            | Self::MessageNotInflight
            | Self::TooManyEntriesInBatchRequest
            | Self::UnsupportedOperation => format!("AWS.SimpleQueueService.{self:?}"),
            Self::QueueDoesNotExist => "AWS.SimpleQueueService.NonExistentQueue".to_owned(),
            Self::QueueNameExists => "QueueAlreadyExists".to_owned(),
            _ => self.shape(),
        }
    }

    /// True if the caller caused it.
    pub(crate) fn is_senders(self) -> bool {
        !matches!(self, Self::InternalError | Self::StorageBroken | Self::StorageFull)
    }
}

/// Why a call failed.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Fault {
    /// SQS's name for it.
    pub(crate) kind: Kind,
    /// What is wrong, for people.
    pub(crate) message: String,
}

impl Fault {
    /// An error of this kind.
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    /// A value out of range.
    pub(crate) fn value(message: impl Into<String>) -> Self {
        Self::new(Kind::InvalidParameterValue, message)
    }

    /// An error of our own. The SDK repeats the call.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(Kind::InternalError, message)
    }

    /// The HTTP answer that SQS would give.
    pub(crate) fn answer(&self) -> Answer {
        let (status, fault) = if self.kind.is_senders() { (400, "Sender") } else { (500, "Receiver") };
        let body = json!({ "__type": format!("com.amazonaws.sqs#{}", self.kind.shape()), "message": self.message });
        Answer { status, body: body.to_string().into_bytes(), query_error: Some(format!("{};{fault}", self.kind.code())) }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(cause: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{CannotOpen, DatabaseCorrupt, DiskFull, NotADatabase, PermissionDenied, ReadOnly, SystemIoFailure};
        match cause.sqlite_error_code() {
            Some(DiskFull) => {
                let what = "the disk that holds the data directory's queue.db is full; free some space and repeat the call";
                Self::new(Kind::StorageFull, what)
            }
            Some(DatabaseCorrupt | NotADatabase) => {
                let what = "the data directory's queue.db is damaged; stop this program and replace the directory with a good copy";
                Self::new(Kind::StorageBroken, what)
            }
            Some(CannotOpen | PermissionDenied | ReadOnly | SystemIoFailure) => {
                let what = format!("queue.db cannot be used ({cause}); check its disk, and that this user may write to the data directory");
                Self::new(Kind::StorageBroken, what)
            }
            _ => Self::internal(format!("the queue's file could not be used ({cause})")),
        }
    }
}

impl From<Unavailable> for Fault {
    fn from(cause: Unavailable) -> Self {
        let kind = match cause.storage_code() {
            Some(StorageFault::FULL) => Kind::StorageFull,
            Some(_) => Kind::StorageBroken,
            None => Kind::InternalError,
        };
        Self::new(kind, cause.to_string())
    }
}
