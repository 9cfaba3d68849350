//! A damaged store is refused with the file and what is wrong with it.

use std::path::{Path, PathBuf};
use superposed_corpus::{Corpus, CorpusError, DocumentsOptions, Vocabulary, WordId, count_documents};

/// A store whose pair 0, 1 needs the overflow table.
fn store(place: &Path) -> PathBuf {
    let vocabulary = Vocabulary::from_words(["a", "b", "c"].map(str::to_owned)).expect("good words");
    let documents = std::iter::repeat_n([Some(WordId(1)), Some(WordId(0))], 70_000).chain([[Some(WordId(2)), None]]);
    let path = place.join("store");
    count_documents(vocabulary, documents, &path, &DocumentsOptions::default()).expect("counted");
    path
}

/// What opening says after a file was changed, and what verifying says when opening says nothing.
fn after(file: &str, change: impl FnOnce(&mut Vec<u8>)) -> (&'static str, CorpusError) {
    let place = tempfile::tempdir().expect("a temporary directory");
    let path = store(place.path());
    let mut bytes = std::fs::read(path.join(file)).expect("read");
    change(&mut bytes);
    std::fs::write(path.join(file), bytes).expect("written");
    match Corpus::open(&path) {
        Err(error) => ("open", error),
        Ok(corpus) => ("verify", corpus.verify().expect_err("the damage went unnoticed")),
    }
}

fn replace(from: &str, to: &str) -> impl FnOnce(&mut Vec<u8>) {
    let (from, to) = (from.to_owned(), to.to_owned());
    move |bytes| {
        let text = String::from_utf8(bytes.clone()).expect("UTF-8");
        assert!(text.contains(&from), "{text} lacks {from}");
        *bytes = text.replacen(&from, &to, 1).into_bytes();
    }
}

#[test]
fn an_undamaged_store_opens_verifies_and_is_shared_between_threads() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let corpus = Corpus::open(&store(place.path())).expect("opened");
    corpus.verify().expect("undamaged");
    assert_eq!(corpus.directory(), place.path().join("store"));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert_eq!(corpus.joint_count(WordId(0), WordId(1)), 70_000));
        }
    });
    // Deleting a store does not pull the files from under who has them open.
    std::fs::remove_dir_all(corpus.directory()).expect("removed");
    assert_eq!(corpus.joint_count(WordId(1), WordId(0)), 70_000);
}

#[test]
fn a_changed_byte_of_any_file_is_found() {
    for (file, found_by) in
        [("vocabulary.txt", "open"), ("singles.bin", "open"), ("overflow.bin", "open"), ("joint.bin", "verify")]
    {
        let (by, error) = after(file, |bytes| bytes[0] ^= 1);
        assert_eq!(by, found_by, "{file}: {error}");
        assert!(matches!(&error, CorpusError::Checksum { path, .. } if path.ends_with(file)), "{error}");
    }
}

#[test]
fn a_file_that_is_too_short_too_long_or_gone_is_found_when_opening() {
    for file in ["vocabulary.txt", "singles.bin", "overflow.bin", "joint.bin"] {
        let (by, error) = after(file, |bytes| bytes.truncate(bytes.len() - 1));
        assert!(by == "open" && error.to_string().contains("bytes, but the header says"), "{error}");
        let (by, error) = after(file, |bytes| bytes.push(0));
        assert!(by == "open" && matches!(error, CorpusError::Length { .. }), "{error}");
        let place = tempfile::tempdir().expect("a temporary directory");
        let path = store(place.path());
        std::fs::remove_file(path.join(file)).expect("removed");
        let error = Corpus::open(&path).expect_err("opened").to_string();
        assert!(error.starts_with("cannot open ") && error.contains(file), "{error}");
    }
}

#[test]
fn a_changed_header_is_found_when_opening() {
    let header = |from: &str, to: &str| match after("store.json", replace(from, to)) {
        ("open", error) => error.to_string(),
        (_, error) => panic!("only verifying found {error}"),
    };
    assert!(header("\"format\": 1", "\"format\": 2").contains("is of store format 2, but only 1 can be read"));
    assert!(header("\"format\": 1", "\"farmat\": 1").contains("it names no format"));
    assert!(header("{", "").contains("is no header of a corpus store"));
    assert!(header("\"windows\": 70001", "\"windows\": 70002").contains("its digest is sha256:"));
    assert!(header("\"windows\": 70001", "\"windows\": 0").contains("counts no windows"));
    assert!(header("\"words\": 3", "\"words\": 4").contains("4 words do not fit the 24 bytes of singles.bin"));
    assert!(header("\"joint.bin\"", "\"other.bin\"").contains("lacks joint.bin"));
    assert!(header("\"missing\": []", "\"missing\": [3]").contains("missing words"));
    assert!(header("\"missing\": []", "\"extra\": []").contains("unknown field"));
}

#[test]
fn a_changed_provenance_is_no_damage() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let path = store(place.path());
    let mut bytes = std::fs::read(path.join("store.json")).expect("read");
    replace("\"documents\"", "\"another source\"")(&mut bytes);
    let before = Corpus::open(&path).expect("opened").digest().to_owned();
    std::fs::write(path.join("store.json"), bytes).expect("written");
    let corpus = Corpus::open(&path).expect("opened");
    corpus.verify().expect("undamaged");
    assert_eq!((corpus.digest(), corpus.provenance().sources[0].as_str()), (before.as_str(), "another source"));
}

#[test]
fn what_is_no_store_is_told_from_what_cannot_be_read() {
    let place = tempfile::tempdir().expect("a temporary directory");
    for path in [place.path().to_owned(), place.path().join("absent")] {
        let error = Corpus::open(&path).expect_err("opened").to_string();
        assert!(error.starts_with(&format!("{} is no corpus store", path.display())), "{error}");
    }
    std::fs::create_dir(place.path().join("store.json")).expect("created");
    let error = Corpus::open(place.path()).expect_err("opened").to_string();
    assert!(error.starts_with("cannot read "), "{error}");
}
