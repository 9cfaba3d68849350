//! The check of one job: its files parse, belong together, and say what the corpus says.

use crate::{JobContents, JobFile, JobResult, Unreadable};
use std::{collections::HashMap, fmt};
use superposed_corpus::Npmi;
use superposed_identity::{MiningParameters, WordId};
use superposed_shared::rows::TopicRow;

/// How far a written score may lie from the one that its corpus gives.
pub const TOLERANCE: f64 = 1e-9;

/// What a job is checked against.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rules<'r> {
    /// The parameters it was mined with; without them it may have been mined with any, by the published code, which
    /// leaves ids in no order.
    pub parameters: Option<&'r MiningParameters>,
    /// How many words there are.
    pub words: Option<usize>,
    /// The corpus that scores are recomputed from, with the least count of the parameters.
    pub npmi: Option<&'r Npmi>,
}

/// What is wrong with a job.
#[derive(Debug, Clone, PartialEq)]
pub struct JobFault {
    /// In which of its files.
    pub file: JobFile,
    /// The row there, from 1; none, where it is the whole file.
    pub row: Option<usize>,
    /// What is wrong.
    pub kind: JobFaultKind,
}

/// What may be wrong with a job.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum JobFaultKind {
    /// The file cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// Topics and word sets are not as many.
    #[error("{topics} topics, but {word_sets} word sets: each set has its topic")]
    RowCount {
        /// Rows of topics.
        topics: usize,
        /// Rows of word sets.
        word_sets: usize,
    },
    /// A word of a topic is not in its word set.
    #[error("word {0} of the topic is not in the word set of the same row: the rows do not correspond")]
    NotInSet(WordId),
    /// A topic has too many or too few words.
    #[error("a topic of {found} words, but the campaign's have {expected}")]
    TopicLength {
        /// What stands there.
        found: usize,
        /// What it should be.
        expected: u32,
    },
    /// A word set has too many or too few words.
    #[error("a word set of {found} words, but the campaign's have {low} to {high}")]
    SetLength {
        /// What stands there.
        found: usize,
        /// κl
        low: u32,
        /// κu
        high: u32,
    },
    /// Ids that should ascend do not.
    #[error("word {next} stands behind word {word}, but ids ascend{}", if *.centre { " before the centre, which is last" } else { "" })]
    Order {
        /// The one before.
        word: WordId,
        /// The one after it.
        next: WordId,
        /// Whether a centre follows.
        centre: bool,
    },
    /// A word twice in a row.
    #[error("word {0} stands there twice")]
    Twice(WordId),
    /// A word in two sets.
    #[error("word {word} is in the word set of row {row} already, but word sets share none")]
    Shared {
        /// The word.
        word: WordId,
        /// The row of the first, from 1.
        row: usize,
    },
    /// A word of a set that is not in the pool.
    #[error("word {0} is not in the pool")]
    NotInPool(WordId),
    /// A word that there is not.
    #[error("word {word}, but there are {words} words")]
    NoWord {
        /// The word.
        word: WordId,
        /// How many there are.
        words: usize,
    },
    /// The corpus gives another score.
    #[error("the score is {written}, but the corpus gives {computed}")]
    Score {
        /// What stands there.
        written: f64,
        /// What should.
        computed: f64,
    },
}

impl JobFaultKind {
    /// A short name of it, for scripts.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable",
            Self::RowCount { .. } => "row-count",
            Self::NotInSet(_) => "not-in-word-set",
            Self::TopicLength { .. } => "topic-length",
            Self::SetLength { .. } => "word-set-length",
            Self::Order { .. } => "order",
            Self::Twice(_) => "repeated-word",
            Self::Shared { .. } => "shared-word",
            Self::NotInPool(_) => "not-in-pool",
            Self::NoWord { .. } => "unknown-word",
            Self::Score { .. } => "score",
        }
    }
}

impl fmt::Display for JobFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(row) = self.row {
            write!(f, "row {row}: ")?;
        }
        self.kind.fmt(f)
    }
}

impl From<Unreadable> for JobFault {
    fn from(Unreadable { file, reason }: Unreadable) -> Self {
        Self { file, row: None, kind: JobFaultKind::Unreadable(reason) }
    }
}

/// Checks a job by the contents of its three files: they parse, their rows correspond, their words are those of the pool
/// and of the corpus, and the corpus gives their scores.
///
/// # Errors
/// All that is wrong, at most one fault of a row.
pub fn check_job_files(contents: &JobContents, rules: &Rules<'_>) -> Result<JobResult, Vec<JobFault>> {
    let unreadable = |all: Vec<Unreadable>| all.into_iter().map(JobFault::from).collect::<Vec<_>>();
    let result = JobResult::read(contents).map_err(unreadable)?;
    let faults = check_job(&result, rules);
    if faults.is_empty() { Ok(result) } else { Err(faults) }
}

/// Checks what a job's files say, see [`check_job_files`]. No fault is found twice: at most one of each row.
#[must_use]
pub fn check_job(result: &JobResult, rules: &Rules<'_>) -> Vec<JobFault> {
    let JobResult { pool, word_sets, topics, .. } = result;
    let mut faults = Vec::new();
    if let Some(kind) = pool.words.last().and_then(|word| rules.no_word(*word)) {
        faults.push(JobFault { file: JobFile::Pool, row: None, kind });
    }
    let mut set_of: HashMap<WordId, usize> = HashMap::new();
    for (index, set) in word_sets.iter().enumerate() {
        if let Some(kind) = rules.word_set(set, &pool.words, &set_of, index + 1) {
            faults.push(JobFault { file: JobFile::WordSets, row: Some(index + 1), kind });
        }
        for word in set {
            set_of.entry(*word).or_insert(index + 1);
        }
    }
    if topics.len() != word_sets.len() {
        let kind = JobFaultKind::RowCount { topics: topics.len(), word_sets: word_sets.len() };
        faults.push(JobFault { file: JobFile::Topics, row: None, kind });
    }
    for (index, topic) in topics.iter().enumerate() {
        if let Some(kind) = rules.topic(topic, word_sets.get(index).map(Vec::as_slice)) {
            faults.push(JobFault { file: JobFile::Topics, row: Some(index + 1), kind });
        }
    }
    faults
}

impl Rules<'_> {
    fn no_word(&self, word: WordId) -> Option<JobFaultKind> {
        let of_corpus = self.npmi.map(|npmi| npmi.corpus().vocabulary().len());
        let words = self.words.into_iter().chain(of_corpus).min()?;
        (word.index() >= words).then_some(JobFaultKind::NoWord { word, words })
    }

    /// What is wrong with a word set of these words.
    fn word_set(
        &self,
        set: &[WordId],
        pool: &[WordId],
        set_of: &HashMap<WordId, usize>,
        row: usize,
    ) -> Option<JobFaultKind> {
        if let Some(MiningParameters { kappa_low: low, kappa_high: high, .. }) = self.parameters.cloned()
            && !(low as usize..=high as usize).contains(&set.len())
        {
            return Some(JobFaultKind::SetLength { found: set.len(), low, high });
        }
        let others = &set[..set.len().saturating_sub(1)];
        set.iter()
            .find_map(|word| {
                self.no_word(*word)
                    .or_else(|| pool.binary_search(word).is_err().then_some(JobFaultKind::NotInPool(*word)))
                    .or_else(|| {
                        let first = *set_of.get(word)?;
                        (first != row).then_some(JobFaultKind::Shared { word: *word, row: first })
                    })
            })
            .or_else(|| repeated(set).map(JobFaultKind::Twice))
            .or_else(|| self.order(others, true))
    }

    /// What is wrong with a topic of this word set; of a set that is not there, the row count tells.
    fn topic(&self, topic: &TopicRow, set: Option<&[WordId]>) -> Option<JobFaultKind> {
        let TopicRow { words, score } = topic;
        if let Some(expected) = self.parameters.map(|parameters| parameters.clique)
            && words.len() != expected as usize
        {
            return Some(JobFaultKind::TopicLength { found: words.len(), expected });
        }
        if let Some(fault) = words.iter().find_map(|word| self.no_word(*word)) {
            return Some(fault);
        }
        if let Some(word) = set.and_then(|set| words.iter().find(|word| !set.contains(word))) {
            return Some(JobFaultKind::NotInSet(*word));
        }
        repeated(words).map(JobFaultKind::Twice).or_else(|| self.order(words, false)).or_else(|| {
            let computed = mean_npmi(self.npmi?, words);
            // Written so that NaN would be a fault too.
            let same = (computed - score).abs() <= TOLERANCE;
            (!same).then_some(JobFaultKind::Score { written: *score, computed })
        })
    }

    /// Ids that do not ascend, where this project wrote them.
    fn order(&self, words: &[WordId], centre: bool) -> Option<JobFaultKind> {
        self.parameters?;
        let pair = words.windows(2).find(|pair| pair[0] > pair[1])?;
        Some(JobFaultKind::Order { word: pair[0], next: pair[1], centre })
    }
}

/// A word that is there twice.
fn repeated(words: &[WordId]) -> Option<WordId> {
    words.iter().enumerate().find(|(place, word)| words[..*place].contains(word)).map(|(_, word)| *word)
}

/// The mean NPMI of all pairs of words, which must be words of the corpus; summed in the order of ascending pairs, as
/// scores are.
#[must_use]
pub fn mean_npmi(npmi: &Npmi, words: &[WordId]) -> f64 {
    let pairs = words.iter().enumerate().flat_map(|(place, a)| words[place + 1..].iter().map(move |b| (*a, *b)));
    let (mut sum, mut count) = (0.0, 0_u32);
    for (a, b) in pairs {
        sum += npmi.score(a, b);
        count += 1;
    }
    sum / f64::from(count.max(1))
}
