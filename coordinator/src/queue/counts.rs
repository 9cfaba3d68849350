//! What a coordinator's process counts as it goes, since it was started. What the database knows is read there instead,
//! by [`live`](super::live).

use super::claim::Granted;
use prometheus_client::{
    metrics::{counter::Counter, histogram::Histogram},
    registry::{Registry, Unit},
};

/// Bounds of Syncs, in seconds.
const SYNC: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0];

/// Counts of one process; those of all coordinators are to be added up. A copy adds to the same counts. What a
/// transaction did is counted once it is committed.
#[derive(Debug, Clone)]
pub struct Counts {
    /// Syncs until all that they said was taken in and what was there to hand out was found, in seconds; waiting for
    /// work aside.
    pub(super) sync_seconds: Histogram,
    /// Syncs that failed: the database is away, or another worker has the name.
    pub(super) syncs_failed: Counter,
    pub(super) leases_granted: Counter,
    pub(super) jobs_granted: Counter,
    /// Jobs among these that had been handed out before.
    pub(super) double_dispatches: Counter,
    /// Leases whose worker was not heard of.
    pub(super) leases_expired: Counter,
    /// Leases whose worker is heard of, but finishes nothing.
    pub(super) leases_stuck: Counter,
    /// Reports of leases that were lost meanwhile: their jobs were done twice, or will be.
    pub(super) stale_reports: Counter,
}

impl Default for Counts {
    fn default() -> Self {
        Self {
            sync_seconds: Histogram::new(SYNC),
            syncs_failed: Counter::default(),
            leases_granted: Counter::default(),
            jobs_granted: Counter::default(),
            double_dispatches: Counter::default(),
            leases_expired: Counter::default(),
            leases_stuck: Counter::default(),
            stale_reports: Counter::default(),
        }
    }
}

impl Counts {
    /// Leases were handed out.
    pub(super) fn granted(&self, leases: &[Granted]) {
        for lease in leases {
            let jobs = u64::from(lease.ordinals.end - lease.ordinals.start);
            self.leases_granted.inc();
            self.jobs_granted.inc_by(jobs);
            if lease.again {
                self.double_dispatches.inc_by(jobs);
            }
        }
    }

    /// Adds all to what is told, under their names in docs/metrics.md.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("superposed_coordinator");
        let Self {
            sync_seconds,
            syncs_failed,
            leases_granted,
            jobs_granted,
            double_dispatches,
            leases_expired,
            leases_stuck,
            stale_reports,
        } = self.clone();
        registry.register_with_unit("sync", "Syncs, waiting for work aside", Unit::Seconds, sync_seconds);
        registry.register("syncs_failed", "Syncs that failed", syncs_failed);
        registry.register("leases_granted", "Leases handed out", leases_granted);
        registry.register("jobs_granted", "Jobs handed out", jobs_granted);
        registry.register("double_dispatches", "Jobs handed out once more", double_dispatches);
        registry.register("leases_expired", "Leases whose worker was not heard of", leases_expired);
        registry.register("leases_stuck", "Leases whose worker finished nothing", leases_stuck);
        registry.register("stale_reports", "Reports of leases that were lost meanwhile", stale_reports);
    }
}
