//! The stages against golden outputs of the published code.

mod conformance;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};
use superposed_corpus::Vocabulary;
use superposed_identity::{SolverKind, TokenId, TokenRule, WordId};
use superposed_mining::{
    Status, TokenWords,
    solve::{Problem, solve},
};
use superposed_model::Tokenizer;

#[derive(serde::Deserialize)]
struct Clique {
    order: Vec<u32>,
    graph: Vec<Vec<f64>>,
    best: Vec<u32>,
    score: f64,
}

impl Clique {
    /// The problem with its words in ascending order.
    fn problem(&self) -> Problem {
        let mut places: Vec<usize> = (0..self.order.len()).collect();
        places.sort_by_key(|place| self.order[*place]);
        let words = places.iter().map(|place| WordId(self.order[*place])).collect();
        let weights = places.iter().flat_map(|a| places.iter().map(|b| self.graph[*a][*b])).collect();
        Problem::new(words, weights, 10).expect("the fixture is a legal problem")
    }
}

fn cliques(directory: &Path) -> Vec<Clique> {
    let cliques: Vec<Clique> = conformance::json(&directory.join("fixtures/mekc.json"));
    assert_eq!(cliques.len(), 30);
    cliques
}

#[test]
fn the_branch_and_bound_finds_the_published_topics() {
    let Some(directory) = conformance::directory("mekc, branch and bound") else {
        return;
    };
    for (number, case) in cliques(&directory).iter().enumerate() {
        let solution = solve(&case.problem(), SolverKind::BranchAndBound).expect("a word set");
        let best: Vec<WordId> = case.best.iter().copied().map(WordId).collect();
        assert_eq!((solution.words, solution.status), (best, Status::Optimal), "case {number}");
        assert!((solution.score - case.score).abs() < 1e-9, "case {number}: {} {}", solution.score, case.score);
    }
}

#[cfg(feature = "scip")]
#[test]
fn scip_finds_the_published_scores() {
    let Some(directory) = conformance::directory("mekc, SCIP") else {
        return;
    };
    for (number, case) in cliques(&directory).iter().enumerate() {
        let solution = solve(&case.problem(), SolverKind::Scip).expect("SCIP solves a word set");
        assert_eq!(solution.status, Status::Optimal, "case {number}");
        assert!((solution.score - case.score).abs() < 1e-6, "case {number}: {} {}", solution.score, case.score);
    }
}

/// The words of the golden corpus, without its counts.
fn vocabulary(directory: &Path) -> Vocabulary {
    let words: BTreeMap<u32, String> = conformance::json(&directory.join("maps/id2vocab.json"));
    let vocabulary = Vocabulary::from_words(words.values().cloned()).expect("the golden vocabulary");
    for (id, word) in words {
        assert_eq!(vocabulary.word(WordId(id)), word);
    }
    vocabulary
}

fn tokenizer(directory: &Path, model: &str) -> Tokenizer {
    Tokenizer::load(&directory.join("models").join(model)).expect("the golden model has a tokenizer")
}

#[test]
fn byte_level_tokens_are_the_published_words() {
    let Some(directory) = conformance::directory("token to word") else {
        return;
    };
    let published: BTreeMap<u32, u32> = conformance::json(&directory.join("maps/gpt2_token2vocab.json"));
    let tokenizer = tokenizer(&directory, "gpt2-synth");
    let words = TokenWords::build(&tokenizer, &vocabulary(&directory), TokenRule::ByteLevel, None)
        .expect("the golden model knows words of the golden corpus");
    let ours: BTreeMap<u32, u32> = (0..words.tokens())
        .filter_map(|token| words.words_of(TokenId(token)).first().map(|word| (token, word.0)))
        .collect();
    assert_eq!(ours, published);
}

/// GPT-2 has a token of its own for 9,650 of these 10,119 words.
#[test]
fn by_the_rule_of_byte_level_pieces_a_neuron_can_activate_every_word() {
    let Some(directory) = conformance::directory("byte-level pieces") else {
        return;
    };
    let (tokenizer, vocabulary) = (tokenizer(&directory, "gpt2-synth"), vocabulary(&directory));
    let build = |rule| TokenWords::build(&tokenizer, &vocabulary, rule, None).expect("words in common");
    let words_of = |words: &TokenWords| -> BTreeSet<WordId> {
        (0..words.tokens()).flat_map(|token| words.words_of(TokenId(token))).collect()
    };
    let (narrow, wide) = (build(TokenRule::ByteLevel), build(TokenRule::ByteLevelPieces));
    assert_eq!(words_of(&narrow).len(), 9_650);
    assert_eq!(words_of(&wide).len(), vocabulary.len());
    for start in (0..50_000).step_by(10_000) {
        let activated: Vec<TokenId> = (start..start + 900).map(TokenId).collect();
        let (narrow, wide) = (narrow.pool(&activated), wide.pool(&activated));
        assert!(narrow.words.iter().all(|word| wide.words.contains(word)));
        assert_eq!(narrow.form, wide.form);
    }
    let spelt = tokenizer.encode_word(" abattoir").expect("bytes can always be encoded");
    assert!(spelt.len() > 1);
    let word = vocabulary.id("abattoir").expect("a word of the corpus");
    assert!(wide.pool(&spelt).words.contains(&word));
    assert!(!wide.pool(&spelt[1..]).words.contains(&word));
}

/// The published map holds each word's distinct pieces, ascending, beside how many it has with repetitions.
#[test]
fn words_have_the_published_pieces() {
    let Some(directory) = conformance::directory("word to pieces") else {
        return;
    };
    let published: BTreeMap<u32, Vec<u32>> = conformance::json(&directory.join("maps/llama_vocab2tokens.json"));
    let counts: BTreeMap<u32, usize> = conformance::json(&directory.join("maps/llama_vocab2sum.json"));
    let (tokenizer, vocabulary) = (tokenizer(&directory, "llama-synth"), vocabulary(&directory));
    for (word, text) in vocabulary.iter() {
        let mut pieces: Vec<u32> =
            tokenizer.encode_word(text).expect("the word has pieces").iter().map(|token| token.0).collect();
        assert_eq!(pieces.len(), counts[&word.0], "{text}");
        pieces.sort_unstable();
        pieces.dedup();
        assert_eq!(pieces, published[&word.0], "{text}");
    }

    let words = TokenWords::build(&tokenizer, &vocabulary, TokenRule::SentencePiece, None)
        .expect("the golden model knows words of the golden corpus");
    let mut ours: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for token in 0..words.tokens() {
        for word in words.words_of(TokenId(token)) {
            ours.entry(word.0).or_default().push(token);
        }
    }
    let matching = published.into_iter().filter(|(word, pieces)| pieces.len() == counts[word]);
    assert_eq!(ours, matching.collect());
}

#[derive(serde::Deserialize)]
struct TauCut {
    order: String,
    tau: usize,
    neg: Vec<u32>,
    pos: Vec<u32>,
}

#[test]
fn pools_larger_than_tau_are_cut_as_published() {
    let Some(directory) = conformance::directory("llama_tau_cut") else {
        return;
    };
    let cases: Vec<TauCut> = conformance::json(&directory.join("fixtures/llama_tau_cut.json"));
    assert!(!cases.is_empty());
    let last = npy_integers(&directory.join("fixtures/llama_tau_cut_order.npy"));
    let first: Vec<TokenId> = last.iter().rev().copied().collect();
    let words = TokenWords::build(
        &tokenizer(&directory, "llama-synth"),
        &vocabulary(&directory),
        TokenRule::SentencePiece,
        None,
    )
    .expect("the golden model knows words of the golden corpus");
    for case in cases {
        // The order is ascending by logit, so each end is read from the extreme inwards.
        let (ascending, descending) = if case.order == "useful_last" { (&last, &first) } else { (&first, &last) };
        for (end, published) in [(ascending, case.neg), (descending, case.pos)] {
            let pool: Vec<u32> = words.pool(&end[..case.tau]).words.iter().map(|word| word.0).collect();
            assert_eq!(pool, published, "{}, tau {}", case.order, case.tau);
        }
    }
}

/// The numbers of a one-dimensional `.npy` of version 1 with 64-bit integers.
fn npy_integers(path: &Path) -> Vec<TokenId> {
    let (header, body) = conformance::npy(path);
    assert!(header.contains("'<i8'"), "{} has no 64-bit integers", path.display());
    body.as_chunks::<8>().0.iter().map(|number| TokenId(i64::from_le_bytes(*number) as u32)).collect()
}
