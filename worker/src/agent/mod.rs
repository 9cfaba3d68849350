//! The worker's side of the protocol: one Sync at a time, in which leases are renewed, reports handed in and new
//! leases taken.
//!
//! A report is kept until a coordinator acknowledged it, and sent again with every Sync until then: losing a
//! connection loses nothing. Work goes on while no coordinator answers, until a lease's deadline, which counts from the
//! moment the Sync that granted or renewed it was sent. On shutdown what was finished is reported, and the rest handed
//! back.

mod campaigns;
mod condition;
mod coordinators;
mod leases;
mod pacing;
mod reports;
#[cfg(test)]
mod tests;
mod turn;

use crate::{
    assignment::Assignment,
    memory::Resources,
    metrics::{Measures, registry},
    pipeline::{self, Event, PipelineError, Work},
};
use campaigns::Campaigns;
use condition::Condition;
use coordinators::Coordinators;
use leases::Leases;
use pacing::Backoff;
use reports::Reports;
use std::{
    future::{self, Future},
    net::SocketAddr,
    pin::{Pin, pin},
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use superposed_identity::{LayerIndex, NeuronId};
use superposed_shared::{
    clock::{Clock, Instant},
    credentials::{Credentials, CredentialsError},
    metrics::{self, MetricsError},
    proto::{self, PROTOCOL_VERSION, v1},
    telemetry::context,
    wire::{self, WireError},
};
use tokio::{runtime::Handle, sync::mpsc};
use tonic::{Code, Request, Response, Status};
use tracing::{Instrument, debug_span, error_span};
use turn::Turn;

/// How a worker is set up.
#[derive(Debug, Clone)]
pub struct AgentSettings {
    /// The worker's name, its own among all workers.
    pub name: String,
    /// The coordinators' URLs, at least one, all of one database. One is asked at a time.
    pub coordinators: Vec<String>,
    /// What is presented to them.
    pub credentials: Credentials,
    /// What it computes on.
    pub resources: Resources,
    /// The most jobs held at a time; leases are taken ahead up to here, so that the device never waits.
    pub capacity: u32,
    /// Where it serves its metrics, if anywhere.
    pub metrics: Option<SocketAddr>,
}

/// A worker that cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// A coordinator's URL is none, or what is to be presented to it cannot be.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The threads cannot be started.
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    /// Metrics cannot be served where they were to be.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// The coordinator will never take this worker.
    #[error("the coordinator refuses this worker: {0}")]
    Refused(String),
    /// Another worker has the name, and is at work.
    #[error("{0}")]
    NameTaken(String),
    /// The coordinator sends what this worker does not understand.
    #[error("the coordinator sent a lease that makes no sense: {0}; use binaries of one release")]
    Wire(#[from] WireError),
}

/// A Sync that asks for nothing in particular is answered within this time.
const CALL_TIMEOUT: Duration = Duration::from_secs(15);

/// How long an idle worker lets the coordinator hold its Sync.
const IDLE_WAIT: Duration = Duration::from_secs(8);

/// A name is waited for until this long after it should be free.
const NAME_MARGIN: Duration = Duration::from_secs(1);

/// How long shutting down may take until what is left is handed back.
const DRAIN_TIME: Duration = Duration::from_secs(7);

/// How long a coordinator may take at least to hear a worker's last word.
const LAST_WORD: Duration = Duration::from_secs(2);

/// How long after it was told to stop a worker may try to say it.
const DRAINED_AFTER: Duration = Duration::from_secs(9);

struct Agent {
    settings: AgentSettings,
    /// What the worker computes with, and the device's memory in bytes.
    backend: String,
    device_memory: u64,
    clock: Clock,
    boot: u64,
    sequence: u64,
    coordinators: Coordinators,
    /// Whether a coordinator took a Sync of this worker.
    was_taken: bool,
    leases: Leases,
    reports: Reports,
    released: Vec<u64>,
    campaigns: Campaigns,
    turn: Turn,
    work: mpsc::UnboundedSender<Work>,
    events: mpsc::UnboundedReceiver<Event>,
    measures: Measures,
    condition: Condition,
    next_sync: Instant,
    /// When the worker's name should be free, while another has it.
    name_free_at: Option<Instant>,
    /// Whether an operator asked the worker to leave.
    drain_asked: bool,
}

/// Serves a coordinator until `shutdown`, or until an operator asks it to leave.
///
/// # Errors
/// When the worker cannot start, or the coordinator will never take it. An unreachable coordinator is not an error: it
/// is tried again.
pub async fn run(settings: AgentSettings, shutdown: impl Future<Output = ()>) -> Result<(), AgentError> {
    let coordinators = Coordinators::new(&settings.coordinators, &settings.credentials)?;
    let (tell, events) = mpsc::unbounded_channel();
    let (work, inbox) = mpsc::unbounded_channel();
    let measures = Measures::default();
    let stages = pipeline::start(settings.resources, &Handle::current(), inbox, tell, &measures)?;
    if let Some(address) = settings.metrics {
        metrics::serve(address, registry(stages.clone(), &measures)).await?;
    }
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let boot = u64::try_from(since_epoch.as_nanos()).unwrap_or(0) >> 1;
    let condition = Condition::new(stages, measures.jobs.clone(), Clock.now());
    Agent::new(settings, boot, coordinators, work, events, measures, condition).serve(pin!(shutdown)).await
}

impl Agent {
    /// An agent that sends leases to `work` and hears of them from `events`.
    fn new(
        settings: AgentSettings,
        boot: u64,
        coordinators: Coordinators,
        work: mpsc::UnboundedSender<Work>,
        events: mpsc::UnboundedReceiver<Event>,
        measures: Measures,
        condition: Condition,
    ) -> Self {
        let (backend, device_memory) = (settings.resources.device.backend(), settings.resources.device_memory());
        Self {
            settings,
            backend,
            device_memory,
            clock: Clock,
            boot,
            sequence: 0,
            coordinators,
            was_taken: false,
            leases: Leases::default(),
            reports: Reports::default(),
            released: Vec::new(),
            campaigns: Campaigns::default(),
            turn: Turn::default(),
            work,
            events,
            measures,
            condition,
            next_sync: Clock.now(),
            name_free_at: None,
            drain_asked: false,
        }
    }

    async fn serve<S: Future<Output = ()>>(mut self, mut shutdown: Pin<&mut S>) -> Result<(), AgentError> {
        tracing::info!(
            worker = self.settings.name,
            coordinator = self.coordinators.now(),
            cores = self.settings.resources.cores,
            "worker started"
        );
        let mut backoff = Backoff::new(self.boot);
        loop {
            let outcome = tokio::select! {
                outcome = self.sync(false) => outcome,
                () = &mut shutdown => break,
            };
            let wait_from = match outcome {
                Ok(()) if self.drain_asked => break tracing::info!("asked to leave"),
                Ok(()) => {
                    backoff.reset();
                    self.name_free_at = None;
                    self.clock.now()
                }
                Err(SyncError::NameTaken { free_in, message }) => match self.wait_for_name(free_in, &message) {
                    Some(free_at) => free_at,
                    None => {
                        self.leases.stop_all();
                        return Err(AgentError::NameTaken(message));
                    }
                },
                Err(SyncError::Fatal(error)) => {
                    self.leases.stop_all();
                    return Err(error);
                }
                Err(SyncError::Away(status)) => {
                    let delay = backoff.next();
                    let coordinator = self.coordinators.now();
                    let retry_in_ms = delay.as_millis();
                    tracing::warn!(coordinator, error = %status.message(), retry_in_ms, "coordinator is away");
                    self.coordinators.turn();
                    self.clock.now() + delay
                }
            };
            tokio::select! {
                () = self.wait_for_reason(wait_from) => {}
                () = &mut shutdown => break,
            }
        }
        self.drain().await;
        Ok(())
    }

    /// When to ask again for a name that another worker has; not at all when that one was heard of meanwhile. One that
    /// was killed is not, and its successor gets the name.
    fn wait_for_name(&mut self, free_in: Duration, message: &str) -> Option<Instant> {
        let now = self.clock.now();
        match self.name_free_at {
            Some(free_at) if free_at <= now => None,
            Some(free_at) => Some(free_at),
            None => {
                tracing::warn!("{message}; this worker waits for it");
                Some(*self.name_free_at.insert(now + free_in + NAME_MARGIN))
            }
        }
    }

    /// Waits until there is something to say to the coordinator or it is time to renew, but at least to `earliest`.
    async fn wait_for_reason(&mut self, earliest: Instant) {
        loop {
            while let Ok(event) = self.events.try_recv() {
                self.note(event);
            }
            let now = self.clock.now();
            self.leases.stop_expired(now);
            let reason = self.reports.any() || !self.released.is_empty() || self.wants() > 0;
            let until = if reason { earliest } else { self.next_sync.max(earliest) };
            if until <= now {
                return;
            }
            // A lease that runs out is stopped in time, whatever else there is to wait for.
            let until = self.leases.next_deadline(now).map_or(until, |deadline| until.min(deadline));
            if let Some(event) = self.clock.before(until, self.events.recv()).await {
                self.note(event.expect("the pipeline runs as long as the process: see `pipeline::guarded`"));
            }
        }
    }

    /// How many jobs to ask for. Small gaps are left, so that spans are not cut into crumbs; and nothing is asked for
    /// twice in a row while something is held, the time to renew aside.
    fn wants(&self) -> u32 {
        let free = self.settings.capacity.saturating_sub(self.leases.jobs());
        let patient = self.leases.any() && self.leases.asked_in_vain() && self.clock.now() < self.next_sync;
        if free * 2 < self.settings.capacity || patient { 0 } else { free }
    }

    fn note(&mut self, event: Event) {
        match event {
            Event::Done { epoch, ordinals } => {
                let jobs: u32 = ordinals.iter().map(|range| range.end - range.start).sum();
                self.measures.jobs.done.inc_by(jobs.into());
                self.turn.note_result(self.clock.now());
                self.leases.settle(epoch, jobs);
                self.reports.done(epoch, &ordinals, &self.leases.span(epoch));
            }
            Event::Failed { epoch, failure } => {
                self.measures.jobs.failed.inc();
                self.turn.note_result(self.clock.now());
                self.leases.settle(epoch, 1);
                self.reports.failed(epoch, failure, &self.leases.span(epoch));
            }
            Event::Trouble { campaign, error } => self.reports.trouble(campaign, error),
            Event::Mined { epoch } => self.leases.note_mined(epoch),
            Event::Ended { epoch } => {
                let span = self.leases.span(epoch);
                let left = self.leases.remove(epoch);
                tracing::debug!(parent: &span, left, "lease ended");
                // What was neither done nor failed goes back.
                if left > 0 {
                    self.released.push(epoch);
                }
            }
        }
    }

    async fn sync(&mut self, draining: bool) -> Result<(), SyncError> {
        self.sequence += 1;
        let free_jobs = if draining { 0 } else { self.wants() };
        let idle = !self.leases.any() && !self.reports.any() && self.released.is_empty();
        let wait = if idle && !draining { IDLE_WAIT } else { Duration::ZERO };
        let held_epochs = self.leases.epochs();
        let released_epochs = self.released.clone();
        let reports = self.reports.waiting();
        let request = v1::SyncRequest {
            worker_id: self.settings.name.clone(),
            boot_epoch: self.boot,
            sequence: self.sequence,
            protocol_version: PROTOCOL_VERSION,
            capabilities: Some(v1::Capabilities {
                backend: self.backend.clone(),
                device_memory_bytes: self.device_memory,
                cores: u32::try_from(self.settings.resources.cores).unwrap_or(u32::MAX),
            }),
            free_jobs,
            held_epochs: held_epochs.clone(),
            completions: reports.completions,
            failures: reports.failures,
            released_epochs: released_epochs.clone(),
            troubles: reports.troubles,
            draining,
            wait_ms: u32::try_from(wait.as_millis()).unwrap_or(u32::MAX),
            known_campaigns: self.campaigns.known(),
            affinity: self.turn.affinity(self.clock.now()),
            mined_epochs: self.leases.mined(),
            condition: Some(self.condition.at(self.clock.now())),
        };
        let sent = self.clock.now();
        let mut request = Request::new(request);
        request.set_timeout(wait + CALL_TIMEOUT);
        let span = debug_span!(parent: None, "sync", otel.kind = "client", sequence = self.sequence);
        context::write(&span, request.metadata_mut());
        let response = match self.answered(sent + wait + CALL_TIMEOUT, request).instrument(span).await {
            Some(Ok(response)) => response,
            Some(Err(status)) => return Err(SyncError::of(status, self.was_taken)),
            None => return Err(SyncError::Away(Status::deadline_exceeded("no answer in time"))),
        };
        self.was_taken = true;
        self.measures.syncs.inc();
        self.reports.acknowledge(&response.acknowledged);
        self.released.retain(|epoch| !released_epochs.contains(epoch));
        for epoch in &response.revoked {
            if self.leases.revoke(*epoch) {
                self.measures.leases_lost.inc();
            }
        }
        let deadline = sent + Duration::from_millis(response.lease_ms.into());
        self.leases.renew(&held_epochs, deadline);
        self.drain_asked |= response.drain;
        self.next_sync = self.clock.now() + Duration::from_millis(response.next_sync_ms.max(10).into());
        for campaign in response.campaigns {
            self.campaigns.learn(campaign).map_err(fatal)?;
        }
        if free_jobs > 0 {
            self.leases.note_answer(response.grants.is_empty());
        }
        for grant in response.grants {
            self.take(&grant, deadline).map_err(fatal)?;
        }
        Ok(())
    }

    /// What the coordinator answers before `deadline`. Leases that run out meanwhile are stopped.
    async fn answered(
        &mut self,
        deadline: Instant,
        request: Request<v1::SyncRequest>,
    ) -> Option<Result<v1::SyncResponse, Status>> {
        let mut answer = pin!(self.coordinators.client().sync(request));
        loop {
            let now = self.clock.now();
            self.leases.stop_expired(now);
            let until = self.leases.next_deadline(now).map_or(deadline, |lease| lease.min(deadline));
            match self.clock.before(until, &mut answer).await {
                Some(answer) => return Some(answer.map(Response::into_inner)),
                None if until == deadline => return None,
                None => {}
            }
        }
    }

    fn take(&mut self, grant: &v1::Grant, deadline: Instant) -> Result<(), WireError> {
        let mode = wire::mode(grant.mode)?;
        let ordinals = grant.ordinals.unwrap_or_default();
        let Some(description) = self.campaigns.get(&grant.campaign) else {
            // Of a campaign that had this number in another database, perhaps.
            return Err(WireError::new("campaign", &format!("campaign {} was not described", grant.campaign_id)));
        };
        let jobs = ordinals.upper.saturating_sub(ordinals.lower);
        // Of the highest level, so that whatever line is logged of the lease carries its fields.
        let span = error_span!(
            parent: None,
            "lease",
            campaign = grant.campaign_id,
            %mode,
            layer = grant.layer,
            lease = grant.epoch,
            jobs,
        );
        context::follow(&span, &grant.traceparent);
        tracing::info!(parent: &span, "lease taken");
        self.measures.leases_taken.inc();
        let stop = self.leases.take(grant.epoch, jobs, deadline, span.clone());
        self.turn.note_lease(grant, self.clock.now());
        let sent = self.work.send(Work {
            epoch: grant.epoch,
            campaign: grant.campaign_id,
            description,
            assignment: Assignment {
                mode,
                layer: LayerIndex(grant.layer),
                ordinals: ordinals.lower..ordinals.upper,
                neurons: grant.neurons.iter().copied().map(NeuronId).collect(),
            },
            stop,
            span,
        });
        sent.expect("the pipeline runs as long as the agent can send it work");
        Ok(())
    }

    /// Stops work at the next neuron, reports what is finished and hands the rest back.
    async fn drain(mut self) {
        tracing::info!(leases = self.leases.epochs().len(), "draining");
        self.leases.stop_all();
        let start = self.clock.now();
        let deadline = start + DRAIN_TIME;
        while self.leases.any() {
            match self.clock.before(deadline, self.events.recv()).await {
                Some(Some(event)) => self.note(event),
                Some(None) | None => break,
            }
        }
        self.released.extend(self.leases.epochs());
        self.leases = Leases::default();
        let end = (self.clock.now() + LAST_WORD).max(start + DRAINED_AFTER);
        let mut backoff = Backoff::new(self.boot);
        // A coordinator that is restarted meanwhile, as all of an installation may be, is waited for.
        loop {
            let left = end.saturating_duration_since(self.clock.now());
            let untold = self.reports.count();
            match self.clock.within(left, self.sync(true)).await {
                // More than one Sync takes is told in several.
                Some(Ok(())) if (1..untold).contains(&self.reports.count()) => {}
                Some(Ok(())) => break tracing::info!("drained"),
                Some(Err(SyncError::Away(_))) if self.clock.now() < end => {
                    self.coordinators.turn();
                    let wait = backoff.next().min(LAST_WORD / 4);
                    self.clock.within(wait, future::pending::<()>()).await;
                }
                Some(Err(_)) | None => {
                    break tracing::warn!("the coordinator did not answer; its leases of this worker will run out");
                }
            }
        }
    }
}

enum SyncError {
    /// Worth another try.
    Away(Status),
    /// Another worker has the name; it is free after a while, should that one have died.
    NameTaken { free_in: Duration, message: String },
    /// Will not get better.
    Fatal(AgentError),
}

impl SyncError {
    /// Of a worker that was taken before, what it presents may be about to change: its token with those of the coordinators.
    fn of(status: Status, was_taken: bool) -> Self {
        match status.code() {
            Code::Unauthenticated | Code::PermissionDenied if was_taken => Self::Away(status),
            Code::AlreadyExists => {
                let free_in = status.metadata().get(proto::FREE_IN_MS).and_then(|ms| ms.to_str().ok()?.parse().ok());
                Self::NameTaken {
                    free_in: Duration::from_millis(free_in.unwrap_or_default()),
                    message: status.message().to_owned(),
                }
            }
            Code::FailedPrecondition | Code::InvalidArgument | Code::Unauthenticated | Code::PermissionDenied => {
                Self::Fatal(AgentError::Refused(status.message().to_owned()))
            }
            _ => Self::Away(status),
        }
    }
}

fn fatal(error: WireError) -> SyncError {
    SyncError::Fatal(AgentError::Wire(error))
}
