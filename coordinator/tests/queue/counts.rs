//! What is told to monitoring: counts of two coordinators of one database, and what goes on there.

use crate::support::{Campaign, Worker, run_out, settings, start};
use prometheus_client::registry::Registry;
use superposed::queue::{
    Queue,
    live::LiveWorkers,
    progress::{CampaignState, JobCounts},
    sync::Said,
};
use superposed_shared::metrics;

/// A count of a coordinator.
fn count(queue: &Queue, name: &str) -> u64 {
    let mut registry = Registry::default();
    queue.counts().register(&mut registry);
    let text = metrics::text(&registry);
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("superposed_coordinator_{name} ")));
    line.unwrap_or_else(|| panic!("{name} is not in\n{text}")).parse().expect("a count")
}

#[tokio::test]
async fn what_is_handed_out_again_is_counted_once_by_the_coordinator_that_did_so() {
    let (database, one) = start().await;
    let other = database.queue_with(settings()).await;
    Campaign::new("one").layer(0, "0-19").submit(&one).await;
    let mut dead = Worker::new(&one, "dead");
    let lease = dead.lease(16).await;
    // Of what was done, nothing is handed out again.
    dead.complete(lease.epoch, &[0..6]).await;
    run_out(&one, lease.epoch).await;
    let mut alive = Worker::new(&other, "alive");
    let granted = alive.claim(1000).await;
    assert_eq!(granted.iter().map(|lease| lease.ordinals.len()).sum::<usize>(), 34);
    dead.identity.sequence += 1;
    let late = Said { completions: vec![(dead.named(lease.epoch), vec![6..16])], ..Said::default() };
    let taken = one.sync(&dead.identity, &late).await.expect("the database is there").expect("a later Sync");
    assert_eq!(taken.stale, [lease.epoch]);
    for (name, counts) in [
        ("jobs_granted_total", [16, 34]),
        ("double_dispatches_total", [0, 10]),
        ("leases_granted_total", [1, granted.len() as u64]),
        ("leases_expired_total", [0, 1]),
        ("leases_stuck_total", [0, 0]),
        ("stale_reports_total", [1, 0]),
        ("sync_seconds_count", [1, 0]),
        ("syncs_failed_total", [0, 0]),
    ] {
        assert_eq!([&one, &other].map(|queue| count(queue, name)), counts, "{name}");
    }
}

#[tokio::test]
async fn campaigns_that_go_on_are_told_of_and_those_that_ended_are_not() {
    let (_database, queue) = start().await;
    let ended = Campaign::new("ended").layer(0, "0").submit(&queue).await;
    assert_eq!(Worker::new(&queue, "a").work_off().await, 2);
    let paused = Campaign::new("paused").layer(0, "0-9").submit(&queue).await;
    queue.pause(paused).await.expect("it runs");
    let running = Campaign::new("running").attempts(1).layer(0, "0-19").layer(1, "0-19").submit(&queue).await;
    let mut worker = Worker::new(&queue, "b");
    let lease = worker.lease(16).await;
    worker.complete(lease.epoch, &[0..7]).await;
    worker.fail(lease.epoch, 7..8, "it broke").await;
    Worker::new(&queue, "a").fall_silent().await;

    let (campaigns, workers) = queue.live().await.expect("the database is there");
    assert_eq!(workers, LiveWorkers { alive: 1, draining: 0, silent: 1 });
    let told: Vec<_> = campaigns.iter().map(|campaign| (campaign.id, campaign.state, campaign.jobs)).collect();
    let counts = JobCounts { pending: 64, leased: 8, done: 7, failed: 1, cancelled: 0 };
    let waiting = JobCounts { pending: 20, ..JobCounts::default() };
    assert_eq!(told, [(paused, CampaignState::Paused, waiting), (running, CampaignState::Running, counts)]);
    assert!(told.iter().all(|(id, ..)| *id != ended));
    let campaign = &campaigns[1];
    assert_eq!(queue.campaign(running).await.expect("it is there").name, campaign.name);
    assert!(campaign.jobs_per_second > 0.0 && campaign.work_left_seconds().is_some(), "{campaign:?}");
    assert!(campaign.unclaimed_seconds <= campaign.age_seconds && !campaign.held_up, "{campaign:?}");
    assert_eq!(campaigns[0].work_left_seconds(), None);

    queue.trouble(running, "no room").await.expect("the database is there");
    let (campaigns, _) = queue.live().await.expect("the database is there");
    assert_eq!(campaigns.iter().map(|campaign| campaign.held_up).collect::<Vec<_>>(), [false, true]);
}
