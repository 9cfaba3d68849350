//! What operators do to a campaign.

use super::{
    super::{Served, extract::Path, origin::ACTION, problem::Problem},
    campaigns::CampaignInFull,
};
use axum::{Json, extract::State};
use serde::Deserialize;
use superposed_shared::description::CampaignId;
use utoipa::ToSchema;

/// What is to be done to a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Action {
    /// Hand out no more of its jobs
    Pause,
    /// Go on with it
    Resume,
    /// End it: running jobs are taken back, files that were written stay
    Cancel,
    /// Queue its failed jobs once more
    Retry,
}

/// Pause, resume, cancel or retry a campaign
#[utoipa::path(post, path = "/campaigns/{id}/{action}", params(
    ("id" = i64, Path, description = "The campaign's number"),
    ("action" = Action, Path, description = "What is to be done"),
    ("x-superposed-action" = String, Header, description = "Anything: no page of another site can send it"),
), responses(
    (status = 200, body = CampaignInFull, description = "The campaign after that"),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn act(
    State(served): State<Served>,
    Path((id, action)): Path<(i64, Action)>,
) -> Result<Json<CampaignInFull>, Problem> {
    let (queue, id) = (&served.queue, CampaignId(id));
    match action {
        Action::Pause => queue.pause(id).await?,
        Action::Resume => queue.resume(id).await?,
        Action::Cancel => queue.cancel(id).await?,
        Action::Retry => queue.retry(id).await?,
    }
    tracing::info!(campaign = %id, ?action, "{ACTION}");
    Ok(Json(CampaignInFull::now(queue, id).await?))
}
