//! Hands out leases.

use super::{
    LayerKey, LeaseEpoch, Ordinals, Queue, QueueError, SyncIdentity,
    punish::{GivenUp, count_failed},
    read_mode, read_ordinals,
    transact::jitter,
};
use sqlx::{PgConnection, Row, postgres::PgRow};
use std::time::{Duration, Instant};
use superposed_identity::{LayerIndex, NeuronId};
use superposed_shared::{description::CampaignId, spec::IndexSet};
use tokio::time::sleep;

/// A lease as it is handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// Its fence.
    pub epoch: LeaseEpoch,
    /// Whose jobs they are.
    pub key: LayerKey,
    /// Which jobs.
    pub ordinals: Ordinals,
    /// The neurons of the jobs, from that of the first ordinal to that of the last.
    pub neurons: Vec<NeuronId>,
    /// The identity of the campaign, over all databases.
    pub campaign: Vec<u8>,
    /// Whether the jobs had been handed out before.
    pub again: bool,
}

/// Where a worker would rather go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Warm {
    /// The layer that it was at.
    pub key: LayerKey,
    /// Whether its turn at this campaign is not over.
    pub stays: bool,
}

impl From<LayerKey> for Warm {
    fn from(key: LayerKey) -> Self {
        Self { key, stays: false }
    }
}

/// How long a claim is repeated while all there is lies in spans that others are cutting just now.
const CONTENTION: Duration = Duration::from_secs(1);

/// About how long it waits each time: a transaction that cuts a span takes no longer.
const CUTTING: Duration = Duration::from_millis(2);

/// The most leases of one claim: what is asked for may lie in fragments.
const MAX_LEASES: usize = 8;

/// Where a claim of `wanted` jobs ends: on a whole neuron, and on a whole forward batch where one is finished.
fn cut(ordinals: &Ordinals, wanted: u32, polarities: u32, batch_jobs: u32) -> u32 {
    let end = ordinals.start.saturating_add(wanted.max(1));
    if end >= ordinals.end {
        return ordinals.end;
    }
    let whole_batches = end - end % batch_jobs;
    if whole_batches > ordinals.start {
        return whole_batches;
    }
    end.next_multiple_of(polarities).min(ordinals.end)
}

/// How many jobs a lease has at most when `wanted` are: no more than `max_lease_jobs`, but a whole forward batch where
/// that is longer, since a batch is computed whole for any part of it. Who wants less than half a lease gets no such
/// lease.
const fn lease_size(wanted: u32, max_lease_jobs: u32, batch_jobs: u32) -> u32 {
    let usual = if wanted < max_lease_jobs { wanted } else { max_lease_jobs };
    if batch_jobs > max_lease_jobs && wanted >= max_lease_jobs / 2 { batch_jobs } else { usual }
}

/// What a claim came to.
#[derive(Debug, Default)]
pub(super) struct Claimed {
    pub(super) granted: Vec<Granted>,
    /// Leases that had run out, and were taken away first.
    pub(super) expired: usize,
    /// There is something, but others were busy with it.
    contended: bool,
}

impl Claimed {
    /// Whether it is worth asking again in a moment.
    pub(super) const fn is_contended(&self) -> bool {
        self.contended
    }
}

/// A span to be handed out, its row locked.
struct Candidate {
    id: i64,
    key: LayerKey,
    ordinals: Ordinals,
    polarities: u32,
    batch_jobs: u32,
    /// Whether other campaigns wait for their turn.
    takes_turns: bool,
    /// The neurons of its layer.
    neurons: IndexSet,
    /// The identity of its campaign.
    campaign: Vec<u8>,
    /// Whether its jobs were handed out before.
    again: bool,
}

impl Candidate {
    fn read(row: &PgRow) -> Result<Self, QueueError> {
        let bounds: Vec<i32> = row.try_get("neurons")?;
        let neurons = bounds.chunks_exact(2).map(|ends| ends[0].cast_unsigned()..ends[1].cast_unsigned()).collect();
        Ok(Self {
            id: row.try_get("id")?,
            key: LayerKey {
                campaign: CampaignId(row.try_get("campaign_id")?),
                mode: read_mode(row.try_get("mode")?)?,
                layer: LayerIndex(row.try_get::<i32, _>("layer")?.cast_unsigned()),
            },
            ordinals: read_ordinals(&row.try_get("ordinals")?)?,
            polarities: row.try_get::<i32, _>("polarities")?.cast_unsigned(),
            batch_jobs: row.try_get::<i32, _>("batch_jobs")?.cast_unsigned(),
            takes_turns: row.try_get("takes_turns")?,
            neurons,
            campaign: row.try_get("identity")?,
            again: row.try_get("again")?,
        })
    }

    /// A part of it as it is handed out.
    fn granted(&self, epoch: i64, ordinals: &Ordinals) -> Granted {
        let indices = ordinals.start / self.polarities..ordinals.end.div_ceil(self.polarities);
        let neurons = self.neurons.iter().skip(indices.start as usize).take(indices.len());
        let neurons = neurons.map(NeuronId).collect();
        let (campaign, again) = (self.campaign.clone(), self.again);
        Granted { epoch: LeaseEpoch(epoch), key: self.key, ordinals: ordinals.clone(), neurons, campaign, again }
    }
}

/// The leases at the front of a span that are handed out together, `most` of them at most; and whether the last is
/// shorter than wanted, so that it ends with a batch.
fn cut_all(span: &Candidate, wanted: u32, max_lease_jobs: u32, most: usize) -> (Vec<Ordinals>, bool) {
    let (mut leases, mut left, mut rest) = (Vec::new(), wanted, span.ordinals.clone());
    while left > 0 && leases.len() < most && !rest.is_empty() {
        let size = lease_size(left, max_lease_jobs, span.batch_jobs);
        let end = cut(&rest, size, span.polarities, span.batch_jobs);
        let lease = rest.start..end;
        rest.start = end;
        let short = !rest.is_empty() && end - lease.start < size;
        left = left.saturating_sub(end - lease.start);
        leases.push(lease);
        if short {
            return (leases, true);
        }
    }
    (leases, false)
}

/// Whether a Sync is the last of its worker, and if so, whether the time of any lease is up.
async fn current(connection: &mut PgConnection, sync: &SyncIdentity) -> Result<Option<bool>, QueueError> {
    let query = sqlx::query_scalar(include_str!("sql/current_sync.sql")).bind(&sync.worker).bind(sync.boot);
    Ok(query.bind(sync.sequence).fetch_optional(connection).await?)
}

/// The next span to hand out to a worker. Campaigns that have enough workers without it are added to `full`.
async fn candidate(
    connection: &mut PgConnection,
    sync: &SyncIdentity,
    warm: Option<Warm>,
    full: &mut Vec<i64>,
) -> Result<Option<Candidate>, QueueError> {
    loop {
        let next = sqlx::query(include_str!("sql/claim_candidate.sql"))
            .bind(warm.map(|warm| warm.key.campaign.0))
            .bind(warm.map(|warm| super::write_mode(warm.key.mode)))
            .bind(warm.map(|warm| warm.key.layer.0.cast_signed()))
            .bind(&*full)
            .bind(warm.is_some_and(|warm| warm.stays));
        let Some(row) = next.fetch_optional(&mut *connection).await? else { return Ok(None) };
        let campaign = row.try_get("campaign_id")?;
        match row.try_get("max_workers")? {
            Some(most) if !may_work(&mut *connection, campaign, &sync.worker, most).await? => full.push(campaign),
            _ => return Ok(Some(Candidate::read(&row)?)),
        }
    }
}

/// Whether a worker may work on a campaign that `most` workers may work on.
async fn may_work(connection: &mut PgConnection, campaign: i64, worker: &str, most: i32) -> Result<bool, QueueError> {
    let row = sqlx::query(include_str!("sql/may_join.sql")).bind(campaign).bind(worker);
    let row = row.fetch_one(&mut *connection).await?;
    if row.try_get("works")? {
        return Ok(true);
    }
    // In a statement of its own, which sees what was there when the look became this transaction's.
    let workers: i64 =
        sqlx::query_scalar(include_str!("sql/workers_of.sql")).bind(campaign).fetch_one(connection).await?;
    Ok(row.try_get("may_look")? && workers < i64::from(most))
}

impl Queue {
    /// Leases about `wanted` jobs to a worker, those first where it is warm. Nothing when there is none to do, or the
    /// Sync was overtaken by a later one of the same worker.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim(
        &self,
        sync: &SyncIdentity,
        wanted: u32,
        warm: Option<Warm>,
    ) -> Result<Vec<Granted>, QueueError> {
        let start = Instant::now();
        loop {
            let claimed = Self::transact(|| self.claim_once(sync, wanted, warm)).await?;
            self.count(&claimed);
            if !claimed.contended || start.elapsed() > CONTENTION {
                return Ok(claimed.granted);
            }
            // What there is may be one long span that somebody else is cutting just now. Nothing is locked while it is
            // waited for, so that nobody waits for this claim in turn.
            sleep(CUTTING.mul_f64(jitter())).await;
        }
    }

    /// Counts what a committed transaction handed out.
    pub(super) fn count(&self, claimed: &Claimed) {
        self.counts.granted(&claimed.granted);
        self.counts.leases_expired.inc_by(claimed.expired as u64);
    }

    async fn claim_once(&self, sync: &SyncIdentity, wanted: u32, warm: Option<Warm>) -> Result<Claimed, QueueError> {
        let mut tx = self.pool.begin().await?;
        let Some(overdue) = current(&mut tx, sync).await? else { return Ok(Claimed::default()) };
        let mut given_up = GivenUp::default();
        let claimed = self.claim_within(&mut tx, sync, wanted, warm, overdue, &mut given_up).await?;
        count_failed(&mut tx, given_up).await?;
        tx.commit().await?;
        Ok(claimed)
    }

    /// [`claim`](Self::claim) within the transaction of a Sync, as its last part: rows are passed over that others are
    /// busy with, never waited for. `overdue` says whether the time of any lease may be up; jobs that are given up with
    /// those are added to `given_up`.
    pub(super) async fn claim_within(
        &self,
        connection: &mut PgConnection,
        sync: &SyncIdentity,
        wanted: u32,
        warm: Option<Warm>,
        overdue: bool,
        given_up: &mut GivenUp,
    ) -> Result<Claimed, QueueError> {
        let expired = if overdue { self.expire(&mut *connection, Duration::ZERO, given_up).await? } else { 0 };
        let mut claimed = Claimed { expired, ..Claimed::default() };
        let mut left = wanted;
        let mut full = Vec::new();
        while left > 0 && claimed.granted.len() < MAX_LEASES {
            let Some(span) = candidate(&mut *connection, sync, warm, &mut full).await? else { break };
            let most = if span.takes_turns { 1 } else { MAX_LEASES - claimed.granted.len() };
            let (leases, short) = cut_all(&span, left, self.settings.max_lease_jobs, most);
            for lease in self.lease(&mut *connection, sync, &span, &leases).await? {
                left = left.saturating_sub(lease.ordinals.end - lease.ordinals.start);
                claimed.granted.push(lease);
            }
            if short {
                // What is still wanted is less than a batch, which it would only part.
                break;
            }
        }
        if claimed.granted.is_empty() && expired == 0 {
            let query = sqlx::query_scalar(include_str!("sql/claimable.sql")).bind(&full);
            claimed.contended = query.fetch_one(connection).await?;
        }
        Ok(claimed)
    }

    /// Whether a Sync is the last of its worker. Others are handed nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_current(&self, sync: &SyncIdentity) -> Result<bool, QueueError> {
        Ok(current(&mut *self.pool.acquire().await?, sync).await?.is_some())
    }

    /// Hands out `leases`, which lie at the front of a span.
    async fn lease(
        &self,
        connection: &mut PgConnection,
        sync: &SyncIdentity,
        span: &Candidate,
        leases: &[Ordinals],
    ) -> Result<Vec<Granted>, QueueError> {
        let Some((first, others)) = leases.split_first() else { return Ok(Vec::new()) };
        let end = others.last().unwrap_or(first).end;
        // A tail keeps the row, so that a long layer keeps its row however often it is cut.
        let tail = end..span.ordinals.end;
        let (inserted, kept, state) =
            if tail.is_empty() { (others, first, "leased") } else { (leases, &tail, "pending") };
        let (lower, upper): (Vec<i32>, Vec<i32>) =
            inserted.iter().map(|lease| (lease.start.cast_signed(), lease.end.cast_signed())).unzip();
        let epochs: Vec<i64> = sqlx::query_scalar(include_str!("sql/lease.sql"))
            .bind(span.id)
            .bind(span.key.campaign.0)
            .bind(lower)
            .bind(upper)
            .bind(kept.start.cast_signed())
            .bind(kept.end.cast_signed())
            .bind(state)
            .bind(&sync.worker)
            .bind(sync.boot)
            .bind(sync.sequence)
            .bind(self.lease_ms())
            .bind(span.takes_turns)
            .fetch_all(connection)
            .await?;
        Ok(epochs.into_iter().zip(leases).map(|(epoch, ordinals)| span.granted(epoch, ordinals)).collect())
    }

    /// The neurons of a layer.
    pub(super) async fn neurons(&self, connection: &mut PgConnection, key: LayerKey) -> Result<IndexSet, QueueError> {
        let rows = sqlx::query(include_str!("sql/neurons.sql"))
            .bind(key.campaign.0)
            .bind(super::write_mode(key.mode))
            .bind(key.layer.0.cast_signed())
            .fetch_all(connection)
            .await?;
        rows.iter()
            .map(|row| {
                let bound = |name| Ok::<_, QueueError>(row.try_get::<i32, _>(name)?.cast_unsigned());
                Ok(bound("lower")?..bound("upper")?)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_a_whole_batch_where_that_is_longer_than_leases_are() {
        assert_eq!([1, 100, 256, 9999].map(|wanted| lease_size(wanted, 256, 128)), [1, 100, 256, 256]);
        assert_eq!([1, 127, 128, 9999].map(|wanted| lease_size(wanted, 256, 2048)), [1, 127, 2048, 2048]);
    }

    #[test]
    fn claims_end_on_whole_batches_where_one_fits_and_always_on_whole_neurons() {
        assert_eq!(cut(&(0..1000), 256, 2, 128), 256);
        assert_eq!(cut(&(0..1000), 200, 2, 128), 128);
        assert_eq!(cut(&(100..1000), 200, 2, 128), 256);
        assert_eq!(cut(&(0..1000), 51, 2, 128), 52);
        assert_eq!(cut(&(0..100), 256, 2, 128), 100);
        assert_eq!(cut(&(0..1000), 0, 2, 128), 2);
        assert_eq!(cut(&(7..8), 1, 2, 128), 8);
    }
}
