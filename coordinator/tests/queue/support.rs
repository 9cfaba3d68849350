//! A private Postgres, campaigns without a model, workers without a pipeline.

use sqlx::Row;
use std::{
    collections::BTreeMap,
    fs,
    ops::Range,
    os::unix::fs::PermissionsExt,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};
use superposed::{
    postgres::Cluster,
    queue::{
        Lease, LeaseEpoch, Ordinals, Queue, QueueError, QueueSettings, SyncIdentity,
        claim::Granted,
        progress::{CampaignState, JobCounts},
        report::{Reported, WorkerState},
        submit::Submitted,
    },
};
use superposed_identity::{LayerIndex, MiningParameters, Mode, Polarities, Precision, ResultLayout, TokenRule};
use superposed_shared::{
    description::{CampaignDescription, CampaignId, Input},
    spec::{CampaignSpec, Source, plan::LayerPlan},
};
use tempfile::TempDir;

/// A cluster of its own for every test, with one database.
pub(crate) struct Database {
    /// Dropped, and so stopped, before its directory is.
    cluster: Option<Cluster>,
    directory: TempDir,
}

impl Database {
    pub(crate) async fn start() -> Self {
        // Short, so that a socket's path fits; open, so that a Postgres run by root's stand-in can enter.
        let directory = tempfile::Builder::new().prefix("sq-").tempdir_in("/tmp").expect("a temporary directory");
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).expect("own directory");
        let cluster = Cluster::start(&directory.path().join("state")).await.expect("Postgres starts");
        Self { cluster: Some(cluster), directory }
    }

    pub(crate) fn url(&self) -> String {
        self.cluster.as_ref().expect("it was not stopped").url()
    }

    /// Stops Postgres; what it holds stays.
    pub(crate) fn stop(&mut self) {
        self.cluster = None;
    }

    /// Starts it again.
    pub(crate) async fn start_again(&mut self) {
        self.cluster = Some(Cluster::start(&self.directory.path().join("state")).await.expect("Postgres starts"));
    }

    /// The circles that Postgres found transactions to wait in: who waited for whom, and with what.
    pub(crate) fn deadlocks(&self) -> Vec<String> {
        let log = fs::read_to_string(self.directory.path().join("state/postgres/log")).expect("it logs");
        let found = log.split("ERROR:  deadlock detected\n").skip(1);
        found.map(|after| after.split("HINT:").next().unwrap_or(after).to_owned()).collect()
    }

    /// Another coordinator's handle on the same queue.
    pub(crate) async fn queue_with(&self, settings: QueueSettings) -> Queue {
        Queue::connect(&self.url(), settings).await.expect("the database is there")
    }

    pub(crate) async fn queue(&self) -> Queue {
        self.queue_with(settings()).await
    }
}

/// Failed jobs are tried again at once.
pub(crate) fn settings() -> QueueSettings {
    QueueSettings { retry_delay: Duration::ZERO, ..QueueSettings::default() }
}

/// A database and a handle on its queue.
pub(crate) async fn start() -> (Database, Queue) {
    let database = Database::start().await;
    let queue = database.queue().await;
    (database, queue)
}

pub(crate) const MODE: Mode = Mode::HighContextual;

/// A campaign to be submitted: by default both polarities, batches of 8 neurons, 2 attempts.
pub(crate) struct Campaign {
    pub(crate) spec: CampaignSpec,
    pub(crate) layers: Vec<LayerPlan>,
}

impl Campaign {
    pub(crate) fn new(name: &str) -> Self {
        let spec = CampaignSpec {
            name: name.to_owned(),
            size: "124M".parse().expect("a legal size"),
            source: Source::Model("/models/tiny".to_owned()),
            corpus: "/corpora/tiny".to_owned(),
            destination: "/results".to_owned(),
            modes: None,
            polarities: Polarities::Both,
            select: Vec::new(),
            parameters: Default::default(),
            priority: 0,
            batch: 8,
            precision: None,
            max_attempts: 2,
            audit: Default::default(),
            layout: ResultLayout::Files,
            max_workers: None,
        };
        Self { spec, layers: Vec::new() }
    }

    pub(crate) fn layer(self, layer: u32, neurons: &str) -> Self {
        self.layer_of(MODE, layer, neurons)
    }

    pub(crate) fn layer_of(mut self, mode: Mode, layer: u32, neurons: &str) -> Self {
        let neurons = neurons.parse().expect("a legal set");
        self.layers.push(LayerPlan { mode, layer: LayerIndex(layer), neurons });
        self
    }

    pub(crate) fn polarities(mut self, polarities: Polarities) -> Self {
        self.spec.polarities = polarities;
        self
    }

    pub(crate) fn priority(mut self, priority: i32) -> Self {
        self.spec.priority = priority;
        self
    }

    pub(crate) fn max_workers(mut self, workers: u32) -> Self {
        self.spec.max_workers = Some(workers);
        self
    }

    pub(crate) fn attempts(mut self, attempts: u32) -> Self {
        self.spec.max_attempts = attempts;
        self
    }

    pub(crate) fn description(&self) -> CampaignDescription {
        CampaignDescription {
            size: self.spec.size.clone(),
            input: Input::Model { directory: "/models/tiny".to_owned(), digest: "sha256:0".to_owned() },
            corpus: self.spec.corpus.clone(),
            extra_vocab: None,
            corpus_digest: "sha256:1".to_owned(),
            destination: self.spec.destination.clone(),
            polarities: self.spec.polarities,
            parameters: MiningParameters::published(TokenRule::ByteLevel),
            batch: self.spec.batch,
            precision: Precision::F32,
            name: self.spec.name.clone(),
            audit: self.spec.audit,
            layout: ResultLayout::Files,
        }
    }

    pub(crate) async fn try_submit(&self, queue: &Queue) -> Submitted {
        let submitted = queue.submit(&self.spec.name, &self.spec, &self.description(), &self.layers).await;
        submitted.expect("a legal campaign")
    }

    pub(crate) async fn submit(&self, queue: &Queue) -> CampaignId {
        match self.try_submit(queue).await {
            Submitted::Created(id) => id,
            Submitted::Known(id) => panic!("campaign {id} is not new"),
        }
    }
}

/// A worker as the queue sees it. It answers for what it holds only when a test says so.
pub(crate) struct Worker {
    pub(crate) queue: Queue,
    pub(crate) identity: SyncIdentity,
}

impl Worker {
    pub(crate) fn new(queue: &Queue, name: &str) -> Self {
        Self { queue: queue.clone(), identity: SyncIdentity { worker: name.to_owned(), boot: 1, sequence: 0 } }
    }

    /// Begins the next Sync.
    pub(crate) async fn sync(&mut self) {
        self.identity.sequence += 1;
        assert!(self.register(false).await.expect("the database is there and the name free"));
    }

    /// Registers a Sync.
    pub(crate) async fn register(&self, progress: bool) -> Result<bool, QueueError> {
        let state = WorkerState { backend: "test".to_owned(), cores: 1, draining: false, progress, condition: None };
        self.queue.register(&self.identity, &state).await
    }

    /// Was not heard of for an hour.
    pub(crate) async fn fall_silent(&self) {
        let silent = sqlx::query("UPDATE workers SET last_sync = last_sync - interval '1 hour' WHERE id = $1");
        let silent = silent.bind(&self.identity.worker).execute(self.queue.pool()).await;
        silent.expect("the database is there");
    }

    /// Starts as a new process, long after the old one was last heard of.
    pub(crate) async fn restart(&mut self) {
        self.fall_silent().await;
        self.identity.boot += 1;
        self.identity.sequence = 0;
        self.sync().await;
    }

    /// Asks for work in a Sync of its own, as a coordinator that is alive sees it.
    pub(crate) async fn claim(&mut self, wanted: u32) -> Vec<Granted> {
        self.sync().await;
        self.queue.pulse().await.expect("the database is there");
        self.queue.claim(&self.identity, wanted, None).await.expect("the database is there")
    }

    /// The one lease that comes of asking.
    pub(crate) async fn lease(&mut self, wanted: u32) -> Granted {
        let granted = self.claim(wanted).await;
        let [lease] = granted.try_into().expect("one lease");
        lease
    }

    /// A lease as this worker names it.
    pub(crate) fn named(&self, epoch: LeaseEpoch) -> Lease {
        Lease::named(&self.identity.worker, epoch)
    }

    pub(crate) async fn complete(&self, epoch: LeaseEpoch, done: &[Ordinals]) -> Reported {
        self.queue.complete(&self.named(epoch), done).await.expect("the database is there")
    }

    /// Completes all of a lease.
    pub(crate) async fn finish(&self, lease: &Granted) -> Reported {
        self.complete(lease.epoch, std::slice::from_ref(&lease.ordinals)).await
    }

    pub(crate) async fn fail(&self, epoch: LeaseEpoch, failed: Ordinals, error: &str) -> Reported {
        self.queue.fail(&self.named(epoch), &failed, error).await.expect("the database is there")
    }

    pub(crate) async fn release(&self, epoch: LeaseEpoch) {
        self.queue.release(&self.named(epoch)).await.expect("the database is there");
    }

    /// Renews leases; returns those that are lost.
    pub(crate) async fn renew(&self, held: &[LeaseEpoch]) -> Vec<LeaseEpoch> {
        self.queue.renew(&self.identity, held).await.expect("the database is there")
    }

    /// Claims and completes until nothing is handed out.
    pub(crate) async fn work_off(&mut self) -> u32 {
        let mut jobs = 0;
        loop {
            let granted = self.claim(u32::MAX).await;
            if granted.is_empty() {
                return jobs;
            }
            for lease in granted {
                assert_eq!(self.finish(&lease).await, Reported::Counted);
                jobs += lease.ordinals.end - lease.ordinals.start;
            }
        }
    }
}

/// Lets the time of a lease run out.
pub(crate) async fn run_out(queue: &Queue, epoch: LeaseEpoch) {
    let query = sqlx::query("UPDATE spans SET deadline = now() - interval '1 second' WHERE epoch = $1");
    query.bind(epoch.to_wire().cast_signed()).execute(queue.pool()).await.expect("the database is there");
}

/// What the database knows of one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) state: String,
    pub(crate) epoch: Option<u64>,
    pub(crate) attempts: i32,
    pub(crate) error: Option<String>,
}

/// Where a job is: mode, layer and ordinal.
pub(crate) type Place = (i16, i32, u32);

/// All jobs of a campaign. Fails when the spans do not partition the ordinals of every layer.
pub(crate) async fn jobs(queue: &Queue, campaign: CampaignId) -> BTreeMap<Place, Job> {
    let rows = sqlx::query(
        "SELECT mode, layer, lower(ordinals) AS lower, upper(ordinals) AS upper, state::text, epoch, attempts, error \
         FROM spans WHERE campaign_id = $1",
    );
    let mut jobs = BTreeMap::new();
    for row in rows.bind(campaign.0).fetch_all(queue.pool()).await.expect("the database is there") {
        let ordinals: Range<i32> = row.get("lower")..row.get("upper");
        for ordinal in ordinals {
            let job = Job {
                state: row.get("state"),
                epoch: row.get::<Option<i64>, _>("epoch").map(i64::cast_unsigned),
                attempts: row.get("attempts"),
                error: row.get("error"),
            };
            let before = jobs.insert((row.get("mode"), row.get("layer"), ordinal.cast_unsigned()), job);
            assert_eq!(before, None, "ordinal {ordinal} lies in two spans");
        }
    }
    let layers = sqlx::query("SELECT mode, layer, jobs FROM layers WHERE campaign_id = $1").bind(campaign.0);
    let mut expected = 0;
    for row in layers.fetch_all(queue.pool()).await.expect("the database is there") {
        let (mode, layer, count): (i16, i32, i32) = (row.get("mode"), row.get("layer"), row.get("jobs"));
        expected += count.cast_unsigned() as usize;
        for ordinal in 0..count.cast_unsigned() {
            assert!(jobs.contains_key(&(mode, layer, ordinal)), "no span has ordinal {ordinal} of layer {layer}");
        }
    }
    assert_eq!(jobs.len(), expected, "spans reach beyond their layers");
    for (mode, layer, counts) in queue.progress(campaign).await.expect("the campaign is there") {
        let place = (i16::from(mode.number()), layer.0.cast_signed());
        let failed = jobs.iter().filter(|((mode, layer, _), job)| (*mode, *layer) == place && job.state == "failed");
        assert_eq!(counts.failed, failed.count() as u64, "what failed of layer {layer:?} is counted otherwise");
    }
    jobs
}

/// The ordinals in a state, of a campaign with one layer.
pub(crate) async fn ordinals_in(queue: &Queue, campaign: CampaignId, state: &str) -> Vec<u32> {
    let jobs = jobs(queue, campaign).await;
    jobs.into_iter().filter(|(_, job)| job.state == state).map(|((_, _, ordinal), _)| ordinal).collect()
}

/// How many spans a campaign has.
pub(crate) async fn span_count(queue: &Queue, campaign: CampaignId) -> i64 {
    let query = sqlx::query_scalar("SELECT count(*) FROM spans WHERE campaign_id = $1").bind(campaign.0);
    query.fetch_one(queue.pool()).await.expect("the database is there")
}

pub(crate) async fn state(queue: &Queue, campaign: CampaignId) -> CampaignState {
    queue.campaign(campaign).await.expect("the campaign is there").state
}

/// The jobs of a campaign by state.
pub(crate) async fn counts(queue: &Queue, campaign: CampaignId) -> JobCounts {
    let mut total = JobCounts::default();
    for (_, _, counts) in queue.progress(campaign).await.expect("the campaign is there") {
        total.add(&counts);
    }
    total
}

/// A name no other call gave.
pub(crate) fn fresh_name() -> String {
    static LAST: AtomicU32 = AtomicU32::new(0);
    format!("campaign-{}", LAST.fetch_add(1, Ordering::Relaxed))
}
