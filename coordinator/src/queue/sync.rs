//! Taking in a Sync, all of it in one short transaction: a worker's word counts altogether or not at all.

use super::{
    Lease, LeaseEpoch, Ordinals, Queue, QueueError, SyncIdentity,
    claim::{Claimed, Granted, Warm},
    holdings::Holdings,
    punish::{GivenUp, count_failed},
    report::WorkerState,
    wake::ring,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};
use superposed_shared::description::CampaignId;

/// Jobs that failed by themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The lease that they are of.
    pub lease: Lease,
    /// Which jobs.
    pub ordinals: Ordinals,
    /// How.
    pub error: String,
    /// Of one job: another attempt would fail the same way.
    pub lasting: bool,
}

/// What a worker says in a Sync.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// Of itself.
    pub state: WorkerState,
    /// Jobs that are done, their files durable.
    pub completions: Vec<(Lease, Vec<Ordinals>)>,
    /// Jobs that failed by themselves, and how.
    pub failures: Vec<Failure>,
    /// Campaigns whose surroundings fail it, and how.
    pub troubles: Vec<(CampaignId, String)>,
    /// Leases that it hands back.
    pub released: Vec<LeaseEpoch>,
    /// Leases that it goes on with.
    pub held: Vec<LeaseEpoch>,
    /// Those of them whose jobs are all mined, and wait for their files.
    pub mined: Vec<LeaseEpoch>,
    /// How many jobs it could take; 0 for none.
    pub wanted: u32,
    /// Where it would rather go on.
    pub warm: Option<Warm>,
}

/// What a Sync comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// Leases of completions and failures that are no longer the worker's: those reports changed nothing.
    pub stale: Vec<LeaseEpoch>,
    /// Leases that it goes on with and no longer has.
    pub lost: Vec<LeaseEpoch>,
    /// What it is handed.
    pub granted: Vec<Granted>,
    /// Whether it was asked to leave; then it is handed nothing.
    pub drain_asked: bool,
}

/// A Sync that was taken in, and what is left to do about it.
struct TakenIn {
    taken: Taken,
    /// Campaigns that may have ended with it.
    ended: BTreeSet<CampaignId>,
    /// What was claimed in its transaction.
    claimed: Claimed,
}

impl Queue {
    /// Takes in a Sync; none when a later one of the same process was seen already, and this is to be ignored.
    ///
    /// Completions of several leases, of several campaigns, and what is said of all the others are a handful of
    /// statements: one locks the worker, one reads what it holds, one writes what became of it, two hand out.
    ///
    /// # Errors
    /// When another process is alive under the worker's name, or the database fails.
    pub async fn sync(&self, sync: &SyncIdentity, said: &Said) -> Result<Option<Taken>, QueueError> {
        let start = Instant::now();
        let taken_in = Self::transact(|| self.take_in(sync, said)).await.inspect_err(|_| {
            self.counts.syncs_failed.inc();
        })?;
        let Some(TakenIn { mut taken, ended, claimed }) = taken_in else { return Ok(None) };
        self.count(&claimed);
        self.counts.stale_reports.inc_by(taken.stale.len() as u64);
        let contended = claimed.is_contended();
        taken.granted = claimed.granted;
        for (campaign, error) in &said.troubles {
            self.trouble(*campaign, error).await?;
        }
        if said.wanted > 0 && (contended || !said.troubles.is_empty()) {
            taken.granted = self.claim(sync, said.wanted, said.warm).await?;
        }
        for campaign in ended {
            // One that something was handed out of has not ended.
            if taken.granted.iter().all(|lease| lease.key.campaign != campaign) {
                self.settle(Some(campaign)).await?;
            }
        }
        self.counts.sync_seconds.observe(start.elapsed().as_secs_f64());
        Ok(Some(taken))
    }

    /// The one transaction.
    async fn take_in(&self, sync: &SyncIdentity, said: &Said) -> Result<Option<TakenIn>, QueueError> {
        let mut tx = self.pool.begin().await?;
        let Some(registered) = self.note_sync(&mut tx, sync, &said.state).await? else { return Ok(None) };
        let mut taken = Taken { drain_asked: registered.drain_asked, ..Taken::default() };
        let wanted = if taken.drain_asked { 0 } else { said.wanted };
        let mut holdings = Holdings::of(&mut tx, &sync.worker).await?;

        let mut done: BTreeMap<LeaseEpoch, Vec<Ordinals>> = BTreeMap::new();
        for (lease, ranges) in &said.completions {
            if holdings.campaign(lease).is_some() {
                done.entry(lease.epoch()).or_default().extend_from_slice(ranges);
            } else {
                taken.stale.push(lease.epoch());
            }
        }
        let mut ended: BTreeSet<CampaignId> = holdings.complete(&mut tx, &done).await?.into_iter().collect();
        let mut given_up = GivenUp::default();
        if !said.failures.is_empty() {
            // Rare, and each is a few statements of its own; what is left is read anew.
            holdings.write(&mut tx, self.settings.lease).await?;
            for failure in &said.failures {
                match self.take_failure(&mut tx, failure, &mut given_up).await? {
                    Some(campaign) => _ = ended.insert(campaign),
                    None => taken.stale.push(failure.lease.epoch()),
                }
            }
            ring(&mut tx).await?;
            holdings = Holdings::of(&mut tx, &sync.worker).await?;
        }
        holdings.give_back(&said.released, Some((sync, &said.held)));
        taken.lost = holdings.renew(sync.boot, &said.held);
        holdings.note_mined(&said.mined);
        holdings.write(&mut tx, self.settings.lease).await?;
        let mut claimed = Claimed::default();
        // What troubles a campaign is noted before any of it is handed out.
        if wanted > 0 && said.troubles.is_empty() {
            let overdue = registered.overdue;
            claimed = self.claim_within(&mut tx, sync, wanted, said.warm, overdue, &mut given_up).await?;
        }
        count_failed(&mut tx, given_up).await?;
        tx.commit().await?;
        Ok(Some(TakenIn { taken, ended, claimed }))
    }
}
