//! What a cluster asks a coordinator: does it live, and can it do its work?

use super::{Served, problem::Problem};
use axum::{Router, extract::State, http::StatusCode, routing::get};
use std::time::Duration;
use tokio::time::timeout;

/// A database that does not answer in this time is away.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) fn routes() -> Router<Served> {
    Router::new().route("/healthz", get(lives)).route("/readyz", get(is_ready))
}

async fn lives() -> &'static str {
    "ok\n"
}

async fn is_ready(State(served): State<Served>) -> Result<&'static str, Problem> {
    match timeout(PATIENCE, served.queue.is_there()).await {
        Ok(Ok(())) => Ok("ok\n"),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the database does not answer")),
    }
}
