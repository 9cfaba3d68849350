//! Waiting for what can be observed.

use std::time::{Duration, Instant};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Looks until there is something to see. Fails when there is nothing for two minutes.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(start.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain until {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
