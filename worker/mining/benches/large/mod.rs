//! What the benches mine: a made-up corpus of 40,000 words with 20,000 neighbours each, and pools of its words.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};
use superposed_corpus::{
    Corpus,
    synthetic::{self, Counts, Options},
};
use superposed_identity::{MiningParameters, TokenRule, WordId};
use superposed_mining::{Miner, Pool, TokenWords};
use superposed_model::Tokenizer;

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        (self.bits() >> 32) as u32 % bound
    }
}

/// The corpus, and a tokenizer for which each word is one token.
pub(crate) struct Large {
    pub(crate) corpus: Arc<Corpus>,
    counts: Counts,
    pub(crate) words: Arc<TokenWords>,
}

impl Large {
    /// Opens the corpus, and makes it where it is missing: in `bench-data`, in cargo's directory for such files. Making it
    /// takes a minute or two and 2 GB.
    pub(crate) fn open() -> Self {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-data");
        fs::create_dir_all(&place).expect("cargo's target directory can be written to");
        let options = Options::default();
        let path = Self::store(&place, &options);
        let corpus = Corpus::open(&path).unwrap_or_else(|error| panic!("remove {}: {error}", path.display()));
        let counts = Counts::new(options);
        let tokens: BTreeMap<String, u32> =
            corpus.vocabulary().iter().map(|(id, word)| (format!("Ġ{word}"), id.0)).collect();
        let tokenizer = place.join("tokenizer");
        fs::create_dir_all(&tokenizer).expect("a directory of ours");
        fs::write(tokenizer.join("vocab.json"), serde_json::to_vec(&tokens).expect("strings and integers"))
            .expect("a file of ours");
        fs::write(tokenizer.join("merges.txt"), "#version: 0.2\n").expect("a file of ours");
        let tokenizer = Tokenizer::load(&tokenizer).expect("what was just written");
        let words = TokenWords::build(&tokenizer, corpus.vocabulary(), TokenRule::ByteLevel, None)
            .expect("each token is a word");
        Self { corpus: Arc::new(corpus), counts, words: Arc::new(words) }
    }

    /// The store, named for what it was made of; a store is complete once it is there.
    fn store(place: &Path, options: &Options) -> PathBuf {
        let path = place.join(format!("{}-{}-{}", options.words, options.neighbours, options.seed));
        if !path.exists() {
            eprintln!("making {}, which is kept for later runs", path.display());
            synthetic::store(&path, options).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        }
        path
    }

    /// A miner with the published parameters.
    pub(crate) fn miner(&self) -> Miner {
        Self::miner_with(Arc::clone(&self.corpus), Arc::clone(&self.words))
    }

    /// A miner of an opening of the corpus.
    pub(crate) fn miner_with(corpus: Arc<Corpus>, words: Arc<TokenWords>) -> Miner {
        Miner::new(corpus, words, MiningParameters::published(TokenRule::ByteLevel))
            .expect("the published parameters are legal")
    }

    /// A pool of `size` words, another for each number: three in five of them from themes, 24 words each, the others any
    /// words.
    pub(crate) fn pool(&self, miner: &Miner, size: usize, number: u64) -> Pool {
        let mut random = Random(number << 20);
        let mut words: Vec<WordId> = Vec::new();
        while words.len() + 24 <= size * 3 / 5 {
            let mut theme = self.counts.theme(random.below(self.counts.themes())).to_vec();
            while theme.len() > 24 {
                theme.swap_remove(random.below(theme.len() as u32) as usize);
            }
            words.extend(theme);
        }
        loop {
            let pool = miner.pool_of(words.clone());
            if pool.words.len() == size {
                return pool;
            }
            words = pool.words;
            words.push(WordId(random.below(self.corpus.vocabulary().len() as u32)));
        }
    }
}
