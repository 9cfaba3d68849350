//! The queue in JSON: what [`CampaignService`](crate::service::Campaigns) offers over gRPC, for browsers and scripts.
//!
//! `docs/openapi.json` describes it, made from the types here; a test holds the file against them, and another the answers
//! of a running coordinator against the file.
#![expect(unused_qualifications, reason = "what utoipa makes of a handler's queries is qualified")]

mod actions;
mod campaigns;
mod demand;
mod events;
mod failures;
mod rates;
mod results;
mod workers;

pub(super) use results::Corpora;

use super::Served;
use axum::Router;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

#[derive(OpenApi)]
#[openapi(info(
    title = "superposed",
    description = "Campaigns, their progress, and the workers that mine them. Reading needs a GET; actions are POSTs with \
                   the header `x-superposed-action: 1`. What is refused is answered with `application/problem+json`."
))]
struct Description;

fn described() -> OpenApiRouter<Served> {
    OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(campaigns::list))
        .routes(routes!(campaigns::get))
        .routes(routes!(rates::rates))
        .routes(routes!(failures::failures))
        .routes(routes!(actions::act))
        .routes(routes!(events::of_list))
        .routes(routes!(events::of_campaign))
        .routes(routes!(workers::list))
        .routes(routes!(demand::demand))
        .routes(routes!(results::job::job))
        .routes(routes!(results::affinity::affinity))
        .routes(routes!(results::search::topics))
}

pub(super) fn routes() -> Router<Served> {
    described().split_for_parts().0
}

/// The description of the API, as OpenAPI 3.1 has it.
#[must_use]
pub fn description() -> utoipa::openapi::OpenApi {
    OpenApiRouter::<Served>::with_openapi(Description::openapi()).nest("/api/v1", described()).split_for_parts().1
}
