//! Counting against an obvious model: windows cut one by one, pairs in a map.

use proptest::{collection::vec, option, prelude::*};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    num::NonZero,
    path::{Path, PathBuf},
};
use superposed_corpus::{
    Corpus, CountOptions, Inputs, count,
    count::{Frequency, Ranking, Tokenization, VocabularyRule, Words},
};

/// What a count should find.
#[derive(Debug, PartialEq, Eq)]
struct Model {
    words: Vec<String>,
    windows: u64,
    singles: Vec<u64>,
    /// By the smaller and the larger word; a word with itself where the diagonal is stored.
    joint: BTreeMap<(u32, u32), u64>,
}

/// The tokens of a text, by the documented rules.
fn tokens(text: &str, tokenization: Tokenization) -> Vec<String> {
    match tokenization {
        Tokenization::Whitespace => text.split_whitespace().map(str::to_owned).collect(),
        Tokenization::AlphabeticLowercase => {
            let text: String = text.chars().map(|char| if char.is_alphabetic() { char } else { ' ' }).collect();
            text.split(' ').filter(|token| !token.is_empty()).map(str::to_lowercase).collect()
        }
    }
}

/// The words that a rule chooses, sorted.
fn words(documents: &[Vec<String>], rule: &VocabularyRule) -> Vec<String> {
    let mut found: BTreeMap<&String, (u64, u64)> = BTreeMap::new();
    for document in documents {
        for token in document {
            found.entry(token).or_default().0 += 1;
        }
        for token in document.iter().collect::<BTreeSet<_>>() {
            found.entry(token).or_default().1 += 1;
        }
    }
    let bound = |frequency| match frequency {
        Frequency::Documents(count) => count as f64,
        Frequency::Share(share) => share * documents.len() as f64,
    };
    found.retain(|token, (_, in_documents)| {
        *in_documents as f64 >= bound(rule.min_document_frequency)
            && rule.max_document_frequency.is_none_or(|most| *in_documents as f64 <= bound(most))
            && token.chars().count() >= rule.min_word_length as usize
    });
    let mut ranked: Vec<_> = found.into_iter().collect();
    // Stable, so ties stay in code-point order.
    ranked.sort_by_key(|(_, (count, in_documents))| {
        std::cmp::Reverse(if rule.ranking == Ranking::WordCount { *count } else { *in_documents })
    });
    let mut words: Vec<String> =
        ranked.into_iter().take(rule.max_words as usize).map(|(word, _)| word.clone()).collect();
    words.sort();
    words
}

fn model(texts: &[String], options: &CountOptions<'_>) -> Model {
    let documents: Vec<Vec<String>> = texts.iter().map(|text| tokens(text, options.tokenization)).collect();
    let words = match &options.words {
        Words::Chosen(rule) => words(&documents, rule),
        Words::Given(words) => words.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect(),
    };
    let mut model = Model { windows: 0, singles: vec![0; words.len()], joint: BTreeMap::new(), words };
    let ids: BTreeMap<&String, u32> = model.words.iter().zip(0..).collect();
    for document in &documents {
        let mut ids: Vec<Option<u32>> = document.iter().map(|token| ids.get(token).copied()).collect();
        if options.remove_unknown {
            ids.retain(Option::is_some);
        }
        let size = if options.window == 0 { ids.len() } else { ids.len().min(options.window as usize) };
        for start in 0..=ids.len() - size {
            model.windows += 1;
            let present: BTreeSet<u32> = ids[start..start + size].iter().copied().flatten().collect();
            for a in &present {
                model.singles[*a as usize] += 1;
                for b in present.range(a + 1..) {
                    *model.joint.entry((*a, *b)).or_default() += 1;
                }
            }
        }
    }
    model.joint.retain(|_, count| *count >= options.min_frequency);
    if options.diagonal {
        model.joint.extend(
            model.singles.iter().zip(0..).filter(|(count, _)| **count > 0).map(|(count, id)| ((id, id), *count)),
        );
    }
    model
}

/// What a store holds.
fn content(corpus: &Corpus) -> Model {
    let mut joint = BTreeMap::new();
    for (a, _) in corpus.vocabulary().iter() {
        for (b, _) in corpus.vocabulary().iter() {
            let count = corpus.joint_count(a, b);
            assert_eq!(count, corpus.joint_count(b, a));
            if a <= b && count > 0 {
                joint.insert((a.0, b.0), count);
            }
        }
    }
    Model {
        words: corpus.vocabulary().iter().map(|(_, word)| word.to_owned()).collect(),
        windows: corpus.windows(),
        singles: corpus.vocabulary().iter().map(|(word, _)| corpus.single_count(word)).collect(),
        joint,
    }
}

/// All files of a store.
fn files(store: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(store).expect("listed").map(|entry| entry.expect("an entry").path());
    files
        .map(|path| (path.file_name().expect("a name").to_string_lossy().into(), fs::read(path).expect("read")))
        .collect()
}

fn counted(texts: &Path, store: &Path, options: &CountOptions<'_>) -> Result<Corpus, String> {
    let inputs = Inputs::of_paths([texts]).expect("files");
    count(&inputs, store, options).map_err(|error| error.to_string())?;
    let corpus = Corpus::open(store).expect("opened");
    corpus.verify().expect("undamaged");
    Ok(corpus)
}

fn frequency() -> impl Strategy<Value = Frequency> {
    prop_oneof![(1_u64..4).prop_map(Frequency::Documents), (0.0..0.7).prop_map(Frequency::Share)]
}

fn rule() -> impl Strategy<Value = VocabularyRule> {
    let ranking = prop_oneof![Just(Ranking::WordCount), Just(Ranking::DocumentFrequency)];
    (1_u32..30, ranking, frequency(), option::weighted(0.2, frequency()), 1_u32..3).prop_map(
        |(max_words, ranking, min_document_frequency, max_document_frequency, min_word_length)| VocabularyRule {
            max_words,
            ranking,
            min_document_frequency,
            max_document_frequency,
            min_word_length,
        },
    )
}

/// Options that shape a store; threads and memory do not.
#[derive(Debug, Clone)]
struct Shape {
    window: u32,
    words: Words,
    whitespace: bool,
    remove_unknown: bool,
    diagonal: bool,
    min_frequency: u64,
}

impl Shape {
    fn options(&self) -> CountOptions<'static> {
        let Self { window, words, whitespace, remove_unknown, diagonal, min_frequency } = self.clone();
        let tokenization = if whitespace { Tokenization::Whitespace } else { Tokenization::AlphabeticLowercase };
        CountOptions { window, words, tokenization, remove_unknown, diagonal, min_frequency, ..CountOptions::default() }
    }
}

fn shape() -> impl Strategy<Value = Shape> {
    let given = vec("[a-zéA-Z]{1,2}", 1..20)
        .prop_map(|words| Words::Given(words.into_iter().collect::<BTreeSet<_>>().into_iter().collect()));
    let words = prop_oneof![2 => rule().prop_map(Words::Chosen), 1 => given];
    let min_frequency = prop_oneof![Just(0), 0_u64..4];
    (0_u32..14, words, any::<bool>(), any::<bool>(), any::<bool>(), min_frequency).prop_map(
        |(window, words, whitespace, remove_unknown, diagonal, min_frequency)| Shape {
            window,
            words,
            whitespace,
            remove_unknown,
            diagonal,
            min_frequency,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    #[test]
    fn a_store_is_what_the_model_says_whatever_threads_and_memory(
        texts in vec(vec("([A-Ca-eé]{1,2}[ .1]{1,2}){0,30}", 1..8), 1..4),
        shape in shape(),
        machines in vec((1_usize..4, prop_oneof![0_u64..200, 0_u64..10_000, Just(1 << 30)]), 1..3),
    ) {
        let (place, options) = (tempfile::tempdir().expect("a temporary directory"), shape.options());
        let directory = place.path().join("texts");
        fs::create_dir(&directory).expect("created");
        for (number, lines) in texts.iter().enumerate() {
            fs::write(directory.join(number.to_string()), lines.join("\n") + "\n").expect("written");
        }
        let mut stores = machines.iter().enumerate().map(|(number, (threads, memory))| {
            let threads = NonZero::new(*threads).expect("not 0");
            let store = place.path().join(format!("store {number}"));
            counted(&directory, &store, &CountOptions { threads, memory: *memory, ..options.clone() }).map(|_| store)
        });
        let first: Result<PathBuf, String> = stores.next().expect("one");
        let expected = model(&texts.concat(), &options);
        match &first {
            Ok(store) => {
                prop_assert_eq!(content(&Corpus::open(store).expect("opened")), expected);
                let files_of_first = files(store);
                for other in stores {
                    prop_assert_eq!(&files(&other.expect("counted")), &files_of_first);
                }
            }
            Err(error) => {
                prop_assert!(expected.words.is_empty(), "{}", error);
                for other in stores {
                    prop_assert_eq!(&other.expect_err("counted"), error);
                }
            }
        }
    }
}

/// Eight megabytes of Wikipedia, which are no part of the project: skipped, as the other comparisons, unless
/// `SUPERPOSED_CONFORMANCE` names a directory.
#[test]
fn a_wikipedia_is_counted_as_the_model_does_in_memory_and_on_disk() {
    let Some(root) = std::env::var_os("SUPERPOSED_CONFORMANCE") else {
        eprintln!("skipped: SUPERPOSED_CONFORMANCE does not name the directory of conformance data");
        return;
    };
    let texts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(root).join("real/enwiki");
    let mut documents = Vec::new();
    for path in fs::read_dir(&texts).expect("enwiki is there") {
        let text = fs::read_to_string(path.expect("an entry").path()).expect("read");
        documents.extend(
            text.split("</doc>").filter_map(|article| article.split_once("\">\n")).map(|(_, text)| text.to_owned()),
        );
    }
    let place = tempfile::tempdir().expect("a temporary directory");
    let rule = VocabularyRule { max_words: 3000, min_word_length: 3, ..VocabularyRule::default() };
    for (name, window, remove_unknown) in [("places kept", 10, false), ("places removed", 5, true)] {
        let options =
            CountOptions { window, words: Words::Chosen(rule.clone()), remove_unknown, ..CountOptions::default() };
        let store = place.path().join(name);
        let corpus = counted(&texts, &store, &options).expect("counted");
        assert!(content(&corpus) == model(&documents, &options), "{name}");
        // A megabyte for each list: they are written to disk many times.
        let (threads, memory) = (NonZero::new(3).expect("not 0"), 1 << 20);
        let small = place.path().join(format!("{name}, small"));
        counted(&texts, &small, &CountOptions { threads, memory, ..options }).expect("counted");
        assert!(files(&store) == files(&small), "{name}");
    }
}
