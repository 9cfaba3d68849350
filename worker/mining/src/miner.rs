//! All stages of a job in a row.

use crate::{
    audit::{self, Audited, Instance},
    graph::{Graph, MAX_EDGES, TooManyEdges},
    pool::{Pool, PoolForm, TokenWords},
    ranking::{Ranked, RankingError, rank},
    records::JobFiles,
    solve::{self, Problem, SolveError, Status},
    wordsets::{StarLimits, WordSet, star_heuristic},
};
use std::{sync::Arc, time::Instant};
use superposed_corpus::{Corpus, Npmi};
use superposed_identity::{AuditShare, MiningParameters, ParameterError, Polarity, SolverKind, TokenRule, WordId};

/// The heaviest clique of one word set.
#[derive(Debug, Clone, PartialEq)]
pub struct Topic {
    /// The k words, ascending.
    pub words: Vec<WordId>,
    /// The mean NPMI of their pairs.
    pub score: f64,
    /// Whether the words are proved to be best.
    pub status: Status,
    /// By how much a better choice could exceed the score; 0 when optimal.
    pub gap: f64,
    /// The nodes of the solver's search tree.
    pub nodes: u64,
    /// How long the solver took. With the audit's time, the only thing here that differs from run to run.
    pub microseconds: u64,
    /// Which solver chose the words.
    pub solver: SolverKind,
    /// What the other solver said, if this solve was audited.
    pub audit: Option<Audited>,
}

/// What a job found.
#[derive(Debug, Clone, PartialEq)]
pub struct Mined {
    /// The words the neuron activates.
    pub pool: Pool,
    /// The word sets of the pool, in the order in which they were found.
    pub word_sets: Vec<WordSet>,
    /// The topic of each word set.
    pub topics: Vec<Topic>,
}

impl Mined {
    /// The contents of the job's files.
    #[must_use]
    pub fn files(&self) -> JobFiles {
        JobFiles::new(&self.pool, &self.word_sets, &self.topics)
    }
}

/// A job that cannot be mined.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MineError {
    /// The parameters cannot be mined on this model.
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    /// The parameters ask for another rule than the token map was built for.
    #[error("the parameters ask for the token rule {asked:?}, but the words were matched by {built:?}")]
    Rule {
        /// The rule of the parameters.
        asked: TokenRule,
        /// The rule of the map.
        built: TokenRule,
    },
    /// The token map was built for another vocabulary.
    #[error("the tokens were matched with a corpus of {built} words, but this one has {corpus}")]
    Vocabulary {
        /// The words of the corpus the map was built for.
        built: usize,
        /// The words of this corpus.
        corpus: usize,
    },
    /// A pool whose graph would take too much memory.
    #[error(
        "the pool of {words} words has more than {MAX_EDGES} pairs with an NPMI within theta, and no graph of more is kept in memory: choose a smaller tau or a greater theta_low"
    )]
    TooManyEdges {
        /// The words of the pool.
        words: usize,
    },
    /// A pool has a word that the corpus does not.
    #[error("the pool has word {word}, but the corpus has only {corpus} words")]
    UnknownWord {
        /// The word.
        word: WordId,
        /// The words of the corpus.
        corpus: usize,
    },
    /// The corpus store was damaged since it was made: no job of the campaign can be mined.
    #[error("{0}")]
    Store(String),
    /// The miner knows no tokens.
    #[error("this miner was made for pools, not for logits")]
    PoolsOnly,
    /// The logits cannot be ranked.
    #[error(transparent)]
    Ranking(#[from] RankingError),
    /// A word set cannot be solved.
    #[error(transparent)]
    Solve(#[from] SolveError),
    /// An audited solve, on which the two solvers contradict each other: one of them is wrong.
    #[error("{0}")]
    Disagreement(Box<Instance>),
}

/// Mines one model on one corpus with one set of parameters. Only read once made, so any number of threads may share
/// one.
#[derive(Debug)]
pub struct Miner {
    npmi: Npmi,
    /// None, where only pools are mined.
    words: Option<Arc<TokenWords>>,
    corpus_words: usize,
    parameters: MiningParameters,
    audit: AuditShare,
}

impl Miner {
    /// A miner of a corpus whose words were matched with the model's tokens. It audits no solve, see
    /// [`Miner::with_audit`].
    ///
    /// # Errors
    /// Parameters that cannot be mined, a token map of another rule or vocabulary, a solver that this build lacks.
    pub fn new(corpus: Arc<Corpus>, words: Arc<TokenWords>, parameters: MiningParameters) -> Result<Self, MineError> {
        parameters.check(words.tokens())?;
        solve::available(parameters.solver)?;
        if parameters.rule != words.rule() {
            return Err(MineError::Rule { asked: parameters.rule, built: words.rule() });
        }
        let corpus_words = corpus.vocabulary().len();
        if corpus_words != words.corpus_words() {
            return Err(MineError::Vocabulary { built: words.corpus_words(), corpus: corpus_words });
        }
        let npmi = Npmi::new(corpus, parameters.min_freq);
        Ok(Self { npmi, words: Some(words), corpus_words, parameters, audit: AuditShare::NONE })
    }

    /// A miner of pools that are there already: it needs no tokens, so τ plays no part. It audits no solve, see
    /// [`Miner::with_audit`].
    ///
    /// # Errors
    /// Parameters that cannot be mined, a solver that this build lacks.
    pub fn of_pools(corpus: Arc<Corpus>, parameters: MiningParameters) -> Result<Self, MineError> {
        parameters.check_for_pools()?;
        solve::available(parameters.solver)?;
        let corpus_words = corpus.vocabulary().len();
        let npmi = Npmi::new(corpus, parameters.min_freq);
        Ok(Self { npmi, words: None, corpus_words, parameters, audit: AuditShare::NONE })
    }

    /// The miner with this share of its solves checked by the other solver. The topics are the same with any share.
    ///
    /// # Errors
    /// A share above 0 in a build that has only one solver.
    pub fn with_audit(self, share: AuditShare) -> Result<Self, MineError> {
        audit::available(share)?;
        Ok(Self { audit: share, ..self })
    }

    fn words(&self) -> Result<&TokenWords, MineError> {
        self.words.as_deref().ok_or(MineError::PoolsOnly)
    }

    /// The parameters.
    #[must_use]
    pub fn parameters(&self) -> &MiningParameters {
        &self.parameters
    }

    /// Ranks a neuron's logits, one for each token of the tokenizer, padding behind them; both polarities can then be
    /// mined from the result.
    ///
    /// # Errors
    /// A logit that is not a number, fewer logits than τ, or a miner [of pools](Miner::of_pools).
    pub fn rank(&self, logits: &[f32]) -> Result<Ranked, MineError> {
        Ok(rank(logits, self.words()?.tokens() as usize, self.parameters.tau as usize)?)
    }

    /// Mines one end of a neuron's logits.
    ///
    /// # Errors
    /// Those of [`Miner::rank`] and [`Miner::mine_pool`].
    pub fn mine_logits(&self, logits: &[f32], polarity: Polarity) -> Result<Mined, MineError> {
        self.mine_ranked(&self.rank(logits)?, polarity)
    }

    /// Mines one end of ranked logits.
    ///
    /// # Errors
    /// Those of [`Miner::mine_pool`], or a miner [of pools](Miner::of_pools).
    pub fn mine_ranked(&self, ranked: &Ranked, polarity: Polarity) -> Result<Mined, MineError> {
        self.mine_pool(self.words()?.pool(ranked.end(polarity)))
    }

    /// Mines a pool, its words ascending. An empty one has no topics.
    ///
    /// # Errors
    /// More than [`MAX_EDGES`] pairs with an NPMI within θ, a word that the corpus does not have, a word set that SCIP
    /// fails on, or one on which the solvers contradict each other.
    pub fn mine_pool(&self, pool: Pool) -> Result<Mined, MineError> {
        let corpus_words = self.corpus_words;
        if let Some(word) = pool.words.iter().find(|word| word.index() >= corpus_words) {
            return Err(MineError::UnknownWord { word: *word, corpus: corpus_words });
        }
        self.npmi.check_counts(&pool.words).map_err(|damage| MineError::Store(damage.to_string()))?;
        let theta = self.parameters.theta_low..=self.parameters.theta_high;
        let graph = Graph::of_pool(&self.npmi, &pool, theta)
            .map_err(|TooManyEdges| MineError::TooManyEdges { words: pool.words.len() })?;
        let word_sets = star_heuristic(&graph, &StarLimits::from(&self.parameters));
        let topics = word_sets.iter().map(|set| self.topic(&graph, set)).collect::<Result<_, _>>()?;
        Ok(Mined { pool, word_sets, topics })
    }

    /// A pool of these words, in any order, as the published code would hold it for the miner's rule.
    #[must_use]
    pub fn pool_of(&self, mut words: Vec<WordId>) -> Pool {
        words.sort_unstable();
        words.dedup();
        Pool { words, form: PoolForm::from(self.parameters.rule) }
    }

    fn topic(&self, graph: &Graph, set: &WordSet) -> Result<Topic, MineError> {
        let start = Instant::now();
        let solver = self.parameters.solver;
        let problem = Problem::of_word_set(&self.npmi, graph, set, self.parameters.clique)?;
        let solution = solve::solve(&problem, solver)?;
        let microseconds = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        let audited = audit::is_audited(&problem, self.audit);
        let audit = audited.then(|| audit::audit(&problem, solver, &solution)).transpose();
        let audit = audit.map_err(MineError::Disagreement)?;
        Ok(Topic {
            words: solution.words,
            score: solution.score,
            status: solution.status,
            gap: solution.gap,
            nodes: solution.nodes,
            microseconds,
            solver,
            audit,
        })
    }
}
