//! A worker is killed in the middle of a campaign: the campaign finishes, with the same bytes as ever.

use crate::support::{Guarded, Place, demo_campaign, differences, succeed, superposed, told};
use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
};
use superposed::postgres::Cluster;

fn worker(url: &str, name: &str) -> Command {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_superposed")).with_file_name("superposed-worker");
    let mut command = Command::new(program);
    // Small leases: the one that dies with its worker is not the whole campaign.
    command.args(["--coordinator", url, "--name", name, "--cores", "1", "--capacity", "128"]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).env_remove("SUPERPOSED_LOG");
    command
}

#[tokio::test]
async fn a_killed_workers_jobs_are_done_by_another_with_the_same_bytes() {
    let place = Place::new();
    superposed_demo::generate(&place.path("demo"), 1).expect("a demo");
    let file = place.file("undisturbed.toml", &demo_campaign("undisturbed"));
    succeed(place.superposed(&["local", file.to_str().expect("a UTF-8 path")]));

    let cluster = Cluster::start(&place.path("cluster")).await.expect("a private Postgres");
    let serve = ["serve", "--listen", "127.0.0.1:0", "--lease-seconds", "3", "--database", &cluster.url()];
    let mut coordinator = superposed(&serve);
    let log = place.path("coordinator.log");
    let lines = std::fs::File::create(&log).expect("a writable file");
    let mut coordinator =
        Guarded(coordinator.stdout(Stdio::piped()).stderr(lines).spawn().expect("the program starts"));
    let mut announcement = String::new();
    let mut stdout = BufReader::new(coordinator.0.stdout.take().expect("piped"));
    stdout.read_line(&mut announcement).expect("a line");
    let url = announcement.trim().strip_prefix("listening on ").expect("an announcement").to_owned();

    let file = place.file("disturbed.toml", &demo_campaign("disturbed"));
    let submitted = succeed(superposed(&["submit", file.to_str().expect("a UTF-8 path"), "--coordinator", &url]));
    assert!(submitted.starts_with("campaign 1 "), "{submitted}");

    let mut doomed = Guarded(worker(&url, "doomed").stderr(Stdio::piped()).spawn().expect("the program starts"));
    // Killed when it has finished its first lease and just taken another.
    let said = BufReader::new(doomed.0.stderr.take().expect("piped")).lines();
    let leases = said.map_while(Result::ok).filter(|line| line.contains("lease taken")).take(2).count();
    assert_eq!(leases, 2, "the worker ended before it took its second lease");
    doomed.0.kill().expect("a running process");

    let survivor = Guarded(worker(&url, "survivor").stderr(Stdio::null()).spawn().expect("the program starts"));
    let mut watch = superposed(&["watch", "1", "--coordinator", &url]);
    let output = watch.output().expect("the program starts");
    assert!(told(&output).contains("completed: 2304 of 2304 jobs done, 0 failed"), "{}", told(&output));
    drop(survivor);
    let log = std::fs::read_to_string(log).expect("the coordinator's log");
    assert!(log.contains("lease expired worker=\"doomed\""), "{log}");
    assert_eq!(differences(&place.path("undisturbed"), &place.path("disturbed")), Vec::<PathBuf>::new());
}
