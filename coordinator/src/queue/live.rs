//! What goes on, as the database knows it: the same whichever coordinator is asked. For monitoring, which asks often:
//! campaigns that have ended are not looked at, nor are spans that are done, nor layers one by one.

use super::{
    Queue, QueueError,
    progress::{CampaignState, JobCounts, RATE_SECONDS},
};
use sqlx::Row;
use superposed_shared::description::CampaignId;

/// So many campaigns are told of at most, the oldest first.
const MOST_CAMPAIGNS: i64 = 1000;

/// A campaign that has not ended.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveCampaign {
    /// Its id.
    pub id: CampaignId,
    /// Its name.
    pub name: String,
    /// Running or paused.
    pub state: CampaignState,
    /// Whether trouble of its surroundings keeps it from going on.
    pub held_up: bool,
    /// Its jobs.
    pub jobs: JobCounts,
    /// Jobs done a second over the last minute.
    pub jobs_per_second: f64,
    /// Seconds since it was submitted.
    pub age_seconds: f64,
    /// Seconds since a job of it was handed out, or it was submitted.
    pub unclaimed_seconds: f64,
}

impl LiveCampaign {
    /// How long the jobs that are left take at the rate of the last minute; nothing for a campaign that does not go on.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "jobs are far fewer than 2^53")]
    pub fn work_left_seconds(&self) -> Option<f64> {
        let goes_on = self.state == CampaignState::Running && self.jobs_per_second > 0.0;
        goes_on.then(|| (self.jobs.pending + self.jobs.leased) as f64 / self.jobs_per_second)
    }
}

/// Workers by how they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LiveWorkers {
    /// Heard of within the time of a lease.
    pub alive: u64,
    /// About to stop, or stopped.
    pub draining: u64,
    /// Not heard of for longer, and not forgotten yet.
    pub silent: u64,
}

impl Queue {
    /// Campaigns that have not ended, and workers.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn live(&self) -> Result<(Vec<LiveCampaign>, LiveWorkers), QueueError> {
        let query = sqlx::query(include_str!("sql/live.sql")).bind(RATE_SECONDS).bind(MOST_CAMPAIGNS);
        let mut campaigns = Vec::new();
        for row in query.fetch_all(self.pool()).await? {
            let count = |name| Ok::<_, QueueError>(row.try_get::<i64, _>(name)?.cast_unsigned());
            let (all, failed, pending, leased) =
                (count("jobs")?, count("failed")?, count("pending")?, count("leased")?);
            let done = all.saturating_sub(failed + pending + leased);
            campaigns.push(LiveCampaign {
                id: CampaignId(row.try_get("id")?),
                name: row.try_get("name")?,
                state: CampaignState::read(row.try_get("state")?)?,
                held_up: row.try_get("held_up")?,
                jobs: JobCounts { pending, leased, done, failed, cancelled: 0 },
                jobs_per_second: row.try_get("jobs_per_second")?,
                age_seconds: row.try_get("age_seconds")?,
                unclaimed_seconds: row.try_get("unclaimed_seconds")?,
            });
        }
        let lease = self.settings().lease.as_secs_f64();
        let row = sqlx::query(include_str!("sql/live_workers.sql")).bind(lease).fetch_one(self.pool()).await?;
        let count = |name| Ok::<_, QueueError>(row.try_get::<i64, _>(name)?.cast_unsigned());
        let workers = LiveWorkers { alive: count("alive")?, draining: count("draining")?, silent: count("silent")? };
        Ok((campaigns, workers))
    }
}
