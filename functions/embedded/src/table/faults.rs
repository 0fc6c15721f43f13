//! Errors in DynamoDB's words, and errors of the file with what to do about them.

use std::path::Path;

use dynoxide::DynoxideError;
use headway_core::error::StorageFault;
use serde_json::json;

use crate::{
    error::{OpenError, Unavailable},
    http::Answer,
};

/// What is wrong with the table's file, if the error comes from that.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FileFault {
    /// The disk is full.
    Full,
    /// The file is damaged.
    Damaged,
    /// The file cannot be read or written.
    Unusable,
}

impl FileFault {
    // Dynoxide passes on only a text: SQLite's, or its own for a file that is not a database.
    pub(super) fn of(fault: &DynoxideError) -> Option<Self> {
        if fault.status_code() != 500 {
            return None;
        }
        let words = fault.to_string();
        let says = |words_of_sqlite: &str| words.contains(words_of_sqlite);
        if says("database or disk is full") {
            Some(Self::Full)
        } else if says("disk image is malformed") || says("not a valid") {
            Some(Self::Damaged)
        } else if ["readonly database", "disk I/O error", "unable to open database"].into_iter().any(says) {
            Some(Self::Unusable)
        } else {
            None
        }
    }
}

/// An error while opening.
pub(super) fn opening(file: &Path, cause: DynoxideError) -> OpenError {
    match FileFault::of(&cause) {
        Some(FileFault::Full) => OpenError::Full { file: file.to_owned() },
        Some(FileFault::Damaged) => OpenError::damaged(file, cause.to_string()),
        Some(FileFault::Unusable) | None => OpenError::Table { file: file.to_owned(), cause },
    }
}

/// A 500, after which the SDK repeats the call.
pub(super) fn internal(message: &str) -> Answer {
    fault("InternalServerError", message)
}

/// The answer if the disk is full.
pub(super) fn full(file: &Path) -> Answer {
    fault(StorageFault::FULL, &format!("the disk that holds {} is full; free some space and repeat the call", file.display()))
}

/// The answer if the file is damaged.
pub(super) fn damaged(file: &Path) -> Answer {
    let what = format!("the file {} is damaged; stop this program and replace the directory with a good copy", file.display());
    fault(StorageFault::BROKEN, &what)
}

/// The answer if the file cannot be read or written.
pub(super) fn unusable(file: &Path, cause: &DynoxideError) -> Answer {
    let what = format!("the file {} cannot be used ({cause}); check its disk, and that this user may write to it", file.display());
    fault(StorageFault::BROKEN, &what)
}

/// The answer if the store did not do the work, or cannot promise that it is durable.
pub(super) fn unavailable(cause: &Unavailable) -> Answer {
    fault(cause.storage_code().unwrap_or("InternalServerError"), &cause.to_string())
}

/// A 500 with this code.
fn fault(code: &str, message: &str) -> Answer {
    typed(500, &format!("com.amazonaws.dynamodb.v20120810#{code}"), message)
}

/// The answer for an operation that is not offered here.
pub(super) fn not_offered(operation: &str) -> Answer {
    typed(400, "com.amazon.coral.service#UnknownOperationException", &format!("the embedded table does not offer {operation}"))
}

/// The answer if the request is not what the operation expects.
///
/// Dynoxide's server words these messages like DynamoDB. Called in process, it returns them with its own markers, which
/// are removed here.
pub(super) fn unreadable(operation: &str, cause: &serde_json::Error) -> Answer {
    const VALIDATION: &str = "com.amazon.coral.validate#ValidationException";
    const SERIALIZATION: &str = "com.amazon.coral.service#SerializationException";
    let words = cause.to_string();
    let words = match words.rfind(" at line ") {
        Some(position) => &words[..position],
        None => words.as_str(),
    };
    let enveloped = matches!(operation, "PutItem" | "UpdateItem" | "DeleteItem");
    if let Some(message) = words.strip_prefix("VALIDATION_REQUEST:") {
        let envelope = if enveloped { "1 validation error detected: " } else { "" };
        return typed(400, VALIDATION, &format!("{envelope}{message}"));
    }
    for mark in ["VALIDATION:", "VALIDATION_AS_READ:"] {
        if let Some(message) = words.strip_prefix(mark) {
            return typed(400, VALIDATION, message);
        }
    }
    for mark in ["SERIALIZATION:", "SERIALIZATION_AS_READ:"] {
        if let Some(message) = words.strip_prefix(mark) {
            return typed(400, SERIALIZATION, message);
        }
    }
    let missing = ["missing field", "unknown variant", "invalid type: null", "Supplied AttributeValue"];
    if missing.iter().any(|part| words.contains(part)) { typed(400, VALIDATION, words) } else { typed(400, SERIALIZATION, words) }
}

fn typed(status: u16, kind: &str, message: &str) -> Answer {
    Answer { status, body: json!({ "__type": kind, "message": message }).to_string().into_bytes(), query_error: None }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use dynoxide::storage_backend::from_rusqlite;
    use rusqlite::Connection;

    use super::*;

    /// The error of `sql`, as dynoxide passes it on.
    fn fault_of(file: &Path, sql: &str) -> Option<FileFault> {
        let connection = Connection::open(file).unwrap();
        let failed = connection.execute_batch(sql).unwrap_err();
        FileFault::of(&DynoxideError::from(from_rusqlite(failed)))
    }

    // SQLite itself is made to fail, since its texts are what is recognised.
    #[test]
    fn a_file_error_is_recognised_by_its_text() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("table.db");
        let grow = "PRAGMA max_page_count = 3; CREATE TABLE t (v); INSERT INTO t VALUES (zeroblob(90000))";
        assert!(fault_of(&file, grow) == Some(FileFault::Full));
        assert!(fault_of(&file, "SELECT no_such_column").is_none());
        assert!(fault_of(&file, "PRAGMA query_only = 1; CREATE TABLE u (v)") == Some(FileFault::Unusable));
        let fill = "INSERT INTO t VALUES (zeroblob(9000))";
        Connection::open(&file).unwrap().execute_batch(fill).unwrap();
        let damage = |at| std::fs::OpenOptions::new().write(true).open(&file).unwrap().write_all_at(&[0xA5; 64], at).unwrap();
        damage(4096);
        assert!(fault_of(&file, "UPDATE t SET v = 1") == Some(FileFault::Damaged));
        damage(0);
        assert!(fault_of(&file, "UPDATE t SET v = 1") == Some(FileFault::Damaged));
    }
}
