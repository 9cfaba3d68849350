//! A small corpus with planted themes, and a tokenizer for which each word is one token.

use std::{collections::BTreeMap, fs, sync::Arc};
use superposed_corpus::{Corpus, DocumentsOptions, Vocabulary, count_documents};
use superposed_identity::{MiningParameters, TokenRule, WordId};
use superposed_mining::{Miner, TokenWords};
use superposed_model::Tokenizer;

/// Words of one theme stand together in documents, so their NPMI is high; those of two themes meet by chance.
///
/// Word `theme * size + i` is the i-th of its theme, and token t is word t.
pub(crate) struct Planted {
    pub(crate) corpus: Arc<Corpus>,
    pub(crate) tokenizer: Tokenizer,
    pub(crate) words: Arc<TokenWords>,
    /// Holds the corpus' files.
    _place: tempfile::TempDir,
}

impl Planted {
    /// `themes` themes of `size` words in `documents` documents of 20 words.
    pub(crate) fn new(themes: u32, size: u32, documents: u32) -> Self {
        let place = tempfile::tempdir().expect("a temporary directory");
        let names: Vec<String> = (0..themes * size).map(|word| format!("w{word:06}")).collect();

        let store = place.path().join("corpus");
        let vocabulary = Vocabulary::from_words(names.iter().cloned()).expect("distinct words");
        let mut state = 1_u64;
        let mut below = |bound: u32| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) % u64::from(bound)) as u32
        };
        let documents = (0..documents).map(|document| {
            let theme = document % themes;
            let mut word = |_| {
                // Every fourth word is any word.
                let theme = if below(4) == 0 { below(themes) } else { theme };
                Some(WordId(theme * size + below(size)))
            };
            (0..20).map(&mut word).collect::<Vec<_>>()
        });
        count_documents(vocabulary, documents.collect::<Vec<_>>(), &store, &DocumentsOptions::default())
            .expect("the planted corpus is counted");
        let corpus = Corpus::open(&store).expect("what was counted can be opened");

        let tokens: BTreeMap<String, usize> =
            names.iter().enumerate().map(|(i, name)| (format!("Ġ{name}"), i)).collect();
        let vocabulary = serde_json::to_string(&tokens).expect("strings and integers");
        fs::write(place.path().join("vocab.json"), vocabulary).expect("a temporary file");
        fs::write(place.path().join("merges.txt"), "#version: 0.2\n").expect("a temporary file");
        let tokenizer = Tokenizer::load(place.path()).expect("what was just written");
        let words = TokenWords::build(&tokenizer, corpus.vocabulary(), TokenRule::ByteLevel, None)
            .expect("each token is a word");
        Self { corpus: Arc::new(corpus), tokenizer, words: Arc::new(words), _place: place }
    }

    /// The published parameters, but for what a small corpus needs.
    pub(crate) fn parameters(&self, tau: u32) -> MiningParameters {
        MiningParameters { tau, min_freq: 2, ..MiningParameters::published(TokenRule::ByteLevel) }
    }

    /// A miner that activates `tau` tokens.
    pub(crate) fn miner(&self, tau: u32) -> Miner {
        Miner::new(Arc::clone(&self.corpus), Arc::clone(&self.words), self.parameters(tau))
            .expect("the planted parameters are legal")
    }
}
