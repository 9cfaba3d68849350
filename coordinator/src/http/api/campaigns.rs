//! Campaigns and how far they are.

use super::super::{Served, extract::Path, problem::Problem};
use crate::queue::{
    Queue, QueueError,
    progress::{Assignment, CampaignRow, CampaignState, JobCounts},
};
use axum::{Json, extract::State};
use serde::Serialize;
use superposed_shared::description::CampaignId;
use utoipa::ToSchema;

/// A campaign.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct Campaign {
    id: i64,
    #[schema(example = "gpt2-small")]
    name: String,
    /// The label of its model.
    #[schema(example = "124M")]
    size: String,
    /// Where its results go.
    destination: String,
    state: CampaignState,
    priority: i32,
    jobs: JobCounts,
    /// Jobs done a second over the last minute, or since it was submitted.
    jobs_per_second: f64,
    /// When its last job would be done at this rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds_left: Option<u64>,
    /// What keeps it from going on, while something does.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
    /// How many workers may work on it at a time, where that is limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_workers: Option<u32>,
}

impl Campaign {
    fn new(row: CampaignRow, jobs: JobCounts) -> Self {
        Self {
            id: row.id.0,
            seconds_left: row.seconds_left(&jobs),
            name: row.name,
            size: row.size,
            destination: row.destination,
            state: row.state,
            priority: row.priority,
            jobs,
            jobs_per_second: row.jobs_per_second,
            trouble: row.trouble,
            max_workers: row.max_workers,
        }
    }
}

/// How far a layer is.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct Layer {
    #[schema(example = "i")]
    mode: String,
    layer: u32,
    jobs: JobCounts,
}

/// What a worker holds.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct Work {
    worker: String,
    campaign: i64,
    #[schema(example = "i")]
    mode: String,
    layer: u32,
    /// Jobs of this layer that it holds.
    jobs: u64,
    /// For how long it has held the first of them.
    seconds: f64,
}

impl From<Assignment> for Work {
    fn from(assignment: Assignment) -> Self {
        let Assignment { worker, campaign, mode, layer, jobs, seconds } = assignment;
        Self { worker, campaign: campaign.0, mode: mode.to_string(), layer: layer.0, jobs, seconds }
    }
}

/// A campaign, layer by layer.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct CampaignInFull {
    #[serde(flatten)]
    campaign: Campaign,
    /// By mode, then by layer.
    layers: Vec<Layer>,
    /// Who works on what.
    work: Vec<Work>,
}

impl CampaignInFull {
    /// A campaign as it is now.
    pub(super) async fn now(queue: &Queue, id: CampaignId) -> Result<Self, QueueError> {
        let row = queue.campaign(id).await?;
        let mut total = JobCounts::default();
        let mut layers = Vec::new();
        for (mode, layer, jobs) in queue.progress(id).await? {
            total.add(&jobs);
            layers.push(Layer { mode: mode.to_string(), layer: layer.0, jobs });
        }
        let work = queue.assignments(Some(id)).await?.into_iter().map(Work::from).collect();
        Ok(Self { campaign: Campaign::new(row, total), layers, work })
    }

    /// Whether it may change yet.
    pub(super) fn goes_on(&self) -> bool {
        matches!(self.campaign.state, CampaignState::Running | CampaignState::Paused)
    }
}

/// All campaigns.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct Campaigns {
    campaigns: Vec<Campaign>,
}

impl Campaigns {
    /// All campaigns as they are now.
    pub(super) async fn now(queue: &Queue) -> Result<Self, QueueError> {
        let campaigns = queue.campaigns().await?.into_iter().map(|(row, jobs)| Campaign::new(row, jobs)).collect();
        Ok(Self { campaigns })
    }
}

/// All campaigns, oldest first
#[utoipa::path(get, path = "/campaigns", responses(
    (status = 200, body = Campaigns),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(State(served): State<Served>) -> Result<Json<Campaigns>, Problem> {
    Ok(Json(Campaigns::now(&served.queue).await?))
}

/// A campaign, layer by layer
#[utoipa::path(get, path = "/campaigns/{id}", params(("id" = i64, Path, description = "The campaign's number")), responses(
    (status = 200, body = CampaignInFull),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn get(State(served): State<Served>, Path(id): Path<i64>) -> Result<Json<CampaignInFull>, Problem> {
    Ok(Json(CampaignInFull::now(&served.queue, CampaignId(id)).await?))
}
