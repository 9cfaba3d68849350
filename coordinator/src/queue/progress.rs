//! How far campaigns are, what failed, who works.

use super::{LayerKey, Queue, QueueError, condition::WorkerCondition, read_mode};
use serde::Serialize;
use sqlx::{Row, postgres::PgRow, types::Json};
use std::{collections::BTreeMap, time::Duration};
use superposed_identity::{JobId, LayerIndex, Mode, NeuronId, Ordinal};
use superposed_shared::description::CampaignId;
use utoipa::ToSchema;

/// The state of a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
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

    pub(super) fn read(text: &str) -> Result<Self, QueueError> {
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

impl CampaignRow {
    /// How long the jobs that are left take at the rate of the last minute, in seconds; nothing for a campaign that does
    /// not go on.
    #[must_use]
    pub fn seconds_left(&self, jobs: &JobCounts) -> Option<u64> {
        let goes_on = self.state == CampaignState::Running && self.jobs_per_second > 0.0;
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "jobs are far fewer than 2^53; a cast of what is too large saturates"
        )]
        let seconds = || ((jobs.pending + jobs.leased) as f64 / self.jobs_per_second).ceil() as u64;
        goes_on.then(seconds)
    }
}

/// Jobs by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
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
    /// How it said that it fares.
    pub condition: Option<WorkerCondition>,
}

/// How much of a layer a worker holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Assignment {
    /// The worker's name.
    pub worker: String,
    /// The campaign.
    pub campaign: CampaignId,
    /// The mode.
    pub mode: Mode,
    /// The layer.
    pub layer: LayerIndex,
    /// Jobs it holds there.
    pub jobs: u64,
    /// For how long it has held the first of them, in seconds.
    pub seconds: f64,
}

/// What a campaign did in a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// When the stretch began, in seconds before now.
    pub seconds_ago: f64,
    /// Jobs done in it.
    pub jobs: u64,
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

    /// Who works on what: on one campaign, or on all of them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn assignments(&self, campaign: Option<CampaignId>) -> Result<Vec<Assignment>, QueueError> {
        let query = sqlx::query(include_str!("sql/assignments.sql")).bind(campaign.map(|campaign| campaign.0));
        let rows = query.fetch_all(&self.pool).await?;
        rows.iter()
            .map(|row| {
                Ok(Assignment {
                    worker: row.try_get("worker_id")?,
                    campaign: CampaignId(row.try_get("campaign_id")?),
                    mode: read_mode(row.try_get("mode")?)?,
                    layer: LayerIndex(row.try_get::<i32, _>("layer")?.cast_unsigned()),
                    jobs: row.try_get::<i64, _>("jobs")?.cast_unsigned(),
                    seconds: row.try_get("seconds")?,
                })
            })
            .collect()
    }

    /// What a campaign did over the last `span`, in stretches of `step`, oldest first; those without a job done are left
    /// out. Of what is older than some minutes, stretches begin and end at whole minutes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rates(&self, campaign: CampaignId, span: Duration, step: Duration) -> Result<Vec<Pace>, QueueError> {
        let query = sqlx::query(include_str!("sql/rates.sql"))
            .bind(campaign.0)
            .bind(span.as_secs_f64())
            .bind(step.as_secs_f64());
        let rows = query.fetch_all(&self.pool).await?;
        rows.iter()
            .map(|row| {
                Ok(Pace {
                    seconds_ago: -row.try_get::<f64, _>("seconds_from_now")?,
                    jobs: row.try_get::<i64, _>("jobs")?.cast_unsigned(),
                })
            })
            .collect()
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
                    condition: row.try_get::<Option<Json<_>>, _>("condition")?.map(|Json(condition)| condition),
                })
            })
            .collect()
    }
}
