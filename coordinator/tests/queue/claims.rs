//! Who is handed what.

use crate::support::{Campaign, MODE, Worker, counts, jobs, start};
use std::collections::HashSet;
use superposed::queue::{LayerKey, claim::Warm, submit::Submitted};
use superposed_identity::{LayerIndex, Polarities, Polarity};
use tokio::task::JoinSet;

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
    let granted = queue.claim(&worker.identity, 16, Some(warm.into())).await.expect("the database is there");
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
async fn a_campaign_of_twelve_million_jobs_does_not_starve_a_small_one() {
    let (database, queue) = start().await;
    let big = (0..48).fold(Campaign::new("big"), |big, layer| big.layer(layer, "0-124999"));
    let big = big.submit(&queue).await;
    assert_eq!(counts(&queue, big).await.total(), 12_000_000);
    let mut workers = [Worker::new(&queue, "a"), Worker::new(&database.queue().await, "b"), Worker::new(&queue, "c")];
    for worker in &mut workers {
        worker.claim(512).await;
    }
    // It comes last, and has its turn with every other lease, whoever asks, and within one claim as well.
    let small = Campaign::new("small").layer(0, "0-639").submit(&queue).await;
    let mut order = Vec::new();
    for number in 0..5 {
        order.extend(workers[number % 3].claim(512).await.into_iter().map(|lease| lease.key.campaign));
    }
    assert_eq!(order, [small, big].repeat(5));
}

#[tokio::test]
async fn a_worker_whose_turn_is_not_over_stays_with_its_campaign_unless_another_comes_first() {
    let (_database, queue) = start().await;
    let first = Campaign::new("first").layer(0, "0-999").submit(&queue).await;
    let second = Campaign::new("second").layer(0, "0-999").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    worker.sync().await;
    let key = LayerKey { campaign: second, mode: MODE, layer: LayerIndex(0) };
    let claim = async |stays| {
        let granted =
            queue.claim(&worker.identity, 16, Some(Warm { key, stays })).await.expect("the database is there");
        granted[0].key.campaign
    };
    assert_eq!([claim(true).await, claim(true).await, claim(true).await], [second; 3]);
    assert_eq!([claim(false).await, claim(false).await], [first, second]);
    let urgent = Campaign::new("urgent").priority(1).layer(0, "0-7").submit(&queue).await;
    assert_eq!([claim(true).await, claim(true).await], [urgent, second]);
}

#[tokio::test]
async fn no_more_workers_work_on_a_campaign_than_it_may_have() {
    let (database, queue) = start().await;
    let capped = Campaign::new("capped").layer(0, "0-999").max_workers(2).priority(1).submit(&queue).await;
    let other = Campaign::new("other").layer(0, "0-999").submit(&queue).await;
    let mut asks = JoinSet::new();
    for number in 0..8 {
        let queue = if number % 2 == 0 { queue.clone() } else { database.queue().await };
        asks.spawn(async move {
            let mut worker = Worker::new(&queue, &format!("worker-{number}"));
            let lease = worker.lease(16).await;
            (worker, lease)
        });
    }
    let (mut on_capped, mut on_other) = (Vec::new(), Vec::new());
    for (worker, lease) in asks.join_all().await {
        if lease.key.campaign == capped { &mut on_capped } else { &mut on_other }.push((worker, lease));
    }
    // Two that would join at once may be one too few, never one too many.
    assert!((1..=2).contains(&on_capped.len()), "{}", on_capped.len());
    while on_capped.len() < 2 {
        let (mut worker, _) = on_other.pop().expect("eight workers");
        let lease = worker.lease(16).await;
        assert_eq!(lease.key.campaign, capped);
        on_capped.push((worker, lease));
    }
    let (mut outsider, _) = on_other.pop().expect("six more workers");
    assert_eq!(outsider.lease(16).await.key.campaign, other);
    // Those that are at it go on with it, and who ends makes room.
    let (mut insider, lease) = on_capped.pop().expect("two workers");
    let second = insider.lease(16).await;
    assert_eq!(second.key.campaign, capped);
    for lease in [lease, second] {
        insider.finish(&lease).await;
    }
    assert_eq!(outsider.lease(16).await.key.campaign, capped);
}

#[tokio::test]
async fn a_batch_longer_than_leases_is_leased_whole() {
    let (_database, queue) = start().await;
    let mut campaign = Campaign::new("one").layer(0, "0-1999");
    campaign.spec.batch = 512;
    campaign.submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    assert_eq!(worker.lease(256).await.ordinals, 0..1024);
    // Who has room for little gets little.
    assert_eq!(worker.lease(20).await.ordinals, 1024..1044);
    assert_eq!(worker.lease(200).await.ordinals, 1044..2048);
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
