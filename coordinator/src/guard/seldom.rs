//! What happens often and is said seldom: a flood must not fill the log.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

/// Once in this time it is said.
const EVERY: Duration = Duration::from_secs(10);

/// Counts what is not said.
#[derive(Debug, Default)]
pub(super) struct Seldom(Mutex<(Option<Instant>, u64)>);

impl Seldom {
    /// Says it, with how often it happened since it was said last, unless that was just now.
    pub(super) fn say(&self, say: impl FnOnce(u64)) {
        let mut last = self.0.lock().expect("nothing panics with it");
        last.1 += 1;
        if last.0.is_none_or(|said| said.elapsed() >= EVERY) {
            say(last.1);
            *last = (Some(Instant::now()), 0);
        }
    }
}
