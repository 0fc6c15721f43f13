//! Sends each notice to whom it is for: to the job's endpoint, or as an event.

use std::sync::Arc;

use async_trait::async_trait;
use headway_core::Clock;
use headway_core::config::{ConfigError, EventsTo, HEADWAY_EVENT_BUS, events_to, optional};
use headway_core::job::{NoticeKind, Told};
use headway_core::notice::{Notice, NoticeSender};

use crate::callbacks::Callbacks;
use crate::events::Events;

/// Callbacks and events.
#[derive(Debug)]
pub struct Notices {
    callbacks: Callbacks,
    events: Option<Events>,
}

impl Notices {
    /// To the endpoints in the environment, and events to there.
    pub fn new(events: Option<EventsTo>, clock: Arc<dyn Clock>) -> Self {
        Self { callbacks: Callbacks::from_env(clock.clone()), events: events.map(|to| Events::new(to, clock)) }
    }

    /// As the environment says.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`].
    pub fn from_env(clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        Ok(Self::new(events_to(&optional)?, clock))
    }
}

#[async_trait]
impl NoticeSender for Notices {
    async fn send(&self, notice: &Notice) -> Told {
        match (notice.kind, &self.events) {
            (NoticeKind::Callback, _) => self.callbacks.send(notice).await,
            (NoticeKind::JobStarted | NoticeKind::JobEnded, Some(events)) => events.send(notice).await,
            // The bus may have been removed since the job was started, or this worker does not have the setting yet.
            (NoticeKind::JobStarted | NoticeKind::JobEnded, None) => {
                Told::Failed(format!("the worker has no bus for events: {HEADWAY_EVENT_BUS} is not set"))
            }
        }
    }
}
