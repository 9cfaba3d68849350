//! What keeps the queue small and its leases fair.

use crate::support::{Campaign, Worker, jobs, ordinals_in, run_out, span_count, start};
use sqlx::{Connection, PgConnection};
use std::time::Duration;
use superposed::queue::report::Reported;
use tokio::time::timeout;

#[tokio::test]
async fn done_neighbours_are_merged() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-99").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    let lease = worker.lease(64).await;
    for ordinal in (0..40).chain(50..60) {
        assert_eq!(worker.complete(lease.epoch, &[ordinal..ordinal + 1]).await, Reported::Counted);
    }
    let before = jobs(&queue, campaign).await;
    assert_eq!(span_count(&queue, campaign).await, 53);
    queue.merge_done().await.expect("the database is there");
    assert_eq!(jobs(&queue, campaign).await, before);
    // Done, leased, done, leased, pending.
    assert_eq!(span_count(&queue, campaign).await, 5);
}

#[tokio::test]
async fn merging_leaves_alone_what_cannot_be_merged() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-31").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    let lease = worker.lease(64).await;
    let every_other: Vec<_> = (0..64).step_by(2).map(|ordinal| ordinal..ordinal + 1).collect();
    worker.complete(lease.epoch, &every_other).await;
    let rows = async || {
        let ids = sqlx::query_scalar("SELECT id FROM spans WHERE campaign_id = $1 ORDER BY id").bind(campaign.0);
        ids.fetch_all(queue.pool()).await.expect("the database is there")
    };
    let before: Vec<i64> = rows().await;
    queue.merge_done().await.expect("the database is there");
    assert_eq!(rows().await, before, "rows were written anew for nothing");
}

#[tokio::test]
async fn merging_keeps_how_often_a_job_was_tried() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-15").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    let lease = worker.lease(32).await;
    worker.fail(lease.epoch, 12..13, "an error").await;
    for ordinal in 0..32 {
        worker.complete(lease.epoch, &[ordinal..ordinal + 1]).await;
    }
    assert_eq!(worker.work_off().await, 1);
    // The campaign has ended: as if merging came just before its last report.
    let reopen = "UPDATE campaigns SET state = 'running'";
    sqlx::query(reopen).execute(queue.pool()).await.expect("the database is there");
    queue.merge_done().await.expect("the database is there");
    let jobs = jobs(&queue, campaign).await;
    assert_eq!((span_count(&queue, campaign).await, jobs[&(1, 0, 12)].attempts, jobs[&(1, 0, 11)].attempts), (3, 1, 0));
}

#[tokio::test]
async fn leases_are_extended_by_the_time_no_coordinator_was_there() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-7").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    let lease = worker.lease(16).await;
    run_out(&queue, lease.epoch).await;
    // For as long, it has not told of a job that it finished.
    let long_ago = "UPDATE workers SET last_progress = now() - interval '1 hour'";
    sqlx::query(long_ago).execute(queue.pool()).await.expect("the database is there");
    let long_ago = "UPDATE spans SET leased_at = now() - interval '1 hour' WHERE state = 'leased'";
    sqlx::query(long_ago).execute(queue.pool()).await.expect("the database is there");
    let asleep = "UPDATE pulses SET at = at - interval '1 hour'";
    sqlx::query(asleep).execute(queue.pool()).await.expect("the database is there");

    // Whoever asks before the gap is bridged takes nothing away.
    let mut other = Worker::new(&queue, "b");
    other.sync().await;
    assert_eq!(queue.claim(&other.identity, 16, None).await.expect("the database is there"), []);

    let outage = queue.pulse().await.expect("the database is there");
    assert!((3599.0..3700.0).contains(&outage), "{outage}");
    assert_eq!(queue.pulse().await.expect("the database is there"), 0.0, "the gap was bridged twice");
    assert_eq!(queue.revoke_wedged().await.expect("the database is there"), 0);
    assert_eq!(other.claim(16).await, []);
    assert_eq!(ordinals_in(&queue, campaign, "leased").await.len(), 16);
    assert_eq!(worker.finish(&lease).await, Reported::Counted);
}

/// Well below what a session may stand still within a transaction.
const AT_ONCE: Duration = Duration::from_secs(3);

#[tokio::test]
async fn a_session_that_holds_all_locks_of_the_pulse_keeps_nobody_from_it_nor_leases_from_running_out() {
    let (database, queue) = start().await;
    Campaign::new("one").layer(0, "0-7").submit(&queue).await;
    let mut worker = Worker::new(&queue, "dead");
    let lease = worker.lease(16).await;
    // Not one of a coordinator's: nobody ends it.
    let mut stuck = PgConnection::connect(&database.url()).await.expect("the database is there");
    let mut stuck = stuck.begin().await.expect("the database is there");
    for statement in ["SELECT FROM pulses FOR UPDATE", "SELECT pg_advisory_xact_lock(3, 0)"] {
        sqlx::query(statement).execute(&mut *stuck).await.expect("nobody else has the locks");
    }
    sqlx::query("INSERT INTO pulses DEFAULT VALUES").execute(&mut *stuck).await.expect("the database is there");
    run_out(&queue, lease.epoch).await;
    let taken = timeout(AT_ONCE, async {
        // Longer ago than a pulse counts, but for the new one.
        assert_eq!(queue.pulse().await.expect("the database is there"), 0.0);
        Worker::new(&queue, "alive").claim(16).await
    });
    assert_eq!(taken.await.expect("nobody waits").len(), 2);
    assert_eq!(worker.finish(&lease).await, Reported::Stale);
    drop(stuck);
}

#[tokio::test]
async fn while_an_outage_is_bridged_by_one_that_stands_still_no_lease_runs_out() {
    let (database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-7").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    let lease = worker.lease(16).await;
    run_out(&queue, lease.epoch).await;
    let asleep = "UPDATE pulses SET at = at - interval '1 hour'";
    sqlx::query(asleep).execute(queue.pool()).await.expect("the database is there");
    let mut stuck = PgConnection::connect(&database.url()).await.expect("the database is there");
    let mut stuck = stuck.begin().await.expect("the database is there");
    sqlx::query("SELECT pg_advisory_xact_lock(3, 0)").execute(&mut *stuck).await.expect("nobody else has it");
    // The gap is not bridged yet, so nothing is known of who could renew.
    let asked = timeout(AT_ONCE, Worker::new(&queue, "b").claim(16)).await.expect("nobody waits");
    assert_eq!(asked, []);
    stuck.rollback().await.expect("the database is there");
    let outage = queue.pulse().await.expect("the database is there");
    assert!((3599.0..3700.0).contains(&outage), "{outage}");
    assert_eq!(ordinals_in(&queue, campaign, "leased").await.len(), 16);
}

#[tokio::test]
async fn a_coordinator_that_stands_still_within_a_transaction_loses_its_locks() {
    let (database, queue) = start().await;
    Campaign::new("one").layer(0, "0-7").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    let lease = worker.lease(16).await;
    let still = database.queue().await;
    let mut still = still.pool().begin().await.expect("the database is there");
    sqlx::query("SELECT FROM spans FOR UPDATE").execute(&mut *still).await.expect("nobody else has them");
    // Waits for the rows, no longer than it may wait, and longer than they are held.
    let finished = async {
        loop {
            if let Ok(reported) = queue.complete(&worker.named(lease.epoch), &[0..16]).await {
                return reported;
            }
        }
    };
    let finished = timeout(Duration::from_secs(30), finished).await.expect("the locks are given up");
    assert_eq!(finished, Reported::Counted);
    assert!(sqlx::query("SELECT").execute(&mut *still).await.is_err(), "its session goes on");
}

#[tokio::test]
async fn merging_looks_at_each_finished_span_once() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-31").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    let lease = worker.lease(64).await;
    worker.complete(lease.epoch, &[0..2, 4..6]).await;
    assert_eq!(queue.merge_done().await.expect("the database is there"), 1);
    assert_eq!(queue.merge_done().await.expect("the database is there"), 0);
    // What comes between is merged with what was looked at before.
    worker.complete(lease.epoch, &[2..4]).await;
    assert_eq!(queue.merge_done().await.expect("the database is there"), 1);
    let done = "SELECT ordinals::text FROM spans WHERE campaign_id = $1 AND state = 'done'";
    let done: Vec<String> =
        sqlx::query_scalar(done).bind(campaign.0).fetch_all(queue.pool()).await.expect("the database is there");
    assert_eq!(done, ["[0,6)"]);
}
