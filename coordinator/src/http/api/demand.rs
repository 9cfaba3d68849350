//! How much work is waiting, for whatever starts and stops workers.

use super::super::{Served, problem::Problem};
use crate::queue::progress::{CampaignRow, CampaignState, JobCounts};
use axum::{Json, extract::State};
use serde::Serialize;
use std::collections::BTreeSet;
use utoipa::ToSchema;

/// What one worker does in a second, as long as nothing was measured.
const ASSUMED_JOBS_PER_SECOND: f64 = 1.0;

/// The work that waits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub(super) struct Demand {
    /// Jobs of the running campaigns that are not done.
    jobs_left: u64,
    /// Workers that hold some of them.
    workers_at_work: usize,
    /// How long one worker would take for all of them, at the rate of the last minute; at a job a second while there is
    /// none.
    worker_seconds_left: f64,
}

impl Demand {
    #[expect(clippy::cast_precision_loss, reason = "jobs are far fewer than 2^53")]
    fn of(campaigns: &[(CampaignRow, JobCounts)], workers_at_work: usize) -> Self {
        let running = || campaigns.iter().filter(|(row, _)| row.state == CampaignState::Running);
        let jobs_left = running().map(|(_, jobs)| jobs.pending + jobs.leased).sum();
        let rate: f64 = running().map(|(row, _)| row.jobs_per_second).sum();
        let measured = rate > 0.0 && workers_at_work > 0;
        let of_one = if measured { rate / workers_at_work as f64 } else { ASSUMED_JOBS_PER_SECOND };
        Self { jobs_left, workers_at_work, worker_seconds_left: jobs_left as f64 / of_one }
    }
}

/// How much work is waiting, for whatever starts and stops workers
#[utoipa::path(get, path = "/demand", responses(
    (status = 200, body = Demand),
    (status = "default", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn demand(State(served): State<Served>) -> Result<Json<Demand>, Problem> {
    let campaigns = served.queue.campaigns().await?;
    let work = served.queue.assignments(None).await?;
    let workers: BTreeSet<&str> = work.iter().map(|held| held.worker.as_str()).collect();
    Ok(Json(Demand::of(&campaigns, workers.len())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use superposed_shared::description::CampaignId;

    fn campaign(state: CampaignState, jobs_per_second: f64, pending: u64) -> (CampaignRow, JobCounts) {
        let row = CampaignRow {
            id: CampaignId(1),
            name: "a".into(),
            size: "s".into(),
            destination: "/d".into(),
            state,
            priority: 0,
            trouble: None,
            max_workers: None,
            jobs_per_second,
        };
        (row, JobCounts { pending, leased: 10, done: 5, ..JobCounts::default() })
    }

    #[test]
    fn work_left_is_counted_in_seconds_of_one_worker() {
        let campaigns = [
            campaign(CampaignState::Running, 30.0, 490),
            campaign(CampaignState::Running, 10.0, 290),
            campaign(CampaignState::Paused, 50.0, 1000),
            campaign(CampaignState::Completed, 50.0, 0),
        ];
        let demand = Demand::of(&campaigns, 4);
        assert_eq!(demand, Demand { jobs_left: 800, workers_at_work: 4, worker_seconds_left: 80.0 });
    }

    #[test]
    fn before_anything_was_measured_a_job_takes_a_second_and_without_work_nothing_is_left() {
        let waiting = [campaign(CampaignState::Running, 0.0, 90)];
        assert!((Demand::of(&waiting, 0).worker_seconds_left - 100.0).abs() < 1e-9);
        assert!(Demand::of(&[], 3).worker_seconds_left.abs() < 1e-9);
    }
}
