//! Campaigns that start from what another wrote, or from logits that were kept.

use crate::support::{Place, conformance, demo_campaign, differences, succeed, superposed, told};
use std::{fs, path::Path, process::Command};

/// Copies the pools of a tree and nothing else.
fn copy_pools(from: &Path, to: &Path) {
    for mode in ["i", "ii"] {
        fs::create_dir_all(to.join(mode)).expect("a writable directory");
        for entry in fs::read_dir(from.join(mode)).expect("a mode of the tree") {
            let path = entry.expect("a readable directory").path();
            if path.extension().is_some_and(|ending| ending == "pkl") {
                fs::copy(&path, to.join(mode).join(path.file_name().expect("a file"))).expect("a copy");
            }
        }
    }
}

/// The demo's campaign on the pools of a tree.
fn from_pools(pools: &str, destination: &str) -> String {
    demo_campaign(destination).replace("model = 'demo/model'", &format!("pools = '{pools}'"))
}

#[test]
fn pools_are_mined_again_to_the_same_bytes_and_a_damaged_one_is_the_failure_of_its_job() {
    let place = Place::new();
    superposed_demo::generate(&place.path("demo"), 1).expect("a demo");
    let local = |name: &str, text: &str| {
        let file = place.file(name, text);
        place.superposed(&["local", file.to_str().expect("a UTF-8 path"), "--topics", "1"])
    };
    let undisturbed = "modes = ['i', 'ii']\n";
    succeed(local("model.toml", &demo_campaign("mined")));
    let mined = place.path("mined");

    // All that the tree has, by its record's rule.
    let best = succeed(local("record.toml", &from_pools("mined/demo", "again").replace(undisturbed, "")));
    assert!(best.starts_with("best 1 topics of 2304 jobs"), "{best}");
    assert_eq!(differences(&mined, &place.path("again")), Vec::<std::path::PathBuf>::new());

    // Pools from elsewhere, without a record.
    copy_pools(&mined.join("demo"), &place.path("bare"));
    succeed(local("bare.toml", &from_pools("bare", "from-bare")));
    assert_eq!(differences(&mined, &place.path("from-bare")), Vec::<std::path::PathBuf>::new());

    // A sweep over theta.
    let of_layer =
        |text: String| text.replace(undisturbed, "select = [{ modes = ['i'], layers = 1 }]\nmodes = ['i']\n");
    let other = from_pools("bare", "swept").replace("[parameters]", "[parameters]\ntheta = [0.45, 1.0]");
    succeed(local("swept.toml", &of_layer(other)));
    let layer_1 = |path: &&std::path::PathBuf| path.to_string_lossy().contains("/i/1_");
    assert!(differences(&mined, &place.path("swept")).iter().any(|path| layer_1(&path)));
    // The same pools in another place are the same input, whether their record is there or not.
    let mixed = |pools, destination| {
        let text = of_layer(from_pools(pools, destination)).replace("'whole'", "'mixed'");
        local("mixed.toml", &format!("max_attempts = 1\n{text}"))
    };
    succeed(mixed("bare", "again"));
    assert_eq!(differences(&mined, &place.path("again")), Vec::<std::path::PathBuf>::new());

    fs::write(place.path("bare/i/1_7_pos.pkl"), b"\x80\x04\x95").expect("a writable file");
    let damaged = mixed("bare", "from-damaged").output().expect("the program starts");
    let said = told(&damaged);
    assert_eq!(damaged.status.code(), Some(3), "{said}");
    assert!(said.contains("383 jobs done, 1 failed"), "{said}");
    let reason = format!("i/1_7_pos: {}/i/1_7_pos.pkl: the pickle ends at byte 3", place.path("bare").display());
    assert!(said.contains(&reason), "{said}");
    let missing = differences(&mined, &place.path("from-damaged"));
    assert_eq!(missing.iter().filter(layer_1).count(), 3, "{missing:?}");

    // Its tree is another one now.
    let said = told(&mixed("bare", "from-bare").output().expect("the program starts"));
    assert!(said.contains("holds results of campaign whole, made with another tree of pools; choose"), "{said}");
}

#[test]
fn the_golden_logits_are_mined_to_the_golden_results() {
    let Some(data) = conformance() else { return };
    let compare = data.join("../tools/compare_golden.py");
    let data = data.join("conformance");
    let place = Place::new();
    let corpus = place.path("wiki");
    let archive = data.join("counts/wiki.tar.gz");
    let [archive, store] = [&archive, &corpus].map(|path| path.to_str().expect("a UTF-8 path"));
    succeed(superposed(&["corpus", "import", archive, store]));
    for (size, model) in [("124M", "gpt2-synth"), ("7B", "llama-synth")] {
        let text = format!(
            "name = 'golden'\nsize = '{size}'\nlogits = '{}'\ntokenizer = '{}'\ncorpus = 'wiki'\n\
             destination = 'results'\n[parameters]\nmin_freq = 10\n",
            data.join("golden").join(size).display(),
            data.join("models").join(model).display(),
        );
        let campaign = place.file(&format!("{size}.toml"), &text);
        succeed(place.superposed(&["local", campaign.to_str().expect("a UTF-8 path"), "--topics", "3"]));
    }
    let mut python = Command::new("python3");
    // The same logits, so no word may hang on a tie.
    let compared = python.arg(compare).arg(place.path("results")).args(["--tie-tol", "0"]).output();
    let compared = compared.expect("python3 runs");
    let report = String::from_utf8_lossy(&compared.stdout);
    assert!(compared.status.success(), "{report}");
    assert!(report.contains("PASS: 174 jobs agree, 0 wrong"), "{report}");
}
