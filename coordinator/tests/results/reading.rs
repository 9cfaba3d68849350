//! The snippets of docs/reading-results.md, run by Python itself.

use crate::made::{Made, run, text};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};
use superposed_identity::JobId;

/// What the snippets import.
const PACKAGES: [&str; 2] = ["pandas>=2.2", "pyarrow>=17"];

/// Where the snippets' packages are, fetched once from PyPI; nothing where there is no Python, which a continuous
/// integration always has.
fn packages() -> Option<PathBuf> {
    let version = Command::new("python3").args(["-c", "import sys; print('%d.%d' % sys.version_info[:2])"]).output();
    let version = match version {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        other => {
            let integrated = ["CI", "SUPERPOSED_CONFORMANCE"].into_iter().any(|name| env::var_os(name).is_some());
            assert!(!integrated, "there is no python3 to run the snippets of docs/reading-results.md: {other:?}");
            eprintln!("skipped: there is no python3 to run the snippets of docs/reading-results.md");
            return None;
        }
    };
    let home = env::var_os("HOME").map(PathBuf::from).expect("a home directory");
    let cache = env::var_os("XDG_CACHE_HOME").map_or_else(|| home.join(".cache"), PathBuf::from).join("superposed");
    let place = cache.join(format!("python-{version}-reading-results"));
    if !place.is_dir() {
        fs::create_dir_all(&cache).expect("a writable cache");
        let unfinished = tempfile::tempdir_in(&cache).expect("a writable cache");
        let target = unfinished.path().join("packages");
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:"]);
        let fetched = pip.arg("--target").arg(&target).args(PACKAGES).output().expect("pip starts");
        assert!(
            fetched.status.success(),
            "pip cannot fetch {PACKAGES:?}: {}",
            String::from_utf8_lossy(&fetched.stderr)
        );
        // Whole or not at all; another test run may have been quicker.
        assert!(fs::rename(&target, &place).is_ok() || place.is_dir(), "{} cannot be made", place.display());
    }
    Some(place)
}

/// The Python blocks of a page, in their order.
fn snippets(page: &str) -> Vec<String> {
    let blocks = page.split("```python\n").skip(1);
    blocks.map(|block| block.split("```").next().expect("a block ends").to_owned()).collect()
}

/// A tree like that of the page: results, packs and lines of size 124M, with the job that the page names.
fn like_the_page(made: &Made) {
    let job = made.job_with_topics();
    for ending in [".pkl", "_isets.csv", "_topics.csv"] {
        let [from, to] =
            [job.to_string(), "i/0_304_pos".to_owned()].map(|stem| made.tree.at(&format!("{stem}{ending}")));
        fs::copy(from, to).expect("a writable file");
    }
    let line = |job: &JobId| {
        let solve = r#"{"words":20,"status":"optimal","gap":0.0,"nodes":9,"microseconds":7}"#;
        let solves = vec![solve; made.tree.result(*job).topics.len()].join(",");
        let JobId { mode, layer, neuron, polarity } = job;
        format!(
            "{{\"job\":\"{job}\",\"mode\":\"{mode}\",\"layer\":{layer},\"neuron\":{neuron},\"polarity\":\"{polarity}\",\"solves\":[{solves}]}}\n"
        )
    };
    let records = made.tree.at("solves/made/i/0_0_neg-19_pos.jsonl");
    fs::create_dir_all(records.parent().expect("a directory")).expect("a writable directory");
    let of_layer = made.tree.jobs.iter().filter(|job| job.to_string().starts_with("i/0_"));
    fs::write(records, of_layer.map(line).collect::<String>()).expect("a writable file");
    fs::rename(made.tree.at(""), made.tree.results.join("124M")).expect("a directory");
    for (to, form) in [("packs", "packs"), ("lines", "jsonl")] {
        let exported = run(&["export", made.tree.place(), text(&made.path(to)), "--format", form]);
        assert!(exported.status.success(), "{exported:?}");
    }
}

#[test]
fn every_snippet_of_the_page_runs_and_reads_what_is_there() {
    let Some(packages) = packages() else { return };
    let made = Made::new();
    like_the_page(&made);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reading-results.md");
    let snippets = snippets(&fs::read_to_string(page).expect("the page"));
    assert_eq!(snippets.len(), 9, "a snippet is not tested, or expected and gone");
    // As in a notebook, later cells see what earlier ones made.
    let program = snippets.join("\nprint('---')\n");
    let mut python = Command::new("python3");
    python.args(["-c", &program]).env("PYTHONPATH", packages).current_dir(made.path(""));
    let ran = python.output().expect("python3 starts");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let printed = String::from_utf8_lossy(&ran.stdout).into_owned();
    let cells: Vec<&str> = printed.split("---\n").collect();

    let layer: Vec<JobId> = made.tree.jobs.iter().copied().filter(|job| job.to_string().starts_with("i/0_")).collect();
    let named = made.tree.result(made.job_with_topics());
    let of_layer: usize = layer.iter().map(|job| made.tree.result(*job).topics.len()).sum();
    let topics = of_layer + named.topics.len();
    let spelt = made.words(made.job_with_topics()).join(" ");
    let centre = made.tree.words().word(*named.word_sets[0].last().expect("a centre")).expect("a word").to_owned();
    let best =
        layer.iter().flat_map(|job| made.tree.result(*job).topics).map(|topic| topic.score).fold(f64::MIN, f64::max);
    let (words, pool, sets) = (800, named.pool.words.len(), named.word_sets[0].len());
    for (cell, expected) in [
        (0, format!("{words} words: ")),
        (1, format!("{pool} words in the pool: ")),
        (2, format!("{:.4} {spelt} of {sets} words around {centre}\n", named.topics[0].score)),
        (3, format!("{topics} topics in layer 0; the best: ")),
        (5, format!("{} jobs, {topics} topics; the best: ", layer.len() + 1)),
        (6, format!("{} jobs in 3 layers\n", made.tree.jobs.len() + 1)),
        (7, format!("{} jobs, {topics} topics; the best: i/0_", layer.len() + 1)),
        (8, format!("{} jobs, {of_layer} solves: ", layer.len())),
    ] {
        assert!(cells[cell].starts_with(&expected), "cell {cell} does not begin with {expected:?}: {}", cells[cell]);
    }
    assert!(best > 0.0, "there is no good topic");
    // All forms agree on which topic is best.
    let words_of = |cell: usize, skipped: usize| {
        let best = cells[cell].lines().next().and_then(|line| line.split("the best: ").nth(1)).expect("a best topic");
        best.split(' ').skip(skipped).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(words_of(5, 2), words_of(3, 0));
    assert_eq!(words_of(7, 1), words_of(3, 0));
}
