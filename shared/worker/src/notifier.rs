//! Sends each notice to its target: to the job's endpoint, or to the event bus. Another target has its adapter here.

use std::sync::Arc;

use async_trait::async_trait;
use headway_core::Clock;
use headway_core::config::{ConfigError, EventsTo, HEADWAY_EVENT_BUS, events_to, optional};
use headway_core::job::{SendResult, Target};
use headway_core::notice::{Notice, NoticeSender};

use crate::callbacks::Callbacks;
use crate::events::Events;

/// Sends notices to all targets.
#[derive(Debug)]
pub struct Notifier {
    callbacks: Callbacks,
    events: Option<Events>,
}

impl Notifier {
    /// Sends to the endpoints that the environment names, and to this bus or file.
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
impl NoticeSender for Notifier {
    async fn send(&self, notice: &Notice) -> SendResult {
        match (notice.kind.target(), &self.events) {
            (Target::Endpoint, _) => self.callbacks.send(notice).await,
            (Target::Bus, Some(events)) => events.send(notice).await,
            // The bus may have been removed since the job was started, or this worker does not have the setting yet.
            (Target::Bus, None) => SendResult::Failed(format!("the worker has no bus for events: {HEADWAY_EVENT_BUS} is not set")),
        }
    }
}
