//! What becomes of a span after an error, whether its worker reported it or died: the one path for both.
//!
//! A span of several jobs is halved and both halves queued again, which burns no attempt: the bad job, if there is
//! one, is alone after a few rounds and the others are done. Only a job that stands alone uses up attempts, and waits
//! longer after each; after the last it is failed, and never tried again by itself.

use super::{LayerKey, Ordinals, Queue, QueueError, read_mode, read_ordinals, write_mode};
use sqlx::{PgConnection, Row, postgres::PgRow};
use std::collections::BTreeMap;
use superposed_identity::LayerIndex;
use superposed_shared::description::CampaignId;

/// What an error says of a row's jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blame {
    /// It was this one job: it uses up an attempt.
    Job,
    /// It was this one job, and would be again: there is no other attempt.
    JobForGood,
    /// It was one of the lease's jobs, nobody knows which.
    SomeJob,
}

/// A leased row, locked by the transaction that read it.
#[derive(Debug, Clone)]
pub(super) struct LeasedRow {
    pub(super) id: i64,
    pub(super) key: LayerKey,
    pub(super) ordinals: Ordinals,
    pub(super) attempts: i32,
}

impl LeasedRow {
    pub(super) fn read(row: &PgRow) -> Result<Self, QueueError> {
        Ok(Self {
            id: row.try_get("id")?,
            key: LayerKey {
                campaign: CampaignId(row.try_get("campaign_id")?),
                mode: read_mode(row.try_get("mode")?)?,
                layer: LayerIndex(row.try_get::<i32, _>("layer")?.cast_unsigned()),
            },
            ordinals: read_ordinals(&row.try_get("ordinals")?)?,
            attempts: row.try_get("attempts")?,
        })
    }
}

/// Leaves row `id` the ordinals `kept`, and gives each of `siblings` a row of its own in the same state. The row
/// shrinks first, so that no two rows overlap at any moment. Returns the siblings' ids.
pub(super) async fn part(
    connection: &mut PgConnection,
    id: i64,
    kept: &Ordinals,
    siblings: &[Ordinals],
) -> Result<Vec<i64>, QueueError> {
    sqlx::query(include_str!("sql/shrink.sql"))
        .bind(id)
        .bind(kept.start.cast_signed())
        .bind(kept.end.cast_signed())
        .execute(&mut *connection)
        .await?;
    let mut ids = Vec::with_capacity(siblings.len());
    for sibling in siblings {
        let inserted = sqlx::query_scalar(include_str!("sql/insert_sibling.sql"))
            .bind(id)
            .bind(sibling.start.cast_signed())
            .bind(sibling.end.cast_signed());
        ids.push(inserted.fetch_one(&mut *connection).await?);
    }
    Ok(ids)
}

/// Where a span of several jobs is halved: on a neuron's bound, unless it is a single neuron's pair.
fn middle(ordinals: &Ordinals, polarities: u32) -> u32 {
    let half = ordinals.start + (ordinals.end - ordinals.start) / 2;
    let bound = half - half % polarities;
    if bound > ordinals.start { bound } else { half.max(ordinals.start + 1) }
}

/// The layers of jobs that were given up, one each; to be counted with [`count_failed`] in the same transaction.
pub(super) type GivenUp = Vec<LayerKey>;

/// Counts jobs that were given up with their layers.
pub(super) async fn count_failed(connection: &mut PgConnection, given_up: GivenUp) -> Result<(), QueueError> {
    if given_up.is_empty() {
        return Ok(());
    }
    let mut jobs: BTreeMap<(i64, i16, i32), i32> = BTreeMap::new();
    for key in given_up {
        *jobs.entry((key.campaign.0, write_mode(key.mode), key.layer.0.cast_signed())).or_default() += 1;
    }
    let (mut campaigns, mut modes, mut layers, mut counts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for ((campaign, mode, layer), count) in jobs {
        campaigns.push(campaign);
        modes.push(mode);
        layers.push(layer);
        counts.push(count);
    }
    let query = sqlx::query(include_str!("sql/count_failed.sql")).bind(campaigns).bind(modes);
    query.bind(layers).bind(counts).execute(connection).await?;
    Ok(())
}

impl Queue {
    /// Halves a row and queues it again, or burns an attempt of its one job. What is given up is added to `given_up`.
    pub(super) async fn punish(
        &self,
        connection: &mut PgConnection,
        row: &LeasedRow,
        error: &str,
        blame: Blame,
        given_up: &mut GivenUp,
    ) -> Result<(), QueueError> {
        let limits = sqlx::query(include_str!("sql/attempt_limits.sql"))
            .bind(row.key.campaign.0)
            .fetch_one(&mut *connection)
            .await?;
        let Ordinals { start, end } = row.ordinals;
        if end - start > 1 {
            let middle = middle(&row.ordinals, limits.try_get::<i32, _>("polarities")?.cast_unsigned());
            let later = middle..end;
            let ids = part(&mut *connection, row.id, &(start..middle), &[later]).await?;
            for id in ids.into_iter().chain([row.id]) {
                self.queue_again(&mut *connection, id, row.attempts, error, 0.0).await?;
            }
            return Ok(());
        }
        if blame == Blame::SomeJob {
            return self.queue_again(connection, row.id, row.attempts, error, 0.0).await;
        }
        let attempts = row.attempts + 1;
        if blame == Blame::JobForGood || attempts >= limits.try_get::<i32, _>("max_attempts")? {
            sqlx::query(include_str!("sql/give_up.sql"))
                .bind(row.id)
                .bind(attempts)
                .bind(error)
                .execute(connection)
                .await?;
            given_up.push(row.key);
            tracing::warn!(campaign = %row.key.campaign, mode = %row.key.mode, layer = %row.key.layer, ordinal = start, attempts, error, "job failed for good");
            return Ok(());
        }
        let delay = self.settings.retry_delay.as_secs_f64() * f64::from(1 << (attempts - 1).min(10));
        let delay = delay.min(self.settings.max_retry_delay.as_secs_f64());
        self.queue_again(connection, row.id, attempts, error, delay * 1e3).await
    }

    async fn queue_again(
        &self,
        connection: &mut PgConnection,
        id: i64,
        attempts: i32,
        error: &str,
        delay_ms: f64,
    ) -> Result<(), QueueError> {
        let query = sqlx::query(include_str!("sql/queue_again.sql"));
        query.bind(id).bind(attempts).bind(error).bind(delay_ms).execute(connection).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_end_on_whole_neurons_until_a_single_pair_is_left() {
        assert_eq!(middle(&(0..8), 2), 4);
        assert_eq!(middle(&(0..6), 2), 2);
        assert_eq!(middle(&(4..6), 2), 5);
        assert_eq!(middle(&(5..8), 2), 6);
        assert_eq!(middle(&(7..9), 2), 8);
        assert_eq!(middle(&(3..5), 1), 4);
    }
}
