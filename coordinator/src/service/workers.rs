//! `WorkerService`: the one RPC of the worker protocol.

use super::{
    Doorbell,
    status::{bad_message, check_name},
};
use crate::queue::{
    LayerKey, Lease, LeaseEpoch, Ordinals, Queue, QueueError, SyncIdentity,
    claim::Granted,
    report::{Reported, WorkerState},
};
use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};
use superposed_identity::LayerIndex;
use superposed_shared::{
    description::CampaignId,
    proto::{PROTOCOL_VERSION, v1},
    wire,
};
use tonic::{Request, Response, Status};

/// The longest a Sync is held back, whatever the worker asks for.
const MAX_WAIT: Duration = Duration::from_secs(10);

/// The most entries a list of a Sync may have.
const MAX_ENTRIES: usize = 10_000;

/// The longest text that is kept of a worker's own, in bytes.
const MAX_TEXT: usize = 4000;

/// Serves workers.
#[derive(Debug)]
pub struct Workers {
    queue: Queue,
    bell: Arc<Doorbell>,
}

impl Workers {
    /// A service over a queue; `bell` wakes Syncs that wait for work.
    #[must_use]
    pub const fn new(queue: Queue, bell: Arc<Doorbell>) -> Self {
        Self { queue, bell }
    }

    /// Takes in what a Sync reports.
    async fn take_reports(
        &self,
        worker: &str,
        request: &v1::SyncRequest,
        response: &mut v1::SyncResponse,
    ) -> Result<(), Status> {
        for completion in &request.completions {
            let done = completion.ordinals.iter().map(read_range).collect::<Result<Vec<_>, _>>()?;
            let lease = Lease::named(worker, LeaseEpoch::from_wire(completion.epoch));
            if self.queue.complete(&lease, &done).await? == Reported::Stale {
                tracing::info!(worker, epoch = completion.epoch, "completion of a lease that was lost meanwhile");
                response.revoked.push(completion.epoch);
            }
            response.acknowledged.push(completion.report_id);
        }
        for failure in &request.failures {
            let ordinals = read_range(failure.ordinals.as_ref().unwrap_or(&v1::IndexRange::default()))?;
            let lease = Lease::named(worker, LeaseEpoch::from_wire(failure.epoch));
            if self.queue.fail(&lease, &ordinals, &storable(&failure.error)).await? == Reported::Stale {
                response.revoked.push(failure.epoch);
            }
            response.acknowledged.push(failure.report_id);
        }
        for trouble in &request.troubles {
            let error = storable(&trouble.error);
            tracing::warn!(worker, campaign = trouble.campaign_id, error, "trouble");
            self.queue.trouble(CampaignId(trouble.campaign_id), &error).await?;
            response.acknowledged.push(trouble.report_id);
        }
        Ok(())
    }

    /// Claims work, waiting for some up to `wait`.
    async fn claim(
        &self,
        sync: &SyncIdentity,
        wanted: u32,
        warm: Option<LayerKey>,
        wait: Duration,
    ) -> Result<Vec<Granted>, QueueError> {
        let start = Instant::now();
        let mut granted = self.queue.claim(sync, wanted, warm).await?;
        while granted.is_empty() {
            let left = wait.saturating_sub(start.elapsed());
            if left.is_zero() {
                break;
            }
            let Some(turn) = self.bell.turn(left).await else { break };
            granted = self.queue.claim(sync, wanted, warm).await?;
            if !granted.is_empty() {
                turn.found_work();
            } else if self.queue.is_current(sync).await? {
                turn.found_nothing();
            } else {
                // Overtaken by a later Sync, this one found nothing whatever there is: the turn is the next one's.
                break;
            }
        }
        Ok(granted)
    }
}

#[tonic::async_trait]
impl v1::worker_service_server::WorkerService for Workers {
    async fn sync(&self, request: Request<v1::SyncRequest>) -> Result<Response<v1::SyncResponse>, Status> {
        let request = request.into_inner();
        check(&request)?;
        let sync = SyncIdentity {
            worker: request.worker_id.clone(),
            boot: request.boot_epoch.cast_signed(),
            sequence: i64::try_from(request.sequence).map_err(|_| Status::invalid_argument("sequence: too large"))?,
        };
        let capabilities = request.capabilities.clone().unwrap_or_default();
        let state = WorkerState {
            backend: storable(&capabilities.backend),
            cores: capabilities.cores,
            draining: request.draining,
            progress: !request.completions.is_empty() || !request.failures.is_empty(),
        };
        if !self.queue.register(&sync, &state).await? {
            return Err(Status::aborted("a later Sync of this worker was seen already"));
        }
        let lease = self.queue.settings().lease;
        let mut response = v1::SyncResponse {
            lease_ms: u32::try_from(lease.as_millis()).unwrap_or(u32::MAX),
            next_sync_ms: u32::try_from(lease.as_millis() / 4).unwrap_or(u32::MAX),
            ..Default::default()
        };
        self.take_reports(&sync.worker, &request, &mut response).await?;
        let named = |epoch: &u64| Lease::named(&sync.worker, LeaseEpoch::from_wire(*epoch));
        let released: Vec<_> = request.released_epochs.iter().map(named).collect();
        if !released.is_empty() {
            self.queue.release(&released).await?;
        }
        let held: Vec<_> = request.held_epochs.iter().map(|epoch| LeaseEpoch::from_wire(*epoch)).collect();
        self.queue.release_lost(&sync, &held).await?;
        response.revoked.extend(self.queue.renew(&sync, &held).await?.into_iter().map(LeaseEpoch::to_wire));

        if request.free_jobs > 0 && !request.draining {
            // A worker that holds leases is answered in time to renew them.
            let longest = if held.is_empty() { MAX_WAIT.min(lease / 2) } else { lease / 8 };
            let wait = Duration::from_millis(request.wait_ms.into()).min(longest);
            let warm = request.affinity.as_ref().map(read_affinity).transpose()?;
            let granted = self.claim(&sync, request.free_jobs, warm, wait).await?;
            let mut told: HashSet<i64> = request.known_campaigns.iter().copied().collect();
            for lease in &granted {
                let campaign = lease.key.campaign;
                if told.insert(campaign.0) {
                    response.campaigns.push(self.queue.description(campaign).await?.to_wire(campaign.0));
                }
            }
            response.grants = granted.iter().map(write_grant).collect();
        }
        Ok(Response::new(response))
    }
}

fn check(request: &v1::SyncRequest) -> Result<(), Status> {
    if request.protocol_version != PROTOCOL_VERSION {
        return Err(Status::failed_precondition(format!(
            "the worker speaks version {} of the protocol, this coordinator version {PROTOCOL_VERSION}: \
             use binaries of one release",
            request.protocol_version
        )));
    }
    check_name("worker_id", &request.worker_id, 200)?;
    let longest = [
        request.completions.len(),
        request.completions.iter().map(|completion| completion.ordinals.len()).sum(),
        request.failures.len(),
        request.troubles.len(),
        request.held_epochs.len(),
        request.released_epochs.len(),
        request.known_campaigns.len(),
    ];
    if longest.into_iter().any(|length| length > MAX_ENTRIES) {
        return Err(Status::invalid_argument(format!("a Sync's lists may have {MAX_ENTRIES} entries each")));
    }
    Ok(())
}

fn read_range(range: &v1::IndexRange) -> Result<Ordinals, Status> {
    if range.lower < range.upper && range.upper <= i32::MAX.cast_unsigned() {
        Ok(range.lower..range.upper)
    } else {
        Err(Status::invalid_argument(format!("ordinals: {} to {} is no range", range.lower, range.upper)))
    }
}

fn read_affinity(affinity: &v1::Affinity) -> Result<LayerKey, Status> {
    Ok(LayerKey {
        campaign: CampaignId(affinity.campaign_id),
        mode: wire::mode(affinity.mode).map_err(|error| bad_message(&error))?,
        layer: LayerIndex(affinity.layer.min(i32::MAX.cast_unsigned())),
    })
}

fn write_grant(lease: &Granted) -> v1::Grant {
    v1::Grant {
        epoch: lease.epoch.to_wire(),
        campaign_id: lease.key.campaign.0,
        mode: v1::Mode::from(lease.key.mode).into(),
        layer: lease.key.layer.0,
        ordinals: Some(v1::IndexRange { lower: lease.ordinals.start, upper: lease.ordinals.end }),
        neurons: lease.neurons.iter().map(|neuron| neuron.0).collect(),
    }
}

/// A text from elsewhere as the database takes it: not too long, and without the one character it has not.
fn storable(text: &str) -> String {
    text[..text.floor_char_boundary(MAX_TEXT)].replace('\0', "\u{fffd}")
}
