//! What becomes of the leases of a worker that died, or does nothing any more.
//!
//! A worker mines its leases one at a time, in the order of their epochs, while it writes the results of those before. So
//! the oldest that it has not said to have mined is the one it died of, if it died of a job at all: that one is
//! [punished](super::punish), and the others go back as they are. An innocent job that lay beside a deadly one burns no
//! attempt. Where all were mined, it is the oldest: something about its results, perhaps.

use super::{
    LeaseEpoch, Queue, QueueError,
    punish::{Blame, GivenUp, LeasedRow, count_failed},
    upkeep::SHORT_OUTAGE,
    wake::ring,
};
use sqlx::{PgConnection, Row};
use std::{collections::BTreeSet, time::Duration};

/// The most workers whose leases are taken away in one transaction.
const MAX_WORKERS: i64 = 16;

/// Why leases are taken from a worker.
#[derive(Debug, Clone, Copy)]
enum Cause {
    Expired,
    Wedged(Duration),
}

impl Queue {
    /// Takes leases away whose time has been up for `grace`. Returns how many. Jobs that are given up are added to
    /// `given_up`.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn expire(
        &self,
        connection: &mut PgConnection,
        grace: Duration,
        given_up: &mut GivenUp,
    ) -> Result<usize, QueueError> {
        let query = sqlx::query_as(include_str!("sql/expired.sql")).bind(MAX_WORKERS).bind(SHORT_OUTAGE);
        let expired: Vec<(String, i64)> = query.bind(grace.as_secs_f64()).fetch_all(&mut *connection).await?;
        self.take_from(connection, &expired, Cause::Expired, given_up).await
    }

    /// Takes leases away whose time has been up for as long as they last, also while nobody asks for work: until then
    /// a worker that was only slow may still report. Returns how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn expire_forgotten(&self) -> Result<usize, QueueError> {
        let taken = Self::transact(|| async {
            let mut tx = self.pool.begin().await?;
            let mut given_up = GivenUp::default();
            let taken = self.expire(&mut tx, self.settings.lease, &mut given_up).await?;
            count_failed(&mut tx, given_up).await?;
            tx.commit().await?;
            Ok(taken)
        })
        .await?;
        self.counts.leases_expired.inc_by(taken as u64);
        Ok(taken)
    }

    /// Takes all leases from workers that are heard of, but have reported no job for
    /// [`QueueSettings::wedge_after`](super::QueueSettings::wedge_after), neither of the lease they are at nor of any
    /// other. Returns how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn revoke_wedged(&self) -> Result<usize, QueueError> {
        let taken = Self::transact(|| async {
            let mut tx = self.pool.begin().await?;
            let after = self.settings.wedge_after;
            let query = sqlx::query_as(include_str!("sql/wedged.sql")).bind(after.as_secs_f64());
            let wedged: Vec<(String, i64)> = query.fetch_all(&mut *tx).await?;
            let mut given_up = GivenUp::default();
            let taken = self.take_from(&mut tx, &wedged, Cause::Wedged(after), &mut given_up).await?;
            count_failed(&mut tx, given_up).await?;
            tx.commit().await?;
            Ok(taken)
        })
        .await?;
        self.counts.leases_stuck.inc_by(taken as u64);
        Ok(taken)
    }

    async fn take_from(
        &self,
        connection: &mut PgConnection,
        workers: &[(String, i64)],
        cause: Cause,
        given_up: &mut GivenUp,
    ) -> Result<usize, QueueError> {
        if workers.is_empty() {
            return Ok(0);
        }
        let alone: bool = sqlx::query_scalar(include_str!("sql/lock_expiry.sql")).fetch_one(&mut *connection).await?;
        if !alone {
            return Ok(0);
        }
        let mut taken = 0;
        for (worker, boot) in workers {
            taken += self.take_all(&mut *connection, worker, *boot, cause, &mut *given_up).await?;
        }
        if taken > 0 {
            ring(connection).await?;
        }
        Ok(taken)
    }

    /// Takes all leases of one process: the one it was at is punished, the others go back.
    async fn take_all(
        &self,
        connection: &mut PgConnection,
        worker: &str,
        boot: i64,
        cause: Cause,
        given_up: &mut GivenUp,
    ) -> Result<usize, QueueError> {
        let query = sqlx::query(include_str!("sql/rows_of_worker.sql")).bind(worker).bind(boot);
        let (mut rows, mut overdue, mut held, mut unmined) = (Vec::new(), false, 0, None::<LeaseEpoch>);
        for row in query.fetch_all(&mut *connection).await? {
            overdue |= row.try_get::<bool, _>("overdue")?;
            held = row.try_get::<i64, _>("held")?;
            let epoch = LeaseEpoch(row.try_get("epoch")?);
            if !row.try_get::<bool, _>("mined")? {
                unmined = Some(unmined.map_or(epoch, |oldest| oldest.min(epoch)));
            }
            rows.push((epoch, LeasedRow::read(&row)?));
        }
        // It was heard of meanwhile, or is just now.
        let busy = i64::try_from(rows.len()).is_ok_and(|locked| locked < held);
        if busy || matches!(cause, Cause::Expired) && !overdue {
            return Ok(0);
        }
        // A lease of which something is done may lie in several rows.
        let taken = rows.iter().map(|(epoch, _)| *epoch).collect::<BTreeSet<_>>();
        let Some(blamed) = unmined.or(taken.first().copied()) else { return Ok(0) };
        let (guilty, innocent): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(epoch, _)| *epoch == blamed);
        let error = match cause {
            Cause::Expired => format!("worker {worker} died, or was not heard of for the time of a lease"),
            Cause::Wedged(after) => format!("worker {worker} finished no job for {} s", after.as_secs()),
        };
        let said = match cause {
            Cause::Expired => "lease expired",
            Cause::Wedged(_) => "lease revoked: its worker does not get on",
        };
        // A job stood alone when it was a lease by itself.
        let alone = guilty.len() == 1 && guilty[0].1.ordinals.len() == 1;
        for (epoch, row) in &guilty {
            tracing::warn!(worker, lease = epoch.0, campaign = %row.key.campaign, mode = %row.key.mode, layer = %row.key.layer, ordinals = ?row.ordinals, "{said}");
            let blame = if alone { Blame::Job } else { Blame::SomeJob };
            self.punish(&mut *connection, row, &error, blame, given_up).await?;
        }
        let innocent: Vec<i64> = innocent.iter().map(|(_, row)| row.id).collect();
        if !innocent.is_empty() {
            let given_back = sqlx::query(include_str!("sql/give_back_rows.sql")).bind(&innocent);
            given_back.execute(&mut *connection).await?;
            tracing::info!(worker, rows = innocent.len(), "its other leases go back");
        }
        Ok(taken.len())
    }
}
