//! Corpora that are no stores, damaged, or of another language than the model.

use crate::bench::{Bench, superposed};
use std::fs;

#[test]
fn a_corpus_that_is_not_there_or_no_store_is_named_with_how_to_make_one() {
    let bench = Bench::new();
    for corpus in ["nowhere", "model", "campaign.toml"] {
        let line = bench.cut(&bench.refusal_of(|campaign| campaign["corpus"] = corpus.into()));
        assert_eq!(
            line,
            format!(
                "{corpus} is no corpus store, as it has no store.json: make one with `superposed corpus import` or \
                 `superposed corpus count`"
            )
        );
    }
}

#[test]
fn truncated_counts_are_told_with_both_lengths() {
    let bench = Bench::new();
    let file = fs::File::options().write(true).open(bench.corpus().join("joint.bin")).expect("joint counts");
    file.set_len(100).expect("a writable file");
    assert_eq!(
        bench.cut(&bench.refusal_of(|_| {})),
        "corpus/joint.bin has 100 bytes, but the header says 2560: fetch or build the store again"
    );
}

#[test]
fn changed_counts_are_told_with_the_file() {
    let bench = Bench::new();
    let path = bench.corpus().join("singles.bin");
    let mut singles = fs::read(&path).expect("single counts");
    singles[0] ^= 1;
    fs::write(&path, singles).expect("a writable file");
    let line = bench.cut(&bench.refusal_of(|_| {}));
    assert!(line.starts_with("corpus/singles.bin has the checksum sha256:"), "{line}");
    assert!(line.ends_with(": fetch or build the store again"), "{line}");
}

#[test]
fn a_damaged_header_is_told_with_its_file() {
    let bench = Bench::new();
    fs::write(bench.corpus().join("store.json"), "{\n").expect("a writable file");
    let line = bench.cut(&bench.refusal_of(|_| {}));
    assert!(line.starts_with("corpus/store.json is no header of a corpus store ("), "{line}");
}

#[test]
fn a_store_of_another_format_is_told_with_both() {
    let bench = Bench::new();
    fs::write(bench.corpus().join("store.json"), "{\"format\": 99}").expect("a writable file");
    assert_eq!(
        bench.cut(&bench.refusal_of(|_| {})),
        "corpus/store.json is of store format 99, but only 2 can be read: import or count it again"
    );
}

#[test]
fn a_corpus_whose_words_never_match_the_tokenizer_is_refused() {
    let bench = Bench::new();
    bench.count("foreign", "слово", 1);
    let line = bench.refusal_of(|campaign| campaign["corpus"] = "foreign".into());
    assert_eq!(
        line,
        "none of the corpus' 40 words can be made of the tokenizer's 40 tokens: is the corpus lower-case and in the \
         model's language?"
    );
}

#[test]
fn looking_at_and_verifying_a_store_refuse_what_is_none() {
    let bench = Bench::new();
    let nowhere = bench.place.path("nowhere").display().to_string();
    for command in ["info", "verify"] {
        let line = bench.cut(&bench.refusal(superposed(&["corpus", command, &nowhere])));
        assert!(line.starts_with("nowhere is no corpus store, as it has no store.json: make one with"), "{line}");
    }
}

#[test]
fn verifying_a_store_finds_a_changed_joint_count() {
    let bench = Bench::new();
    let path = bench.corpus().join("joint.bin");
    let mut joint = fs::read(&path).expect("joint counts");
    joint[7] ^= 1;
    fs::write(&path, joint).expect("a writable file");
    let corpus = bench.corpus().display().to_string();
    let line = bench.cut(&bench.refusal(superposed(&["corpus", "verify", &corpus])));
    assert_eq!(
        line,
        "corpus/joint.bin is damaged where it has the counts of \"token0\" (id 0): fetch or build the store again"
    );
}
