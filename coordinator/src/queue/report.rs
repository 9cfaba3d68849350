//! What workers say of their leases.

use super::{
    Lease, LeaseEpoch, Ordinals, Queue, QueueError, SyncIdentity,
    punish::{Blame, LeasedRow, part},
    wake::ring,
};
use sqlx::PgConnection;
use std::{collections::HashSet, slice, time::Duration};
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkerState {
    /// What it computes with.
    pub backend: String,
    /// How many cores it mines with.
    pub cores: u32,
    /// Whether it is about to stop.
    pub draining: bool,
    /// Whether the Sync reports jobs, done or failed.
    pub progress: bool,
}

impl Queue {
    /// Takes note of a Sync. False when a later Sync of the same process was seen already: this one is to be ignored.
    /// Leases of an earlier process of the worker end.
    ///
    /// # Errors
    /// When another process is alive under the worker's name: heard of within the time of a lease, and not draining; or
    /// the database fails.
    pub async fn register(&self, sync: &SyncIdentity, state: &WorkerState) -> Result<bool, QueueError> {
        let alive = self.settings.lease.as_secs_f64();
        let mut tx = self.pool.begin().await?;
        let is_new: Option<bool> = sqlx::query_scalar(include_str!("sql/register_worker.sql"))
            .bind(&sync.worker)
            .bind(sync.boot)
            .bind(sync.sequence)
            .bind(&state.backend)
            .bind(state.cores.cast_signed())
            .bind(state.draining)
            .bind(state.progress)
            .bind(alive)
            .fetch_optional(&mut *tx)
            .await?;
        let Some(is_new) = is_new else {
            let taken = sqlx::query_scalar(include_str!("sql/name_taken.sql")).bind(&sync.worker).bind(sync.boot);
            let free_in: Option<f64> = taken.bind(alive).fetch_optional(&mut *tx).await?;
            return match free_in {
                Some(seconds) => {
                    let free_in = Duration::from_secs_f64(seconds);
                    Err(QueueError::NameTaken { name: sync.worker.clone(), free_in })
                }
                None => Ok(false),
            };
        };
        if is_new {
            let buried = sqlx::query(include_str!("sql/bury_earlier_boots.sql")).bind(&sync.worker).bind(sync.boot);
            buried.execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Jobs of a lease are done and their files durable. Counts even past the deadline, as long as the jobs were not
    /// leased to another.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn complete(&self, lease: &Lease, done: &[Ordinals]) -> Result<Reported, QueueError> {
        let mut tx = self.pool.begin().await?;
        let rows = lease_rows(&mut tx, lease).await?;
        let Some(campaign) = rows.first().map(|row| row.key.campaign) else { return Ok(Reported::Stale) };
        let (mut jobs_done, mut finished_rows) = (0, false);
        for row in &rows {
            let (done, rest) = intersect(&row.ordinals, done);
            jobs_done += done.iter().map(|piece| piece.end - piece.start).sum::<u32>();
            match rest.split_first() {
                // Nothing is left: the row itself is done.
                None => {
                    sqlx::query(include_str!("sql/finish_row.sql")).bind(row.id).execute(&mut *tx).await?;
                    finished_rows = true;
                }
                Some((kept, siblings)) if !done.is_empty() => {
                    part(&mut tx, row.id, kept, siblings).await?;
                    for piece in done {
                        sqlx::query(include_str!("sql/insert_done.sql"))
                            .bind(row.id)
                            .bind(piece.start.cast_signed())
                            .bind(piece.end.cast_signed())
                            .execute(&mut *tx)
                            .await?;
                    }
                }
                Some(_) => {}
            }
        }
        if jobs_done > 0 {
            let noted = sqlx::query(include_str!("sql/note_finished.sql")).bind(campaign.0);
            noted.bind(jobs_done.cast_signed()).execute(&mut *tx).await?;
            sqlx::query(include_str!("sql/trouble_over.sql")).bind(campaign.0).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        if finished_rows {
            self.settle(Some(campaign)).await?;
        }
        Ok(Reported::Counted)
    }

    /// Jobs of a lease failed by themselves.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn fail(&self, lease: &Lease, failed: &Ordinals, error: &str) -> Result<Reported, QueueError> {
        let mut tx = self.pool.begin().await?;
        let rows = lease_rows(&mut tx, lease).await?;
        let Some(campaign) = rows.first().map(|row| row.key.campaign) else { return Ok(Reported::Stale) };
        let blame = if failed.len() == 1 { Blame::Job } else { Blame::SomeJob };
        for row in &rows {
            let (hit, rest) = intersect(&row.ordinals, slice::from_ref(failed));
            let Some(hit) = hit.into_iter().next() else { continue };
            // What the failure does not concern stays leased.
            part(&mut tx, row.id, &hit, &rest).await?;
            self.punish(&mut tx, &LeasedRow { ordinals: hit, ..row.clone() }, error, blame).await?;
        }
        ring(&mut tx).await?;
        tx.commit().await?;
        self.settle(Some(campaign)).await?;
        Ok(Reported::Counted)
    }

    /// The surroundings of a campaign fail it on some worker: nobody is handed its jobs for a while.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn trouble(&self, campaign: CampaignId, error: &str) -> Result<(), QueueError> {
        let query = sqlx::query(include_str!("sql/trouble.sql")).bind(campaign.0).bind(error);
        query.execute(&self.pool).await?;
        Ok(())
    }

    /// Workers hand leases back unfinished; burns no attempt.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release(&self, leases: &[Lease]) -> Result<(), QueueError> {
        let (workers, epochs): (Vec<&str>, Vec<i64>) =
            leases.iter().map(|lease| (lease.worker(), lease.epoch().0)).unzip();
        sqlx::query(include_str!("sql/give_back.sql")).bind(workers).bind(epochs).execute(&self.pool).await?;
        Ok(())
    }

    /// Releases what an earlier Sync granted and `held` does not name: that answer never arrived.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release_lost(&self, sync: &SyncIdentity, held: &[LeaseEpoch]) -> Result<(), QueueError> {
        let held: Vec<i64> = held.iter().map(|epoch| epoch.0).collect();
        let query = sqlx::query(include_str!("sql/give_back_lost.sql"));
        query.bind(&sync.worker).bind(sync.boot).bind(sync.sequence).bind(held).execute(&self.pool).await?;
        Ok(())
    }

    /// Renews the leases a worker holds; returns those it no longer holds.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn renew(&self, sync: &SyncIdentity, held: &[LeaseEpoch]) -> Result<Vec<LeaseEpoch>, QueueError> {
        if held.is_empty() {
            return Ok(Vec::new());
        }
        let epochs: Vec<i64> = held.iter().map(|epoch| epoch.0).collect();
        let current: Vec<i64> = sqlx::query_scalar(include_str!("sql/renew.sql"))
            .bind(&sync.worker)
            .bind(sync.boot)
            .bind(epochs)
            .bind(self.lease_ms())
            .fetch_all(&self.pool)
            .await?;
        let current: HashSet<i64> = current.into_iter().collect();
        Ok(held.iter().copied().filter(|epoch| !current.contains(&epoch.0)).collect())
    }

    /// Ends a campaign, or all, of which nothing is left to do.
    pub(super) async fn settle(&self, campaign: Option<CampaignId>) -> Result<(), QueueError> {
        let ended = sqlx::query_scalar(include_str!("sql/ended.sql")).bind(campaign.map(|campaign| campaign.0));
        let ended: Vec<i64> = ended.fetch_all(&self.pool).await?;
        for id in ended {
            // Looked at once more under a lock: it may have been retried meanwhile.
            let mut tx = self.pool.begin().await?;
            sqlx::query(include_str!("sql/lock_campaign.sql")).bind(id).execute(&mut *tx).await?;
            sqlx::query(include_str!("sql/settle.sql")).bind(id).execute(&mut *tx).await?;
            tx.commit().await?;
        }
        Ok(())
    }
}

/// The rows of a lease, locked; none when the epoch is no longer current.
async fn lease_rows(connection: &mut PgConnection, lease: &Lease) -> Result<Vec<LeasedRow>, QueueError> {
    let epoch = lease.epoch().0;
    sqlx::query(include_str!("sql/lock_lease.sql")).bind(epoch).execute(&mut *connection).await?;
    let query = sqlx::query(include_str!("sql/lease_rows.sql")).bind(epoch).bind(lease.worker());
    query.fetch_all(connection).await?.iter().map(LeasedRow::read).collect()
}

/// The parts of `row` inside and outside of `ranges`, each ascending.
fn intersect(row: &Ordinals, ranges: &[Ordinals]) -> (Vec<Ordinals>, Vec<Ordinals>) {
    let mut clipped: Vec<Ordinals> = ranges
        .iter()
        .map(|range| range.start.max(row.start)..range.end.min(row.end))
        .filter(|range| !range.is_empty())
        .collect();
    clipped.sort_by_key(|range| range.start);
    let (mut inside, mut outside): (Vec<Ordinals>, Vec<Ordinals>) = (Vec::new(), Vec::new());
    let mut reached = row.start;
    for range in clipped {
        if range.start > reached {
            outside.push(reached..range.start);
        }
        let start = range.start.max(reached);
        if start < range.end {
            match inside.last_mut() {
                Some(last) if last.end == start => last.end = range.end,
                _ => inside.push(start..range.end),
            }
            reached = range.end;
        }
    }
    if reached < row.end {
        outside.push(reached..row.end);
    }
    (inside, outside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::single_range_in_vec_init, reason = "lists of ranges are meant")]
    fn a_row_is_parted_into_what_was_named_and_what_was_not() {
        let row = 10..20;
        assert_eq!(intersect(&row, &[0..30]), (vec![10..20], vec![]));
        assert_eq!(intersect(&row, &[]), (vec![], vec![10..20]));
        assert_eq!(intersect(&row, &[16..18, 12..14]), (vec![12..14, 16..18], vec![10..12, 14..16, 18..20]));
        assert_eq!(intersect(&row, &[12..14, 13..15, 15..16]), (vec![12..16], vec![10..12, 16..20]));
        assert_eq!(intersect(&row, &[0..10, 20..25]), (vec![], vec![10..20]));
    }
}
