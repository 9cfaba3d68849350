//! The demo: planted topics come back, and what a campaign leaves behind is complete.

use crate::support::{Place, differences, succeed, tree};
use std::fs;

#[test]
fn the_demo_recovers_what_it_planted_and_random_pools_do_not() {
    let place = Place::new();
    let directory = place.path("demo");
    let demo = place.superposed(&["demo", "--examples", "2", "--directory", directory.to_str().expect("a UTF-8 path")]);
    let printed = succeed(demo);
    let counts = fs::read_to_string(directory.join("recovery.json")).expect("counts beside the results");
    let counts: serde_json::Value = serde_json::from_str(&counts).expect("JSON");
    let share = |name: &str| {
        let count = |field: &str| counts[name][field].as_f64().expect("a count");
        count("recovered") / count("planted")
    };
    assert!(share("mined") >= 0.95, "{printed}");
    assert!(share("random") <= 0.05 && counts["random_pools"].as_u64() >= Some(200), "{printed}");
    assert!(printed.contains("planted: ") && printed.contains("recovered "), "{printed}");
    assert!(directory.join("ground_truth.json").is_file());

    // Three files for each of the 3 layers x 192 neurons x 2 modes x 2 polarities, and the words.
    let files = tree(&directory.join("results"));
    assert_eq!(files.len(), 3 * 3 * 192 * 2 * 2 + 1);
    assert!(directory.join("results/demo/campaigns/demo.json").is_file());
}

#[test]
fn scip_finds_the_same_topics_as_the_branch_and_bound() {
    let place = Place::new();
    superposed_demo::generate(&place.path("demo"), 1).expect("a demo");
    let mine = |solver: &str| {
        let results = place.path(solver);
        let campaign = format!(
            "name = 'one'\nsize = 'demo'\nmodel = 'demo/model'\ncorpus = 'demo/corpus'\ndestination = '{solver}'\n\
             modes = ['ii']\n[[select]]\nlayers = [1]\nneurons = '7-8'\n[parameters]\nmin_freq = 20\n"
        );
        let file = place.file("campaign.toml", &campaign);
        let local = place.superposed(&["local", file.to_str().expect("a UTF-8 path"), "--solver", solver]);
        assert!(succeed(local).starts_with("best "));
        results
    };
    assert_eq!(differences(&mine("branch-and-bound"), &mine("scip")), Vec::<std::path::PathBuf>::new());
}
