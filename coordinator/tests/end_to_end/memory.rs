//! A worker says how much memory it takes, takes no more, and not much less; with less it does the same.

use crate::support::{Place, differences};
use serde_json::json;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    thread,
    time::Duration,
};
use superposed_corpus::Corpus;
use superposed_model::test_models::TestModel;

/// A model whose weights are most of what a worker needs, with the demo's words for tokens, and a campaign over some of it.
fn campaign(place: &Place, destination: &str) -> PathBuf {
    if !place.path("model").exists() {
        superposed_demo::generate(&place.path("demo"), 1).expect("a demo");
        let model = place.path("model");
        fs::create_dir(&model).expect("a new directory");
        TestModel::gpt2_sized(6, 768, 3072, 40_000).write(&model);
        let corpus = Corpus::open(&place.path("demo/corpus")).expect("the demo's corpus");
        let words = corpus.vocabulary().iter().map(|(_, word)| format!("Ġ{word}"));
        let others = (0..).map(|token| format!("<{token}>"));
        let tokens: BTreeMap<String, usize> = words.chain(others).take(40_000).zip(0..).collect();
        fs::write(model.join("vocab.json"), json!(tokens).to_string()).expect("a writable file");
    }
    place.file(
        &format!("{destination}.toml"),
        &format!(
            "name = 'memory'\nsize = 'm'\nmodel = 'model'\ncorpus = 'demo/corpus'\ndestination = '{destination}'\n\
             modes = ['i', 'ii']\n[[select]]\nlayers = [0, 5]\nneurons = '0-255'\n[parameters]\nmin_freq = 20\n"
        ),
    )
}

/// Bytes of anonymous memory of the children of a process, the greatest that was seen until it ended.
fn peak_of_children(parent: &mut Child) -> u64 {
    let mut peak = 0;
    while parent.try_wait().expect("a child").is_none() {
        let children = format!("/proc/{0}/task/{0}/children", parent.id());
        for child in fs::read_to_string(children).unwrap_or_default().split_whitespace() {
            let status = fs::read_to_string(format!("/proc/{child}/status")).unwrap_or_default();
            if status.starts_with("Name:\tsuperposed-work") {
                let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
                let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
                peak = peak.max(1024 * kilobytes.unwrap_or(0));
            }
        }
        // How often it is looked; nothing waits for it.
        thread::sleep(Duration::from_millis(5));
    }
    peak
}

fn announced(log: &Path) -> (u64, String) {
    let log = fs::read_to_string(log).expect("the worker's log");
    let line = log.lines().find(|line| line.contains("takes at most")).unwrap_or_else(|| panic!("{log}"));
    let mut words = line.split("takes at most ").nth(1).expect("a size").split_whitespace();
    let size: f64 = words.next().and_then(|word| word.parse().ok()).expect("a number");
    let unit = match words.next() {
        Some("MiB") => 1 << 20,
        Some("GiB") => 1 << 30,
        other => panic!("{other:?} in {line}"),
    };
    ((size * f64::from(unit)) as u64, line.to_owned())
}

#[test]
fn a_worker_takes_at_most_the_memory_it_announced_and_with_less_does_the_same() {
    let place = Place::new();
    let mine = |destination: &str, memory: &[&str]| {
        let file = campaign(&place, destination);
        let mut local =
            place.superposed(&["local", file.to_str().expect("a UTF-8 path"), "--workers", "1", "--cores", "1"]);
        local.args(memory).stdout(Stdio::null());
        let log = place.path(&format!("{destination}.log"));
        let mut running = local.stderr(fs::File::create(&log).expect("a writable file")).spawn().expect("it starts");
        let peak = peak_of_children(&mut running);
        assert!(running.wait().expect("a child").success(), "{}", fs::read_to_string(log).unwrap_or_default());
        let (announced, line) = announced(&place.path("state/logs/worker-1.log"));
        assert!(peak <= announced, "{peak} bytes were taken, {announced} announced");
        assert!(peak * 10 >= announced * 7, "only {peak} bytes were taken, {announced} announced");
        line
    };
    let line = mine("whole", &[]);
    assert!(line.contains("all 6 blocks stay"), "{line}");
    let line = mine("part", &["--memory", "240MiB"]);
    assert!(line.contains(" of 6 blocks stay") && !line.contains("all"), "{line}");
    assert_eq!(differences(&place.path("whole"), &place.path("part")), Vec::<PathBuf>::new());
}
