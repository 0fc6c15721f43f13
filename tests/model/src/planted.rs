//! Bugs to plant: each a rule or a procedure of the protocol, broken. They are what a checker that finds nothing is held
//! against.

/// What is broken.
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
    /// Who parks does not look again whether the job still stands.
    ParkWithoutLooking,
    /// Failures are cleared for whatever round the outcome row is in.
    ClearOfAnyRound,
    /// A part is stamped though it changed.
    StampBlindly,
    /// The election of a round leaves the roll-ups of the last.
    RetryKeepsRollUps,
    /// Who finds a chunk settled does not look upward.
    NoLookWhenSettled,
    /// A message is deleted when it is received.
    AcknowledgeFirst,
    /// A chunk's messages are parked in one place.
    OneParkKey,
    /// A kept message is forgotten before it is sent.
    UnparkBeforeSend,
    /// A merge that changed nothing shows nothing.
    ShowOnlyChanges,
    /// An outcome row is put whatever its version.
    MergeBlindly,
    /// Results begun before the clear count.
    MergeOldResults,
    /// A job is created without the numbers of its parts, though its items are all in hand.
    CreateReservesNothing,
    /// A job is sealed whatever parts were reserved.
    SealWithoutTop,
    /// A submission that was abandoned is sealed.
    SealAbandoned,
    /// An update makes the row it does not find.
    UpdateCreates,
    /// The sweep takes what ended for shown.
    NoReconcile,
    /// The sweep abandons a submission that has just gone on.
    AbandonTouched,
    /// What the queue accepted in part is taken for accepted.
    PartialSendIsDone,
    /// The end is never elected.
    NeverEnds,
    /// A deletion is not kept from a round that has begun.
    DeleteOfAnyRound,
}
