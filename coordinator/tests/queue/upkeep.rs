//! What keeps the queue small and its leases fair.

use crate::support::{Campaign, Worker, jobs, ordinals_in, run_out, span_count, start};
use superposed::queue::report::Reported;

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
    let asleep = "UPDATE coordinator_pulse SET last_alive = now() - interval '1 hour'";
    sqlx::query(asleep).execute(queue.pool()).await.expect("the database is there");

    // Whoever asks before the gap is bridged takes nothing away.
    let mut other = Worker::new(&queue, "b");
    other.sync().await;
    assert_eq!(queue.claim(&other.identity, 16, None).await.expect("the database is there"), []);

    let outage = queue.pulse().await.expect("the database is there");
    assert!((3599.0..3700.0).contains(&outage), "{outage}");
    assert_eq!(queue.pulse().await.expect("the database is there"), 0.0, "the gap was bridged twice");
    assert_eq!(other.claim(16).await, []);
    assert_eq!(ordinals_in(&queue, campaign, "leased").await.len(), 16);
    assert_eq!(worker.finish(&lease).await, Reported::Counted);
}
