//! Many at once: nothing twice, nothing lost, nobody waits for ever.

use crate::support::{Campaign, Worker, counts, fresh_name, jobs, start, state};
use std::{collections::BTreeSet, time::Duration};
use superposed::queue::{Queue, progress::CampaignState, report::Reported};
use superposed_shared::description::CampaignId;
use tokio::{task::JoinSet, time::timeout};

/// Far more than anything here takes.
const TOO_LONG: Duration = Duration::from_secs(120);

/// Claims and completes, in two reports a lease, until the campaign is over.
async fn work(queue: Queue, name: String, campaign: CampaignId) -> Vec<u32> {
    let mut worker = Worker::new(&queue, &name);
    let mut done = Vec::new();
    loop {
        let granted = worker.claim(256).await;
        if granted.is_empty() && state(&queue, campaign).await == CampaignState::Completed {
            return done;
        }
        for lease in granted {
            let middle = lease.ordinals.start + lease.ordinals.len() as u32 / 2;
            assert_eq!(worker.complete(lease.epoch, &[lease.ordinals.start..middle]).await, Reported::Counted);
            assert_eq!(worker.complete(lease.epoch, &[middle..lease.ordinals.end]).await, Reported::Counted);
            done.extend(lease.ordinals);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_workers_of_two_coordinators_do_every_job_of_one_layer_exactly_once() {
    let (database, queue) = start().await;
    let other = database.queue().await;
    let campaign = Campaign::new("one").layer(0, "0-9999").submit(&queue).await;
    let mut workers = JoinSet::new();
    for number in 0..8 {
        let queue = if number % 2 == 0 { queue.clone() } else { other.clone() };
        workers.spawn(work(queue, format!("worker-{number}"), campaign));
    }
    let mut upkeep = JoinSet::new();
    upkeep.spawn(async move {
        loop {
            other.merge_done().await.expect("upkeep disturbs nobody");
            other.settle_all().await.expect("upkeep disturbs nobody");
        }
    });
    let mut done = timeout(TOO_LONG, workers.join_all()).await.expect("nobody waits for ever").concat();
    done.sort_unstable();
    assert_eq!(done, Vec::from_iter(0..20_000));
    assert_eq!(counts(&queue, campaign).await.done, 20_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn claims_at_once_on_a_single_long_span_all_get_something() {
    let (_database, queue) = start().await;
    Campaign::new("one").layer(0, "0-9999").submit(&queue).await;
    let mut claims = JoinSet::new();
    for number in 0..8 {
        let queue = queue.clone();
        claims.spawn(async move {
            let mut worker = Worker::new(&queue, &format!("worker-{number}"));
            let mut sizes = BTreeSet::new();
            for _ in 0..10 {
                let granted = worker.claim(16).await;
                sizes.insert(granted.iter().map(|lease| lease.ordinals.len()).sum::<usize>());
            }
            sizes
        });
    }
    let sizes: BTreeSet<usize> = claims.join_all().await.into_iter().flatten().collect();
    assert_eq!(sizes, BTreeSet::from([16]));
}

/// Claims, completes parts, fails jobs and hands leases back until the campaign is cancelled.
async fn disturb(queue: Queue, name: String, campaign: CampaignId) {
    let mut worker = Worker::new(&queue, &name);
    while state(&queue, campaign).await == CampaignState::Running {
        for lease in worker.claim(64).await {
            let start = lease.ordinals.start;
            queue.trouble(campaign, "now and then").await.expect("the database is there");
            worker.complete(lease.epoch, &[start + 3..start + 5]).await;
            worker.fail(lease.epoch, start + 8..start + 9, "an error").await;
            worker.renew(&[lease.epoch]).await;
            worker.release(lease.epoch).await;
        }
        let calm = sqlx::query("UPDATE campaigns SET not_before = now() WHERE id = $1").bind(campaign.0);
        calm.execute(queue.pool()).await.expect("the database is there");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cancelling_while_everybody_works_leaves_no_lease_and_no_deadlock() {
    let (database, queue) = start().await;
    let other = database.queue().await;
    for _ in 0..8 {
        let campaign = Campaign::new(&fresh_name()).layer(0, "0-4999").attempts(50).submit(&queue).await;
        let mut workers = JoinSet::new();
        for number in 0..6 {
            let queue = if number % 2 == 0 { queue.clone() } else { other.clone() };
            workers.spawn(disturb(queue, fresh_name(), campaign));
        }
        let under_way = async {
            while counts(&queue, campaign).await.done < 20 {
                tokio::task::yield_now().await;
            }
        };
        timeout(TOO_LONG, under_way).await.expect("the workers get on");
        timeout(TOO_LONG, queue.cancel(campaign)).await.expect("no deadlock").expect("it runs");
        let left: Vec<_> = jobs(&queue, campaign).await.into_values().map(|job| job.state).collect();
        assert!(left.iter().all(|state| !matches!(state.as_str(), "pending" | "leased")), "work was left");
        timeout(TOO_LONG, workers.join_all()).await.expect("nobody waits for ever");
        queue.delete(campaign).await.expect("it was cancelled");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_reports_of_one_lease_may_come_at_once() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-31").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    let lease = worker.lease(64).await;
    let mut reports = JoinSet::new();
    for start in (0..64).step_by(2) {
        let (queue, lease) = (queue.clone(), worker.named(lease.epoch));
        reports.spawn(async move { queue.complete(&lease, &[start..start + 2]).await });
    }
    for reported in reports.join_all().await {
        assert_eq!(reported.expect("no deadlock"), Reported::Counted);
    }
    assert_eq!(state(&queue, campaign).await, CampaignState::Completed);
}
