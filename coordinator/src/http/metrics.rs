//! What a coordinator tells Prometheus: what goes on as the database has it, the same whichever coordinator is asked, and
//! what this process counted. docs/metrics.md has the names.

use super::Served;
use crate::queue::{
    Queue,
    live::{LiveCampaign, LiveWorkers},
    progress::{CampaignState, JobCounts},
};
use axum::{Router, extract::State, response::IntoResponse, routing::get};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, gauge::ConstGauge},
    registry::{Registry, Unit},
};
use std::{fmt, time::Duration};
use superposed_shared::metrics;
use tokio::time::timeout;

/// A database that does not answer in this time is away; what this process counted is told all the same.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn routes() -> Router<Served> {
    Router::new().route("/metrics", get(answer))
}

async fn answer(State(served): State<Served>) -> impl IntoResponse {
    let live = match timeout(PATIENCE, served.queue.live()).await {
        Ok(Ok((campaigns, workers))) => Some(Live { campaigns, workers }),
        Ok(Err(error)) => {
            tracing::warn!(%error, "metrics of the queue are not told");
            None
        }
        Err(_) => {
            tracing::warn!("metrics of the queue are not told: the database does not answer");
            None
        }
    };
    metrics::answer(&registry(&served.queue, live))
}

/// Everything that a coordinator tells.
fn registry(queue: &Queue, live: Option<Live>) -> Registry {
    let mut registry = Registry::default();
    queue.counts().register(&mut registry);
    registry.register_collector(Box::new(Told(live)));
    registry
}

/// What goes on.
#[derive(Debug)]
struct Live {
    campaigns: Vec<LiveCampaign>,
    workers: LiveWorkers,
}

/// What goes on, or that the database was away.
#[derive(Debug)]
struct Told(Option<Live>);

impl Collector for Told {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let up = encoder.encode_descriptor(
            "superposed_coordinator_database_up",
            "Whether the database answered",
            None,
            MetricType::Gauge,
        )?;
        ConstGauge::new(u64::from(self.0.is_some())).encode(up)?;
        match &self.0 {
            Some(live) => live.encode(&mut encoder),
            None => Ok(()),
        }
    }
}

impl Live {
    fn encode(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let mut workers = encoder.encode_descriptor("superposed_queue_workers", "Workers", None, MetricType::Gauge)?;
        let LiveWorkers { alive, draining, silent } = self.workers;
        for (state, count) in [("alive", alive), ("draining", draining), ("silent", silent)] {
            ConstGauge::new(count).encode(workers.encode_family(&[("state", state)])?)?;
        }
        let mut jobs = encoder.encode_descriptor("superposed_queue_jobs", "Jobs by state", None, MetricType::Gauge)?;
        for campaign in &self.campaigns {
            let id = campaign.id.to_string();
            let JobCounts { pending, leased, done, failed, cancelled: _ } = campaign.jobs;
            for (state, count) in [("pending", pending), ("leased", leased), ("done", done), ("failed", failed)] {
                let labels = [("campaign", id.as_str()), ("name", campaign.name.as_str()), ("state", state)];
                ConstGauge::new(count).encode(jobs.encode_family(&labels)?)?;
            }
        }
        self.of_campaigns(encoder, "paused", "Whether the campaign is paused", None, |campaign| {
            Some(flag(campaign.state == CampaignState::Paused))
        })?;
        self.of_campaigns(encoder, "held_up", "Whether trouble keeps the campaign from going on", None, |campaign| {
            Some(flag(campaign.held_up))
        })?;
        self.of_campaigns(encoder, "jobs_per_second", "Jobs done a second", None, |campaign| {
            Some(campaign.jobs_per_second)
        })?;
        let seconds = Some(&Unit::Seconds);
        self.of_campaigns(encoder, "work_left", "Work left", seconds, LiveCampaign::work_left_seconds)?;
        self.of_campaigns(encoder, "oldest_pending", "Age of the oldest pending job", seconds, |campaign| {
            (campaign.jobs.pending > 0).then_some(campaign.age_seconds)
        })?;
        self.of_campaigns(encoder, "unclaimed", "Time since a job was handed out", seconds, |campaign| {
            let waits = campaign.state == CampaignState::Running && campaign.jobs.pending > 0;
            waits.then_some(campaign.unclaimed_seconds)
        })
    }

    /// Tells something of each campaign that has it.
    fn of_campaigns(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        name: &str,
        help: &str,
        unit: Option<&Unit>,
        value: impl Fn(&LiveCampaign) -> Option<f64>,
    ) -> fmt::Result {
        let name = format!("superposed_queue_{name}");
        let mut family = encoder.encode_descriptor(&name, help, unit, MetricType::Gauge)?;
        for campaign in &self.campaigns {
            if let Some(value) = value(campaign) {
                let id = campaign.id.to_string();
                let labels = [("campaign", id.as_str()), ("name", campaign.name.as_str())];
                ConstGauge::new(value).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

const fn flag(set: bool) -> f64 {
    if set { 1.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::counts::Counts;
    use superposed_shared::description::CampaignId;

    /// A running campaign with a name that needs care, and one that is paused.
    fn live() -> Live {
        let jobs = JobCounts { pending: 30, leased: 10, done: 59, failed: 1, cancelled: 0 };
        let running = LiveCampaign {
            id: CampaignId(7),
            name: "a \"b\"".to_owned(),
            state: CampaignState::Running,
            held_up: true,
            jobs,
            jobs_per_second: 0.5,
            age_seconds: 60.0,
            unclaimed_seconds: 1.5,
        };
        let paused = LiveCampaign {
            id: CampaignId(8),
            name: "c".to_owned(),
            state: CampaignState::Paused,
            held_up: false,
            ..running
        };
        Live { campaigns: vec![running, paused], workers: LiveWorkers { alive: 2, draining: 1, silent: 0 } }
    }

    fn registry_of(live: Option<Live>) -> Registry {
        let mut registry = Registry::default();
        Counts::default().register(&mut registry);
        registry.register_collector(Box::new(Told(live)));
        registry
    }

    #[test]
    fn what_goes_on_is_told_and_nothing_is_promised_of_what_does_not_go_on() {
        let text = metrics::text(&registry_of(Some(live())));
        for line in [
            "superposed_coordinator_database_up 1",
            "superposed_coordinator_leases_granted_total 0",
            "superposed_queue_workers{state=\"alive\"} 2",
            "superposed_queue_jobs{campaign=\"7\",name=\"a \\\"b\\\"\",state=\"pending\"} 30",
            "superposed_queue_held_up{campaign=\"7\",name=\"a \\\"b\\\"\"} 1.0",
            "superposed_queue_work_left_seconds{campaign=\"7\",name=\"a \\\"b\\\"\"} 80.0",
            "superposed_queue_unclaimed_seconds{campaign=\"7\",name=\"a \\\"b\\\"\"} 1.5",
            "superposed_queue_paused{campaign=\"8\",name=\"c\"} 1.0",
            "superposed_queue_oldest_pending_seconds{campaign=\"8\",name=\"c\"} 60.0",
        ] {
            assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("superposed_queue_work_left_seconds{campaign=\"8\""), "{text}");
        assert!(!text.contains("superposed_queue_unclaimed_seconds{campaign=\"8\""), "{text}");
    }

    #[test]
    fn what_this_process_counted_is_told_without_a_database_as_well() {
        let text = metrics::text(&registry_of(None));
        assert!(text.contains("superposed_coordinator_database_up 0\n"), "{text}");
        assert!(text.contains("superposed_coordinator_syncs_failed_total 0\n"), "{text}");
        assert!(!text.contains("superposed_queue_"), "{text}");
    }

    #[test]
    fn the_documentation_has_these_metrics_and_no_others() {
        let told = metrics::names(&registry_of(Some(live())));
        let page = include_str!("../../../docs/metrics.md");
        let mut documented = metrics::documented(page, "superposed_queue_");
        documented.extend(metrics::documented(page, "superposed_coordinator_"));
        assert_eq!(told, documented);
    }
}
