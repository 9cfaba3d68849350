//! Everybody locks in one order, and what Postgres ends all the same is begun anew.

use crate::support::{Campaign, Database, Worker, fresh_name, jobs, run_out, start, state};
use sqlx::{Connection, PgConnection};
use std::time::Duration;
use superposed::queue::{
    Queue,
    progress::CampaignState,
    report::{Reported, WorkerState},
    sync::{Failure, Said},
};
use superposed_shared::description::CampaignId;
use tokio::{
    task::{JoinSet, yield_now},
    time::timeout,
};

/// Far more than anything here takes.
const TOO_LONG: Duration = Duration::from_secs(120);

#[tokio::test]
async fn a_transaction_that_postgres_ends_in_favour_of_another_is_begun_anew() {
    let (database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-7").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    let lease = worker.lease(16).await;
    // Its end is noted with the campaign once the spans are locked.
    queue.trouble(campaign, "no space left").await.expect("the database is there");

    let mut other = PgConnection::connect(&database.url()).await.expect("the database is there");
    // Who looks for circles last is not the one that is ended.
    sqlx::query("SET deadlock_timeout = '1min'").execute(&mut other).await.expect("a legal setting");
    let mut other = other.begin().await.expect("the database is there");
    sqlx::query("SELECT FROM campaigns FOR UPDATE").execute(&mut *other).await.expect("nobody else has it");
    let reporting = tokio::spawn(async move { worker.finish(&lease).await });
    let waits = async {
        let waiting = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock')";
        while !sqlx::query_scalar::<_, bool>(waiting).fetch_one(queue.pool()).await.expect("the database is there") {
            yield_now().await;
        }
    };
    timeout(TOO_LONG, waits).await.expect("the report waits for the campaign");
    let spans = sqlx::query("SELECT FROM spans FOR UPDATE").execute(&mut *other);
    timeout(TOO_LONG, spans).await.expect("the report is ended").expect("and not this one");
    other.commit().await.expect("the database is there");

    let reported = timeout(TOO_LONG, reporting).await.expect("nobody waits for ever").expect("it hears of nothing");
    assert_eq!(reported, Reported::Counted);
    assert_eq!(state(&queue, campaign).await, CampaignState::Completed);
    assert_eq!(database.deadlocks().len(), 1);
}

/// Asks for work, goes on where it was, and says all that can be said of leases, one after the other and at once.
async fn work(queue: Queue, number: u32, rounds: u32) {
    let mut worker = Worker::new(&queue, &format!("worker-{number}"));
    let mut warm = None;
    for round in 0..rounds {
        worker.sync().await;
        let granted = queue.claim(&worker.identity, 24, warm).await.expect("the database is there");
        let epochs: Vec<_> = granted.iter().map(|lease| lease.epoch).collect();
        for lease in &granted {
            let (start, end) = (lease.ordinals.start, lease.ordinals.end);
            warm = Some(lease.key.into());
            match (number + round) % 5 {
                0 => drop(worker.finish(lease).await),
                1 => drop(worker.complete(lease.epoch, &[start..start + 1, end - 1..end]).await),
                2 => drop(worker.fail(lease.epoch, start..start + 1, "an error").await),
                3 => run_out(&queue, lease.epoch).await,
                _ => worker.release(lease.epoch).await,
            }
        }
        worker.renew(&epochs).await;
        worker.identity.sequence += 1;
        let said = Said {
            state: WorkerState {
                backend: "test".to_owned(),
                cores: 1,
                draining: false,
                progress: true,
                condition: None,
            },
            completions: granted
                .iter()
                .step_by(2)
                .map(|lease| (worker.named(lease.epoch), vec![lease.ordinals.clone()]))
                .collect(),
            failures: granted
                .iter()
                .skip(1)
                .step_by(2)
                .map(|lease| Failure {
                    lease: worker.named(lease.epoch),
                    ordinals: lease.ordinals.clone(),
                    error: "an error".to_owned(),
                    lasting: false,
                })
                .collect(),
            troubles: granted.iter().take(1).map(|lease| (lease.key.campaign, "now and then".to_owned())).collect(),
            wanted: 16,
            warm,
            ..Said::default()
        };
        queue.sync(&worker.identity, &said).await.expect("the database is there").expect("it is the latest");
        let calm = sqlx::query("UPDATE campaigns SET not_before = now() WHERE id = $1");
        let calm = calm.bind(warm.map(|warm| warm.key.campaign.0)).execute(queue.pool());
        calm.await.expect("the database is there");
    }
    // What it holds goes back.
    worker.sync().await;
    queue.release_lost(&worker.identity, &[]).await.expect("the database is there");
}

/// Submits campaigns, and ends all but the last.
async fn submit(queue: Queue, campaigns: u32) -> CampaignId {
    let mut last: Option<CampaignId> = None;
    for _ in 0..campaigns {
        let mut campaign = Campaign::new(&fresh_name()).attempts(3);
        for layer in 0..12 {
            campaign = campaign.layer(layer, "0-15");
        }
        let id = campaign.submit(&queue).await;
        if let Some(last) = last.replace(id) {
            // Its last job may be done or given up just now.
            queue.cancel(last).await.ok();
            queue.delete(last).await.expect("it has ended");
        }
    }
    last.expect("at least one")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_waits_in_a_circle_whatever_everybody_does_at_once() {
    let database = Database::start().await;
    let mut settings = PgConnection::connect(&database.url()).await.expect("the database is there");
    // A circle is found soon, and logged, though those in it do not hear of it.
    let soon = "ALTER DATABASE superposed SET deadlock_timeout = '10ms'";
    sqlx::query(soon).execute(&mut settings).await.expect("a legal setting");
    let queues = [database.queue().await, database.queue().await];
    let mut submitting = JoinSet::new();
    for queue in queues.clone().into_iter().cycle().take(4) {
        submitting.spawn(submit(queue, 8));
    }
    let mut working = JoinSet::new();
    for (number, queue) in (0..16).zip(queues.clone().into_iter().cycle()) {
        working.spawn(work(queue, number, 24));
    }
    let mut upkeep = JoinSet::new();
    for queue in queues.clone() {
        upkeep.spawn(async move {
            loop {
                queue.merge_done().await.expect("the database is there");
                queue.pulse().await.expect("the database is there");
                queue.settle_all().await.expect("the database is there");
                queue.expire_forgotten().await.expect("the database is there");
                queue.cancel_all_spans().await.expect("the database is there");
                queue.forget().await.expect("the database is there");
            }
        });
    }
    let campaigns = timeout(TOO_LONG, submitting.join_all()).await.expect("nobody waits for ever");
    timeout(TOO_LONG, working.join_all()).await.expect("nobody waits for ever");
    upkeep.shutdown().await;
    for campaign in campaigns {
        jobs(&queues[0], campaign).await;
    }
    let deadlocks = database.deadlocks();
    assert!(deadlocks.is_empty(), "{}", deadlocks.join("\n"));
}
