//! The agent against a scripted coordinator, on a clock that runs only while everybody waits.

#![expect(clippy::single_range_in_vec_init, reason = "lists of ranges are meant")]

use super::*;
use crate::pipeline::{Event, StageShares, Work};
use hyper_util::rt::TokioIo;
use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, atomic::Ordering},
};
use superposed_forward::Device;
use superposed_identity::{AuditShare, MiningParameters, Polarities, Precision, ResultLayout, TokenRule};
use superposed_shared::{
    credentials::Bearer,
    description::{CampaignDescription, Input},
    proto::v1::{
        worker_service_client::WorkerServiceClient,
        worker_service_server::{WorkerService, WorkerServiceServer},
    },
};
use tokio::{
    io::DuplexStream,
    sync::oneshot,
    task::JoinHandle,
    time::{pause, sleep},
};
use tonic::{
    metadata::MetadataValue,
    service::interceptor::InterceptedService,
    transport::{Endpoint, Server},
};

const LEASE: Duration = Duration::from_secs(20);

type Answer = Result<v1::SyncResponse, Status>;

/// What a Sync of a number is answered.
type Answers = dyn Fn(u64, &v1::SyncRequest) -> Answer + Send + Sync;

/// Answers Syncs as a test says, and remembers them.
#[derive(Clone)]
struct Script {
    answer: Arc<Answers>,
    heard: Arc<Mutex<Vec<(Instant, v1::SyncRequest)>>>,
}

#[tonic::async_trait]
impl WorkerService for Script {
    async fn sync(&self, request: Request<v1::SyncRequest>) -> Result<Response<v1::SyncResponse>, Status> {
        let request = request.into_inner();
        let number = request.sequence;
        self.heard().push((Instant::now(), request.clone()));
        let answer = (self.answer)(number, &request);
        if answer.as_ref().is_ok_and(|answer| answer.grants.is_empty()) {
            sleep(Duration::from_millis(request.wait_ms.into())).await;
        }
        answer.map(Response::new)
    }
}

impl Script {
    fn heard(&self) -> MutexGuard<'_, Vec<(Instant, v1::SyncRequest)>> {
        self.heard.lock().expect("no test panicked with it")
    }
}

/// An agent at work, its pipeline in the hands of the test.
struct Bench {
    script: Script,
    work: mpsc::UnboundedReceiver<Work>,
    events: mpsc::UnboundedSender<Event>,
    stop: oneshot::Sender<()>,
    agent: JoinHandle<Result<(), AgentError>>,
}

impl Bench {
    fn start(answer: impl Fn(u64, &v1::SyncRequest) -> Answer + Send + Sync + 'static) -> Self {
        pause();
        let script = Script { answer: Arc::new(answer), heard: Arc::default() };
        let (dial, calls) = mpsc::unbounded_channel::<io::Result<DuplexStream>>();
        let calls = tokio_stream::wrappers::UnboundedReceiverStream::new(calls);
        let server = Server::builder().add_service(WorkerServiceServer::new(script.clone()));
        tokio::spawn(server.serve_with_incoming(calls));
        let connector = tower::service_fn(move |_| {
            let (near, far) = tokio::io::duplex(1 << 20);
            let dialled = dial.send(Ok(far)).map_err(io::Error::other);
            async move { dialled.map(|()| TokioIo::new(near)) }
        });
        let channel = Endpoint::from_static("http://scripted").connect_with_connector_lazy(connector);
        let settings = AgentSettings {
            name: "a".to_owned(),
            coordinators: vec!["http://scripted".to_owned()],
            credentials: Credentials::default(),
            resources: Resources { device: Device::Cpu, cores: 1, memory: None },
            capacity: 256,
            metrics: None,
        };
        let (send_work, work) = mpsc::unbounded_channel();
        let (events, receive_events) = mpsc::unbounded_channel();
        let client = WorkerServiceClient::new(InterceptedService::new(channel, Bearer::default()));
        let coordinators = Coordinators::of(vec![("http://scripted".to_owned(), client)]);
        let measures = Measures::default();
        let condition = Condition::new(StageShares::default(), measures.jobs.clone(), Clock.now());
        let agent = Agent::new(settings, 1, coordinators, send_work, receive_events, measures, condition);
        let (stop, stopped) = oneshot::channel::<()>();
        let agent = tokio::spawn(async move {
            agent
                .serve(pin!(async {
                    let _ = stopped.await;
                }))
                .await
        });
        Self { script, work, events, stop, agent }
    }
}

/// What grants leases of these epochs, of 256 jobs each.
fn granting(epochs: &[u64]) -> v1::SyncResponse {
    let grant = |epoch: &u64| v1::Grant {
        campaign: b"campaign".to_vec(),
        epoch: *epoch,
        campaign_id: 1,
        mode: v1::Mode::I.into(),
        layer: 0,
        ordinals: Some(v1::IndexRange { lower: 0, upper: 256 }),
        neurons: (0..128).collect(),
        traceparent: String::new(),
    };
    let description = CampaignDescription {
        name: "n".to_owned(),
        size: "124M".parse().expect("a legal size"),
        input: Input::Model { directory: "/m".to_owned(), digest: "sha256:0".to_owned() },
        corpus: "/c".to_owned(),
        corpus_digest: "sha256:1".to_owned(),
        extra_vocab: None,
        destination: "/d".to_owned(),
        polarities: Polarities::Both,
        parameters: MiningParameters::published(TokenRule::ByteLevel),
        batch: 64,
        precision: Precision::F32,
        audit: AuditShare::NONE,
        layout: ResultLayout::Files,
    };
    v1::SyncResponse {
        grants: epochs.iter().map(grant).collect(),
        campaigns: vec![description.to_wire(1, b"campaign".to_vec())],
        lease_ms: LEASE.as_millis() as u32,
        next_sync_ms: LEASE.as_millis() as u32 / 4,
        ..Default::default()
    }
}

fn nothing() -> v1::SyncResponse {
    v1::SyncResponse { grants: Vec::new(), campaigns: Vec::new(), ..granting(&[]) }
}

#[tokio::test]
async fn while_no_coordinator_answers_work_goes_on_until_its_lease_runs_out() {
    let mut bench =
        Bench::start(|number, _| if number == 1 { Ok(granting(&[7])) } else { Err(Status::unavailable("")) });
    let work = bench.work.recv().await.expect("a lease");
    let start = Instant::now();
    while !work.stop.load(Ordering::Relaxed) {
        sleep(Duration::from_millis(10)).await;
    }
    let lasted = start.elapsed();
    assert!((LEASE - Duration::from_secs(1)..=LEASE + Duration::from_millis(50)).contains(&lasted), "{lasted:?}");
    // Meanwhile it asked again and again, at growing distances up to five seconds.
    let times: Vec<Instant> = bench.script.heard().iter().skip(1).map(|(when, _)| *when).collect();
    let waits: Vec<Duration> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(waits.len() >= 6 && waits[0] < Duration::from_millis(300), "{waits:?}");
    assert!(waits.iter().all(|wait| *wait <= Duration::from_millis(5100)), "{waits:?}");
    // What was done nevertheless is told as soon as somebody hears it.
    bench.events.send(Event::Done { epoch: 7, ordinals: vec![0..4] }).expect("the agent runs");
    sleep(Duration::from_secs(6)).await;
    let heard = bench.script.heard();
    assert_eq!(heard.last().expect("a Sync").1.completions[0].epoch, 7);
}

#[tokio::test]
async fn a_worker_that_is_stuck_hands_its_leases_back_within_ten_seconds() {
    let mut bench = Bench::start(|number, _| Ok(if number == 1 { granting(&[7, 8]) } else { nothing() }));
    let work = bench.work.recv().await.expect("a lease");
    bench.events.send(Event::Done { epoch: 7, ordinals: vec![0..4] }).expect("the agent runs");
    let start = Instant::now();
    bench.stop.send(()).expect("the agent runs");
    bench.agent.await.expect("no panic").expect("a clean end");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert!(work.stop.load(Ordering::Relaxed));
    let heard = bench.script.heard();
    let (_, last) = heard.last().expect("a Sync");
    assert_eq!(
        (last.draining, last.free_jobs, &last.released_epochs, &last.held_epochs),
        (true, 0, &vec![7, 8], &vec![])
    );
}

#[tokio::test]
async fn a_coordinator_that_is_restarted_meanwhile_hears_the_last_word() {
    // Away for the first three of the last words; the fourth arrives.
    let mut bench = Bench::start(|number, sync| match number {
        1 => Ok(granting(&[7])),
        2..5 if sync.draining => Err(Status::unavailable("restarting")),
        _ => Ok(nothing()),
    });
    let _work = bench.work.recv().await.expect("a lease");
    bench.stop.send(()).expect("the agent runs");
    let start = Instant::now();
    bench.agent.await.expect("no panic").expect("a clean end");
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    let heard = bench.script.heard();
    let last_words: Vec<_> = heard.iter().filter(|(_, sync)| sync.draining).collect();
    assert_eq!(last_words.len(), 4);
    assert!(last_words.iter().all(|(_, sync)| sync.released_epochs == [7]), "{last_words:?}");
}

#[tokio::test]
async fn a_lease_of_a_campaign_that_was_not_described_is_not_begun() {
    // A number that was another campaign's, in another database.
    let mut bench = Bench::start(|number, _| {
        let mut answer = granting(&[7]);
        if number > 1 {
            answer = v1::SyncResponse { campaigns: Vec::new(), ..granting(&[8]) };
            answer.grants[0].campaign = b"another".to_vec();
        }
        Ok(answer)
    });
    assert_eq!(bench.work.recv().await.expect("a lease").epoch, 7);
    bench.events.send(Event::Ended { epoch: 7 }).expect("the agent runs");
    let error = bench.agent.await.expect("no panic").expect_err("it went on").to_string();
    assert!(error.contains("campaign 1 was not described"), "{error}");
    assert!(bench.work.try_recv().is_err(), "a lease was begun with another campaign's description");
}

#[tokio::test]
async fn no_work_is_asked_for_while_what_was_revoked_has_not_ended() {
    let mut bench = Bench::start(|number, _| {
        Ok(match number {
            1 => granting(&[7]),
            2 => v1::SyncResponse { revoked: vec![7], ..nothing() },
            _ => nothing(),
        })
    });
    let work = bench.work.recv().await.expect("a lease");
    sleep(Duration::from_secs(60)).await;
    assert!(work.stop.load(Ordering::Relaxed));
    let asked = |bench: &Bench| bench.script.heard().iter().skip(1).filter(|(_, sync)| sync.free_jobs > 0).count();
    assert!(bench.script.heard().len() > 5);
    assert_eq!(asked(&bench), 0);
    bench.events.send(Event::Ended { epoch: 7 }).expect("the agent runs");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(asked(&bench), 1);
    assert!(bench.script.heard().iter().all(|(_, sync)| sync.released_epochs.is_empty()));
}

/// What a coordinator says while another worker has the name, which is free in some time.
fn taken(free_in: Duration) -> Status {
    let mut status = Status::already_exists("another worker named \"a\" is at work");
    let free_in = MetadataValue::from(u64::try_from(free_in.as_millis()).expect("a short time"));
    status.metadata_mut().insert(proto::FREE_IN_MS, free_in);
    status
}

#[tokio::test]
async fn a_name_is_waited_for_once_and_then_given_up() {
    let bench = Bench::start(|_, _| Err(taken(Duration::from_secs(13))));
    let start = Instant::now();
    let error = bench.agent.await.expect("no panic").expect_err("it had the name");
    assert!(matches!(&error, AgentError::NameTaken(message) if message.contains("is at work")), "{error}");
    assert_eq!(bench.script.heard().len(), 2);
    assert!((13..16).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
}

#[tokio::test]
async fn the_successor_of_a_worker_that_died_gets_its_name() {
    let mut bench =
        Bench::start(|number, _| if number == 1 { Err(taken(Duration::from_secs(13))) } else { Ok(granting(&[7])) });
    assert_eq!(bench.work.recv().await.expect("a lease").epoch, 7);
    assert!(!bench.agent.is_finished());
}
