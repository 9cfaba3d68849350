//! Whole jobs: on a planted corpus, and against the published code's files.

mod conformance;
mod planted;

use planted::Planted;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use superposed_corpus::{Corpus, ImportOptions, Vocabulary, import};
use superposed_identity::{MiningParameters, Polarity, SolverKind, TokenId, TokenRule, WordId};
use superposed_mining::{JobFiles, MineError, Miner, PoolForm, Status, TokenWords, graph::MAX_EDGES, pool::PoolError};
use superposed_model::Tokenizer;

/// Three themes of 30 words. The logits of theme 0 are low, those of theme 2 high.
fn logits() -> Vec<f32> {
    (0..90).map(|token| [-5.0, 0.0, 5.0][token / 30] + token as f32 / 1000.0).collect()
}

#[test]
fn the_themes_of_both_ends_are_found_and_written() {
    let planted = Planted::new(3, 30, 6_000);
    let miner = planted.miner(30);
    for (polarity, theme) in [(Polarity::Neg, 0..30), (Polarity::Pos, 60..90)] {
        let mined = miner.mine_logits(&logits(), polarity).expect("a planted job");
        assert_eq!(mined.pool.form, PoolForm::Set);
        assert!(mined.pool.words.iter().map(|word| word.0).eq(theme.clone()));
        assert!(!mined.topics.is_empty());
        assert_eq!(mined.topics.len(), mined.word_sets.len());
        for topic in &mined.topics {
            assert_eq!((topic.words.len(), topic.status, topic.gap), (10, Status::Optimal, 0.0));
            assert!(topic.words.is_sorted() && topic.words.iter().all(|word| theme.contains(&word.0)));
            assert!(topic.score > 0.1, "{topic:?}");
        }
        assert_eq!(mined.files(), miner.mine_logits(&logits(), polarity).expect("the same again").files());
    }
}

#[test]
fn an_empty_pool_has_no_topics_but_a_readable_pickle() {
    let planted = Planted::new(3, 30, 300);
    let miner = planted.miner(30);
    let mined = miner.mine_pool(miner.pool_of(Vec::new())).expect("nothing to mine");
    let files = JobFiles { pool: b"\x80\x04\x8f\x94.".to_vec(), isets: Vec::new(), topics: Vec::new() };
    assert_eq!(mined.files(), files);
}

#[test]
fn what_does_not_fit_together_is_refused_before_anything_is_mined() {
    let planted = Planted::new(3, 30, 300);
    let refused = |parameters: MiningParameters| {
        Miner::new(Arc::clone(&planted.corpus), Arc::clone(&planted.words), parameters)
            .expect_err("the parameters were accepted")
    };
    assert!(matches!(refused(planted.parameters(46)), MineError::Parameters(_)));
    let rule = TokenRule::SentencePiece;
    assert!(matches!(refused(MiningParameters { rule, ..planted.parameters(30) }), MineError::Rule { .. }));
    let other = Planted::new(2, 45, 300);
    assert!(Miner::new(other.corpus, Arc::clone(&planted.words), planted.parameters(30)).is_ok(), "90 words too");
    let smaller = Planted::new(2, 30, 300);
    let mismatch = Miner::new(smaller.corpus, Arc::clone(&planted.words), planted.parameters(30));
    assert!(matches!(mismatch, Err(MineError::Vocabulary { built: 90, corpus: 60 })));
    let miner = planted.miner(30);
    let unknown = miner.mine_pool(miner.pool_of(vec![WordId(90)]));
    assert_eq!(unknown.err(), Some(MineError::UnknownWord { word: WordId(90), corpus: 90 }));
}

/// Below the minimal frequency every word has an NPMI of exactly 0 with every other, which a θl of 0 admits.
#[test]
fn a_pool_whose_graph_would_fill_the_memory_is_refused_with_its_size() {
    let planted = Planted::new(400, 30, 300);
    let parameters = MiningParameters { theta_low: 0.0, min_freq: 1 << 40, ..planted.parameters(30) };
    let miner = Miner::new(Arc::clone(&planted.corpus), Arc::clone(&planted.words), parameters).expect("legal");
    let pool = |words: u32| miner.pool_of((0..words).map(WordId).collect());
    const { assert!(12_000 * 11_999 / 2 > MAX_EDGES) };
    let refused = miner.mine_pool(pool(12_000)).expect_err("mined");
    assert_eq!(refused, MineError::TooManyEdges { words: 12_000 });
    let message = refused.to_string();
    assert!(message.contains("12000 words") && message.contains("67108864 pairs"), "{message}");
    // All pairs of weight 0: the stars take the words in order.
    let mined = miner.mine_pool(pool(60)).expect("few pairs");
    let centres: Vec<u32> = mined.word_sets.iter().map(|set| set.centre().0).collect();
    assert_eq!(centres, [0, 24, 48]);
}

#[test]
fn extra_vocab_admits_only_its_words() {
    let planted = Planted::new(3, 30, 300);
    let build = |rule, extra: &[&str]| {
        let extra: Vec<String> = extra.iter().map(|word| (*word).to_owned()).collect();
        TokenWords::build(&planted.tokenizer, planted.corpus.vocabulary(), rule, Some(&extra))
    };
    let words = build(TokenRule::ByteLevel, &["w000007", "unknown"]).expect("a word in common");
    let all: Vec<TokenId> = (0..90).map(TokenId).collect();
    assert_eq!(words.pool(&all).words, [WordId(7)]);
    let none = build(TokenRule::ByteLevel, &["unknown"]).err();
    assert_eq!(none, Some(PoolError::NoExtraWords { allowed: 1 }));
}

#[test]
fn a_tokenizer_that_makes_no_word_is_an_error() {
    // The planted words have digits, so they are not alphabetic, which the SentencePiece rule wants.
    let planted = Planted::new(3, 30, 300);
    let vocabulary = planted.corpus.vocabulary();
    let none = TokenWords::build(&planted.tokenizer, vocabulary, TokenRule::SentencePiece, None).err();
    assert_eq!(none, Some(PoolError::NoWords { words: 90, tokens: 90 }));
}

#[test]
fn a_word_of_which_the_tokenizer_keeps_nothing_is_in_no_pool() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let tokenizer = serde_json::json!({
        "version": "1.0",
        "added_tokens": [],
        "normalizer": { "type": "Replace", "pattern": { "String": "ʰ" }, "content": "" },
        "model": { "type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["cat", -1.0]] },
    });
    fs::write(place.path().join("tokenizer.json"), tokenizer.to_string()).expect("a temporary file");
    let tokenizer = Tokenizer::load(place.path()).expect("what was just written");
    assert_eq!(tokenizer.encode_word("ʰ").expect("nothing to encode"), []);
    let vocabulary = Vocabulary::from_words(["cat".to_owned(), "ʰ".to_owned()]).expect("distinct words");
    let words =
        TokenWords::build(&tokenizer, &vocabulary, TokenRule::SentencePiece, None).expect("a cat can be encoded");
    let cat = vocabulary.id("cat").expect("a word");
    assert_eq!(words.pool(&[TokenId(0), TokenId(1)]).words, [cat]);
    assert!(words.pool(&[TokenId(0)]).words.is_empty());
    let none = TokenWords::build(&tokenizer, &vocabulary, TokenRule::SentencePiece, Some(&["ʰ".to_owned()])).err();
    assert_eq!(none, Some(PoolError::NoExtraWords { allowed: 1 }));
}

#[cfg(not(feature = "scip"))]
#[test]
fn scip_is_refused_by_a_build_without_it() {
    let planted = Planted::new(3, 30, 300);
    let parameters = MiningParameters { solver: SolverKind::Scip, ..planted.parameters(30) };
    let refused = Miner::new(Arc::clone(&planted.corpus), Arc::clone(&planted.words), parameters);
    assert!(refused.is_err_and(|error| error.to_string().contains("no SCIP")));
}

#[cfg(feature = "scip")]
#[test]
fn scip_finds_topics_of_the_same_scores() {
    let planted = Planted::new(3, 30, 6_000);
    let parameters = MiningParameters { solver: SolverKind::Scip, ..planted.parameters(30) };
    let by_scip = Miner::new(Arc::clone(&planted.corpus), Arc::clone(&planted.words), parameters)
        .and_then(|miner| miner.mine_logits(&logits(), Polarity::Pos))
        .expect("a planted job");
    let by_us = planted.miner(30).mine_logits(&logits(), Polarity::Pos).expect("a planted job");
    assert_eq!(by_scip.word_sets, by_us.word_sets);
    for (scip, us) in by_scip.topics.iter().zip(&by_us.topics) {
        assert!((scip.score - us.score).abs() < 1e-6);
    }
}

/// Every golden job from its logits on: pools as sets, word sets as lists of sets, topics as sets with their scores.
#[test]
fn the_published_jobs_are_mined_from_their_logits() {
    let Some(directory) = conformance::directory("golden jobs") else {
        return;
    };
    let place = tempfile::tempdir().expect("a temporary directory");
    let store = place.path().join("corpus");
    import(&directory.join("counts/wiki.tar.gz"), &store, &ImportOptions::default()).expect("the golden counts");
    let corpus = Arc::new(Corpus::open(&store).expect("what was imported can be opened"));
    let models = [("124M", "gpt2-synth", TokenRule::ByteLevel), ("7B", "llama-synth", TokenRule::SentencePiece)];
    for (size, model, rule) in models {
        let tokenizer = Tokenizer::load(&directory.join("models").join(model)).expect("a golden tokenizer");
        let words = TokenWords::build(&tokenizer, corpus.vocabulary(), rule, None).expect("words in common");
        let parameters = MiningParameters { min_freq: 10, ..MiningParameters::published(rule) };
        let miner = Miner::new(Arc::clone(&corpus), Arc::new(words), parameters).expect("legal parameters");
        let mut jobs = 0;
        for path in logits_files(&directory.join("golden").join(size)) {
            let ranked = miner.rank(&npy_floats(&path)).expect("golden logits");
            for polarity in Polarity::BOTH {
                let stem = path.to_string_lossy().replace("logits.npy", polarity.as_str());
                let ours = miner.mine_ranked(&ranked, polarity).expect("a golden job").files();
                compare(&ours, &stem);
                jobs += 1;
            }
        }
        assert!(jobs > 0, "{size} has no jobs");
    }
}

fn compare(ours: &JobFiles, stem: &str) {
    let read = |ending: &str| {
        let path = format!("{stem}{ending}");
        fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    assert_eq!(conformance::pool(&ours.pool), conformance::pool(&read(".pkl")), "{stem}: pool");
    assert_eq!(rows(&ours.isets), rows(&read("_isets.csv")), "{stem}: word sets");
    let (ours, published) = (rows(&ours.topics), rows(&read("_topics.csv")));
    assert_eq!(ours.len(), published.len(), "{stem}: topics");
    for ((our_words, our_score), (words, score)) in ours.iter().zip(&published) {
        assert_eq!(our_words, words, "{stem}: topic");
        let scores = our_score.zip(*score).expect("a topic has a score");
        assert!((scores.0 - scores.1).abs() < 1e-9, "{stem}: score {scores:?}");
    }
}

/// Each line's ids, and what follows its comma.
fn rows(bytes: &[u8]) -> Vec<(BTreeSet<u32>, Option<f64>)> {
    let text = std::str::from_utf8(bytes).expect("a CSV of numbers");
    let row = |line: &str| {
        let (ids, score) = line.split_once(',').map_or((line, None), |(ids, score)| (ids, Some(score)));
        let ids = ids.split(' ').map(|id| id.parse().expect("an id")).collect();
        (ids, score.map(|score| score.parse().expect("a score")))
    };
    text.lines().map(row).collect()
}

/// The `_logits.npy` of every mode, in order.
fn logits_files(size: &Path) -> Vec<PathBuf> {
    let entries = |directory: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
        entries.map(|entry| entry.expect("a directory entry").path()).collect()
    };
    let mut files: Vec<PathBuf> = entries(size).iter().flat_map(|mode| entries(mode)).collect();
    files.retain(|path| path.to_string_lossy().ends_with("_logits.npy"));
    files.sort();
    files
}

/// The numbers of a one-dimensional `.npy` of version 1 with 32-bit floats.
fn npy_floats(path: &Path) -> Vec<f32> {
    let (header, body) = conformance::npy(path);
    assert!(header.contains("'<f4'"), "{} has no 32-bit floats", path.display());
    body.as_chunks::<4>().0.iter().map(|number| f32::from_le_bytes(*number)).collect()
}
