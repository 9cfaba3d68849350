//! Answers that never arrive, and workers that come back as new processes.

use crate::support::{Campaign, Worker, jobs, ordinals_in, start};
use superposed::queue::report::{Reported, WorkerState};

#[tokio::test]
async fn a_lease_the_worker_never_heard_of_is_released_at_its_next_sync() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-15").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    let arrived = worker.lease(16).await;
    let lost = worker.lease(16).await;
    worker.sync().await;
    queue.release_lost(&worker.identity, &[arrived.epoch]).await.expect("the database is there");
    assert_eq!(ordinals_in(&queue, campaign, "leased").await, Vec::from_iter(arrived.ordinals.clone()));
    assert!(jobs(&queue, campaign).await.values().all(|job| job.attempts == 0));
    assert_eq!(worker.finish(&lost).await, Reported::Stale);
    assert_eq!(worker.finish(&arrived).await, Reported::Counted);
}

#[tokio::test]
async fn what_a_sync_grants_is_not_lost_by_that_same_sync() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-15").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    worker.lease(16).await;
    queue.release_lost(&worker.identity, &[]).await.expect("the database is there");
    assert_eq!(ordinals_in(&queue, campaign, "leased").await.len(), 16);
}

#[tokio::test]
async fn a_sync_that_was_overtaken_is_ignored_and_gets_nothing() {
    let (_database, queue) = start().await;
    Campaign::new("one").layer(0, "0-15").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    worker.sync().await;
    let overtaken = worker.identity.clone();
    worker.sync().await;
    let state = WorkerState::default();
    assert!(!queue.register(&overtaken, &state).await.expect("the database is there"));
    assert_eq!(queue.claim(&overtaken, 16, None).await.expect("the database is there"), []);
}

#[tokio::test]
async fn a_worker_that_comes_back_as_a_new_process_has_lost_what_it_held() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-7").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    let old = worker.lease(16).await;
    worker.restart().await;
    assert_eq!(worker.renew(&[old.epoch]).await, [old.epoch]);
    let halves: Vec<_> = worker.claim(16).await.into_iter().map(|half| half.ordinals).collect();
    assert_eq!(halves, [0..8, 8..16], "a worker's death is one, whoever comes next");
    assert_eq!(worker.finish(&old).await, Reported::Stale);
    assert_eq!(ordinals_in(&queue, campaign, "leased").await.len(), 16);
}
