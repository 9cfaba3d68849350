//! Pause, resume, cancel, retry, delete, and how campaigns end.

use crate::support::{Campaign, Worker, counts, jobs, ordinals_in, run_out, start, state};
use superposed::queue::{QueueError, progress::CampaignState, report::Reported};
use superposed_shared::description::CampaignId;

#[tokio::test]
async fn a_paused_campaign_hands_out_nothing_but_takes_in_what_is_finished() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-15").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    let lease = worker.lease(16).await;
    queue.pause(campaign).await.expect("it runs");
    assert_eq!(state(&queue, campaign).await, CampaignState::Paused);
    assert_eq!(worker.claim(16).await, []);
    assert_eq!(worker.finish(&lease).await, Reported::Counted);
    queue.resume(campaign).await.expect("it is paused");
    assert_eq!(worker.work_off().await, 16);
    assert_eq!(state(&queue, campaign).await, CampaignState::Completed);
}

#[tokio::test]
async fn a_campaign_whose_last_job_is_finished_while_it_is_paused_is_completed() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-7").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    let lease = worker.lease(16).await;
    queue.pause(campaign).await.expect("it runs");
    worker.finish(&lease).await;
    assert_eq!(state(&queue, campaign).await, CampaignState::Completed);
}

#[tokio::test]
async fn a_cancelled_campaign_takes_its_leases_back_and_keeps_what_is_done() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-15").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    let lease = worker.lease(16).await;
    worker.complete(lease.epoch, &[0..4]).await;
    queue.cancel(campaign).await.expect("it runs");
    assert_eq!(state(&queue, campaign).await, CampaignState::Cancelled);
    assert_eq!(worker.renew(&[lease.epoch]).await, [lease.epoch]);
    assert_eq!(worker.finish(&lease).await, Reported::Stale);
    assert_eq!(worker.claim(16).await, []);
    let counts = counts(&queue, campaign).await;
    assert_eq!((counts.done, counts.cancelled, counts.total()), (4, 28, 32));
}

#[tokio::test]
async fn upkeep_ends_what_a_dying_coordinator_left_of_a_cancellation() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-15").submit(&queue).await;
    let other = Campaign::new("two").layer(0, "0-15").submit(&queue).await;
    Worker::new(&queue, "a").claim(16).await;
    let half = "UPDATE campaigns SET state = 'cancelled' WHERE id = $1";
    sqlx::query(half).bind(campaign.0).execute(queue.pool()).await.expect("the database is there");
    queue.cancel_all_spans().await.expect("the database is there");
    assert_eq!(counts(&queue, campaign).await.cancelled, 32);
    assert_eq!(counts(&queue, other).await.cancelled, 0);
}

#[tokio::test]
async fn retrying_gives_failed_jobs_all_their_attempts_again() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-7").attempts(1).submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    let lease = worker.lease(16).await;
    worker.fail(lease.epoch, 3..4, "an error").await;
    worker.finish(&lease).await;
    assert_eq!(state(&queue, campaign).await, CampaignState::CompletedWithFailures);
    queue.retry(campaign).await.expect("it has failures");
    assert_eq!(state(&queue, campaign).await, CampaignState::Running);
    assert_eq!(jobs(&queue, campaign).await[&(1, 0, 3)].attempts, 0);
    assert_eq!(worker.work_off().await, 1);
    assert_eq!(state(&queue, campaign).await, CampaignState::Completed);
    assert_eq!(queue.failures(campaign, 10).await.expect("the campaign is there"), []);
}

#[tokio::test]
async fn a_campaign_whose_last_job_is_lost_with_its_worker_is_ended_by_upkeep() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0").attempts(1).submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    let lease = worker.lease(2).await;
    worker.complete(lease.epoch, &[0..1]).await;
    run_out(&queue, lease.epoch).await;
    assert_eq!(worker.claim(2).await, []);
    queue.settle_all().await.expect("the database is there");
    assert_eq!(state(&queue, campaign).await, CampaignState::CompletedWithFailures);
    assert_eq!(ordinals_in(&queue, campaign, "failed").await, [1]);
}

#[tokio::test]
async fn a_campaign_that_ended_can_be_forgotten() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-7").submit(&queue).await;
    queue.delete(campaign).await.expect_err("a running campaign was deleted");
    queue.cancel(campaign).await.expect("it runs");
    queue.delete(campaign).await.expect("it ended");
    assert!(matches!(queue.campaign(campaign).await, Err(QueueError::NoSuchCampaign(id)) if id == campaign));
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM spans").fetch_one(queue.pool()).await.expect("a count");
    assert_eq!(left, 0);
}

#[tokio::test]
async fn what_a_campaigns_state_does_not_allow_is_refused_in_words() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-7").submit(&queue).await;
    let refused = |result: Result<(), QueueError>| result.expect_err("it was allowed").to_string();
    assert_eq!(refused(queue.resume(campaign).await), "campaign 1 is running and cannot be resumed");
    assert_eq!(refused(queue.retry(campaign).await), "campaign 1 is running and cannot be retried");
    assert_eq!(refused(queue.delete(campaign).await), "campaign 1 is running and cannot be deleted");
    queue.cancel(campaign).await.expect("it runs");
    assert_eq!(refused(queue.cancel(campaign).await), "campaign 1 is cancelled and cannot be cancelled");
    assert_eq!(refused(queue.pause(campaign).await), "campaign 1 is cancelled and cannot be paused");
    assert_eq!(refused(queue.pause(CampaignId(77)).await), "there is no campaign 77");
}
