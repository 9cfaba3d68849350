//! Hands out leases.

use super::{LayerKey, LeaseEpoch, Ordinals, Queue, QueueError, SyncIdentity, punish::part, read_mode, read_ordinals};
use sqlx::{PgConnection, Row};
use std::time::Duration;
use superposed_identity::{LayerIndex, NeuronId};
use superposed_shared::{description::CampaignId, spec::IndexSet};

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
}

/// The next span to hand out of those that nobody else is busy with.
const PASS_OVER: &str = concat!(include_str!("sql/claim_candidate.sql"), "SKIP LOCKED");

/// The next span to hand out, as soon as nobody else is busy with it.
const WAIT_FOR: &str = include_str!("sql/claim_candidate.sql");

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

async fn is_current(connection: &mut PgConnection, sync: &SyncIdentity) -> Result<bool, QueueError> {
    let query = sqlx::query(include_str!("sql/current_sync.sql")).bind(&sync.worker).bind(sync.boot);
    Ok(query.bind(sync.sequence).fetch_optional(connection).await?.is_some())
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
        warm: Option<LayerKey>,
    ) -> Result<Vec<Granted>, QueueError> {
        let mut tx = self.pool.begin().await?;
        if !is_current(&mut tx, sync).await? {
            return Ok(Vec::new());
        }
        let expired = self.expire(&mut tx, Duration::ZERO).await?;
        let mut granted = Vec::new();
        let mut left = wanted;
        while left > 0 && granted.len() < MAX_LEASES {
            let mut lease = self.claim_one(&mut tx, sync, left, warm, PASS_OVER).await?;
            if lease.is_none() && granted.is_empty() && expired == 0 {
                // What there is may be one long span that somebody else is cutting just now: wait for the rest of it.
                // No span is locked here, so that nobody waits for this transaction in turn.
                lease = self.claim_one(&mut tx, sync, left, warm, WAIT_FOR).await?;
            }
            let Some((lease, short)) = lease else { break };
            left = left.saturating_sub(lease.ordinals.end - lease.ordinals.start);
            granted.push(lease);
            if short {
                // What is still wanted is less than a batch, which it would only part.
                break;
            }
        }
        tx.commit().await?;
        Ok(granted)
    }

    /// Whether a Sync is the last of its worker. Others are handed nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_current(&self, sync: &SyncIdentity) -> Result<bool, QueueError> {
        is_current(&mut *self.pool.acquire().await?, sync).await
    }

    /// One lease, and whether it is shorter than wanted so that it ends with a batch.
    async fn claim_one(
        &self,
        connection: &mut PgConnection,
        sync: &SyncIdentity,
        wanted: u32,
        warm: Option<LayerKey>,
        candidate: &'static str,
    ) -> Result<Option<(Granted, bool)>, QueueError> {
        let mut full = Vec::new();
        let row = loop {
            let next = sqlx::query(candidate)
                .bind(warm.map(|key| key.campaign.0))
                .bind(warm.map(|key| super::write_mode(key.mode)))
                .bind(warm.map(|key| key.layer.0.cast_signed()))
                .bind(&full);
            let Some(row) = next.fetch_optional(&mut *connection).await? else { return Ok(None) };
            let campaign = row.try_get("campaign_id")?;
            match row.try_get("max_workers")? {
                Some(most) if !may_work(&mut *connection, campaign, &sync.worker, most).await? => full.push(campaign),
                _ => break row,
            }
        };
        let key = LayerKey {
            campaign: CampaignId(row.try_get("campaign_id")?),
            mode: read_mode(row.try_get("mode")?)?,
            layer: LayerIndex(row.try_get::<i32, _>("layer")?.cast_unsigned()),
        };
        let ordinals = read_ordinals(&row.try_get("ordinals")?)?;
        let polarities = row.try_get::<i32, _>("polarities")?.cast_unsigned();
        let batch_jobs = row.try_get::<i32, _>("batch_jobs")?.cast_unsigned();
        let mut id: i64 = row.try_get("id")?;
        let wanted = lease_size(wanted, self.settings.max_lease_jobs, batch_jobs);
        let end = cut(&ordinals, wanted, polarities, batch_jobs);
        let head = ordinals.start..end;
        let short = end < ordinals.end && end - ordinals.start < wanted;
        if end < ordinals.end {
            // The tail keeps the row, so that a long layer keeps its row however often it is cut.
            id = part(&mut *connection, id, &(end..ordinals.end), std::slice::from_ref(&head)).await?[0];
        }
        let epoch = sqlx::query_scalar(include_str!("sql/lease.sql"))
            .bind(id)
            .bind(&sync.worker)
            .bind(sync.boot)
            .bind(sync.sequence)
            .bind(self.lease_ms())
            .fetch_one(&mut *connection)
            .await?;
        sqlx::query(include_str!("sql/note_claim.sql")).bind(key.campaign.0).execute(&mut *connection).await?;
        let neurons = self.neurons(connection, key).await?;
        let indices = head.start / polarities..head.end.div_ceil(polarities);
        let lease = Granted {
            epoch: LeaseEpoch(epoch),
            key,
            neurons: neurons.iter().skip(indices.start as usize).take(indices.len()).map(NeuronId).collect(),
            ordinals: head,
        };
        Ok(Some((lease, short)))
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
