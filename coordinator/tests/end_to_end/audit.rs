//! Solves that the other solver checks, and the records that say how everything was solved.

use crate::support::{Place, differences, told, tree};
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path};

/// All lines of a campaign's solver records.
fn records(directory: &Path) -> Vec<Value> {
    let mut lines = Vec::new();
    for (_, content) in tree(directory) {
        let text = String::from_utf8(content).expect("text");
        lines.extend(text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")));
    }
    lines
}

#[test]
fn a_campaign_that_is_audited_to_the_last_solve_has_the_results_of_one_that_is_not() {
    let place = Place::new();
    superposed_demo::generate(&place.path("demo"), 1).expect("a demo");
    let mine = |share: &str, destination: &str| {
        let campaign = format!(
            "name = 'one'\nsize = 'demo'\nmodel = 'demo/model'\ncorpus = 'demo/corpus'\ndestination = '{destination}'\n\
             modes = ['ii']\naudit = {share}\n[[select]]\nlayers = [1]\nneurons = '7-14'\n[parameters]\nmin_freq = 20\n"
        );
        let file = place.file("campaign.toml", &campaign);
        let output = place.superposed(&["local", file.to_str().expect("a UTF-8 path")]).output().expect("it starts");
        assert!(output.status.success(), "{}", told(&output));
        told(&output)
    };
    let said = mine("0", "plain");
    assert!(!said.contains("audited"), "{said}");
    let said = mine("1", "audited");
    assert_eq!(differences(&place.path("plain"), &place.path("audited")), Vec::<std::path::PathBuf>::new());

    let lines = records(&place.path("audited/demo/solves/one"));
    let jobs: BTreeSet<&str> = lines.iter().map(|line| line["job"].as_str().expect("a job")).collect();
    assert_eq!((jobs.len(), lines.len()), (16, 16));
    let mut solves = 0;
    for line in &lines {
        let stem = place.path("audited/demo").join(line["job"].as_str().expect("a job"));
        let topics = fs::read_to_string(format!("{}_topics.csv", stem.display())).expect("the job's topics");
        let of_job = line["solves"].as_array().expect("a list");
        assert_eq!(of_job.len(), topics.lines().count(), "{line}");
        assert!(line["pool"].as_u64() > Some(0) && line["backend"] == "burn-flex (CPU)", "{line}");
        for (solve, topic) in of_job.iter().zip(topics.lines()) {
            let audit = &solve["audit"];
            assert_eq!((&solve["status"], &audit["status"]), (&"optimal".into(), &"optimal".into()), "{line}");
            assert_eq!(audit["solver"], "scip", "{line}");
            let score: f64 = topic.split_once(',').expect("a score").1.parse().expect("a number");
            assert!((audit["score"].as_f64().expect("a score") - score).abs() < 1e-6, "{line} {topic}");
        }
        solves += of_job.len();
    }
    assert!(solves > 16, "only {solves} solves: nothing is shown by this");
    assert!(
        said.contains(&format!("{solves} of {solves} solves audited by the other solver, which agrees: ")),
        "{said}"
    );

    let plain = records(&place.path("plain/demo/solves/one"));
    assert_eq!(plain.len(), 16);
    let audited =
        |line: &Value| line["solves"].as_array().expect("a list").iter().any(|solve| !solve["audit"].is_null());
    assert!(!plain.iter().any(audited));
}
