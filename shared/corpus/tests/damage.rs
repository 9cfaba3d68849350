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
        [("vocabulary.txt", "open"), ("singles.bin", "open"), ("rows.bin", "open"), ("overflow.bin", "open")]
    {
        let (by, error) = after(file, |bytes| bytes[0] ^= 1);
        assert_eq!(by, found_by, "{file}: {error}");
        assert!(matches!(&error, CorpusError::Checksum { path, .. } if path.ends_with(file)), "{error}");
    }
}

#[test]
fn a_changed_bit_of_any_row_is_found_with_its_word_and_so_is_one_between_rows() {
    // Three rows of one line of the cache each, in the order of ids.
    for (word, id) in [("a", 0), ("b", 1)] {
        for byte in [0, 63] {
            let (by, error) = after("joint.bin", |bytes| bytes[64 * id + byte] ^= 1);
            assert_eq!(by, "verify");
            let expected =
                format!("joint.bin is damaged where it has the counts of \"{word}\" (id {id}): fetch or build");
            assert!(error.to_string().contains(&expected), "{error}");
        }
    }
    let (_, error) = after("joint.bin", |bytes| bytes.fill(7));
    assert!(error.to_string().contains("counts of \"a\""), "not the first: {error}");
}

/// What opening says after the records of a store whose header still vouches for them were changed.
fn after_records(change: impl FnOnce(&mut [[u8; 56]])) -> String {
    use sha2::{Digest, Sha256};
    let hex = |bytes: &[u8]| -> String { Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect() };
    let place = tempfile::tempdir().expect("a temporary directory");
    let path = store(place.path());
    let mut rows = std::fs::read(path.join("rows.bin")).expect("read");
    change(rows.as_chunks_mut().0);
    std::fs::write(path.join("rows.bin"), &rows).expect("written");
    let mut header: serde_json::Value =
        serde_json::from_slice(&std::fs::read(path.join("store.json")).expect("read")).expect("JSON");
    let without_offsets: Vec<u8> = rows.as_chunks::<56>().0.iter().flat_map(|row| row[8..].to_vec()).collect();
    header["files"]["rows.bin"]["sha256"] = hex(&rows).into();
    header["joint"]["rows"] = hex(&without_offsets).into();
    let text = format!(
        "superposed corpus 2\nwords 3\nwindow 10\nwindows 70001\nmissing\nvocabulary.txt {}\nsingles.bin {}\n\
         overflow.bin {}\nrows {}\n",
        header["files"]["vocabulary.txt"]["sha256"].as_str().expect("a checksum"),
        header["files"]["singles.bin"]["sha256"].as_str().expect("a checksum"),
        header["files"]["overflow.bin"]["sha256"].as_str().expect("a checksum"),
        header["joint"]["rows"].as_str().expect("a checksum"),
    );
    header["digest"] = format!("sha256:{}", hex(text.as_bytes())).into();
    std::fs::write(path.join("store.json"), header.to_string()).expect("written");
    match Corpus::open(&path) {
        Ok(corpus) => corpus.verify().map_or_else(|error| error.to_string(), |()| "nothing".to_owned()),
        Err(error) => error.to_string(),
    }
}

#[test]
fn records_that_lead_out_of_the_file_or_contradict_themselves_are_refused() {
    assert_eq!(after_records(|_| {}), "nothing");
    let impossible = |record: usize, byte: usize, to: u8| {
        let error = after_records(|records| records[record][byte] = to);
        assert!(error.contains(&format!("its record {record} is impossible")), "{error}");
    };
    impossible(0, 0, 1); // not at the start of a line of the cache
    impossible(0, 8, 200); // longer than its columns
    impossible(1, 12, 4); // more columns than words
    impossible(1, 16, 3); // more counts than columns
    impossible(0, 20, 2); // a third kind
    let error = after_records(|records| records[0][1] = 1);
    assert!(error.contains("a row starts at byte"), "{error}");
    let error = after_records(|records| records.swap(0, 1));
    assert!(error.contains("counts of \"a\"") || error.contains("it says 1 pairs, but the rows have 0"), "{error}");
    let error = after_records(|records| records[0] = records[1]);
    assert!(error.contains("a row starts at byte 64 of joint.bin, but the one before it ends at"), "{error}");
}

#[test]
fn a_file_that_is_too_short_too_long_or_gone_is_found_when_opening() {
    for file in ["vocabulary.txt", "singles.bin", "rows.bin", "overflow.bin", "joint.bin"] {
        let (by, error) = after(file, |bytes| bytes.truncate(bytes.len() - 1));
        assert!(by == "open" && error.to_string().contains("bytes, but the header says"), "{error}");
        let (by, error) = after(file, |bytes| bytes.push(0));
        assert!(by == "open" && matches!(error, CorpusError::Length { .. }), "{error}");
        let place = tempfile::tempdir().expect("a temporary directory");
        let path = store(place.path());
        std::fs::remove_file(path.join(file)).expect("removed");
        let error = Corpus::open(&path).expect_err("opened").to_string();
        assert!(error.contains(&format!("{file} is damaged (it is missing): fetch or build")), "{error}");
    }
}

#[test]
fn a_changed_header_is_found_when_opening() {
    let header = |from: &str, to: &str| match after("store.json", replace(from, to)) {
        ("open", error) => error.to_string(),
        (_, error) => panic!("only verifying found {error}"),
    };
    assert!(
        header("\"format\": 2", "\"format\": 1")
            .ends_with("of store format 1, but only 2 can be read: import or count it again")
    );
    assert!(header("\"format\": 2", "\"farmat\": 2").contains("it names no format"));
    assert!(header("{", "").contains("is no header of a corpus store"));
    assert!(header("\"windows\": 70001", "\"windows\": 70002").contains("its digest is sha256:"));
    assert!(header("\"windows\": 70001", "\"windows\": 0").contains("counts no windows"));
    assert!(header("\"words\": 3", "\"words\": 4").contains("4 words do not fit the 24 bytes of singles.bin"));
    assert!(header("\"rows.bin\"", "\"other.bin\"").contains("lacks rows.bin"));
    assert!(header("\"missing\": []", "\"missing\": [3]").contains("missing words"));
    assert!(header("\"missing\": []", "\"extra\": []").contains("unknown field"));
}

#[test]
fn a_changed_number_of_pairs_is_found_when_verifying() {
    let (by, error) = after("store.json", replace("\"pairs_nonzero\": ", "\"pairs_nonzero\": 1"));
    assert!(by == "verify" && error.to_string().contains("pairs, but the rows have "), "{by}: {error}");
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
