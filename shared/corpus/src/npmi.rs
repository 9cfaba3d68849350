//! Normalized pointwise mutual information of words of a corpus.
//!
//! With *N* windows, p(x) = count(x) / *N* where count(x) is at least the minimal frequency, else 0, and likewise
//! p(x, y). Then, in f64 and with natural logarithms,
//!
//! ```text
//! NPMI(x, y) = 0                                                   when p(x) = 0 or p(y) = 0
//!            = ln((p(x,y) + 1e-12) / (p(x) p(y))) / -ln(p(x,y) + 1e-12)   otherwise
//! ```
//!
//! so a pair below the minimal frequency scores far below 0, and not 0. Logarithms are those of the `libm` crate, so a
//! score has the same bits on every machine.

mod edges;
mod sieve;

pub use edges::Edges;

use crate::{Corpus, CorpusError};
use std::{fmt, ops::RangeInclusive, sync::Arc};
use superposed_identity::WordId;

/// Keeps the logarithm of a joint probability of 0 finite.
const EPSILON: f64 = 1e-12;

/// NPMI of two words by their probabilities, which must be 0 where a count is below the minimal frequency.
#[must_use]
pub fn npmi(p_ab: f64, p_a: f64, p_b: f64) -> f64 {
    let p_ab = p_ab + EPSILON;
    scored(p_ab, p_a, p_b, -libm::log(p_ab))
}

/// The formula, with the denominator −ln(p_ab) at hand; `p_ab` includes [`EPSILON`].
fn scored(p_ab: f64, p_a: f64, p_b: f64, denominator: f64) -> f64 {
    if p_a == 0.0 || p_b == 0.0 { 0.0 } else { libm::log(p_ab / (p_a * p_b)) / denominator }
}

/// NPMI over one corpus with one minimal frequency. Only read once made, so any number of threads may share one.
pub struct Npmi {
    corpus: Arc<Corpus>,
    min_freq: u64,
    windows: f64,
    /// p(x) of every word.
    singles: Vec<f64>,
    /// −ln(p_ab) of every joint count that fits a cell: half of all logarithms, each taken once.
    denominators: Vec<f64>,
}

impl Npmi {
    /// Sees that the counts of some words are what they were when the store was made, see [`Corpus::check_rows`].
    ///
    /// # Errors
    /// When the store was damaged.
    pub fn check_counts(&self, words: &[WordId]) -> Result<(), CorpusError> {
        self.corpus.check_rows(words)
    }

    /// Prepares NPMI over `corpus`, where counts below `min_freq` are taken as 0. Takes a millisecond or two, and half
    /// a megabyte and 8 bytes a word: make one and keep it.
    #[must_use]
    pub fn new(corpus: Arc<Corpus>, min_freq: u64) -> Self {
        let windows = corpus.windows() as f64;
        let probability = |count| if count >= min_freq { count as f64 / windows } else { 0.0 };
        let words = corpus.vocabulary().len() as u32;
        let singles = (0..words).map(|word| probability(corpus.single_count(WordId(word)))).collect();
        let denominators = (0..u64::from(u16::MAX)).map(|count| -libm::log(probability(count) + EPSILON)).collect();
        Self { corpus, min_freq, windows, singles, denominators }
    }

    /// NPMI of two words; 0 for a word with itself, which is never a pair.
    ///
    /// # Panics
    /// When a word is not one of the corpus' vocabulary.
    #[must_use]
    pub fn score(&self, a: WordId, b: WordId) -> f64 {
        if a == b {
            return 0.0;
        }
        self.by_count(self.corpus.joint_count(a, b), self.singles[a.index()], self.singles[b.index()])
    }

    /// The pairs of `words` whose NPMI lies within `theta`, by rows. The words should ascend, as their counts then do in
    /// memory too.
    ///
    /// # Panics
    /// When a word is not one of the corpus' vocabulary.
    #[must_use]
    pub fn edges<'a>(&'a self, words: &'a [WordId], theta: RangeInclusive<f64>) -> Edges<'a> {
        Edges::new(self, words, theta)
    }

    /// The corpus.
    #[must_use]
    pub fn corpus(&self) -> &Arc<Corpus> {
        &self.corpus
    }

    /// The minimal frequency.
    #[must_use]
    pub fn min_freq(&self) -> u64 {
        self.min_freq
    }

    fn by_count(&self, count: u64, p_a: f64, p_b: f64) -> f64 {
        let p_ab = if count >= self.min_freq { count as f64 / self.windows } else { 0.0 };
        match self.denominators.get(count as usize) {
            Some(denominator) => scored(p_ab + EPSILON, p_a, p_b, *denominator),
            None => npmi(p_ab, p_a, p_b),
        }
    }
}

impl fmt::Debug for Npmi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Npmi").field("corpus", &self.corpus).field("min_freq", &self.min_freq).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DocumentsOptions, Vocabulary, count_documents};
    use proptest::{collection::vec, prelude::*};

    #[test]
    fn a_word_without_probability_scores_zero_and_a_pair_without_one_far_below() {
        assert_eq!(npmi(0.0, 0.0, 0.5), 0.0);
        assert_eq!(npmi(0.0, 0.5, 0.0), 0.0);
        assert!(npmi(0.0, 0.01, 0.01) < -0.6);
        assert!(npmi(0.25, 0.5, 0.5).abs() < 1e-11);
        // A word with itself comes out slightly above 1, which is why it is excluded by name and not by threshold.
        assert!(npmi(0.001, 0.001, 0.001) > 1.0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn scores_and_edges_have_the_formulas_bits(
            documents in vec(vec(0_u32..12, 1..30), 1..30),
            min_freq in 0_u64..40,
            theta in (-1.0..1.0_f64, -1.0..1.0_f64),
        ) {
            let place = tempfile::tempdir().unwrap();
            let path = place.path().join("store");
            let vocabulary = Vocabulary::from_words((0..12).map(|word| format!("w{word:02}"))).unwrap();
            let ids = |words: &Vec<u32>| words.iter().map(|word| Some(WordId(*word))).collect::<Vec<_>>();
            let documents = documents.iter().map(ids);
            count_documents(vocabulary, documents, &path, &DocumentsOptions::default()).unwrap();
            let corpus = Arc::new(Corpus::open(&path).unwrap());
            let scorer = Npmi::new(Arc::clone(&corpus), min_freq);
            let words: Vec<WordId> = (0..12).map(WordId).collect();
            let probability = |count| if count >= min_freq { count as f64 / corpus.windows() as f64 } else { 0.0 };
            let theta = theta.0..=theta.1;
            let mut edges = scorer.edges(&words, theta.clone());
            for (i, &a) in words.iter().enumerate() {
                let (mut places, mut weights) = (vec![77], vec![7.0]);
                edges.append_row(i, &mut places, &mut weights);
                let mut expected_edges = vec![(77, 7.0_f64.to_bits())];
                for (j, &b) in words.iter().enumerate() {
                    let single = |word| probability(corpus.single_count(word));
                    let joint = probability(corpus.joint_count(a, b));
                    let expected = if a == b { 0.0 } else { npmi(joint, single(a), single(b)) };
                    prop_assert_eq!(scorer.score(a, b).to_bits(), expected.to_bits());
                    if i < j && theta.contains(&expected) {
                        expected_edges.push((j as u32, expected.to_bits()));
                    }
                }
                let found: Vec<_> = places.into_iter().zip(weights.iter().map(|weight| weight.to_bits())).collect();
                prop_assert_eq!(found, expected_edges);
            }
        }
    }
}
