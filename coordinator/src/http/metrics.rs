//! What a coordinator tells Prometheus: the queue as the database has it when it is asked. Several coordinators of one
//! database tell the same; docs/metrics.md has the names, and `superposed_queue_…` of one of them is enough.

use super::{Served, problem::Problem};
use crate::queue::{
    QueueError,
    progress::{CampaignRow, JobCounts},
};
use axum::{
    Router,
    extract::State,
    http::header::CONTENT_TYPE,
    response::{IntoResponse, Response},
    routing::get,
};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, text::encode},
    metrics::{MetricType, gauge::ConstGauge},
    registry::{Registry, Unit},
};
use std::fmt;

const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) fn routes() -> Router<Served> {
    Router::new().route("/metrics", get(metrics))
}

async fn metrics(State(served): State<Served>) -> Result<Response, Problem> {
    let mut registry = Registry::with_prefix("superposed_queue");
    registry.register_collector(Box::new(Snapshot::of(&served).await?));
    let mut text = String::new();
    encode(&mut text, &registry).expect("writing to a string does not fail, and no collector does");
    Ok(([(CONTENT_TYPE, TEXT)], text).into_response())
}

/// The queue at one moment.
#[derive(Debug)]
struct Snapshot {
    campaigns: Vec<(CampaignRow, JobCounts)>,
    workers: Vec<WorkerRow>,
    oldest_pending: f64,
}

impl Snapshot {
    async fn of(served: &Served) -> Result<Self, QueueError> {
        let queue = &served.queue;
        Ok(Self {
            campaigns: queue.campaigns().await?,
            workers: queue.workers().await?,
            oldest_pending: queue.oldest_pending().await?,
        })
    }
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut jobs = encoder.encode_descriptor("jobs", "Jobs of a campaign by state", None, MetricType::Gauge)?;
        for (campaign, counts) in &self.campaigns {
            let id = campaign.id.to_string();
            for (state, count) in counts.by_state() {
                let labels = [("campaign", id.as_str()), ("name", campaign.name.as_str()), ("state", state)];
                ConstGauge::new(count as f64).encode(jobs.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}
