//! Campaigns some of whose jobs are done before they are submitted.

use crate::support::{Campaign, Worker, counts, jobs, ordinals_in, span_count, start, state};
use superposed::queue::{Queue, progress::CampaignState, submit::Submitted};
use superposed_shared::{description::CampaignId, spec::IndexSet};

async fn submit(campaign: &Campaign, queue: &Queue, done: &[&str]) -> CampaignId {
    let done: Vec<IndexSet> = done.iter().map(|done| done.parse().unwrap_or_default()).collect();
    let (spec, description) = (&campaign.spec, campaign.description());
    let submitted = queue.submit_adopting(&spec.name, spec, &description, &campaign.layers, &done).await;
    match submitted.expect("a legal campaign") {
        Submitted::Created(id) => id,
        Submitted::Known(id) => panic!("campaign {id} is not new"),
    }
}

#[tokio::test]
async fn jobs_that_are_done_are_never_handed_out_and_all_others_are() {
    let (_database, queue) = start().await;
    let campaign = Campaign::new("one").layer(0, "0-7").layer(1, "3,5-6").layer(2, "0-3");
    let id = submit(&campaign, &queue, &["0-4,9,15", "", "0-7"]).await;
    assert_eq!(jobs(&queue, id).await.len(), 16 + 6 + 8);
    assert_eq!(span_count(&queue, id).await, 5 + 1 + 1);
    let before = counts(&queue, id).await;
    assert_eq!((before.done, before.pending), (7 + 8, 9 + 6));
    assert_eq!(Worker::new(&queue, "a").work_off().await, 9 + 6);
    assert_eq!(state(&queue, id).await, CampaignState::Completed);
    assert_eq!(ordinals_in(&queue, id, "done").await.len(), 16 + 6 + 8);
}

#[tokio::test]
async fn a_campaign_all_of_whose_jobs_are_done_is_completed_at_once() {
    let (_database, queue) = start().await;
    let id = submit(&Campaign::new("one").layer(0, "0-7"), &queue, &["0-15"]).await;
    assert_eq!(state(&queue, id).await, CampaignState::Completed);
    assert_eq!(Worker::new(&queue, "a").claim(16).await, []);
}
