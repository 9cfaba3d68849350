//! What keeps the queue small and its leases fair, off the hot path.

use super::{Queue, QueueError, progress::RATE_SECONDS};
use sqlx::Row;

/// A layer may have this many done spans that touch the one before them until they are merged.
const MAX_TOUCHING_SPANS: i64 = 8;

/// An outage shorter than this needs no bridge: workers renew often enough. In seconds.
pub(super) const SHORT_OUTAGE: f64 = 5.0;

impl Queue {
    /// Merges neighbouring done spans of layers that have many: partial completions fragment a layer. Spans whose jobs
    /// took different numbers of attempts stay apart.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn merge_done(&self) -> Result<(), QueueError> {
        let fragmented = sqlx::query(include_str!("sql/fragmented.sql")).bind(MAX_TOUCHING_SPANS);
        for layer in fragmented.fetch_all(&self.pool).await? {
            let (campaign, mode, index): (i64, i16, i32) =
                (layer.try_get("campaign_id")?, layer.try_get("mode")?, layer.try_get("layer")?);
            let mut tx = self.pool.begin().await?;
            let locked = sqlx::query(include_str!("sql/lock_layer.sql")).bind(campaign).bind(mode).bind(index);
            if locked.fetch_optional(&mut *tx).await?.is_none() {
                continue;
            }
            let taken = sqlx::query(include_str!("sql/take_done.sql")).bind(campaign).bind(mode).bind(index);
            let (mut attempts, mut lower, mut upper): (Vec<i32>, Vec<i32>, Vec<i32>) = Default::default();
            for row in taken.fetch_all(&mut *tx).await? {
                attempts.push(row.try_get("attempts")?);
                lower.push(row.try_get("lower")?);
                upper.push(row.try_get("upper")?);
            }
            if !lower.is_empty() {
                let put = sqlx::query(include_str!("sql/put_done.sql")).bind(campaign).bind(mode).bind(index);
                put.bind(attempts).bind(lower).bind(upper).execute(&mut *tx).await?;
            }
            tx.commit().await?;
        }
        Ok(())
    }

    /// Ends all campaigns that have nothing left to do: a coordinator may have died between the last report and this,
    /// and an expired lease may have held a campaign's last job.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn settle_all(&self) -> Result<(), QueueError> {
        self.settle(None).await
    }

    /// Forgets workers that were not heard of for [`QueueSettings::forget_workers_after`], and what was finished so long
    /// ago that no rate is told from it.
    ///
    /// [`QueueSettings::forget_workers_after`]: super::QueueSettings::forget_workers_after
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget(&self) -> Result<(), QueueError> {
        let after = self.settings.forget_workers_after.as_secs_f64();
        sqlx::query(include_str!("sql/forget_workers.sql")).bind(after).execute(&self.pool).await?;
        let after = 2.0 * RATE_SECONDS;
        sqlx::query(include_str!("sql/forget_finished.sql")).bind(after).execute(&self.pool).await?;
        Ok(())
    }

    /// Ends the spans of all cancelled campaigns: a coordinator may have died while it cancelled one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn cancel_all_spans(&self) -> Result<(), QueueError> {
        self.cancel_spans(None).await
    }

    /// Says that a coordinator is alive. To be called when one starts, and then every few seconds: when none was
    /// alive for a while, or the database or the whole machine slept, no worker could renew, so all leases are
    /// extended by that time. Returns it in seconds, 0 when there was no outage.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pulse(&self) -> Result<f64, QueueError> {
        let mut tx = self.pool.begin().await?;
        let seconds: f64 = sqlx::query_scalar(include_str!("sql/outage.sql")).fetch_one(&mut *tx).await?;
        let outage = if seconds > SHORT_OUTAGE { seconds } else { 0.0 };
        if outage > 0.0 {
            sqlx::query(include_str!("sql/extend_all.sql")).bind(outage).execute(&mut *tx).await?;
        }
        sqlx::query(include_str!("sql/pulse.sql")).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(outage)
    }
}
