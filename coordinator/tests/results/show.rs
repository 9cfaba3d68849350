//! Topics in words: by selectors, scores and words, from every form of results.

use crate::made::{Made, lines, run, said, text};
use serde_json::Value;
use std::{collections::BTreeSet, fs};

/// The jobs of lines of a table.
fn jobs(lines: &[String]) -> BTreeSet<String> {
    lines.iter().map(|line| line.split_whitespace().nth(1).expect("a job").to_owned()).collect()
}

#[test]
fn selectors_name_jobs_layers_and_modes() {
    let made = Made::new();
    let all: BTreeSet<String> = made
        .tree
        .jobs
        .iter()
        .filter(|job| !made.tree.result(**job).topics.is_empty())
        .map(ToString::to_string)
        .collect();
    for (arguments, has) in [
        (&["*"][..], (|_| true) as fn(&str) -> bool),
        (&[], |_| true),
        (&["1M/i/0_*"], |job| job.starts_with("i/0_")),
        (&["1M/i/3-5_*_pos"], |job| job.starts_with("i/3_") && job.ends_with("_pos")),
        (&["1M/*/*_4"], |job| job.contains("_4_")),
        (&["1M/iiii"], |job| job.starts_with("iiii/")),
        (&["--mode", "i", "--layer", "1-3", "--neuron", "0-4,7", "--polarity", "neg"], |job| {
            let neuron: u32 = job.split('_').nth(1).and_then(|neuron| neuron.parse().ok()).expect("a neuron");
            job.starts_with("i/3_") && (neuron < 5 || neuron == 7) && job.ends_with("neg")
        }),
        (&["1M/i", "--layer", "3"], |job| job.starts_with("i/3_")),
        (&["1M/i/0_3", "1M/iiii/12_7_pos"], |job| job.starts_with("i/0_3_") || job == "iiii/12_7_pos"),
    ] {
        let expected: BTreeSet<String> = all.iter().filter(|job| has(job)).cloned().collect();
        let shown = lines(&made.superposed("show", &[arguments, &["--limit", "0"]].concat()));
        assert_eq!(jobs(&shown), expected, "{arguments:?}");
    }
}

#[test]
fn the_best_come_first_in_columns_and_the_rest_is_told() {
    let made = Made::new();
    let output = made.superposed("show", &["1M/i", "--limit", "7"]);
    let shown = lines(&output);
    assert_eq!(shown.len(), 7);
    let scores: Vec<f64> = shown.iter().map(|line| line[..6].parse().expect("a score")).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    // Words begin in one column.
    assert!(shown.iter().all(|line| line.as_bytes()[24] == b' ' && line.as_bytes()[25] != b' '), "{shown:#?}");
    let said = said(&output);
    assert!(said.starts_with("the best 7 of ") && said.ends_with(" jobs; --limit 0 shows all\n"), "{said}");
    let filtered = lines(&made.superposed("show", &["--min-score", "0.3", "--max-score", "0.35", "--limit", "0"]));
    assert!(!filtered.is_empty());
    assert!(filtered.iter().all(|line| (0.3..=0.35).contains(&line[..6].parse::<f64>().expect("a score"))));
}

#[test]
fn a_named_jobs_topics_come_as_its_file_has_them() {
    let made = Made::new();
    let job = made.job_with_topics();
    let shown = lines(&made.superposed("show", &[&format!("1M/{job}")]));
    assert_eq!(shown.len(), made.tree.result(job).topics.len());
    let first = made.words(job).join(" ");
    assert_eq!(shown[0], format!("{:.4}  {:<16} {first}", made.tree.result(job).topics[0].score, job.to_string()));
}

#[test]
fn a_word_finds_the_neurons_that_speak_of_it() {
    let made = Made::new();
    let words = made.words(made.job_with_topics());
    let output = made.superposed("show", &["--word", &words[0], "--word", &words[1], "--output", "json"]);
    let found: Vec<Value> = lines(&output).iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let map = made.tree.words();
    let [a, b] = [0, 1].map(|place: usize| map.id(&words[place]).expect("a word"));
    let of_job = |job: &superposed_identity::JobId| {
        made.tree
            .result(*job)
            .topics
            .iter()
            .filter(|topic| topic.words.contains(&a) && topic.words.contains(&b))
            .count()
    };
    assert_eq!(found.len(), made.tree.jobs.iter().map(of_job).sum::<usize>());
    for line in &found {
        assert!(line["words"].as_array().expect("words").contains(&Value::from(words[0].as_str())));
        let (mode, layer, neuron, polarity) = (&line["mode"], &line["layer"], &line["neuron"], &line["polarity"]);
        let [mode, polarity] = [mode, polarity].map(|text| text.as_str().expect("text"));
        assert_eq!(line["job"], format!("{mode}/{layer}_{neuron}_{polarity}"));
    }
    let refused = made.superposed("show", &["--word", &words[0].to_uppercase()]);
    assert_eq!(
        said(&refused),
        format!("superposed: 1M has no word {:?}, but {:?}\n", words[0].to_uppercase(), words[0])
    );
    let nearly = format!("{}zzz", &words[0][..4]);
    let refused = said(&made.superposed("show", &["--word", &nearly]));
    assert!(
        refused.starts_with(&format!("superposed: 1M has no word {nearly:?}; it has {}", &words[0][..4])),
        "{refused}"
    );
}

#[test]
fn what_is_not_there_is_told_with_what_is() {
    let made = Made::new();
    let empty = made.tree.jobs.iter().find(|job| made.tree.result(**job).topics.is_empty()).expect("an empty job");
    let output = made.superposed("show", &[&format!("1M/{empty}")]);
    assert_eq!(lines(&output), Vec::<String>::new());
    assert_eq!(said(&output), format!("1M/{empty} has no topics: no word set of its pool was large enough\n"));
    let output = made.superposed("show", &["--min-score", "0.99"]);
    assert_eq!(lines(&output), Vec::<String>::new());
    assert!(said(&output).starts_with("none of the topics of "), "{}", said(&output));
    let output = made.superposed("show", &["1M/i/7_*"]);
    assert!(!output.status.success());
    assert_eq!(
        said(&output),
        format!(
            "superposed: {} has no such job: it has 1M/i with layers 0,3, 1M/iiii with layers 12\n",
            made.tree.place()
        )
    );
    let output = made.superposed("show", &["1M/i/0_999_pos"]);
    assert!(!output.status.success());
    assert!(said(&output).starts_with("superposed: there is no 1M/i/0_999_pos_topics.csv; the job is not finished"));
}

#[test]
fn every_form_of_results_shows_the_same() {
    let made = Made::new();
    let (packs, jsonl) = (made.path("packs"), made.path("jsonl"));
    for (to, form) in [(&packs, "packs"), (&jsonl, "jsonl")] {
        assert!(made.superposed("export", &[text(to), "--format", form]).status.success());
    }
    // As the authors publish them: no map, a folder above.
    let archive = made.path("results.tar.gz");
    let file = fs::File::create(&archive).expect("a writable file");
    let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(file, flate2::Compression::fast()));
    for mode in ["i", "iiii"] {
        builder.append_dir_all(format!("published/1M/{mode}"), made.tree.at(mode)).expect("members");
    }
    builder.into_inner().and_then(flate2::write::GzEncoder::finish).expect("an archive");
    let corpus = made.tree.corpus.clone();
    let job = format!("1M/{}", made.job_with_topics());
    for arguments in
        [&["--limit", "0"][..], &["1M/i/0-2_3-9_neg", "--limit", "0"], &[&job], &["1M/iiii", "--output", "json"]]
    {
        let expected = lines(&made.superposed("show", arguments));
        assert!(!expected.is_empty());
        for place in [&packs, &jsonl] {
            assert_eq!(lines(&run(&[&["show", text(place)], arguments].concat())), expected, "{arguments:?}");
        }
        let of_archive = run(&[&["show", text(&archive), "--corpus", text(&corpus)], arguments].concat());
        assert_eq!(lines(&of_archive), expected, "{arguments:?}");
        let by_file =
            run(&[&["show", text(&archive), "--words", text(&made.tree.at("words.txt"))], arguments].concat());
        assert_eq!(lines(&by_file), expected, "{arguments:?}");
    }
    let ids = run(&["show", text(&archive), &job]);
    let first = &made.tree.result(made.job_with_topics()).topics[0];
    let numbers: Vec<_> = first.words.iter().map(ToString::to_string).collect();
    assert!(lines(&ids)[0].ends_with(&format!(" {}", numbers.join(" "))));
    assert!(said(&ids).contains("1M has no words.txt, so ids are shown"), "{}", said(&ids));
}
