//! What can happen to a request on its way to AWS and to its answer on the way back, and to which requests it can.

/// A fault of the wire or of the service behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nobody listens.
    Refused,
    /// The connection is not made in the time that the client gives it.
    ConnectTimeout,
    /// The connection breaks: the service has the request, but a moment later than its sender sends it again.
    ArrivesLate,
    /// The connection breaks when everything is done.
    AnswerLost,
    /// The connection breaks in the middle of the answer.
    AnswerCutOff,
    /// The answer takes longer than a function may run.
    SlowAnswer,
    /// The connection stays, and nobody answers.
    NoAnswer,
    /// A 500, and nothing was done.
    ServerError,
    /// A 500, and yet everything was done.
    ServerErrorAfter,
    /// A 503 of whatever stands before the service, not in its protocol.
    Unavailable,
    /// Too many requests of this table or queue.
    Throttled,
    /// Too many requests of the account.
    ThrottledAsAccount,
    /// A transaction cancelled since another has one of its items in hand.
    TransactionConflict,
    /// A transaction cancelled since the table is busy.
    TransactionThrottled,
    /// A transaction that is under way already.
    TransactionInProgress,
    /// A write to an item that a transaction has in hand.
    ItemInTransaction,
    /// Keys of a batch that were not read, or not written.
    LeftOver,
    /// Messages of a batch that were not accepted.
    EntriesRefused,
    /// A page of less than was asked for, with more behind it.
    ShortPage,
    /// An index that does not have an entry yet.
    IndexBehind,
}

/// Those that any request can meet.
const OF_ANY: &[Fault] = &[
    Fault::Refused,
    Fault::ConnectTimeout,
    Fault::AnswerLost,
    Fault::AnswerCutOff,
    Fault::SlowAnswer,
    Fault::NoAnswer,
    Fault::ServerError,
    Fault::ServerErrorAfter,
    Fault::Unavailable,
    Fault::Throttled,
    Fault::ThrottledAsAccount,
];

impl Fault {
    pub(super) const ALL: &[Self] = &[
        Self::Refused,
        Self::ConnectTimeout,
        Self::ArrivesLate,
        Self::AnswerLost,
        Self::AnswerCutOff,
        Self::SlowAnswer,
        Self::NoAnswer,
        Self::ServerError,
        Self::ServerErrorAfter,
        Self::Unavailable,
        Self::Throttled,
        Self::ThrottledAsAccount,
        Self::TransactionConflict,
        Self::TransactionThrottled,
        Self::TransactionInProgress,
        Self::ItemInTransaction,
        Self::LeftOver,
        Self::EntriesRefused,
        Self::ShortPage,
        Self::IndexBehind,
    ];

    /// Those that requests of this operation can meet: of any, and of its own.
    pub(super) fn of(operation: &str) -> (&'static [Self], &'static [Self]) {
        let own: &[Self] = match operation {
            "PutItem" | "UpdateItem" | "DeleteItem" => &[Self::ArrivesLate, Self::ItemInTransaction],
            "TransactWriteItems" => {
                &[Self::ArrivesLate, Self::TransactionConflict, Self::TransactionThrottled, Self::TransactionInProgress]
            }
            "BatchGetItem" => &[Self::LeftOver],
            "BatchWriteItem" => &[Self::ArrivesLate, Self::LeftOver],
            "SendMessageBatch" => &[Self::ArrivesLate, Self::EntriesRefused],
            "Query" => &[Self::ShortPage, Self::IndexBehind],
            _ => &[],
        };
        (OF_ANY, own)
    }

    /// What it is counted as.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Refused => "wire: connection refused",
            Self::ConnectTimeout => "wire: connecting timed out",
            Self::ArrivesLate => "wire: request arrived after its retry",
            Self::AnswerLost => "wire: answer lost",
            Self::AnswerCutOff => "wire: answer cut off",
            Self::SlowAnswer => "wire: answer slower than a function may run",
            Self::NoAnswer => "wire: no answer",
            Self::ServerError => "wire: 500",
            Self::ServerErrorAfter => "wire: 500 after the effect",
            Self::Unavailable => "wire: 503",
            Self::Throttled => "wire: throttled",
            Self::ThrottledAsAccount => "wire: account throttled",
            Self::TransactionConflict => "wire: transaction cancelled by another",
            Self::TransactionThrottled => "wire: transaction throttled",
            Self::TransactionInProgress => "wire: transaction in progress",
            Self::ItemInTransaction => "wire: item in a transaction",
            Self::LeftOver => "wire: keys left over",
            Self::EntriesRefused => "wire: entries refused",
            Self::ShortPage => "wire: page asked for in one item",
            Self::IndexBehind => "wire: index asked that may be behind",
        }
    }
}
