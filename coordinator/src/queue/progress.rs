//! How far campaigns are, what failed, who works.

use super::{LayerKey, Queue, QueueError, read_mode};
use sqlx::{Row, postgres::PgRow};
use std::collections::BTreeMap;
use superposed_identity::{JobId, LayerIndex, Mode, NeuronId, Ordinal};
use superposed_shared::description::CampaignId;

/// The state of a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CampaignState {
    /// Its jobs are handed out.
    Running,
    /// Nothing is handed out until it is resumed.
    Paused,
    /// It was cancelled.
    Cancelled,
    /// Every job is done.
    Completed,
    /// Every job is done or failed, and some failed.
    CompletedWithFailures,
}

impl CampaignState {
    /// The state in words, as the database has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Cancelled => "cancelled",
            Self::Completed => "completed",
            Self::CompletedWithFailures => "completed_with_failures",
        }
    }

    fn read(text: &str) -> Result<Self, QueueError> {
        [Self::Running, Self::Paused, Self::Cancelled, Self::Completed, Self::CompletedWithFailures]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| QueueError::Corrupt(format!("the campaign state {text}")))
    }
}

/// Rates are those of so many seconds.
pub(super) const RATE_SECONDS: f64 = 60.0;

/// A campaign without its counts.
#[derive(Debug, Clone, PartialEq)]
pub struct CampaignRow {
    /// Its id.
    pub id: CampaignId,
    /// Its name.
    pub name: String,
    /// The label of its model.
    pub size: String,
    /// Where its results go.
    pub destination: String,
    /// Its state.
    pub state: CampaignState,
    /// Its priority.
    pub priority: i32,
    /// What keeps it from going on, while something does.
    pub trouble: Option<String>,
    /// How many workers may work on it at most.
    pub max_workers: Option<u32>,
    /// Jobs done a second over the last minute.
    pub jobs_per_second: f64,
}

/// Jobs by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JobCounts {
    /// Waiting.
    pub pending: u64,
    /// With a worker.
    pub leased: u64,
    /// Done.
    pub done: u64,
    /// Given up.
    pub failed: u64,
    /// Cancelled.
    pub cancelled: u64,
}

impl JobCounts {
    /// All jobs.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.pending + self.leased + self.done + self.failed + self.cancelled
    }

    /// Adds the jobs of another.
    pub const fn add(&mut self, other: &Self) {
        self.pending += other.pending;
        self.leased += other.leased;
        self.done += other.done;
        self.failed += other.failed;
        self.cancelled += other.cancelled;
    }

    fn slot(&mut self, state: &str) -> Result<&mut u64, QueueError> {
        Ok(match state {
            "pending" => &mut self.pending,
            "leased" => &mut self.leased,
            "failed" => &mut self.failed,
            "cancelled" => &mut self.cancelled,
            other => return Err(QueueError::Corrupt(format!("the span state {other}"))),
        })
    }
}

/// Jobs by state, as they are read: all of them, and those that are not done.
#[derive(Debug, Clone, Copy, Default)]
struct Shares {
    all: u64,
    not_done: JobCounts,
}

impl Shares {
    fn add(&mut self, row: &PgRow) -> Result<(), QueueError> {
        let jobs = row.try_get::<i64, _>("jobs")?.cast_unsigned();
        match row.try_get("state")? {
            "all" => self.all = jobs,
            state => *self.not_done.slot(state)? = jobs,
        }
        Ok(())
    }

    const fn counts(&self) -> JobCounts {
        JobCounts { done: self.all.saturating_sub(self.not_done.total()), ..self.not_done }
    }
}

/// A job that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedJob {
    /// The job.
    pub job: JobId,
    /// How often it was tried.
    pub attempts: u32,
    /// Its last error.
    pub error: String,
    /// The worker of its last attempt.
    pub worker: String,
}

/// A worker that was heard of.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkerRow {
    /// Its name.
    pub id: String,
    /// What it computes with.
    pub backend: String,
    /// How many cores it mines with.
    pub cores: u32,
    /// Whether it is about to stop.
    pub draining: bool,
    /// Whether it was asked to leave.
    pub drain_asked: bool,
    /// Seconds since its last Sync.
    pub seconds_since_sync: f64,
    /// Jobs it holds.
    pub leased_jobs: u64,
}

fn read_campaign(row: &PgRow) -> Result<CampaignRow, QueueError> {
    Ok(CampaignRow {
        id: CampaignId(row.try_get("id")?),
        name: row.try_get("name")?,
        size: row.try_get("size")?,
        destination: row.try_get("destination")?,
        state: CampaignState::read(row.try_get("state")?)?,
        priority: row.try_get("priority")?,
        trouble: row.try_get("trouble")?,
        max_workers: row.try_get::<Option<i32>, _>("max_workers")?.map(i32::cast_unsigned),
        jobs_per_second: row.try_get("jobs_per_second")?,
    })
}

impl Queue {
    /// A campaign.
    ///
    /// # Errors
    /// When there is none, or the database fails.
    pub async fn campaign(&self, campaign: CampaignId) -> Result<CampaignRow, QueueError> {
        let query = sqlx::query(include_str!("sql/campaign.sql")).bind(Some(campaign.0)).bind(RATE_SECONDS);
        let row = query.fetch_optional(&self.pool).await?;
        read_campaign(&row.ok_or(QueueError::NoSuchCampaign(campaign))?)
    }

    /// All campaigns, each with all its jobs by state. Looks neither at spans that are done nor at layers one by one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn campaigns(&self) -> Result<Vec<(CampaignRow, JobCounts)>, QueueError> {
        let query = sqlx::query(include_str!("sql/campaign.sql")).bind(None::<i64>).bind(RATE_SECONDS);
        let rows = query.fetch_all(&self.pool).await?;
        // The counts second: no campaign lacks its own.
        let mut totals: BTreeMap<i64, Shares> = BTreeMap::new();
        for row in sqlx::query(include_str!("sql/totals.sql")).fetch_all(&self.pool).await? {
            totals.entry(row.try_get("campaign_id")?).or_default().add(&row)?;
        }
        let rows = rows.iter().map(|row| {
            let campaign = read_campaign(row)?;
            let shares = totals.remove(&campaign.id.0).unwrap_or_default();
            Ok((campaign, shares.counts()))
        });
        rows.collect()
    }

    /// The jobs of a campaign by mode and layer. Reads a row a span that is not done, and a row a layer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn progress(&self, campaign: CampaignId) -> Result<Vec<(Mode, LayerIndex, JobCounts)>, QueueError> {
        let rows = sqlx::query(include_str!("sql/progress.sql")).bind(campaign.0).fetch_all(&self.pool).await?;
        let mut layers: BTreeMap<(Mode, LayerIndex), Shares> = BTreeMap::new();
        for row in &rows {
            let mode = read_mode(row.try_get("mode")?)?;
            let layer = LayerIndex(row.try_get::<i32, _>("layer")?.cast_unsigned());
            layers.entry((mode, layer)).or_default().add(row)?;
        }
        Ok(layers.into_iter().map(|((mode, layer), shares)| (mode, layer, shares.counts())).collect())
    }

    /// The failed jobs of a campaign, in order, at most `limit`.
    ///
    /// # Errors
    /// When there is no such campaign, or the database fails.
    pub async fn failures(&self, campaign: CampaignId, limit: u32) -> Result<Vec<FailedJob>, QueueError> {
        let polarities = self.description(campaign).await?.polarities;
        let mut connection = self.pool.acquire().await?;
        let rows = sqlx::query(include_str!("sql/failures.sql"))
            .bind(campaign.0)
            .bind(i64::from(limit))
            .fetch_all(&mut *connection)
            .await?;
        let mut failures = Vec::with_capacity(rows.len());
        let mut layer_neurons = None;
        for row in &rows {
            let key = LayerKey {
                campaign,
                mode: read_mode(row.try_get("mode")?)?,
                layer: LayerIndex(row.try_get::<i32, _>("layer")?.cast_unsigned()),
            };
            if layer_neurons.as_ref().is_none_or(|(known, _)| *known != key) {
                layer_neurons = Some((key, self.neurons(&mut connection, key).await?));
            }
            let ordinal = Ordinal(row.try_get::<i32, _>("ordinal")?.cast_unsigned());
            let index = ordinal.neuron_index(polarities) as usize;
            let neuron = layer_neurons.as_ref().and_then(|(_, neurons)| neurons.iter().nth(index));
            failures.push(FailedJob {
                job: JobId {
                    mode: key.mode,
                    layer: key.layer,
                    neuron: NeuronId(neuron.ok_or_else(|| QueueError::Corrupt(format!("ordinal {ordinal}")))?),
                    polarity: ordinal.polarity(polarities),
                },
                attempts: row.try_get::<i32, _>("attempts")?.cast_unsigned(),
                error: row.try_get("error")?,
                worker: row.try_get("worker")?,
            });
        }
        Ok(failures)
    }

    /// All workers that were ever heard of.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn workers(&self) -> Result<Vec<WorkerRow>, QueueError> {
        let rows = sqlx::query(include_str!("sql/workers.sql")).fetch_all(&self.pool).await?;
        rows.iter()
            .map(|row| {
                Ok(WorkerRow {
                    id: row.try_get("id")?,
                    backend: row.try_get("backend")?,
                    cores: row.try_get::<i32, _>("cores")?.cast_unsigned(),
                    draining: row.try_get("draining")?,
                    drain_asked: row.try_get("drain_asked")?,
                    seconds_since_sync: row.try_get("seconds_since_sync")?,
                    leased_jobs: row.try_get::<i64, _>("leased_jobs")?.cast_unsigned(),
                })
            })
            .collect()
    }
}
