//! Who is handed what.

use crate::support::{Campaign, MODE, Worker, counts, jobs, start};
use std::collections::HashSet;
use superposed::queue::{LayerKey, submit::Submitted};
use superposed_identity::{LayerIndex, Polarities, Polarity};

#[tokio::test]
async fn two_workers_never_hold_the_same_job() {
    let (database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-99").layer(1, "0-9").submit(&queue).await;
    let mut workers = [Worker::new(&queue, "a"), Worker::new(&database.queue().await, "b")];
    let mut held = HashSet::new();
    loop {
        let mut any = false;
        for worker in &mut workers {
            for lease in worker.claim(30).await {
                any = true;
                for ordinal in lease.ordinals {
                    assert!(held.insert((lease.key, ordinal)), "{:?} {ordinal} was leased twice", lease.key);
                }
            }
        }
        if !any {
            break;
        }
    }
    assert_eq!(held.len(), 220);
    assert!(jobs(&queue, campaign).await.values().all(|job| job.state == "leased"));
}

#[tokio::test]
async fn claims_end_on_whole_batches_and_always_on_whole_neurons() {
    let (_database, queue) = start().await;
    Campaign::new("one").layer(0, "0-99").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    // A batch is 8 neurons, 16 jobs.
    assert_eq!(worker.lease(40).await.ordinals, 0..32);
    assert_eq!(worker.lease(7).await.ordinals, 32..40);
    assert_eq!(worker.lease(20).await.ordinals, 40..48);
    assert_eq!(worker.lease(1).await.ordinals, 48..50);
    assert_eq!(worker.lease(16).await.ordinals, 50..64);
}

#[tokio::test]
async fn what_is_asked_for_is_gathered_from_several_layers() {
    let (_database, queue) = start().await;
    Campaign::new("one").layer(0, "0-1").layer(1, "0-1").layer(2, "0-1").submit(&queue).await;
    let granted = Worker::new(&queue, "a").claim(8).await;
    let layers: Vec<_> = granted.iter().map(|lease| (lease.key.layer.0, lease.ordinals.clone())).collect();
    assert_eq!(layers, [(0, 0..4), (1, 0..4)]);
}

#[tokio::test]
async fn a_lease_is_no_longer_than_the_settings_allow_however_much_is_asked_for() {
    let (_database, queue) = start().await;
    Campaign::new("one").layer(0, "0-9999").submit(&queue).await;
    let granted = Worker::new(&queue, "a").claim(u32::MAX).await;
    assert!(granted.iter().all(|lease| lease.ordinals.len() == 256), "{granted:?}");
    assert_eq!(granted.len(), 8);
}

#[tokio::test]
async fn a_worker_goes_on_in_the_layer_where_it_is_warm() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-99").layer(1, "0-99").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    worker.sync().await;
    let warm = LayerKey { campaign, mode: MODE, layer: LayerIndex(1) };
    let granted = queue.claim(&worker.identity, 16, Some(warm)).await.expect("the database is there");
    assert_eq!(granted[0].key, warm);
}

#[tokio::test]
async fn campaigns_of_a_higher_priority_go_first_and_equal_ones_take_turns() {
    let (_database, queue) = start().await;
    let big = Campaign::new("big").layer(0, "0-999").submit(&queue).await;
    let small = Campaign::new("small").layer(0, "0-15").submit(&queue).await;
    let urgent = Campaign::new("urgent").layer(0, "0-7").priority(1).submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    let mut order = Vec::new();
    for _ in 0..5 {
        order.push(worker.lease(16).await.key.campaign);
    }
    assert_eq!(order, [urgent, big, small, big, small]);
}

#[tokio::test]
async fn a_campaign_of_one_polarity_has_one_job_a_neuron() {
    let (_database, queue) = start().await;
    let one = Campaign::new("one").layer(0, "0-9").polarities(Polarities::One(Polarity::Pos));
    let campaign = one.submit(&queue).await;
    assert_eq!(counts(&queue, campaign).await.total(), 10);
    assert_eq!(Worker::new(&queue, "a").lease(3).await.neurons.len(), 3);
}

#[tokio::test]
async fn two_submissions_with_one_key_are_one_campaign() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-9");
    let id = campaign.submit(&queue).await;
    assert_eq!(campaign.try_submit(&queue).await, Submitted::Known(id));
    assert_eq!(counts(&queue, id).await.total(), 20);
    assert_eq!(queue.campaigns().await.expect("the database is there").len(), 1);
}
