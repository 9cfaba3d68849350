//! How long to wait for a coordinator that is away.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// Doubling waits with jitter, so that workers do not come back all at once.
#[derive(Debug)]
pub(super) struct Backoff {
    wait: Duration,
    noise: u64,
}

impl Backoff {
    pub(super) const fn new(seed: u64) -> Self {
        Self { wait: FIRST, noise: seed | 1 }
    }

    /// The next wait: between half and all of twice the last.
    pub(super) fn next(&mut self) -> Duration {
        // A linear congruential step (constants of Knuth's MMIX): chance enough to spread workers.
        self.noise = self.noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let share = f64::from((self.noise >> 33) as u32) / f64::from(1u32 << 31);
        let wait = self.wait.mul_f64(0.5 + share / 2.0);
        self.wait = (self.wait * 2).min(LONGEST);
        wait
    }

    pub(super) const fn reset(&mut self) {
        self.wait = FIRST;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_their_limit_and_start_over_after_success() {
        let mut backoff = Backoff::new(42);
        let waits: Vec<_> = (0..10).map(|_| backoff.next()).collect();
        assert!(waits[0] >= FIRST / 2 && waits[0] <= FIRST);
        assert!(waits[9] >= LONGEST / 2 && waits[9] <= LONGEST);
        backoff.reset();
        assert!(backoff.next() <= FIRST);
    }
}
