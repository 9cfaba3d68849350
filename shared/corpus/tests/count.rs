//! Counting text: what a document, a token and a word are, from files to the opened store.

use std::{cell::Cell, collections::BTreeMap, io::Write, path::Path};
use superposed_corpus::{
    Corpus, CorpusError, CorpusSummary, CountOptions, DocumentsOptions, Inputs, Vocabulary, WordId, count,
    count::{Frequency, Ranking, Tokenization, VocabularyRule, Words},
    count_documents,
};

fn counting(path: &Path, store: &Path, options: &CountOptions<'_>) -> Result<CorpusSummary, CorpusError> {
    count(&Inputs::of_paths([path])?, store, options)
}

fn counted(place: &Path, files: &[(&str, &[u8])], options: &CountOptions<'_>) -> Result<Corpus, String> {
    let (texts, store) = (place.join("texts"), place.join("store"));
    for (name, bytes) in files {
        let path = texts.join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("created");
        std::fs::write(path, bytes).expect("written");
    }
    let summary = counting(&texts, &store, options).map_err(|error| error.to_string());
    assert_eq!(store.exists(), summary.is_ok());
    let corpus = Corpus::open(&store).expect("opened");
    assert_eq!(summary?.digest, corpus.digest());
    corpus.verify().expect("an undamaged store");
    Ok(corpus)
}

fn joint(corpus: &Corpus, a: &str, b: &str) -> u64 {
    let id = |word| corpus.vocabulary().id(word).expect("a word of the corpus");
    corpus.joint_count(id(a), id(b))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("compressed")
}

#[test]
fn lines_and_extracted_articles_are_counted_together_compressed_or_not() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let extracted =
        b"<doc id=\"1\" url=\"u\" title=\"Cat\">\nCat\n\nThe cat sat.\n</doc>\n\n<doc id=\"2\">\nA dog.\n</doc>\n";
    let files: [(&str, &[u8]); 3] =
        [("lines.txt", b"the dog\n\nThe CAT, the dog\n"), ("AA/wiki_00.gz", &gzip(extracted)), (".hidden", b"x x x\n")];
    let options = CountOptions { window: 3, ..CountOptions::default() };
    let corpus = counted(place.path(), &files, &options).expect("counted");
    let words: Vec<&str> = corpus.vocabulary().iter().map(|(_, word)| word).collect();
    assert_eq!(words, ["a", "cat", "dog", "sat", "the"]);
    // Lines: one window, one for the blank line, two; articles: "cat the cat sat" has two, "a dog" one.
    assert_eq!(corpus.windows(), 1 + 1 + 2 + 2 + 1);
    assert_eq!((joint(&corpus, "the", "cat"), joint(&corpus, "the", "dog"), joint(&corpus, "cat", "dog")), (4, 2, 1));
    assert_eq!(corpus.single_count(WordId(4)), 5);
    assert_eq!(joint(&corpus, "cat", "cat"), 0, "the diagonal is not counted");
    let provenance = corpus.provenance();
    assert_eq!((provenance.layout.as_str(), provenance.window), ("text", 3));
    assert_eq!(provenance.settings["documents"], "5");
    assert_eq!(provenance.settings["tokenization"], "alphabetic-lowercase");
}

#[test]
fn words_may_be_given_and_tokens_taken_as_they_are() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let options = CountOptions {
        window: 0,
        words: Words::Given(vec!["X-ray".to_owned(), "absent".to_owned(), "The".to_owned()]),
        tokenization: Tokenization::Whitespace,
        ..CountOptions::default()
    };
    let corpus = counted(place.path(), &[("a", b"The X-ray the\nx-ray The"), ("b", b"")], &options).expect("counted");
    assert_eq!((corpus.vocabulary().len(), corpus.windows(), corpus.window_size()), (3, 2, 0));
    assert_eq!((joint(&corpus, "The", "X-ray"), joint(&corpus, "The", "absent")), (1, 0));
    assert_eq!(corpus.provenance().settings["words"], "given");
}

#[test]
fn the_rule_for_words_is_obeyed_and_recorded() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let rule = VocabularyRule {
        max_words: 2,
        ranking: Ranking::DocumentFrequency,
        min_document_frequency: Frequency::Documents(2),
        max_document_frequency: Some(Frequency::Documents(2)),
        min_word_length: 2,
    };
    let options = CountOptions { words: Words::Chosen(rule), ..CountOptions::default() };
    let text = b"all bb bb a\nall cc a\nall cc bb dd dd dd\n";
    let corpus = counted(place.path(), &[("text", text)], &options).expect("counted");
    assert_eq!(corpus.vocabulary().iter().map(|(_, word)| word).collect::<Vec<_>>(), ["bb", "cc"]);
    let expected =
        "first 2 by document frequency, in at least 2 documents and at most 2 documents, of at least 2 characters";
    assert_eq!(corpus.provenance().settings["words"], expected);
}

#[test]
fn progress_goes_forward_to_the_end_of_each_stage() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let (heard, last) = (Cell::new(0), Cell::new(None));
    let listen = |progress: superposed_corpus::Progress| {
        heard.set(heard.get() + 1);
        if let Some((stage, done)) = last.replace(Some((progress.stage, progress.done))) {
            assert!(stage != progress.stage || done <= progress.done);
        }
    };
    let options = CountOptions { progress: Some(&listen), ..CountOptions::default() };
    counted(place.path(), &[("text", "one two three\n".repeat(1000).as_bytes())], &options).expect("counted");
    assert!(heard.get() >= 6, "{} reports", heard.get());
}

#[test]
fn inputs_without_text_words_or_utf8_are_refused_and_leave_nothing() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let refused = |name: &str, bytes: Option<&[u8]>| {
        let texts = place.path().join(name);
        std::fs::create_dir(&texts).expect("created");
        if let Some(bytes) = bytes {
            std::fs::write(texts.join("text"), bytes).expect("written");
        }
        let store = place.path().join("store");
        let error = counting(&texts, &store, &CountOptions::default()).expect_err("accepted").to_string();
        assert!(!store.exists());
        error
    };
    assert!(refused("none", None).starts_with("there is no text to count in "));
    assert!(refused("empty", Some(b"")).starts_with("the vocabulary is empty"));
    assert!(refused("numbers", Some(b"1 2 3\n")).starts_with("the vocabulary is empty"));
    assert!(refused("binary", Some(b"good\nb\xffd\n")).contains("text, line 2: it is no UTF-8"));
    assert!(refused("truncated", Some(&gzip(b"some text\n")[..15])).starts_with("cannot read "));
    let given = CountOptions { words: Words::Given(vec!["x".to_owned()]), ..CountOptions::default() };
    let error = counting(&place.path().join("empty"), &place.path().join("store"), &given).expect_err("accepted");
    assert!(error.to_string().starts_with("the corpus has no window"), "{error}");
    let error = counting(&place.path().join("absent"), &place.path().join("store"), &given).expect_err("accepted");
    assert!(error.to_string().starts_with("cannot look at "), "{error}");
    let error = counting(&place.path().join("empty"), &place.path().join("none"), &given).expect_err("accepted");
    assert!(error.to_string().ends_with("remove it first"), "{error}");
}

#[test]
fn documents_of_ids_make_the_same_corpus_as_their_text() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let text = b"b a x b c\na\n\nc x x x x x x x x x x b\n";
    let words = ["a", "b", "c"].map(str::to_owned).to_vec();
    let options = CountOptions { words: Words::Given(words.clone()), ..CountOptions::default() };
    let counted = counted(place.path(), &[("text", text)], &options).expect("counted");
    let vocabulary = Vocabulary::from_words(words).expect("good words");
    let documents: Vec<Vec<Option<WordId>>> = std::str::from_utf8(text)
        .expect("UTF-8")
        .lines()
        .map(|line| line.split_whitespace().map(|token| vocabulary.id(token)).collect())
        .collect();
    let settings = BTreeMap::from([("seed".to_owned(), "7".to_owned())]);
    let options = DocumentsOptions { source: "a generator".to_owned(), settings, ..DocumentsOptions::default() };
    let path = place.path().join("documents");
    let summary = count_documents(vocabulary, documents, &path, &options).expect("counted");
    assert_eq!(summary.digest, counted.digest());
    let corpus = Corpus::open(&path).expect("opened");
    assert_eq!(corpus.provenance().sources, ["a generator"]);
    assert_eq!(corpus.provenance().settings["seed"], "7");
}
