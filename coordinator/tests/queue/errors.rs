//! Workers that die, jobs that fail, surroundings that are not there.

use crate::support::{Campaign, Worker, counts, jobs, ordinals_in, run_out, start, state};
use superposed::queue::{progress::CampaignState, report::Reported};

#[tokio::test]
async fn an_expired_lease_is_halved_and_burns_no_attempt() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-7").submit(&queue).await;
    let lease = Worker::new(&queue, "dead").lease(16).await;
    run_out(&queue, lease.epoch).await;
    let halves = Worker::new(&queue, "alive").claim(16).await;
    let ordinals: Vec<_> = halves.iter().map(|half| half.ordinals.clone()).collect();
    assert_eq!(ordinals, [0..8, 8..16]);
    assert!(jobs(&queue, campaign).await.values().all(|job| job.attempts == 0));
}

#[tokio::test]
async fn a_job_that_kills_its_workers_fails_alone_and_all_others_are_done() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-15").attempts(3).submit(&queue).await;
    let deadly = 13;
    let mut deaths = 0;
    let mut worker = Worker::new(&queue, "worker-0");
    loop {
        let granted = worker.claim(8).await;
        if granted.is_empty() {
            break;
        }
        for lease in granted {
            if lease.ordinals.contains(&deadly) {
                // It reports what comes before, and dies.
                let before = lease.ordinals.start..deadly;
                assert_eq!(worker.complete(lease.epoch, &[before]).await, Reported::Counted);
                run_out(&queue, lease.epoch).await;
                deaths += 1;
            } else {
                assert_eq!(worker.finish(&lease).await, Reported::Counted);
            }
        }
        if worker.identity.worker != format!("worker-{deaths}") {
            worker = Worker::new(&queue, &format!("worker-{deaths}"));
        }
    }
    queue.settle_all().await.expect("the database is there");
    assert_eq!(state(&queue, campaign).await, CampaignState::CompletedWithFailures);
    assert_eq!(ordinals_in(&queue, campaign, "failed").await, [deadly]);
    assert_eq!(counts(&queue, campaign).await.done, 31);
    let failures = queue.failures(campaign, 10).await.expect("the database is there");
    assert_eq!((failures.len(), failures[0].attempts, failures[0].job.to_string()), (1, 3, "i/0_6_pos".to_owned()));
    assert_eq!(failures[0].worker, format!("worker-{}", deaths - 1));
    assert!(failures[0].error.contains(&failures[0].worker), "{}", failures[0].error);
    assert!(jobs(&queue, campaign).await.values().all(|job| job.state == "failed" || job.attempts == 0));
}

#[tokio::test]
async fn a_reported_failure_concerns_its_job_alone() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-7").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    let lease = worker.lease(16).await;
    assert_eq!(worker.fail(lease.epoch, 5..6, "too deep").await, Reported::Counted);
    assert_eq!(ordinals_in(&queue, campaign, "leased").await.len(), 15);
    let again = worker.lease(16).await;
    assert_eq!((again.ordinals.clone(), again.neurons.len()), (5..6, 1));
    assert_eq!(worker.fail(again.epoch, 5..6, "too deep still").await, Reported::Counted);
    assert_eq!(worker.complete(lease.epoch, &[0..16]).await, Reported::Counted);
    assert_eq!(state(&queue, campaign).await, CampaignState::CompletedWithFailures);
    let failures = queue.failures(campaign, 10).await.expect("the database is there");
    assert_eq!((failures.len(), failures[0].attempts), (1, 2));
    assert_eq!((failures[0].error.as_str(), failures[0].worker.as_str()), ("too deep still", "a"));
    assert_eq!(counts(&queue, campaign).await.done, 15);
}

#[tokio::test]
async fn a_failure_of_several_jobs_is_narrowed_down_by_halves() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-7").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    let lease = worker.lease(16).await;
    assert_eq!(worker.fail(lease.epoch, 4..12, "one of these").await, Reported::Counted);
    let halves: Vec<_> = worker.claim(16).await.into_iter().map(|half| half.ordinals).collect();
    assert_eq!(halves, [4..8, 8..12]);
    assert!(jobs(&queue, campaign).await.values().all(|job| job.attempts == 0));
    assert_eq!(worker.complete(lease.epoch, &[0..16]).await, Reported::Counted);
    assert_eq!(ordinals_in(&queue, campaign, "done").await, [0, 1, 2, 3, 12, 13, 14, 15]);
}

#[tokio::test]
async fn a_failed_job_waits_before_it_is_tried_again() {
    let (database, queue) = start().await;
    let patient = database.queue_with(Default::default()).await;
    let campaign = Campaign::new("one").layer(0, "0").submit(&queue).await;
    let mut worker = Worker::new(&patient, "a");
    let lease = worker.lease(2).await;
    worker.fail(lease.epoch, 1..2, "an error").await;
    assert_eq!(worker.claim(2).await, []);
    let waits: bool =
        sqlx::query_scalar("SELECT not_before > now() FROM spans WHERE campaign_id = $1 AND attempts = 1")
            .bind(campaign.0)
            .fetch_one(queue.pool())
            .await
            .expect("the job is there");
    assert!(waits);
}

#[tokio::test]
async fn trouble_holds_a_campaign_back_and_a_finished_job_ends_it() {
    let (_database, queue) = start().await;
    let troubled = Campaign::new("one").layer(0, "0-15").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    let lease = worker.lease(16).await;
    queue.trouble(troubled, "the disk is full").await.expect("the database is there");
    queue.trouble(troubled, "the disk is full, says another worker").await.expect("the database is there");
    let row = queue.campaign(troubled).await.expect("the campaign is there");
    assert_eq!(row.trouble.as_deref(), Some("the disk is full"));
    assert_eq!(worker.claim(16).await, [], "a campaign in trouble was handed out");
    // Others go on meanwhile, and nothing was split.
    let other = Campaign::new("two").layer(0, "0").submit(&queue).await;
    assert_eq!(worker.lease(16).await.key.campaign, other);
    assert_eq!(ordinals_in(&queue, troubled, "leased").await.len(), 16);

    // After several rounds the wait is long; the first finished job ends it.
    let long = "UPDATE campaigns SET trouble_count = 9, not_before = now() + interval '1 minute' WHERE id = $1";
    sqlx::query(long).bind(troubled.0).execute(queue.pool()).await.expect("the database is there");
    worker.finish(&lease).await;
    assert_eq!(queue.campaign(troubled).await.expect("the campaign is there").trouble, None);
    let soon = "SELECT not_before <= now() + interval '1 second' AND trouble_count = 0 FROM campaigns WHERE id = $1";
    let soon: bool = sqlx::query_scalar(soon).bind(troubled.0).fetch_one(queue.pool()).await.expect("a row");
    assert!(soon, "the long wait was not ended");
}

#[tokio::test]
async fn trouble_of_a_campaign_that_ended_is_not_remembered() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-7").submit(&queue).await;
    queue.cancel(campaign).await.expect("it runs");
    queue.trouble(campaign, "the disk is full").await.expect("the database is there");
    assert_eq!(queue.campaign(campaign).await.expect("the campaign is there").trouble, None);
}
