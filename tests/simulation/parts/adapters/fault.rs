//! The faults that a request to AWS or its answer can meet, and which requests can meet them.

/// A fault of the wire or of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nobody listens.
    Refused,
    /// The connection is not made within the client's time limit.
    ConnectTimeout,
    /// The connection breaks. The service gets the request, but only after the sender has sent it again.
    ArrivesLate,
    /// The connection breaks after everything was done.
    AnswerLost,
    /// The connection breaks in the middle of the answer.
    AnswerCutOff,
    /// The answer takes longer than a function may run.
    SlowAnswer,
    /// The connection stays open, but nobody answers.
    NoAnswer,
    /// A 500, and nothing was done.
    ServerError,
    /// A 500, although everything was done.
    ServerErrorAfter,
    /// A 503 of a load balancer or gateway in front of the service, not in the service's protocol.
    Unavailable,
    /// Too many requests for this table or queue.
    Throttled,
    /// Too many requests for the account.
    ThrottledAsAccount,
    /// A transaction cancelled because another one holds one of its items.
    TransactionConflict,
    /// A transaction cancelled because the table is busy.
    TransactionThrottled,
    /// A transaction that is already running.
    TransactionInProgress,
    /// A write to an item that a transaction holds.
    ItemInTransaction,
    /// Keys of a batch that were not read or not written.
    LeftOver,
    /// Messages of a batch that were not accepted.
    EntriesRefused,
    /// A page with less than was asked for, and more after it.
    ShortPage,
    /// An index that does not have an entry yet.
    IndexBehind,
}

/// Faults of any request.
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

    /// Faults that this operation's requests can meet: those of any request, and its own.
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

    /// The name under which it is counted.
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
