//! How many bytes of requests and answers the service holds at once, over all of them, and of one owner.
//!
//! A request asks for room once, before it reads its body, and an answer before its records are read. Nobody who holds room
//! waits for more, so nobody can wait for ever; whoever waits for too long is told to try again.

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

/// What is held at once, in bytes, as it is sent: what becomes of it takes some times as much.
const BYTES_MAX: usize = 64 << 20;
/// What one owner's requests and answers may hold of that, so that others have room whatever one does.
const OWNER_BYTES_MAX: usize = BYTES_MAX / 2;
/// So little is not counted: the number of connections bounds it.
const UNCOUNTED_BYTES_MAX: usize = 16 << 10;
/// How long to wait for room.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// Room is counted in these units.
const UNIT_BYTES: usize = 1 << 10;

/// The room there is.
#[derive(Debug)]
pub(crate) struct Budget {
    all: Arc<Semaphore>,
    /// Of owners who hold or wait for some.
    owners: Mutex<HashMap<UserId, Weak<Semaphore>>>,
}

/// Some of it, until dropped.
#[derive(Debug)]
pub(crate) struct Room {
    /// The owner's share, and the one of all.
    held: Option<(OwnedSemaphorePermit, OwnedSemaphorePermit)>,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self { all: Arc::new(Semaphore::new(BYTES_MAX / UNIT_BYTES)), owners: Mutex::default() }
    }

    /// Room for `bytes` of this owner's.
    ///
    /// # Errors
    /// `busy` if there is none for some seconds.
    pub(crate) async fn room(&self, owner: &UserId, bytes: usize) -> Result<Room, ApiErrorResponse> {
        if bytes <= UNCOUNTED_BYTES_MAX {
            return Ok(Room { held: None });
        }
        let units = u32::try_from(bytes.div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX);
        let own = self.share_of(owner);
        let both = async { Some((own.acquire_many_owned(units).await.ok()?, self.all.clone().acquire_many_owned(units).await.ok()?)) };
        match timeout(WAIT_MAX, both).await {
            Ok(Some(held)) => Ok(Room { held: Some(held) }),
            _ => Err(ApiErrorResponse::busy("too many large requests and answers are under way: send the same again")),
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
    /// The answer, which keeps as much room as its body takes until that is sent.
    pub(crate) fn until_sent(mut self, response: Response) -> Response {
        let Some((own, all)) = &mut self.held else { return response };
        let bytes = usize::try_from(response.body().size_hint().lower()).unwrap_or(usize::MAX);
        let keep = bytes.div_ceil(UNIT_BYTES);
        for permit in [own, all] {
            drop(permit.num_permits().checked_sub(keep).and_then(|rest| permit.split(rest)));
        }
        response.map(|body| Body::new(Held { body, _room: self }))
    }
}

/// A body, and the room it takes.
struct Held {
    body: Body,
    _room: Room,
}

impl HttpBody for Held {
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

    /// What broke it: three hundred unfinished uploads held 1.3 GB.
    #[tokio::test(start_paused = true)]
    async fn one_owner_holds_half_at_most_and_all_no_more_than_there_is() {
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
        assert_eq!(budget.all.available_permits(), BYTES_MAX / UNIT_BYTES, "all of it is back");
    }

    /// Waiting is no deadlock: who comes later goes on as soon as another is done, and a caller that gives up leaves nothing.
    #[tokio::test(start_paused = true)]
    async fn room_that_is_given_back_is_used_by_the_next() {
        let budget = Budget::new();
        let ann = owner("ann");
        let rooms = futures::future::join_all((0..7).map(|_| budget.room(&ann, PART))).await;
        assert!(timeout(Duration::from_secs(1), budget.room(&ann, PART)).await.is_err(), "the caller gave up");
        let (next, ()) = tokio::join!(budget.room(&ann, PART), async { drop(rooms) });
        drop(next.unwrap());
        budget.room(&owner("bob"), 1 << 20).await.unwrap();
        assert!(budget.owners.lock().unwrap().len() <= 1, "who holds nothing is forgotten");
    }

    #[tokio::test]
    async fn an_answer_keeps_what_it_takes_until_it_is_sent() {
        let budget = Budget::new();
        let room = budget.room(&owner("ann"), PART).await.unwrap();
        let response = room.until_sent(Response::new(Body::from(vec![0; 100 << 10])));
        assert_eq!(BYTES_MAX / UNIT_BYTES - budget.all.available_permits(), 100);
        drop(response);
        assert_eq!(budget.all.available_permits(), BYTES_MAX / UNIT_BYTES);
    }
}
