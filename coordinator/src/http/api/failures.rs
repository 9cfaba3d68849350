//! The failed jobs of a campaign.

use super::super::{
    Served,
    extract::{Path, Query},
    problem::Problem,
};
use crate::queue::progress::FailedJob;
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use superposed_shared::description::CampaignId;
use utoipa::{IntoParams, ToSchema};

/// The most failures in an answer.
const MOST: u32 = 1000;

/// A job that was given up.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct Failure {
    /// The job, as its files are named.
    #[schema(example = "i/0_304_pos")]
    job: String,
    /// How often it was tried.
    attempts: u32,
    /// Its last error.
    error: String,
    /// The worker of its last attempt.
    worker: String,
}

impl From<FailedJob> for Failure {
    fn from(failed: FailedJob) -> Self {
        let FailedJob { job, attempts, error, worker } = failed;
        Self { job: job.to_string(), attempts, error, worker }
    }
}

/// The failed jobs of a campaign.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct Failures {
    failures: Vec<Failure>,
}

#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Limit {
    /// At most this many, 100 unless given, never more than 1,000
    limit: Option<u32>,
}

/// The failed jobs of a campaign, in order
#[utoipa::path(get, path = "/campaigns/{id}/failures", params(
    ("id" = i64, Path, description = "The campaign's number"), Limit
), responses(
    (status = 200, body = Failures),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn failures(
    State(served): State<Served>,
    Path(id): Path<i64>,
    Query(Limit { limit }): Query<Limit>,
) -> Result<Json<Failures>, Problem> {
    let failures = served.queue.failures(CampaignId(id), limit.unwrap_or(100).min(MOST)).await?;
    Ok(Json(Failures { failures: failures.into_iter().map(Failure::from).collect() }))
}
