//! How fast a campaign was.

use super::super::{
    Served,
    extract::{Path, Query},
    problem::Problem,
};
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use superposed_shared::description::CampaignId;
use utoipa::{IntoParams, ToSchema};

/// Stretches of an answer.
const STRETCHES: u32 = 120;

/// A stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub(super) struct Stretch {
    /// When it began, in seconds before now.
    seconds_ago: f64,
    /// Jobs done in it, a second.
    jobs_per_second: f64,
}

/// How fast a campaign was.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(super) struct Rates {
    /// The length of a stretch.
    seconds: f64,
    /// Oldest first; those in which nothing was done are left out.
    stretches: Vec<Stretch>,
}

#[derive(Debug, Clone, Copy, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Span {
    /// How far back, 2 hours unless given, at most 30 days; in 120 stretches of at least a minute
    minutes: Option<u32>,
}

/// How fast a campaign was
#[utoipa::path(get, path = "/campaigns/{id}/rates", params(
    ("id" = i64, Path, description = "The campaign's number"), Span
), responses(
    (status = 200, body = Rates),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn rates(
    State(served): State<Served>,
    Path(id): Path<i64>,
    Query(Span { minutes }): Query<Span>,
) -> Result<Json<Rates>, Problem> {
    let id = CampaignId(id);
    served.queue.campaign(id).await?;
    let minutes = minutes.unwrap_or(120).clamp(1, 30 * 24 * 60);
    let step = Duration::from_mins(minutes.div_ceil(STRETCHES).into());
    let paces = served.queue.rates(id, Duration::from_mins(minutes.into()), step).await?;
    let seconds = step.as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "jobs are far fewer than 2^53")]
    let stretch = |pace: crate::queue::progress::Pace| Stretch {
        seconds_ago: pace.seconds_ago,
        jobs_per_second: pace.jobs as f64 / seconds,
    };
    Ok(Json(Rates { seconds, stretches: paces.into_iter().map(stretch).collect() }))
}
