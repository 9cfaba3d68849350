//! Workers, and what they hold.

use super::{
    super::{Served, problem::Problem},
    campaigns::Work,
};
use crate::queue::{condition::WorkerCondition, progress::WorkerRow};
use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

/// A worker.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct Worker {
    #[schema(example = "node7-3fa1c02b")]
    id: String,
    /// What it computes with.
    #[schema(example = "burn-flex (CPU)")]
    backend: String,
    /// How many cores it mines with.
    cores: u32,
    /// Since its last Sync.
    seconds_since_sync: f64,
    /// Jobs it holds.
    leased_jobs: u64,
    /// Whether it is about to stop.
    draining: bool,
    /// How it fares.
    #[serde(skip_serializing_if = "Option::is_none")]
    condition: Option<WorkerCondition>,
}

impl From<WorkerRow> for Worker {
    fn from(row: WorkerRow) -> Self {
        let WorkerRow { id, backend, cores, draining, seconds_since_sync, leased_jobs, condition, .. } = row;
        Self { id, backend, cores, seconds_since_sync, leased_jobs, draining, condition }
    }
}

/// All workers that were heard of lately.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct Workers {
    workers: Vec<Worker>,
    /// Who works on what.
    work: Vec<Work>,
}

/// Workers, and what they hold
#[utoipa::path(get, path = "/workers", responses(
    (status = 200, body = Workers),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(State(served): State<Served>) -> Result<Json<Workers>, Problem> {
    let workers = served.queue.workers().await?.into_iter().map(Worker::from).collect();
    let work = served.queue.assignments(None).await?.into_iter().map(Work::from).collect();
    Ok(Json(Workers { workers, work }))
}
