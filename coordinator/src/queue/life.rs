//! The life of a campaign after its submission.

use super::{Queue, QueueError, transact::jitter, wake::ring};
use std::time::Duration;
use superposed_shared::description::CampaignId;
use tokio::time::sleep;

/// About how long a claim or a report is busy with a span.
const BUSY: Duration = Duration::from_millis(2);

impl Queue {
    /// Hands out nothing more; leases run out their work.
    ///
    /// # Errors
    /// When the campaign is not running, or the database fails.
    pub async fn pause(&self, campaign: CampaignId) -> Result<(), QueueError> {
        self.change(campaign, "paused", include_str!("sql/pause.sql"), None).await
    }

    /// Goes on with a paused campaign.
    ///
    /// # Errors
    /// When the campaign is not paused, or the database fails.
    pub async fn resume(&self, campaign: CampaignId) -> Result<(), QueueError> {
        self.change(campaign, "resumed", include_str!("sql/resume.sql"), None).await?;
        // Its last lease may have been finished while it was paused.
        self.settle(Some(campaign)).await
    }

    /// Takes running work back and hands out nothing more.
    ///
    /// # Errors
    /// When the campaign has ended, or the database fails.
    pub async fn cancel(&self, campaign: CampaignId) -> Result<(), QueueError> {
        self.change(campaign, "cancelled", include_str!("sql/cancel.sql"), None).await?;
        self.cancel_unfinished(campaign).await
    }

    /// Queues the failed jobs of a campaign once more.
    ///
    /// # Errors
    /// When the campaign did not end with failures, or the database fails.
    pub async fn retry(&self, campaign: CampaignId) -> Result<(), QueueError> {
        let spans = include_str!("sql/retry_spans.sql");
        self.change(campaign, "retried", include_str!("sql/retry.sql"), Some(spans)).await
    }

    /// Changes the order in which campaigns are served. Whoever waits for work looks at once; leases that are out stay out.
    ///
    /// # Errors
    /// When the campaign has ended, or the database fails.
    pub async fn set_priority(&self, campaign: CampaignId, priority: i32) -> Result<(), QueueError> {
        Self::transact(|| async {
            let mut tx = self.pool.begin().await?;
            let change = sqlx::query(include_str!("sql/set_priority.sql")).bind(campaign.0).bind(priority);
            if change.execute(&mut *tx).await?.rows_affected() == 0 {
                tx.rollback().await?;
                let state = self.campaign(campaign).await?.state.as_str();
                return Err(QueueError::WrongState { campaign, state, action: "given another priority" });
            }
            ring(&mut tx).await?;
            Ok(tx.commit().await?)
        })
        .await
    }

    /// Forgets a campaign that has ended.
    ///
    /// # Errors
    /// When the campaign has not ended, or the database fails.
    pub async fn delete(&self, campaign: CampaignId) -> Result<(), QueueError> {
        // Its cancellation may not be over yet.
        self.cancel_unfinished(campaign).await?;
        self.change(campaign, "deleted", include_str!("sql/delete.sql"), None).await
    }

    /// Ends the spans of a campaign that is cancelled; does nothing otherwise. Not in the transaction that changes the
    /// campaign's state: reports lock their spans first and then the campaign.
    async fn cancel_unfinished(&self, campaign: CampaignId) -> Result<(), QueueError> {
        loop {
            self.cancel_spans(Some(campaign)).await?;
            // What a claim or a report is busy with is passed over. Waiting for it with the rest of the spans locked would
            // have others wait in turn.
            let unfinished = sqlx::query_scalar(include_str!("sql/unfinished.sql")).bind(campaign.0);
            if !unfinished.fetch_one(&self.pool).await? {
                return Ok(());
            }
            sleep(BUSY.mul_f64(jitter())).await;
        }
    }

    /// Ends the spans of a cancelled campaign, or of all.
    pub(super) async fn cancel_spans(&self, campaign: Option<CampaignId>) -> Result<(), QueueError> {
        Self::transact(|| async {
            let query = sqlx::query(include_str!("sql/cancel_spans.sql")).bind(campaign.map(|campaign| campaign.0));
            query.execute(&self.pool).await?;
            Ok(())
        })
        .await
    }

    /// Runs a statement that changes a campaign's state where that is allowed, and then one on its spans.
    async fn change(
        &self,
        campaign: CampaignId,
        action: &'static str,
        statement: &'static str,
        spans: Option<&'static str>,
    ) -> Result<(), QueueError> {
        Self::transact(|| async {
            let mut tx = self.pool.begin().await?;
            let changed = sqlx::query(statement).bind(campaign.0).execute(&mut *tx).await?.rows_affected();
            if changed == 0 {
                tx.rollback().await?;
                let state = self.campaign(campaign).await?.state.as_str();
                return Err(QueueError::WrongState { campaign, state, action });
            }
            if let Some(spans) = spans {
                sqlx::query(spans).bind(campaign.0).execute(&mut *tx).await?;
            }
            // Also of what makes none available: an operator's word is rare.
            ring(&mut tx).await?;
            Ok(tx.commit().await?)
        })
        .await
    }
}
