//! The fence around leased rows.

use super::LeaseEpoch;

/// A lease as its worker names it. Whatever a worker says of its jobs goes through one: the statements that change
/// leased rows compare worker and epoch with those of the rows, and change nothing where they are no longer the same.
///
/// ```
/// use superposed::queue::{Lease, LeaseEpoch};
/// let lease = Lease::named("worker-1", LeaseEpoch::from_wire(7));
/// assert_eq!(lease.epoch().to_wire(), 7);
/// ```
///
/// There is no way to report jobs without it, that is, by their ordinals alone:
///
/// ```compile_fail,E0308
/// # async fn report(queue: superposed::queue::Queue) {
/// queue.complete("worker-1", &[0..8]).await.ok();
/// # }
/// ```
///
/// nor one without a worker and an epoch:
///
/// ```compile_fail,E0451
/// let lease = superposed::queue::Lease { worker: "worker-1".to_owned(), epoch: todo!() };
/// ```
///
/// nor an epoch that no worker named and no claim gave out:
///
/// ```compile_fail,E0423
/// let epoch = superposed::queue::LeaseEpoch(7);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    worker: String,
    epoch: LeaseEpoch,
}

impl Lease {
    /// The lease that `worker` names by its epoch. Naming one proves nothing: that is what the fence is for.
    #[must_use]
    pub fn named(worker: &str, epoch: LeaseEpoch) -> Self {
        Self { worker: worker.to_owned(), epoch }
    }

    /// Who says that it holds the lease.
    #[must_use]
    pub fn worker(&self) -> &str {
        &self.worker
    }

    /// The lease's epoch.
    #[must_use]
    pub const fn epoch(&self) -> LeaseEpoch {
        self.epoch
    }
}
