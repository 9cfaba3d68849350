//! Exit codes, which docs/command-line.md promises.

use crate::{
    queue::Campaign,
    served::{Served, refusal},
    support::superposed,
};
use std::net::TcpListener;
use superposed_identity::{Polarities, Polarity};
use superposed_shared::description::CampaignId;

#[tokio::test(flavor = "multi_thread")]
async fn how_a_watched_campaign_ended_is_told_by_the_exit_code() {
    let served = Served::start().await;
    let mut worker = served.worker("a").await;
    let code =
        |campaign: &str| served.command(&["watch", campaign]).output().expect("the program starts").status.code();

    Campaign::new("done").layer(0, "0-3").submit(&served.queue).await;
    worker.work_off().await;
    assert_eq!(code("done"), Some(0));

    Campaign::new("failed")
        .polarities(Polarities::One(Polarity::Pos))
        .layer(0, "0")
        .attempts(1)
        .submit(&served.queue)
        .await;
    let lease = worker.lease(1).await;
    worker.fail(lease.epoch, lease.ordinals.start..lease.ordinals.start + 1, "an error").await;
    worker.work_off().await;
    let last = served.json(&["status", "failed"]);
    assert_eq!(last[0]["state"], "completed_with_failures", "{last:?}");
    assert_eq!(code("failed"), Some(3));

    let cancelled = Campaign::new("cancelled").layer(0, "0-3").submit(&served.queue).await;
    served.queue.cancel(CampaignId(cancelled.0)).await.expect("it runs");
    assert_eq!(code("cancelled"), Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_wrong_usage_and_silence_have_exit_codes_of_their_own() {
    let served = Served::start().await;
    assert_eq!(served.refused(&["pause", "99"]), (Some(1), "there is no campaign 99".to_owned()));
    assert_eq!(
        served.refused(&["pause", "nobody"]),
        (Some(1), "there is no campaign named \"nobody\"; `superposed list` shows all".to_owned())
    );
    assert_eq!(served.refused(&["pause"]).0, Some(2));
    assert_eq!(served.refused(&["list", "--output", "xml"]).0, Some(2));
    // A port that was free a moment ago.
    let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let (code, line) = refusal(superposed(&["list", "--coordinator", &format!("http://{address}")]));
    assert_eq!(code, Some(4), "{line}");
    assert!(line.contains("start one with `superposed serve`"), "{line}");
}
