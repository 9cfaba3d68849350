//! Importing published counts: both layouts, directories and archives, and every refusal.

mod published;

use published::{Files, WORDS, dict, integer, joint, lay_out, newer, older, tar_gz, text};
use std::{cell::RefCell, path::Path};
use superposed_corpus::{Corpus, CorpusError, CorpusSummary, ImportOptions, Stage, WordId, import};

/// Imports files laid out in a directory; what is left at the destination must fit the outcome.
fn imported(files: &Files, place: &Path, options: &ImportOptions<'_>) -> Result<CorpusSummary, CorpusError> {
    let (source, destination) = (place.join("source"), place.join("stores/store"));
    lay_out(files, &source);
    let outcome = import(&source, &destination, options);
    assert_eq!(destination.exists(), outcome.is_ok());
    let left = std::fs::read_dir(place.join("stores")).map_or(0, Iterator::count);
    assert_eq!(left, usize::from(outcome.is_ok()), "something was left beside the store");
    outcome
}

fn refused(change: impl FnOnce(&mut Files)) -> String {
    let place = tempfile::tempdir().expect("a temporary directory");
    let mut files = older();
    change(&mut files);
    let error = imported(&files, place.path(), &ImportOptions::default()).expect_err("the counts were accepted");
    within(&place.path().join("source"), &error)
}

/// What is wrong with counts; where it is one of their members, they have to be named before it.
fn within(counts: &Path, error: &CorpusError) -> String {
    let said = error.to_string();
    match error {
        CorpusError::Member { .. } | CorpusError::Pickle { .. } => {
            said.strip_prefix(&format!("{}: ", counts.display())).unwrap_or_else(|| panic!("{said}")).to_owned()
        }
        _ => said,
    }
}

fn check(corpus: &Corpus, diagonal: impl Fn(i64) -> i64) {
    let mut sorted = WORDS;
    sorted.sort_unstable();
    assert!(corpus.vocabulary().iter().map(|(_, word)| word).eq(sorted));
    assert_eq!(corpus.windows(), 100_000 + 3 * 3 + 1);
    assert_eq!(corpus.window_size(), 10);
    for a in 0..5 {
        assert_eq!(corpus.single_count(WordId(a)), 80_000 + u64::from(a));
        for b in 0..5 {
            let (id, other) = (i64::from(a), i64::from(b));
            let expected = if a == b { diagonal(id) } else { joint(id, other) };
            assert_eq!(corpus.joint_count(WordId(a), WordId(b)), expected as u64, "{a} {b}");
        }
    }
    corpus.verify().expect("an undamaged store");
}

#[test]
fn the_older_layout_is_imported_from_a_directory() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let summary = imported(&older(), place.path(), &ImportOptions::default()).expect("imported");
    let corpus = Corpus::open(&place.path().join("stores/store")).expect("opened");
    check(&corpus, |_| 0);
    assert_eq!((summary.words, summary.windows, summary.pairs_nonzero, summary.overflow), (5, 100_010, 9, 1));
    assert_eq!(summary.digest, corpus.digest());
    assert!(corpus.missing_words().is_empty());
    assert_eq!(corpus.provenance().layout, "counts, older layout");
    assert_eq!(corpus.provenance().settings["directory"], "wiki/final_2");
}

#[test]
fn the_newer_layout_is_imported_with_its_diagonal() {
    let place = tempfile::tempdir().expect("a temporary directory");
    imported(&newer(), place.path(), &ImportOptions::default()).expect("imported");
    let corpus = Corpus::open(&place.path().join("stores/store")).expect("opened");
    check(&corpus, |id| 80_000 + id);
    assert_eq!(corpus.provenance().layout, "counts, newer layout");
}

#[test]
fn an_archive_may_have_its_members_in_any_order_and_any_compression() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let files = older();
    let tar = tar_gz(files.iter().rev());
    let mut plain = Vec::new();
    std::io::copy(&mut flate2::read::GzDecoder::new(tar.as_slice()), &mut plain).expect("decompressed");
    let zstd = zstd::encode_all(plain.as_slice(), 1).expect("compressed");
    let mut digests = Vec::new();
    for (name, bytes) in [("backward", tar), ("forward", tar_gz(&files)), ("plain", plain), ("zstd", zstd)] {
        let (source, destination) = (place.path().join(format!("{name}.tar")), place.path().join(name));
        std::fs::write(&source, bytes).expect("written");
        let stages = RefCell::new(Vec::new());
        let listen = |progress: superposed_corpus::Progress| {
            assert!(progress.total.is_none_or(|total| progress.done <= total), "{progress:?}");
            stages.borrow_mut().push(progress.stage);
        };
        let options = ImportOptions { progress: Some(&listen), ..ImportOptions::default() };
        digests.push(import(&source, &destination, &options).expect("imported").digest);
        check(&Corpus::open(&destination).expect("opened"), |_| 0);
        stages.borrow_mut().dedup();
        assert!(stages.borrow().ends_with(&[Stage::ReadingCounts, Stage::WritingStore]), "{stages:?}");
    }
    digests.dedup();
    assert_eq!(digests.len(), 1, "the same counts made different digests");
}

/// What importing an archive says, with its members in their order or the other way round.
fn refused_archive(files: &Files, backward: bool) -> String {
    let place = tempfile::tempdir().expect("a temporary directory");
    let source = place.path().join("source.tar.gz");
    let tar = if backward { tar_gz(files.iter().rev()) } else { tar_gz(files) };
    std::fs::write(&source, tar).expect("written");
    let error = import(&source, &place.path().join("store"), &ImportOptions::default()).expect_err("accepted");
    assert_eq!(std::fs::read_dir(place.path()).expect("listed").count(), 1, "something was left behind");
    within(&source, &error)
}

#[test]
fn ids_beyond_the_vocabulary_are_refused_with_their_member_wherever_the_vocabulary_is() {
    let beyond = "but the vocabulary has only 5 words";
    for (name, entries, complaint) in [
        ("wiki/final_2/10/1.pkl", vec![(2, 1), (7, 0), (6, 3)], "it counts word 7"),
        ("wiki/final_2/10/5.pkl", vec![(0, 1)], "it is of word 5"),
        ("wiki/final_2/10_single.pkl", vec![(0, 1), (9, 1)], "it counts word 9"),
    ] {
        let mut files = older();
        files.insert(name.to_owned(), dict(entries, integer));
        // By their names, the vocabulary comes last.
        for backward in [false, true] {
            assert_eq!(refused_archive(&files, backward), format!("{name}: {complaint}, {beyond}"));
        }
    }
    let mut files = older();
    files.insert("wiki/final_2/10/1.pkl".to_owned(), dict([(262_144, 1)], integer));
    assert!(
        refused_archive(&files, false)
            .ends_with("1.pkl: it counts word 262144, but ids of words are from 0 to at most 262143")
    );
    files.remove("wiki/final_2/10/1.pkl");
    files.insert("wiki/final_2/10/262144.pkl".to_owned(), dict([(0, 1)], integer));
    assert!(refused_archive(&files, false).contains("it is of word 262144, but a store holds at most 262144 words"));
}

#[test]
fn of_several_bad_members_the_first_is_named_however_threads_run() {
    let mut files = older();
    for id in 0..5 {
        // The first bad ones take longest to decode.
        let entries = (0..40_000 >> (3 * id)).map(|entry| (entry % 262_144, 1)).chain([(0, -1)]);
        let content = if id == 0 { dict([(1, 70_000)], integer) } else { dict(entries, integer) };
        files.insert(format!("wiki/final_2/10/{id}.pkl"), content);
    }
    for _ in 0..20 {
        assert_eq!(refused_archive(&files, false), "wiki/final_2/10/1.pkl: it counts word 0 -1 times, below 0");
        assert_eq!(refused_archive(&files, true), "wiki/final_2/10/4.pkl: it counts word 0 -1 times, below 0");
    }
}

#[test]
fn many_more_members_than_are_read_ahead_are_imported_in_their_order() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let words: Vec<String> = (0..300).map(|id| format!("word{id:03}")).collect();
    let mut files = Files::from([
        ("10_single.pkl".to_owned(), dict((0..300).map(|id| (id, 1000)), integer)),
        ("histogram.csv".to_owned(), b"10,5000\n".to_vec()),
        ("vocab.pkl".to_owned(), dict(words.iter().map(|word| (word.as_str(), 1)), text)),
    ]);
    for a in 0..300 {
        let count = |b: i64| (b, if a == b { 0 } else { 1 + (a * b) % 97 });
        files.insert(format!("10/{a}.pkl"), dict((0..300).map(count), integer));
    }
    let (source, one, two) = (place.path().join("source"), place.path().join("one"), place.path().join("two"));
    std::fs::write(&source, tar_gz(&files)).expect("written");
    for store in [&one, &two] {
        import(&source, store, &ImportOptions::default()).expect("imported");
        Corpus::open(store).expect("opened").verify().expect("an undamaged store");
    }
    let rows = |store: &Path| ["joint.bin", "rows.bin"].map(|file| std::fs::read(store.join(file)).expect("read"));
    assert_eq!(rows(&one), rows(&two), "threads changed the order of rows");
    assert_eq!(Corpus::open(&one).expect("opened").joint_count(WordId(299), WordId(7)), 1 + (299 * 7) % 97);
}

#[test]
fn a_damaged_archive_is_refused() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let (source, destination) = (place.path().join("source"), place.path().join("store"));
    let tar = tar_gz(&older());
    let mut bad_checksum = tar.clone();
    let checksum = tar.len() - 8;
    bad_checksum[checksum] ^= 1;
    for bytes in [&tar[..tar.len() / 2], &tar[..tar.len() - 3], &bad_checksum, b"this is no archive"] {
        std::fs::write(&source, bytes).expect("written");
        let error = import(&source, &destination, &ImportOptions::default()).expect_err("accepted").to_string();
        let named = error.starts_with(&format!("{} is no tar archive, or a damaged one (", source.display()))
            || error.starts_with(&format!("cannot read {}/", source.display()));
        assert!(named, "{error}");
        assert!(!destination.exists());
    }
}

#[test]
fn directories_made_for_a_store_go_when_there_is_none_and_stay_when_there_is() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let (source, destination) = (place.path().join("source"), place.path().join("a/b/store"));
    let mut files = older();
    let histogram = files.remove("wiki/histogram.csv").expect("a file");
    lay_out(&files, &source);
    import(&source, &destination, &ImportOptions::default()).expect_err("accepted");
    assert!(!place.path().join("a").exists());
    std::fs::write(source.join("wiki/histogram.csv"), histogram).expect("written");
    import(&source, &destination, &ImportOptions::default()).expect("imported");
    Corpus::open(&destination).expect("opened");
}

#[test]
fn asymmetric_counts_are_refused_naming_both_words_and_counts() {
    let error = refused(|files| {
        files.insert("wiki/final_2/10/2.pkl".to_owned(), dict([(0, 2), (1, 12), (3, 24), (4, 24)], integer));
    });
    assert!(error.contains("\"night\" (id 2) counts 24 windows with \"zebra\" (id 3)"), "{error}");
    assert!(error.contains("\"zebra\" counts 23 with \"night\""), "{error}");
}

#[test]
fn a_word_without_counts_is_refused_by_name_unless_it_is_allowed() {
    let remove = |files: &mut Files| {
        files.remove("wiki/final_2/10/3.pkl");
        files.remove("wiki/final_2/10/4.pkl");
    };
    let error = refused(remove);
    assert!(error.contains("the word \"zebra\" (id 3) has no joint counts (10/3.pkl)"), "{error}");
    assert!(error.ends_with("1 more words lack one"), "{error}");

    let error = refused(|files| {
        files.insert("wiki/final_2/10_single.pkl".to_owned(), dict((1..5).map(|id| (id, 9)), integer));
    });
    assert!(error.contains("the word \"apple\" (id 0) has no single count (in 10_single.pkl)"), "{error}");

    let place = tempfile::tempdir().expect("a temporary directory");
    let mut files = older();
    remove(&mut files);
    let options = ImportOptions { allow_missing: true, ..ImportOptions::default() };
    let summary = imported(&files, place.path(), &options).expect("imported");
    let corpus = Corpus::open(&place.path().join("stores/store")).expect("opened");
    assert_eq!(corpus.missing_words(), [WordId(3), WordId(4)]);
    assert_eq!(summary.missing, corpus.missing_words());
    assert_eq!(corpus.joint_count(WordId(3), WordId(1)), joint(1, 3) as u64, "the other word's file knows it");
    assert_eq!(corpus.joint_count(WordId(3), WordId(4)), 0, "no file knows it");
}

#[test]
fn incomplete_and_ambiguous_counts_are_refused() {
    let without = |name: &'static str| refused(move |files| assert!(files.remove(name).is_some()));
    assert!(without("wiki/vocab.pkl").contains("there is no vocab.pkl"));
    assert!(without("wiki/histogram.csv").contains("there is no histogram.csv"));
    assert!(without("wiki/final_2/10_single.pkl").contains("there is no 10_single.pkl"));
    let with = |name: &'static str, like: &'static str| {
        refused(move |files| {
            let copy = files[like].clone();
            files.insert(name.to_owned(), copy);
        })
    };
    assert!(with("vocab.pkl", "wiki/vocab.pkl").contains("wiki/vocab.pkl: vocab.pkl is there too"));
    assert!(with("z/histogram.csv", "wiki/histogram.csv").contains("another histogram.csv"));
    let error = with("wiki/final_3/10/1.pkl", "wiki/final_2/10/1.pkl");
    assert!(error.starts_with("wiki/final_3/10/1.pkl: it is of counts in the older layout"), "{error}");
    let error = with("wiki/final_2/10/single.pkl", "wiki/final_2/10_single.pkl");
    assert!(error.contains("the newer layout, but \"wiki/final_2\" has counts in the older layout"), "{error}");
    assert!(
        with("wiki/final_2/10/5.pkl", "wiki/final_2/10/4.pkl").contains("of word 5, but the vocabulary has only 5")
    );

    let place = tempfile::tempdir().expect("a temporary directory");
    let options = ImportOptions { window: 5, ..ImportOptions::default() };
    let error = imported(&older(), place.path(), &options).expect_err("accepted").to_string();
    assert!(error.contains("no counts for window 5 (there are counts for window 10)"), "{error}");
}

#[test]
fn a_member_that_an_archive_has_twice_is_refused() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let files = older();
    for twice in ["wiki/final_2/10/1.pkl", "wiki/final_2/10_single.pkl", "wiki/vocab.pkl", "wiki/histogram.csv"] {
        let source = place.path().join("source.tar.gz");
        std::fs::write(&source, tar_gz(files.iter().chain(files.get_key_value(twice)))).expect("written");
        let outcome = import(&source, &place.path().join("store"), &ImportOptions::default());
        let error = within(&source, &outcome.expect_err("accepted"));
        assert!(error.starts_with(&format!("{twice}: ")) && error.contains("there t"), "{error}");
    }
}

#[test]
fn members_that_are_no_counts_are_refused_by_name() {
    let with = |name: &'static str, bytes: Vec<u8>| refused(|files| drop(files.insert(name.to_owned(), bytes)));
    let row = "wiki/final_2/10/1.pkl";
    let row_with = |entries: Vec<(i64, i64)>| with(row, dict(entries, integer));
    assert!(
        row_with(vec![(5, 1)]).starts_with("wiki/final_2/10/1.pkl: it counts word 5, but the vocabulary has only 5")
    );
    assert!(row_with(vec![(-1, 1)]).contains("it counts word -1"));
    assert!(row_with(vec![(0, -7)]).contains("it counts word 0 -7 times, below 0"));
    assert!(row_with(vec![(0, 7), (0, 7)]).contains("it counts word 0 twice"));
    assert!(with(row, dict([("a", 1)], text)).contains("it counts a str by a int"));
    assert!(with(row, b"\x80\x04].".to_vec()).contains("it holds a list, not a dict"));
    assert!(with(row, b"\x80\x04}".to_vec()).contains("the pickle ends at byte 3"));
    let system = b"\x80\x02cposix\nsystem\nX\x01\x00\x00\x00x\x85R.".to_vec();
    assert!(with(row, system).starts_with("wiki/final_2/10/1.pkl: foreign pickle global posix.system at byte 2"));
    assert!(with("wiki/vocab.pkl", dict([(1, 1)], integer)).contains("a word is a int, not a str"));
    assert!(with("wiki/vocab.pkl", dict([("a", 1), ("a", 1)], text)).contains("\"a\" twice"));
    assert!(with("wiki/histogram.csv", b"length,count\n".to_vec()).contains("wiki/histogram.csv: line 1"));
}

#[test]
fn an_existing_destination_is_refused_before_anything_is_read() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let error = import(Path::new("nowhere"), place.path(), &ImportOptions::default()).expect_err("accepted");
    assert!(matches!(error, CorpusError::Exists(_)), "{error}");
    let error = import(Path::new("nowhere"), &place.path().join("store"), &ImportOptions::default());
    assert!(error.expect_err("accepted").to_string().starts_with("cannot look at nowhere: "));
}
