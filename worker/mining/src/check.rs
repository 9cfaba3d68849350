//! Whether the three files of a job can be what mining it made: the pool, the word sets and the topics fit together, and
//! the scores are those of the corpus. Whether these words were the best ones is not asked.

use crate::records::{ReadPoolError, read_pool};
use superposed_corpus::Npmi;
use superposed_identity::{MiningParameters, WordId};

/// How far a score may be from that of its words: sums of the published code are in another order.
pub const TOLERANCE: f64 = 1e-9;

/// Files that mining one job did not make.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum JobFault {
    /// The pool cannot be read.
    #[error(".pkl: {0}")]
    Pool(#[from] ReadPoolError),
    /// A word that the corpus does not have.
    #[error("word {word} is none of the corpus' {corpus} words")]
    Unknown {
        /// The word.
        word: WordId,
        /// How many words the corpus has.
        corpus: usize,
    },
    /// Not a topic for each word set.
    #[error("{topics} topics of {word_sets} word sets: rows do not correspond")]
    Rows {
        /// Rows of `_topics.csv`.
        topics: usize,
        /// Rows of `_isets.csv`.
        word_sets: usize,
    },
    /// A word set of another size.
    #[error("_isets.csv, row {row}: {words} words, but a word set has {low} to {high}")]
    Size {
        /// The row, from 1.
        row: usize,
        /// How many words it has.
        words: usize,
        /// The fewest.
        low: u32,
        /// The most.
        high: u32,
    },
    /// A word set has a word twice, or one that the pool or no other set may share.
    #[error("_isets.csv, row {row}: word {word} {what}")]
    Member {
        /// The row, from 1.
        row: usize,
        /// The word.
        word: WordId,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A topic that is not so many words, in ascending order, of its word set.
    #[error("_topics.csv, row {row}: not {clique} ascending words of the word set in the same row")]
    Topic {
        /// The row, from 1.
        row: usize,
        /// How many it should be.
        clique: u32,
    },
    /// A score that is not that of its words.
    #[error("_topics.csv, row {row}: the score is {found}, but its words have {computed}")]
    Score {
        /// The row, from 1.
        row: usize,
        /// What the file says.
        found: f64,
        /// What the corpus says.
        computed: f64,
    },
}

/// Checks the files of one job: the content of its `.pkl`, and the rows of its `_isets.csv` and `_topics.csv`.
///
/// # Errors
/// The first fault.
pub fn check_job(
    npmi: &Npmi,
    parameters: &MiningParameters,
    pool: &[u8],
    word_sets: &[Vec<WordId>],
    topics: &[(Vec<WordId>, f64)],
) -> Result<(), JobFault> {
    let pool = read_pool(pool)?.words;
    let corpus = npmi.corpus().vocabulary().len();
    if let Some(&word) = pool.last().filter(|word| word.index() >= corpus) {
        return Err(JobFault::Unknown { word, corpus });
    }
    if topics.len() != word_sets.len() {
        return Err(JobFault::Rows { topics: topics.len(), word_sets: word_sets.len() });
    }
    let (low, high, clique) = (parameters.kappa_low, parameters.kappa_high, parameters.clique);
    let mut taken = vec![false; pool.len()];
    for (row, words) in (1..).zip(word_sets) {
        if words.len() < low as usize || words.len() > high as usize {
            return Err(JobFault::Size { row, words: words.len(), low, high });
        }
        for &word in words {
            let member = |what| JobFault::Member { row, word, what };
            let place = pool.binary_search(&word).map_err(|_| member("is not in the pool"))?;
            if std::mem::replace(&mut taken[place], true) {
                return Err(member("stands there, or in a row before, already"));
            }
        }
    }
    for ((row, (words, found)), word_set) in (1..).zip(topics).zip(word_sets) {
        let of_set = words.iter().all(|word| word_set.contains(word));
        if words.len() != clique as usize || !words.is_sorted_by(|a, b| a < b) || !of_set {
            return Err(JobFault::Topic { row, clique });
        }
        let computed = mean(npmi, words);
        let difference = (found - computed).abs();
        if difference.is_nan() || difference > TOLERANCE {
            return Err(JobFault::Score { row, found: *found, computed });
        }
    }
    Ok(())
}

/// The mean NPMI of all pairs.
fn mean(npmi: &Npmi, words: &[WordId]) -> f64 {
    let pairs = words.iter().enumerate().flat_map(|(place, &a)| words[place + 1..].iter().map(move |&b| (a, b)));
    let (sum, count) = pairs.fold((0.0, 0_u32), |(sum, count), (a, b)| (sum + npmi.score(a, b), count + 1));
    sum / f64::from(count)
}
