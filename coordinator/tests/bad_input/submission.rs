//! What a coordinator refuses, it refuses in the same lines, and queues nothing.

use crate::{
    bench::{Bench, superposed},
    support::succeed,
};
use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};
use superposed::postgres::Cluster;
use toml::Table;

/// A coordinator that ends with the test.
struct Coordinator {
    process: Child,
    url: String,
}

impl Coordinator {
    fn start(database: &str) -> Self {
        let mut command = superposed(&["serve", "--listen", "127.0.0.1:0", "--database", database]);
        let mut process = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
        let url = line.trim().strip_prefix("listening on ").expect("an announcement").to_owned();
        Self { process, url }
    }

    fn ask(&self, arguments: &[&str]) -> Command {
        let mut command = superposed(arguments);
        command.args(["--coordinator", &self.url]);
        command
    }
}

impl Drop for Coordinator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_with_a_fault_is_refused_by_the_coordinator_and_not_queued() {
    let state = Bench::new();
    let cluster = Cluster::start(&state.place.path("cluster")).await.expect("a private Postgres");
    let coordinator = Coordinator::start(&cluster.url());
    let bench = Bench::new();
    bench.place.file("file", "");
    let refusal = |fault: &dyn Fn(&mut Table)| {
        let mut campaign = bench.campaign();
        fault(&mut campaign);
        let file = bench.write(&campaign).display().to_string();
        bench.cut(&bench.refusal(coordinator.ask(&["submit", &file])))
    };
    assert_eq!(
        refusal(&|campaign| campaign["parameters"]["kappa"] = vec![9, 24].into()),
        "kappa is [9, 24], but its lower bound must be at least the 10 words of a topic"
    );
    assert_eq!(
        refusal(&|campaign| campaign["select"][0]["layers"] = 3.into()),
        "layer 3 is out of range: the model has layers 0 to 2"
    );
    assert_eq!(
        refusal(&|campaign| campaign["model"] = "nowhere".into()),
        "nowhere is missing: a model is a directory with config.json, model.safetensors and a tokenizer"
    );
    assert_eq!(
        refusal(&|campaign| campaign["destination"] = "file/results".into()),
        "destination file/results cannot be used: not a directory; name a directory this process may write to"
    );
    fs::create_dir_all(bench.destination()).expect("a new directory");
    bench.place.file("results/1M", "in the way");
    let line = refusal(&|_| {});
    assert!(line.contains("1M") && line.contains("Not a directory"), "{line}");
    fs::remove_file(bench.place.path("results/1M")).expect("a file");

    assert_eq!(succeed(coordinator.ask(&["status"])), "", "something was queued");
    for command in ["status", "watch", "pause", "resume", "cancel", "retry", "delete", "failures"] {
        assert_eq!(bench.refusal(coordinator.ask(&[command, "99"])), "there is no campaign 99", "{command}");
    }

    // The same campaign without a fault is queued, so it was the fault that was refused.
    let file = bench.write(&bench.campaign()).display().to_string();
    let queued = succeed(coordinator.ask(&["submit", &file]));
    assert!(queued.contains("is running: 0 of 4 jobs done"), "{queued}");
}
