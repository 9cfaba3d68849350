//! Workers that are asked to leave.

use crate::{
    queue::{Campaign, Worker, counts, jobs},
    served::Served,
    support::{Guarded, Place, demo_campaign},
};
use serde_json::json;
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};
use superposed::queue::{Queue, sync::Said};
use superposed_shared::description::CampaignId;

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_drained_hands_back_what_it_holds_and_ends_well() {
    let place = Place::new();
    superposed_demo::generate(&place.path("demo"), 1).expect("a demo");
    let served = Served::start().await;
    let file = place.file("campaign.toml", &demo_campaign("results"));
    served.ask(&["submit", file.to_str().expect("a UTF-8 path")]);
    let program = Path::new(env!("CARGO_BIN_EXE_superposed")).with_file_name("superposed-worker");
    let mut command = Command::new(program);
    command.args(["--coordinator", &served.url, "--name", "host-a", "--cores", "1", "--capacity", "128"]);
    let worker = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).env_remove("SUPERPOSED_LOG");
    let mut worker = Guarded(worker.spawn().expect("the program starts"));
    let mut said = BufReader::new(worker.0.stderr.take().expect("piped")).lines().map_while(Result::ok);
    assert!(said.any(|line| line.contains("lease taken")), "the worker ended before it took a lease");

    let asked = served.json(&["workers", "drain", "host-a"]);
    assert_eq!((&asked[0]["id"], &asked[0]["drain_asked"]), (&"host-a".into(), &true.into()));
    let rest: Vec<String> = said.collect();
    assert_eq!(worker.0.wait().expect("a child of this process").code(), Some(0), "{rest:#?}");
    assert!(rest.iter().any(|line| line.contains("asked to leave")), "{rest:#?}");
    assert!(rest.last().is_some_and(|line| line.contains("drained")), "{rest:#?}");

    let now = counts(&served.queue, CampaignId(1)).await;
    assert_eq!((now.leased, now.failed, now.total()), (0, 0, 2304), "{now:?}");
    assert!(now.pending > 0, "it did not leave before all was done");
    assert!(jobs(&served.queue, CampaignId(1)).await.values().all(|job| job.attempts == 0), "an attempt was burnt");
    let table = served.ask(&["workers"]);
    assert!(table.lines().any(|line| line.starts_with("host-a") && line.ends_with("draining")), "{table}");
    let left = (Some(1), "worker \"host-a\" has left already, or is about to".to_owned());
    assert_eq!(served.refused(&["workers", "drain", "host-a"]), left);
    assert_eq!(served.refused(&["workers", "drain", "host-a", "--undo"]), left);
    let (code, line) = served.refused(&["workers", "drain", "host-b"]);
    assert_eq!(
        (code, line.as_str()),
        (Some(1), "there is no worker \"host-b\"; `superposed workers` lists those that were heard of")
    );
}

/// A Sync of a worker that wants 8 jobs: how many leases it is handed, and whether it is told to leave.
async fn sync(queue: &Queue, worker: &mut Worker) -> (usize, bool) {
    worker.identity.sequence += 1;
    let taken = queue.sync(&worker.identity, &Said { wanted: 8, ..Said::default() }).await;
    let taken = taken.expect("the database is there").expect("it is the last Sync");
    (taken.granted.len(), taken.drain_asked)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_to_leave_is_told_by_every_coordinator_and_handed_nothing_unless_it_is_undone() {
    let mut served = Served::start().await;
    Campaign::new("one").layer(0, "0-99").submit(&served.queue).await;
    let mut worker = served.worker("a").await;
    assert_eq!(sync(&served.queue, &mut worker).await, (1, false));
    let told = served.ask(&["workers", "drain", "a"]);
    assert!(told.starts_with("worker a is told to leave; it holds 8 jobs, and was heard of "), "{told}");
    let table = served.ask(&["workers", "list"]);
    assert!(table.lines().any(|line| line.starts_with("a ") && line.ends_with("told to leave")), "{table}");
    // The request outlives the coordinator.
    served.end().await;
    served.serve().await;
    assert_eq!(sync(&served.queue, &mut worker).await, (0, true));
    assert!(served.queue.claim(&worker.identity, 8, None).await.expect("the database is there").is_empty());

    let undone = served.json(&["workers", "drain", "a", "--undo"]);
    assert_eq!(undone[0]["drain_asked"], json!(false));
    assert_eq!(sync(&served.queue, &mut worker).await, (1, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_request_dies_with_a_worker_that_left_but_not_with_one_that_was_killed() {
    let served = Served::start().await;
    let mut worker = served.worker("a").await;
    sync(&served.queue, &mut worker).await;
    served.queue.drain("a", true).await.expect("it is there");
    worker.restart().await;
    assert_eq!(sync(&served.queue, &mut worker).await, (0, true), "a killed worker came back and was not told");
    worker.identity.sequence += 1;
    let mut last = Said::default();
    last.state.draining = true;
    served.queue.sync(&worker.identity, &last).await.expect("the database is there");
    worker.restart().await;
    assert_eq!(sync(&served.queue, &mut worker).await, (0, false), "one that had left was told once more");
}
