//! The types of problems. Another one is a variant, its row, its example, and the calls that answer with it
//! ([`ProblemType::calls`]). The OpenAPI document and the page `/docs` list it by themselves. A conflict with the job's
//! state says in [`ProblemType::of`] which type it is.

use headway_core::{Conflict, JobStatus};
use http::StatusCode;
use strum::VariantArray;

/// The types of problems, each with one status and one title, in order of their statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, VariantArray)]
pub enum ProblemType {
    /// The request cannot be read.
    Malformed,
    /// The page token was not made by this service, is for another list, or is too old.
    PageToken,
    /// There is no valid token.
    Unauthenticated,
    /// The token is valid but does not allow this.
    Scope,
    /// It does not exist, or belongs to another owner.
    NotFound,
    /// The path does not support this method.
    Method,
    /// The job has ended.
    JobEnded,
    /// The job has not ended.
    JobNotEnded,
    /// No item has failed, and nothing is parked.
    NothingToRetry,
    /// The round in the request is not the job's current round.
    RoundDiffers,
    /// The part exists with different content, or a part next to it has some of its indexes.
    PartDiffers,
    /// A part is missing, or the parts leave a gap.
    PartMissing,
    /// The job is sealed and takes no more parts.
    Sealed,
    /// It is larger than a limit.
    TooLarge,
    /// The call does not support this media type or encoding.
    MediaType,
    /// It can be read but is not valid.
    Invalid,
    /// There is no processor with that name.
    UnknownProcessor,
    /// The `Idempotency-Key` was used before with another body.
    IdempotencyKeyReused,
    /// A quota of the owner is used up.
    Quota,
    /// A fault of this service.
    Internal,
    /// Try again in a moment.
    Busy,
    /// The service's disk is full, or its files cannot be used: somebody has to repair that.
    Storage,
}

/// What a caller is told while there is no space left.
pub(super) const DISK_FULL: &str =
    "the server's disk is full: what was accepted is kept, and the same request is accepted once there is space again";

/// What an example of a type says.
pub(super) enum Example {
    /// This is its `detail`.
    Says(&'static str),
    /// It is this conflict.
    Is(Conflict),
}

/// Which calls can answer with a type.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Calls {
    /// Those whose handler declares the type's status.
    WithItsStatus,
    /// Of those, the ones that answer in pages.
    WithPages,
    /// Those with these operation ids. They need not declare the status.
    Only(&'static [&'static str]),
}

impl ProblemType {
    /// All of them, in order of their statuses.
    pub(crate) const ALL: &'static [Self] = Self::VARIANTS;

    /// The type of a request that is not possible in the job's state.
    pub(super) const fn of(conflict: &Conflict) -> Self {
        match conflict {
            Conflict::JobEnded(_) | Conflict::Cancelled => Self::JobEnded,
            Conflict::JobNotEnded(_) => Self::JobNotEnded,
            Conflict::NothingToRetry => Self::NothingToRetry,
            Conflict::RoundDiffers(_) => Self::RoundDiffers,
            Conflict::PartDiffers(_) | Conflict::PartsOverlap { .. } => Self::PartDiffers,
            Conflict::PartMissing(_) | Conflict::PartsDoNotJoin { .. } | Conflict::PartBeyond(_) => Self::PartMissing,
            Conflict::Sealed => Self::Sealed,
        }
    }

    /// The last word of the URN, the status and the title.
    pub(super) const fn row(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::Malformed => ("malformed", StatusCode::BAD_REQUEST, "The request cannot be read"),
            Self::PageToken => ("page-token", StatusCode::BAD_REQUEST, "The page token is not valid here"),
            Self::Unauthenticated => ("unauthenticated", StatusCode::UNAUTHORIZED, "A valid token is needed"),
            Self::Scope => ("scope", StatusCode::FORBIDDEN, "The token does not allow this"),
            Self::NotFound => ("not-found", StatusCode::NOT_FOUND, "Not found"),
            Self::Method => ("method", StatusCode::METHOD_NOT_ALLOWED, "The method is not allowed here"),
            Self::MediaType => ("media-type", StatusCode::UNSUPPORTED_MEDIA_TYPE, "The media type is not supported here"),
            Self::JobEnded => ("job-ended", StatusCode::CONFLICT, "The job has ended"),
            Self::JobNotEnded => ("job-not-ended", StatusCode::CONFLICT, "The job has not ended"),
            Self::NothingToRetry => ("nothing-to-retry", StatusCode::CONFLICT, "There is nothing to retry"),
            Self::RoundDiffers => ("round-differs", StatusCode::CONFLICT, "The job is in another round"),
            Self::PartDiffers => ("part-differs", StatusCode::CONFLICT, "The part does not agree with what is there"),
            Self::PartMissing => ("part-missing", StatusCode::CONFLICT, "The parts are not complete"),
            Self::Sealed => ("sealed", StatusCode::CONFLICT, "The job is sealed"),
            Self::TooLarge => ("too-large", StatusCode::PAYLOAD_TOO_LARGE, "The body is too large"),
            Self::Invalid => ("invalid", StatusCode::UNPROCESSABLE_ENTITY, "The job is not valid"),
            Self::UnknownProcessor => ("unknown-processor", StatusCode::UNPROCESSABLE_ENTITY, "There is no such processor"),
            Self::IdempotencyKeyReused => {
                ("idempotency-key-reused", StatusCode::UNPROCESSABLE_ENTITY, "The Idempotency-Key was used with another body")
            }
            Self::Quota => ("quota", StatusCode::TOO_MANY_REQUESTS, "A quota is used up"),
            Self::Busy => ("busy", StatusCode::SERVICE_UNAVAILABLE, "Busy, try again"),
            Self::Storage => ("storage", StatusCode::SERVICE_UNAVAILABLE, "The server cannot use its storage"),
            Self::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR, "Something failed inside the service"),
        }
    }

    /// Which calls can answer with this type.
    pub(crate) const fn calls(self) -> Calls {
        match self {
            Self::PageToken => Calls::WithPages,
            Self::UnknownProcessor | Self::IdempotencyKeyReused => Calls::Only(&["post_job"]),
            // A cancelled job takes neither a retry nor a correction.
            Self::JobEnded => {
                Calls::Only(&["put_job_part", "seal_job", "cancel_job", "pause_job", "resume_job", "retry_job", "correct_items"])
            }
            Self::JobNotEnded => Calls::Only(&["delete_job", "retry_job", "correct_items"]),
            Self::NothingToRetry => Calls::Only(&["retry_job"]),
            Self::RoundDiffers => Calls::Only(&["retry_job", "correct_items"]),
            Self::PartDiffers => Calls::Only(&["put_job_part"]),
            Self::PartMissing => Calls::Only(&["seal_job"]),
            Self::Sealed => Calls::Only(&["put_job_part", "seal_job"]),
            Self::Malformed
            | Self::Unauthenticated
            | Self::Scope
            | Self::NotFound
            | Self::Method
            | Self::TooLarge
            | Self::MediaType
            | Self::Invalid
            | Self::Quota
            | Self::Internal
            | Self::Busy
            | Self::Storage => Calls::WithItsStatus,
        }
    }

    /// An example, for the API's description.
    pub(super) const fn example(self) -> Example {
        Example::Says(match self {
            Self::Malformed => "the body is not valid JSON at line 1 column 17",
            Self::PageToken => "read the list again from its beginning, without a page token",
            Self::Unauthenticated => "send `Authorization: Bearer <token>`, once",
            Self::Scope => "the token lacks the scope jobs:write",
            Self::NotFound => "Job not found",
            Self::Method => "the path does not support PUT: use one of the methods in the header `Allow`",
            Self::MediaType => "send `Content-Type: application/json`, in UTF-8",
            Self::JobEnded => return Example::Is(Conflict::JobEnded(JobStatus::Completed)),
            Self::JobNotEnded => return Example::Is(Conflict::JobNotEnded(JobStatus::Processing)),
            Self::NothingToRetry => return Example::Is(Conflict::NothingToRetry),
            Self::RoundDiffers => return Example::Is(Conflict::RoundDiffers(2)),
            Self::PartDiffers => return Example::Is(Conflict::PartDiffers(0)),
            Self::PartMissing => return Example::Is(Conflict::PartMissing(1)),
            Self::Sealed => return Example::Is(Conflict::Sealed),
            Self::TooLarge => "the body is larger than 3000000 bytes",
            Self::Invalid => "1 problem in the body",
            Self::UnknownProcessor => "there is no processor with this name: use one of those listed in `known`",
            Self::IdempotencyKeyReused => "use a new key for a different body",
            Self::Quota => "starts in a minute: no more than 60",
            Self::Internal => "the log has the cause under this request id",
            Self::Busy => "the table or the queue did not answer: send the same request again",
            Self::Storage => DISK_FULL,
        })
    }

    /// Its HTTP status.
    pub const fn status(self) -> StatusCode {
        self.row().1
    }

    /// Its title.
    pub(crate) const fn title(self) -> &'static str {
        self.row().2
    }

    /// The last word of the `type`.
    pub(crate) const fn name(self) -> &'static str {
        self.row().0
    }

    /// The whole `type`.
    pub fn urn(self) -> String {
        format!("urn:headway:problem:{}", self.name())
    }
}
