//! From ordinals to neurons, for lists with gaps.

use crate::support::{Campaign, MODE, Worker, start};
use sqlx::Row;
use superposed_identity::{Mode, Polarities, Polarity};

#[tokio::test]
async fn a_grant_names_the_neurons_of_its_ordinals_in_a_list_with_gaps() {
    let (_database, queue) = start().await;
    Campaign::new("one").layer(0, "3,7-9,100-103").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    let mut seen = Vec::new();
    for _ in 0..4 {
        let lease = worker.lease(4).await;
        seen.push((lease.ordinals, lease.neurons.iter().map(|neuron| neuron.0).collect::<Vec<_>>()));
    }
    let expected = [(0..4, vec![3, 7]), (4..8, vec![8, 9]), (8..12, vec![100, 101]), (12..16, vec![102, 103])];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_grant_of_half_a_pair_names_its_neuron() {
    let (_database, queue) = start().await;
    Campaign::new("one").layer(0, "5,8").submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    let lease = worker.lease(4).await;
    worker.fail(lease.epoch, 1..3, "one of these").await;
    for (ordinals, neuron) in [(1..2, 5), (2..3, 8)] {
        let half = worker.lease(1).await;
        assert_eq!((half.ordinals, half.neurons[0].0, half.neurons.len()), (ordinals, neuron, 1));
    }
}

#[tokio::test]
async fn the_jobs_view_has_one_row_a_job_with_its_neuron_and_polarity() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(2, "3,7-8").layer_of(Mode::LowIsolated, 0, "1");
    campaign.submit(&queue).await;
    let single = Campaign::new("two").layer(0, "4,6").polarities(Polarities::One(Polarity::Pos));
    single.submit(&queue).await;
    let mut worker = Worker::new(&queue, "a");
    let lease = worker.lease(6).await;
    assert_eq!((lease.key.mode, lease.key.layer.0), (MODE, 2));
    worker.complete(lease.epoch, &[0..2]).await;
    worker.fail(lease.epoch, 3..4, "an error").await;
    let rows = sqlx::query(
        "SELECT campaign, model, layer, neuron, polarity, mode, state::text, attempts, error FROM jobs \
         ORDER BY campaign, mode, layer, neuron, polarity",
    );
    let written: Vec<String> = rows
        .fetch_all(queue.pool())
        .await
        .expect("the view is there")
        .iter()
        .map(|row| {
            let text = |name| row.get::<String, _>(name);
            let error = row.get::<Option<String>, _>("error").unwrap_or_default();
            let (layer, neuron, attempts): (i32, i32, i32) = (row.get("layer"), row.get("neuron"), row.get("attempts"));
            let job = format!(
                "{} {} {}/{layer}_{neuron}_{}",
                text("campaign"),
                text("model"),
                text("mode"),
                text("polarity")
            );
            format!("{job} {} {attempts} {error}", text("state")).trim_end().to_owned()
        })
        .collect();
    let expected = [
        "one 124M i/2_3_neg done 0",
        "one 124M i/2_3_pos done 0",
        "one 124M i/2_7_neg leased 0",
        "one 124M i/2_7_pos pending 1 an error",
        "one 124M i/2_8_neg leased 0",
        "one 124M i/2_8_pos leased 0",
        "one 124M iiii/0_1_neg pending 0",
        "one 124M iiii/0_1_pos pending 0",
        "two 124M i/0_4_pos pending 0",
        "two 124M i/0_6_pos pending 0",
    ];
    assert_eq!(written, expected);
}
