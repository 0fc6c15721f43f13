//! Time that passes: tokio's, which its tests can pause. The simulation lets it pass as it needs.

#[cfg(feature = "virtual-time")]
pub use headway_virtual_time::{Instant, sleep, sleep_until, timeout, timeout_at};
#[cfg(not(feature = "virtual-time"))]
pub use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
