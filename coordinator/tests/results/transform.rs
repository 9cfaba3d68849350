//! `superposed verify` and `superposed export` as they are run.

use crate::made::{Made, lines, run, said, text};
use serde_json::Value;
use std::fs;

#[test]
fn a_whole_tree_verifies_with_the_corpus_that_its_record_names() {
    let made = Made::new();
    let output = made.superposed("verify", &[]);
    let topics: usize = made.tree.jobs.iter().map(|job| made.tree.result(*job).topics.len()).sum();
    let expected = format!("{} jobs, {topics} topics, {topics} scores recomputed: no fault", made.tree.jobs.len());
    assert_eq!(lines(&output), [expected]);
    assert_eq!(said(&output), "");
    let packs = made.path("packs");
    assert!(made.superposed("export", &[text(&packs), "--format", "packs"]).status.success());
    assert_eq!(lines(&run(&["verify", text(&packs)])), lines(&output));
    // Moved away, it is told what is not known.
    fs::rename(&made.tree.corpus, made.path("moved")).expect("a directory");
    let output = made.superposed("verify", &[]);
    assert!(lines(&output)[0].contains(", 0 scores recomputed: no fault"));
    assert!(said(&output).starts_with("1M: scores were not recomputed: its corpus is not where it was: "));
    assert!(said(&output).ends_with("; name the corpus store with --corpus\n"), "{}", said(&output));
    let named = made.superposed("verify", &["--corpus", text(&made.path("moved"))]);
    assert!(lines(&named)[0].contains(&format!(", {topics} scores recomputed: no fault")));
}

#[test]
fn faults_end_with_exit_code_1_a_summary_and_what_to_do() {
    let made = Made::new();
    let job = made.job_with_topics();
    fs::remove_file(made.tree.at(&format!("{job}.pkl"))).expect("a file");
    fs::write(made.tree.at("i/notes.txt"), "").expect("a writable file");
    let output = made.superposed("verify", &[]);
    assert_eq!(output.status.code(), Some(1));
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let told: Vec<&str> = stdout.lines().collect();
    assert_eq!(
        told[..2],
        [
            "1M/i/notes.txt: no file of a result tree".to_owned(),
            format!("1M/{job}.pkl: missing, and other files of job {job} are there")
        ]
    );
    assert!(told[2].ends_with(": 2 faults"), "{stdout}");
    assert!(said(&output).starts_with("what to do: remove the files told above, and submit the campaign again"));
    let output = made.superposed("verify", &["--output", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let told: Vec<Value> =
        String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!((&told[1]["fault"], &told[1]["job"]), (&Value::from("missing-file"), &Value::from(job.to_string())));
    assert_eq!(told[2]["summary"]["faults"], 2);
}

#[test]
fn a_damaged_pack_is_told_and_one_job_of_it_too() {
    let made = Made::new();
    let packs = made.path("packs");
    assert!(made.superposed("export", &[text(&packs), "--format", "packs"]).status.success());
    let pack = packs.join("1M/i/3.parquet");
    let mut content = fs::read(&pack).expect("a pack");
    content.truncate(1000);
    fs::write(&pack, content).expect("a writable file");
    let output = run(&["verify", text(&packs)]);
    assert_eq!(output.status.code(), Some(1));
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("1M/i/3.parquet: not a Parquet file, or damaged"), "{stdout}");
    assert!(stdout.contains("1M/i/3_0_neg: 40 jobs are missing, from here to i/3_19_pos"), "{stdout}");
}

#[test]
fn another_corpus_and_a_place_without_results_are_refused() {
    let made = Made::new();
    let options = superposed_corpus::synthetic::Options { words: 800, neighbours: 100, seed: 2 };
    superposed_corpus::synthetic::store(&made.path("other"), &options).expect("a new store");
    let output = made.superposed("verify", &["--corpus", text(&made.path("other"))]);
    assert!(said(&output).starts_with("superposed: 1M was mined with another corpus than "), "{}", said(&output));
    let empty = made.path("empty");
    fs::create_dir(&empty).expect("a writable directory");
    for arguments in [&["verify", text(&empty)][..], &["export", text(&empty), "-", "--format", "jsonl"]] {
        let line = said(&run(arguments));
        assert!(line.contains("holds no results: name the destination of a campaign"), "{line}");
    }
    let line = said(&made.superposed("export", &["-", "--format", "packs"]));
    assert!(line.contains("only --format jsonl can be printed"), "{line}");
}

#[test]
fn lines_are_printed_in_words() {
    let made = Made::new();
    let printed = lines(&made.superposed("export", &["-", "--format", "jsonl"]));
    assert_eq!(printed.len(), made.tree.jobs.len());
    let job = made.job_with_topics();
    let place = made.tree.jobs.iter().position(|other| *other == job).expect("a job of the tree");
    let line: Value = serde_json::from_str(&printed[place]).expect("JSON");
    assert_eq!(line["job"], job.to_string());
    assert_eq!(line["topics"][0]["words"], Value::from(made.words(job)));
}
