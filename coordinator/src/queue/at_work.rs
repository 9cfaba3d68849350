//! Who works on a campaign.

use super::{Queue, QueueError};
use sqlx::Row;
use superposed_shared::description::CampaignId;

/// Workers that hold jobs of a campaign.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AtWork {
    /// How many there are.
    pub workers: u32,
    /// The names of those with the most jobs, and how many jobs each holds.
    pub most: Vec<(String, u64)>,
}

impl Queue {
    /// Who holds jobs of a campaign; at most `limit` of them by name. Reads the leases of the campaign.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn at_work(&self, campaign: CampaignId, limit: u32) -> Result<AtWork, QueueError> {
        let query = sqlx::query(include_str!("sql/at_work.sql")).bind(campaign.0).bind(i64::from(limit));
        let mut at_work = AtWork::default();
        for row in query.fetch_all(&self.pool).await? {
            at_work.workers = u32::try_from(row.try_get::<i64, _>("workers")?).unwrap_or(u32::MAX);
            at_work.most.push((row.try_get("worker_id")?, row.try_get::<i64, _>("jobs")?.cast_unsigned()));
        }
        Ok(at_work)
    }
}
