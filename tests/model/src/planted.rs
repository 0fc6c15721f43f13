//! Bugs to plant: each breaks a rule or a procedure of the protocol. A checker must find them; otherwise it shows
//! nothing.

/// The planted bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Planted {
    /// A part is rolled up into whatever round the job is in.
    RollUpOfAnyRound,
    /// A job fails in whatever round it is in.
    FailOfAnyRound,
    /// A clean settle adds to what is there.
    BareAdd,
    /// A clean settle does not exclude an outcome row.
    CleanOverOutcome,
    /// A worker that parks a message does not check again that the job is still live.
    ParkWithoutLooking,
    /// Failures are cleared for whatever round the outcome row is in.
    ClearOfAnyRound,
    /// A part is stamped although it has changed.
    StampBlindly,
    /// A new round begins without removing the roll-ups of the last.
    RetryKeepsRollUps,
    /// A worker that finds a chunk settled does not look upward.
    NoLookWhenSettled,
    /// A message is deleted when it is received.
    AcknowledgeFirst,
    /// All messages of a chunk are parked in one row.
    OneParkKey,
    /// A kept message is forgotten before it is sent.
    UnparkBeforeSend,
    /// A merge that changed nothing shows nothing.
    ShowOnlyChanges,
    /// An outcome row is put whatever its version is.
    MergeBlindly,
    /// Results of attempts that began before the clear count.
    MergeOldResults,
    /// A job is created without the numbers of its parts, though its items are all in hand.
    CreateReservesNothing,
    /// A job is sealed whatever parts were reserved.
    SealWithoutTop,
    /// A submission that was abandoned is sealed.
    SealAbandoned,
    /// An update creates the row if it does not exist.
    UpdateCreates,
    /// The sweep assumes that what ended is shown.
    NoReconcile,
    /// The sweep abandons a submission that has just continued.
    AbandonTouched,
    /// A batch that the queue accepted partly counts as accepted.
    PartialSendIsDone,
    /// The end is never written.
    NeverEnds,
    /// A deletion is allowed although a round has begun.
    DeleteOfAnyRound,
    /// A retry leaves a round with an untold end, and does not keep that end.
    RetryForgetsNotices,
    /// The sweep does not look for ends that were not told.
    LostNoticesAreNotMissed,
    /// A message that meets an ended job announces nothing.
    MetEndsAreNotAnnounced,
    /// The result of a notice is written over results of other notices that others have written since.
    NoteOverOthers,
    /// A retry clears failures without looking for corrections.
    CorrectionsAreNotRead,
    /// Corrections are counted although a retry has left their round.
    CorrectAfterTheRetry,
    /// A message from before the clear runs the value that it carries.
    OldMessagesRunOldValues,
    /// Items of a halved call that come in messages of their own are added to those that are shown already.
    HalvesAreAdded,
    /// Each item of a call gets the result of another one.
    ResultsOfOtherItems,
    /// An answer with too few results counts as complete.
    TooFewResultsAreCompleted,
    /// The second extra row that a chunk needs is not written.
    AnExtraRowIsLost,
    /// Of two workers with the same results, the one that came second deletes the extra rows of both.
    SecondWriterForgetsAll,
}
