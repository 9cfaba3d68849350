//! Campaigns whose results go to a bucket of a real S3 server, through a network that breaks.

use crate::{
    interruption::until,
    support::{Place, demo_campaign, differences, succeed, superposed, told},
};
use std::{
    io::{BufReader, Read},
    path::PathBuf,
    process::{Command, Stdio},
};
use superposed_storage::test_server::{Fault, FaultProxy, TestServer, Weather, environment};

/// A place with a demo, and a results tree that a campaign on it left in a directory.
fn mined() -> Place {
    let place = Place::new();
    superposed_demo::generate(&place.path("demo"), 1).expect("a demo");
    succeed(local(&place, "local", &demo_campaign("local")));
    place
}

fn local(place: &Place, name: &str, campaign: &str) -> Command {
    let file = place.file(&format!("{name}.toml"), campaign);
    place.superposed(&["local", file.to_str().expect("a UTF-8 path")])
}

#[test]
fn a_campaign_through_a_bad_network_leaves_the_tree_in_a_bucket_that_it_leaves_in_a_directory() {
    let place = mined();
    let server = TestServer::start(&["lab"]);
    let proxy = FaultProxy::start(server.address(), 5, Weather::Faults(5));
    // A request that waits alone may meet all of a burst.
    let patient = |mut command: Command| {
        command.envs(environment(proxy.address())).env("SUPERPOSED_STORAGE_ATTEMPTS", "40");
        command
    };
    let command = patient(local(&place, "bucket", &demo_campaign("s3://lab/results")));
    let best = succeed(command);
    assert!(best.starts_with("best 20 topics of 2304 jobs"), "{best}");
    let there = server.bucket("lab").join("results");
    assert_eq!(differences(&place.path("local"), &there), Vec::<PathBuf>::new());
    assert!(there.join("demo/campaigns/whole.json").is_file() && there.join("demo/solves/whole").is_dir());
    assert_eq!(proxy.done().len(), Fault::ALL.len(), "{:?}", proxy.done());

    // What was stored there is as good a start as what lies in a directory.
    let again = |pools: &str, destination: &str| {
        let start = format!("pools = '{pools}'\n");
        demo_campaign(destination).replace("model = 'demo/model'\n", &start).replace("['i', 'ii']", "['ii']")
            + "theta = [0.15, 1]\n"
    };
    succeed(local(&place, "again-local", &again("local/demo", "again")));
    succeed(patient(local(&place, "again-bucket", &again("s3://lab/results/demo", "s3://lab/again"))));
    assert_eq!(differences(&place.path("again"), &server.bucket("lab").join("again")), Vec::<PathBuf>::new());
}

#[test]
fn a_campaign_whose_key_is_refused_is_held_up_with_the_reason_and_goes_on_once_it_is_taken() {
    let place = mined();
    let server = TestServer::start(&["lab"]);
    let mut command = local(&place, "bucket", &demo_campaign("s3://lab/results"));
    command.envs(server.environment()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut running = command.spawn().expect("the program starts");
    let mut stderr = BufReader::new(running.stderr.take().expect("piped"));
    // The campaign was admitted, and the workers are about to start.
    let mut said = until(&mut stderr, |line| line.starts_with("0/2304 jobs"));
    server.set_secret("another");
    said += &until(&mut stderr, |line| line.contains("held up: s3://lab/results/demo/"));
    let line = said.lines().last().unwrap_or_default();
    assert!(line.contains(": 403 Forbidden (SignatureDoesNotMatch); check AWS_ACCESS_KEY_ID"), "{said}");
    server.set_secret("secret");
    stderr.read_to_string(&mut said).expect("text");
    assert!(running.wait().expect("an own child").success(), "{said}");
    assert!(said.contains("2304 jobs done, 0 failed; results: s3://lab/results"), "{said}");
    assert_eq!(differences(&place.path("local"), &server.bucket("lab").join("results")), Vec::<PathBuf>::new());
}

#[test]
fn a_store_that_throttles_beyond_all_patience_holds_the_campaign_up_and_loses_nothing() {
    let place = mined();
    let server = TestServer::start(&["lab"]);
    let proxy = FaultProxy::start(server.address(), 1, Weather::Clear);
    let mut command = local(&place, "bucket", &demo_campaign("s3://lab/results"));
    command.envs(environment(proxy.address())).env("SUPERPOSED_STORAGE_ATTEMPTS", "2");
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut running = command.spawn().expect("the program starts");
    let mut stderr = BufReader::new(running.stderr.take().expect("piped"));
    let mut said = until(&mut stderr, |line| line.starts_with("0/2304 jobs"));
    proxy.set(Weather::Overloaded);
    said += &until(&mut stderr, |line| line.contains("503 Service Unavailable (SlowDown); it asks for fewer requests"));
    proxy.set(Weather::Clear);
    stderr.read_to_string(&mut said).expect("text");
    assert!(running.wait().expect("an own child").success(), "{said}");
    assert_eq!(differences(&place.path("local"), &server.bucket("lab").join("results")), Vec::<PathBuf>::new());
}

#[test]
fn a_key_that_is_wrong_is_told_at_submission_in_a_line() {
    let place = Place::new();
    superposed_demo::generate(&place.path("demo"), 1).expect("a demo");
    let server = TestServer::start(&["lab"]);
    let mut command = local(&place, "bucket", &demo_campaign("s3://lab/results"));
    let output = command.envs(server.environment()).env("AWS_SECRET_ACCESS_KEY", "hush").output().expect("it starts");
    assert!(!output.status.success(), "{}", told(&output));
    let said = String::from_utf8(output.stderr).expect("text");
    assert_eq!(
        said.trim_end(),
        "superposed: s3://lab/results: 403 Forbidden (SignatureDoesNotMatch); check AWS_ACCESS_KEY_ID and \
         AWS_SECRET_ACCESS_KEY, and that they may use this bucket"
    );
    assert_eq!(std::fs::read_dir(server.bucket("lab")).expect("a bucket").count(), 0);
}

#[test]
fn text_in_a_bucket_is_counted_as_text_in_a_directory_is() {
    let place = Place::new();
    let server = TestServer::start(&["lab"]);
    let sentences = ["one bird sang", "two birds sang and one bird slept", "nobody heard the bird that slept"];
    for (directory, name) in [(place.path("text"), "a.txt"), (server.bucket("lab").join("text"), "a.txt")] {
        std::fs::create_dir_all(&directory).expect("a new directory");
        std::fs::write(directory.join(name), sentences.join("\n").repeat(50)).expect("a new file");
        std::fs::write(directory.join("b.txt"), "and the last bird").expect("a new file");
    }
    let count = |input: &str, store: &str| {
        let store = place.path(store);
        let mut command = superposed(&["corpus", "count", input, "--window", "3", "--store"]);
        command.arg(&store).envs(server.environment());
        succeed(command);
        superposed_corpus::Corpus::open(&store).expect("a store").digest().to_owned()
    };
    let here = count(place.path("text").to_str().expect("UTF-8"), "here");
    assert_eq!(count("s3://lab/text", "there"), here);
    let one = count(place.path("text/a.txt").to_str().expect("UTF-8"), "one");
    assert_eq!(count("s3://lab/text/a.txt", "one-there"), one);
    assert_ne!(one, here);
}
