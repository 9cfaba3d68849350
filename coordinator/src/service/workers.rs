//! `WorkerService`: the one RPC of the worker protocol.

use super::{
    Doorbell,
    status::{bad_message, check_name},
};
use crate::queue::{
    LayerKey, Lease, LeaseEpoch, Ordinals, Queue, QueueError, SyncIdentity,
    claim::{Granted, Warm},
    report::WorkerState,
    sync::{Failure, Said},
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
    telemetry::context,
    wire,
};
use tonic::{Request, Response, Status};
use tracing::{Instrument, Span, debug_span};

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

    /// Waits for work up to `wait`, and claims it.
    async fn wait(
        &self,
        sync: &SyncIdentity,
        wanted: u32,
        warm: Option<Warm>,
        wait: Duration,
    ) -> Result<Vec<Granted>, QueueError> {
        let start = Instant::now();
        let mut granted = Vec::new();
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
                // Overtaken by a later Sync, or of a worker that is to leave, this one found nothing whatever there is: the
                // turn is the next one's.
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
        Span::current().record("worker", &sync.worker);
        let said = read(&sync.worker, &request)?;
        let claim = if said.wanted > 0 { debug_span!("claim", wanted = said.wanted) } else { Span::none() };
        let Some(taken) = self.queue.sync(&sync, &said).instrument(claim.clone()).await? else {
            return Err(Status::aborted("a later Sync of this worker was seen already"));
        };
        for epoch in &taken.stale {
            tracing::info!(worker = sync.worker, lease = epoch.to_wire(), "report of a lease that was lost meanwhile");
        }
        let lease = self.queue.settings().lease;
        let completions = request.completions.iter().map(|completion| completion.report_id);
        let failures = request.failures.iter().map(|failure| failure.report_id);
        let troubles = request.troubles.iter().map(|trouble| trouble.report_id);
        let mut response = v1::SyncResponse {
            lease_ms: u32::try_from(lease.as_millis()).unwrap_or(u32::MAX),
            next_sync_ms: u32::try_from(lease.as_millis() / 4).unwrap_or(u32::MAX),
            acknowledged: completions.chain(failures).chain(troubles).collect(),
            drain: taken.drain_asked,
            revoked: taken.stale.into_iter().chain(taken.lost).map(LeaseEpoch::to_wire).collect(),
            ..Default::default()
        };
        if said.wanted > 0 && !taken.drain_asked {
            let mut granted = taken.granted;
            if granted.is_empty() {
                // A worker that holds leases is answered in time to renew them.
                let longest = if said.held.is_empty() { MAX_WAIT.min(lease / 2) } else { lease / 8 };
                let wait = Duration::from_millis(request.wait_ms.into()).min(longest);
                granted = self.wait(&sync, said.wanted, said.warm, wait).instrument(claim.clone()).await?;
            }
            let mut told: HashSet<&[u8]> = request.known_campaigns.iter().map(Vec::as_slice).collect();
            for lease in &granted {
                if told.insert(&lease.campaign) {
                    let id = lease.key.campaign;
                    let description = self.queue.description(id).await?;
                    response.campaigns.push(description.to_wire(id.0, lease.campaign.clone()));
                }
            }
            response.grants = granted.iter().map(|lease| write_grant(lease, &sync.worker, &claim)).collect();
        }
        Ok(Response::new(response))
    }
}

/// What a Sync says, as the queue takes it.
fn read(worker: &str, request: &v1::SyncRequest) -> Result<Said, Status> {
    let named = |epoch: u64| Lease::named(worker, LeaseEpoch::from_wire(epoch));
    let epochs = |epochs: &[u64]| epochs.iter().map(|epoch| LeaseEpoch::from_wire(*epoch)).collect();
    let mut completions = Vec::with_capacity(request.completions.len());
    for completion in &request.completions {
        let done = completion.ordinals.iter().map(read_range).collect::<Result<Vec<_>, _>>()?;
        completions.push((named(completion.epoch), done));
    }
    let mut failures = Vec::with_capacity(request.failures.len());
    for failure in &request.failures {
        let ordinals = read_range(failure.ordinals.as_ref().unwrap_or(&v1::IndexRange::default()))?;
        let (lease, error) = (named(failure.epoch), storable(&failure.error));
        failures.push(Failure { lease, ordinals, error, lasting: failure.lasting });
    }
    let mut troubles = Vec::with_capacity(request.troubles.len());
    for trouble in &request.troubles {
        let error = storable(&format!("{} (on {worker})", trouble.error));
        tracing::warn!(campaign = trouble.campaign_id, error, "trouble");
        troubles.push((CampaignId(trouble.campaign_id), error));
    }
    let (backend, cores) = request.capabilities.as_ref().map_or(("", 0), |known| (known.backend.as_str(), known.cores));
    let progress = !completions.is_empty() || !failures.is_empty();
    Ok(Said {
        state: WorkerState {
            backend: storable(backend),
            cores,
            draining: request.draining,
            progress,
            condition: request.condition.as_ref().map(Into::into),
        },
        completions,
        failures,
        troubles,
        released: epochs(&request.released_epochs),
        held: epochs(&request.held_epochs),
        mined: epochs(&request.mined_epochs),
        wanted: if request.draining { 0 } else { request.free_jobs },
        warm: request.affinity.as_ref().map(read_affinity).transpose()?,
    })
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
        request.mined_epochs.len(),
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

fn read_affinity(affinity: &v1::Affinity) -> Result<Warm, Status> {
    let key = LayerKey {
        campaign: CampaignId(affinity.campaign_id),
        mode: wire::mode(affinity.mode).map_err(|error| bad_message(&error))?,
        layer: LayerIndex(affinity.layer.min(i32::MAX.cast_unsigned())),
    };
    Ok(Warm { key, stays: affinity.stays })
}

/// A lease as its worker is told, its span within that of the claim.
fn write_grant(lease: &Granted, worker: &str, claim: &Span) -> v1::Grant {
    let span = debug_span!(
        parent: claim,
        "grant",
        campaign = lease.key.campaign.0,
        mode = %lease.key.mode,
        layer = lease.key.layer.0,
        lease = lease.epoch.to_wire(),
        jobs = lease.ordinals.end - lease.ordinals.start,
    );
    tracing::debug!(parent: &span, worker, "lease granted");
    v1::Grant {
        traceparent: context::of_span(&span).unwrap_or_default(),
        epoch: lease.epoch.to_wire(),
        campaign_id: lease.key.campaign.0,
        mode: v1::Mode::from(lease.key.mode).into(),
        layer: lease.key.layer.0,
        ordinals: Some(v1::IndexRange { lower: lease.ordinals.start, upper: lease.ordinals.end }),
        neurons: lease.neurons.iter().map(|neuron| neuron.0).collect(),
        campaign: lease.campaign.clone(),
    }
}

/// A text from elsewhere as the database takes it: not too long, and without the one character it has not.
fn storable(text: &str) -> String {
    text[..text.floor_char_boundary(MAX_TEXT)].replace('\0', "\u{fffd}")
}
