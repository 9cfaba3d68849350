//! What workers say of their leases.

use super::{
    Lease, LeaseEpoch, Ordinals, Queue, QueueError, SyncIdentity,
    condition::WorkerCondition,
    holdings::{Holdings, intersect},
    punish::{Blame, GivenUp, LeasedRow, count_failed, part},
    sync::Failure,
    wake::ring,
};
use sqlx::{PgConnection, Row, types::Json};
use std::{collections::BTreeMap, slice, time::Duration};
use superposed_shared::description::CampaignId;

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reported {
    /// It was taken in.
    Counted,
    /// The lease is no longer the worker's: nothing changed.
    Stale,
}

/// What a worker says of itself in a Sync.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WorkerState {
    /// What it computes with.
    pub backend: String,
    /// How many cores it mines with.
    pub cores: u32,
    /// Whether it is about to stop.
    pub draining: bool,
    /// Whether the Sync reports jobs, done or failed.
    pub progress: bool,
    /// How it fares, if it says so.
    pub condition: Option<WorkerCondition>,
}

/// What is known of a Sync once it is noted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Registered {
    /// Whether the time of any lease is up.
    pub(super) overdue: bool,
    /// Whether the worker was asked to leave.
    pub(super) drain_asked: bool,
}

impl Queue {
    /// Takes note of a Sync. False when a later Sync of the same process was seen already: this one is to be ignored.
    /// Leases of an earlier process of the worker end.
    ///
    /// # Errors
    /// When another process is alive under the worker's name: heard of within the time of a lease, and not draining; or
    /// the database fails.
    pub async fn register(&self, sync: &SyncIdentity, state: &WorkerState) -> Result<bool, QueueError> {
        Self::transact(|| async {
            let mut tx = self.pool.begin().await?;
            let registered = self.note_sync(&mut tx, sync, state).await?;
            tx.commit().await?;
            Ok(registered.is_some())
        })
        .await
    }

    /// [`register`](Self::register), within a transaction: until that ends, the worker has no other.
    pub(super) async fn note_sync(
        &self,
        connection: &mut PgConnection,
        sync: &SyncIdentity,
        state: &WorkerState,
    ) -> Result<Option<Registered>, QueueError> {
        let alive = self.settings.lease.as_secs_f64();
        let row = sqlx::query(include_str!("sql/register_worker.sql"))
            .bind(&sync.worker)
            .bind(sync.boot)
            .bind(sync.sequence)
            .bind(&state.backend)
            .bind(state.cores.cast_signed())
            .bind(state.draining)
            .bind(state.progress)
            .bind(alive)
            .bind(state.condition.as_ref().map(Json))
            .fetch_optional(&mut *connection)
            .await?;
        let Some(row) = row else {
            let taken = sqlx::query_scalar(include_str!("sql/name_taken.sql")).bind(&sync.worker).bind(sync.boot);
            let free_in: Option<f64> = taken.bind(alive).fetch_optional(connection).await?;
            return match free_in {
                Some(seconds) => {
                    let free_in = Duration::from_secs_f64(seconds);
                    Err(QueueError::NameTaken { name: sync.worker.clone(), free_in })
                }
                None => Ok(None),
            };
        };
        let drain_asked = row.try_get("drain_asked")?;
        if row.try_get("is_new")? {
            let buried = sqlx::query(include_str!("sql/bury_earlier_boots.sql")).bind(&sync.worker).bind(sync.boot);
            // Those that ended now may be handed out now.
            let buried = buried.execute(connection).await?.rows_affected() > 0;
            return Ok(Some(Registered { overdue: buried || row.try_get("overdue")?, drain_asked }));
        }
        Ok(Some(Registered { overdue: row.try_get("overdue")?, drain_asked }))
    }

    /// Jobs of a lease are done and their files durable. Counts even past the deadline, as long as the jobs were not
    /// leased to another.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn complete(&self, lease: &Lease, done: &[Ordinals]) -> Result<Reported, QueueError> {
        let done = BTreeMap::from([(lease.epoch(), done.to_vec())]);
        let ended = Self::transact(|| async {
            let mut tx = self.pool.begin().await?;
            let mut holdings = Holdings::lock(&mut tx, lease.worker()).await?;
            if holdings.campaign(lease).is_none() {
                return Ok(None);
            }
            let ended = holdings.complete(&mut tx, &done).await?;
            holdings.write(&mut tx, self.settings.lease).await?;
            tx.commit().await?;
            Ok(Some(ended))
        });
        let Some(ended) = ended.await? else { return Ok(Reported::Stale) };
        for campaign in ended {
            self.settle(Some(campaign)).await?;
        }
        Ok(Reported::Counted)
    }

    /// Jobs of a lease failed by themselves.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn fail(&self, lease: &Lease, failed: &Ordinals, error: &str) -> Result<Reported, QueueError> {
        let (lease, ordinals, error) = (lease.clone(), failed.clone(), error.to_owned());
        let failure = Failure { lease, ordinals, error, lasting: false };
        let campaign = Self::transact(|| async {
            let mut tx = self.pool.begin().await?;
            Holdings::lock(&mut tx, failure.lease.worker()).await?;
            let mut given_up = GivenUp::default();
            let campaign = self.take_failure(&mut tx, &failure, &mut given_up).await?;
            count_failed(&mut tx, given_up).await?;
            ring(&mut tx).await?;
            tx.commit().await?;
            Ok(campaign)
        });
        let Some(campaign) = campaign.await? else { return Ok(Reported::Stale) };
        self.settle(Some(campaign)).await?;
        Ok(Reported::Counted)
    }

    /// Punishes the jobs of a lease that failed, its rows locked already; returns its campaign, none when it is no
    /// longer the worker's.
    pub(super) async fn take_failure(
        &self,
        connection: &mut PgConnection,
        Failure { lease, ordinals: failed, error, lasting }: &Failure,
        given_up: &mut GivenUp,
    ) -> Result<Option<CampaignId>, QueueError> {
        let query = sqlx::query(include_str!("sql/lease_rows.sql")).bind(lease.epoch().0).bind(lease.worker());
        let rows = query.fetch_all(&mut *connection).await?;
        let rows = rows.iter().map(LeasedRow::read).collect::<Result<Vec<_>, _>>()?;
        let blame = match failed.len() {
            1 if *lasting => Blame::JobForGood,
            1 => Blame::Job,
            _ => Blame::SomeJob,
        };
        for row in &rows {
            let (hit, rest) = intersect(&row.ordinals, slice::from_ref(failed));
            let Some(hit) = hit.into_iter().next() else { continue };
            // What the failure does not concern stays leased.
            part(&mut *connection, row.id, &hit, &rest).await?;
            let hit = LeasedRow { ordinals: hit, ..row.clone() };
            self.punish(&mut *connection, &hit, error, blame, given_up).await?;
        }
        Ok(rows.first().map(|row| row.key.campaign))
    }

    /// The surroundings of a campaign fail it on some worker: nobody is handed its jobs for a while.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn trouble(&self, campaign: CampaignId, error: &str) -> Result<(), QueueError> {
        Self::transact(|| async {
            let query = sqlx::query(include_str!("sql/trouble.sql")).bind(campaign.0).bind(error);
            query.execute(&self.pool).await?;
            Ok(())
        })
        .await
    }

    /// A worker hands leases back unfinished; burns no attempt.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release(&self, lease: &Lease) -> Result<(), QueueError> {
        self.of_worker(lease.worker(), |holdings| holdings.give_back(&[lease.epoch()], None)).await
    }

    /// Releases what an earlier Sync granted and `held` does not name: that answer never arrived.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release_lost(&self, sync: &SyncIdentity, held: &[LeaseEpoch]) -> Result<(), QueueError> {
        self.of_worker(&sync.worker, |holdings| holdings.give_back(&[], Some((sync, held)))).await
    }

    /// Renews the leases a worker holds; returns those it no longer holds.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn renew(&self, sync: &SyncIdentity, held: &[LeaseEpoch]) -> Result<Vec<LeaseEpoch>, QueueError> {
        self.of_worker(&sync.worker, |holdings| holdings.renew(sync.boot, held)).await
    }

    /// Decides what becomes of all that a worker holds.
    async fn of_worker<T>(&self, worker: &str, decide: impl Fn(&mut Holdings) -> T) -> Result<T, QueueError> {
        Self::transact(|| async {
            let mut tx = self.pool.begin().await?;
            let mut holdings = Holdings::lock(&mut tx, worker).await?;
            let decided = decide(&mut holdings);
            holdings.write(&mut tx, self.settings.lease).await?;
            tx.commit().await?;
            Ok(decided)
        })
        .await
    }

    /// Ends a campaign, or all, of which nothing is left to do.
    pub(super) async fn settle(&self, campaign: Option<CampaignId>) -> Result<(), QueueError> {
        let ended = sqlx::query_scalar(include_str!("sql/ended.sql")).bind(campaign.map(|campaign| campaign.0));
        let ended: Vec<i64> = ended.fetch_all(&self.pool).await?;
        for id in ended {
            // Looked at once more under a lock: it may have been retried meanwhile.
            Self::transact(|| async {
                let mut tx = self.pool.begin().await?;
                sqlx::query(include_str!("sql/lock_campaign.sql")).bind(id).execute(&mut *tx).await?;
                sqlx::query(include_str!("sql/settle.sql")).bind(id).execute(&mut *tx).await?;
                Ok(tx.commit().await?)
            })
            .await?;
        }
        Ok(())
    }
}
