//! The services over the wire, as workers and operators see them.

use crate::support::{Campaign, Database, Worker, counts, jobs, settings};
use std::{net::SocketAddr, time::Duration};
use superposed::{
    guard::{GuardError, GuardSettings},
    queue::{Queue, QueueSettings},
    serve::{Coordinator, ServeError},
};
use superposed_identity::{Polarities, Polarity};
use superposed_shared::{
    description::CampaignId,
    proto::{
        FREE_IN_MS, PROTOCOL_VERSION,
        v1::{self, campaign_service_client::CampaignServiceClient, worker_service_client::WorkerServiceClient},
    },
};
use tokio::{sync::oneshot, task::JoinHandle, time::timeout};
use tonic::{Code, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

/// A coordinator on a port of its own.
struct Served {
    queue: Queue,
    channel: Channel,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), ServeError>>,
    database: Database,
}

impl Served {
    async fn start() -> Self {
        Self::start_with(settings()).await
    }

    async fn start_with(settings: QueueSettings) -> Self {
        let database = Database::start().await;
        let queue = database.queue_with(settings).await;
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let coordinator = Coordinator::bind(&database.url(), settings, address, &GuardSettings::default())
            .await
            .expect("the coordinator listens");
        let url = format!("http://{}", coordinator.address().expect("a bound address"));
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(coordinator.serve(async {
            let _ = stopped.await;
        }));
        let channel = Channel::from_shared(url).expect("a legal URL").connect().await.expect("the coordinator answers");
        Self { queue, channel, stop, serving, database }
    }

    fn workers(&self) -> WorkerServiceClient<Channel> {
        WorkerServiceClient::new(self.channel.clone())
    }

    fn campaigns(&self) -> CampaignServiceClient<Channel> {
        CampaignServiceClient::new(self.channel.clone())
    }

    async fn sync(&self, request: v1::SyncRequest) -> v1::SyncResponse {
        self.workers().sync(request).await.expect("the coordinator answers").into_inner()
    }

    async fn refused(&self, request: v1::SyncRequest) -> Code {
        self.workers().sync(request).await.expect_err("it was accepted").code()
    }
}

fn request(sequence: u64) -> v1::SyncRequest {
    v1::SyncRequest {
        worker_id: "a".to_owned(),
        boot_epoch: 1,
        sequence,
        protocol_version: PROTOCOL_VERSION,
        capabilities: Some(v1::Capabilities { backend: "test".to_owned(), device_memory_bytes: 0, cores: 2 }),
        ..Default::default()
    }
}

fn range(lower: u32, upper: u32) -> v1::IndexRange {
    v1::IndexRange { lower, upper }
}

#[tokio::test]
async fn a_worker_gets_work_reports_it_done_and_the_campaign_ends() {
    let served = Served::start().await;
    let id = Campaign::new("one").layer(2, "3,7-9").submit(&served.queue).await;
    let first = served.sync(v1::SyncRequest { free_jobs: 4, ..request(1) }).await;
    let [grant] = first.grants.try_into().expect("one grant");
    assert_eq!((grant.campaign_id, grant.layer, grant.ordinals), (id.0, 2, Some(range(0, 4))));
    assert_eq!((grant.mode(), grant.neurons), (v1::Mode::I, vec![3, 7]));
    assert_eq!((first.campaigns.len(), first.lease_ms), (1, 20_000));
    assert_eq!((first.campaigns[0].campaign_id, first.campaigns[0].batch), (id.0, 8));

    let done = v1::Completion { report_id: 5, epoch: grant.epoch, ordinals: vec![range(0, 4)] };
    let known = vec![first.campaigns[0].identity.clone()];
    assert_eq!(known, [grant.campaign]);
    let report = v1::SyncRequest { completions: vec![done], free_jobs: 4, known_campaigns: known, ..request(2) };
    let second = served.sync(report.clone()).await;
    assert_eq!((second.acknowledged, second.revoked, second.campaigns), (vec![5], vec![], vec![]));
    let [grant] = second.grants.try_into().expect("one grant");

    // Its answer was lost: what it said is said once more and harmless, and what it granted is handed out again.
    let third = served.sync(v1::SyncRequest { sequence: 3, ..report }).await;
    assert_eq!(third.acknowledged, [5]);
    let [again] = third.grants.try_into().expect("one grant");
    assert_eq!(again.ordinals, grant.ordinals);
    assert_ne!(again.epoch, grant.epoch);

    let done = v1::Completion { report_id: 6, epoch: again.epoch, ordinals: vec![range(4, 8)] };
    served.sync(v1::SyncRequest { completions: vec![done], ..request(4) }).await;
    let campaign = served.campaigns().get(v1::GetRequest { campaign_id: id.0 }).await.expect("it is there");
    let campaign = campaign.into_inner();
    assert_eq!(campaign.state(), v1::CampaignState::Completed);
    assert_eq!(campaign.jobs, Some(v1::JobCounts { done: 8, ..Default::default() }));
    assert_eq!((campaign.layers.len(), campaign.layers[0].layer), (1, 2));
}

#[tokio::test]
async fn a_worker_of_another_protocol_version_is_refused() {
    let served = Served::start().await;
    let other = v1::SyncRequest { protocol_version: PROTOCOL_VERSION + 1, ..request(1) };
    let status = served.workers().sync(other).await.expect_err("it was accepted");
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(status.message().contains("use binaries of one release"), "{}", status.message());
}

#[tokio::test]
async fn a_sync_that_was_overtaken_is_aborted() {
    let served = Served::start().await;
    served.sync(request(2)).await;
    assert_eq!(served.refused(request(1)).await, Code::Aborted);
    assert_eq!(served.refused(request(2)).await, Code::Aborted);
}

#[tokio::test]
async fn a_second_worker_of_one_name_is_refused_while_the_first_is_alive() {
    let served = Served::start().await;
    let draining = |draining| v1::SyncRequest { draining, ..request(2) };
    served.sync(request(1)).await;
    let second = v1::SyncRequest { boot_epoch: 9, ..request(1) };
    let status = served.workers().sync(second.clone()).await.expect_err("it was accepted");
    assert_eq!(status.code(), Code::AlreadyExists);
    assert!(status.message().starts_with("another worker named \"a\" is at work: give each"), "{}", status.message());
    let free_in = status.metadata().get(FREE_IN_MS).expect("when it is free").to_str().expect("a number");
    assert!((15_000..=20_000).contains(&free_in.parse::<u32>().expect("a number")), "{free_in}");
    // The first goes on, and once it drains, its name is free at once.
    served.sync(draining(true)).await;
    served.sync(second).await;
    assert_eq!(
        served.refused(v1::SyncRequest { draining: false, sequence: 3, ..request(3) }).await,
        Code::AlreadyExists
    );
}

#[tokio::test]
async fn a_sync_that_waits_for_work_is_answered_soon_after_another_coordinator_queued_some() {
    let served = Served::start().await;
    let mut client = served.workers();
    let waiting = v1::SyncRequest { free_jobs: 8, wait_ms: 8000, ..request(1) };
    let answer = tokio::spawn(async move { client.sync(waiting).await });
    while served.queue.workers().await.expect("the database is there").is_empty() {
        assert!(!answer.is_finished(), "the Sync did not wait");
        tokio::task::yield_now().await;
    }
    Campaign::new("one").layer(0, "0-7").submit(&served.queue).await;
    let answer = timeout(Duration::from_secs(3), answer).await.expect("an answer well before the wait is over");
    let answer = answer.expect("no panic").expect("the coordinator answers").into_inner();
    assert_eq!(answer.grants.len(), 1);
}

/// Well before anybody looks for work without a reason.
const SOON: Duration = Duration::from_secs(3);

/// A Sync that waits for work, once it does.
async fn waiting(served: &Served) -> JoinHandle<Result<tonic::Response<v1::SyncResponse>, tonic::Status>> {
    let mut client = served.workers();
    let request = v1::SyncRequest { worker_id: "waits".to_owned(), free_jobs: 8, wait_ms: 8000, ..request(1) };
    let answer = tokio::spawn(async move { client.sync(request).await });
    while served.queue.workers().await.expect("the database is there").iter().all(|worker| worker.id != "waits") {
        assert!(!answer.is_finished(), "the Sync did not wait");
        tokio::task::yield_now().await;
    }
    answer
}

#[tokio::test]
async fn a_sync_that_waits_is_answered_when_what_failed_may_be_tried_again() {
    let retry_delay = Duration::from_millis(400);
    let served = Served::start_with(QueueSettings { retry_delay, ..settings() }).await;
    Campaign::new("one").layer(0, "0").polarities(Polarities::One(Polarity::Pos)).submit(&served.queue).await;
    let mut worker = Worker::new(&served.queue, "a");
    let lease = worker.lease(1).await;
    let answer = waiting(&served).await;
    worker.fail(lease.epoch, 0..1, "an error").await;
    let answer = timeout(SOON, answer).await.expect("an answer soon").expect("no panic").expect("an answer");
    assert_eq!(answer.into_inner().grants.len(), 1);
}

#[tokio::test]
async fn a_sync_that_waits_is_answered_when_a_lease_runs_out() {
    let lease = Duration::from_secs(2);
    let served = Served::start_with(QueueSettings { lease, ..settings() }).await;
    Campaign::new("one").layer(0, "0-3").submit(&served.queue).await;
    Worker::new(&served.queue, "dies").lease(8).await;
    // More than once, for a Sync may wait half a lease.
    let answers = async {
        for number in 0.. {
            let sync = v1::SyncRequest { free_jobs: 8, wait_ms: 8000, ..request(number + 1) };
            let answer = served.sync(sync).await;
            if !answer.grants.is_empty() {
                return answer.grants.len();
            }
        }
        unreachable!("it asks for ever")
    };
    assert_eq!(timeout(Duration::from_secs(20), answers).await.expect("the jobs are handed out"), 2);
}

#[tokio::test]
async fn a_sync_that_was_overtaken_while_it_waited_does_not_keep_others_from_work() {
    let served = Served::start().await;
    let overtaken = waiting(&served).await;
    let other = v1::SyncRequest { worker_id: "other".to_owned(), free_jobs: 8, wait_ms: 8000, ..request(1) };
    let mut client = served.workers();
    let other = tokio::spawn(async move { client.sync(other).await });
    while served.queue.workers().await.expect("the database is there").len() < 2 {
        tokio::task::yield_now().await;
    }
    // Its worker gave up waiting and said something else; the coordinator has not noticed.
    served.sync(v1::SyncRequest { worker_id: "waits".to_owned(), ..request(2) }).await;
    Campaign::new("one").layer(0, "0-7").submit(&served.queue).await;
    let answer = timeout(SOON, other).await.expect("an answer soon").expect("no panic").expect("an answer");
    assert_eq!(answer.into_inner().grants.len(), 1);
    let answer = timeout(SOON, overtaken).await.expect("an answer soon").expect("no panic").expect("an answer");
    assert_eq!(answer.into_inner().grants, []);
}

#[tokio::test]
async fn work_is_heard_of_after_the_connection_that_listens_was_lost() {
    let served = Served::start().await;
    let listener = async || {
        let pid = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()";
        let pid: Option<i32> =
            sqlx::query_scalar(pid).fetch_optional(served.queue.pool()).await.expect("the database is there");
        pid
    };
    let first = loop {
        if let Some(pid) = listener().await {
            break pid;
        }
    };
    let answer = waiting(&served).await;
    let end = sqlx::query("SELECT pg_terminate_backend($1)").bind(first);
    end.execute(served.queue.pool()).await.expect("the database is there");
    while listener().await.is_none_or(|pid| pid == first) {}
    Campaign::new("one").layer(0, "0-7").submit(&served.queue).await;
    let answer = timeout(SOON, answer).await.expect("an answer soon").expect("no panic").expect("an answer");
    assert_eq!(answer.into_inner().grants.len(), 1);
}

#[tokio::test]
async fn a_sync_with_nothing_to_wait_for_is_answered_at_once() {
    let served = Served::start().await;
    let answer = timeout(Duration::from_secs(3), served.sync(v1::SyncRequest { wait_ms: 60_000, ..request(1) })).await;
    assert_eq!(answer.expect("nothing was asked for").grants, []);
    let draining = v1::SyncRequest { wait_ms: 60_000, free_jobs: 8, draining: true, ..request(2) };
    Campaign::new("one").layer(0, "0-7").submit(&served.queue).await;
    let answer = timeout(Duration::from_secs(3), served.sync(draining)).await;
    assert_eq!(answer.expect("a draining worker does not wait").grants, []);
}

#[tokio::test]
async fn messages_that_make_no_sense_or_have_no_end_are_refused() {
    let served = Served::start().await;
    let many = || vec![1; 10_001];
    let ordinals = vec![range(0, 1); 10_001];
    let completion = |ordinals| v1::Completion { report_id: 1, epoch: 1, ordinals };
    let failure = |ordinals| v1::JobFailure { report_id: 1, epoch: 1, ordinals, error: String::new(), lasting: false };
    let refused = [
        v1::SyncRequest { held_epochs: many(), ..request(1) },
        v1::SyncRequest { released_epochs: many(), ..request(1) },
        v1::SyncRequest { known_campaigns: vec![Vec::new(); 10_001], ..request(1) },
        v1::SyncRequest { completions: vec![completion(ordinals)], ..request(1) },
        v1::SyncRequest { completions: vec![completion(vec![range(3, 3)])], ..request(1) },
        v1::SyncRequest { completions: vec![completion(vec![range(3, u32::MAX)])], ..request(2) },
        v1::SyncRequest { failures: vec![failure(None)], ..request(3) },
        v1::SyncRequest { worker_id: String::new(), ..request(4) },
        v1::SyncRequest { worker_id: "a\0b".to_owned(), ..request(4) },
        v1::SyncRequest { worker_id: "a".repeat(201), ..request(4) },
        v1::SyncRequest { sequence: u64::MAX, ..request(4) },
    ];
    for (index, message) in refused.into_iter().enumerate() {
        assert_eq!(served.refused(message).await, Code::InvalidArgument, "message {index}");
    }
    let error = "e".repeat(5 << 20);
    let huge = v1::Trouble { report_id: 1, campaign_id: 1, error };
    assert_eq!(served.refused(v1::SyncRequest { troubles: vec![huge], ..request(5) }).await, Code::OutOfRange);
    served.sync(request(6)).await;
}

#[tokio::test]
async fn numbers_and_texts_from_a_hostile_worker_do_no_harm() {
    let served = Served::start().await;
    let id = Campaign::new("one").layer(0, "0-7").submit(&served.queue).await;
    let lease = Worker::new(&served.queue, "honest").lease(16).await;
    let before = jobs(&served.queue, id).await;
    let hostile = v1::SyncRequest {
        boot_epoch: u64::MAX,
        free_jobs: u32::MAX,
        held_epochs: vec![u64::MAX, lease.epoch.to_wire()],
        released_epochs: vec![0, lease.epoch.to_wire()],
        completions: vec![v1::Completion { report_id: 1, epoch: u64::MAX, ordinals: vec![range(0, 16)] }],
        troubles: vec![v1::Trouble { report_id: 2, campaign_id: i64::MIN, error: "\0".to_owned() }],
        affinity: Some(v1::Affinity { campaign_id: -1, mode: 1, layer: u32::MAX, stays: true }),
        capabilities: Some(v1::Capabilities { backend: "\0".repeat(9000), device_memory_bytes: 0, cores: u32::MAX }),
        ..request(1)
    };
    let answer = served.sync(hostile).await;
    assert_eq!(answer.acknowledged, [1, 2]);
    assert!(answer.revoked.contains(&lease.epoch.to_wire()));
    assert_eq!(jobs(&served.queue, id).await, before);
}

#[tokio::test]
async fn a_lasting_failure_is_not_tried_again_and_the_other_end_of_its_neuron_is() {
    let served = Served::start().await;
    let id = Campaign::new("one").layer(0, "0").attempts(3).submit(&served.queue).await;
    let answer = served.sync(v1::SyncRequest { free_jobs: 2, ..request(1) }).await;
    let epoch = answer.grants[0].epoch;
    let failure = |report_id, lasting| {
        let ordinals = Some(range(report_id as u32 - 1, report_id as u32));
        v1::JobFailure { report_id, epoch, ordinals, error: "NaN".to_owned(), lasting }
    };
    served.sync(v1::SyncRequest { failures: vec![failure(1, true), failure(2, false)], ..request(2) }).await;
    let failures = served.queue.failures(id, 10).await.expect("the campaign is there");
    assert_eq!((failures.len(), failures[0].attempts, failures[0].error.as_str()), (1, 1, "NaN"));
    assert_eq!((counts(&served.queue, id).await.failed, counts(&served.queue, id).await.pending), (1, 1));
}

#[tokio::test]
async fn a_number_that_was_another_campaigns_in_another_database_is_described_anew() {
    let served = Served::start().await;
    Campaign::new("one").layer(0, "0-7").submit(&served.queue).await;
    // What a worker knows from before the database was made anew.
    let known_campaigns = vec![vec![7; 16]];
    let answer = served.sync(v1::SyncRequest { free_jobs: 2, known_campaigns, ..request(1) }).await;
    assert_eq!(answer.campaigns[0].identity, answer.grants[0].campaign);
}

#[tokio::test]
async fn an_error_with_a_character_the_database_has_not_is_taken_in() {
    let served = Served::start().await;
    let id = Campaign::new("one").layer(0, "0").attempts(1).submit(&served.queue).await;
    let answer = served.sync(v1::SyncRequest { free_jobs: 2, ..request(1) }).await;
    let error = format!("a\0b{}", "ü".repeat(4000));
    let failure = v1::JobFailure {
        report_id: 1,
        epoch: answer.grants[0].epoch,
        ordinals: Some(range(0, 1)),
        error,
        lasting: false,
    };
    let answer = served.sync(v1::SyncRequest { failures: vec![failure], ..request(2) }).await;
    assert_eq!(answer.acknowledged, [1]);
    let failures = served.campaigns().failures(v1::FailuresRequest { campaign_id: id.0, limit: u32::MAX }).await;
    let failures = failures.expect("the campaign is there").into_inner().failures;
    assert!(failures[0].error.starts_with("a\u{fffd}bü") && failures[0].error.len() < 4100, "{failures:?}");
}

#[tokio::test]
async fn more_failures_than_a_message_holds_are_cut_short() {
    let served = Served::start().await;
    let id = Campaign::new("one").layer(0, "0-1499").submit(&served.queue).await;
    let fail =
        "UPDATE spans SET ordinals = '[0,1)', state = 'failed', error = repeat('e', 4000) WHERE campaign_id = $1";
    sqlx::query(fail).bind(id.0).execute(served.queue.pool()).await.expect("one span");
    let more = "INSERT INTO spans (campaign_id, mode, layer, ordinals, state, error) \
                SELECT $1, 1, 0, int4range(n, n + 1), 'failed', repeat('e', 4000) FROM generate_series(1, 2999) AS n";
    sqlx::query(more).bind(id.0).execute(served.queue.pool()).await.expect("the others");
    let failures = served.campaigns().failures(v1::FailuresRequest { campaign_id: id.0, limit: 3000 }).await;
    let listed = failures.expect("an answer that fits").into_inner().failures.len();
    assert!((900..1100).contains(&listed), "{listed}");
}

#[tokio::test]
async fn operators_are_told_what_is_wrong_by_code() {
    let served = Served::start().await;
    let mut client = served.campaigns();
    let unknown = client.get(v1::GetRequest { campaign_id: 77 }).await.expect_err("there is none");
    assert_eq!((unknown.code(), unknown.message()), (Code::NotFound, "there is no campaign 77"));
    assert_eq!(client.watch(v1::WatchRequest { campaign_id: 77 }).await.expect_err("none").code(), Code::NotFound);
    let id = Campaign::new("one").layer(0, "0-7").submit(&served.queue).await.0;
    let early = client.resume(v1::ResumeRequest { campaign_id: id }).await.expect_err("it is not paused");
    assert_eq!(early.code(), Code::FailedPrecondition);
    let nothing = client.submit(v1::SubmitRequest { spec: None, client_key: "k".to_owned(), adoption: 0 }).await;
    assert_eq!(nothing.expect_err("no spec").code(), Code::InvalidArgument);
    let nameless =
        v1::SubmitRequest { spec: Some((&Campaign::new("two").spec).into()), client_key: "\0".to_owned(), adoption: 0 };
    assert_eq!(client.submit(nameless).await.expect_err("no key").code(), Code::InvalidArgument);
    // A key that is known is answered without a look at the model.
    let known = v1::SubmitRequest {
        spec: Some((&Campaign::new("one").spec).into()),
        client_key: "one".to_owned(),
        adoption: 0,
    };
    let known = client.submit(known).await.expect("it is known").into_inner();
    assert_eq!((known.created, known.campaign.unwrap_or_default().id), (false, id));
}

#[tokio::test]
async fn a_watched_campaign_is_told_of_until_it_ends() {
    let served = Served::start().await;
    let id = Campaign::new("one").layer(0, "0-7").submit(&served.queue).await;
    let watch = v1::WatchRequest { campaign_id: id.0 };
    let mut changes = served.campaigns().watch(watch).await.expect("it is there").into_inner();
    let first = changes.message().await.expect("a change").expect("the campaign as it is");
    assert_eq!(first.state(), v1::CampaignState::Running);
    served.campaigns().cancel(v1::CancelRequest { campaign_id: id.0 }).await.expect("it runs");
    let last = changes.message().await.expect("a change").expect("its end");
    assert_eq!(last.state(), v1::CampaignState::Cancelled);
    assert_eq!(changes.message().await.expect("the stream's end"), None);
}

#[tokio::test]
async fn upkeep_runs_while_a_coordinator_serves() {
    let served = Served::start().await;
    let id = Campaign::new("one").layer(0, "0").submit(&served.queue).await;
    let done = "UPDATE spans SET state = 'done' WHERE campaign_id = $1";
    sqlx::query(done).bind(id.0).execute(served.queue.pool()).await.expect("the database is there");
    let mut changes =
        served.campaigns().watch(v1::WatchRequest { campaign_id: id.0 }).await.expect("it is there").into_inner();
    let end = async {
        let mut last = None;
        while let Some(now) = changes.message().await.expect("a change") {
            last = Some(now.state());
        }
        last
    };
    let last = timeout(Duration::from_secs(20), end).await.expect("the campaign ends");
    assert_eq!(last, Some(v1::CampaignState::Completed));
}

#[tokio::test]
async fn health_and_reflection_answer() {
    let served = Served::start().await;
    assert_eq!(health(&served.channel).await, [ServingStatus::Serving; 3]);
    let list = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut reflection = ServerReflectionClient::new(served.channel.clone());
    let answers = reflection.server_reflection_info(tokio_stream::once(list)).await.expect("an answer");
    let answer = answers.into_inner().message().await.expect("an answer").expect("one message");
    let Some(MessageResponse::ListServicesResponse(services)) = answer.message_response else {
        panic!("not a list: {answer:?}")
    };
    let names: Vec<_> = services.service.into_iter().map(|service| service.name).collect();
    assert!(names.contains(&"superposed.v1.WorkerService".to_owned()), "{names:?}");
    assert!(names.contains(&"superposed.v1.CampaignService".to_owned()), "{names:?}");
}

/// What a coordinator says of each of its services, and of itself.
async fn health(channel: &Channel) -> Vec<ServingStatus> {
    let mut health = HealthClient::new(channel.clone());
    let mut all = Vec::new();
    for service in ["", "superposed.v1.WorkerService", "superposed.v1.CampaignService"] {
        let answer = health.check(HealthCheckRequest { service: service.to_owned() }).await.expect("an answer");
        all.push(answer.get_ref().status());
    }
    all
}

#[tokio::test]
async fn a_coordinator_without_its_database_is_not_serving_until_that_is_back() {
    let mut served = Served::start().await;
    let becomes = async |channel: Channel, expected: ServingStatus| {
        while health(&channel).await != [expected; 3] {
            tokio::task::yield_now().await;
        }
    };
    assert_eq!(health(&served.channel).await, [ServingStatus::Serving; 3]);
    served.database.stop();
    let gone = timeout(Duration::from_secs(30), becomes(served.channel.clone(), ServingStatus::NotServing)).await;
    gone.expect("it says that it does not serve");
    served.database.start_again().await;
    let back = timeout(Duration::from_secs(30), becomes(served.channel.clone(), ServingStatus::Serving)).await;
    back.expect("it says that it serves again");
    served.sync(request(1)).await;
}

#[tokio::test]
async fn a_coordinator_stops_when_it_is_told_to_even_while_a_sync_waits() {
    let served = Served::start().await;
    let mut client = served.workers();
    let waiting =
        tokio::spawn(async move { client.sync(v1::SyncRequest { free_jobs: 8, wait_ms: 8000, ..request(1) }).await });
    while served.queue.workers().await.expect("the database is there").is_empty() {
        tokio::task::yield_now().await;
    }
    served.stop.send(()).expect("it serves");
    let stopped = timeout(Duration::from_secs(3), served.serving).await.expect("it stops soon");
    stopped.expect("no panic").expect("no error");
    waiting.abort();
}

#[tokio::test]
async fn an_address_that_others_can_reach_is_refused_unless_it_is_meant() {
    let everywhere = SocketAddr::from(([0, 0, 0, 0], 0));
    let refused = Coordinator::bind("postgresql:///none", settings(), everywhere, &GuardSettings::default()).await;
    assert!(matches!(refused, Err(ServeError::Guard(GuardError::Unauthenticated(address))) if address == everywhere));
}

#[tokio::test]
async fn a_list_has_all_counts_but_no_layers_and_rates_are_told() {
    let served = Served::start().await;
    let id = Campaign::new("one").layer(0, "0-7").layer(1, "0-7").submit(&served.queue).await;
    Campaign::new("two").layer(0, "0").max_workers(3).submit(&served.queue).await;
    let mut worker = Worker::new(&served.queue, "a");
    let lease = worker.claim(18).await.remove(0);
    worker.complete(lease.epoch, &[0..12]).await;
    worker.fail(lease.epoch, 12..13, "an error").await;
    let listed = served.campaigns().list(v1::ListRequest {}).await.expect("an answer").into_inner().campaigns;
    let [one, two] = listed.try_into().expect("two campaigns");
    assert_eq!(one.jobs, Some(v1::JobCounts { pending: 17, leased: 3, done: 12, ..Default::default() }));
    assert_eq!((one.layers.len(), two.layers.len()), (0, 0));
    assert_eq!((two.jobs, two.max_workers), (Some(v1::JobCounts { leased: 2, ..Default::default() }), Some(3)));
    // Nothing is known of what was not begun.
    assert_eq!((two.jobs_per_second, two.seconds_left), (0.0, None));
    let shown = served.campaigns().get(v1::GetRequest { campaign_id: id.0 }).await.expect("it is there").into_inner();
    assert_eq!((shown.jobs, shown.layers.len()), (one.jobs, 2));
    // Twelve jobs since it was submitted, which is between one and a few seconds ago.
    assert!(shown.jobs_per_second > 12.0 / 60.0 && shown.jobs_per_second <= 12.0, "{}", shown.jobs_per_second);
    let left = shown.seconds_left.expect("an estimate");
    assert!((1..=100).contains(&left), "{left}");
}

#[tokio::test]
async fn an_operator_hears_who_works() {
    let served = Served::start().await;
    let CampaignId(_) = Campaign::new("one").layer(0, "0-7").submit(&served.queue).await;
    served.sync(v1::SyncRequest { free_jobs: 16, ..request(1) }).await;
    let workers = served.campaigns().workers(v1::WorkersRequest {}).await.expect("an answer").into_inner().workers;
    let [worker] = workers.try_into().expect("one worker");
    assert_eq!((worker.id.as_str(), worker.backend.as_str(), worker.cores), ("a", "test", 2));
    assert_eq!((worker.leased_jobs, worker.draining), (16, false));
}
