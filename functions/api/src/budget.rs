//! Limits how many bytes of requests and answers are in memory at once, in all and for each owner.
//!
//! A request reserves room once, before its body is read; an answer before its records are read. Nobody waits for more
//! while holding some, so there is no deadlock. A caller that waits too long is told to try again.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::response::Response;
use headway_core::UserId;
use http_body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::problem::ApiErrorResponse;

/// The limit for all, in bytes as sent. Processing them takes a few times as much memory.
const BYTES_MAX: usize = 64 << 20;
/// The limit for one owner, so that the others always have room.
const OWNER_BYTES_MAX: usize = BYTES_MAX / 2;
/// A smaller request or answer is not counted: the number of connections limits those.
const UNCOUNTED_BYTES_MAX: usize = 16 << 10;
/// How long to wait for room.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// Room is counted in these units.
const UNIT_BYTES: usize = 1 << 10;

/// The memory that may be used.
#[derive(Debug)]
pub(crate) struct Budget {
    all: Arc<Semaphore>,
    /// The owners who hold or wait for some.
    owners: Mutex<HashMap<UserId, Weak<Semaphore>>>,
}

/// A reservation, until it is dropped.
#[derive(Debug)]
pub(crate) struct Room {
    /// The owner's share, and the share of the total.
    held: Option<(OwnedSemaphorePermit, OwnedSemaphorePermit)>,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self { all: Arc::new(Semaphore::new(BYTES_MAX / UNIT_BYTES)), owners: Mutex::default() }
    }

    /// Reserves `bytes` for this owner.
    ///
    /// # Errors
    ///
    /// `busy` if there is no room for some seconds.
    pub(crate) async fn room(&self, owner: &UserId, bytes: usize) -> Result<Room, ApiErrorResponse> {
        if bytes <= UNCOUNTED_BYTES_MAX {
            return Ok(Room { held: None });
        }
        let units = u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX);
        let own = self.share_of(owner);
        let both = async { Some((own.acquire_many_owned(units).await.ok()?, self.all.clone().acquire_many_owned(units).await.ok()?)) };
        match timeout(WAIT_MAX, both).await {
            Ok(Some(held)) => Ok(Room { held: Some(held) }),
            _ => Err(ApiErrorResponse::busy("too many large requests and answers are being processed: send the same request again")),
        }
    }

    fn share_of(&self, owner: &UserId) -> Arc<Semaphore> {
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = owners.get(owner).and_then(Weak::upgrade) {
            return share;
        }
        owners.retain(|_, share| share.strong_count() > 0);
        let share = Arc::new(Semaphore::new(OWNER_BYTES_MAX / UNIT_BYTES));
        owners.insert(owner.clone(), Arc::downgrade(&share));
        share
    }
}

impl Room {
    /// The answer. It keeps the room that its body needs until the body has been sent.
    pub(crate) fn until_sent(mut self, response: Response) -> Response {
        let Some((own, all)) = &mut self.held else { return response };
        let bytes = usize::try_from(response.body().size_hint().lower()).unwrap_or(usize::MAX);
        let keep = bytes.div_ceil(UNIT_BYTES);
        for permit in [own, all] {
            drop(permit.num_permits().checked_sub(keep).and_then(|rest| permit.split(rest)));
        }
        response.map(|body| Body::new(BodyWithRoom { body, _room: self }))
    }
}

/// A body, and the room reserved for it.
struct BodyWithRoom {
    body: Body,
    _room: Room,
}

impl HttpBody for BodyWithRoom {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: usize = 4_500_000;

    fn owner(name: &str) -> UserId {
        UserId::new(name).unwrap()
    }

    /// Bug found: three hundred unfinished uploads took 1.3 GB.
    #[tokio::test(start_paused = true)]
    async fn one_owner_gets_half_at_most_and_all_owners_the_limit() {
        let budget = Budget::new();
        let mut held = Vec::new();
        for name in ["ann", "bob", "eve"] {
            while let Ok(room) = budget.room(&owner(name), PART).await {
                held.push((name, room));
            }
        }
        let of = |name| held.iter().filter(|(whose, _)| *whose == name).count();
        assert_eq!((of("ann"), of("bob"), of("eve")), (7, 7, 0));
        let refused = budget.room(&owner("eve"), PART).await.unwrap_err();
        assert_eq!(refused.problem_type(), crate::problem::ProblemType::Busy);
        budget.room(&owner("eve"), UNCOUNTED_BYTES_MAX).await.unwrap();
        drop(held.pop());
        budget.room(&owner("eve"), PART).await.unwrap();
        drop(held);
        assert_eq!(budget.all.available_permits(), BYTES_MAX / UNIT_BYTES, "all room is free again");
    }

    /// There is no deadlock: a waiting caller continues as soon as another is done, and a caller that gives up leaves
    /// nothing behind.
    #[tokio::test(start_paused = true)]
    async fn freed_room_is_used_by_the_next_caller() {
        let budget = Budget::new();
        let ann = owner("ann");
        let rooms = futures::future::join_all((0..7).map(|_| budget.room(&ann, PART))).await;
        assert!(timeout(Duration::from_secs(1), budget.room(&ann, PART)).await.is_err(), "the caller gave up");
        let (next, ()) = tokio::join!(budget.room(&ann, PART), async { drop(rooms) });
        drop(next.unwrap());
        budget.room(&owner("bob"), 1 << 20).await.unwrap();
        assert!(budget.owners.lock().unwrap().len() <= 1, "owners who hold nothing are removed");
    }

    #[tokio::test]
    async fn an_answer_keeps_its_room_until_it_is_sent() {
        let budget = Budget::new();
        let room = budget.room(&owner("ann"), PART).await.unwrap();
        let response = room.until_sent(Response::new(Body::from(vec![0; 100 << 10])));
        assert_eq!(BYTES_MAX / UNIT_BYTES - budget.all.available_permits(), 100);
        drop(response);
        assert_eq!(budget.all.available_permits(), BYTES_MAX / UNIT_BYTES);
    }
}
