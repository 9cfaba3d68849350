//! The leases a worker holds.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use superposed_shared::clock::Instant;
use tracing::Span;

#[derive(Debug)]
struct Held {
    /// Jobs neither done nor failed yet.
    jobs: u32,
    deadline: Instant,
    /// All that is left of it is to write its files.
    mined: bool,
    stop: Arc<AtomicBool>,
    span: Span,
}

/// The leases a worker holds, by epoch.
#[derive(Debug, Default)]
pub(super) struct Leases {
    held: BTreeMap<u64, Held>,
    /// Jobs of leases that were lost but whose work has not ended: there is no room for others yet.
    ending: BTreeMap<u64, u32>,
    asked_in_vain: bool,
}

impl Leases {
    /// Takes a lease; returns what stops its work.
    pub(super) fn take(&mut self, epoch: u64, jobs: u32, deadline: Instant, span: Span) -> Arc<AtomicBool> {
        let stop = Arc::new(AtomicBool::new(false));
        self.held.insert(epoch, Held { jobs, deadline, mined: false, stop: Arc::clone(&stop), span });
        stop
    }

    /// The span of a lease; none when it was lost.
    pub(super) fn span(&self, epoch: u64) -> Span {
        self.held.get(&epoch).map_or_else(Span::none, |held| held.span.clone())
    }

    pub(super) fn any(&self) -> bool {
        !self.held.is_empty()
    }

    /// Jobs neither done nor failed yet, over all leases, and over those lost whose work has not ended.
    pub(super) fn jobs(&self) -> u32 {
        self.held.values().map(|held| held.jobs).chain(self.ending.values().copied()).sum()
    }

    pub(super) fn epochs(&self) -> Vec<u64> {
        self.held.keys().copied().collect()
    }

    /// All jobs of a lease are mined.
    pub(super) fn note_mined(&mut self, epoch: u64) {
        if let Some(held) = self.held.get_mut(&epoch) {
            held.mined = true;
        }
    }

    /// The leases whose jobs are all mined.
    pub(super) fn mined(&self) -> Vec<u64> {
        self.held.iter().filter(|(_, held)| held.mined).map(|(epoch, _)| *epoch).collect()
    }

    /// Some jobs of a lease are done or failed.
    pub(super) fn settle(&mut self, epoch: u64, jobs: u32) {
        if let Some(held) = self.held.get_mut(&epoch) {
            held.jobs = held.jobs.saturating_sub(jobs);
        }
        // There is room again, and so a reason to ask.
        self.asked_in_vain = false;
    }

    /// Forgets a lease whose work has ended; returns how many of its jobs are neither done nor failed, none when it was
    /// lost.
    pub(super) fn remove(&mut self, epoch: u64) -> u32 {
        self.ending.remove(&epoch);
        self.held.remove(&epoch).map_or(0, |held| held.jobs)
    }

    /// The lease is another's now: its work stops. False when it was forgotten already.
    pub(super) fn revoke(&mut self, epoch: u64) -> bool {
        let Some(held) = self.held.remove(&epoch) else { return false };
        held.stop();
        tracing::info!(parent: &held.span, "lease revoked");
        self.ending.insert(epoch, held.jobs);
        true
    }

    /// Those of `epochs` that are still held last until `deadline`.
    pub(super) fn renew(&mut self, epochs: &[u64], deadline: Instant) {
        for epoch in epochs {
            if let Some(held) = self.held.get_mut(epoch) {
                held.deadline = deadline;
            }
        }
    }

    /// Stops the work of leases whose time is up: another may have it.
    pub(super) fn stop_expired(&self, now: Instant) {
        self.held.values().filter(|held| held.deadline <= now).for_each(Held::stop);
    }

    /// When the next lease runs out after `now`.
    pub(super) fn next_deadline(&self, now: Instant) -> Option<Instant> {
        self.held.values().map(|held| held.deadline).filter(|deadline| *deadline > now).min()
    }

    pub(super) fn stop_all(&self) {
        self.held.values().for_each(Held::stop);
    }

    /// What became of asking for work.
    pub(super) const fn note_answer(&mut self, nothing: bool) {
        self.asked_in_vain = nothing;
    }

    /// Whether there was no work when it was last asked for.
    pub(super) const fn asked_in_vain(&self) -> bool {
        self.asked_in_vain
    }
}

impl Held {
    fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn work_stops_when_its_lease_is_lost_or_runs_out() {
        let start = Instant::now();
        let mut leases = Leases::default();
        let mut take = |epoch| leases.take(epoch, 10, start + Duration::from_secs(epoch), Span::none());
        let stops: Vec<_> = (1..4).map(&mut take).collect();
        let stopped = || stops.iter().map(|stop| stop.load(Ordering::Relaxed)).collect::<Vec<_>>();
        assert!(leases.revoke(3) && !leases.revoke(3));
        leases.renew(&[2, 3], start + Duration::from_secs(60));
        leases.stop_expired(start + Duration::from_secs(5));
        assert_eq!(stopped(), [true, false, true]);
        leases.note_mined(2);
        leases.note_mined(3);
        assert_eq!(leases.mined(), [2]);
        leases.settle(2, 4);
        assert_eq!((leases.jobs(), leases.remove(2), leases.epochs()), (26, 6, vec![1]));
        // What was lost takes room until its work has ended.
        assert_eq!((leases.jobs(), leases.remove(3), leases.jobs()), (20, 0, 10));
    }
}
