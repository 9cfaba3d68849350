//! A lease on its way through the stages.

use crate::assignment::Assignment;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use superposed_shared::description::CampaignDescription;
use tracing::Span;

/// A lease to be worked off.
#[derive(Debug, Clone)]
pub struct Work {
    /// The lease's fence.
    pub epoch: u64,
    /// The campaign's number.
    pub campaign: i64,
    /// What the campaign is.
    pub description: Arc<CampaignDescription>,
    /// The jobs.
    pub assignment: Assignment,
    /// Set when the lease is no longer held: its work stops at the next neuron.
    pub stop: Arc<AtomicBool>,
    /// The lease's span; those of its work are its children.
    pub span: Span,
}

/// A lease that some stage works on.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) work: Work,
    /// Set when a stage met trouble: what is left of the lease is not worth doing.
    given_up: AtomicBool,
}

impl Lease {
    pub(super) fn new(work: Work) -> Arc<Self> {
        Arc::new(Self { work, given_up: AtomicBool::new(false) })
    }

    /// Whether nothing more should be done for it.
    pub(super) fn stopped(&self) -> bool {
        self.work.stop.load(Ordering::Relaxed) || self.given_up()
    }

    /// Whether a stage met trouble with it.
    pub(super) fn given_up(&self) -> bool {
        self.given_up.load(Ordering::Relaxed)
    }

    /// Has the stages pass over what is left of it. Whether nobody had before.
    pub(super) fn give_up(&self) -> bool {
        !self.given_up.swap(true, Ordering::Relaxed)
    }
}

/// What a stage hands to the next.
#[derive(Debug)]
pub(super) enum Step<T> {
    /// A batch.
    Batch(Arc<Lease>, T),
    /// Why the lease's campaign cannot be worked on.
    Trouble(Arc<Lease>, String),
    /// There is nothing more of the lease.
    End(Arc<Lease>),
}
