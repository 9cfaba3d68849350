//! `CampaignService`: what operators ask for.

use super::status::{bad_message, check_name};
use crate::{
    admission::{Admitted, Adoption, admit},
    queue::{
        Queue, QueueError,
        at_work::AtWork,
        progress::{CampaignRow, CampaignState, FailedJob, JobCounts, WorkerRow},
        submit::Submitted,
    },
};
use futures::stream::BoxStream;
use prost::Message;
use std::time::Duration;
use superposed_shared::{
    description::CampaignId,
    proto::{self, v1},
    spec::CampaignSpec,
};
use tokio::time::{MissedTickBehavior, interval};
use tonic::{Request, Response, Status};
use tracing::Span;

/// How often a watched campaign is looked at.
const WATCH_EVERY: Duration = Duration::from_millis(500);

/// How often in all a watched campaign may not be looked at because the database is away.
const WATCH_PATIENCE: u32 = 240;

/// Failures that are listed when no limit is given.
const DEFAULT_FAILURES: u32 = 1000;

/// The most failures that are listed, whatever the limit; fewer when their errors are so long that they would not fit
/// into a message.
const MAX_FAILURES: u32 = 10_000;

/// The most workers of a campaign that are named.
const MAX_AT_WORK: u32 = 32;

/// Serves operators.
#[derive(Debug)]
pub struct Campaigns {
    queue: Queue,
}

impl Campaigns {
    /// A service over a queue.
    #[must_use]
    pub const fn new(queue: Queue) -> Self {
        Self { queue }
    }

    async fn answer(&self, campaign: i64) -> Result<Response<v1::Campaign>, Status> {
        Span::current().record("campaign", campaign);
        Ok(Response::new(campaign_now(&self.queue, CampaignId(campaign)).await?))
    }
}

#[tonic::async_trait]
impl v1::campaign_service_server::CampaignService for Campaigns {
    async fn submit(&self, request: Request<v1::SubmitRequest>) -> Result<Response<v1::SubmitResponse>, Status> {
        let request = request.into_inner();
        check_name("client_key", &request.client_key, 1000)?;
        let adoption = match request.adoption() {
            v1::Adoption::Unspecified => Adoption::Nothing,
            v1::Adoption::Recorded => Adoption::Recorded,
            v1::Adoption::Trusted => Adoption::Trusted,
        };
        let mut adopted_jobs = 0;
        let spec = request.spec.ok_or_else(|| Status::invalid_argument("spec: missing"))?;
        let spec = CampaignSpec::try_from(spec).map_err(|error| bad_message(&error))?;
        let submitted = match self.queue.campaign_by_key(&request.client_key).await? {
            Some((known, as_submitted)) if as_submitted == spec => Submitted::Known(known),
            Some((known, _)) => {
                return Err(Status::already_exists(format!(
                    "campaign {known} was submitted with the same key but says something else: choose another key, or \
                     delete campaign {known} once it has ended"
                )));
            }
            None => {
                let admitted = admit(spec, adoption).await?;
                adopted_jobs = admitted.adopted_jobs();
                let Admitted { record, layers, adopted } = &admitted;
                let key = &request.client_key;
                self.queue.submit_adopting(key, &record.spec, &record.description, layers, adopted).await?
            }
        };
        let (id, created) = match submitted {
            Submitted::Created(id) => (id, true),
            Submitted::Known(id) => (id, false),
        };
        Span::current().record("campaign", id.0);
        let campaign = campaign_now(&self.queue, id).await?;
        tracing::info!(campaign = %id, name = campaign.name, created, adopted_jobs, "campaign submitted");
        Ok(Response::new(v1::SubmitResponse { campaign: Some(campaign), created, adopted_jobs }))
    }

    async fn get(&self, request: Request<v1::GetRequest>) -> Result<Response<v1::Campaign>, Status> {
        self.answer(request.into_inner().campaign_id).await
    }

    async fn list(&self, _: Request<v1::ListRequest>) -> Result<Response<v1::ListResponse>, Status> {
        let campaigns = self.queue.campaigns().await?;
        let campaigns = campaigns.into_iter().map(|(row, total)| write_campaign(row, &total, Vec::new())).collect();
        Ok(Response::new(v1::ListResponse { campaigns }))
    }

    type WatchStream = BoxStream<'static, Result<v1::Campaign, Status>>;

    async fn watch(&self, request: Request<v1::WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let id = CampaignId(request.into_inner().campaign_id);
        self.queue.campaign(id).await?;
        let mut ticks = interval(WATCH_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let state = Some((self.queue.clone(), ticks, None::<v1::Campaign>));
        // A database that is restarted is waited for: what is watched goes on meanwhile.
        let mut patience = WATCH_PATIENCE;
        let changes = futures::stream::unfold(state, move |state| async move {
            let (queue, mut ticks, last) = state?;
            loop {
                ticks.tick().await;
                match campaign_now(&queue, id).await {
                    Err(QueueError::Database(error)) if patience > 0 => {
                        patience -= 1;
                        tracing::warn!(campaign = %id, error = %error, "a watched campaign cannot be looked at");
                    }
                    Err(error) => return Some((Err(error.into()), None)),
                    Ok(now) if last.as_ref() == Some(&now) => {}
                    Ok(now) => {
                        let goes_on = matches!(now.state(), v1::CampaignState::Running | v1::CampaignState::Paused);
                        let next = goes_on.then(|| (queue, ticks, Some(now.clone())));
                        return Some((Ok(now), next));
                    }
                }
            }
        });
        Ok(Response::new(Box::pin(changes)))
    }

    async fn pause(&self, request: Request<v1::PauseRequest>) -> Result<Response<v1::Campaign>, Status> {
        let id = request.into_inner().campaign_id;
        self.queue.pause(CampaignId(id)).await?;
        self.answer(id).await
    }

    async fn resume(&self, request: Request<v1::ResumeRequest>) -> Result<Response<v1::Campaign>, Status> {
        let id = request.into_inner().campaign_id;
        self.queue.resume(CampaignId(id)).await?;
        self.answer(id).await
    }

    async fn cancel(&self, request: Request<v1::CancelRequest>) -> Result<Response<v1::Campaign>, Status> {
        let id = request.into_inner().campaign_id;
        self.queue.cancel(CampaignId(id)).await?;
        self.answer(id).await
    }

    async fn retry(&self, request: Request<v1::RetryRequest>) -> Result<Response<v1::Campaign>, Status> {
        let id = request.into_inner().campaign_id;
        self.queue.retry(CampaignId(id)).await?;
        self.answer(id).await
    }

    async fn delete(&self, request: Request<v1::DeleteRequest>) -> Result<Response<v1::DeleteResponse>, Status> {
        self.queue.delete(CampaignId(request.into_inner().campaign_id)).await?;
        Ok(Response::new(v1::DeleteResponse {}))
    }

    async fn failures(&self, request: Request<v1::FailuresRequest>) -> Result<Response<v1::FailuresResponse>, Status> {
        let request = request.into_inner();
        let limit = if request.limit == 0 { DEFAULT_FAILURES } else { request.limit.min(MAX_FAILURES) };
        let failures = self.queue.failures(CampaignId(request.campaign_id), limit).await?;
        let mut room = proto::MAX_MESSAGE_BYTES;
        let failures = failures
            .into_iter()
            .map(write_failure)
            .take_while(|failure| {
                // With the field's tag and length.
                let size = failure.encoded_len() + 6;
                let fits = size <= room;
                room = room.saturating_sub(size);
                fits
            })
            .collect();
        Ok(Response::new(v1::FailuresResponse { failures }))
    }

    async fn workers(&self, _: Request<v1::WorkersRequest>) -> Result<Response<v1::WorkersResponse>, Status> {
        let workers = self.queue.workers().await?.into_iter().map(write_worker).collect();
        Ok(Response::new(v1::WorkersResponse { workers }))
    }

    async fn set_priority(&self, request: Request<v1::SetPriorityRequest>) -> Result<Response<v1::Campaign>, Status> {
        let v1::SetPriorityRequest { campaign_id, priority } = request.into_inner();
        self.queue.set_priority(CampaignId(campaign_id), priority).await?;
        tracing::info!(campaign = campaign_id, priority, "priority changed");
        self.answer(campaign_id).await
    }

    async fn drain(&self, request: Request<v1::DrainRequest>) -> Result<Response<v1::Worker>, Status> {
        let v1::DrainRequest { worker_id, undo } = request.into_inner();
        check_name("worker_id", &worker_id, 200)?;
        let worker = self.queue.drain(&worker_id, !undo).await?;
        tracing::info!(worker = worker_id, undo, "drain asked for");
        Ok(Response::new(write_worker(worker)))
    }
}

async fn campaign_now(queue: &Queue, id: CampaignId) -> Result<v1::Campaign, QueueError> {
    let row = queue.campaign(id).await?;
    let mut total = JobCounts::default();
    let mut layers = Vec::new();
    for (mode, layer, counts) in queue.progress(id).await? {
        total.add(&counts);
        let mode = v1::Mode::from(mode).into();
        layers.push(v1::LayerProgress { mode, layer: layer.0, jobs: Some(write_counts(&counts)) });
    }
    let AtWork { workers, most } = queue.at_work(id, MAX_AT_WORK).await?;
    Ok(v1::Campaign {
        workers_at_work: workers,
        at_work: most.into_iter().map(|(id, jobs)| v1::WorkerAtWork { id, jobs }).collect(),
        ..write_campaign(row, &total, layers)
    })
}

fn write_campaign(row: CampaignRow, total: &JobCounts, layers: Vec<v1::LayerProgress>) -> v1::Campaign {
    // What has ended has neither a rate nor trouble, though the database remembers both.
    let goes_on = matches!(row.state, CampaignState::Running | CampaignState::Paused);
    v1::Campaign {
        id: row.id.0,
        seconds_left: row.seconds_left(total),
        name: row.name,
        size: row.size,
        destination: row.destination,
        state: write_state(row.state).into(),
        priority: row.priority,
        jobs: Some(write_counts(total)),
        layers,
        trouble: row.trouble.filter(|_| goes_on).unwrap_or_default(),
        jobs_per_second: if goes_on { row.jobs_per_second } else { 0.0 },
        max_workers: row.max_workers,
        ..Default::default()
    }
}

const fn write_counts(counts: &JobCounts) -> v1::JobCounts {
    let JobCounts { pending, leased, done, failed, cancelled } = *counts;
    v1::JobCounts { pending, leased, done, failed, cancelled }
}

const fn write_state(state: CampaignState) -> v1::CampaignState {
    match state {
        CampaignState::Running => v1::CampaignState::Running,
        CampaignState::Paused => v1::CampaignState::Paused,
        CampaignState::Cancelled => v1::CampaignState::Cancelled,
        CampaignState::Completed => v1::CampaignState::Completed,
        CampaignState::CompletedWithFailures => v1::CampaignState::CompletedWithFailures,
    }
}

fn write_failure(failure: FailedJob) -> v1::Failure {
    v1::Failure {
        mode: v1::Mode::from(failure.job.mode).into(),
        layer: failure.job.layer.0,
        neuron: failure.job.neuron.0,
        polarity: v1::Polarity::from(failure.job.polarity).into(),
        attempts: failure.attempts,
        error: failure.error,
        worker: failure.worker,
    }
}

fn write_worker(worker: WorkerRow) -> v1::Worker {
    v1::Worker {
        id: worker.id,
        backend: worker.backend,
        cores: worker.cores,
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds of a process's life")]
        seconds_since_sync: worker.seconds_since_sync.max(0.0) as u64,
        leased_jobs: worker.leased_jobs,
        draining: worker.draining,
        drain_asked: worker.drain_asked,
    }
}
