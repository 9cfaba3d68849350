//! Time outside the database: pacing, patience, deadlines of leases.
//!
//! It is the runtime's clock, which tests stop and turn on as they like: nothing that reads it needs a test that sleeps.
//! The queue knows only the database's time.

use std::{future::Future, time::Duration};

pub use tokio::time::Instant;

/// A monotonic clock. All clocks of a process show the same.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock;

impl Clock {
    /// The moment.
    #[must_use]
    pub fn now(self) -> Instant {
        Instant::now()
    }

    /// What a future gives before `deadline`; nothing when it takes longer, and then it is dropped.
    pub async fn before<F: Future>(self, deadline: Instant, future: F) -> Option<F::Output> {
        tokio::time::timeout_at(deadline, future).await.ok()
    }

    /// What a future gives within `patience`; nothing when it takes longer, and then it is dropped.
    pub async fn within<F: Future>(self, patience: Duration, future: F) -> Option<F::Output> {
        tokio::time::timeout(patience, future).await.ok()
    }
}
