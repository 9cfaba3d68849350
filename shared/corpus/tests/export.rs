//! Exporting counts: what comes back, and what Python reads.

mod published;

use published::{Files, lay_out, newer, older, tar_gz};
use std::{fs, path::Path, process::Command};
use superposed_corpus::{
    Corpus, CorpusSummary, CountOptions, ExportOptions, ImportOptions, Inputs, count, export, import,
};

/// Exports a store in both layouts and imports it again.
fn there_and_back(place: &Path, store: &Path, options: &ImportOptions<'_>) -> [CorpusSummary; 2] {
    let corpus = Corpus::open(store).expect("opened");
    [false, true].map(|newer| {
        let directory = place.join(format!("counts {newer}"));
        export(&corpus, &directory, &ExportOptions { newer, progress: None }).expect("exported");
        let summary = import(&directory, &place.join(format!("back {newer}")), options).expect("imported");
        assert_eq!(summary.digest, corpus.digest());
        summary
    })
}

fn imported(files: &Files, place: &Path, options: &ImportOptions<'_>) -> [CorpusSummary; 2] {
    let (archive, store) = (place.join("published.tar.gz"), place.join("store"));
    fs::write(&archive, tar_gz(files)).expect("written");
    import(&archive, &store, options).expect("imported");
    there_and_back(place, &store, options)
}

#[test]
fn what_was_imported_comes_back_with_large_counts_and_diagonals() {
    for files in [older(), newer()] {
        let place = tempfile::tempdir().expect("a temporary directory");
        imported(&files, place.path(), &ImportOptions::default());
    }
}

#[test]
fn missing_words_are_missing_again() {
    for gone in ["wiki/final_2/10/1.pkl", "wiki/10/joint/1.pkl"] {
        let mut files = if gone.contains("joint") { newer() } else { older() };
        files.remove(gone).expect("it was there");
        let place = tempfile::tempdir().expect("a temporary directory");
        let options = ImportOptions { allow_missing: true, ..ImportOptions::default() };
        let [summary, _] = imported(&files, place.path(), &options);
        assert_eq!(summary.missing.len(), 1);
    }
}

#[test]
fn what_was_counted_comes_back_for_every_window() {
    for window in [0, 1, 3, 10] {
        let place = tempfile::tempdir().expect("a temporary directory");
        let text = place.path().join("text");
        fs::write(&text, "the cat sat on the mat\n\na dog, a cat, and a mat\n".repeat(9)).expect("written");
        let store = place.path().join("store");
        let options = CountOptions { window, ..CountOptions::default() };
        count(&Inputs::of_paths([text]).expect("a file"), &store, &options).expect("counted");
        there_and_back(place.path(), &store, &ImportOptions { window, ..ImportOptions::default() });
    }
}

#[test]
fn an_existing_destination_is_refused_and_a_damaged_row_leaves_nothing() {
    let place = tempfile::tempdir().expect("a temporary directory");
    lay_out(&older(), &place.path().join("published"));
    let store = place.path().join("store");
    import(&place.path().join("published"), &store, &ImportOptions::default()).expect("imported");
    let corpus = Corpus::open(&store).expect("opened");
    let error = export(&corpus, &store, &ExportOptions::default()).expect_err("accepted").to_string();
    assert!(error.ends_with("exists already: choose another destination, or remove it first"), "{error}");

    let joint = store.join("joint.bin");
    let mut bytes = fs::read(&joint).expect("read");
    bytes[0] ^= 1;
    fs::write(&joint, bytes).expect("written");
    let corpus = Corpus::open(&store).expect("opened");
    let error = export(&corpus, &place.path().join("counts"), &ExportOptions::default()).expect_err("accepted");
    assert!(error.to_string().contains("joint.bin is damaged where"), "{error}");
    let left: Vec<_> =
        fs::read_dir(place.path()).expect("listed").map(|entry| entry.expect("an entry").file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

/// Reads exported counts as a user of them would, and prints a few.
const READER: &str = r#"
import csv, pathlib, pickle, sys
top = pathlib.Path(sys.argv[1])
load = lambda name: pickle.loads((top / name).read_bytes())
words = sorted(load("vocab.pkl"))
windows = sum(int(count) * max(1, int(length) - 10 + 1) for length, count in csv.reader(open(top / "histogram.csv")))
singles = load("10_single.pkl")
joint = {id: load(f"10/{id}.pkl") for id in singles}
print(words, windows, singles, joint)
"#;

#[test]
fn python_reads_the_files() {
    let place = tempfile::tempdir().expect("a temporary directory");
    lay_out(&older(), &place.path().join("published"));
    let (store, counts) = (place.path().join("store"), place.path().join("counts"));
    import(&place.path().join("published"), &store, &ImportOptions::default()).expect("imported");
    export(&Corpus::open(&store).expect("opened"), &counts, &ExportOptions::default()).expect("exported");
    let read = Command::new("python3").args(["-c", READER]).arg(&counts).output().expect("python3 runs");
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let expected = "['apple', 'moon', 'night', 'zebra', 'émile'] 100010 \
                    {0: 80000, 1: 80001, 2: 80002, 3: 80003, 4: 80004} \
                    {0: {1: 70000, 2: 2, 3: 3, 4: 4}, 1: {0: 70000, 2: 12, 3: 13}, 2: {0: 2, 1: 12, 3: 23, 4: 24}, \
                    3: {0: 3, 1: 13, 2: 23, 4: 34}, 4: {0: 4, 2: 24, 3: 34}}";
    assert_eq!(String::from_utf8(read.stdout).expect("UTF-8").trim_end(), expected);
}
