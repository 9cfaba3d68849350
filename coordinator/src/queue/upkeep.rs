//! What keeps the queue small and its leases fair, off the hot path.

use super::{Queue, QueueError, progress::RATE_SECONDS};
use sqlx::Row;

/// The most spans of a layer that merging looks at in one transaction.
const MOST_SPANS: i64 = 1000;

/// Pulses are forgotten after so many seconds; the last one stays until there is another.
const FORGET_PULSES: f64 = 60.0;

/// An outage shorter than this needs no bridge: workers renew often enough. In seconds.
pub(super) const SHORT_OUTAGE: f64 = 5.0;

impl Queue {
    /// Merges neighbouring done spans: partial completions fragment a layer. Looks at those that were finished since the
    /// last time, and at what touches them, however many others there are. Spans whose jobs took different numbers of
    /// attempts stay apart. Returns how many layers it looked at.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn merge_done(&self) -> Result<usize, QueueError> {
        let untidied = sqlx::query(include_str!("sql/untidied.sql")).fetch_all(&self.pool).await?;
        for layer in &untidied {
            let (campaign, mode, index): (i64, i16, i32) =
                (layer.try_get("campaign_id")?, layer.try_get("mode")?, layer.try_get("layer")?);
            Self::transact(|| async {
                let mut tx = self.pool.begin().await?;
                let locked = sqlx::query(include_str!("sql/lock_layer.sql")).bind(campaign).bind(mode).bind(index);
                if locked.fetch_optional(&mut *tx).await?.is_none() {
                    return Ok(());
                }
                let merged = sqlx::query(include_str!("sql/merge_done.sql")).bind(campaign).bind(mode).bind(index);
                merged.bind(MOST_SPANS).execute(&mut *tx).await?;
                Ok(tx.commit().await?)
            })
            .await?;
        }
        Ok(untidied.len())
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
        for (statement, after) in [
            (include_str!("sql/forget_workers.sql"), after),
            (include_str!("sql/forget_finished.sql"), 2.0 * RATE_SECONDS),
        ] {
            Self::transact(|| async {
                sqlx::query(statement).bind(after).execute(&self.pool).await?;
                Ok(())
            })
            .await?;
        }
        sqlx::query(include_str!("sql/forget_rates.sql")).execute(&self.pool).await?;
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
    /// Usually one insertion, which waits for nobody. An outage is bridged under a lock; while another holds it, nothing
    /// is done, and no pulse is said to have been: leases do not run out before the gap is bridged.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pulse(&self) -> Result<f64, QueueError> {
        Self::transact(|| self.pulse_once()).await
    }

    async fn pulse_once(&self) -> Result<f64, QueueError> {
        let since_pulse = sqlx::query_scalar(include_str!("sql/since_pulse.sql"));
        let seconds: Option<f64> = since_pulse.fetch_one(&self.pool).await?;
        let outage = match seconds {
            Some(seconds) if seconds > SHORT_OUTAGE => self.bridge().await?,
            _ => {
                sqlx::query(include_str!("sql/pulse.sql")).execute(&self.pool).await?;
                0.0
            }
        };
        let forgotten = sqlx::query(include_str!("sql/forget_pulses.sql")).bind(FORGET_PULSES);
        forgotten.execute(&self.pool).await?;
        Ok(outage)
    }

    /// Extends all leases by the time that no coordinator was there. Returns it in seconds; 0 when another coordinator
    /// did so meanwhile, or is at it.
    async fn bridge(&self) -> Result<f64, QueueError> {
        let mut tx = self.pool.begin().await?;
        let alone: bool = sqlx::query_scalar(include_str!("sql/lock_outage.sql")).fetch_one(&mut *tx).await?;
        if !alone {
            return Ok(0.0);
        }
        // In a statement of its own, which sees what another did before the lock was this one's.
        let seconds: f64 = sqlx::query_scalar(include_str!("sql/since_pulse.sql")).fetch_one(&mut *tx).await?;
        let outage = if seconds > SHORT_OUTAGE { seconds } else { 0.0 };
        if outage > 0.0 {
            sqlx::query(include_str!("sql/excuse_workers.sql")).bind(outage).execute(&mut *tx).await?;
            sqlx::query(include_str!("sql/extend_all.sql")).bind(outage).execute(&mut *tx).await?;
        }
        sqlx::query(include_str!("sql/pulse.sql")).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(outage)
    }
}
