//! Commands about campaigns.

use crate::{queue::Campaign, served::Served, support::told};
use serde_json::json;
use std::slice;
use superposed_identity::{Polarities, Polarity};

#[tokio::test(flavor = "multi_thread")]
async fn campaigns_are_listed_in_a_table_and_as_json() {
    let served = Served::start().await;
    let none = served.command(&["list"]).output().expect("the program starts");
    assert!(told(&none).contains("there is no campaign yet; `superposed submit` queues one"), "{}", told(&none));
    let first = served.submit("first", "0-9").await;
    served.submit("the-second", "0-9").await;
    served.worker("a").await.claim(8).await;
    let table = served.ask(&["list"]);
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("id  name        size  state    priority  jobs  done"), "{table}");
    assert!(lines[1].starts_with(" 1  first       124M  running         0    40   0 %"), "{table}");
    assert!(!table.contains('\u{1b}'), "{table}");
    assert_eq!(served.ask(&["status"]), table, "status without a campaign lists all");

    let all = served.json(&["list"]);
    assert_eq!(all.len(), 2);
    assert_eq!(
        all[0],
        json!({ "id": first, "name": "first", "size": "124M", "destination": "/results", "state": "running",
            "priority": 0, "jobs_per_second": 0.0,
            "jobs": { "pending": 32, "leased": 8, "done": 0, "failed": 0, "cancelled": 0 } })
    );
    let [status] = &served.json(&["status", "first"])[..] else { panic!("one object") };
    assert_eq!(status["workers_at_work"], 1);
    assert_eq!(status["work"], json!([{ "worker": "a", "jobs": 8 }]));
    assert_eq!(
        status["layers"][0],
        json!({ "mode": "i", "layer": 0,
            "jobs": { "pending": 12, "leased": 8, "done": 0, "failed": 0, "cancelled": 0 } })
    );
    let words = served.ask(&["status", "1"]);
    assert!(words.contains("1 worker holds jobs: a 8") && words.contains("mode  layer  done  leased"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_is_meant_by_its_number_or_by_a_name_that_is_its_own() {
    let served = Served::start().await;
    served.submit("one", "0-9").await;
    assert!(served.ask(&["pause", "one"]).starts_with("campaign 1 one (124M) is paused"));
    assert!(served.ask(&["resume", "1"]).starts_with("campaign 1 one (124M) is running"));
    let namesake = Campaign::new("one").layer(0, "0-9");
    let submitted = served.queue.submit("another key", &namesake.spec, &namesake.description(), &namesake.layers).await;
    submitted.expect("a legal campaign");
    let (code, line) = served.refused(&["pause", "one"]);
    assert_eq!(code, Some(1));
    assert_eq!(line, "2 campaigns are named \"one\": say which by its number: 1, 2");
    served.ask(&["cancel", "2"]);
    assert_eq!(served.json(&["delete", "2"]), [json!({ "id": 2, "deleted": true })]);
    assert!(served.ask(&["pause", "one"]).contains("is paused"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_priority_counts_from_the_next_lease_on() {
    let served = Served::start().await;
    let first = served.submit("first", "0-99").await;
    let second = served.submit("second", "0-99").await;
    let mut worker = served.worker("a").await;
    assert_eq!(worker.lease(8).await.key.campaign.0, first);
    let told = served.ask(&["priority", "second", "7"]);
    assert!(told.contains("campaign 2 second") && told.ends_with("its priority is 7\n"), "{told}");
    for _ in 0..3 {
        assert_eq!(worker.lease(8).await.key.campaign.0, second);
    }
    assert_eq!(served.json(&["priority", "second", "-7"])[0]["priority"], -7);
    assert_eq!(worker.lease(8).await.key.campaign.0, first);
    served.ask(&["cancel", "second"]);
    assert_eq!(
        served.refused(&["priority", "second", "1"]),
        (Some(1), "campaign 2 is cancelled and cannot be given another priority".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_name_the_neuron_and_what_to_do_is_done_by_retry() {
    let served = Served::start().await;
    let campaign = Campaign::new("one").layer(3, "7,304").polarities(Polarities::One(Polarity::Pos)).attempts(1);
    campaign.submit(&served.queue).await;
    let none = served.command(&["failures", "one"]).output().expect("the program starts");
    assert!(told(&none).contains("no job of campaign 1 has failed"), "{}", told(&none));
    let mut worker = served.worker("host-a").await;
    let lease = worker.lease(2).await;
    worker.fail(lease.epoch, 1..2, "the logits hold a NaN").await;
    worker.complete(lease.epoch, slice::from_ref(&(0..1))).await;
    assert_eq!(served.ask(&["failures", "one"]), "i/3_304_pos  1 attempts, last by host-a: the logits hold a NaN\n");
    assert_eq!(
        served.json(&["failures", "1"]),
        [json!({ "job": "i/3_304_pos", "mode": "i", "layer": 3, "neuron": 304, "polarity": "pos", "attempts": 1,
            "error": "the logits hold a NaN", "worker": "host-a" })]
    );
    assert_eq!(served.json(&["retry", "one"])[0]["state"], "running");
}
