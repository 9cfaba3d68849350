//! The two exact solvers against each other, and the branch and bound on graphs of real words.

mod conformance;

use std::{fs, sync::Arc};
use superposed_corpus::{Corpus, ImportOptions, import};
#[cfg(feature = "scip")]
use superposed_identity::AuditShare;
use superposed_identity::{MiningParameters, TokenRule, WordId};
#[cfg(feature = "scip")]
use superposed_mining::Verdict;
use superposed_mining::{Mined, Miner, Status, TokenWords};
use superposed_model::Tokenizer;

#[cfg(feature = "scip")]
mod both_solvers {
    use superposed_identity::WordId;
    use superposed_mining::{
        Status,
        solve::{Problem, branch_and_bound, scip},
    };

    /// SplitMix64.
    struct Random(u64);

    impl Random {
        fn below(&mut self, bound: u64) -> u64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut x = self.0;
            x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (x ^ (x >> 31)) % bound
        }

        fn uniform(&mut self) -> f64 {
            self.below(1 << 53) as f64 / (1_u64 << 53) as f64
        }
    }

    /// 2 … 20 words, any k; weights continuous, of few levels, negative, or by theme.
    fn problem(seed: u64) -> Problem {
        let mut random = Random(seed);
        let n = 2 + random.below(19) as usize;
        let clique = 2 + random.below(n as u64 - 1) as u32;
        let mut weights = vec![0.0; n * n];
        for a in 0..n {
            for b in a + 1..n {
                let any = random.uniform();
                let weight = match seed % 4 {
                    0 => any - 0.5,
                    1 => (any * 4.0).floor() / 10.0 - 0.2,
                    2 => -any,
                    _ => (if a % 3 == b % 3 { 0.2 } else { 0.0 }) + any / 5.0,
                };
                weights[a * n + b] = weight;
                weights[b * n + a] = weight;
            }
        }
        Problem::new((0..n as u32).map(WordId).collect(), weights, clique).expect("a legal problem")
    }

    #[test]
    fn scip_finds_nothing_better_and_nothing_worse() {
        for seed in 0..60 {
            let problem = problem(seed);
            let ours = branch_and_bound::solve(&problem, branch_and_bound::NODE_LIMIT);
            let by_scip = scip::solve(&problem, scip::TIME_LIMIT_SECONDS).expect("SCIP solves a small word set");
            assert_eq!((ours.status, by_scip.status), (Status::Optimal, Status::Optimal), "seed {seed}");
            assert!((ours.score - by_scip.score).abs() < 1e-6, "seed {seed}: {ours:?} {by_scip:?}");
        }
    }
}

/// The golden corpus of real words.
struct Words {
    corpus: Arc<Corpus>,
    words: Arc<TokenWords>,
    /// Those of the published GPT-2 jobs, in order.
    pools: Vec<Vec<WordId>>,
    /// Holds the corpus' files.
    _place: tempfile::TempDir,
}

impl Words {
    fn read(test: &str) -> Option<Self> {
        let directory = conformance::directory(test)?;
        let place = tempfile::tempdir().expect("a temporary directory");
        let store = place.path().join("corpus");
        import(&directory.join("counts/wiki.tar.gz"), &store, &ImportOptions::default()).expect("the golden counts");
        let corpus = Corpus::open(&store).expect("what was imported can be opened");
        let tokenizer = Tokenizer::load(&directory.join("models/gpt2-synth")).expect("a golden tokenizer");
        let words = TokenWords::build(&tokenizer, corpus.vocabulary(), TokenRule::ByteLevel, None);
        let words = Arc::new(words.expect("words in common"));
        let mut files: Vec<_> = fs::read_dir(directory.join("golden/124M/i"))
            .expect("golden jobs")
            .map(|entry| entry.expect("a directory entry").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "pkl"))
            .collect();
        files.sort();
        let pool = |path| conformance::pool(&fs::read(path).expect("a golden pool"));
        let words_of = |path| pool(path).into_iter().map(|word| WordId(word as u32)).collect();
        let pools: Vec<_> = files.iter().map(words_of).collect();
        assert!(pools.len() > 5, "only {} golden pools", pools.len());
        Some(Self { corpus: Arc::new(corpus), words, pools, _place: place })
    }

    fn miner(&self, clique: u32, kappa_high: u32) -> Miner {
        let published = MiningParameters::published(TokenRule::ByteLevel);
        let kappa_low = clique.max(10);
        let parameters = MiningParameters { clique, kappa_low, kappa_high, theta_low: 0.0, min_freq: 10, ..published };
        Miner::new(Arc::clone(&self.corpus), Arc::clone(&self.words), parameters).expect("legal parameters")
    }

    fn mined(&self, miner: &Miner, pool: usize) -> Mined {
        miner.mine_pool(miner.pool_of(self.pools[pool].clone())).expect("a pool of real words")
    }
}

#[test]
fn graphs_of_up_to_32_real_words_are_solved_for_any_size_of_topic() {
    let Some(words) = Words::read("cliques of real words") else {
        return;
    };
    let mut large = 0;
    for clique in 2..=20 {
        let miner = words.miner(clique, 32);
        for pool in 0..4 {
            let mined = words.mined(&miner, pool);
            large += mined.word_sets.iter().filter(|set| set.members().len() > 24).count();
            for topic in mined.topics {
                assert_eq!((topic.status, topic.gap), (Status::Optimal, 0.0), "k = {clique}, pool {pool}: {topic:?}");
                assert!(topic.nodes < 20_000, "k = {clique}, pool {pool}: {topic:?}");
            }
        }
    }
    assert!(large > 100, "only {large} word sets had more than 24 words");
}

#[test]
fn graphs_of_up_to_64_real_words_are_solved() {
    let Some(words) = Words::read("cliques of many real words") else {
        return;
    };
    let miner = words.miner(10, 64);
    let mut large = 0;
    for pool in 0..words.pools.len() {
        let mined = words.mined(&miner, pool);
        large += mined.word_sets.iter().filter(|set| set.members().len() > 32).count();
        for topic in mined.topics {
            assert_eq!((topic.status, topic.gap), (Status::Optimal, 0.0), "pool {pool}: {topic:?}");
        }
    }
    assert!(large > 5, "only {large} word sets had more than 32 words");
}

#[cfg(feature = "scip")]
#[test]
fn scip_confirms_the_topics_of_real_words() {
    let Some(words) = Words::read("cliques of real words by SCIP") else {
        return;
    };
    let miner = words.miner(10, 24).with_audit(AuditShare::ALL).expect("both solvers are here");
    let topics = words.mined(&miner, 0).topics;
    assert!(topics.len() > 1, "{} topics", topics.len());
    // A disagreement would have been an error; a limit would prove nothing.
    for topic in topics {
        let audit = topic.audit.as_ref().expect("all are audited");
        assert!(matches!(audit.verdict, Verdict::Agrees { status: Status::Optimal, .. }), "{topic:?}");
    }
}
