//! What a coordinator tells Prometheus: the queue as the database has it when it is asked, so that it does not matter which
//! coordinator of a database is asked. docs/metrics.md has the names.

use super::{Served, problem::Problem};
use crate::queue::{
    QueueError,
    progress::{CampaignRow, CampaignState, JobCounts, WorkerRow},
};
use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, gauge::ConstGauge},
    registry::{Registry, Unit},
};
use std::fmt;
use superposed_shared::metrics;

pub(super) fn routes() -> Router<Served> {
    Router::new().route("/metrics", get(answer))
}

async fn answer(State(served): State<Served>) -> Result<Response, Problem> {
    let queue = &served.queue;
    let snapshot = Snapshot { campaigns: queue.campaigns().await?, workers: queue.workers().await? };
    let mut registry = Registry::with_prefix("superposed_queue");
    registry.register_collector(Box::new(snapshot));
    Ok(metrics::text(&registry).into_response())
}

/// The queue at one moment.
#[derive(Debug)]
struct Snapshot {
    campaigns: Vec<(CampaignRow, JobCounts)>,
    workers: Vec<WorkerRow>,
}

impl Snapshot {
    /// Campaigns that have not ended: those that have would be told for ever.
    fn going_on(&self) -> impl Iterator<Item = &(CampaignRow, JobCounts)> {
        self.campaigns.iter().filter(|(row, _)| matches!(row.state, CampaignState::Running | CampaignState::Paused))
    }
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut jobs =
            encoder.encode_descriptor("jobs", "Jobs of a campaign by state", None, MetricType::Gauge)?;
        for (row, counts) in self.going_on() {
            let id = row.id.to_string();
            for (state, count) in counts.by_state() {
                let labels = [("campaign", id.as_str()), ("name", row.name.as_str()), ("state", state)];
                gauge(count as f64, jobs.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}
