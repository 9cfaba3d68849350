//! Workers that die, or do nothing any more: which of their leases is to blame, and when others get them.

use crate::support::{Campaign, Database, Worker, jobs, ordinals_in, run_out, settings, start, state};
use std::{collections::BTreeMap, time::Duration};
use superposed::queue::{Queue, QueueSettings, progress::CampaignState, report::Reported, sync::Said};
use superposed_identity::{Polarities, Polarity};
use superposed_shared::description::CampaignId;

/// Three layers of one job each.
async fn three_single_jobs(queue: &Queue) -> CampaignId {
    let one = Campaign::new("one").polarities(Polarities::One(Polarity::Pos)).attempts(2);
    one.layer(0, "0").layer(1, "0").layer(2, "0").submit(queue).await
}

async fn attempts(queue: &Queue, campaign: CampaignId) -> Vec<i32> {
    jobs(queue, campaign).await.into_values().map(|job| job.attempts).collect()
}

#[tokio::test]
async fn a_death_is_blamed_on_the_lease_the_worker_was_at_and_the_others_go_back() {
    let (_database, queue) = start().await;
    let campaign = three_single_jobs(&queue).await;
    let granted = Worker::new(&queue, "dead").claim(3).await;
    assert_eq!(granted.len(), 3);
    // Its time is up by a moment: so it is for all it holds.
    run_out(&queue, granted[0].epoch).await;
    assert_eq!(Worker::new(&queue, "alive").claim(3).await.len(), 3);
    assert_eq!(attempts(&queue, campaign).await, [1, 0, 0]);
}

#[tokio::test]
async fn a_lease_whose_files_are_on_their_way_is_not_what_its_worker_died_of() {
    let (_database, queue) = start().await;
    let campaign = three_single_jobs(&queue).await;
    let mut dead = Worker::new(&queue, "dead");
    let granted = dead.claim(3).await;
    dead.identity.sequence += 1;
    let held: Vec<_> = granted.iter().map(|lease| lease.epoch).collect();
    let said = Said { mined: vec![held[0]], held, ..Said::default() };
    queue.sync(&dead.identity, &said).await.expect("the database is there").expect("it is the latest");
    run_out(&queue, granted[0].epoch).await;
    let handed_on = Worker::new(&queue, "alive").claim(3).await;
    assert_eq!(attempts(&queue, campaign).await, [0, 1, 0]);

    // Handed on, it is not mined any more.
    let oldest = handed_on.iter().min_by_key(|lease| lease.epoch).expect("three leases");
    run_out(&queue, oldest.epoch).await;
    let mut last = Worker::new(&queue, "last");
    let granted = last.claim(3).await;
    let mut expected = [0, 1, 0];
    expected[oldest.key.layer.0 as usize] += 1;
    assert_eq!(attempts(&queue, campaign).await, expected);

    // Of several that all were, it is the oldest.
    last.identity.sequence += 1;
    let held: Vec<_> = granted.iter().map(|lease| lease.epoch).collect();
    let said = Said { mined: held.clone(), held, ..Said::default() };
    queue.sync(&last.identity, &said).await.expect("the database is there").expect("it is the latest");
    let oldest = granted.iter().min_by_key(|lease| lease.epoch).expect("a lease");
    run_out(&queue, oldest.epoch).await;
    Worker::new(&queue, "nobody").claim(1).await;
    expected[oldest.key.layer.0 as usize] += 1;
    assert_eq!(attempts(&queue, campaign).await, expected);
}

#[tokio::test]
async fn innocent_jobs_beside_a_deadly_one_are_done_and_it_alone_fails() {
    let (_database, queue) = start().await;
    let campaign = three_single_jobs(&queue).await;
    for life in 0..5 {
        let mut worker = Worker::new(&queue, &format!("life-{life}"));
        // In order, as workers do; layer 1 kills.
        for lease in worker.claim(3).await {
            if lease.key.layer.0 == 1 {
                run_out(&queue, lease.epoch).await;
                break;
            }
            assert_eq!(worker.finish(&lease).await, Reported::Counted);
        }
    }
    queue.settle_all().await.expect("the database is there");
    assert_eq!(state(&queue, campaign).await, CampaignState::CompletedWithFailures);
    assert_eq!(attempts(&queue, campaign).await, [0, 2, 0]);
}

#[tokio::test]
async fn single_jobs_that_are_left_of_a_longer_lease_are_not_known_to_be_bad() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-1").submit(&queue).await;
    let mut worker = Worker::new(&queue, "dead");
    let lease = worker.lease(4).await;
    assert_eq!(worker.complete(lease.epoch, &[1..3]).await, Reported::Counted);
    run_out(&queue, lease.epoch).await;
    let alone = Worker::new(&queue, "alive").claim(4).await;
    assert_eq!(alone.iter().map(|lease| lease.ordinals.clone()).collect::<Vec<_>>(), [0..1, 3..4]);
    assert_eq!(attempts(&queue, campaign).await, [0; 4]);
}

#[tokio::test]
async fn upkeep_takes_back_what_nobody_asked_for_once_it_is_long_overdue() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-7").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    let lease = worker.lease(16).await;
    run_out(&queue, lease.epoch).await;
    // Late by less than a lease, it may still report.
    assert_eq!(queue.expire_forgotten().await.expect("the database is there"), 0);
    assert_eq!(worker.complete(lease.epoch, &[0..2]).await, Reported::Counted);
    let long_ago = "UPDATE spans SET deadline = now() - interval '21 seconds' WHERE state = 'leased'";
    sqlx::query(long_ago).execute(queue.pool()).await.expect("the database is there");
    assert_eq!(queue.expire_forgotten().await.expect("the database is there"), 1);
    assert_eq!(ordinals_in(&queue, campaign, "pending").await, Vec::from_iter(2..16));
    assert_eq!(worker.finish(&lease).await, Reported::Stale);
}

/// As if all leases were taken, and all workers last got on, so long ago.
async fn age(queue: &Queue, interval: &str) {
    for statement in [
        "UPDATE spans SET leased_at = now() - $1::interval WHERE state = 'leased'",
        "UPDATE workers SET last_progress = now() - $1::interval",
    ] {
        sqlx::query(statement).bind(interval).execute(queue.pool()).await.expect("the database is there");
    }
}

#[tokio::test]
async fn a_worker_that_syncs_but_finishes_nothing_loses_its_leases() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-7").layer(1, "0-7").submit(&queue).await;
    let mut worker = Worker::new(&queue, "wedged");
    let [at, next] = worker.claim(32).await.try_into().expect("two leases");
    age(&queue, "14 minutes").await;
    assert_eq!(queue.revoke_wedged().await.expect("the database is there"), 0);
    age(&queue, "16 minutes").await;
    worker.sync().await;
    assert_eq!(worker.renew(&[at.epoch, next.epoch]).await, []);
    assert_eq!(queue.revoke_wedged().await.expect("the database is there"), 2);
    assert_eq!(worker.renew(&[at.epoch, next.epoch]).await, [at.epoch, next.epoch]);
    // The lease it was at is treated like a death; the one behind it was not begun.
    let granted = Worker::new(&queue, "other").claim(32).await;
    let mut ordinals = BTreeMap::<u32, Vec<_>>::new();
    for lease in granted {
        ordinals.entry(lease.key.layer.0).or_default().push(lease.ordinals);
    }
    assert_eq!(ordinals, BTreeMap::from([(0, vec![0..8, 8..16]), (1, vec![0..16])]));
    let said = jobs(&queue, campaign).await[&(1, 0, 0)].error.clone();
    assert_eq!(said.as_deref(), Some("worker wedged finished no job for 900 s"));
}

#[tokio::test]
async fn a_worker_that_gets_on_with_anything_is_not_wedged() {
    let (_database, queue) = start().await;
    Campaign::new("one").layer(0, "0-7").layer(1, "0-7").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    let [at, _] = worker.claim(32).await.try_into().expect("two leases");
    age(&queue, "16 minutes").await;
    assert_eq!(worker.complete(at.epoch, &[0..1]).await, Reported::Counted);
    worker.identity.sequence += 1;
    assert!(worker.register(true).await.expect("the database is there"));
    assert_eq!(queue.revoke_wedged().await.expect("the database is there"), 0);
    // Nor is one whose leases are new, however long it had nothing to do.
    age(&queue, "16 minutes").await;
    let new = "UPDATE spans SET leased_at = now() WHERE state = 'leased'";
    sqlx::query(new).execute(queue.pool()).await.expect("the database is there");
    assert_eq!(queue.revoke_wedged().await.expect("the database is there"), 0);
}

#[tokio::test]
async fn waits_between_attempts_grow_to_a_limit_and_differ() {
    let database = Database::start().await;
    let (first, longest) = (Duration::from_secs(1), Duration::from_secs(10));
    let queue = database.queue_with(QueueSettings { retry_delay: first, max_retry_delay: longest, ..settings() }).await;
    let campaign = Campaign::new("one").layer(0, "0-19").attempts(50).submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    for round in 0..6 {
        let again = "UPDATE spans SET not_before = '-infinity' WHERE state = 'pending'";
        sqlx::query(again).execute(queue.pool()).await.expect("the database is there");
        let granted = loop_claim(&mut worker).await;
        for lease in granted {
            for ordinal in lease.ordinals {
                assert_eq!(worker.fail(lease.epoch, ordinal..ordinal + 1, "an error").await, Reported::Counted);
            }
        }
        let waits = "SELECT extract(epoch FROM not_before - now())::float8 FROM spans WHERE campaign_id = $1";
        let waits: Vec<f64> = sqlx::query_scalar(waits).bind(campaign.0).fetch_all(queue.pool()).await.expect("waits");
        let expected = (first.as_secs_f64() * f64::from(1 << round)).min(longest.as_secs_f64());
        assert_eq!(waits.len(), 40);
        let (least, most) = waits.iter().fold((f64::MAX, 0.0_f64), |(l, m), wait| (l.min(*wait), m.max(*wait)));
        assert!(most <= expected * 1.25, "{most} after {round} rounds");
        assert!(round < 2 || least >= expected * 0.5, "{least} after {round} rounds");
        assert!(round < 3 || most - least > expected * 0.1, "{least} to {most}: they come back together");
    }
}

/// Everything there is.
async fn loop_claim(worker: &mut Worker) -> Vec<superposed::queue::claim::Granted> {
    let mut all = Vec::new();
    loop {
        let granted = worker.claim(u32::MAX).await;
        if granted.is_empty() {
            return all;
        }
        all.extend(granted);
    }
}
