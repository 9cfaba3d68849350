//! Mining without a server.

use crate::support::{Place, demo_campaign, succeed, superposed, told};
use std::path::Path;

fn text(path: &Path) -> &str {
    path.to_str().expect("a UTF-8 path")
}

/// Score and words of each topic that `superposed show` prints.
fn shown(place: &Place, job: &str) -> Vec<String> {
    let shown = succeed(superposed(&["show", text(&place.path("mined")), &format!("demo/{job}")]));
    shown
        .lines()
        .map(|line| line.split_whitespace().filter(|part| *part != job).collect::<Vec<_>>().join(" "))
        .collect()
}

/// The same of what `superposed mine` prints of its one job.
fn mined(arguments: &[&str]) -> Vec<String> {
    let printed = succeed(superposed(&[&["mine"], arguments].concat()));
    let topics = printed.lines().skip(1);
    topics.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn a_neuron_and_its_stored_pool_have_the_topics_of_its_campaign() {
    let place = Place::new();
    superposed_demo::generate(&place.path("demo"), 1).expect("a demo");
    let campaign = demo_campaign("mined").replace("[parameters]", "select = [{ neurons = '0-3' }]\n[parameters]");
    let campaign = place.file("campaign.toml", &campaign);
    succeed(place.superposed(&["local", text(&campaign)]));

    let (model, corpus) = (place.path("demo/model"), place.path("demo/corpus"));
    let with = ["--corpus", text(&corpus), "--min-freq", "20", "--model", text(&model)];
    let mut topics = 0;
    for job in ["i/0_0_neg", "i/1_3_pos", "ii/1_2_pos", "ii/0_1_neg"] {
        let expected = shown_or_none(&place, job);
        assert_eq!(mined(&[&with[..], &["--audit", "1", job]].concat()), expected, "{job}");
        let pool = place.path(&format!("mined/demo/{job}.pkl"));
        assert_eq!(mined(&[&with[..4], &["--pools", text(&pool)]].concat()), expected, "{job}");
        topics += expected.len();
    }
    assert!(topics > 0, "no job had a topic, so nothing was compared");

    // All pools of a tree, as JSON: a line each, in the order of their names.
    let tree = place.path("mined/demo/ii");
    let json = succeed(superposed(&[&["mine", "--json"], &with[..4], &["--pools", text(&tree)]].concat()));
    let jobs: Vec<serde_json::Value> =
        json.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    // 3 layers, 4 neurons, 2 polarities.
    assert_eq!(jobs.len(), 3 * 4 * 2);
    let names: Vec<&str> = jobs.iter().map(|job| job["job"].as_str().expect("a name")).collect();
    assert!(names.is_sorted() && names[0].ends_with("ii/0_0_neg.pkl"), "{names:?}");
    assert!(jobs.iter().flat_map(|job| job["topics"].as_array().expect("topics")).all(|topic| {
        topic["words"].as_array().is_some_and(|words| words.len() == 10) && topic["status"] == "optimal"
    }));
}

/// What `show` prints, or nothing for a job without topics, of which it only says so.
fn shown_or_none(place: &Place, job: &str) -> Vec<String> {
    let empty = std::fs::metadata(place.path(&format!("mined/demo/{job}_topics.csv"))).expect("the file").len() == 0;
    if empty { Vec::new() } else { shown(place, job) }
}

#[test]
fn what_cannot_be_mined_is_one_line() {
    let place = Place::new();
    superposed_demo::generate(&place.path("demo"), 1).expect("a demo");
    let (model, corpus) = (place.path("demo/model"), place.path("demo/corpus"));
    let damaged = place.path("damaged.pkl");
    std::fs::write(&damaged, b"\x80\x04\x95").expect("written");
    let good = place.path("good.pkl");
    // Python's pickle of {1, 2}.
    std::fs::write(&good, b"\x80\x04\x95\x09\0\0\0\0\0\0\0\x8f\x94(K\x01K\x02\x90.").expect("written");
    let [model, corpus, damaged, good] = [&model, &corpus, &damaged, &good].map(|path| text(path));
    for (arguments, expected) in [
        (vec!["--model", model, "--corpus", corpus, "i/0_x"], "\"i/0_x\" is not a neuron like i/0_304"),
        (vec!["--model", model, "--corpus", corpus], "<NEURON>"),
        (vec!["--model", model, "--corpus", corpus, "i/99_0"], "99"),
        (vec!["--model", model, "--corpus", corpus, "--theta", "1", "i/0_0"], "two numbers like 0.1,1"),
        (vec!["--corpus", corpus, "i/0_0"], "--model"),
        (vec!["--corpus", corpus, "--pools", damaged], "damaged.pkl: the pickle ends at byte 3"),
    ] {
        let output = superposed(&[&["mine"], &arguments[..]].concat()).output().expect("the program starts");
        let said = told(&output);
        assert!(!output.status.success(), "{said}");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(error.lines().count() == 1 && error.contains(expected), "{arguments:?}: {said}");
    }
    // One damaged pool among others is told beside them.
    let output = superposed(&["mine", "--corpus", corpus, "--pools", good, damaged]).output().expect("it starts");
    let said = told(&output);
    assert!(!output.status.success() && said.contains("good.pkl: 2 words in its pool, 0 topics"), "{said}");
    assert!(said.contains("damaged.pkl: failed:") && said.contains("1 failures"), "{said}");
}
