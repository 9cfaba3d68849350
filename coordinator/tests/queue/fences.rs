//! Epochs: what a report can still change.

use crate::support::{Campaign, Worker, jobs, ordinals_in, run_out, start};
use superposed::queue::{LeaseEpoch, report::Reported};

#[tokio::test]
async fn a_stale_epoch_changes_nothing_and_says_so() {
    let (database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-7").submit(&queue).await;
    let (mut slow, mut quick) = (Worker::new(&queue, "slow"), Worker::new(&database.queue().await, "quick"));
    let old = slow.lease(16).await;
    run_out(&queue, old.epoch).await;
    let new = quick.claim(16).await;
    assert!(!new.is_empty());
    let before = jobs(&queue, campaign).await;
    assert_eq!(slow.finish(&old).await, Reported::Stale);
    assert_eq!(slow.fail(old.epoch, 0..1, "an error").await, Reported::Stale);
    assert_eq!(slow.renew(&[old.epoch]).await, [old.epoch]);
    slow.release(old.epoch).await;
    assert_eq!(jobs(&queue, campaign).await, before);
}

#[tokio::test]
async fn the_epoch_of_another_workers_lease_changes_nothing() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-7").submit(&queue).await;
    let (mut owner, mut thief) = (Worker::new(&queue, "owner"), Worker::new(&queue, "thief"));
    let lease = owner.lease(16).await;
    thief.sync().await;
    let before = jobs(&queue, campaign).await;
    assert_eq!(thief.finish(&lease).await, Reported::Stale);
    assert_eq!(thief.fail(lease.epoch, 0..1, "an error").await, Reported::Stale);
    assert_eq!(thief.renew(&[lease.epoch]).await, [lease.epoch]);
    thief.release(lease.epoch).await;
    assert_eq!(jobs(&queue, campaign).await, before);
}

#[tokio::test]
async fn a_number_that_was_never_an_epoch_changes_nothing() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-7").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    worker.lease(16).await;
    let before = jobs(&queue, campaign).await;
    for number in [0, u64::MAX, u64::MAX / 2, 1 << 63] {
        let epoch = LeaseEpoch::from_wire(number);
        assert_eq!(worker.complete(epoch, &[0..16]).await, Reported::Stale, "{number}");
        assert_eq!(worker.renew(&[epoch]).await, [epoch]);
        worker.release(epoch).await;
    }
    assert_eq!(jobs(&queue, campaign).await, before);
}

#[tokio::test]
async fn completions_count_past_the_deadline_until_somebody_else_asks_for_work() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-7").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    let lease = worker.lease(16).await;
    run_out(&queue, lease.epoch).await;
    assert_eq!(worker.complete(lease.epoch, &[0..4]).await, Reported::Counted);
    assert_eq!(ordinals_in(&queue, campaign, "done").await, [0, 1, 2, 3]);
    // Even its renewal comes in time.
    assert_eq!(worker.renew(&[lease.epoch]).await, []);
    assert_eq!(Worker::new(&queue, "b").claim(16).await, []);
    assert_eq!(worker.complete(lease.epoch, &[4..16]).await, Reported::Counted);
}

#[tokio::test]
async fn what_a_partial_completion_leaves_stays_leased_under_its_epoch() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-7").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    let lease = worker.lease(16).await;
    assert_eq!(worker.complete(lease.epoch, &[4..6, 12..14]).await, Reported::Counted);
    let left: Vec<u32> = (0..16).filter(|ordinal| ![4, 5, 12, 13].contains(ordinal)).collect();
    assert_eq!(ordinals_in(&queue, campaign, "leased").await, left);
    assert_eq!(worker.renew(&[lease.epoch]).await, []);
    assert!(jobs(&queue, campaign).await.values().all(|job| job.epoch.is_none_or(|e| e == lease.epoch.to_wire())));
    // What was said before, overlaps or lies elsewhere does no harm.
    assert_eq!(worker.complete(lease.epoch, &[13..16, 4..6, 0..5, 1000..2000]).await, Reported::Counted);
    assert_eq!(worker.complete(lease.epoch, &[6..12]).await, Reported::Counted);
    assert_eq!(ordinals_in(&queue, campaign, "done").await, Vec::from_iter(0..16));
    assert_eq!(worker.finish(&lease).await, Reported::Stale);
}

#[tokio::test]
async fn releasing_a_lease_burns_no_attempt() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-7").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    for _ in 0..5 {
        let lease = worker.lease(16).await;
        assert_eq!(lease.ordinals, 0..16);
        worker.release(lease.epoch).await;
    }
    assert!(jobs(&queue, campaign).await.values().all(|job| job.state == "pending" && job.attempts == 0));
}

#[tokio::test]
async fn a_renewed_lease_does_not_run_out() {
    let (_database, queue) = start().await;
    Campaign::new("one").layer(0, "0-7").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    let lease = worker.lease(16).await;
    run_out(&queue, lease.epoch).await;
    assert_eq!(worker.renew(&[lease.epoch]).await, []);
    assert_eq!(Worker::new(&queue, "b").claim(16).await, []);
}
